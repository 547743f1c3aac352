"""Discounts: what follows from a component's own absence, from a clean restart, or what nobody misses, proves little."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, NormalRates, belongs_to_cloud
from openstack_rca.rca.knowledge import HOST, Catalogue, Topology
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_ABSENCE = (Category.HANG, Category.PROCESS_DOWN, Category.NETWORK, Category.MESSAGING, Category.DATABASE)

_OF_CLUSTERS = (Category.MESSAGING, Category.DATABASE)
"""Kinds of fault that a member of a cluster tells of another, while it serves itself."""

_BARE_EXIT = re.compile(r"SystemExit(?:: ?-?\d+)?\s*$")
"""An exception that says only that the process ends, with which status; the reason was told before it."""


def discount_complaints_after_own_silence(findings: list[Finding]) -> list[Finding]:
    """Weaken what a stream says of others right after a silence of its own.

    A frozen process that wakes finds that peers closed its connections. Where several components wake with the same
    complaint they were not frozen: they waited for the component that they accuse, and the complaint counts. So does one
    that goes on long after.
    """
    table = current()
    awakening, awake = timedelta(seconds=table.settling_seconds), timedelta(seconds=table.restart_seconds)
    ends: dict[tuple[str | None, str | None], list[datetime]] = {}
    for finding in findings:
        if finding.sort is EvidenceSort.SILENCE:
            ends.setdefault((finding.accused, finding.accused_host), []).append(finding.last)
    complaints = [
        any(
            abs(finding.first - end) <= awakening and finding.last - end <= awake
            for end in ends.get((finding.accuser, finding.accuser_host), [])
        )
        and finding.accused != finding.accuser
        and finding.sort is not EvidenceSort.SILENCE
        for finding in findings
    ]
    woken: dict[str, set[str | None]] = {}
    for finding, complaint in zip(findings, complaints, strict=True):
        if complaint:
            woken.setdefault(finding.accused, set()).add(finding.accuser)
    return [
        finding.weakened(table.left) if complaint and len(woken[finding.accused]) < table.sharing else finding
        for finding, complaint in zip(findings, complaints, strict=True)
    ]


def discount_unmissed_silence(findings: list[Finding], normal: NormalRates) -> list[Finding]:
    """Weaken a silence of which nobody complains, unless normal gaps of its component are known or other streams confirm it."""
    missed = _missed(finding for finding in findings if finding.category in _ABSENCE)
    return [
        finding.weakened(current().unmissed)
        if finding.sort is EvidenceSort.SILENCE
        and not finding.compared
        and finding.accused not in missed
        and finding.accused not in normal.longest_gap_seconds
        else finding
        for finding in findings
    ]


def discount_passing(findings: list[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Set to 0 the weight of a fault that was over within seconds, as its accuser says, and of which nobody complains later.

    It may have lasted longer where a member of a cluster tells it of another, as the one that tells it served meanwhile, and
    where no component of the cloud failed in the window. Clients that were turned away try again a little later.
    """
    table = current()
    alone, served = timedelta(seconds=table.restart_seconds), timedelta(seconds=table.follows_seconds)
    failed = window.filter(pl.col("failed"))["component"].unique().to_list()
    harmless = not any(belongs_to_cloud(name, topology) for name in failed)
    passing: list[bool] = []
    over: dict[str, datetime] = {}
    for one in findings:
        member, end = one.accused == one.accuser and one.category in _OF_CLUSTERS, one.recovered
        passing.append(end is not None and (harmless or end - one.first <= (served if member else alone)))
        if end is not None and passing[-1] and member:
            over[one.accused] = max(end, over.get(one.accused, end))
    late = timedelta(seconds=table.waiting_seconds)
    passing = [
        passed or (one.accused != one.accuser and one.accused in over and one.last <= over[one.accused] + late)
        for one, passed in zip(findings, passing, strict=True)
    ]
    lasting = {
        one.accused
        for one, passed in zip(findings, passing, strict=True)
        # Who turns a log-in down is there.
        if one.complains and not passed and one.category is not Category.AUTH
    }
    return [
        one.weakened(0.0) if passed and one.accused not in lasting else one
        for one, passed in zip(findings, passing, strict=True)
    ]


