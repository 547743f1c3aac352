"""The network's forward pass in NumPy: the same weights and numbers as Keras, without its start-up time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openstack_rca.model.awaited import Tally
from openstack_rca.model.sequences import GAP_COUNT, WAIT_EDGES_SECONDS, Steps, cut
from openstack_rca.model.vocabulary import WORD_BUCKETS, FloatArray, IntegerArray, hashed_words

SEGMENT_LENGTH = 1024
"""Streams up to so many steps are read exactly; longer ones are cut and their parts run side by side."""
SEGMENT_WARM_UP = 128
"""Steps that a later part repeats, so that its state is that of the whole stream but for a rest too small to see."""

_BLOCK_STEPS = 131_072
_SOFTMAX_CELLS = 262_144
"""Number of probabilities that are computed at once: so many fit into a processor's cache."""
_WORD_ROWS = 4096

LAYER_WEIGHTS = {
    "template_embedding": ("template_embedding",),
    "words_embedding": ("words_embedding",),
    "service_embedding": ("service_embedding",),
    "level_embedding": ("level_embedding",),
    "gap_embedding": ("gap_embedding",),
    "stream_embedding": ("stream_embedding",),
    "lstm": ("lstm_kernel", "lstm_recurrent_kernel", "lstm_bias"),
    "next_gap_embedding": ("next_gap_embedding",),
    "next_template_logits": ("next_template_kernel", "next_template_bias"),
    "wait_logits": ("wait_kernel", "wait_bias"),
}
"""Layer -> names of its weights, in Keras' order."""
STORY_LAYERS = frozenset({"stream_embedding", "wait_logits"})
"""Layers that only a network that knows stories has."""

LATE_SHARE = 0.99
"""A step is late when it takes longer than this share of the network's own distribution of its wait."""
EXPECTED_STEPS = 3


@dataclass(frozen=True)
class StepScores:
    """The network's predictions, one entry a step.

    Attributes:
        surprise: (steps,) -log p(next template, or END) in nats, NaN where there is no next event.
        predicted: (steps,) most likely class of the next template.
        certainty: (steps,) its probability.
        waited: (steps,) share of the predicted waits that are shorter than the one that came, NaN where none is known;
            ``None`` for process streams.
        usual_wait, longest_wait: (steps,) seconds within which half, and ``LATE_SHARE``, of the predicted waits lie; ``None``
            for process streams.
        expected: (chosen steps, ``EXPECTED_STEPS``) most likely classes, best first; of the steps asked for.
        expected_probability: their probabilities, the same shape.
        expected_end: (chosen steps,) probability of the last class: END, in a network that knows stories.
        awaited: (events,) see ``Tally.awaited``; ``None`` where nobody asked for it.
    """

    surprise: FloatArray
    predicted: IntegerArray
    certainty: FloatArray
    waited: FloatArray | None
    usual_wait: FloatArray | None
    longest_wait: FloatArray | None
    expected: IntegerArray
    expected_probability: FloatArray
    expected_end: FloatArray
    awaited: FloatArray | None = None


def event_surprise(steps: Steps, scores: StepScores, others: int) -> FloatArray:
    """(events,) nats, in the order of the events: the surprise of an event is that of the step before it.

    Args:
        steps: process streams, in which each event comes once.
        others: ``Vocabulary.others``.
    """
    surprise = np.zeros(int((steps.event >= 0).sum()), dtype=np.float32)
    predicting = steps.target_event
    there = predicting >= 0
    surprise[predicting[there]] = shared_surprise(steps, scores, others)[there]
    return surprise


