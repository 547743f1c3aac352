"""Stage ``discount``: weaken what follows from a component's own absence or from a clean restart."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import discount_clean_restarts, discount_complaints_after_own_silence


@stage("discount", reads=("findings", "catalogue"), writes=("findings",))
def discount(case: Case) -> None:
    """Write the findings again, some of them weaker."""
    findings = discount_complaints_after_own_silence(case.findings)
    case.findings = discount_clean_restarts(findings, case.catalogue)
