"""Every figure of a training, measured on real events with the very pass that scores later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.baseline import Baseline
from openstack_rca.model.calibration import Calibration, calibration_error
from openstack_rca.model.incidents import LabelledIncident
from openstack_rca.model.measures import auroc, binary_measures, class_measures
from openstack_rca.model.rivals import next_template_rivals, rate_rival, unseen_rival
from openstack_rca.model.scoring import Forward, event_scores
from openstack_rca.model.sequences import encode
from openstack_rca.model.vocabulary import Vocabulary

TRAIN, VALIDATION, TEST = 0, 1, 2
ALARM_SCORE = 0.99


def split_by_time(moments: pl.Series, validation_fraction: float, test_fraction: float) -> npt.NDArray[np.int8]:
    """(events,) ``TRAIN``, ``VALIDATION`` or ``TEST``, by time alone; events of one instant stay together.

    Args:
        moments: times in ascending order; missing ones come first.
    """
    count = len(moments)
    values = moments.dt.epoch("us").fill_null(-(2**62)).to_numpy()
    borders = []
    for share in (1.0 - test_fraction - validation_fraction, 1.0 - test_fraction):
        place = min(int(count * share), count - 1)
        borders.append(int(np.searchsorted(values, values[place], side="left")))
    parts = np.full(count, TEST, dtype=np.int8)
    parts[: borders[1]] = VALIDATION
    parts[: borders[0]] = TRAIN
    return parts


def measure_recording(
    events: pl.DataFrame,
    parts: npt.NDArray[np.int8],
    forward: Forward,
    vocabulary: Vocabulary,
) -> tuple[dict[str, float], Calibration, dict[str, Any]]:
    """Read the recording once, calibrate on the validation part, measure all parts.

    Returns:
        The metrics; the calibration; and, for plots, the test part's scores (``test_scores``) and each event's
        surprise (``surprise``).
    """
    begun = time.perf_counter()
    steps = encode(events, vocabulary)
    scores = forward.score(steps)
    seconds = time.perf_counter() - begun
    surprise = event_scores(steps, scores, vocabulary.others).surprise
    services = events["service"].to_list()
    held_out = parts == VALIDATION
    calibration = Calibration.learn(
        surprise[held_out], [name for name, held in zip(services, held_out, strict=True) if held]
    )
    calibrated = calibration.score(surprise, services)

    step_part = np.where(steps.target >= 0, parts[steps.target_event], -1)
    metrics: dict[str, float] = {}
    for part, prefix in ((TRAIN, ""), (VALIDATION, "val_"), (TEST, "test_")):
        chosen = step_part == part
        figures = class_measures(steps.target[chosen], scores.predicted[chosen])
        figures["loss"] = float(scores.surprise[chosen].mean(dtype=np.float64))
        metrics |= {prefix + name: value for name, value in figures.items()}
    metrics["inference_time"] = 1e6 * seconds / events.height
    rivals = next_template_rivals(steps, step_part == TRAIN, step_part == TEST, vocabulary.class_count)
    metrics |= {f"rival_{name.replace('_', '_test_', 1)}": value for name, value in rivals.items()}

    test = parts == TEST
    test_events = events.filter(pl.Series(test))
    learned = Baseline.learn(events.filter(pl.Series(parts == TRAIN)))
    metrics["calibration_error"] = calibration_error(calibrated[test])
    metrics["test_alarm_share"] = float((calibrated[test] >= ALARM_SCORE).mean())
    metrics["rival_unseen_test_alarm_share"] = float(unseen_rival(test_events, learned).mean())
    metrics["rival_rate_test_alarm_share"] = float((rate_rival(test_events, learned) > 1.0).mean())
    return metrics, calibration, {"test_scores": calibrated[test], "surprise": surprise}


def measure_incidents(
    incidents: Sequence[LabelledIncident],
    forward: Forward,
    vocabulary: Vocabulary,
    calibration: Calibration,
    baseline: Baseline,
) -> dict[str, float]:
    """Head 2, the score of head 1 and the two rivals on incidents that nothing was learned from.

    The truth is the fault's time window, so much of what counts as "part of the incident" is normal traffic: a figure
    says how far the events inside differ from those outside, and the rivals say how easy that was.
    """
    truth, score, unseen, rate, head = [], [], [], [], []
    for incident in incidents:
        steps = encode(incident.events, vocabulary)
        found = event_scores(steps, forward.score(steps), vocabulary.others)
        truth.append(incident.labels())
        score.append(calibration.score(found.surprise, incident.events["service"].to_list()))
        unseen.append(unseen_rival(incident.events, baseline))
        rate.append(rate_rival(incident.events, baseline))
        if found.incident is not None:
            head.append(found.incident)
    inside, scores = np.concatenate(truth), np.concatenate(score)
    new, often = np.concatenate(unseen), np.concatenate(rate)
    metrics = {"score_incident_auroc": auroc(inside, scores)}
    metrics |= _named("score_incident_", binary_measures(inside, scores >= ALARM_SCORE))
    metrics["rival_unseen_incident_auroc"] = auroc(inside, new.astype(np.float64))
    metrics |= _named("rival_unseen_incident_", binary_measures(inside, new))
    metrics["rival_rate_incident_auroc"] = auroc(inside, often)
    metrics |= _named("rival_rate_incident_", binary_measures(inside, often > 1.0))
    if head:
        probability = np.concatenate(head)
        metrics["incident_auroc"] = auroc(inside, probability)
        metrics |= _named("incident_", binary_measures(inside, probability >= 0.5))
    return metrics


def _named(prefix: str, figures: dict[str, float]) -> dict[str, float]:
    return {prefix + name: value for name, value in figures.items()}
