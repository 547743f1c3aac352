"""Stage ``steps``: requests that began and did not go on, or went on late."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import missing_steps


@stage("steps", reads=("observed", "expected", "topology", "findings"), writes=("findings",))
def steps(case: Case) -> None:
    """Write a finding for each stretch in which more expected steps stayed away than chance explains."""
    case.findings = case.findings + missing_steps(case.expected, case.observed, case.topology, case.findings)
