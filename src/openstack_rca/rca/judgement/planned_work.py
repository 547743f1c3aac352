"""Planned work: what was told to stop, came back and is complained of no more, and the short trouble that it made for others.

A restart that is ordered closes connections, empties a proxy's list of servers for seconds and lets calls time out. That
the order was given, that who stopped is back and that nobody complains afterwards tells it from a failure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import HOST, Catalogue
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_ABSENCE = (Category.HANG, Category.PROCESS_DOWN, Category.NETWORK, Category.MESSAGING, Category.DATABASE)
_UNITS = (HOST, "systemd", "kernel", None)
"""Who tells how a process ended, besides itself."""


@dataclass(frozen=True)
class _Work:
    """A component on one host from its stop to its first line afterwards."""

    component: str
    host: str
    began: datetime
    stopped: datetime
    back: datetime

    def near(self, moment: datetime, seconds: float) -> bool:
        """Whether a moment is so close to the stop or to the return."""
        margin = timedelta(seconds=seconds)
        before = timedelta(seconds=current().settling_seconds)
        return self.began - before <= moment <= self.stopped + margin or abs(self.back - moment) <= margin


def discount_planned_work(findings: Sequence[Finding], catalogue: Catalogue, window: pl.DataFrame) -> list[Finding]:
    """Take the weight from what speaks of a stop by order that is over, and from what came only close to it.

    Args:
        findings: all findings.
        catalogue: tells which signatures speak of a stop and of a start (``phase``).
        window: observed events (``row``, ``component``, ``host``, ``time``).
    """
    phases = {signature.id: signature.phase for signature in catalogue.signatures if signature.phase}
    stops: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in findings:
        if phases.get(one.signature or "") == "stop" and one.accuser_host is not None and one.accused != HOST:
            stops[one.accused, one.accuser_host].append(one)
    if not stops:
        return list(findings)
    times = dict(
        window.filter(pl.col("row").is_in({row for one in findings for row in one.rows}))
        .select("row", "time")
        .iter_rows()
    )
    works = [work for place, told in stops.items() if (work := _work(place, told, findings, phases, window, times))]
    if not works:
        return list(findings)
    others = [one for one in findings if one.signature not in phases and one.strength >= current().complaint]
    works = [work for work in works if _over(work, works, others, window, times)]
    places = {(work.component, work.host) for work in works}
    hosts = {work.host for work in works}
    ended = [one for one in findings if one.signature in phases and (one.accused, one.accuser_host) not in places]
    loud = {one.accused for one in [*others, *ended] if not _brief(one, works, times) or not _passing(one, hosts)}
    excused = {work.component for work in works}
    return [
        one.weakened(0.0)
        if ((one.accused, one.accuser_host) in places and one.signature in phases)
        or (one.accused in excused and (_brief(one, works, times) or one.sort is EvidenceSort.SILENCE))
        or (one.accused not in loud and _brief(one, works, times))
        else one
        for one in findings
    ]


def _work(
    place: tuple[str, str],
    stops: Sequence[Finding],
    findings: Sequence[Finding],
    phases: Mapping[str, str | None],
    window: pl.DataFrame,
    times: Mapping[int, datetime],
) -> _Work | None:
    """The work at a place, if who stopped there is back: by its start, or where none is told by ordinary lines of its own."""
    component, host = place
    began, stopped = min(stop.first for stop in stops), max(stop.last for stop in stops)
    table = current()
    trouble = {
        row
        for one in findings
        if one.accused == component and phases.get(one.signature or "") != "start"
        for row in one.rows
    }
    own = window.filter((pl.col("component") == component) & (pl.col("host") == host) & ~pl.col("row").is_in(trouble))
    starts = [one for one in findings if phases.get(one.signature or "") == "start"]
    told = [
        times[row] for one in starts if (one.accused, one.accuser_host) == place for row in one.rows if row in times
    ]
    back = min((moment for moment in told if moment >= began), default=None)
    if back is None:
        # What a process writes on its way down shows nobody at work.
        after = own.filter(pl.col("time") > stopped + timedelta(seconds=table.waiting_seconds))["time"]
        back = after.min() if after.len() >= table.enough_events else None
    return _Work(component, host, began, max(began, min(stopped, back)), back) if isinstance(back, datetime) else None


def _over(
    work: _Work, works: Sequence[_Work], others: Sequence[Finding], window: pl.DataFrame, times: Mapping[int, datetime]
) -> bool:
    """Whether nothing is said of the component but close to its stop and its return, and nothing of a bad end."""
    table = current()
    about = [one for one in others if one.accused == work.component and one.sort is not EvidenceSort.SILENCE]
    settled = work.stopped + timedelta(seconds=table.settling_seconds)
    for one in about:
        own = one.accuser_host == work.host and one.accuser in (work.component, *_UNITS)
        by_rule = one.signature is not None and one.directness is not Directness.SYMPTOM
        by_rule = by_rule and one.category not in (Category.NETWORK, Category.MESSAGING)
        ended_badly = own and ((by_rule and one.last > settled) or one.category in STATED_CAUSES)
        if ended_badly or not _brief(one, works, times):
            return False
    if any(one.sort is EvidenceSort.MISSING_STEP and one.first < work.back and one.last > work.began for one in others):
        # Requests were lost meanwhile, whomever they are held against.
        return False
    if work.back - work.stopped <= timedelta(seconds=table.restart_seconds):
        return True
    speakers = {one.accuser for one in about if one.directness is Directness.CAUSE} | {work.component}
    peers = window.filter(pl.col("component").is_in(speakers) & (pl.col("host") != work.host))
    return bool(peers["time"].is_between(work.stopped, work.back, closed="left").any())


def _brief(one: Finding, works: Sequence[_Work], times: Mapping[int, datetime]) -> bool:
    """Whether all events of a finding are close to works; a few may come as late as a call times out."""
    table = current()
    seconds = table.follows_seconds if one.count < table.enough_events else table.waiting_seconds
    moments = {one.first, one.last, *(times[row] for row in one.rows if row in times)}
    return all(any(work.near(moment, seconds) for work in works) for moment in moments)


def _passing(one: Finding, hosts: set[str]) -> bool:
    """Whether a finding says no more of somebody else than that it was out of reach, or of a host that a process ended."""
    ended = one.accused == HOST and one.category is Category.PROCESS_DOWN and one.accuser_host in hosts
    return ended or (one.directness is not Directness.CAUSE and one.category in _ABSENCE)
