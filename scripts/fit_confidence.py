#!/usr/bin/env python3
"""Fit the map from proof and score to confidence on labelled incidents, and store it with its date and numbers.

Every incident is answered twice: as it is, and without the signatures that speak for its kind of fault, since an installation
meets both kinds that the rules know and kinds that nobody wrote down. A healthy window that is not cleared counts as one wrong
answer. The calibration error is told leave-one-kind-out.

    python scripts/fit_confidence.py DIR...     # folders of labelled incidents
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from openstack_rca.rca.judgement.confidence import Step, place_on_ladder, probability
from openstack_rca.rca.scoring.uncertainty import expected_calibration_error
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service.evaluation import evaluate
from openstack_rca.settings import load_settings

STORED = Path(__file__).resolve().parents[1] / "src" / "openstack_rca" / "rca" / "judgement" / "confidence.json"

LEAST_ANSWERS = 10
"""A step of the map that rests on fewer answers is joined to its neighbour."""

_PRIOR = (1.0, 2.0)
"""One right answer of two is added to each step: nothing is certain, and nothing hopeless."""


@dataclass(frozen=True)
class LabelledAnswer:
    """A first answer whose truth is known.

    Attributes:
        group: kind of fault; answers of one group are never fitted and tested together.
        verdict: what kind of proof there was.
    """

    group: str
    verdict: Verdict
    score: float
    right: bool


def fit_steps(answers: Sequence[LabelledAnswer], least: int = LEAST_ANSWERS) -> list[Step]:
    """The map that rises nowhere against the answers: isotonic regression by pooling adjacent violators (Ayer et al., 1955).

    Args:
        answers: labelled answers; at least one.
        least: answers that a step must rest on.

    Returns:
        Steps by rising place, their shares never falling.
    """
    ordered = sorted(answers, key=lambda answer: place_on_ladder(answer.verdict, answer.score))
    pools: list[tuple[float, float, int]] = []
    for answer in ordered:
        pools.append((place_on_ladder(answer.verdict, answer.score), float(answer.right), 1))
        while len(pools) > 1 and _must_join(pools[-2], pools[-1], least):
            pools[-2:] = [_joined(*pools[-2:])]
    while len(pools) > 1 and pools[-1][2] < least:
        pools[-2:] = [_joined(*pools[-2:])]
    return [
        Step(round(at / n, 4), round((right + _PRIOR[0]) / (n + _PRIOR[1]), 4), n) for at, right, n in _risen(pools)
    ]


def _must_join(one: tuple[float, float, int], other: tuple[float, float, int], least: int) -> bool:
    return one[2] < least or (other[2] >= least and _share(one) >= _share(other))


def _risen(pools: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The pools without a fall between neighbours, the prior counted."""
    kept: list[tuple[float, float, int]] = []
    for pool in pools:
        kept.append(pool)
        while len(kept) > 1 and _share(kept[-2]) >= _share(kept[-1]):
            kept[-2:] = [_joined(*kept[-2:])]
    return kept


def _share(pool: tuple[float, float, int]) -> float:
    return (pool[1] + _PRIOR[0]) / (pool[2] + _PRIOR[1])


def _joined(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def leave_one_group_out_error(answers: Sequence[LabelledAnswer], least: int = LEAST_ANSWERS) -> float | None:
    """Expected calibration error where each answer's confidence comes from a map fitted without its group."""
    told = []
    for answer in answers:
        steps = fit_steps([other for other in answers if other.group != answer.group], least)
        told.append(probability(answer.verdict, answer.score, steps))
    return expected_calibration_error(told, [answer.right for answer in answers])


def main(folders: list[Path]) -> None:
    """Fit on the incidents of the folders, print what comes of it and store it."""
    result = evaluate(folders, settings=load_settings(mlflow_enabled=False), model="none", leave_one_out=True)
    given = [*result["answered"], *(one for one in result["leave_one_out"]["answered"] if not one["healthy"])]
    answers = [LabelledAnswer(one["group"], Verdict(one["verdict"]), one["score"], one["right"]) for one in given]
    steps = fit_steps(answers)
    error = leave_one_group_out_error(answers)
    stored = {
        "fitted": f"{datetime.now(UTC):%Y-%m-%d}",
        "incidents": result["incidents"],
        "healthy_windows": result["healthy_windows"],
        "answers": len(answers),
        "kinds": len({answer.group for answer in answers}),
        "calibration_error_leave_one_kind_out": error,
        "steps": [list(step) for step in steps],
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(stored, indent=1))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
