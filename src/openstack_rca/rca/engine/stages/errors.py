"""Stage ``errors``: errors that nothing known accounts for."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import new_errors, unexplained
from openstack_rca.rca.weights import current


@stage("errors", reads=("observed", "minutes", "noted_rows", "findings", "picked", "topology"), writes=("findings",))
def errors(case: Case) -> None:
    """Write a finding for each kind of error that no rule knows, against the component that logged it."""
    rest = unexplained(case.observed, case.noted_rows)
    few = case.observed.height <= current().few_events
    case.findings = case.findings + new_errors(rest, case.minutes, case.picked, case.topology, few)
