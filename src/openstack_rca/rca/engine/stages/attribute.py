"""Stage ``attribute``: a service that only one client cannot reach is not down; the link between the two is."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import (
    blame_link_to_busy_service,
    blame_link_to_shared_service,
    keep_blame_on_common_target,
)


@stage("attribute", reads=("findings", "observed", "topology"), writes=("findings",))
def attribute(case: Case) -> None:
    """Write the findings again, some of them against the network of a host."""
    findings = blame_link_to_shared_service(case.findings, case.observed, case.topology)
    findings = blame_link_to_busy_service(findings, case.observed)
    case.findings = keep_blame_on_common_target(findings, case.observed)
