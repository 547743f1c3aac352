"""Train a model on normal logs, measure it on later ones, write it as one file.

The recording is split by time: the earliest events train, the next choose the best epoch and calibrate the scores,
the latest are only measured. Everything said about the test part is about events that came after all that was learned.
Two trainings with the same data, settings and seed give the same weights on the same machine with the same package
versions; across machines the last bits of floating-point sums may differ.
"""

import dataclasses
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
from openstack_rca.model.calibration import StoryCalibration, StoryFigures
from openstack_rca.model.card import FORMAT_VERSION, TrainingCard, TrainingConfig, TrainingProgress, fingerprint
from openstack_rca.model.evaluation import measure_recording
from openstack_rca.model.lessons import BETWEEN, TRAIN, VALIDATION, Material, cut_up
from openstack_rca.model.scoring import Forward, event_surprise, weights_digest
from openstack_rca.model.sequences import encode, encode_stories
from openstack_rca.model.stories import build_stories
from openstack_rca.model.story_learning import held_out_figures, out_of_fold, select, story_figures
from openstack_rca.model.story_truth import measure_stories
from openstack_rca.model.vocabulary import FloatArray, Vocabulary
from openstack_rca.model.warm_start import Parent, carried_over, extended
from openstack_rca.plain_text import counted

__all__ = ["TrainingCard", "TrainingConfig", "TrainingProgress", "TrainingResult", "save", "train"]

MINIMUM_EVENTS = 2000
"""A tenth of them calibrates the scores: 200 events, of which two lie above a score of 0.99."""
MINIMUM_MINUTES = 5.0
"""Periodic work of OpenStack services comes once a minute: it must have come several times in the training part."""
MINIMUM_TEMPLATES = 2

FIRST_PASS_DIVISOR = 6
"""The first pass takes this part of the epochs; what surprises most after it is left out of the rest."""
SURPRISING_EVENTS, SURPRISING_STORIES = 0.001, 0.005
"""Shares of events and stories, the most surprising, that the second pass does not learn from."""
MOST_TROUBLED_MINUTES = 0.5
ENOUGH_HELD_OUT = 60
"""Held-back stories that calibrate without folds."""
NO_STORIES_NOTE = "too few stories to learn from: the model knows process streams only"

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
            ``measures.class_measures``), ``inference_time`` in CPU-milliseconds per 1000 events, ``calibration_error``,
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
    trouble: npt.NDArray[np.bool_] | None = None,
    parent: Parent | None = None,
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> TrainingResult:
    """Learn what normal looks like.

    Args:
        events: events table of one or several recordings without faults, behind one another (small trouble of a real
            cloud does no harm: it is left out).
        source: where the logs came from, in the user's words; kept in the card.
        trouble: (events,) what rules call a failure; nothing normal is learned from these events, nor from the stories
            that hold one.
        parent: a model to train on from: its weights are the first ones, its baseline is added to, its widths are kept.
        on_progress: called after every gradient step.

    Raises:
        NotEnoughTrainingData: the recording is too short, or most of it is trouble; the message says how much is needed
            and is there.
        TrainingInterrupted: Ctrl-C; nothing was written.
    """
    begun = time.process_time()
    require_enough(events)
    if trouble is not None:
        require_mostly_normal(events, trouble)
    if parent is not None:
        config = parent.fitting(config)
    try:
        material = cut_up(events, build_stories(events), config.validation_fraction, config.test_fraction, config.seed)
        if trouble is not None:
            material = material.without(trouble, np.zeros(len(material.stories.names), dtype=np.bool_))
        return _train(material, config, source, parent, on_progress, begun)
    except KeyboardInterrupt as interrupt:
        raise TrainingInterrupted(
            "Training was stopped before it was done; no model was written.", "Run it again to train from the start."
        ) from interrupt


