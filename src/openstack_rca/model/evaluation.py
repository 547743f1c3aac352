"""Every figure of a training, measured on real events with the very pass that scores later."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.baseline import busiest_minutes
from openstack_rca.model.calibration import Calibration, calibration_error
from openstack_rca.model.lessons import TEST, TRAIN, VALIDATION
from openstack_rca.model.measures import class_measures
from openstack_rca.model.rivals import next_template_rivals, rate_rival, unseen_rival
from openstack_rca.model.scoring import Forward, event_surprise
from openstack_rca.model.sequences import encode
from openstack_rca.model.vocabulary import Vocabulary

ALARM_SCORE = 0.99


def measure_recording(
    events: pl.DataFrame,
    parts: npt.NDArray[np.int8],
    forward: Forward,
    vocabulary: Vocabulary,
) -> tuple[dict[str, float], Calibration, dict[str, Any]]:
    """Read the recording once, calibrate on the validation part, measure all parts.

    Returns the metrics; the calibration; and, for plots, the test part's scores (``test_scores``) and each event's
    ``surprise``.
    """
    begun = time.process_time()
    steps = encode(events, vocabulary)
    scores = forward.score(steps)
    seconds = time.process_time() - begun
    surprise = event_surprise(steps, scores, vocabulary.others)
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
    learned = busiest_minutes(events.filter(pl.Series(parts == TRAIN)))
    metrics["calibration_error"] = calibration_error(calibrated[test])
    metrics["test_alarm_share"] = float((calibrated[test] >= ALARM_SCORE).mean())
    metrics["rival_unseen_test_alarm_share"] = float(unseen_rival(test_events, learned).mean())
    metrics["rival_rate_test_alarm_share"] = float((rate_rival(test_events, learned) > 1.0).mean())
    return metrics, calibration, {"test_scores": calibrated[test], "surprise": surprise}
