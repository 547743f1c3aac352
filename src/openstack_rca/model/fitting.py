"""Gradient steps: chunks of streams as Keras batches, progress, early stopping.

Training cuts each stream into contiguous chunks (``sequences.cut``), each read from a zero state with a short warm-up
that carries no loss; gradients stop at a chunk's border (truncated backpropagation through time). So batches may be
drawn in any order, which learns faster than a state handed from batch to batch.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openstack_rca.model.card import TrainingConfig, TrainingProgress
from openstack_rca.model.network import keras, weights_of
from openstack_rca.model.sequences import Chunks, Steps, cut
from openstack_rca.model.vocabulary import (
    FIRST_KNOWN,
    OTHER,
    OTHER_SERVICE,
    WORD_BUCKETS,
    FloatArray,
    hashed_words,
)

__all__ = ["ChunkBatches", "Lessons", "TrainingProgress", "fit", "gather_inputs"]

WARM_UP = 16
HIDDEN_TEMPLATES = 0.05
HIDDEN_SERVICES = 0.02
"""Shares of events and chunks whose template or service is hidden in training: so the words of an unseen template and
the mark of an unseen service mean something when they are met."""
PATIENCE, SMALLEST_GAIN = 3, 0.001
"""Training stops when the validation loss has not fallen by so many nats for so many epochs."""
SHORT_ROW = 24
"""Steps; shorter chunks are batched with their like where that saves more than a second compilation costs."""
WORTH_COMPILING = 5_000_000
"""Cells of padding, over all epochs, that take as long as compiling for another length of row."""
WAIT_WEIGHT = 0.3
"""Weight of the loss of the wait beside that of the next template."""
MOST_BATCHES = 400
"""Gradient steps in an epoch, at most: a long recording gets larger batches, which cost less an event."""
MOST_CELLS, MOST_CHECKED_CELLS = 200_000, 60_000
"""Steps, padding included, that an epoch learns from and is judged on, at most: of a longer recording each epoch takes
another part, drawn at random, and is judged on the same one."""


@dataclass(frozen=True)
class Lessons:
    """What is to be learned: (steps,) weight of each step in the loss of the next template and in that of the wait."""

    weight: FloatArray


@dataclass(frozen=True)
class Review:
    """After ``after`` epochs, ``lessons`` chooses from the network's weights what the later epochs learn from."""

    after: int
    lessons: Callable[[dict[str, FloatArray]], Lessons]


class ChunkBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of rows of one length; the last one of each length is filled with padding of weight 0."""

    def __init__(
        self,
        steps: Steps,
        lessons: Lessons,
        config: TrainingConfig,
        bags: FloatArray,
        *,
        learning: bool,
        stories: bool = False,
    ) -> None:
        super().__init__(workers=1)
        self._steps, self._lessons, self._bags, self._learning = steps, lessons, bags, learning
        self._stories = stories
        short = int((np.diff(steps.starts) <= SHORT_ROW).sum())
        saved = short * (config.chunk_length - SHORT_ROW) * config.epochs
        lengths = (SHORT_ROW, config.chunk_length) if learning and saved > WORTH_COMPILING else (config.chunk_length,)
        self._groups = _by_length(steps, lessons, lengths)
        area = sum(group.steps.size for group in self._groups)
        most = MOST_CELLS if learning else MOST_CHECKED_CELLS
        self._share = min(1.0, most / max(area, 1))
        self._rows = [
            max(config.batch_size, math.ceil(min(area, most) / MOST_BATCHES / group.steps.shape[1]))
            for group in self._groups
        ]
        self._random = np.random.default_rng([config.seed, int(learning)])
        self._batches: list[tuple[int, npt.NDArray[np.int64]]] = []
        self._arrange()
        # Keras divides a weighted sum by the number of cells, padding included: weights of mean one over the epoch
        # make a gradient step independent of how much of its batches is padding.
        cells = sum(self._rows[number] * self._groups[number].steps.shape[1] for number, _ in self._batches)
        cells /= self._share
        self._scale = cells / max(sum(self._total(lessons.weight, group) for group in self._groups), 1e-12)
        timed = lessons.weight * (steps.wait >= 0)
        self._timed = steps.wait >= 0
        self._wait_scale = cells / max(sum(self._total(timed, group) for group in self._groups), 1e-12)

    @staticmethod
    def _total(weight: FloatArray, group: Chunks) -> float:
        return float(np.where(group.own, weight[group.steps], 0.0).sum())

    def __len__(self) -> int:
        return len(self._batches)

    def revise(self, lessons: Lessons) -> None:
        """Take the weights of steps from these lessons from now on."""
        self._lessons = lessons

    def on_epoch_begin(self) -> None:
        """A new order of the chunks each epoch; steps within a chunk stay in time order."""
        if self._learning:
            self._arrange()

    def _arrange(self) -> None:
        batches = []
        for number, group in enumerate(self._groups):
            count = len(group.steps)
            taken = math.ceil(count * self._share)
            order = self._random.permutation(count)[:taken] if self._learning or taken < count else np.arange(count)
            rows = self._rows[number]
            batches += [(number, order[first : first + rows]) for first in range(0, taken, rows)]
        if self._learning:
            batches = [batches[place] for place in self._random.permutation(len(batches))]
        self._batches = batches

    def __getitem__(self, number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        group, rows = self._batches[number]
        source = self._groups[group]
        length = source.steps.shape[1]
        places = np.full((self._rows[group], length), -1, dtype=np.int32)
        own = np.zeros(places.shape, dtype=np.bool_)
        places[: len(rows)], own[: len(rows)] = source.steps[rows], source.own[rows]
        inputs = gather_inputs(self._steps, places, self._bags, stories=self._stories)
        if self._learning:
            hide = (self._random.random(places.shape) < HIDDEN_TEMPLATES) & (inputs["template"] >= FIRST_KNOWN)
            inputs["template"][hide] = OTHER
            hide_rows = self._random.random(len(places)) < HIDDEN_SERVICES
            service = inputs["service"][hide_rows]
            inputs["service"][hide_rows] = np.where(service > 0, OTHER_SERVICE, 0)
        targets = {"next_template": np.maximum(np.where(own, self._steps.target[places], 0), 0)}
        weights = {"next_template": _weights(own, self._lessons.weight[places], self._scale)}
        if self._stories:
            targets["wait"] = np.maximum(np.where(own, self._steps.wait[places], 0), 0)
            weights["wait"] = _weights(own, self._lessons.weight[places] * self._timed[places], self._wait_scale)
        return inputs, targets, weights


def _by_length(steps: Steps, lessons: Lessons, row_lengths: tuple[int, ...]) -> list[Chunks]:
    """Chunks with something to learn from, in groups of one length; the last length is that of the longest chunks."""
    longest = row_lengths[-1]
    rows = cut(steps.starts, longest, min(WARM_UP, longest // 4))
    wanted = np.append(0, np.cumsum(lessons.weight > 0))
    useful = wanted[rows.stop] > wanted[rows.first + rows.warm_up]
    groups, shorter = [], 0
    for length in (*(fixed for fixed in row_lengths if fixed < longest), longest):
        chosen = np.flatnonzero(useful & (rows.lengths > shorter) & (rows.lengths <= length))
        shorter = length
        if len(chosen):
            groups.append(rows.chunks(chosen, length))
    return groups


def _weights(own: npt.NDArray[np.bool_], weights: FloatArray, scale: float) -> FloatArray:
    return np.where(own, weights * np.float32(scale), np.float32(0.0)).astype(np.float32)


def gather_inputs(
    steps: Steps, places: npt.NDArray[np.int32], bags: FloatArray, *, stories: bool = False
) -> dict[str, Any]:
    """The network's inputs for a matrix of step numbers; padding (-1) has index 0 everywhere."""
    there = places >= 0
    kind = steps.kind[places]
    inputs = {
        "template": np.where(there, steps.kind_template[kind], 0).astype(np.int32),
        "words": bags[kind] * there[..., None],
        "service": np.where(there, steps.kind_service[kind], 0).astype(np.int32),
        "level": np.where(there, steps.kind_level[kind], 0).astype(np.int32),
        "gap": np.where(there, steps.gap[places], 0).astype(np.int32),
        "next_gap": np.where(there, steps.next_gap[places], 0).astype(np.int32),
    }
    if stories:
        inputs["stream"] = np.where(there, steps.stream[places], 0).astype(np.int32)
    return inputs


