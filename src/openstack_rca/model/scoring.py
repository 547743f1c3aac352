"""The network's forward pass in NumPy: the same weights and numbers as Keras, without its start-up time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openstack_rca.model.sequences import Steps, cut
from openstack_rca.model.vocabulary import WORD_BUCKETS, FloatArray, IntegerArray, hashed_words

SEGMENT_LENGTH = 2304
"""Streams up to so many steps are read exactly; longer ones are cut and their parts run side by side."""
SEGMENT_WARM_UP = 256
"""Steps that a later part repeats, so that its state is that of the whole stream but for a rest too small to see."""

_BLOCK_STEPS = 131_072
_SOFTMAX_CELLS = 4_194_304
_WORD_ROWS = 4096

LAYER_WEIGHTS = {
    "template_embedding": ("template_embedding",),
    "words_embedding": ("words_embedding",),
    "service_embedding": ("service_embedding",),
    "level_embedding": ("level_embedding",),
    "gap_embedding": ("gap_embedding",),
    "lstm": ("lstm_kernel", "lstm_recurrent_kernel", "lstm_bias"),
    "next_gap_embedding": ("next_gap_embedding",),
    "next_template_logits": ("next_template_kernel", "next_template_bias"),
    "incident": ("incident_kernel", "incident_bias"),
}
"""Layer -> names of its weights, in Keras' order; head 2 ("incident") may be missing."""


@dataclass(frozen=True)
class StepScores:
    """What the network says, per step.

    Attributes:
        surprise: (steps,) -log p(next template) in nats, NaN where there is no next event.
        predicted: (steps,) most likely class of the next template.
        incident: (steps,) probability that this step's event is part of an incident; ``None`` without that head.
    """

    surprise: FloatArray
    predicted: IntegerArray
    incident: FloatArray | None


@dataclass(frozen=True)
class EventScores:
    """What the network says of each event of a frame, in the frame's order.

    Attributes:
        surprise: (events,) nats.
        incident: (events,) probability of being part of an incident; ``None`` without head 2.
    """

    surprise: FloatArray
    incident: FloatArray | None


def event_scores(steps: Steps, scores: StepScores, others: int) -> EventScores:
    """Bring step scores back to events: the surprise of an event is that of the step before it.

    Args:
        others: ``Vocabulary.others``. The probability of the class "other" is shared evenly among its templates:
            that something rare comes says little about which. Without it, a burst of unseen messages, each foretold
            as "other", would surprise less than it should.
    """
    count = int((steps.event >= 0).sum())
    surprise = np.zeros(count, dtype=np.float32)
    predicting = steps.target_event
    there = predicting >= 0
    shared = np.where(steps.target == 0, np.float32(np.log(others)), np.float32(0.0))
    surprise[predicting[there]] = (scores.surprise + shared)[there]
    incident = None
    if scores.incident is not None:
        incident = np.zeros(count, dtype=np.float32)
        own = steps.event >= 0
        incident[steps.event[own]] = scores.incident[own]
    return EventScores(surprise, incident)


