"""Stage ``clear``: weaken what the requests that went on speak against."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import discount_by_steps


@stage("clear", reads=("findings", "expected", "observed", "topology"), writes=("findings",))
def clear(case: Case) -> None:
    """Write the findings again, those weaker whose accused was passed by requests meanwhile."""
    case.findings = discount_by_steps(case.findings, case.expected, case.observed, case.topology)