class _Reviser(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """After the first pass, says anew what is to be learned."""

    def __init__(self, batches: ChunkBatches, review: Review) -> None:
        super().__init__()
        self._batches, self._review = batches, review

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Once, when the first pass is over."""
        if epoch + 1 == self._review.after:
            self._batches.revise(self._review.lessons(weights_of(self.model)))


def _surprise(logs: Mapping[str, float]) -> float:
    """The loss of the next template so far; Keras' own ``loss`` swings with how much of a batch's rows counts."""
    return float(logs.get("next_template_surprise", logs.get("surprise", math.nan)))


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    def __init__(self, epochs: int, steps: int, report: Callable[[TrainingProgress], None]) -> None:
        super().__init__()
        self._epochs, self._steps, self._report = epochs, steps, report
        self._epoch, self._begun = 0, 0.0
        self._loss = self._loss_before = math.nan

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count epochs; the time left is told from the second one on: the first holds what is compiled."""
        self._epoch, self._loss_before = epoch, self._loss
        if epoch == 1:
            self._begun = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Report."""
        done = (self._epoch - 1) * self._steps + batch + 1
        left = None
        if self._epoch:
            remaining = (self._epochs - 1) * self._steps - done
            left = (time.monotonic() - self._begun) / done * remaining
        self._loss = loss = _surprise(logs or {})
        if self._epoch:
            # Few batches tell little: some hold stories alone, some what is easily foreseen.
            share = (batch + 1) / self._steps
            loss = share * loss + (1.0 - share) * self._loss_before
        self._report(TrainingProgress(self._epoch + 1, self._epochs, batch + 1, self._steps, loss, left))


def fit(
    training_model: keras.Model,
    steps: Steps,
    learn: Lessons,
    validate: Lessons | None,
    config: TrainingConfig,
    on_progress: Callable[[TrainingProgress], None] | None,
    review: Review | None = None,
) -> list[dict[str, float]]:
    """Train in place; the weights of the epoch with the lowest validation loss stay.

    Args:
        review: when and how to choose anew, once, what is learned from.
        validate: what chooses the best epoch; ``None``: all epochs of ``config`` are run and the last one's weights stay.

    Returns one dictionary an epoch: ``loss``, ``accuracy`` (with dropout on), and with ``validate`` ``val_loss`` and
    ``val_accuracy``; all of the next template, weighted by the lessons.
    """
    bags = hashed_words(steps.kind_text, WORD_BUCKETS)
    heads = list(training_model.output)
    stories = "wait" in heads
    batches = ChunkBatches(steps, learn, config, bags, learning=True, stories=stories)
    held_out = None
    if validate is not None:
        held_out = ChunkBatches(steps, validate, config, bags, learning=False, stories=stories)
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, max(1, config.epochs * len(batches)))
    training_model.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0),
        loss={head: keras.losses.SparseCategoricalCrossentropy(from_logits=True) for head in heads},
        loss_weights={head: 1.0 if head == "next_template" else WAIT_WEIGHT for head in heads},
        # The loss that Keras reports takes every batch for the same number of rows; these two do not.
        weighted_metrics={
            "next_template": [
                keras.metrics.SparseCategoricalCrossentropy(name="surprise", from_logits=True),
                keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            ],
            **({"wait": []} if stories else {}),
        },
    )
    callbacks: list[Any] = []
    if held_out is not None:
        monitor = "val_next_template_surprise" if stories else "val_surprise"
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor=monitor, mode="min", min_delta=SMALLEST_GAIN, patience=PATIENCE, restore_best_weights=True
            )
        )
    if review is not None:
        callbacks.append(_Reviser(batches, review))
    if on_progress is not None:
        callbacks.append(_Reporter(config.epochs, len(batches), on_progress))
    past = training_model.fit(
        batches, validation_data=held_out, epochs=config.epochs, callbacks=callbacks, shuffle=False, verbose=0
    )
    return _history(past.history)


def _history(past: dict[str, list[float]]) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in past["loss"]]
    for prefix in ("", "val_"):
        for theirs, ours in (("surprise", "loss"), ("accuracy", "accuracy")):
            values = past.get(f"{prefix}next_template_{theirs}") or past.get(prefix + theirs) or []
            for epoch, value in zip(found, values, strict=False):
                epoch[prefix + ours] = float(value)
    return found
