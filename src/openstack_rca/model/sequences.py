"""Events -> integer arrays, one step per event of each (host, service) stream.

A stream of n events has n + 1 steps: step 0 is a start mark, step i is event i. At step i the network has read events
1..i and predicts the template of event i + 1, knowing how long that event was in coming (``next_gap``): "given that
something is logged now, what is it?" Every stream is read once; chunks repeat only a short warm-up.

Arrays are flat over all steps of all streams; ``cut`` gives (rows, length) matrices of step numbers, -1 is padding.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

IntegerArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

PADDING, START, OTHER, FIRST_KNOWN = 0, 1, 2, 3
"""Template indices that are no template of the vocabulary; class of an index is ``index - OTHER``."""

OTHER_SERVICE = 1
LEVELS = ("UNKNOWN", "TRACE", "DEBUG", "INFO", "AUDIT", "WARNING", "ERROR", "CRITICAL")
LEVEL_COUNT = len(LEVELS) + 1
GAP_EDGES_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Borders of the logarithmic time-gap buckets; bucket 0 means that no gap is known."""
GAP_COUNT = len(GAP_EDGES_SECONDS) + 2
WORD_BUCKETS = 256
MAXIMUM_SERVICES = 254
MINIMUM_TEMPLATE_COUNT = 2

_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")


def hashed_words(templates: Sequence[str], buckets: int = WORD_BUCKETS) -> FloatArray:
    """Bag of hashed words of each text, (texts, buckets).

    Each word adds +1 or -1 to one bucket (feature hashing with signs, Weinberger et al., ICML 2009); rows have length
    one, so a long message is not a loud one.
    """
    bags = np.zeros((len(templates), buckets), dtype=np.float32)
    places: dict[str, tuple[int, float]] = {}
    for row, template in enumerate(templates):
        for word in set(_WORD.findall(template.lower())):
            if word not in places:
                number = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
                places[word] = (number % buckets, 1.0 if number >> 63 else -1.0)
            bucket, sign = places[word]
            bags[row, bucket] += sign
    norms = np.linalg.norm(bags, axis=1, keepdims=True)
    bags /= np.maximum(norms, np.float32(1e-6))
    return bags


