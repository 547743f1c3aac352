"""Stage ``fit``: how far each component fits the operator's words."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.relevance import fit_to_issue


@stage("fit", reads=("request", "topology", "findings"), writes=("relevance",))
def fit(case: Case) -> None:
    """Write the relevance of the components."""
    request = case.request
    case.relevance = fit_to_issue(request.issue, case.topology, case.findings, request.knowledge)
