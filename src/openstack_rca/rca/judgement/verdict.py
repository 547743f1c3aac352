"""The verdict: what kind of proof there is against the best candidate.

CONFIRMED: the cause says so itself, on a line that is quoted. LIKELY: two independent witnesses speak against it, one of
them plainly, or one that needs it, or watches over it, names it and the reason for sure. INCONCLUSIVE: less than that, or
something else that accounts for it or is accused about as much, or no harm is seen while the cloud works on. NO FAILURE FOUND:
nothing that healthy clouds do not show too.
"""

from collections.abc import Sequence

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort, Verdict
from openstack_rca.rca.weights import current

PLACES = ("host", "network", "storage")
"""What logs nothing of its own: others' lines state its faults, and a single one that is out of reach proves little."""

_STATES = (Category.PROCESS_DOWN, Category.HANG)
_STEPS = (EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP)


def verdict_on(candidates: Sequence[Candidate], doubtful: bool = False) -> Verdict:
    """Verdict on the first candidate; one too weak gives NO FAILURE FOUND, or INCONCLUSIVE if the case is ``doubtful``."""
    best = next(iter(candidates), None)
    if best is None or best.score < current().failure:
        return Verdict.INCONCLUSIVE if best is not None and doubtful else Verdict.NO_FAILURE_FOUND
    return standing(best)


def standing(candidate: Candidate) -> Verdict:
    """What kind of proof there is against one candidate: CONFIRMED, LIKELY or INCONCLUSIVE."""
    table = current()
    if candidate.score < table.failure:
        return Verdict.INCONCLUSIVE
    excused = candidate.explained_by is not None and candidate.explained_by[1] >= table.plain
    if excused or candidate.rivalled or candidate.harmless:
        return Verdict.INCONCLUSIVE
    if any(_says_so_itself(finding) for finding in candidate.findings):
        return Verdict.CONFIRMED
    accusers = {finding.accuser for finding in candidate.findings if finding.directness is not Directness.SYMPTOM}
    needed = table.plain if len(accusers) > 1 or candidate.component in accusers else table.lone_witness
    if candidate.vouched and any(_names_reason(f) and f.strength >= needed for f in candidate.findings):
        return Verdict.LIKELY
    plain = any(f.strength >= table.plain for f in candidate.findings if f.directness is not Directness.SYMPTOM)
    return Verdict.LIKELY if plain and _witnesses(candidate) >= table.enough_others else Verdict.INCONCLUSIVE


def _says_so_itself(finding: Finding) -> bool:
    """Whether the accused states the cause on a line of its own, or somebody that of a place that has no lines.

    What a host tells of a process that ended or hangs is not a word on the host itself.
    """
    own = finding.accuser in (finding.accused, None) or finding.accused in PLACES
    if finding.accused in PLACES and (finding.vague or finding.category in _STATES):
        return False
    quoted = bool(finding.rows) and finding.sort is not EvidenceSort.SILENCE and not finding.compared
    return finding.directness is Directness.CAUSE and own and quoted and finding.strength >= current().plain


def _names_reason(finding: Finding) -> bool:
    """Whether a line that a rule knows names a component and what it fails for; that it does not answer is not a reason."""
    known = finding.sort is EvidenceSort.SIGNATURE and finding.directness is not Directness.SYMPTOM
    named = finding.accused not in PLACES or finding.category in STATED_CAUSES
    return known and named and finding.category is not Category.HANG and finding.strength >= current().plain


def _witnesses(candidate: Candidate) -> int:
    """How many independent ones speak against the accused: services by host, its silence, requests that did not go on."""
    witnesses = set()
    for finding in candidate.findings:
        if finding.directness is not Directness.SYMPTOM and finding.strength >= current().complaint:
            unheard = finding.sort is EvidenceSort.SILENCE or finding.sort in _STEPS
            witnesses.add((finding.accuser, finding.accuser_host, unheard))
            if finding.compared:
                witnesses.add((None, None, True))
    return len(witnesses)
