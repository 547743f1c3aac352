"""Train a model on normal logs, measure it on later ones, write it as one file.

The recording is split by time: the earliest events train, the next choose the best epoch and calibrate the scores,
the latest are only measured. Everything said about the test part is about events that came after all that was learned.
Two trainings with the same data, settings and seed give the same weights on the same machine with the same package
versions; across machines the last bits of floating-point sums may differ.
"""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.errors import NotEnoughTrainingData, TrainingInterrupted
from openstack_rca.logs.templates import MASK_VERSION
from openstack_rca.model.assets import Assets
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.card import FORMAT_VERSION, TrainingCard, TrainingConfig, TrainingProgress, fingerprint
from openstack_rca.model.evaluation import TRAIN, VALIDATION, measure_recording, split_by_time
from openstack_rca.model.scoring import Forward, weights_digest
from openstack_rca.model.sequences import Steps, encode
from openstack_rca.model.vocabulary import Vocabulary

__all__ = ["TrainingCard", "TrainingConfig", "TrainingProgress", "TrainingResult", "save", "train"]

MINIMUM_EVENTS = 2000
"""A tenth of them calibrates the scores: 200 events, of which two lie above a score of 0.99."""
MINIMUM_MINUTES = 5.0
"""Periodic work of OpenStack services comes once a minute: it must have come several times in the training part."""
MINIMUM_TEMPLATES = 2

_PACKAGES = ("keras", "jax", "jaxlib", "numpy", "polars", "h5py")


@dataclass
class TrainingResult:
    """A trained model that is not yet written.

    Attributes:
        keras_model: uncompiled; its ``records`` layer carries the assets.
        card: what is said about the training, metrics included.
        history: one dictionary an epoch (``fitting.fit``).
        metrics: final figures; ``loss``, ``accuracy``, ``precision``, ``recall``, ``macro_*`` on the training part,
            ``val_*`` and ``test_*`` on the later parts (precision and recall weighted by template frequency, see
            ``measures.class_measures``), ``inference_time`` in ms per 1000 events, ``calibration_error``,
            ``rival_*`` of the simplest rivals on the same events.
        summary: ``model.summary()`` as text.
        test_scores: calibrated scores of the test part, for plots.
        surprising: the test part's templates of highest mean surprise: template, service, count, surprise.
    """

    keras_model: Any
    card: TrainingCard
    history: list[dict[str, float]]
    metrics: dict[str, float]
    summary: str
    test_scores: npt.NDArray[np.float64]
    surprising: pl.DataFrame


