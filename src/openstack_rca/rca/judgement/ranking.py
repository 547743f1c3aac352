"""Ranking: the candidates in order, by what is left of their guilt and by how much of the trouble they explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from openstack_rca.rca.evidence import noisy_or
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.weights import current

_NEVER = datetime.max.replace(tzinfo=UTC)


def rank(
    candidates: Sequence[Candidate], relevance: Mapping[str, float], boosted: Mapping[str, float] | None = None
) -> list[Candidate]:
    """Score and sort the candidates.

    Args:
        candidates: with their guilt, and what explains them.
        relevance: fit of each component to the issue text, in [0, 1]; missing means 0.
        boosted: the same with what similar past incidents add; they may decide between causes, not whether there is a
            failure.

    Returns:
        Candidates, best first.
    """
    for candidate in candidates:
        fit = relevance.get(candidate.component, 0.0)
        candidate.relevance = fit if boosted is None else boosted.get(candidate.component, 0.0)
        candidate.score_alone = _score(candidate, fit)
        candidate.score = _score(candidate, candidate.relevance)
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.onset or _NEVER, candidate.component))


def _score(candidate: Candidate, relevance: float) -> float:
    """What is left of a candidate's guilt, and how much of the trouble it accounts for, in [0, 1].

    What a component says of itself stands, however little hangs on it; what others say of it, and its silence, a guilty
    dependency explains, and it weighs by how much of the trouble it explains in turn.
    """
    table = current()
    explained = candidate.explained_by[1] if candidate.explained_by else 0.0
    indirect = noisy_or([candidate.accused, candidate.silent, candidate.symptom]) * (1.0 - table.explained * explained)
    own = candidate.direct * (1.0 - table.explained_words * explained)
    reach = table.reach + table.explains * candidate.explains_share + 0.10 * relevance
    return noisy_or([own * max(reach, table.own_reach), indirect * reach])
