"""Ranking: the candidates in order, by what is left of their guilt and by how much of the trouble they explain."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from openstack_rca.rca.evidence import Finding, noisy_or
from openstack_rca.rca.judgement.guilt import Candidate
from openstack_rca.rca.vocabulary import Directness
from openstack_rca.rca.weights import current

_NEVER = datetime.max.replace(tzinfo=UTC)


def rank(candidates: Sequence[Candidate], relevance: Mapping[str, float]) -> list[Candidate]:
    """Score the candidates, in place, and return them sorted, the best first.

    ``relevance`` (fit to the issue text and to similar past incidents, in [0, 1]) decides between candidates whose scores are
    as good as equal, and nothing else.
    """
    for candidate in candidates:
        candidate.relevance = relevance.get(candidate.component, 0.0)
        candidate.score = _score(candidate)
    _put_sufferers_behind(candidates)
    ranked = sorted(
        candidates, key=lambda candidate: (-candidate.score, candidate.onset or _NEVER, candidate.component)
    )
    tied = [candidate for candidate in ranked if candidate.score >= ranked[0].score - current().tie]
    ranked = sorted(tied, key=lambda candidate: -candidate.relevance) + ranked[len(tied) :]
    for best, second in pairwise(ranked[:2]):
        hangs_on = second.component in best.explains or (second.explained_by or ("",))[0] == best.component
        best.rivalled = second.score >= current().rival * best.score and not hangs_on
    return ranked


def _put_sufferers_behind(candidates: Sequence[Candidate]) -> None:
    """Where nobody is plainly at fault, an error that no rule knows says more than what is known to follow from another fault.

    So does one that tells a kind of fault beside those that tell none: an API says only that what it asked for failed.
    """
    table = current()
    if max((candidate.score for candidate in candidates), default=0.0) >= table.failure:
        return
    for telling in (True, False):
        new = (candidate.score for candidate in candidates if _says_something_new(candidate, telling))
        untold = max(new, default=0.0)
        for candidate in candidates:
            if untold > 0 and all(_follows(finding, telling) for finding in candidate.findings):
                candidate.score = min(candidate.score, max(0.0, untold - 2 * table.tie))


def _says_something_new(candidate: Candidate, telling: bool) -> bool:
    """Whether a candidate logged an error that no rule knows; ``telling``: in words that tell a kind of fault."""
    return any(
        finding.unexplained and finding.accuser == finding.accused and not (telling and finding.vague)
        for finding in candidate.findings
    )


def _follows(finding: Finding, telling: bool) -> bool:
    """Whether a finding is known to follow from another fault, or, beside one that tells its kind, tells none."""
    return finding.directness is Directness.SYMPTOM and (finding.signature is not None or (telling and finding.vague))


def _score(candidate: Candidate) -> float:
    """What is left of a candidate's guilt, and how much of the trouble it accounts for, in [0, 1].

    What a component says of itself stands, however little hangs on it; what others say of it, and its silence, a guilty
    dependency explains, and it weighs by how much of the trouble it explains in turn.
    """
    table = current()
    explained = candidate.explained_by[1] if candidate.explained_by else 0.0
    indirect = noisy_or([candidate.accused, candidate.silent, candidate.symptom]) * (1.0 - table.explained * explained)
    own = candidate.direct * (1.0 - table.explained_words * explained)
    reach = table.reach + (1.0 - table.reach) * candidate.explains_share
    return noisy_or([own * max(reach, table.own_reach), indirect * reach])
