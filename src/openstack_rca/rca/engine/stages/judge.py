"""Stage ``judge``: how far the best candidate can be trusted, or that there is nothing to trust."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import belongs_to_cloud, fails_in_cloud, goes_on_failing, unexplained_errors
from openstack_rca.rca.judgement import verdict_on
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.rca.weights import current


@stage(
    "judge",
    reads=("candidates", "picked", "observed", "findings", "topology"),
    writes=("candidates", "doubtful", "verdict"),
    needed=True,
)
def judge(case: Case) -> None:
    """Write the verdict, and leave the candidates against whom enough speaks."""
    picked = case.picked and fails_in_cloud(case.observed, case.topology)
    case.doubtful = picked or goes_on_failing(case.observed) or unexplained_errors(case.findings, case.topology)
    suspects = [candidate for candidate in case.candidates if candidate.guilt >= current().noticeable]
    case.verdict = verdict_on(suspects)
    if case.verdict is Verdict.NO_FAILURE_FOUND and case.doubtful:
        # Thin evidence leaves a doubt, it does not clear.
        suspects = [one for one in case.candidates if one in suspects or belongs_to_cloud(one.component, case.topology)]
        case.verdict = verdict_on(suspects, doubtful=True)
    case.candidates = suspects
