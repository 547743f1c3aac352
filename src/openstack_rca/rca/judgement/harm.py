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

from openstack_rca.rca.evidence import Finding, belongs_to_cloud, tells_of_lasting_harm, time_span
from openstack_rca.rca.judgement.afterwards import NOT_TOLD, Afterwards
from openstack_rca.rca.judgement.lasting_causes import lasts
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, EvidenceSort
from openstack_rca.rca.weights import current

_ORDINARY = ("INFO", "DEBUG")


def tell_harmless(
    findings: Sequence[Finding],
    window: pl.DataFrame,
    surroundings: pl.DataFrame,
    topology: Topology,
    ended: Callable[[Finding], datetime | None],
    words: Callable[[pl.Series], pl.DataFrame],
) -> list[Finding]:
    """Mark as harmless all that is said against each component of which the logs show no harm.

    It also loses its weight where it is complaints alone.

    Args:
        window: events of the stretch of trouble, with their words.
        surroundings: all events (``time``, ``component``, ``level``, ``failed``), those beyond the window too.
        ended: when the logs tell that what a finding says is over; None where they do not.
        words: gives columns (``instance_id``, ``message``) of the events with these indices.
    """
    cited = {row for one in findings if one.weight for row in one.rows}
    is_ordinary = pl.col("level").is_in(_ORDINARY) & ~pl.col("row").is_in(cited)
    ordinary = surroundings.lazy().filter(is_ordinary).select("time", "component", "host").collect()
    afterwards = Afterwards(findings, window, surroundings, ordinary, ended, words, topology)
    requests = [one for one in findings if one.weight and afterwards.is_a_requests_matter(one)]
    findings = [
        one.weakened(0.0) if any(_tells_the_same(one, other) for other in requests) else one for one in findings
    ]
    afterwards = replace(afterwards, findings=findings)
    against: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.strength >= current().noticeable or (one.weight and one.unexplained):
            against[one.accused].append(one)
    excused = afterwards.rows_of_absences()
    # That somebody started is over as soon as it is told; whether it works is told by its silence.
    lasting = {one.accused for one in findings if lasts(one, findings, window, surroundings) and ended(one) != one.last}
    everything = [one for told in against.values() for one in told]
    harmless = {
        name
        for name, told in against.items()
        if name not in lasting and _does_no_harm(_without_refusals(told), everything, afterwards, excused)
    }
    stands = {
        name
        for name in harmless
        # What is too weak for a suspicion decides only where nothing else is said.
        if any(afterwards.may_last(one, excused) for one in _most_telling(against[name]))
    }
    marked = [replace(one, harmless=True) if one.accused in harmless else one for one in findings]
    return [one.weakened(0.0) if one.accused in harmless - stands else one for one in marked]


def _tells_the_same(one: Finding, other: Finding) -> bool:
    """Whether two findings tell of the same requests: as many, of the same kind, from the same moment to the same."""
    near = timedelta(seconds=current().settling_seconds)
    alike = (one.accused, one.category, one.count) == (other.accused, other.category, other.count)
    return one is other or (alike and abs(one.first - other.first) <= near and abs(one.last - other.last) <= near)


def _without_refusals(told: Sequence[Finding]) -> Sequence[Finding]:
    """All that is told but the refused log-ins of any day, where more is: who turns somebody down is there."""
    more = [one for one in told if one.category is not Category.AUTH or one.strength >= current().complaint]
    return more if any(one.complains for one in more) else told


def _most_telling(told: Sequence[Finding]) -> Sequence[Finding]:
    """What is plainly told; where anything is, without the silences at other places, which nobody misses."""
    telling = [one for one in told if one.strength >= current().noticeable] or told
    said = {one.accused_host for one in telling if one.sort is not EvidenceSort.SILENCE}
    return [one for one in telling if one.sort is not EvidenceSort.SILENCE or not said or one.accused_host in said]


def _does_no_harm(
    told: Sequence[Finding], everything: Sequence[Finding], afterwards: Afterwards, excused: set[int]
) -> bool:
    """Whether the cloud works on, and nothing is lost for good, with what is told of somebody: it is little, or it passed."""
    table = current()
    if any(one.sort in NOT_TOLD and one.strength >= table.plain for one in told):
        return False
    window, surroundings = afterwards.window, afterwards.surroundings
    first, _ = time_span(surroundings)
    # What bears no date may be as old as the logs.
    undated = set(window.filter("undated")["row"].to_list())
    begun = min(first if undated.issuperset(one.rows) else one.first for one in told)
    since = pl.col("time") >= begun - timedelta(seconds=table.settling_seconds)
    at_work = afterwards.ordinary.filter(since)
    speakers = [name for name in at_work["component"].unique().to_list() if belongs_to_cloud(name, afterwards.topology)]
    if at_work.height < table.active_lines or len(speakers) < table.enough_others:
        return False
    failed = surroundings.filter(since & pl.col("failed"))
    if tells_of_lasting_harm(window.filter(since), failed["row"].to_list()):
        return False
    little = _is_little(told, begun, failed, at_work, surroundings, excused)
    return little or afterwards.has_passed(told, everything, failed, excused)


def _is_little(
    told: Sequence[Finding],
    begun: datetime,
    failed: pl.DataFrame,
    at_work: pl.DataFrame,
    surroundings: pl.DataFrame,
    excused: set[int],
) -> bool:
    """Whether so little is told, and fails, since the first of these lines that it is noise of a cloud which works on."""
    table = current()
    first, last = time_span(surroundings)
    rows = {row for one in told for row in one.rows}
    lines = len(rows.union(failed["row"].to_list()) - excused) + sum(
        max(0, one.count - len(one.rows)) for one in told if not excused.issuperset(one.rows)
    )
    minutes = at_work["time"].dt.truncate("1m").n_unique()
    # Who complains as early as so many lines over so long would, complains every day.
    everyday = (begun - first) * lines <= last - begun
    return lines < table.thin * minutes * (2 if everyday else 1)
