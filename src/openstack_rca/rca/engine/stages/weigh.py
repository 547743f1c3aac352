"""Stage ``weigh``: how much speaks against each of the accused."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import weigh as weighed


@stage("weigh", reads=("findings",), writes=("candidates",), needed=True)
def weigh(case: Case) -> None:
    """Write one candidate for each accused component, with its guilt."""
    case.candidates = weighed(case.findings)
