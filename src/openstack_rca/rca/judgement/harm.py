"""Harm: whether a window shows that what is said against somebody hurts the cloud, or only that somebody said it.

Every cloud complains now and then, of scanners, of users, of what was over at once, in the very words of a fault. Whom a fault
hits says so again and again, and others fail with it; so the lines of trouble since it was first told are counted, over the
minutes in which the cloud goes on with its ordinary work.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, belongs_to_cloud, leaves_undone, time_span
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.weights import current

_ORDINARY = ("INFO", "DEBUG")


def tell_harmless(
    findings: Sequence[Finding], window: pl.DataFrame, surroundings: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Mark as harmless all that is said against each component of which the logs show no harm.

    Args:
        window: events of the stretch of trouble, with their words.
        surroundings: all events (``time``, ``component``, ``level``, ``failed``), those beyond the window too.
    """
    against: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.strength >= current().noticeable:
            against[one.accused].append(one)
    cited = {row for one in findings if one.weight for row in one.rows}
    ordinary = surroundings.filter(pl.col("level").is_in(_ORDINARY) & ~pl.col("row").is_in(cited))
    harmless = {name for name, told in against.items() if _does_no_harm(told, window, surroundings, ordinary, topology)}
    return [replace(one, harmless=True) if one.accused in harmless else one for one in findings]


def _does_no_harm(
    told: Sequence[Finding],
    window: pl.DataFrame,
    surroundings: pl.DataFrame,
    ordinary: pl.DataFrame,
    topology: Topology,
) -> bool:
    """Whether so little is told, and fails, since the first of these lines that it is noise of a cloud which works on."""
    table = current()
    first, last = time_span(surroundings)
    begun = min(one.first for one in told)
    since = pl.col("time") >= begun - timedelta(seconds=table.settling_seconds)
    at_work = ordinary.filter(since)
    speakers = [name for name in at_work["component"].unique().to_list() if belongs_to_cloud(name, topology)]
    if at_work.height < table.active_lines or len(speakers) < table.enough_others:
        return False
    if leaves_undone(window.filter(since & pl.col("failed"))):
        return False
    rows = {row for one in told for row in one.rows}
    failed = surroundings.filter(since & pl.col("failed"))["row"].to_list()
    lines = len(rows.union(failed)) + sum(max(0, one.count - len(one.rows)) for one in told)
    minutes = at_work["time"].dt.truncate("1m").n_unique()
    # Who complains as early as so many lines over so long would, complains every day.
    everyday = (begun - first) * lines <= last - begun
    return lines < table.thin * minutes * (2 if everyday else 1)
