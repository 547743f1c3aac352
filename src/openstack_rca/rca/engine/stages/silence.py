"""Stage ``silence``: streams that logged steadily and stopped."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import silences


@stage("silence", reads=("observed", "normal", "topology", "findings"), writes=("findings",))
def silence(case: Case) -> None:
    """Write a finding for each stream that fell silent."""
    case.findings = case.findings + silences(case.observed, case.normal, case.topology)