def discount_stop_after_own_error(findings: list[Finding], catalogue: Catalogue) -> list[Finding]:
    """Make a cause of a component's error that no rule knows if it stops right after it, and weaken the stop.

    Likewise for an end that gives no reason ("failed to start") right after an error that gives one.
    """
    table = current()
    stops = _of_phase(catalogue, "stop")
    told = list(findings)
    for place, stop in enumerate(findings):
        bare = (stop.unexplained and stop.vague) or any(_BARE_EXIT.search(proof) for proof in stop.proofs[:1])
        if stop.signature not in stops and not (bare and stop.directness is Directness.CAUSE):
            continue
        reasons = [
            number
            for number, finding in enumerate(findings)
            if finding.unexplained
            and not finding.vague
            and (stop.signature in stops or finding.category in STATED_CAUSES)
            and (finding.accused, finding.accuser_host) == (stop.accused, stop.accuser_host)
            and timedelta(0) <= stop.first - finding.first <= timedelta(seconds=table.waiting_seconds)
            and finding.rows[:1] < stop.rows[:1]
        ]
        if reasons:
            first = min(reasons, key=lambda number: (findings[number].first, findings[number].rows[:1]))
            told[first] = replace(
                findings[first], directness=Directness.CAUSE, weight=max(findings[first].weight, table.compared)
            )
            for number in {place, *reasons} - {first}:
                told[number] = findings[number].weakened(table.left)
    return told


def discount_old_boots(findings: list[Finding]) -> list[Finding]:
    """Leave out a host's boot that lies longer before the first trouble than a cause before its effect.

    A kernel's log begins with the boot, which may be days ago. Nor is a boot the cause that nobody missed the host for, and
    after which somebody on that host states another reason: a wrong clock, a CPU without a feature, a share that is not there.
    """
    table = current()
    boots = [
        f
        for f in findings
        if f.accused == HOST and f.directness is Directness.CAUSE and f.category is Category.PROCESS_DOWN
    ]
    trouble = [f.first for f in findings if f not in boots and f.strength >= table.noticeable]
    if not boots or not trouble:
        return findings
    old = min(trouble) - timedelta(seconds=table.cause_before_seconds)
    reasons = [
        finding
        for finding in findings
        if finding.directness is Directness.CAUSE
        and (finding.category in STATED_CAUSES or (finding.category in _OF_CLUSTERS and _speaks_of_itself(finding)))
        and finding.strength >= table.plain
        and not finding.recovered
    ]

    def unmissed(boot: Finding) -> bool:
        stated = any(reason.accuser_host == boot.accused_host is not None for reason in reasons)
        return stated and min(trouble) > boot.last + timedelta(seconds=table.settling_seconds)

    return [finding for finding in findings if finding not in boots or (finding.last >= old and not unmissed(finding))]


def _speaks_of_itself(finding: Finding) -> bool:
    """Whether a member of a cluster says what keeps it from serving."""
    return finding.accuser == finding.accused and finding.signature is not None


