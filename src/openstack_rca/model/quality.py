"""How well a model predicts logs that it has not learned from, in figures that two models can be compared by."""

import math
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from openstack_rca.model.evaluation import ALARM_SCORE
from openstack_rca.model.lessons import TEST, split_by_time
from openstack_rca.model.model_file import ModelFile

MEASURED_LEAST = 100
"""Events below which a share says too little to judge a model by."""

SMALLEST_LOSS_RISE = 0.02
"""Nats an event: a rise below this is not a loss of quality, however large it is beside a loss of almost nothing."""


@dataclass(frozen=True)
class Figures:
    """What a model does on a stretch of normal logs.

    Attributes:
        events: how many were measured.
        accuracy: share of events whose template was the most likely one by name; never by "other", so that it compares
            models that know different templates.
        class_accuracy: the same with all templates that the model calls "other" taken as one, as in its training card.
        loss: mean surprise, nats per event, over templates (the probability of "other" shared among its templates).
        alarm_share: share of events that score ``ALARM_SCORE`` or more; a calibrated model has 1 % of normal events.
        unseen_share: share of events whose template the model's training recording does not hold.
    """

    events: int
    accuracy: float
    class_accuracy: float
    loss: float
    alarm_share: float
    unseen_share: float

    def as_json(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class Changes:
    """Second model against first on the same events; above 0 is more.

    Attributes:
        accuracy: the second's less the first's: the ``performance_delta``.
        loss: the same of the loss, in nats per event.
        objection: why the second is worse by more than the margin; empty if it is not.
    """

    accuracy: float
    loss: float
    objection: str


def held_out(events: pl.DataFrame, validation_fraction: float, test_fraction: float) -> pl.Series:
    """(events,) whether an event is in the test part of a training with these fractions."""
    return pl.Series(split_by_time(events["time"], validation_fraction, test_fraction) == TEST)


def figures(predicted: pl.DataFrame, chosen: pl.Series | None = None) -> Figures:
    """Sum up ``ModelFile.predict``, of the chosen events or of all. Raises ValueError: there is no event to measure."""
    rows = predicted if chosen is None else predicted.filter(chosen)
    if not rows.height:
        raise ValueError("there is no event to measure")
    means = rows.select(
        accuracy=pl.col("named").mean(),
        class_accuracy=pl.col("right").mean(),
        loss=pl.col("surprise").cast(pl.Float64).mean(),
        alarm_share=(pl.col("score") >= ALARM_SCORE).mean(),
        unseen_share=pl.col("unseen").mean(),
    ).row(0, named=True)
    return Figures(events=rows.height, **{name: float(value) for name, value in means.items()})


def changes(first: Figures, second: Figures, margin: float) -> Changes:
    """Compare two models' figures on the same events; the second worse by more than the share ``margin`` is an objection."""
    accuracy, loss = relative(first.accuracy, second.accuracy), relative(first.loss, second.loss)
    objections = []
    if accuracy < -margin:
        objections.append(f"its accuracy {second.accuracy:.3f} is {-accuracy:.1%} below {first.accuracy:.3f}")
    if loss > margin and second.loss - first.loss > SMALLEST_LOSS_RISE:
        objections.append(f"its loss {second.loss:.3f} is {loss:.1%} above {first.loss:.3f} nats per event")
    return Changes(second.accuracy - first.accuracy, second.loss - first.loss, " and ".join(objections))


def relative(before: float, after: float) -> float:
    """``(after - before) / before``; where ``before`` is 0, the sign of ``after`` (-1, 0, 1)."""
    if before == 0:
        return 0.0 if after == 0 else math.copysign(1.0, after)
    return (after - before) / before


def accuracy_drift(model: ModelFile, now: Figures) -> float:
    """How much accuracy a model has lost since its training: ``then - now``.

    Then is the held-out part of its own training (``test_accuracy`` of the card), now is other logs.
    """
    then = model.card.metrics.get("test_accuracy", math.nan)
    return then - now.class_accuracy


def check_scores(predicted: pl.DataFrame) -> str:
    """What is wrong with a model's scores; empty if nothing is."""
    surprise, score = predicted["surprise"].to_numpy(), predicted["score"].to_numpy()
    if not np.isfinite(surprise).all() or not np.isfinite(score).all():
        return "some of its scores are not numbers"
    if score.min(initial=0.0) < 0.0 or score.max(initial=1.0) > 1.0:
        return "some of its scores are not between 0 and 1"
    return ""
