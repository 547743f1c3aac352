"""Lines that stay away though their process goes on: the network awaited many of a kind, and none came.

A thread that died and a queue that nobody reads any more leave no line; the rest of the process works and looks well.
"""

from collections.abc import Callable, Sequence

import polars as pl

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.request_ways import serves
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_MOST_SHOWN = 60
"""Characters of a kind of line that stand in a sentence."""

_ASKED = r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S*/"
"""What others ask for comes as they like."""

_QUIET = ("UNKNOWN", "TRACE", "DEBUG", "INFO", "AUDIT")
_STREAM = ["component", "host"]


def awaited_lines(
    observed: pl.DataFrame,
    awaited: pl.Series,
    words: Callable[[pl.Series, Sequence[str]], pl.DataFrame],
    topology: Topology,
) -> list[Finding]:
    """A finding for each component of a host that no longer writes what the network awaits of it: what it awaited most.

    Args:
        observed: events in order of time (``row``, ``time``, ``component``, ``host``, ``level``, ``template_id``).
        awaited: by row, how many more of its kind the network awaited before the next one, or the end, came.
        words: gives columns of the events with these indices.
        topology: tells which components are APIs; of those only what they do of their own accord counts.
    """
    table, kind = current(), [*_STREAM, "template_id"]
    told = observed.with_columns(awaited=awaited.gather(observed["row"]))
    stays = pl.col("row") == pl.col("row").last().over(kind)
    # Kinds that came before, never so long awaited: else this stream is not like the one that the network knows.
    last = told.with_columns(
        usual=pl.col("awaited").shift(1).cum_max().over(kind), before=pl.int_range(pl.len()).over(kind)
    ).filter(
        stays,
        pl.col("awaited") >= table.awaited_lines,
        pl.col("awaited") >= table.missed_beats * pl.col("usual"),
        pl.col("before") >= table.enough_events,
        pl.col("level").cast(pl.String).is_in(_QUIET),
    )
    if last.is_empty():
        return []
    last = last.hstack(words(last["row"], ["template", "request_id", "global_request_id"]))
    own = pl.coalesce("request_id", "global_request_id").is_null()
    apis = [name for name in last["component"].cast(pl.String).unique() if serves(name, topology)]
    ends = observed.group_by(_STREAM).agg(end=pl.col("time").max())
    last = (
        last.filter(~pl.col("template").str.contains(_ASKED), own | ~pl.col("component").cast(pl.String).is_in(apis))
        .join(ends, on=_STREAM, how="left", nulls_equal=True)
        .with_columns(silent=(pl.col("end") - pl.col("time")).dt.total_seconds(fractional=True))
        .filter(pl.col("silent") >= table.restart_seconds)
        .sort("awaited", descending=True)
        .unique(_STREAM, keep="first", maintain_order=True)
    )
    return [_finding(row) for row in last.iter_rows(named=True)]


def _finding(last: dict[str, object]) -> Finding:
    shown = " ".join(str(last["template"]).split())[:_MOST_SHOWN]
    component, host = str(last["component"]), last["host"]
    why = (
        f"“{shown}” stayed away for {last['silent']:.0f} s while its process went on; of what it wrote meanwhile the model "
        f"expected {last['awaited']:.0f} such lines"
    )
    assert host is None or isinstance(host, str)
    return Finding(
        sort=EvidenceSort.MISSING_STEP,
        directness=Directness.ACCUSATION,
        accused=component,
        accused_host=host,
        accuser=component,
        accuser_host=host,
        category=Category.HANG,
        title=f"{component} left off one of its tasks: {why}",
        why=why,
        weight=current().silence,
        rows=(int(last["row"]),),  # type: ignore[call-overload]
        count=0,
        first=last["time"],  # type: ignore[arg-type]
        last=last["end"],  # type: ignore[arg-type]
        baseline=f"{last['awaited']:.0f} awaited",
    )
