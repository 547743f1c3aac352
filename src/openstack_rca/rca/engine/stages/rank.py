"""Stage ``rank``: the candidates in order, best first."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.judgement import rank as ranked
from openstack_rca.rca.relevance import add_history_bonus


@stage("rank", reads=("candidates", "relevance", "recalled"), writes=("candidates",), needed=True)
def rank(case: Case) -> None:
    """Write the candidates with their scores, sorted."""
    boosted = add_history_bonus(case.relevance, case.recalled.bonus)
    case.candidates = ranked(case.candidates, boosted)