def require_enough(events: pl.DataFrame) -> None:
    """Refuse what is too small to learn from. Raises NotEnoughTrainingData: says how much is needed and is there."""
    times = events["time"].drop_nulls()
    minutes = (times.max() - times.min()).total_seconds() / 60.0 if len(times) else 0.0  # type: ignore[operator,union-attr]
    frequent = events.group_by("template_id").len().filter(pl.col("len") > 1).height
    if events.height >= MINIMUM_EVENTS and minutes >= MINIMUM_MINUTES and frequent >= MINIMUM_TEMPLATES:
        return
    raise NotEnoughTrainingData(
        f"Training needs at least {MINIMUM_EVENTS:,} events over at least {MINIMUM_MINUTES:g} minutes and"
        f" {MINIMUM_TEMPLATES} kinds of message that repeat; these logs hold {counted(events.height, 'event')} over"
        f" {minutes:.1f} minutes and {counted(frequent, 'such kind')}.",
        "Give logs of a longer time without faults, from all hosts and services.",
    )


def require_mostly_normal(events: pl.DataFrame, trouble: npt.NDArray[np.bool_]) -> None:
    """Refuse a recording that is mostly trouble: what a model learns from it, it would take for normal.

    Raises NotEnoughTrainingData: in more than ``MOST_TROUBLED_MINUTES`` of its minutes something fails.
    """
    minutes = (
        events.select(pl.col("time").dt.truncate("1m").alias("minute"), pl.Series("trouble", trouble))
        .drop_nulls("minute")
        .group_by("minute")
        .agg(pl.col("trouble").any())
    )
    share = float(minutes["trouble"].mean() or 0.0)  # type: ignore[arg-type]
    if share > MOST_TROUBLED_MINUTES:
        raise NotEnoughTrainingData(
            f"This recording is mostly trouble: in {share:.0%} of its {minutes.height} minutes something fails"
            f" ({int(trouble.sum()):,} events say so). A model would take that for normal.",
            "Give logs of a time without faults; 'openstack-rca analyze' says what fails in these.",
        )


def _train(
    material: Material,
    config: TrainingConfig,
    source: str,
    parent: Parent | None,
    on_progress: Callable[[TrainingProgress], None] | None,
    begun: float,
) -> TrainingResult:
    # Keras costs seconds to import: only here.
    from openstack_rca.model import network

    clean = material.events.filter(pl.Series((material.parts == TRAIN) & ~material.trouble))
    kinds = [kind for kind, part in zip(material.stories.kind, material.story_parts, strict=True) if part == TRAIN]
    vocabulary = Vocabulary.learn(clean, config.vocabulary_size, kinds)
    if parent is not None:
        vocabulary = extended(parent.vocabulary, vocabulary)
    called = material.trouble
    # Before the network, which takes as much memory as this does.
    baseline = Baseline.learn(material.events.filter(pl.Series(~called)))
    if parent is not None:
        baseline = parent.baseline.merged(baseline)
    model, history, material = _fit(material, vocabulary, config, parent, on_progress)

    weights = network.weights_of(model)
    forward = Forward(weights)
    metrics, calibration, details = measure_recording(material.events, material.parts, forward, vocabulary)
    stories = None
    if material.with_stories:
        stories = _calibrate_stories(material, forward, vocabulary, config)
        metrics |= measure_stories(material, forward, vocabulary, stories)
    digest = weights_digest(weights)
    card = _card(material, called, config, source, metrics, digest, time.process_time() - begun, parent)
    network.records_of(model).files = Assets(card, vocabulary, calibration, baseline, stories).to_files(digest)
    return TrainingResult(
        keras_model=model,
        card=card,
        history=history,
        metrics=metrics,
        summary=network.summary_text(model),
        test_scores=details["test_scores"],
        surprising=_surprising(material.events, material.parts, details["surprise"]),
    )


