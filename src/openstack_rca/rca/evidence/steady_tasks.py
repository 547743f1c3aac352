"""Tasks that stopped: a kind of line that comes steadily as long as its process lives stays away, and the process goes on.

A main loop that is stuck and a periodic task whose thread died leave no other line; the process answers and looks well.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import polars as pl

from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_MOST_SHOWN = 60
"""Characters of a kind of line that stand in a sentence."""

_PROCESS = ["component", "host", "process"]


def stopped_tasks(
    observed: pl.DataFrame,
    rates: NormalRates,
    words: Callable[[pl.Series, Sequence[str]], pl.DataFrame],
) -> list[Finding]:
    """A finding for each component of a host of which a steady kind of line stopped: that which stopped first.

    Args:
        observed: events in order of time (``row``, ``time``, ``component``, ``host``, ``level``, ``template_id``).
        rates: what is normal; a kind has a rhythm here only where it kept its normal one before it stopped.
        words: gives columns of the events with these indices.
    """
    if rates.periods.is_empty():
        return []
    steady = rates.periods.with_columns(pl.col("component").cast(observed["component"].dtype))
    # A join copies every column that is there.
    kinds = observed.select("component", "host", "template_id")
    beats = kinds.join(steady, on=["component", "template_id"], how="semi")
    if beats.is_empty():
        return []
    own = observed.select("row", "time", "component", "host", "level", "template_id").join(
        beats.select("component", "host").unique(), on=["component", "host"], how="semi", nulls_equal=True
    )
    told = own.hstack(words(own["row"], ["process"]))
    told = told.join(steady, on=["component", "template_id"], how="left", maintain_order="left")
    missed = [
        missed
        for alive in told.partition_by(_PROCESS, maintain_order=True)
        for beats in alive.drop_nulls("period_seconds").partition_by("template_id", maintain_order=True)
        if (missed := _missed(beats, alive)) is not None
    ]
    first: dict[tuple[str, str | None], tuple[pl.DataFrame, float]] = {}
    for last, silent in sorted(missed, key=lambda item: item[0]["time"][0]):
        first.setdefault((str(last["component"][0]), last["host"][0]), (last, silent))
    return [_finding(last, silent, told, words) for last, silent in first.values()]


def _missed(beats: pl.DataFrame, alive: pl.DataFrame) -> tuple[pl.DataFrame, float] | None:
    """The last beat before the longest pause, with its length in seconds, if the task stopped there and its process did not.

    Args:
        alive: all that its process wrote.
    """
    table, period = current(), beats["period_seconds"][0]
    times = pl.concat([beats["time"], alive["time"].tail(1)])
    pauses = times.diff().slice(1).dt.total_microseconds() / 1e6
    place = int(pauses.arg_max() or 0)
    silent = float(pauses[place])
    # One that comes back was held up by its work, be it for long.
    least = table.restart_seconds if place == len(pauses) - 1 else table.pause_seconds
    if place == 0 or silent < max(table.missed_beats * period, least):
        return None
    # A cloud on which the task has another interval keeps another rhythm.
    if float(pauses.head(place).median()) > table.normal_gaps * period:  # type: ignore[arg-type]
        return None
    last = beats.slice(place, 1)
    meanwhile = alive.filter(
        pl.col("time") > last["time"][0] + pl.duration(milliseconds=period * 1e3),
        pl.col("time") < times[place + 1],
        # Where the level was changed all that is below it stays away.
        pl.col("level") == last["level"][0],
    )
    return (last, silent) if meanwhile.height >= table.enough_events else None


def _finding(
    last: pl.DataFrame,
    silent: float,
    told: pl.DataFrame,
    words: Callable[[pl.Series, Sequence[str]], pl.DataFrame],
) -> Finding:
    row, begun, component, host, period = (
        last[name][0] for name in ("row", "time", "component", "host", "period_seconds")
    )
    kind = " ".join(str(words(last["row"], ["template"])["template"][0]).split())[:_MOST_SHOWN]
    alike = told.filter(
        pl.col("template_id") == last["template_id"][0], pl.col("component") == component, pl.col("host") != host
    )
    elsewhere = alike.filter(pl.col("time") > begun + pl.duration(milliseconds=period * 1e3)).height
    others = ", while it goes on on other hosts" if elsewhere >= current().enough_events else ""
    why = f"“{kind}” stayed away for {silent:.0f} s while its process went on; normally it comes every {period:.0f} s"
    return Finding(
        sort=EvidenceSort.MISSING_STEP,
        directness=Directness.ACCUSATION,
        accused=str(component),
        accused_host=host,
        accuser=str(component),
        accuser_host=host,
        category=Category.HANG,
        title=f"A task of {component} stopped: {why}",
        why=why + others,
        weight=current().compared,
        compared=bool(others),
        rows=(int(row),),
        count=0,
        first=begun,
        last=begun + timedelta(seconds=silent),
        baseline=f"every {period:.0f} s",
    )