def discount_undated(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Weaken findings that rest only on ``undated`` lines, which may be of any time, unless dated ones tell the same."""
    undated = set(window.filter(pl.col("undated"))["row"].to_list())
    if not undated:
        return findings
    dated = [finding for finding in findings if finding.weight and not undated.issuperset(finding.rows)]
    told = {(finding.accused, finding.category) for finding in dated}
    return [
        finding.weakened(current().once)
        if finding.rows and undated.issuperset(finding.rows) and (finding.accused, finding.category) not in told
        else finding
        for finding in findings
    ]


def discount_lone_warnings(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Weaken what an unsure rule finds in a few lines below an error, if nothing in the window failed.

    Healthy services warn too: without an error, a failed request or a second service that says the same, such a line
    proves nothing.
    """
    table = current()
    if window["failed"].any():
        return findings
    tellers: dict[tuple[str | None, str], set[str | None]] = defaultdict(set)
    for finding in findings:
        tellers[finding.signature, finding.accused].add(finding.accuser)
    cited = {row for finding in findings for row in finding.rows}
    mild = set(window.filter(pl.col("row").is_in(cited), pl.col("level").is_in(["INFO", "WARNING"]))["row"].to_list())
    return [
        finding.weakened(table.once)
        if finding.signature is not None
        and finding.directness is not Directness.SYMPTOM
        and finding.weight <= table.plain
        and finding.count < table.enough_events
        and len(tellers[finding.signature, finding.accused]) == 1
        and mild.issuperset(finding.rows)
        else finding
        for finding in findings
    ]


def confirm_absence(findings: list[Finding], catalogue: Catalogue, window: pl.DataFrame) -> list[Finding]:
    """Strengthen a peer's finding that a client is gone if that client then logs nothing until it starts again.

    A killed process logs nothing of it, but its broker does. Where many of its connections end at once and it logs no more,
    or its next line is that of a start, after longer than a restart takes, it was not running.
    """
    table = current()
    starting = _of_phase(catalogue, "start")
    starts = [finding for finding in findings if finding.signature in starting]
    settled, back = timedelta(seconds=table.settling_seconds), timedelta(seconds=table.waiting_seconds)
    told = list(findings)
    for place, gone in enumerate(findings):
        if gone.signature is None or not _says_gone(gone) or gone.last - gone.first > back:
            continue
        own = window.select("component", "host", "time").filter(pl.col("component") == gone.accused)
        if gone.accused_host is not None:
            own = own.filter(pl.col("host") == gone.accused_host)
        after = own.filter(pl.col("time") > gone.last + settled)["time"].min()
        began = [start.first for start in starts if start.accused == gone.accused and start.first == after]
        ended = after is None and not own.is_empty() and gone.count >= table.enough_events
        until = began[0] if began else window["time"].max()
        if (began or ended) and isinstance(until, datetime) and until - gone.last >= back:
            told[place] = replace(gone, weight=max(gone.weight, table.compared), compared=True)
    return told


def _missed(findings: Iterable[Finding]) -> set[str]:
    """The components of which somebody else complains."""
    return {
        f.accused for f in findings if f.accuser != f.accused and f.directness is Directness.ACCUSATION and f.complains
    }


def _of_phase(catalogue: Catalogue, phase: str) -> set[str | None]:
    """The signatures that speak of a stop, or of a start."""
    return {name for name, of_it in catalogue.phases.items() if of_it == phase}


def _says_gone(finding: Finding) -> bool:
    """Whether a peer says of another component that it is not there."""
    return (
        finding.directness is Directness.ACCUSATION
        and finding.category is Category.PROCESS_DOWN
        and finding.accuser not in (finding.accused, None)
    )


def discount_clean_restarts(findings: list[Finding], catalogue: Catalogue, window: pl.DataFrame) -> list[Finding]:
    """Weaken findings of a stop or start where the component was back within seconds and nobody complained of it.

    A component that goes on logging is back, whether or not it logs its start.
    """
    table = current()
    stopping, starting = _of_phase(catalogue, "stop"), _of_phase(catalogue, "start")
    starts = [finding for finding in findings if finding.signature in starting]
    early = [finding for finding in findings if _too_early(finding, starts)]
    missed = _missed(finding for finding in findings if finding not in early)
    stops = [finding for finding in findings if finding.signature in stopping]
    stopped = {(stop.accused, stop.accuser_host) for stop in stops}
    absent = missed | {finding.accused for finding in findings if finding.sort is EvidenceSort.SILENCE}
    # A start without a stop, that nobody waited for, is where a log begins, or what its writer tells again and again.
    clean = {(f.accused, f.accuser_host) for f in starts if f.accused not in absent} - stopped
    end = window["time"].max()
    still = {
        (one.accused, one.accused_host) for one in findings if one.sort is EvidenceSort.SILENCE and one.last == end
    }
    for stop in stops:
        place = (stop.accused, stop.accuser_host)
        told = place not in still and any(
            (start.accused, start.accuser_host) == place
            and start.first - stop.first <= timedelta(seconds=table.waiting_seconds)
            and start.last >= stop.last
            for start in starts
        )
        if stop.accused not in missed and (told or _goes_on(stop, window)):
            clean.add(place)
    return [
        finding.weakened(table.left)
        if ((finding.accused, finding.accuser_host) in clean and finding.signature in stopping | starting)
        or (finding in early and finding.accused not in missed)
        else finding
        for finding in findings
    ]


def _too_early(finding: Finding, starts: list[Finding]) -> bool:
    """Whether somebody finds another component gone once or twice, and only within seconds of its start."""
    table = current()
    near = timedelta(seconds=table.waiting_seconds)
    return (
        _says_gone(finding)
        and finding.count < table.enough_events
        and any(
            start.accused == finding.accused
            and start.first - near <= finding.first
            and finding.last <= start.first + near
            for start in starts
        )
    )


def _goes_on(stop: Finding, window: pl.DataFrame) -> bool:
    """Whether the stream that tells of a stop writes ordinary lines again soon after the first and the last such line."""
    stream = window.filter(
        (pl.col("component") == stop.accused)
        & pl.col("host").eq_missing(pl.lit(stop.accuser_host, dtype=pl.String))
        & ~pl.col("row").is_in(list(stop.rows))
    )["time"]
    table = current()
    settled, back = timedelta(seconds=table.settling_seconds), timedelta(seconds=table.waiting_seconds)
    return all(
        int(stream.is_between(moment + settled, moment + back).sum()) >= table.back_lines
        for moment in (stop.first, stop.last)
    )


def discount_orderly_absence(findings: Sequence[Finding], catalogue: Catalogue, window: pl.DataFrame) -> list[Finding]:
    """Set to 0 the weight of findings of a host's orderly reboot that is over and of which nobody complained."""
    stopping, changing = _of_phase(catalogue, "stop"), _of_phase(catalogue, "change")
    stops = [finding for finding in findings if finding.signature in stopping and finding.accuser_host is not None]
    before = timedelta(seconds=current().follows_seconds)
    orderly: list[Finding] = []
    for stop in stops:
        if stop.accused != HOST:
            continue
        place, since = stop.accuser_host, stop.first - before
        together = [one for one in stops if one.accuser_host == place and one.first >= since]
        absent = {one.accused for one in together}
        away = absent | {one.accused for one in findings if one.accused_host == place}
        seen = [one for one in findings if one.accused in away and _of_others(one, place)]
        others = [one for one in seen if one.signature not in changing]
        missed = any(one.complains and one.recovered is None and one.last >= since for one in others)
        if not missed and all(_writes_again(one, window) for one in together):
            orderly += [one for one in findings if one.accused in absent and _tells_absence(one, place, since)]
            orderly += seen
            # A host that shuts down stops what runs on it, whatever the words for that.
            until = stop.last + timedelta(seconds=current().settling_seconds)
            orderly += [one for one in findings if _tells_absence(one, place, since) and one.last <= until]
        elif _writes_again(stop, window) and any(_broke_after(one, stop) for one in findings):
            # The host is back: what did not come back with it has a reason of its own.
            orderly += [one for one in findings if one.accused == HOST and _tells_absence(one, place, since)]
    return [finding.weakened(0.0) if finding in orderly else finding for finding in findings]


def _broke_after(finding: Finding, stop: Finding) -> bool:
    """Whether something else on that host says after the stop that it failed."""
    return (
        finding.directness is Directness.CAUSE
        and finding.accused != HOST
        and finding.accuser_host == stop.accuser_host
        and finding.first > stop.last + timedelta(seconds=current().settling_seconds)
        and finding.strength >= current().plain
    )


def _of_others(finding: Finding, host: str | None) -> bool:
    """Whether another component speaks of a component on this host, or on none that it names."""
    return (
        finding.directness is Directness.ACCUSATION
        and finding.accuser not in (finding.accused, HOST, None)
        and finding.accused_host in (None, host)
    )


def _tells_absence(finding: Finding, host: str | None, since: datetime) -> bool:
    """Whether the host itself, or who ran there, tells that it stopped, started or was silent."""
    return (
        finding.accuser_host == host
        and finding.first >= since
        and finding.category in (Category.PROCESS_DOWN, Category.HANG)
    )


def _writes_again(stop: Finding, window: pl.DataFrame) -> bool:
    table = current()
    # A host that is back shows that by whatever runs there.
    own = window.filter(
        pl.col("component").eq(stop.accused).or_(stop.accused == HOST) & (pl.col("host") == stop.accuser_host)
    )
    return bool((own["time"] > stop.last + timedelta(seconds=table.settling_seconds)).sum() >= table.enough_events)