def _fit(
    material: Material,
    vocabulary: Vocabulary,
    config: TrainingConfig,
    parent: Parent | None,
    on_progress: Callable[[TrainingProgress], None] | None,
) -> tuple[Any, list[dict[str, float]], Material]:
    """Train; the material comes back without what surprised most after the first pass."""
    from openstack_rca.model import fitting, network

    model, training_model = network.build(vocabulary, config)
    if parent is not None:
        network.set_weights(model, carried_over(parent, vocabulary, network.weights_of(model)))
    steps = material.steps(vocabulary)
    kept = [material]

    def review(weights: dict[str, FloatArray]) -> fitting.Lessons:
        kept.append(without_surprising(material, Forward(weights), vocabulary))
        return fitting.Lessons(kept[-1].weights(steps, TRAIN))

    history = fitting.fit(
        training_model,
        steps,
        fitting.Lessons(material.weights(steps, TRAIN)),
        fitting.Lessons(material.weights(steps, VALIDATION)),
        config,
        on_progress,
        fitting.Review(max(1, config.epochs // FIRST_PASS_DIVISOR), review),
    )
    return model, history, kept[-1]


def without_surprising(material: Material, forward: Forward, vocabulary: Vocabulary) -> Material:
    """The material without the most surprising share of the training part's events and stories.

    ``forward`` is a network after its first pass, or one that knew this cloud before.
    """
    steps = encode(material.events, vocabulary)
    surprise = event_surprise(steps, forward.score(steps), vocabulary.others)
    learned = (material.parts == TRAIN) & ~material.trouble
    events = learned & (surprise > np.quantile(surprise[learned], 1.0 - SURPRISING_EVENTS))
    stories = np.zeros(len(material.stories.names), dtype=np.bool_)
    if material.with_stories:
        told = encode_stories(material.events, material.stories, vocabulary)
        mean = story_figures(told, forward.score(told), vocabulary.others).mean
        usable = material.chosen_stories(TRAIN)
        stories = usable & (mean > np.quantile(mean[usable], 1.0 - SURPRISING_STORIES))
    # A single surprising event is not a reason to leave out all stories that it stands in.
    return dataclasses.replace(material, trouble=material.trouble | events, troubled=material.troubled | stories)


def _calibrate_stories(
    material: Material, forward: Forward, vocabulary: Vocabulary, config: TrainingConfig
) -> StoryCalibration:
    """From the held-back stories where there are enough, else from folds over all but the test part."""
    held = select(material.stories, material.chosen_stories(VALIDATION, BETWEEN))
    if len(held.names) >= ENOUGH_HELD_OUT:
        steps = encode_stories(material.events, held, vocabulary)
        random = np.random.default_rng([config.seed, 2])
        found = held_out_figures(steps, forward.score(steps), vocabulary.others, random)
        return StoryCalibration.learn(StoryFigures.together(found), [*held.kind, *held.kind])
    usable = select(material.stories, material.chosen_stories(TRAIN, VALIDATION))
    return out_of_fold(material.events, usable, config).calibration


def _card(
    material: Material,
    called: npt.NDArray[np.bool_],
    config: TrainingConfig,
    source: str,
    metrics: dict[str, float],
    digest: str,
    cpu_seconds: float,
    parent: Parent | None,
) -> TrainingCard:
    events = material.events
    return TrainingCard(
        format_version=FORMAT_VERSION,
        created=datetime.now(UTC),
        source=source,
        data_fingerprint=fingerprint(events),
        first=events["time"].min(),  # type: ignore[arg-type]
        last=events["time"].max(),  # type: ignore[arg-type]
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
        stories=len(material.stories.names),
        left_out={
            "events_called_a_failure": int(called.sum()),
            "most_surprising_events": int((material.trouble & ~called).sum()),
            "stories": int(material.troubled.sum()),
        },
        parent=parent.facts() if parent is not None else {},
        notes=() if material.with_stories else (NO_STORIES_NOTE,),
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
    """Write the model as one ``.keras`` file, whole or not at all; ValueError: another ending, OSError: it cannot be written."""
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
