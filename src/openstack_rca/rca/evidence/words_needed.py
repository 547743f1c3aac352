"""Of a stretch with more events than memory holds words for: the events whose words an analysis needs; all are counted.

Where no trouble stands out the whole recording is the stretch, and nearly all of its lines are everyday work.
"""

from collections.abc import Iterator

import polars as pl

from openstack_rca.logs.event_table import EVENTS_AT_ONCE, EventTable, different
from openstack_rca.logs.levels import COMPLAINTS
from openstack_rca.rca.evidence.ended_well import good_ends_soon, tells_good_end_of
from openstack_rca.rca.evidence.expected_steps import ExpectedSteps
from openstack_rca.rca.evidence.own_words import own_words
from openstack_rca.rca.evidence.unusual import ENDS, FAILING
from openstack_rca.rca.evidence.window import time_span
from openstack_rca.rca.knowledge import TEXT_LIMIT, Catalogue, Topology, event_text
from openstack_rca.rca.weights import current

MOST_WORDS = 150_000
"""Of a stretch with at most so many events all words are read; of a larger one as many everyday lines: 0.8 KB each."""

MOST_COMPLAINTS = 75_000
"""Of a larger stretch the words of so many complaints that tell of trouble are read, and of half as many others."""

_STREAM = ["component", "host"]
_KIND = [*_STREAM, "template_id"]