def weights_digest(weights: Mapping[str, FloatArray]) -> str:
    """SHA-256 over names and values of all weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name], dtype="<f4").tobytes())
    return digest.hexdigest()


class Forward:
    """The network as plain arrays.

    Args:
        weights: float32 arrays by name (``LAYER_WEIGHTS``).
    """

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        self.weights = dict(weights)
        units = weights["lstm_recurrent_kernel"].shape[0]
        self.units = units
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: with input, forget and output gates scaled by a half, one tanh serves all.
        scale = np.full(4 * units, 0.5, dtype=np.float32)
        scale[2 * units : 3 * units] = 1.0
        self._kernel = weights["lstm_kernel"] * scale
        self._recurrent = np.ascontiguousarray(weights["lstm_recurrent_kernel"] * scale)
        self._bias = weights["lstm_bias"] * scale

    def score(
        self, steps: Steps, *, segment_length: int = SEGMENT_LENGTH, warm_up: int = SEGMENT_WARM_UP
    ) -> StepScores:
        """Read every stream once and score each step.

        Memory beyond the result stays under 150 MB whatever the number of steps.
        """
        surprise = np.full(steps.count, np.nan, dtype=np.float32)
        predicted = np.zeros(steps.count, dtype=np.int32)
        has_incident = "incident_kernel" in self.weights
        incident = np.zeros(steps.count, dtype=np.float32) if has_incident else None
        kinds, gaps = self._projected_kinds(steps), self._projected_gaps()
        chunks = cut(steps.starts, segment_length, warm_up)
        lengths = (chunks.steps >= 0).sum(axis=1)
        order = np.argsort(-lengths, kind="stable")
        for rows in _blocks(order, lengths):
            places = chunks.steps[rows][:, : int(lengths[rows[0]])]
            states = self._states(places, lengths[rows], steps, kinds, gaps)
            own = chunks.own[rows][:, : places.shape[1]]
            where, state = places[own], states[own]
            del states
            self._next_template(state, where, steps, surprise, predicted)
            if incident is not None:
                logits = state @ self.weights["incident_kernel"][:, 0] + self.weights["incident_bias"][0]
                incident[where] = 0.5 * (1.0 + np.tanh(0.5 * logits))
        return StepScores(surprise, predicted, incident)

    def _projected_kinds(self, steps: Steps) -> FloatArray:
        """(kinds, 4 units): what a kind of event adds to the gates; a look-up replaces a product per step."""
        weights = self.weights
        width = weights["template_embedding"].shape[1]
        services = weights["service_embedding"].shape[1]
        levels = weights["level_embedding"].shape[1]
        text = weights["template_embedding"][steps.kind_template]
        for first in range(0, len(steps.kind_text), _WORD_ROWS):
            block = slice(first, first + _WORD_ROWS)
            text[block] += hashed_words(steps.kind_text[block], WORD_BUCKETS) @ weights["words_embedding"]
        parts = np.split(self._kernel, [width, width + services, width + services + levels])
        service = weights["service_embedding"] @ parts[1]
        level = weights["level_embedding"] @ parts[2]
        projected: FloatArray = text @ parts[0]
        projected += service[steps.kind_service]
        projected += level[steps.kind_level]
        projected += self._bias
        return projected

    def _projected_gaps(self) -> FloatArray:
        gaps = self.weights["gap_embedding"]
        projected: FloatArray = gaps @ self._kernel[-gaps.shape[1] :]
        return projected

    def _states(
        self,
        places: IntegerArray,
        lengths: npt.NDArray[np.int64],
        steps: Steps,
        kinds: FloatArray,
        gaps: FloatArray,
    ) -> FloatArray:
        """LSTM outputs (rows, length, units); rows come longest first, so the rows still running are a prefix."""
        rows, length = places.shape
        units = self.units
        outputs = np.zeros((rows, length, units), dtype=np.float32)
        hidden = np.zeros((rows, units), dtype=np.float32)
        cell = np.zeros((rows, units), dtype=np.float32)
        running = np.searchsorted(-lengths, -np.arange(length), side="left")
        for moment in range(length):
            active = int(running[moment])
            at = places[:active, moment]
            gates = hidden[:active] @ self._recurrent
            gates += kinds[steps.kind[at]]
            gates += gaps[steps.gap[at]]
            np.tanh(gates, out=gates)
            memory, state = cell[:active], hidden[:active]
            memory *= gates[:, units : 2 * units] + 1.0
            memory += (gates[:, :units] + 1.0) * gates[:, 2 * units : 3 * units]
            memory *= 0.5
            np.tanh(memory, out=state)
            state *= gates[:, 3 * units :] + 1.0
            state *= 0.5
            outputs[:active, moment] = state
        return outputs

    def _next_template(
        self, states: FloatArray, where: IntegerArray, steps: Steps, surprise: FloatArray, predicted: IntegerArray
    ) -> None:
        """Softmax over the classes, a bounded block of steps at a time."""
        kernel = self.weights["next_template_kernel"]
        by_gap = self.weights["next_gap_embedding"] @ kernel[self.units :] + self.weights["next_template_bias"]
        kernel = np.ascontiguousarray(kernel[: self.units])
        size = max(64, _SOFTMAX_CELLS // kernel.shape[1])
        for first in range(0, len(where), size):
            at = where[first : first + size]
            logits = states[first : first + size] @ kernel
            logits += by_gap[steps.next_gap[at]]
            predicted[at] = logits.argmax(axis=1)
            highest = logits.max(axis=1, keepdims=True)
            target = steps.target[at]
            own = logits[np.arange(len(at)), np.maximum(target, 0)] - highest[:, 0]
            logits -= highest
            np.exp(logits, out=logits)
            values = np.log(logits.sum(axis=1)) - own
            surprise[at] = np.where(target >= 0, np.maximum(values, 0.0), np.nan)


def _blocks(order: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Rows, longest first, in groups whose padded size stays under the memory bound."""
    blocks = []
    first = 0
    while first < len(order):
        longest = max(1, int(lengths[order[first]]))
        stop = first + max(1, _BLOCK_STEPS // longest)
        blocks.append(order[first:stop])
        first = stop
    return blocks
