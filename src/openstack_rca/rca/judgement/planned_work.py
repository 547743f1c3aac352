"""Planned work: what was told to stop, came back and is complained of no more, and the short trouble that it made for others.

A restart that is ordered closes connections, empties a proxy's list of servers for seconds and lets calls time out. That
the order was given, that who stopped is back and that nobody complains afterwards tells it from a failure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import HOST, Catalogue, Topology
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_ABSENCE = (Category.HANG, Category.PROCESS_DOWN, Category.NETWORK, Category.MESSAGING, Category.DATABASE)
_UNITS = (HOST, "systemd", "kernel", None)
"""Who tells how a process ended, besides itself."""


@dataclass(frozen=True)
class _Work:
    """A component on one host (None: one that nobody names, as of pods) from its stop, told first in ``row``, to its return."""

    component: str
    host: str | None
    row: int
    began: datetime
    stopped: datetime
    back: datetime
    names: frozenset[str]

    def near(self, moment: datetime, seconds: float, before: float) -> bool:
        """Whether a moment is so close to the stop, so long before it at most, or to the return."""
        margin = timedelta(seconds=seconds)
        begin = self.began - timedelta(seconds=before)
        return begin <= moment <= self.stopped + margin or abs(self.back - moment) <= margin

    def tells(self, one: Finding) -> bool:
        """Whether a finding is what the component itself, or the system below it, tells on the host of the work."""
        return one.accuser_host == self.host and one.accuser in (self.component, *_UNITS)


def discount_planned_work(
    findings: Sequence[Finding], catalogue: Catalogue, window: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Set to 0 the weight of findings of an ordered stop that is over, and of complaints that came only close to it."""
    phases = catalogue.phases
    stops: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for one in findings:
        if phases.get(one.signature or "") == "stop" and one.accused != HOST:
            stops[one.accused, one.accuser_host].append(one)
    if not stops:
        return list(findings)
    times = dict(
        window.filter(pl.col("row").is_in({row for one in findings for row in one.rows}))
        .select("row", "time")
        .iter_rows()
    )
    found = {place: _works(place, told, findings, phases, window, times) for place, told in stops.items()}
    works = [work for of_place in found.values() for work in of_place]
    others = [one for one in findings if one.signature not in phases and one.strength >= current().complaint]
    bad = {
        (work.component, work.host)
        for work in works
        if not _over(work, works, others, window, times, topology, _clients_went_on(work, findings, window))
    }
    works = [work for work in works if (work.component, work.host) not in bad]
    if not works:
        return list(findings)
    places = {(work.component, work.host) for work in works}
    hosts = {work.host for work in works}
    ended = [one for one in findings if one.signature in phases and (one.accused, one.accuser_host) not in places]
    loud = {one.accused for one in [*others, *ended] if not _brief(one, works, times) or not _passing(one, hosts)}
    excused = {work.component for work in works}
    of_work = [
        ((one.accused, one.accuser_host) in places and one.signature in phases)
        or (one.accused in excused and (_brief(one, works, times) or one.sort is EvidenceSort.SILENCE))
        or (one.accused not in loud and _brief(one, works, times))
        for one in findings
    ]
    excusable = {id(one) for one, excuse in zip(findings, of_work, strict=True) if excuse}
    victims = [one for one in others if one.category not in STATED_CAUSES and id(one) not in excusable]
    if any(_brief(one, works, times) for one in victims):
        # Without its cause a victim would come first; a setting or a shortage is no restart's doing.
        return list(findings)
    return [one.weakened(0.0) if excuse else one for one, excuse in zip(findings, of_work, strict=True)]


def _works(
    place: tuple[str, str | None],
    stops: Sequence[Finding],
    findings: Sequence[Finding],
    phases: Mapping[str, str | None],
    window: pl.DataFrame,
    times: Mapping[int, datetime],
) -> list[_Work]:
    """The works at a place, one for each time it stopped; none if one of them did not end with its return.

    Who stopped is back by its start, or where none is told by ordinary lines of its own.
    """
    component, host = place
    told = {row: times[row] for stop in stops for row in stop.rows if row in times}
    table = current()
    trouble = {
        row
        for one in findings
        if one.accused == component and phases.get(one.signature or "") != "start"
        for row in one.rows
    }
    # A web server shows itself at work by the requests of the API in it.
    names = {component, *(stop.accuser for stop in stops if stop.accuser not in _UNITS)}
    own = window.filter(
        pl.col("component").is_in(names) & pl.col("host").eq_missing(pl.lit(host)) & ~pl.col("row").is_in(trouble)
    )
    starts = sorted(
        times[row]
        for one in findings
        if phases.get(one.signature or "") == "start" and (one.accused, one.accuser_host) == place
        for row in one.rows
        if row in times
    )
    works: list[_Work] = []
    for row, moments in _each_stop(told):
        began, stopped = moments[0], moments[-1]
        back = next((moment for moment in starts if moment >= began), None)
        if back is None:
            # What a process writes on its way down shows nobody at work.
            after = own.filter(pl.col("time") > stopped + timedelta(seconds=table.waiting_seconds))["time"]
            back = after.min() if after.len() >= table.enough_events else None  # type: ignore[assignment]
        if back is None or _is_silent_since(back, component, host, findings, window):
            return []
        works.append(_Work(component, host, row, began, max(began, min(stopped, back)), back, frozenset(names)))
    return works


