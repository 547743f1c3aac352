"""Stage ``explain``: which of the accused only suffers from another one, by the dependency graph."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import explain as explained


@stage("explain", reads=("findings", "candidates", "topology"), writes=("candidates",))
def explain(case: Case) -> None:
    """Write what each candidate explains, and what explains it."""
    case.candidates = explained(case.candidates, case.findings, case.topology)
