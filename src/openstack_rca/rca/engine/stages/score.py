"""Stage ``score``: add the model's anomaly scores to the events."""

from __future__ import annotations

from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.evidence import add_scores


@stage("score", reads=("observed", "scores"), writes=("observed", "surroundings"))
def score(case: Case) -> None:
    """Write each event's anomaly score; without a model it stays null."""
    if case.scores is not None and not case.observed.is_empty():
        case.observed = add_scores(case.observed, case.scores)
        case.surroundings = add_scores(case.surroundings, case.scores)
