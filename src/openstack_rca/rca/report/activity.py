"""What every component logged over time: the data of the report's timeline plot."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.logs.durations import ROUND_SECONDS
from openstack_rca.logs.event_table import EVENTS_AT_ONCE
from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.evidence import FoundWindow
from openstack_rca.rca.report.report import ActivityRow

MAX_BINS = 120
MAX_ROWS = 12
COLUMNS = ("time", "component", "level", "score")
"""Columns of the observed events that are read."""


def activity(
    observed: pl.DataFrame, window: FoundWindow | None, involved: Sequence[str] = (), *, max_rows: int = MAX_ROWS
) -> list[ActivityRow]:
    """Count events and errors of each component per bin of time, with the highest anomaly score.

    The bins cover the window and as much again before and after it, as far as the logs reach: what went before is what
    the trouble is seen against.

    Args:
        observed: events with ``time`` (datetime, UTC), ``component`` (str), ``level`` (str) and ``score`` (float in [0, 1]
            or null); further columns are not read.
        window: the stretch of time that was looked at; None for all of the events.
        involved: components that come first, in this order; the busiest follow.
        max_rows: rows at most.

    Returns one row a component, all with the same bins; empty without events.
    """
    if observed.is_empty():
        return []
    time = pl.col("time").filter(_is_plotted(window))
    span = observed.select(first=time.min(), last=time.max()).row(0)
    if None in span:
        return []
    first, last = map(_moment, span)
    start, seconds = _bins(first, last)
    length = int((last - start).total_seconds() // seconds) + 1
    place = ((pl.col("time") - start).dt.total_microseconds() // round(seconds * 1e6)).cast(pl.Int64)
    parts = [
        part.filter(_is_plotted(window))
        .group_by("component", bin=place)
        .agg(counts=pl.len(), errors=pl.col("level").is_in(FAILURES).sum(), scores=pl.col("score").max())
        for part in observed.select(COLUMNS).iter_slices(EVENTS_AT_ONCE)
    ]
    highest = pl.col("scores").max().cast(pl.Float64).round(3)
    binned = pl.concat(parts).group_by("component", "bin").agg(pl.col("counts", "errors").sum(), highest)
    components = _order(binned, involved)[:max_rows]
    cells = {(row["component"], row["bin"]): row for row in binned.iter_rows(named=True)}
    return [_row(component, cells, start, seconds, length) for component in components]


def plotted(observed: pl.DataFrame, window: FoundWindow | None) -> pl.DataFrame:
    """Those of the events that ``activity`` counts, with the columns that it reads."""
    return pl.DataFrame() if observed.is_empty() else observed.select(COLUMNS).filter(_is_plotted(window))


def _is_plotted(window: FoundWindow | None) -> pl.Expr:
    if window is None:
        return pl.col("time").is_not_null()
    margin = max(window.end - window.start, timedelta(seconds=1))
    return pl.col("time").is_between(window.start - margin, window.end + margin)


def _row(
    component: str, cells: dict[tuple[str, int], dict[str, object]], start: datetime, seconds: float, length: int
) -> ActivityRow:
    found = [cells.get((component, number), {}) for number in range(length)]
    return ActivityRow.model_validate(
        {
            "component": component,
            "start": start,
            "bin_seconds": seconds,
            "counts": [cell.get("counts", 0) for cell in found],
            "errors": [cell.get("errors", 0) for cell in found],
            "scores": [cell.get("scores") for cell in found],
        }
    )


def _order(binned: pl.DataFrame, involved: Sequence[str]) -> list[str]:
    """Components that logged anything: the involved ones, then the busiest."""
    busiest = binned.group_by(pl.col("component").cast(pl.String)).agg(pl.col("counts").sum())
    busiest = busiest.sort(["counts", "component"], descending=[True, False])
    names = [str(name) for name in busiest["component"].to_list() if name is not None]
    return [name for name in dict.fromkeys(involved) if name in names] + [
        name for name in names if name not in set(involved)
    ]


def _bins(first: datetime, last: datetime) -> tuple[datetime, float]:
    """The begin of the first bin and the length of a bin: a round one, of which ``MAX_BINS`` hold all."""
    for seconds in ROUND_SECONDS:
        start = _floor(first, seconds)
        if (last - start).total_seconds() // seconds < MAX_BINS:
            return start, float(seconds)
    days = (last - first).days // (MAX_BINS - 1) + 1
    return _floor(first, 86400), days * 86400.0


def _floor(time: datetime, seconds: int) -> datetime:
    whole = int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // seconds * seconds)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)


def _moment(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