def with_words(observed: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """Events of ``observe`` with all columns of the events table, and ``text``: message, exception, detail (``own_words``)."""
    events = table.take(observed["row"]).drop("time")
    known = observed.select(pl.exclude(events.columns)).with_columns(pl.col("component").cast(pl.String))
    told = events.hstack(known).with_columns(
        level=pl.col("level").cast(pl.String), text=event_text().str.slice(0, TEXT_LIMIT)
    )
    if "stands_for" not in told.columns:
        told = told.with_columns(stands_for=pl.lit(1, pl.UInt32))
    return told.with_columns(text=own_words(told["text"], told["component"]))


def with_needed_words(
    observed: pl.DataFrame, table: EventTable, catalogue: Catalogue, topology: Topology, expected: ExpectedSteps
) -> pl.DataFrame:
    """The events (``observe``, with novelty) of which to read the words; all of them where there are few enough.

    These are failures; what a rule, or the engine, takes for trouble by its words, and what tells its end; what is more
    frequent than normal; the events of requests that got no further; of each kind of line the first and the last ones; and the
    first and the last line of each stream in short slices of time. Of too many complaints they are the first and the last of
    each kind in such slices; ``stands_for`` is how many events one stands for: a complaint for those of its kind up to the next
    one whose words are read.
    """
    if observed.height <= MOST_WORDS:
        return observed
    rules: set[str] = set()
    speaks = table.evaluated(_speaking(catalogue, topology, rules))
    over = [rule.recovered for rule in map(catalogue.get, sorted(rules)) if rule.recovered]
    if over:
        speaks |= table.evaluated(pl.any_horizontal(pl.col("message").str.contains(each) for each in over))
    stopped = [row for steps in _steps(expected) for row in steps.filter(pl.col("state") != "came")["last_row"]]
    events = observed.select(
        *(*_KIND, "time"),
        at=pl.int_range(pl.len(), dtype=pl.UInt32),
        complains=pl.col("level").is_in(COMPLAINTS) & ~pl.col("undated"),
        telling=pl.col("failed")
        | speaks.gather(observed["row"])
        | (pl.col("familiar") & (pl.col("novelty") >= current().new))
        | (pl.col("score").fill_null(0.0) >= current().surprising_score),
        asked=pl.col("undated")
        | pl.col("row").is_in(pl.Series([*stopped, *expected.rows["row"]], dtype=pl.UInt32).implode()),
    )
    everyday = ~pl.col("complains")
    needed = events.filter(everyday & (pl.col("asked") | pl.col("telling")))["at"]
    chosen = _spread(events, everyday, _KIND, _STREAM, MOST_WORDS)
    # Where hardly two lines are of one kind, each is an end.
    chosen = chosen.gather_every(1 + chosen.len() // MOST_WORDS)
    parts = [pl.concat([needed, chosen]).unique().to_frame("at").with_columns(stands_for=pl.lit(1, pl.UInt32))]
    for telling, most in ((True, MOST_COMPLAINTS), (False, MOST_COMPLAINTS // 2)):
        parts.append(_few(events.filter(pl.col("complains"), pl.col("telling") == telling), most))
    told = pl.concat(parts).sort("at")
    return observed[told["at"]].hstack(told.select("stands_for"))


def counted(observed: pl.DataFrame, table: EventTable) -> pl.DataFrame:
    """What is counted of events (``observe``, with novelty), and their ``process``, without their places in files."""
    places = ("service", "level_guessed", "file", "line", "lines")
    by_number = observed.drop(places, strict=False).with_columns(pl.col("component", "host").cast(pl.Categorical))
    return by_number.hstack(table.take(observed["row"], ["process"]))


def with_texts(counted: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """The events that are counted, with the ``text`` of those that are told; the others' is null."""
    texts = counted.select("row").join(told.select("row", "text"), on="row", how="left", maintain_order="left")
    return counted.drop("score", "normal_per_minute", "process").with_columns(texts["text"])


def with_cited(told: pl.DataFrame, counted: pl.DataFrame, rows: pl.Series, table: EventTable) -> pl.DataFrame:
    """The events that are told, with those that are counted of these indices, of the requests of such, and their good ends."""
    if counted.height == told.height:
        return told
    is_cited = pl.col("row").is_in(rows.implode())
    cited = told.filter(is_cited)
    ids = pl.concat(cited.select("request_id", "global_request_id").iter_columns()).drop_nulls().unique().implode()
    of_request = pl.col("request_id").is_in(ids) | pl.col("global_request_id").is_in(ids)
    together = table.evaluated(of_request | tells_good_end_of(cited["text"])).gather(counted["row"])
    soon = good_ends_soon(cited, counted, lambda these: table.take(these, ["message"]))
    of_these = pl.concat([counted["row"].filter(together).head(MOST_WORDS), soon]).implode()
    further = counted.filter(is_cited | pl.col("row").is_in(of_these)).join(told, on="row", how="anti")
    return pl.concat([told, with_words(further, table).select(told.columns)]).sort("time", "row")


def _few(complaints: pl.DataFrame, most: int) -> pl.DataFrame:
    """``at`` of about so many of these events, or of all where there are no more, with ``stands_for``."""
    if complaints.height <= most:
        return complaints.select("at", stands_for=pl.lit(1, pl.UInt32))
    # Where hardly two are of one kind, each would stand for itself.
    of = _KIND if 4 * different(complaints, *_KIND).height <= most else _STREAM
    chosen = _spread(complaints, pl.lit(value=True), of, of, most)
    begins = pl.col("at").is_in(chosen.implode()) | pl.col("asked")
    parts = complaints.select("at", *of, part=begins.cum_sum().over(of))
    return parts.group_by(*of, "part").agg(pl.col("at").min(), stands_for=pl.len()).select("at", "stands_for")


def _spread(events: pl.DataFrame, which: pl.Expr, kind: list[str], stream: list[str], most: int) -> pl.Series:
    """``at`` of the first and the last of these events of each kind, and of each stream in slices of time.

    Both together are about so many; they are in order.
    """
    if events.is_empty():
        return events["at"]
    first, last = time_span(events)
    kinds, streams = (different(events, *names).height for names in (kind, stream))
    number, seconds = max(1, most // (4 * kinds)), max(1.0, (last - first).total_seconds() * 4 * streams / most)
    begun = (pl.col("time") - first).dt.total_seconds(fractional=True)
    chosen = []
    for of, each in ((kind, number), ([*stream, "slice"], 1)):
        columns = [pl.col("at", *_KIND), (begun / seconds).cast(pl.Int32).alias("slice")]
        # Of some events after the others, then of those: to group all at once takes several times their memory.
        parts = [
            _ends(part.lazy().filter(which).select(columns), of, each).collect()
            for part in events.iter_slices(EVENTS_AT_ONCE)
        ]
        chosen.append(_ends(pl.concat(parts).lazy(), of, each).collect()["at"])
    return pl.concat(chosen).unique().sort()


def _ends(events: pl.LazyFrame, kind: list[str], most: int) -> pl.LazyFrame:
    """The first and the last ``most`` events of each kind."""
    place = pl.int_range(pl.len(), dtype=pl.UInt32)
    return events.filter(((place < most) | (place + most >= pl.len())).over(kind))


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
