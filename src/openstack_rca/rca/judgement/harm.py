"""Harm: whether a window shows that what is said against somebody hurts the cloud, or only that somebody said it.

Every cloud complains now and then, of scanners, of users, of what was over at once, in the very words of a fault. Whom a fault
hits says so again and again, and others fail with it; so the lines of trouble since it was first told are counted, over the
minutes in which the cloud goes on with its ordinary work.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, belongs_to_cloud, leaves_open, tells_of_lasting_harm, time_span
from openstack_rca.rca.judgement.lasting_causes import lasts
from openstack_rca.rca.judgement.verdict import PLACES
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import STATED_CAUSES, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_ORDINARY = ("INFO", "DEBUG")
_NOT_TOLD = (EvidenceSort.SILENCE, EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP, EvidenceSort.SHARED_DEPENDENCY)


def tell_harmless(
    findings: Sequence[Finding],
    window: pl.DataFrame,
    surroundings: pl.DataFrame,
    topology: Topology,
    ended: Callable[[Finding], datetime | None],
) -> list[Finding]:
    """Mark as harmless all that is said against each component of which the logs show no harm.

    It also loses its weight where it is complaints alone.

    Args:
        window: events of the stretch of trouble, with their words.
        surroundings: all events (``time``, ``component``, ``level``, ``failed``), those beyond the window too.
        ended: when the logs tell that what a finding says is over; None where they do not.
    """
    against: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.strength >= current().noticeable:
            against[one.accused].append(one)
    cited = {row for one in findings if one.weight for row in one.rows}
    ordinary = surroundings.filter(pl.col("level").is_in(_ORDINARY) & ~pl.col("row").is_in(cited))
    _, last = time_span(surroundings)
    lasting = {one.accused for one in findings if lasts(one, findings, window, surroundings)}
    harmless = {
        name
        for name, told in against.items()
        if name not in lasting and _does_no_harm(told, window, surroundings, ordinary, topology)
    }
    stands = {
        name
        for name in harmless
        if any(_may_last(one, ordinary, last, ended) or _is_left_open(one, window) for one in against[name])
    }
    marked = [replace(one, harmless=True) if one.accused in harmless else one for one in findings]
    return [one.weakened(0.0) if one.accused in harmless - stands else one for one in marked]


def _may_last(
    one: Finding, ordinary: pl.DataFrame, last: datetime, ended: Callable[[Finding], datetime | None]
) -> bool:
    """Whether it states a cause, which may be there without harm so far, is told by no line, or its speaker left off with it.

    A cause that is told to be over, and who stopped and works again until the end, do not last.
    """
    if one.sort in _NOT_TOLD or one.compared:
        return True
    if one.directness is Directness.CAUSE and one.complains and not _is_over(one, ordinary, last, ended(one)):
        return True
    own = _lines_of(one.accuser, one.accuser_host, ordinary)
    before = own.filter(pl.col("time") < one.first).height
    return before >= current().enough_events > own.height - before


def _is_left_open(one: Finding, window: pl.DataFrame) -> bool:
    """Whether a complaint of which no end is told says that something stays undone, or leaves an object half made."""
    if one.recovered is not None or not one.weight:
        return False
    lines = window.filter(pl.col("row").is_in(one.rows))
    return tells_of_lasting_harm(lines, one.rows) or any(
        leaves_open(f"{instance or ''} {text}", level, of_other=one.accused != one.accuser)
        for instance, text, level in lines.select("instance_id", "text", "level").iter_rows()
    )


def _is_over(one: Finding, ordinary: pl.DataFrame, last: datetime, ended: datetime | None) -> bool:
    """Whether long before the end of the logs a cause was told to be over, or whom it kept from its work went on with it."""
    table = current()
    if last - (ended or one.last) < timedelta(seconds=table.follows_seconds):
        return False
    if ended is not None:
        return True
    if one.category in STATED_CAUSES or one.accused in PLACES:
        return False
    again = _lines_of(one.accused, one.accused_host or one.accuser_host, ordinary)
    return (
        again.filter(pl.col("time") > one.last + timedelta(seconds=table.waiting_seconds)).height >= table.enough_events
    )


def _lines_of(component: str | None, host: str | None, ordinary: pl.DataFrame) -> pl.DataFrame:
    return ordinary.filter(
        (pl.col("component") == component) & pl.col("host").eq_missing(pl.lit(host, dtype=pl.String))
    )


def _does_no_harm(
    told: Sequence[Finding],
    window: pl.DataFrame,
    surroundings: pl.DataFrame,
    ordinary: pl.DataFrame,
    topology: Topology,
) -> bool:
    """Whether so little is told, and fails, since the first of these lines that it is noise of a cloud which works on."""
    table = current()
    if any(one.sort in _NOT_TOLD and one.strength >= table.plain for one in told):
        return False
    first, last = time_span(surroundings)
    begun = min(one.first for one in told)
    since = pl.col("time") >= begun - timedelta(seconds=table.settling_seconds)
    at_work = ordinary.filter(since)
    speakers = [name for name in at_work["component"].unique().to_list() if belongs_to_cloud(name, topology)]
    if at_work.height < table.active_lines or len(speakers) < table.enough_others:
        return False
    rows = {row for one in told for row in one.rows}
    failed = surroundings.filter(since & pl.col("failed"))["row"].to_list()
    if tells_of_lasting_harm(window.filter(since), failed):
        return False
    lines = len(rows.union(failed)) + sum(max(0, one.count - len(one.rows)) for one in told)
    minutes = at_work["time"].dt.truncate("1m").n_unique()
    # Who complains as early as so many lines over so long would, complains every day.
    everyday = (begun - first) * lines <= last - begun
    return lines < table.thin * minutes * (2 if everyday else 1)