def shared_surprise(steps: Steps, scores: StepScores, others: int) -> FloatArray:
    """(steps,) surprise with the probability of the class "other" shared evenly among its templates.

    That something rare comes says little about which. Without it, a burst of unseen messages, each predicted as
    "other", would surprise less than it should.
    """
    return scores.surprise + np.where(steps.target == 0, np.float32(np.log(others)), np.float32(0.0))


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
        self.knows_stories = "stream_embedding" in weights
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: with input, forget and output gates scaled by a half, one tanh serves all.
        scale = np.full(4 * units, 0.5, dtype=np.float32)
        scale[2 * units : 3 * units] = 1.0
        self._kernel = weights["lstm_kernel"] * scale
        self._recurrent = np.ascontiguousarray(weights["lstm_recurrent_kernel"] * scale)
        self._bias = weights["lstm_bias"] * scale

    def score(
        self,
        steps: Steps,
        *,
        segment_length: int = SEGMENT_LENGTH,
        warm_up: int = SEGMENT_WARM_UP,
        ask: npt.NDArray[np.int64] | None = None,
        predict: bool = True,
        tally: bool = False,
    ) -> StepScores:
        """Read every stream once and score each step; streams that begin alike are computed once as far as they do.

        Memory beyond the result stays under 150 MB whatever the number of steps.

        Args:
            ask: (chosen steps,) whose most likely next classes are wanted.
            predict: find the most likely class and its probability too; a surprise needs neither.
            tally: add up what was awaited; for process streams.
        """
        counted = Tally(steps, len(self.weights["next_template_bias"])) if tally else None
        passed = _Pass(steps, self.knows_stories and bool(steps.stream.any()), ask, predict, counted)
        kinds, gaps = self._projected_kinds(steps), self._projected_gaps()
        # Everything of a step but its kind: its gap and its stream.
        mixed = steps.gap + GAP_COUNT * (steps.stream if self.knows_stories else 0)
        rows = cut(steps.starts, segment_length, warm_up)
        order = np.argsort(-rows.lengths, kind="stable")
        for block in _blocks(order, rows.lengths):
            chunks = rows.chunks(block)
            states, nodes = self._states(chunks.steps, rows.lengths[block], steps.kind, mixed, kinds, gaps)
            self._outputs(states, nodes[chunks.own], chunks.steps[chunks.own], passed)
        return passed.result()

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
        """(streams * gaps, 4 units): the same of the gap, and of the stream where the network knows stories."""
        gaps = self.weights["gap_embedding"]
        streams = self.weights.get("stream_embedding", np.zeros((1, 0), dtype=np.float32))
        first = self._kernel.shape[0] - gaps.shape[1] - streams.shape[1]
        projected = gaps @ self._kernel[first : first + gaps.shape[1]]
        by_stream = streams @ self._kernel[first + gaps.shape[1] :]
        both: FloatArray = (by_stream[:, None, :] + projected[None, :, :]).reshape(-1, self._kernel.shape[1])
        return both

    def _states(
        self,
        places: IntegerArray,
        lengths: npt.NDArray[np.int64],
        kind: IntegerArray,
        mixed: IntegerArray,
        kinds: FloatArray,
        gaps: FloatArray,
    ) -> tuple[FloatArray, IntegerArray]:
        """LSTM outputs of each distinct context.

        Rows come longest first, so the rows still running are a prefix. Rows that were alike so far form one node of a
        prefix tree: computed once, and parted where they differ. Rows that were parted stay parted.

        Returns:
            (nodes, units) outputs, and (rows, length) which node is a cell's.
        """
        rows, length = places.shape
        nodes = np.zeros((rows, length), dtype=np.int32)
        outputs: list[FloatArray] = []
        count = 0
        hidden = np.zeros((1, self.units), dtype=np.float32)
        cell = np.zeros((1, self.units), dtype=np.float32)
        node = np.zeros(rows, dtype=np.int64)
        alone = False
        running = np.searchsorted(-lengths, -np.arange(length), side="left")
        for moment in range(length):
            active = int(running[moment])
            at = places[:active, moment]
            if alone:
                hidden, cell = hidden[:active], cell[:active]
                own = kind[at]
                gates = hidden @ self._recurrent
                gates += kinds[own]
                gates += gaps[mixed[at]]
                nodes[:active, moment] = np.arange(count, count + active)
            else:
                key = (node[:active] * len(kinds) + kind[at]) * len(gaps) + mixed[at]
                distinct, inverse = np.unique(key, return_inverse=True)
                alone = len(distinct) == active
                if alone:
                    # From here on a row's state lies where the row lies.
                    distinct, inverse = key, np.arange(active)
                before, rest = np.divmod(distinct, len(kinds) * len(gaps))
                own, other = np.divmod(rest, len(gaps))
                hidden, cell = hidden[before], cell[before]
                gates = hidden @ self._recurrent
                gates += kinds[own]
                gates += gaps[other]
                node = inverse
                nodes[:active, moment] = count + inverse
            hidden, cell = self._step(gates, cell)
            outputs.append(hidden)
            count += len(hidden)
        return np.concatenate(outputs), nodes

    def _step(self, gates: FloatArray, cell: FloatArray) -> tuple[FloatArray, FloatArray]:
        """One step of the LSTM, from its gates before activation; both arrays are overwritten."""
        units = self.units
        np.tanh(gates, out=gates)
        cell *= gates[:, units : 2 * units] + 1.0
        cell += (gates[:, :units] + 1.0) * gates[:, 2 * units : 3 * units]
        cell *= 0.5
        hidden = np.tanh(cell)
        hidden *= gates[:, 3 * units :] + 1.0
        hidden *= 0.5
        return hidden, cell

    def _outputs(self, states: FloatArray, nodes: IntegerArray, where: IntegerArray, passed: _Pass) -> None:
        """Both heads, a bounded block of distinct (context, wait) pairs at a time."""
        kernel = np.vstack([self.weights["next_template_kernel"], self.weights["next_template_bias"]])
        gaps = self.weights["next_gap_embedding"]
        gaps = np.hstack([gaps, np.ones((len(gaps), 1), dtype=np.float32)])
        key = nodes.astype(np.int64) * GAP_COUNT + passed.steps.next_gap[where]
        order = np.argsort(key, kind="stable")
        key = key[order]
        begins = np.flatnonzero(np.diff(key, prepend=-1))
        counts = np.diff(np.append(begins, len(key)))
        # By where each pair comes first, so that the steps of a stream stand together.
        turn = np.argsort(order[begins])
        begins, counts = begins[turn], counts[turn]
        distinct = key[begins]
        place = np.cumsum(counts) - counts
        where = where[order[np.repeat(begins - place, counts) + np.arange(len(key))]]
        size = max(64, _SOFTMAX_CELLS // kernel.shape[1])
        kept = np.empty((min(size, len(distinct)), kernel.shape[1]), dtype=np.float32)
        for begin in range(0, len(distinct), size):
            node, gap = np.divmod(distinct[begin : begin + size], GAP_COUNT)
            state = states[node]
            # Memory that is kept: to fetch as much anew for every block takes as long as to fill it.
            logits = np.matmul(np.hstack([state, gaps[gap]]), kernel, out=kept[: len(node)])
            repeated = np.repeat(np.arange(len(node)), counts[begin : begin + size])
            at = where[place[begin] : place[begin] + len(repeated)]
            passed.take_templates(logits, at, repeated)
            if passed.stories:
                waits = state @ self.weights["wait_kernel"]
                waits += self.weights["wait_bias"]
                passed.take_waits(waits, at, repeated)


class _Pass:
    """The results of one pass, filled block by block."""

    def __init__(
        self, steps: Steps, stories: bool, ask: npt.NDArray[np.int64] | None, predict: bool, tally: Tally | None
    ) -> None:
        self.steps, self._predict, self._tally = steps, predict, tally
        asked = np.zeros(0, dtype=np.int64) if ask is None else ask
        self._surprise = np.full(steps.count, np.nan, dtype=np.float32)
        self._predicted = np.zeros(steps.count, dtype=np.int32)
        self._certainty = np.zeros(steps.count, dtype=np.float32)
        self._waited = np.full(steps.count if stories else 0, np.nan, dtype=np.float32)
        self._usual = np.full(steps.count if stories else 0, np.nan, dtype=np.float32)
        self._longest = np.full(steps.count if stories else 0, np.nan, dtype=np.float32)
        self.stories = stories
        self._place = np.full(steps.count, -1, dtype=np.int32)
        self._place[asked] = np.arange(len(asked))
        self._expected = np.zeros((len(asked), EXPECTED_STEPS), dtype=np.int32)
        self._end = np.zeros(len(asked), dtype=np.float32)
        self._probability = np.zeros((len(asked), EXPECTED_STEPS), dtype=np.float32)

    def take_templates(self, logits: FloatArray, at: IntegerArray, repeated: npt.NDArray[np.int64]) -> None:
        """Softmax over the classes; step ``at[i]`` is that of row ``repeated[i]``. The logits are overwritten."""
        highest = logits.max(axis=1, keepdims=True)
        target = self.steps.target[at]
        own = logits[repeated, np.maximum(target, 0)] - highest[repeated, 0]
        logits -= highest
        if self._predict:
            self._predicted[at] = logits.argmax(axis=1)[repeated]
        np.exp(logits, out=logits)
        total = logits.sum(axis=1)
        # The most likely class has the highest logit, which is 0 by now.
        self._certainty[at] = (1.0 / total)[repeated]
        values = np.log(total)[repeated] - own
        self._surprise[at] = np.where(target >= 0, np.maximum(values, 0.0), np.nan)
        if self._tally is not None:
            self._tally.add(logits, total, at, repeated)
        wanted = np.flatnonzero(self._place[at] >= 0)
        if len(wanted):
            rows = repeated[wanted]
            best = np.argsort(-logits[rows], axis=1, kind="stable")[:, :EXPECTED_STEPS]
            places = self._place[at[wanted]]
            self._expected[places, : best.shape[1]] = best
            shares = np.take_along_axis(logits[rows], best, axis=1) / total[rows, None]
            self._probability[places, : best.shape[1]] = shares
            self._end[places] = logits[rows, -1] / total[rows]

    def take_waits(self, logits: FloatArray, at: IntegerArray, repeated: npt.NDArray[np.int64]) -> None:
        """Cumulated softmax over the buckets of the wait."""
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        below = np.cumsum(logits, axis=1)
        below /= below[:, -1:]
        bucket = self.steps.wait[at]
        shorter = np.where(bucket > 0, below[repeated, np.maximum(bucket - 1, 0)], 0.0)
        self._waited[at] = np.where(bucket >= 0, shorter, np.nan)
        self._usual[at] = wait_quantile(below, 0.5)[repeated]
        self._longest[at] = wait_quantile(below, LATE_SHARE)[repeated]

    def result(self) -> StepScores:
        """All that was taken."""
        return StepScores(
            surprise=self._surprise,
            predicted=self._predicted,
            certainty=self._certainty,
            waited=self._waited if self.stories else None,
            usual_wait=self._usual if self.stories else None,
            longest_wait=self._longest if self.stories else None,
            expected=self._expected,
            expected_probability=self._probability,
            expected_end=self._end,
            awaited=None if self._tally is None else self._tally.awaited(),
        )


def wait_quantile(below: FloatArray, share: float) -> FloatArray:
    """(rows,) seconds within which a share of the waits lies.

    Args:
        below: (rows, ``WAIT_COUNT``) cumulated probabilities of the buckets; within one, time runs evenly on a
            logarithmic scale. The last bucket has no end: its begin is the answer there.
    """
    edges = np.log(np.asarray(WAIT_EDGES_SECONDS, dtype=np.float32))
    bucket = np.minimum((below < share).sum(axis=1), len(edges))
    rows = np.arange(len(below))
    reached = below[rows, bucket]
    before = np.where(bucket > 0, below[rows, np.maximum(bucket - 1, 0)], 0.0)
    upper = edges[np.minimum(bucket, len(edges) - 1)]
    lower = np.where(bucket > 0, edges[np.maximum(bucket - 1, 0)], edges[0])
    part = np.clip((share - before) / np.maximum(reached - before, 1e-9), 0.0, 1.0)
    seconds: FloatArray = np.exp(lower + (upper - lower) * part).astype(np.float32)
    return seconds


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
