"""Stage ``infer``: what all the troubled have in common, though nobody says so."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import infer_from_failing_apis, infer_shared


@stage("infer", reads=("findings", "observed", "events", "topology"), writes=("findings",))
def infer(case: Case) -> None:
    """Add accusations of a dependency or a host that all who stopped, or who fail, share."""
    case.findings = infer_shared(case.findings, case.observed, case.topology)
    case.findings = case.findings + infer_from_failing_apis(case.findings, case.observed, case.events, case.topology)
