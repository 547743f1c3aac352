"""Stage ``discount``: weaken what follows from a component's own absence, a clean restart or daily work."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import (
    confirm_absence,
    discount_clean_restarts,
    discount_complaints_after_own_silence,
    discount_lone_warnings,
    discount_old_boots,
    discount_orderly_absence,
    discount_stop_after_own_error,
    discount_undated,
    discount_unmissed_silence,
    weigh_changes,
)


@stage("discount", reads=("findings", "catalogue", "observed", "normal"), writes=("findings",))
def discount(case: Case) -> None:
    """Write the findings again, some of them weaker."""
    findings = discount_complaints_after_own_silence(case.findings)
    findings = discount_unmissed_silence(findings, case.normal)
    findings = discount_stop_after_own_error(findings, case.catalogue)
    findings = discount_lone_warnings(findings, case.observed)
    findings = confirm_absence(findings, case.catalogue, case.observed)
    findings = discount_orderly_absence(findings, case.catalogue, case.observed)
    findings = discount_old_boots(findings)
    findings = discount_clean_restarts(findings, case.catalogue, case.observed)
    # Last of all: what it weakens was sure, and no rule for unsure ones is meant for it.
    case.findings = discount_undated(weigh_changes(findings, case.catalogue), case.observed)
