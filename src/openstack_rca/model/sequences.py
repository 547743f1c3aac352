"""Events -> integer arrays, one step per event of each stream.

There are two sorts of stream. A **process stream** holds the events of one (host, service); at step i the network has
read events 1..i and predicts the template of event i + 1, knowing how long that event was in coming (``next_gap``):
"given that something is logged now, what is it?" A **story** holds the events of one object or request over all
services (``stories``); the network predicts the next template or the end of the story, and how long it takes (``wait``).

A stream of n events has n + 1 steps: step 0 is a start mark, step i is event i. Every stream is read once; chunks repeat
only a short warm-up.

Arrays are flat over all steps of all streams; ``cut`` gives (rows, length) matrices of step numbers, -1 is padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.logs.levels import LEVELS
from openstack_rca.model.stories import Stories
from openstack_rca.model.vocabulary import (
    FIRST_KNOWN,
    OTHER,
    OTHER_SERVICE,
    OTHER_STORY,
    PROCESS,
    START,
    IntegerArray,
    Vocabulary,
)

LEVEL_COUNT = len(LEVELS) + 1
GAP_EDGES_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Borders of the logarithmic time-gap buckets; bucket 0 means that no gap is known."""
GAP_COUNT = len(GAP_EDGES_SECONDS) + 2
WAIT_EDGES_SECONDS = tuple(10.0 ** (number / 5 - 3) for number in range(36))
"""Borders of the buckets of a story's waits, five a decade from 1 ms to 10,000 s."""
WAIT_COUNT = len(WAIT_EDGES_SECONDS) + 1


@dataclass(frozen=True)
class Steps:
    """Streams of a frame as flat arrays.

    Attributes:
        kind: (steps,) row of the kind table below; a kind is a distinct (template, service, level).
        gap: (steps,) bucket of the time since the stream's previous event.
        next_gap: (steps,) bucket of the time until the stream's next event; 0 in stories, where it is not given.
        target: (steps,) class of the next event's template, END at the last step of a story that ended, else -1.
        wait: (steps,) bucket of the time until a story's next event; -1 where there is none, and in process streams.
        stream: (steps,) ``PROCESS``, or the index of the story's kind.
        event: (steps,) row of this step's event in the frame, -1 at the start mark.
        starts: (streams + 1,) first step of each stream, and the number of steps.
        kind_template, kind_service, kind_level: (kinds,) indices.
        kind_text: template text of each kind, empty for start marks.
    """

    kind: IntegerArray
    gap: IntegerArray
    next_gap: IntegerArray
    target: IntegerArray
    wait: IntegerArray
    stream: IntegerArray
    event: IntegerArray
    starts: npt.NDArray[np.int64]
    kind_template: IntegerArray
    kind_service: IntegerArray
    kind_level: IntegerArray
    kind_text: list[str]

    @property
    def count(self) -> int:
        """Number of steps."""
        return len(self.kind)

    @property
    def target_event(self) -> IntegerArray:
        """(steps,) row of the event that the step predicts, -1 where there is none (or END)."""
        following = np.full(self.count, -1, dtype=np.int32)
        following[:-1] = self.event[1:]
        following[self.target < 0] = -1
        return following


@dataclass(frozen=True)
class _Kinds:
    """The kinds of a frame's events, and one more a service for start marks.

    Attributes:
        of_event: (events,) kind of each event.
        starts: service index -> kind of the start mark.
        template, service, level, text: as ``Steps.kind_*``.
    """

    of_event: IntegerArray
    starts: dict[int, int]
    template: IntegerArray
    service: IntegerArray
    level: IntegerArray
    text: list[str]


def encode(events: pl.DataFrame, vocabulary: Vocabulary) -> Steps:
    """Lay events in time order out as process streams; a column ``recording`` keeps those of separate recordings apart."""
    frame = events.select(
        pl.col("recording") if "recording" in events.columns else pl.lit(0).alias("recording"),
        *(pl.Series(name, in_order(events[name].fill_null(""))) for name in ("host", "service")),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
    ).sort("recording", "host", "service", maintain_order=True)
    streams = frame.select(pl.struct("recording", "host", "service").rle_id()).to_series().to_numpy()
    first_rows = np.flatnonzero(np.diff(streams, prepend=-1)) if len(streams) else np.zeros(0, dtype=np.int64)
    known = {name: OTHER_SERVICE + 1 + place for place, name in enumerate(vocabulary.services)}
    rows = frame["row"].to_numpy()
    named = events["service"].fill_null("").gather(rows[first_rows]).to_list()
    services = [known.get(name, OTHER_SERVICE) for name in named]
    kinds = _kinds(events, vocabulary, services)
    marks = [kinds.starts[index] for index in services]
    return _laid_out(events["time"], kinds, rows, np.append(first_rows, len(rows)), np.asarray(marks, dtype=np.int32))


