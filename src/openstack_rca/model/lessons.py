"""What a training learns from and what it only measures: events by time, stories by where they lie, trouble left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.sequences import Steps, encode, encode_stories, joined
from openstack_rca.model.stories import Stories
from openstack_rca.model.vocabulary import FloatArray, Vocabulary

TRAIN, VALIDATION, TEST, BETWEEN = 0, 1, 2, -1
"""Parts of a recording; ``BETWEEN``: a story that lies in two of them."""

MINIMUM_STORIES = 30
"""Stories in the training part below which none are learned from."""
HELD_BACK_STORIES = 1.0 / 6.0

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Material:
    """A recording, cut up for a training.

    Attributes:
        events: events table in time order.
        parts: (events,) ``TRAIN``, ``VALIDATION`` or ``TEST``, by time alone.
        stories: of the recording; empty where there are too few to learn from.
        story_parts: (stories,) the part that a whole story lies in, else ``BETWEEN``.
        trouble: (events,) whether an event is left out because it may not be normal.
        troubled: (stories,) the same for whole stories.
    """

    events: pl.DataFrame
    parts: npt.NDArray[np.int8]
    stories: Stories
    story_parts: npt.NDArray[np.int8]
    trouble: BoolArray
    troubled: BoolArray

    @property
    def with_stories(self) -> bool:
        """Whether there are stories to learn from."""
        return bool(len(self.stories.names))

    def without(self, trouble: BoolArray, troubled: BoolArray) -> Material:
        """A copy that leaves out these events and stories too, and each story that holds an event left out."""
        events, stories = self.trouble | trouble, self.troubled | troubled
        if self.with_stories:
            stories |= np.logical_or.reduceat(events[self.stories.rows], self.stories.offsets[:-1])
        return dataclasses.replace(self, trouble=events, troubled=stories)

    def chosen_stories(self, *parts: int) -> BoolArray:
        """(stories,) whether a story lies in one of the parts and is not left out."""
        return np.isin(self.story_parts, parts) & ~self.troubled

    def steps(self, vocabulary: Vocabulary) -> Steps:
        """The steps of the process streams and, if the vocabulary knows stories, of the stories."""
        process = encode(self.events, vocabulary)
        if not vocabulary.story_kinds:
            return process
        return joined(process, encode_stories(self.events, self.stories, vocabulary))

    def weights(self, steps: Steps, part: int) -> FloatArray:
        """(steps,) weight of each step's loss: 0 outside of the part and for what is left out.

        Process streams weigh as much in sum as stories do, and a kind of story by the root of how many there are: or
        else the requests of one poller would be all that is learned.
        """
        of_event = np.where(self.trouble, BETWEEN, self.parts)
        story = steps.stream > 0
        weight = np.zeros(steps.count, dtype=np.float32)
        process = (steps.target >= 0) & ~story
        weight[process] = of_event[steps.target_event[process]] == part
        if story.any():
            by_story = self.chosen_stories(part) * _kind_weights(self.stories.kind, self.story_parts == part)
            lengths = np.diff(self.stories.offsets) + 1
            weight[story] = np.repeat(by_story, lengths) * (steps.target[story] >= 0)
            total = float(weight[story].sum())
            if total > 0 and weight[process].any():
                weight[story] *= float(weight[process].sum()) / total
        return weight


def split_by_time(moments: pl.Series, validation_fraction: float, test_fraction: float) -> npt.NDArray[np.int8]:
    """(events,) ``TRAIN``, ``VALIDATION`` or ``TEST``, by ascending ``moments`` alone; equal ones stay together."""
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


def cut_up(
    events: pl.DataFrame, stories: Stories, validation_fraction: float, test_fraction: float, seed: int
) -> Material:
    """Split a recording; nothing is left out yet.

    A fold of the stories of the training part is held back with those of the validation part: few stories lie in a
    tenth of a recording, and their scores are calibrated on what was held back.
    """
    parts = split_by_time(events["time"], validation_fraction, test_fraction)
    first = parts[stories.rows[stories.offsets[:-1]]] if len(stories.names) else np.zeros(0, dtype=np.int8)
    last = parts[stories.rows[stories.offsets[1:] - 1]] if len(stories.names) else first
    story_parts = np.where(first == last, first, BETWEEN).astype(np.int8)
    held = np.random.default_rng([seed, 1]).random(len(story_parts)) < HELD_BACK_STORIES
    story_parts[(story_parts == TRAIN) & held] = VALIDATION
    if (story_parts == TRAIN).sum() < MINIMUM_STORIES or not stories.ended[story_parts == TRAIN].any():
        stories, story_parts = no_stories(), np.zeros(0, dtype=np.int8)
    return Material(
        events=events,
        parts=parts,
        stories=stories,
        story_parts=story_parts,
        trouble=np.zeros(events.height, dtype=np.bool_),
        troubled=np.zeros(len(stories.names), dtype=np.bool_),
    )


def no_stories() -> Stories:
    """An empty set of stories."""
    return Stories(
        rows=np.zeros(0, dtype=np.int64),
        offsets=np.zeros(1, dtype=np.int64),
        ended=np.zeros(0, dtype=np.bool_),
        kind=[],
        names=[],
    )


def _kind_weights(kinds: Sequence[str], counted: BoolArray) -> FloatArray:
    _, place = np.unique(np.asarray(kinds, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(place[counted], minlength=int(place.max(initial=0)) + 1)
    weights: FloatArray = (1.0 / np.sqrt(np.maximum(counts, 1)))[place].astype(np.float32)
    return weights
