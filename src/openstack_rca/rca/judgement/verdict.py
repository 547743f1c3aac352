"""The verdict: how far the best candidate can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.vocabulary import Directness, Verdict

FAILURE_SCORE = 0.25
"""A best score below this is what healthy clouds show too."""

LIKELY_GUILT = 0.5
CONFIRMED_DIRECT = 0.7


def verdict_on(candidates: Sequence[Candidate], doubtful: bool = False) -> Verdict:
    """How far the best candidate can be trusted, or that there is nothing to trust.

    Args:
        candidates: the accused.
        doubtful: thin evidence leaves a doubt, it does not clear.
    """
    best = max(candidates, key=lambda candidate: candidate.score_alone, default=None)
    if best is None or best.score_alone < FAILURE_SCORE:
        return Verdict.INCONCLUSIVE if best is not None and doubtful else Verdict.NO_FAILURE_FOUND
    own_words = (finding.strength for finding in best.findings if finding.directness is Directness.CAUSE)
    if max(own_words, default=0.0) >= CONFIRMED_DIRECT:
        return Verdict.CONFIRMED
    kinds = {finding.directness for finding in best.findings}
    if best.guilt >= LIKELY_GUILT and kinds != {Directness.SYMPTOM}:
        return Verdict.LIKELY
    return Verdict.INCONCLUSIVE
