"""Stage ``recall``: past incidents that look like this one."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.relevance import fingerprint_of
from openstack_rca.rca.relevance import recall as recalled


@stage("recall", reads=("request", "findings", "observed", "untimed"), writes=("fingerprint", "recalled"))
def recall(case: Case) -> None:
    """Write what the evidence looks like, and the past incidents that resemble it."""
    case.fingerprint = fingerprint_of(case.findings, case.observed)
    if case.untimed:
        case.fingerprint = case.fingerprint.model_copy(update={"began": None})
    case.recalled = recalled(case.request.issue, case.fingerprint, case.request.knowledge)
