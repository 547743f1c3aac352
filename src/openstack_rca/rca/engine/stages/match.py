"""Stage ``match``: find the signatures of known failures."""

from __future__ import annotations

import polars as pl

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import match_signatures


@stage(
    "match",
    reads=("observed", "earlier", "catalogue", "topology", "request", "minutes", "findings"),
    writes=("findings", "explained_rows", "noted_rows"),
)
def match(case: Case) -> None:
    """Write a finding for each group of events that a signature knows, and which events these are."""
    known = case.catalogue.without(case.request.omitted.signatures)
    told = pl.concat([case.earlier, case.observed], how="diagonal_relaxed")
    matched = match_signatures(told, known, case.topology, case.minutes)
    case.findings = case.findings + matched.findings
    case.explained_rows = matched.explained_rows
    case.noted_rows = matched.rows
