"""Stage ``accuse``: read from errors that no signature explains whom they speak against."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import cited_rows, generic_accusations, unexplained


@stage(
    "accuse",
    reads=("observed", "topology", "minutes", "explained_rows", "noted_rows", "findings"),
    writes=("findings", "noted_rows"),
)
def accuse(case: Case) -> None:
    """Write the accusations that are read from addresses, traceback frames and names."""
    rest = unexplained(case.observed, case.explained_rows)
    found = generic_accusations(rest, case.topology, case.minutes)
    case.findings = case.findings + found
    case.noted_rows = case.noted_rows.append(cited_rows(found))