@dataclass(frozen=True)
class Vocabulary:
    """Which templates and services the network knows by index.

    Attributes:
        template_ids: known templates; the i-th has index ``FIRST_KNOWN + i``.
        services: known services; the i-th has index ``OTHER_SERVICE + 1 + i``.
        others: how many templates share the class "other": those of the training events that are not in
            ``template_ids``, and one for all that never came.
    """

    template_ids: tuple[int, ...]
    services: tuple[str, ...]
    others: int = 1

    @property
    def template_count(self) -> int:
        """Rows of the template embedding."""
        return FIRST_KNOWN + len(self.template_ids)

    @property
    def class_count(self) -> int:
        """Classes of the next-template head: "other" and the known templates."""
        return self.template_count - OTHER

    @property
    def service_count(self) -> int:
        """Rows of the service embedding."""
        return OTHER_SERVICE + 1 + len(self.services)

    def as_dict(self) -> dict[str, Any]:
        """JSON form; ids as 16 hexadecimal digits."""
        return {
            "template_ids": [f"{number:016x}" for number in self.template_ids],
            "services": list(self.services),
            "others": self.others,
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Vocabulary:
        """Read what ``as_dict`` wrote.

        Raises:
            KeyError, TypeError, ValueError: not of that form.
        """
        ids = tuple(int(text, 16) for text in facts["template_ids"])
        services = tuple(facts["services"])
        if not all(isinstance(name, str) for name in services):
            raise ValueError("a service name is not text")
        if len(set(ids)) != len(ids) or len(set(services)) != len(services):
            raise ValueError("an entry occurs twice")
        others = int(facts["others"])
        if others < 1:
            raise ValueError("fewer than one template is 'other'")
        return cls(ids, services, others)

    @classmethod
    def learn(cls, events: pl.DataFrame, size: int) -> Vocabulary:
        """The most frequent templates, at most ``size``, and all services of training events.

        A template seen once stays "other": so the network learns how likely something rare is.
        """
        counts = (
            events.group_by("template_id")
            .agg(pl.len().alias("count"))
            .filter(pl.col("count") >= MINIMUM_TEMPLATE_COUNT)
            .sort("count", "template_id", descending=[True, False])
            .head(size)
        )
        services = (
            events.filter(pl.col("service").is_not_null())
            .group_by("service")
            .agg(pl.len().alias("count"))
            .sort("count", "service", descending=[True, False])
            .head(MAXIMUM_SERVICES)["service"]
            .sort()
        )
        ids = tuple(counts["template_id"].to_list())
        return cls(ids, tuple(services.to_list()), events["template_id"].n_unique() - len(ids) + 1)


@dataclass(frozen=True)
class Steps:
    """All streams of a frame as flat arrays.

    Attributes:
        kind: (steps,) row of the kind table below; a kind is a distinct (template, service, level).
        gap: (steps,) bucket of the time since the stream's previous event.
        next_gap: (steps,) bucket of the time until the stream's next event.
        target: (steps,) class of the next event's template, -1 at a stream's last step.
        event: (steps,) row of this step's event in the frame, -1 at the start mark.
        starts: (streams + 1,) first step of each stream, and the number of steps.
        kind_template, kind_service, kind_level: (kinds,) indices.
        kind_text: template text of each kind, empty for start marks.
    """

    kind: IntegerArray
    gap: IntegerArray
    next_gap: IntegerArray
    target: IntegerArray
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
        """(steps,) row of the event that the step predicts, -1 where there is none."""
        following = np.full(self.count, -1, dtype=np.int32)
        following[:-1] = self.event[1:]
        following[self.target < 0] = -1
        return following


def encode(events: pl.DataFrame, vocabulary: Vocabulary) -> Steps:
    """Lay events out as steps.

    Args:
        events: rows of the events table in time order; a column ``recording``, where there is one, keeps the streams
            of separate recordings apart.
    """
    recording = pl.col("recording") if "recording" in events.columns else pl.lit(0).alias("recording")
    frame = events.select(
        recording,
        pl.col("host").fill_null(""),
        pl.col("service").fill_null(""),
        pl.col("level").cast(pl.String),
        "template_id",
        "template",
        pl.col("time").dt.epoch("us").alias("moment"),
        pl.int_range(pl.len(), dtype=pl.Int32).alias("row"),
    ).sort("recording", "host", "service", maintain_order=True)
    kinds = (
        frame.select("template_id", "service", "level", "template")
        .unique(subset=["template_id", "service", "level"], keep="first", maintain_order=True)
        .with_row_index("kind")
    )
    frame = frame.join(
        kinds.drop("template"), on=["template_id", "service", "level"], how="left", maintain_order="left"
    )
    streams = frame.select(pl.struct("recording", "host", "service").rle_id()).to_series().to_numpy()
    first_rows = np.flatnonzero(np.diff(streams, prepend=-1)) if len(streams) else np.zeros(0, dtype=np.int64)

    service_index = {name: OTHER_SERVICE + 1 + place for place, name in enumerate(vocabulary.services)}
    template_index = {number: FIRST_KNOWN + place for place, number in enumerate(vocabulary.template_ids)}
    level_index = {name: 1 + place for place, name in enumerate(LEVELS)}
    stream_services = frame["service"].gather(first_rows).to_list()
    start_services = sorted({service_index.get(name, OTHER_SERVICE) for name in stream_services})
    start_kind = {index: kinds.height + place for place, index in enumerate(start_services)}

    kind_template = [template_index.get(number, OTHER) for number in kinds["template_id"].to_list()]
    kind_service = [service_index.get(name, OTHER_SERVICE) for name in kinds["service"].to_list()]
    kind_level = [level_index.get(name, 1) for name in kinds["level"].to_list()]
    kind_template += [START] * len(start_services)
    kind_service += start_services
    kind_level += [0] * len(start_services)

    count = frame.height + len(first_rows)
    # The step of an event is moved by one start mark for each stream up to and with its own.
    stream_of_event = np.searchsorted(first_rows, np.arange(frame.height), side="right")
    places = np.arange(frame.height) + stream_of_event
    starts = np.append(first_rows + np.arange(len(first_rows)), count).astype(np.int64)

    kind = np.zeros(count, dtype=np.int32)
    kind[places] = frame["kind"].to_numpy()
    kind[starts[:-1]] = [start_kind[service_index.get(name, OTHER_SERVICE)] for name in stream_services]
    event = np.full(count, -1, dtype=np.int32)
    event[places] = frame["row"].to_numpy()
    gap = np.zeros(count, dtype=np.int32)
    gap[places] = _gap_buckets(frame["moment"], first_rows)
    template_of_step = np.asarray(kind_template, dtype=np.int32)[kind] if count else np.zeros(0, dtype=np.int32)
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
        event=event,
        starts=starts,
        kind_template=np.asarray(kind_template, dtype=np.int32),
        kind_service=np.asarray(kind_service, dtype=np.int32),
        kind_level=np.asarray(kind_level, dtype=np.int32),
        kind_text=kinds["template"].to_list() + [""] * len(start_services),
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
class Chunks:
    """Streams cut into rows of equal length.

    Attributes:
        steps: (rows, length) step numbers, -1 is padding (only at a row's end).
        own: (rows, length) True where the step is this row's own, False in the warm-up and in padding.
            Every step is some row's own exactly once.
    """

    steps: IntegerArray
    own: npt.NDArray[np.bool_]


def cut(starts: npt.NDArray[np.int64], length: int, warm_up: int) -> Chunks:
    """Cut streams into contiguous rows of ``length`` steps.

    A row that continues a stream begins with the ``warm_up`` steps before it, from a zero state: what is left of the
    true state after so many steps is learned to be small, because training cuts in the same way.

    Args:
        starts: as ``Steps.starts``.
        length: steps in a row, more than ``warm_up``.
        warm_up: repeated steps at the begin of every row but a stream's first.
    """
    stride = length - warm_up
    rows: list[tuple[int, int, int]] = []
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        rows.append((begin, min(end, begin + length), 0))
        for place in range(begin + length, end, stride):
            rows.append((place - warm_up, min(end, place + stride), warm_up))
    widest = max((stop - first for first, stop, _ in rows), default=0)
    steps = np.full((len(rows), widest), -1, dtype=np.int32)
    own = np.zeros((len(rows), widest), dtype=np.bool_)
    for row, (first, stop, skipped) in enumerate(rows):
        steps[row, : stop - first] = np.arange(first, stop)
        own[row, skipped : stop - first] = True
    return Chunks(steps, own)
