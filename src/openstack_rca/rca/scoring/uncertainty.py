"""How sure the figures are: intervals, reliability of confidences, confusion."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
_BINS = 5


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).

    Args:
        values: one value per incident.

    Returns lower and upper bound at ``LEVEL``; (0, 0) without values.
    """
    if not values:
        return 0.0, 0.0
    generator = np.random.default_rng(0)
    data = np.asarray(values, dtype=float)
    means = data[generator.integers(0, len(data), (RESAMPLES, len(data)))].mean(axis=1)
    tail = (1.0 - LEVEL) / 2.0
    return float(np.quantile(means, tail)), float(np.quantile(means, 1.0 - tail))


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Score interval of a share (Wilson, "Probable inference, the law of succession, and statistical inference", 1927).

    It keeps a width where all or none are hits, of which a bootstrap makes a point.

    Returns lower and upper bound at ``LEVEL``; (0, 0) of nothing.
    """
    if not of:
        return 0.0, 0.0
    z = NormalDist().inv_cdf((1.0 + LEVEL) / 2.0)
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_difference(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """Mean of ``second - first`` over the same incidents, with its bootstrap interval, wins and losses.

    Raises ValueError: the two do not belong to the same incidents.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values cannot be paired")
    differences = [after - before for before, after in zip(first, second, strict=True)]
    low, high = bootstrap_interval(differences)
    return {
        "difference": float(np.mean(differences)) if differences else 0.0,
        "low": low,
        "high": high,
        "wins": float(sum(difference > 0 for difference in differences)),
        "losses": float(sum(difference < 0 for difference in differences)),
    }


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[dict[str, float]]:
    """Reliability table: of the answers given with about one confidence, how many were right (Murphy, 1973).

    Args:
        confidences: confidence of each first answer, in [0, 1].
        right: whether it was right.

    Returns one row for each of five bins of equal width that holds an answer: from, to, answers, mean_confidence, share_right.
    """
    rows = []
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [
            (confidence, hit)
            for confidence, hit in zip(confidences, right, strict=True)
            if low <= confidence < high or (number == _BINS - 1 and confidence == high)
        ]
        if inside:
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "answers": float(len(inside)),
                    "mean_confidence": round(sum(item[0] for item in inside) / len(inside), 3),
                    "share_right": round(sum(item[1] for item in inside) / len(inside), 3),
                }
            )
    return rows


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Mean distance of confidence and share right over the rows of ``reliability``, weighted by answers (Naeini, 2015).

    Returns a value in [0, 1]; None without answers.
    """
    rows = reliability(confidences, right)
    answers = sum(row["answers"] for row in rows)
    if not answers:
        return None
    return round(sum(row["answers"] * abs(row["mean_confidence"] - row["share_right"]) for row in rows) / answers, 4)


def confusion(expected: Sequence[str], answered: Sequence[str]) -> list[dict[str, Any]]:
    """Wrong first answers: what was expected, what was named instead, how often; most frequent first."""
    wrong = Counter((truth, answer) for truth, answer in zip(expected, answered, strict=True) if truth != answer)
    return [{"expected": truth, "answered": answer, "count": count} for (truth, answer), count in wrong.most_common()]