def in_order(texts: pl.Series) -> pl.Series:
    """The place of each text among the distinct ones in order: sorts as they do, several times as fast."""
    return texts.cast(pl.Enum(texts.unique().sort())).to_physical()


def encode_stories(events: pl.DataFrame, stories: Stories, vocabulary: Vocabulary) -> Steps:
    """Lay events out as stories: stream i of the steps is story i. Raises ValueError: the vocabulary knows none."""
    kinds = _kinds(events, vocabulary, [OTHER_SERVICE])
    marks = np.full(len(stories.names), kinds.starts[OTHER_SERVICE], dtype=np.int32)
    steps = _laid_out(events["time"], kinds, stories.rows, stories.offsets, marks)
    known = {name: OTHER_STORY + 1 + place for place, name in enumerate(vocabulary.story_kinds)}
    kind = pl.Series(list(stories.kind), dtype=pl.String)
    index = kind.replace_strict(known, default=OTHER_STORY, return_dtype=pl.Int32).to_numpy()
    last = steps.starts[1:] - 1
    target = steps.target.copy()
    target[last[stories.ended]] = vocabulary.end_class
    seconds = events["time"].dt.epoch("us").cast(pl.Float64).to_numpy()[stories.rows] / 1e6
    wait = np.full(steps.count, -1, dtype=np.int32)
    # The wait for an event is the target of the step before it; how long a story was in coming is nobody's wait.
    places = np.flatnonzero(steps.event >= 0)
    buckets = wait_buckets(np.diff(seconds, prepend=np.nan))
    inner = np.ones(len(places), dtype=np.bool_)
    inner[stories.offsets[:-1][np.diff(stories.offsets) > 0]] = False
    wait[places[inner] - 1] = buckets[inner]
    return replace(
        steps,
        next_gap=np.zeros_like(steps.next_gap),
        target=target,
        wait=wait,
        stream=np.repeat(index, np.diff(steps.starts)).astype(np.int32),
    )


def wait_buckets(seconds: npt.NDArray[np.float64]) -> IntegerArray:
    """Bucket of each wait, -1 where it is NaN; a negative wait, as clocks that disagree make it, counts as the shortest."""
    buckets = np.searchsorted(WAIT_EDGES_SECONDS, np.nan_to_num(seconds), side="right").astype(np.int32)
    buckets[np.isnan(seconds)] = -1
    return buckets


def joined(first: Steps, second: Steps) -> Steps:
    """The streams of both, one behind the other, for one training; each ``event`` still counts rows of its own frame."""
    shift = np.int32(len(first.kind_text))
    arrays = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in (
            "gap",
            "next_gap",
            "target",
            "wait",
            "stream",
            "event",
            "kind_template",
            "kind_service",
            "kind_level",
        )
    }
    return Steps(
        kind=np.concatenate([first.kind, second.kind + shift]),
        starts=np.concatenate([first.starts, second.starts[1:] + first.count]),
        kind_text=first.kind_text + second.kind_text,
        **arrays,
    )


def _kinds(events: pl.DataFrame, vocabulary: Vocabulary, start_services: Sequence[int]) -> _Kinds:
    frame = events.select(
        "template_id", pl.col("service").fill_null(""), pl.col("level").cast(pl.String), pl.col("template")
    )
    key = ["template_id", "service", "level"]
    kinds = frame.unique(subset=key, keep="first", maintain_order=True).with_row_index("kind")
    of_event = frame.drop("template").join(kinds.drop("template"), on=key, how="left", maintain_order="left")["kind"]
    service_index = {name: OTHER_SERVICE + 1 + place for place, name in enumerate(vocabulary.services)}
    template_index = {number: FIRST_KNOWN + place for place, number in enumerate(vocabulary.template_ids)}
    level_index = {name: 1 + place for place, name in enumerate(LEVELS)}
    marks = sorted(set(start_services))
    template = [template_index.get(number, OTHER) for number in kinds["template_id"].to_list()]
    service = [service_index.get(name, OTHER_SERVICE) for name in kinds["service"].to_list()]
    level = [level_index.get(name, 1) for name in kinds["level"].to_list()]
    return _Kinds(
        of_event=of_event.cast(pl.Int32).to_numpy(),
        starts={index: kinds.height + place for place, index in enumerate(marks)},
        template=np.asarray(template + [START] * len(marks), dtype=np.int32),
        service=np.asarray(service + marks, dtype=np.int32),
        level=np.asarray(level + [0] * len(marks), dtype=np.int32),
        text=kinds["template"].to_list() + [""] * len(marks),
    )


