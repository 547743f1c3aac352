"""Explaining away: which of the accused is the root, and which only suffers from it.

A component whose dependency is guilty, and was so no later, is explained away by it; a component whose dependents are in
trouble explains them. The direction matters: trouble moves from a dependency to its dependents, so the root is the failing
component none of whose own dependencies fails.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from openstack_rca.rca.evidence import BROKER, Finding, noisy_or
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Directness, EvidenceSort
from openstack_rca.rca.weights import current

UNIVERSAL = ("host", "network")
"""Everything depends on these, so the graph alone proves nothing: they explain only trouble on the hosts they are accused on."""


def explain(candidates: Sequence[Candidate], findings: list[Finding], topology: Topology) -> list[Candidate]:
    """Fill ``explains``, ``explains_share``, ``vouched`` and ``explained_by`` of candidates with guilt (``weigh``), in place."""
    by_name = {candidate.component: candidate for candidate in candidates}
    trouble, places, pointed = _trouble(findings), _places(findings), _pointed(findings)
    blamed = _blamed(by_name)
    for candidate in candidates:
        alone = blamed[candidate.component]
        others = {name: mass for name, (mass, _) in trouble.items() if name not in (candidate.component, *alone)}
        reach = {
            name: _tie(topology, name, candidate.component) * _reach(candidate, places[name])
            for name in others
            if _no_earlier(trouble[name][1], candidate)
        }
        candidate.explains = sorted((name for name in reach if reach[name] > 0), key=lambda name: (-others[name], name))
        total = sum(others.values())
        if total:
            candidate.explains_share = sum(others[name] * reach[name] for name in reach) / total
        candidate.vouched = _vouched(candidate, topology)
    for candidate in candidates:
        rivals = {name: other for name, other in by_name.items() if name not in blamed[candidate.component]}
        candidate.explained_by = _explanation(candidate, rivals, topology, places[candidate.component], pointed)
        for accuser in (name for name, names in blamed.items() if candidate.component in names):
            if candidate.explained_by is None or candidate.explained_by[1] < by_name[accuser].direct:
                candidate.explained_by = (accuser, by_name[accuser].direct)
    return list(candidates)


def _vouched(candidate: Candidate, topology: Topology) -> bool:
    """Whether more than one accuses it, or one whose trouble it explains, or what watches over services without needing them."""
    accusers = {finding.accuser for finding in candidate.findings if finding.directness is not Directness.SYMPTOM}
    if len(accusers) != 1 or candidate.component in UNIVERSAL:
        return True
    accuser = accusers.pop()
    if accuser in (None, candidate.component) or accuser in candidate.explains:
        return True
    return accuser not in topology or not topology.component(str(accuser)).depends


def _trouble(findings: list[Finding]) -> dict[str, tuple[float, datetime]]:
    """How much each component is in trouble, and since when: it complains, is complained of, or is silent."""
    trouble: dict[str, tuple[float, datetime]] = {}
    # The strongest first: a mere oddity neither begins a component's trouble nor says where it is.
    for finding in sorted(findings, key=lambda finding: -finding.strength):
        for name in {finding.accused, finding.accuser or finding.accused}:
            mass, onset = trouble.get(name, (0.0, finding.first))
            telling = finding.strength >= min(current().noticeable, mass)
            trouble[name] = (max(mass, finding.strength), min(onset, finding.first) if telling else onset)
    return {name: found for name, found in trouble.items() if found[0] >= current().noticeable}


def _pointed(findings: list[Finding]) -> dict[tuple[str, str], float]:
    """How strongly each (accuser, accused) pair of components points, in words."""
    pointed: dict[tuple[str, str], float] = defaultdict(float)
    for finding in findings:
        if finding.accuser and finding.accuser != finding.accused and finding.directness is not Directness.SYMPTOM:
            pair = (finding.accuser, finding.accused)
            pointed[pair] = max(pointed[pair], finding.strength)
    return pointed


def _blamed(candidates: dict[str, Candidate]) -> dict[str, set[str]]:
    """For each component that says plainly what is wrong with itself: those whom it alone accuses, and less surely.

    Who is broken finds fault with what it uses; such a complaint neither excuses it nor is trouble of its own.
    """
    blamed: dict[str, set[str]] = {name: set() for name in candidates}
    for name, candidate in candidates.items():
        accusers = {
            finding.accuser
            for finding in candidate.findings
            if finding.directness is not Directness.SYMPTOM and finding.sort is not EvidenceSort.SILENCE
        }
        accuser = next(iter(accusers)) if len(accusers) == 1 else None
        if (
            accuser in candidates
            and accuser != name
            and candidates[accuser].direct > max(candidate.accused, current().plain)
        ):
            blamed[accuser].add(name)
    return blamed


def _places(findings: list[Finding]) -> dict[str, set[str | None]]:
    """Hosts on which each component is in trouble; None where a log names no host."""
    places: dict[str, set[str | None]] = defaultdict(set)
    strongest: dict[str, float] = defaultdict(float)
    for finding in findings:
        for name in {finding.accused, finding.accuser or finding.accused}:
            strongest[name] = max(strongest[name], finding.strength)
    for finding in findings:
        if finding.strength < min(current().noticeable, strongest[finding.accused]):
            continue
        places[finding.accused].add(finding.accused_host)
        if finding.accuser is not None:
            places[finding.accuser].add(finding.accuser_host)
    return places


def _reach(candidate: Candidate, hosts: set[str | None]) -> float:
    """How much of a dependent's trouble a candidate can account for, by place, in [0, 1]."""
    if candidate.component not in UNIVERSAL:
        return 1.0
    own = {finding.accused_host for finding in candidate.findings} - {None}
    known = hosts - {None}
    least = current().weak_tie if _told_by_its_devices(candidate) else 0.0
    return max(least, len(known & own) / len(known) if known else 0.0)


