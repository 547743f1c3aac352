"""Stage ``traffic``: ordinary lines that come far too often, or that the model did not expect."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import unexplained, unusual_traffic


@stage("traffic", reads=("observed", "minutes", "noted_rows", "findings"), writes=("findings",))
def traffic(case: Case) -> None:
    """Write a finding for each kind of line whose number differs from normal."""
    case.findings = case.findings + unusual_traffic(unexplained(case.observed, case.noted_rows), case.minutes)