def _laid_out(
    times: pl.Series,
    kinds: _Kinds,
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    marks: IntegerArray,
) -> Steps:
    """Steps of streams given as rows and offsets, each with its kind of start mark, as process streams."""
    streams = len(offsets) - 1
    count = len(rows) + streams
    # The step of an event is moved by one start mark for each stream up to and with its own.
    of_row = np.repeat(np.arange(streams), np.diff(offsets))
    places = np.arange(len(rows)) + of_row + 1
    starts = (offsets + np.arange(streams + 1)).astype(np.int64)
    kind = np.zeros(count, dtype=np.int32)
    kind[places] = kinds.of_event[rows]
    kind[starts[:-1]] = marks
    event = np.full(count, -1, dtype=np.int32)
    event[places] = rows
    gap = np.zeros(count, dtype=np.int32)
    first_rows = offsets[:-1][np.diff(offsets) > 0]
    gap[places] = _gap_buckets(times.dt.epoch("us")[rows], first_rows)
    template_of_step = kinds.template[kind]
    target = np.full(count, -1, dtype=np.int32)
    target[:-1] = template_of_step[1:] - OTHER
    next_gap = np.zeros(count, dtype=np.int32)
    next_gap[:-1] = gap[1:]
    last = starts[1:] - 1
    target[last] = -1
    next_gap[last] = 0
    return Steps(
        kind=kind,
        gap=gap,
        next_gap=next_gap,
        target=target,
        wait=np.full(count, -1, dtype=np.int32),
        stream=np.full(count, PROCESS, dtype=np.int32),
        event=event,
        starts=starts,
        kind_template=kinds.template,
        kind_service=kinds.service,
        kind_level=kinds.level,
        kind_text=kinds.text,
    )


def _gap_buckets(moments: pl.Series, first_rows: npt.NDArray[np.int64]) -> IntegerArray:
    """Bucket of the time since the row before; 0 at a stream's first row and where a time is missing."""
    seconds = moments.diff().cast(pl.Float64).to_numpy() / 1e6
    known = ~np.isnan(seconds)
    known[first_rows] = False
    buckets = np.zeros(len(seconds), dtype=np.int32)
    buckets[known] = 1 + np.searchsorted(GAP_EDGES_SECONDS, seconds[known], side="right")
    return buckets


@dataclass(frozen=True)
class Rows:
    """Streams cut into rows: where each begins and ends, without a matrix of all of them.

    Attributes:
        first, stop: (rows,) steps that a row reads: ``first`` to ``stop - 1``.
        warm_up: (rows,) how many of them, at its begin, are another row's own. Every step is some row's own exactly once.
    """

    first: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    warm_up: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(rows,) steps of each."""
        return self.stop - self.first

    def chunks(self, chosen: npt.NDArray[np.integer[Any]] | slice, length: int | None = None) -> Chunks:
        """Some rows as matrices.

        Args:
            length: width of the matrices; that of the longest chosen row if it is not given.
        """
        first, lengths, warm_up = self.first[chosen], self.lengths[chosen], self.warm_up[chosen]
        place = np.arange(length if length is not None else int(lengths.max(initial=0)))
        there = place < lengths[:, None]
        steps = np.where(there, first[:, None] + place, -1).astype(np.int32)
        return Chunks(steps, there & (place >= warm_up[:, None]))


@dataclass(frozen=True)
class Chunks:
    """Rows of equal length.

    Attributes:
        steps: (rows, length) step numbers, -1 is padding (only at a row's end).
        own: (rows, length) True where the step is this row's own, False in the warm-up and in padding.
    """

    steps: IntegerArray
    own: npt.NDArray[np.bool_]


def cut(starts: npt.NDArray[np.int64], length: int, warm_up: int) -> Rows:
    """Cut streams into contiguous rows of ``length`` steps, in order.

    A row that continues a stream begins with the ``warm_up`` steps before it, from a zero state: what is left of the
    true state after so many steps is learned to be small, because training cuts in the same way.

    Args:
        starts: as ``Steps.starts``.
        length: steps in a row, more than ``warm_up``.
        warm_up: repeated steps at the begin of every row but a stream's first.
    """
    stride = length - warm_up
    begin, end = starts[:-1], starts[1:]
    count = 1 + np.maximum(-(-(end - begin - length) // stride), 0)
    stream = np.repeat(np.arange(len(begin)), count)
    number = np.arange(len(stream)) - np.repeat(np.cumsum(count) - count, count)
    first = begin[stream] + number * stride
    return Rows(first=first, stop=np.minimum(end[stream], first + length), warm_up=np.where(number > 0, warm_up, 0))
