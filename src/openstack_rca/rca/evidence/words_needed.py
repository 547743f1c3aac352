"""Of a stretch with more events than memory holds words for: the events whose words an analysis needs; all are counted.

Where no trouble stands out the whole recording is the stretch, and nearly all of its lines are everyday work.
"""

from collections.abc import Iterator

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.levels import COMPLAINTS
from openstack_rca.rca.evidence.ended_well import tells_good_end_of
from openstack_rca.rca.evidence.expected_steps import ExpectedSteps
from openstack_rca.rca.evidence.own_words import own_words
from openstack_rca.rca.evidence.unusual import ENDS, FAILING
from openstack_rca.rca.evidence.window import time_span
from openstack_rca.rca.knowledge import TEXT_LIMIT, Catalogue, Topology, event_text
from openstack_rca.rca.weights import current

MOST_WORDS = 150_000
"""Of a stretch with at most so many events all words are read; of a larger one as many everyday lines: 0.8 KB each."""

_STREAM = ["component", "host"]
_KIND = [*_STREAM, "template_id"]


def with_words(observed: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """Events of ``observe`` with all columns of the events table, and ``text``: message, exception, detail (``own_words``)."""
    events = table.take(observed["row"]).drop("time")
    known = observed.select(pl.exclude(events.columns)).with_columns(pl.col("component").cast(pl.String))
    told = events.hstack(known).with_columns(
        level=pl.col("level").cast(pl.String), text=event_text().str.slice(0, TEXT_LIMIT)
    )
    return told.with_columns(text=own_words(told["text"], told["component"]))


def with_needed_words(
    observed: pl.DataFrame, table: EventTable, catalogue: Catalogue, topology: Topology, expected: ExpectedSteps
) -> pl.DataFrame:
    """The events (``observe``, with novelty) of which to read the words; all of them where there are few enough.

    These are complaints and failures, whatever their number; what a rule, or the engine, takes for trouble by its words, and
    what tells its end; what is more frequent than normal; the events of requests that got no further; of each kind of line the
    first and the last ones; and the first and the last line of each stream in short slices of time, so that who wrote, and
    when, stays to be seen.
    """
    if observed.height <= MOST_WORDS:
        return observed
    rules: set[str] = set()
    speaks = table.evaluated(_speaking(catalogue, topology, rules))
    over = [rule.recovered for rule in map(catalogue.get, sorted(rules)) if rule.recovered]
    if over:
        speaks |= table.evaluated(pl.any_horizontal(pl.col("message").str.contains(each) for each in over))
    speaks = speaks.gather(observed["row"])
    stopped = [row for steps in _steps(expected) for row in steps.filter(pl.col("state") != "came")["last_row"]]
    needed = observed.select(
        pl.col("level").is_in(COMPLAINTS)
        | pl.col("failed")
        | pl.col("undated")
        | (pl.col("familiar") & (pl.col("novelty") >= current().new))
        | pl.col("row").is_in(pl.Series([*stopped, *expected.rows["row"]], dtype=pl.UInt32).implode())
    ).to_series()
    first, last = time_span(observed)
    kinds, streams = (observed.select(names).n_unique() for names in (_KIND, _STREAM))
    ends = _ends(observed.select(_KIND), _KIND, max(1, MOST_WORDS // (4 * kinds)))
    slice_seconds = max(1.0, (last - first).total_seconds() * 4 * streams / MOST_WORDS)
    begun = (pl.col("time") - first).dt.total_seconds(fractional=True)
    sliced = observed.select(*_STREAM, slice=(begun / slice_seconds).cast(pl.Int32))
    everyday = (ends | _ends(sliced, sliced.columns, 1)).arg_true()
    # Where hardly two lines are of one kind, each is an end.
    everyday = everyday.gather_every(1 + everyday.len() // MOST_WORDS)
    return observed[pl.concat([(needed | speaks).arg_true(), everyday]).unique().sort()]


def counted_beside(told: pl.DataFrame, observed: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """The events (``observe``, with novelty) with ``process``, and with the ``text`` of those among them that are told."""
    names = observed.with_columns(pl.col("component", "host").cast(pl.String))
    return with_texts(names.hstack(table.take(observed["row"], ["process"])), told)


def with_texts(counted: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The events that are counted, with the ``text`` of those that are told; the others' is null."""
    if counted.height == told.height:
        return told
    texts = counted.select("row").join(told.select("row", "text"), on="row", how="left", maintain_order="left")
    return counted.with_columns(texts["text"])


def with_cited(told: pl.DataFrame, counted: pl.DataFrame, rows: pl.Series, table: EventTable) -> pl.DataFrame:
    """The events that are told, with the counted ones that have these indices, of the requests of such, and their good ends."""
    if counted.height == told.height:
        return told
    cited = pl.col("row").is_in(rows.implode())
    ids = (
        pl.concat(told.filter(cited).select("request_id", "global_request_id").iter_columns())
        .drop_nulls()
        .unique()
        .implode()
    )
    of_request = pl.col("request_id").is_in(ids) | pl.col("global_request_id").is_in(ids)
    together = table.evaluated(of_request | tells_good_end_of(told.filter(cited)["text"])).gather(counted["row"])
    of_these = counted["row"].filter(together).head(MOST_WORDS).implode()
    further = counted.filter(cited | pl.col("row").is_in(of_these)).join(told, on="row", how="anti")
    added = with_words(further.drop("process", "text"), table).select(told.columns)
    return pl.concat([told, added]).sort("time", "row")


def _ends(events: pl.DataFrame, kind: list[str], most: int) -> pl.Series:
    """(events,) whether an event is among the first or the last ``most`` of its kind."""
    place, of = pl.int_range(pl.len(), dtype=pl.UInt32).over(kind), pl.len().over(kind)
    return events.select((place < most) | (place + most >= of)).to_series()


def _steps(expected: ExpectedSteps) -> Iterator[pl.DataFrame]:
    if not expected.steps.is_empty():
        yield expected.steps
    if expected.own is not None:
        yield from _steps(expected.own)


def _speaking(catalogue: Catalogue, topology: Topology, rules: set[str]) -> pl.Expr:
    """Whether a rule knows an event (the id is added to ``rules``), or its words say that something failed."""

    def speaks(events: pl.Series) -> pl.Series:
        told = events.struct.unnest().with_columns(text=event_text().str.slice(0, TEXT_LIMIT))
        names = {name: topology.canonical(name) or name for name in told["service"].unique().drop_nulls()}
        component = told["service"].replace_strict(names, default="unknown", return_dtype=pl.String)
        told = told.with_columns(key=pl.int_range(pl.len()), service=component, text=own_words(told["text"], component))
        distinct = told.unique(["service", "level", "text"], maintain_order=True)
        hits = catalogue.match(distinct)
        rules.update(hits["signature_id"])
        known = distinct.join(hits, on="key", how="semi")
        of_rule = told.join(known, on=["service", "level", "text"], how="semi")["key"]
        return told.select((pl.col("key").is_in(of_rule.implode()) | FAILING | ENDS).fill_null(value=False)).to_series()

    columns = ("service", "level", "message", "exception", "detail")
    return pl.struct(columns).map_batches(speaks, return_dtype=pl.Boolean)
