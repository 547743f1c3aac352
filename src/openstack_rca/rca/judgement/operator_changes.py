"""Changes: what an operator altered in good order is a cause only where trouble of somebody begins after it.

Users, roles and endpoints are changed all day. A change counts in full if complaints about the changed component begin soon
after it and none came before; what is changed all through the recording, or followed by nothing, is ordinary work.
"""

from dataclasses import replace
from datetime import timedelta

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import Catalogue
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current


def weigh_changes(findings: list[Finding], catalogue: Catalogue) -> list[Finding]:
    """Make causes of the changes that are soon followed by complaints, and weaken the others.

    After a changed user only complaints about keystone count; after a changed endpoint those about any component.
    """
    changes = {name for name, phase in catalogue.phases.items() if phase == "change"}
    return [_weighed(finding, findings, changes) if finding.signature in changes else finding for finding in findings]


def _weighed(change: Finding, findings: list[Finding], changes: set[str]) -> Finding:
    table = current()
    begins = min(
        (
            finding.first
            for finding in findings
            if finding.signature not in changes
            and (finding.accused == change.accused or change.category is Category.CONFIG)
            and finding.accuser not in (change.accused, finding.accused)
            and finding.sort is not EvidenceSort.SILENCE
            and finding.directness is Directness.ACCUSATION
            and finding.strength >= table.complaint
        ),
        default=None,
    )
    slack, within = timedelta(seconds=table.settling_seconds), timedelta(seconds=table.follows_seconds)
    followed = begins is not None and change.first - slack <= begins <= change.first + within
    if followed and change.count < table.daily_changes:
        return replace(change, directness=Directness.CAUSE, weight=table.compared, novelty=1.0)
    return change.weakened(table.left)
