"""Confidence: from the kind of proof and the score of a first answer to the probability that it is right.

The map rises with both: first with the verdict that the proof allows, then with the score. It is fitted on labelled cases by
``scripts/fit_confidence.py`` (isotonic regression) and kept in ``confidence.json`` with its date and the number of answers that
each of its steps rests on. No step rests on fewer than ten, so a confidence may be told as a number everywhere.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.shipped import shipped_text

_RUNGS = {Verdict.NO_FAILURE_FOUND: 0.0, Verdict.INCONCLUSIVE: 0.0, Verdict.LIKELY: 1.0, Verdict.CONFIRMED: 2.0}


class Step(NamedTuple):
    """One step of the map: mean place of its answers (``place_on_ladder``), share of them that was right, their number."""

    place: float
    share: float
    answers: int


def place_on_ladder(standing: Verdict, score: float) -> float:
    """Place of an answer among all, the least proven first, in [0, 3]: rank of its verdict (0, 1 or 2) plus its score."""
    return _RUNGS[standing] + min(max(score, 0.0), 1.0)


@cache
def fitted_steps() -> tuple[Step, ...]:
    """The stored map from place to probability, in ascending order of place."""
    stored = json.loads(shipped_text("openstack_rca.rca.judgement", "confidence.json"))
    return tuple(Step(*step) for step in stored["steps"])


def probability(standing: Verdict, score: float, steps: Sequence[Step] | None = None) -> float:
    """Probability, in [0, 1], that a first answer of this verdict and score is right, by ``steps`` or else the stored map."""
    known = fitted_steps() if steps is None else steps
    place = place_on_ladder(standing, score)
    after = bisect_right(known, place, key=lambda step: step.place)
    if after in (0, len(known)):
        return known[min(after, len(known) - 1)].share
    below, above = known[after - 1 : after + 1]
    return below.share + (above.share - below.share) / (above.place - below.place) * (place - below.place)
