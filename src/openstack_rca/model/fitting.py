"""Gradient steps: chunks of streams as Keras batches, progress, early stopping.

Training cuts each stream into contiguous chunks (``sequences.cut``), each read from a zero state with a short warm-up
that carries no loss; gradients stop at a chunk's border (truncated backpropagation through time). So batches may be
drawn in any order, which learns faster than a state handed from batch to batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openstack_rca.model.card import TrainingConfig, TrainingProgress
from openstack_rca.model.network import keras
from openstack_rca.model.sequences import Steps, cut
from openstack_rca.model.vocabulary import FIRST_KNOWN, OTHER, OTHER_SERVICE, WORD_BUCKETS, FloatArray, hashed_words

__all__ = ["ChunkBatches", "Lessons", "TrainingProgress", "fit", "gather_inputs"]

WARM_UP = 16
HIDDEN_TEMPLATES = 0.05
HIDDEN_SERVICES = 0.02
"""Shares of events and chunks whose template or service is hidden in training: so the words of an unseen template and
the mark of an unseen service mean something when they are met."""
PATIENCE = 3


@dataclass(frozen=True)
class Lessons:
    """What is to be learned from steps.

    Attributes:
        weight: (steps,) weight of the next-template loss at each step.
        incident_label, incident_weight: (steps,) for head 2, ``None`` without it.
    """

    weight: FloatArray
    incident_label: FloatArray | None = None
    incident_weight: FloatArray | None = None


class ChunkBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of equal shape (batch size, chunk length); the last one is filled with padding of weight 0."""

    def __init__(
        self, steps: Steps, lessons: Lessons, config: TrainingConfig, bags: FloatArray, *, learning: bool
    ) -> None:
        super().__init__(workers=1)
        self._steps, self._lessons, self._bags, self._learning = steps, lessons, bags, learning
        warm_up = min(WARM_UP, config.chunk_length // 4)
        chunks = cut(steps.starts, config.chunk_length, warm_up)
        lost = config.chunk_length - chunks.steps.shape[1]
        places = np.pad(chunks.steps, ((0, 0), (0, lost)), constant_values=-1)
        own = np.pad(chunks.own, ((0, 0), (0, lost)))
        wanted = lessons.weight if lessons.incident_weight is None else lessons.weight + lessons.incident_weight
        useful = (np.where(own, wanted[places], 0.0) > 0).any(axis=1)
        self._places, self._own = places[useful], own[useful]
        self._batch = config.batch_size
        # Keras divides a weighted sum by the number of cells, padding included: with weights of mean one over the
        # whole epoch, the loss that it reports is the mean over the events.
        cells = len(self) * self._batch * config.chunk_length
        self._scale = cells / max(float(np.where(self._own, lessons.weight[self._places], 0.0).sum()), 1e-12)
        self._incident_scale = 0.0
        if lessons.incident_weight is not None:
            total = float(np.where(self._own, lessons.incident_weight[self._places], 0.0).sum())
            self._incident_scale = cells / max(total, 1e-12)
        self._random = np.random.default_rng([config.seed, int(learning)])
        self._order = np.arange(len(self._places))
        self.on_epoch_begin()

    def __len__(self) -> int:
        return math.ceil(len(self._places) / self._batch)

    def on_epoch_begin(self) -> None:
        """A new order of the chunks each epoch; steps within a chunk stay in time order."""
        if self._learning:
            self._order = self._random.permutation(len(self._places))

    def __getitem__(self, number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        rows = self._order[number * self._batch : (number + 1) * self._batch]
        places = np.full((self._batch, self._places.shape[1]), -1, dtype=np.int32)
        own = np.zeros(places.shape, dtype=np.bool_)
        places[: len(rows)], own[: len(rows)] = self._places[rows], self._own[rows]
        inputs = gather_inputs(self._steps, places, self._bags)
        if self._learning:
            hide = (self._random.random(places.shape) < HIDDEN_TEMPLATES) & (inputs["template"] >= FIRST_KNOWN)
            inputs["template"][hide] = OTHER
            hide_rows = self._random.random(self._batch) < HIDDEN_SERVICES
            service = inputs["service"][hide_rows]
            inputs["service"][hide_rows] = np.where(service > 0, OTHER_SERVICE, 0)
        targets = {"next_template": np.maximum(np.where(own, self._steps.target[places], 0), 0)}
        weights = {"next_template": _weights(own, self._lessons.weight[places], self._scale)}
        if self._lessons.incident_label is not None and self._lessons.incident_weight is not None:
            targets["incident"] = np.where(own, self._lessons.incident_label[places], 0.0)[..., None]
            weights["incident"] = _weights(own, self._lessons.incident_weight[places], self._incident_scale)
        return inputs, targets, weights


def _weights(own: npt.NDArray[np.bool_], weights: FloatArray, scale: float) -> FloatArray:
    return np.where(own, weights * np.float32(scale), np.float32(0.0)).astype(np.float32)


def gather_inputs(steps: Steps, places: npt.NDArray[np.int32], bags: FloatArray) -> dict[str, Any]:
    """The network's inputs for a matrix of step numbers; padding (-1) has index 0 everywhere."""
    there = places >= 0
    kind = steps.kind[places]
    return {
        "template": np.where(there, steps.kind_template[kind], 0).astype(np.int32),
        "words": bags[kind] * there[..., None],
        "service": np.where(there, steps.kind_service[kind], 0).astype(np.int32),
        "level": np.where(there, steps.kind_level[kind], 0).astype(np.int32),
        "gap": np.where(there, steps.gap[places], 0).astype(np.int32),
        "next_gap": np.where(there, steps.next_gap[places], 0).astype(np.int32),
    }


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, epochs: int, steps: int, report: Callable[[TrainingProgress], None]) -> None:
        super().__init__()
        self._epochs, self._steps, self._report = epochs, steps, report
        self._epoch, self._begun, self._done = 0, 0.0, -1

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count epochs."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Report; the first step is left out of the estimate, it holds the compilation."""
        self._done += 1
        if self._done == 0:
            self._begun = time.monotonic()
        left = None
        if self._done:
            remaining = self._epochs * self._steps - self._epoch * self._steps - batch - 1
            left = (time.monotonic() - self._begun) / self._done * remaining
        loss = float((logs or {}).get("loss", math.nan))
        self._report(TrainingProgress(self._epoch + 1, self._epochs, batch + 1, self._steps, loss, left))


def fit(
    training_model: keras.Model,
    steps: Steps,
    learn: Lessons,
    validate: Lessons,
    config: TrainingConfig,
    on_progress: Callable[[TrainingProgress], None] | None,
) -> list[dict[str, float]]:
    """Train in place; the weights of the epoch with the lowest validation loss stay.

    Returns:
        One dictionary an epoch: ``loss``, ``accuracy`` (with dropout on), ``val_loss``, ``val_accuracy``, and
        ``incident_loss``, ``val_incident_loss`` with head 2.
    """
    bags = hashed_words(steps.kind_text, WORD_BUCKETS)
    batches = ChunkBatches(steps, learn, config, bags, learning=True)
    held_out = ChunkBatches(steps, validate, config, bags, learning=False)
    losses: dict[str, Any] = {"next_template": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    metrics: dict[str, Any] = {"next_template": [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]}
    if learn.incident_label is not None:
        losses["incident"] = keras.losses.BinaryCrossentropy()
        metrics["incident"] = []
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, max(1, config.epochs * len(batches)))
    training_model.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0), loss=losses, weighted_metrics=metrics
    )
    monitor = "val_loss" if learn.incident_label is None else "val_next_template_loss"
    stop = keras.callbacks.EarlyStopping(monitor=monitor, mode="min", patience=PATIENCE, restore_best_weights=True)
    callbacks: list[Any] = [stop]
    if on_progress is not None:
        callbacks.append(_Reporter(config.epochs, len(batches), on_progress))
    past = training_model.fit(
        batches, validation_data=held_out, epochs=config.epochs, callbacks=callbacks, shuffle=False, verbose=0
    )
    return _history(past.history)


def _history(past: dict[str, list[float]]) -> list[dict[str, float]]:
    names = {
        "loss": "loss",
        "val_loss": "val_loss",
        "accuracy": "accuracy",
        "val_accuracy": "val_accuracy",
        "next_template_accuracy": "accuracy",
        "val_next_template_accuracy": "val_accuracy",
        "next_template_loss": "loss",
        "val_next_template_loss": "val_loss",
        "incident_loss": "incident_loss",
        "val_incident_loss": "val_incident_loss",
    }
    # With head 2, "loss" is the sum of both heads'; the loss of the next template comes under its own name and wins.
    found: list[dict[str, float]] = [{} for _ in past["loss"]]
    for name, ours in names.items():
        for epoch, value in zip(found, past.get(name, ()), strict=False):
            epoch[ours] = float(value)
    return found
