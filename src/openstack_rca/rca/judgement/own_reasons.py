"""Own reasons: an error that no rule knows and that tells a reason counts, where its speaker is missed.

Alone such a line is a symptom: every cloud logs some. But where others complain of who writes it, or of what stands on who
writes it, the reason that it gives is the likeliest that there is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import HOST, Topology
from openstack_rca.rca.vocabulary import OUTCOMES, REASONS, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_OF_STEPS = (EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP)


def believe_own_reasons(findings: Sequence[Finding], topology: Topology) -> list[Finding]:
    """Make causes of errors that tell a reason, if others complain about their component, or depend on it and complain.

    Complaints about a component that has a cause of its own do not count, nor do requests that stopped: they name nobody.
    """
    told = {finding.accused for finding in findings if finding.directness is Directness.CAUSE and finding.complains}
    missing = [finding for finding in findings if _complains(finding) and finding.accused not in told]
    return [
        replace(finding, directness=Directness.CAUSE, weight=max(finding.weight, current().client_side))
        if _tells_reason(finding) and any(_misses(complaint, finding, topology) for complaint in missing)
        else finding
        for finding in findings
    ]


def tell_reasons_of_ends(findings: Sequence[Finding]) -> list[Finding]:
    """For each process that ended add a cause against itself: the reason for which it accused another component then.

    A service that cannot log in to a store exits, and its service manager logs only the end.
    """
    near = timedelta(seconds=current().waiting_seconds)
    ends = [
        f
        for f in findings
        if f.directness is Directness.CAUSE
        and f.complains
        and (f.category is Category.PROCESS_DOWN or (f.unexplained and f.vague))
    ]
    told = []
    for finding in findings:
        if (
            finding.accuser in (finding.accused, None)
            or finding.directness is not Directness.ACCUSATION
            or finding.category not in REASONS
        ):
            continue
        own = [
            end
            for end in ends
            if end.accused == finding.accuser
            and end.accused_host in (finding.accuser_host, None)
            and abs(end.first - finding.first) <= near
        ]
        # A refusal that alone is anybody's mishap is the reason of an end that gives none, as often as that.
        bare = max((end.weight for end in own if end.vague and end.count <= finding.count), default=0.0)
        if own and (finding.complains or bare):
            told.append(
                replace(
                    finding,
                    accused=finding.accuser,
                    accused_host=finding.accuser_host,
                    directness=Directness.CAUSE,
                    weight=max(finding.weight, bare),
                )
            )
    return [*findings, *told]


def _complains(finding: Finding) -> bool:
    """Whether somebody accuses, or logs an error that says only what came of a fault."""
    if finding.directness is not Directness.SYMPTOM:
        return finding.directness is Directness.ACCUSATION and finding.complains and finding.sort not in _OF_STEPS
    return finding.unexplained and not finding.vague and finding.category in OUTCOMES


def _tells_reason(finding: Finding) -> bool:
    own = finding.accuser == finding.accused and finding.directness is Directness.SYMPTOM
    said = finding.unexplained and not finding.vague and finding.category in REASONS
    return own and said and finding.novelty >= current().new


def _misses(complaint: Finding, reason: Finding, topology: Topology) -> bool:
    """Whether a complaint is about who gives the reason, or by one who needs it, and no earlier than the reason."""
    if complaint.last < reason.first - timedelta(seconds=current().waiting_seconds):
        return False
    if complaint.accused == complaint.accuser == reason.accused:
        return False
    if reason.accused == HOST:
        return reason.accused_host is not None and reason.accused_host == complaint.accuser_host
    return complaint.accused == reason.accused or topology.uses(complaint.accuser or "", reason.accused)
