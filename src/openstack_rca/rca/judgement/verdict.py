"""The verdict: how far the best candidate can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.vocabulary import Directness, Verdict
from openstack_rca.rca.weights import current


def verdict_on(candidates: Sequence[Candidate], doubtful: bool = False) -> Verdict:
    """How far the best candidate can be trusted, or that there is nothing to trust.

    Args:
        candidates: the accused.
        doubtful: thin evidence leaves a doubt, it does not clear.
    """
    table = current()
    best = max(candidates, key=lambda candidate: candidate.score_alone, default=None)
    if best is None or best.score_alone < table.failure:
        return Verdict.INCONCLUSIVE if best is not None and doubtful else Verdict.NO_FAILURE_FOUND
    own_words = (finding.strength for finding in best.findings if finding.directness is Directness.CAUSE)
    if max(own_words, default=0.0) >= table.confirmed:
        return Verdict.CONFIRMED
    kinds = {finding.directness for finding in best.findings}
    if best.guilt >= table.likely and kinds != {Directness.SYMPTOM}:
        return Verdict.LIKELY
    return Verdict.INCONCLUSIVE