def train(
    events: pl.DataFrame,
    config: TrainingConfig,
    *,
    source: str = "",
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> TrainingResult:
    """Learn what normal looks like.

    Args:
        events: events table of a recording without faults (small trouble of a real cloud does no harm).
        config: settings of the training.
        source: where the logs came from, in the user's words; kept in the card.
        on_progress: called after every gradient step.

    Raises:
        NotEnoughTrainingData: the recording is too short; the message says how much is needed and is there.
        TrainingInterrupted: Ctrl-C; nothing was written.
    """
    begun = time.process_time()
    require_enough(events, config)
    try:
        return _train(events, config, source, on_progress, begun)
    except KeyboardInterrupt as interrupt:
        raise TrainingInterrupted(
            "Training was stopped before it was done; no model was written.", "Run it again to train from the start."
        ) from interrupt


def require_enough(events: pl.DataFrame, config: TrainingConfig) -> None:
    """Refuse what is too small to learn from.

    Raises:
        NotEnoughTrainingData: says how much is needed and how much is there.
    """
    times = events["time"].drop_nulls()
    minutes = (times.max() - times.min()).total_seconds() / 60.0 if len(times) else 0.0  # type: ignore[operator,union-attr]
    frequent = events.group_by("template_id").len().filter(pl.col("len") > 1).height
    if events.height >= MINIMUM_EVENTS and minutes >= MINIMUM_MINUTES and frequent >= MINIMUM_TEMPLATES:
        return
    raise NotEnoughTrainingData(
        f"Training needs at least {MINIMUM_EVENTS:,} events over at least {MINIMUM_MINUTES:g} minutes and"
        f" {MINIMUM_TEMPLATES} kinds of message that repeat; these logs hold {events.height:,} events over"
        f" {minutes:.1f} minutes and {frequent:,} such kinds.",
        "Give logs of a longer time without faults, from all hosts and services.",
    )


def _train(
    events: pl.DataFrame,
    config: TrainingConfig,
    source: str,
    on_progress: Callable[[TrainingProgress], None] | None,
    begun: float,
) -> TrainingResult:
    # Keras costs seconds to import: only here.
    from openstack_rca.model import fitting, network

    parts = split_by_time(events["time"], config.validation_fraction, config.test_fraction)
    vocabulary = Vocabulary.learn(events.filter(pl.Series(parts == TRAIN)), config.vocabulary_size)
    model, training_model = network.build(
        vocabulary,
        embedding_units=config.embedding_units,
        lstm_units=config.lstm_units,
        dropout_rate=config.dropout_rate,
        seed=config.seed,
    )
    steps = encode(events, vocabulary)
    learn, validate = _lessons(steps, parts)
    history = fitting.fit(training_model, steps, learn, validate, config, on_progress)
    del steps, learn, validate

    weights = network.weights_of(model)
    forward = Forward(weights)
    metrics, calibration, details = measure_recording(events, parts, forward, vocabulary)
    baseline = Baseline.learn(events)
    digest = weights_digest(weights)
    card = _card(events, config, source, metrics, baseline, digest, time.process_time() - begun)
    network.records_of(model).files = Assets(card, vocabulary, calibration, baseline).to_files(digest)
    return TrainingResult(
        keras_model=model,
        card=card,
        history=history,
        metrics=metrics,
        summary=network.summary_text(model),
        test_scores=details["test_scores"],
        surprising=_surprising(events, parts, details["surprise"]),
    )


def _lessons(steps: Steps, parts: npt.NDArray[np.int8]) -> tuple[Any, Any]:
    from openstack_rca.model.fitting import Lessons

    part_of_target = np.where(steps.target >= 0, parts[steps.target_event], -1)
    return (
        Lessons((part_of_target == TRAIN).astype(np.float32)),
        Lessons((part_of_target == VALIDATION).astype(np.float32)),
    )


def _card(
    events: pl.DataFrame,
    config: TrainingConfig,
    source: str,
    metrics: dict[str, float],
    baseline: Baseline,
    digest: str,
    cpu_seconds: float,
) -> TrainingCard:
    return TrainingCard(
        format_version=FORMAT_VERSION,
        created=datetime.now(UTC),
        source=source,
        data_fingerprint=fingerprint(events),
        first=baseline.first,
        last=baseline.last,
        events=events.height,
        lines=int(events["lines"].sum()),
        templates=events["template_id"].n_unique(),
        services=events["service"].drop_nulls().n_unique(),
        hosts=events["host"].drop_nulls().n_unique(),
        config=asdict(config),
        metrics=metrics,
        packages={name: importlib.metadata.version(name) for name in _PACKAGES},
        mask_version=MASK_VERSION,
        seed=config.seed,
        cpu_seconds=round(cpu_seconds, 3),
        weights_digest=digest,
    )


def _surprising(events: pl.DataFrame, parts: npt.NDArray[np.int8], surprise: npt.NDArray[np.float32]) -> pl.DataFrame:
    return (
        events.select("template", "service", pl.Series("surprise", surprise))
        .filter(pl.Series(parts > VALIDATION))
        .group_by("template", "service")
        .agg(pl.len().alias("count"), pl.col("surprise").mean())
        .sort("surprise", "template", descending=[True, False])
        .head(20)
    )


def save(result: TrainingResult, path: Path) -> None:
    """Write the model as one ``.keras`` file, whole or not at all.

    Raises:
        ValueError: the name does not end in ``.keras``.
        OSError: the folder cannot be written.
    """
    if path.suffix != ".keras":
        raise ValueError(f"a model file's name ends in .keras, not {path.name!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Same folder, so that the rename is atomic; Keras insists on the ending.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        unfinished = Path(folder) / path.name
        result.keras_model.save(unfinished)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(path)
