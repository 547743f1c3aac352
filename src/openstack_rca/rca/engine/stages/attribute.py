"""Stage ``attribute``: whom a complaint really speaks against: the link, the client's own settings, the proxy in front."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import (
    believe_own_reasons,
    blame_link_to_busy_service,
    blame_link_to_shared_service,
    blame_named_by_several,
    blame_own_settings,
    blame_proxy_in_front,
    keep_blame_on_common_target,
)


@stage("attribute", reads=("findings", "observed", "topology"), writes=("findings",))
def attribute(case: Case) -> None:
    """Write the findings again, some of them against somebody else."""
    findings = blame_proxy_in_front(case.findings, case.observed)
    findings = blame_named_by_several(findings, case.topology)
    findings = blame_own_settings(findings, case.observed, case.topology)
    findings = blame_link_to_shared_service(findings, case.observed, case.topology)
    findings = blame_link_to_busy_service(findings, case.observed)
    findings = keep_blame_on_common_target(findings, case.observed)
    case.findings = believe_own_reasons(findings, case.topology)