def _told_by_its_devices(candidate: Candidate) -> bool:
    """Whether a switch tells of the network's fault: whom it hits, its lines do not say."""
    return any(
        finding.directness is Directness.CAUSE and finding.accuser == candidate.component and not finding.accused_host
        for finding in candidate.findings
    )


def _covers(other: Candidate, candidate: Candidate, hosts: set[str | None]) -> float:
    """How much of what is said against a candidate another one can account for, by place, in [0, 1].

    Where the candidate only complains it suffers, whatever it is accused of elsewhere; so where it is accused counts. Where
    nobody says that, it is where it complains, or who cannot reach it.
    """
    if other.component not in UNIVERSAL:
        return 1.0
    own = {finding.accused_host for finding in other.findings} - {None}
    accused: list[tuple[str | None, float]] = [
        (finding.accused_host, finding.strength) for finding in candidate.findings if finding.accused_host
    ]
    said = accused or [(finding.accuser_host, finding.strength) for finding in candidate.findings]
    total = sum(strength for _, strength in said)
    covered = sum(strength for host, strength in said if host in own) / total if total else 0.0
    least = current().weak_tie if _told_by_its_devices(other) else 0.0
    return max(least, covered) if accused else max(covered, _reach(other, hosts))


def _tie(topology: Topology, component: str, dependency: str) -> float:
    """How surely the failure of one component troubles another: 1 if it needs it, less if it only uses it, else 0."""
    if topology.depends_on(component, dependency):
        return 1.0
    return current().weak_tie if dependency in topology.dependencies(component) else 0.0


def _no_earlier(onset: datetime, cause: Candidate) -> bool:
    """Whether a trouble began no earlier than its cause shows: a broker that all miss is missed when heartbeats run out."""
    table = current()
    accusers = {finding.accuser for finding in cause.findings if finding.directness is Directness.ACCUSATION}
    still = cause.component == BROKER and len(accusers - {BROKER, None}) >= table.sharing
    shows_late = table.follows_seconds if still else table.waiting_seconds
    return cause.onset is None or onset >= cause.onset - timedelta(seconds=shows_late)


def _explanation(
    candidate: Candidate,
    candidates: dict[str, Candidate],
    topology: Topology,
    hosts: set[str | None],
    pointed: dict[tuple[str, str], float],
) -> tuple[str, float] | None:
    """The dependency that best accounts for a candidate's trouble."""
    table = current()
    best: tuple[str, float] | None = None
    for other in candidates.values():
        tie = _tie(topology, candidate.component, other.component)
        if other.component == candidate.component or tie == 0:
            continue
        names, named = (
            pointed.get((candidate.component, other.component), 0.0),
            pointed.get((other.component, candidate.component), 0.0),
        )
        if names >= table.pointing > named:
            # Who is accused and names in its turn what it uses only passes the blame on.
            tie = 1.0
        # Silence spreads along the load, against the dependencies too, so alone it explains little.
        power = (
            noisy_or([other.direct, other.accused, table.weak_tie * other.silent, table.weak_tie * other.symptom])
            * tie
            * _covers(other, candidate, hosts)
        )
        if candidate.onset is not None and not _no_earlier(candidate.onset, other):
            power *= table.accuser_power
        if named >= table.pointing > names:
            power *= table.accuser_power
        elif names < table.pointing and topology.depends_on(other.component, candidate.component):
            # Each depends on the other: only the clearly guiltier one explains the other.
            own = noisy_or([candidate.direct, candidate.accused, candidate.silent])
            power = power if power > own + table.noticeable else 0.0
        if best is None or power > best[1]:
            best = (other.component, power)
    return best if best is not None and best[1] >= table.noticeable else None
