"""Confidence: from the score of a first answer to the probability that it is right.

The map rises with the score. Its knots were read off labelled cases: of the answers given with about one score, how many were
right, drawn towards one half where there were few. They are in-sample: no kind of fault was left out when they were set.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CASES = 44
"""Labelled cases that the map rests on: field reports and the incidents of two recorded clouds, answered without a model."""

FITTED = "2026-11-25"
KNOTS: tuple[tuple[float, float], ...] = ((0.0, 0.35), (0.3, 0.55), (0.45, 0.75), (0.6, 0.92), (0.8, 0.95), (1.0, 0.96))
"""Score, and the probability that an answer with this score is right; between them a straight line."""


def probability(score: float, knots: Sequence[tuple[float, float]] = KNOTS) -> float:
    """Probability that a first answer with this score is right, in [0, 1]."""
    scores, shares = zip(*knots, strict=True)
    return float(np.interp(score, scores, shares))
