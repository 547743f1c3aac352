"""Scoring by the workers of a cluster: streams of (host, service) and stories of requests are shared out, each whole.

A stream or a story is read by one worker from its beginning to its end, as on one machine.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable
from openstack_rca.logs.packed_parts import packed
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.own_steps import with_processes
from openstack_rca.model.stories import PAUSE_SECONDS
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.story_steps import StorySteps, steps_of_stories

if TYPE_CHECKING:
    from openstack_rca.model.model_file import ModelFile

WITHOUT_WORDS = tuple(name for name in EVENT_SCHEMA if name not in ("message", "exception", "detail"))
"""Columns of the events table that are not words; a model needs no others."""

_OF_STREAMS = ("time", "host", "service", "level", "template_id", "template")
_OF_STORIES = (
    "time",
    "service",
    "level",
    "template_id",
    "template",
    "global_request_id",
    "request_id",
    "read",
    "overtaken",
    "interval",
)
_SHARES_OF_A_THREAD = 2
LEAST_SHARED = 2_000
"""Fewer events than this are scored here: sending them takes longer."""


def scores_of(file: ModelFile, table: EventTable, cluster: Cluster | None) -> pl.DataFrame:
    """The model's scores of events, row by row; see ``ModelFile.score``. Errors as of ``Cluster.results``."""
    if cluster is None or table.height < LEAST_SHARED:
        return file.score(table.take(columns=WITHOUT_WORDS))
    events = table.take(columns=_OF_STREAMS).with_row_index("place")
    key = [pl.col(name).fill_null("").alias(f"{name}_key") for name in ("host", "service")]
    sizes = events.group_by(key).len().sort("len", "host_key", "service_key", descending=[True, False, False])
    shares = _balanced(sizes["len"].to_list(), _SHARES_OF_A_THREAD * cluster.threads)
    share = sizes.drop("len").with_columns(pl.Series("share", shares, dtype=pl.Int32))
    whose = events.select("place", *key).join(share, on=["host_key", "service_key"], maintain_order="left")["share"]
    model = cluster.shared(file)
    rows = [(whose == number).arg_true() for number in range(max(shares) + 1)]
    calls = ((model, bytes(packed(events[part].drop("place")))) for part in rows)
    scored: pl.DataFrame = pl.concat(cluster.results(score_here, calls))
    back = pl.Series(np.argsort(np.concatenate([part.to_numpy() for part in rows])))
    return scored.select(pl.all().gather(back))


def score_here(file: ModelFile, block: bytes) -> pl.DataFrame:
    """Run on a worker: score whole streams."""
    return file.score(pl.read_parquet(block))


def story_steps(
    sources: list[str], baseline: Baseline, events: pl.DataFrame, file: ModelFile | None, cluster: Cluster | None
) -> StorySteps:
    """What ``steps_of_stories`` says of the requests in a recording; they are shared out by their ids."""
    if cluster is None or events.height < LEAST_SHARED:
        return steps_of_stories(sources, baseline, events, file)
    known = cluster.shared((baseline, file))
    rows: list[np.ndarray] = []

    def calls() -> Iterator[tuple[object, ...]]:
        for own, part in _by_request(with_processes(events).select(_OF_STORIES), _SHARES_OF_A_THREAD * cluster.threads):
            rows.append(own)
            yield sources, known, bytes(packed(part))

    return _joined(list(cluster.results(steps_here, calls())), rows)


def steps_here(sources: list[str], known: tuple[Baseline, ModelFile | None], block: bytes) -> StorySteps:
    """Run on a worker: the steps of whole stories."""
    baseline, file = known
    return steps_of_stories(sources, baseline, pl.read_parquet(block), file)


def _by_request(events: pl.DataFrame, shares: int) -> Iterator[tuple[np.ndarray, pl.DataFrame]]:
    """For each share its rows, and its events: those of its requests, and those that show where a recording pauses."""
    key = pl.coalesce("global_request_id", "request_id")
    whose = events.select(key.hash() % shares).to_series().set(events.select(key.is_null()).to_series(), None)
    # The first and the last event of each stretch of half a pause: between them are the pauses of the whole, and no others.
    slot = events.select((pl.col("time").dt.timestamp("us") // int(PAUSE_SECONDS * 5e5)).alias("slot")).with_row_index()
    timed = slot.drop_nulls().group_by("slot").agg(first=pl.col("index").min(), last=pl.col("index").max())
    shown = np.zeros(events.height, dtype=np.bool_)
    shown[timed["first"].to_numpy()] = shown[timed["last"].to_numpy()] = True
    for number in range(shares):
        own = (whose == number).fill_null(value=False).to_numpy()
        rows = np.flatnonzero(own | shown)
        mine = pl.Series(own[rows])
        ids = [pl.when(mine).then(pl.col(name)).alias(name) for name in ("global_request_id", "request_id")]
        yield rows, events[rows].with_columns(ids)


def _joined(parts: list[StorySteps], rows: list[np.ndarray]) -> StorySteps:
    """The steps of all parts with the rows and the stories of the whole: a story is known by its first event."""
    begins = [own[part.begins] for part, own in zip(parts, rows, strict=True)]
    order = np.sort(np.concatenate(begins))

    def placed(table: pl.DataFrame, number: int) -> pl.DataFrame:
        stories = np.searchsorted(order, begins[number])
        columns = {"story": stories} | dict.fromkeys(("row", "last_row", "came_row"), rows[number])
        return table.with_columns(
            pl.Series(whole.astype(np.int64)).gather(table[name]).alias(name)
            for name, whole in columns.items()
            if name in table.columns
        )

    return StorySteps(
        steps={
            source: pl.concat([placed(part.steps[source], number) for number, part in enumerate(parts)]).sort(
                "row", "follower"
            )
            for source in parts[0].steps
        },
        rows=pl.concat([placed(part.rows, number) for number, part in enumerate(parts)]).sort("story", "row"),
        begins=order,
    )


def _balanced(sizes: list[int], shares: int) -> list[int]:
    """The share of each of these, so that the shares are about as large: the largest first, each to the smallest share."""
    heap = [(0, number) for number in range(min(shares, len(sizes)))]
    found = []
    for size in sizes:
        load, number = heapq.heappop(heap)
        found.append(number)
        heapq.heappush(heap, (load + size, number))
    return found