def _is_silent_since(
    back: datetime, component: str, host: str | None, findings: Sequence[Finding], window: pl.DataFrame
) -> bool:
    """Whether who was started writes nothing from then on to the end, though it used to: it was begun, and does not work."""
    table = current()
    end = window["time"].max()
    assert isinstance(end, datetime)
    return any(
        (one.accused, one.accused_host) == (component, host)
        and one.first <= back + timedelta(seconds=table.settling_seconds)
        and one.last >= end - timedelta(seconds=table.waiting_seconds)
        and end - back >= timedelta(seconds=table.follows_seconds)
        for one in findings
        if one.sort is EvidenceSort.SILENCE and one.weight
    )


def _each_stop(told: Mapping[int, datetime]) -> list[tuple[int, list[datetime]]]:
    """The lines that tell of one stop, together: the first row, and the times."""
    each: list[tuple[int, list[datetime]]] = []
    for row, moment in sorted(told.items(), key=lambda item: (item[1], item[0])):
        if each and moment - each[-1][1][-1] <= timedelta(seconds=current().waiting_seconds):
            each[-1][1].append(moment)
        else:
            each.append((row, [moment]))
    return each


def _over(
    work: _Work,
    works: Sequence[_Work],
    others: Sequence[Finding],
    window: pl.DataFrame,
    times: Mapping[int, datetime],
    topology: Topology,
    taken_over: bool,
) -> bool:
    """Whether nothing is said of the component but close to its stop and its return, and nothing of a bad end."""
    table = current()
    about = [one for one in others if one.accused == work.component and one.sort is not EvidenceSort.SILENCE]
    settled = work.stopped + timedelta(seconds=table.settling_seconds)
    for one in about:
        # What it tells as another member stops is of that one.
        elsewhere = [other for other in works if other.host != work.host]
        own = work.tells(one) and not _brief(one, elsewhere, times)
        by_rule = one.signature is not None and one.directness is not Directness.SYMPTOM
        by_rule = by_rule and one.category not in (Category.NETWORK, Category.MESSAGING)
        # Who ended before it was stopped was not stopped by an order: systemd stops what it will start again.
        untimely = one.last > settled or min(one.rows, default=work.row) < work.row
        ended_badly = own and ((by_rule and untimely) or one.category in STATED_CAUSES)
        if ended_badly or not _brief(one, works, times):
            return False
    if any(one.sort is EvidenceSort.MISSING_STEP and one.first < work.back and one.last > work.began for one in others):
        # Requests were lost meanwhile, whomever they are held against.
        return False
    speakers = {one.accuser for one in about if one.directness is Directness.CAUSE} | work.names
    # Nobody takes the place of an agent of one host.
    speakers = {name for name in speakers if name and not (name in topology and topology.is_per_host(name))}
    # Of pods nobody knows which one speaks: what goes on after the last words of the one that stops is another.
    another = pl.col("host").ne_missing(pl.lit(work.host)) if work.host else pl.col("time") > settled
    peers = window.filter(pl.col("component").is_in(speakers) & another)
    if taken_over or peers["time"].is_between(work.began, work.back, closed="none").any():
        return True
    missed = sum(
        one.count for one in about if one.accuser not in (work.component, *_UNITS) and _brief(one, [work], times)
    )
    return work.back - work.stopped <= timedelta(seconds=table.restart_seconds) and missed < table.lasting_errors


def _clients_went_on(work: _Work, findings: Sequence[Finding], window: pl.DataFrame) -> bool:
    """Whether clients lost it as it stopped, and none said so again though it stayed away: others took its place."""
    moment = timedelta(seconds=current().settling_seconds)
    lost = [
        one
        for one in findings
        if one.accused == work.component
        and one.directness is not Directness.CAUSE
        and one.strength
        and one.accuser not in (work.component, *_UNITS)
    ]
    if not lost or any(one.first < work.began - moment or one.last > work.stopped + moment for one in lost):
        return False
    since = max(one.last for one in lost)
    meanwhile = window.filter(pl.col("time").is_between(since, work.back, closed="none") & ~pl.col("failed"))[
        "component"
    ]
    return {one.accuser for one in lost} <= set(meanwhile.to_list())


def _brief(one: Finding, works: Sequence[_Work], times: Mapping[int, datetime]) -> bool:
    """Whether all events of a finding are close to works; a few may come as late as a call times out.

    Who is to stop lets its clients go before it tells that it stops.
    """
    table = current()
    seconds = table.follows_seconds if one.count < table.enough_events else table.waiting_seconds
    moments = {one.first, one.last, *(times[row] for row in one.rows if row in times)}
    early = [(work, table.settling_seconds if work.tells(one) else table.parting_seconds) for work in works]
    return all(any(work.near(moment, seconds, before) for work, before in early) for moment in moments)


def _passing(one: Finding, hosts: set[str | None]) -> bool:
    """Whether a finding says no more of somebody else than that it was out of reach, or of a host that a process ended."""
    ended = one.accused == HOST and one.category is Category.PROCESS_DOWN and one.accuser_host in hosts
    return ended or (one.directness is not Directness.CAUSE and one.category in _ABSENCE)
