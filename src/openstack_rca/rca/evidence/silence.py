"""Silence: a stream that logged steadily and stopped. Killed and frozen processes leave no other line."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.event_table import EVENTS_AT_ONCE
from openstack_rca.rca.weights import current


@dataclass(frozen=True)
class Gap:
    """A significant silence of one (host, component) stream.

    Attributes:
        significance: -ln of the probability that chance leaves a gap of this length, after correcting for the
            number of places where it could have started.
        others_active: share of the other streams that went on logging meanwhile, in [0, 1].
        alike: the same component on other hosts, which wrote at the same moments before, goes on, and so does its host.
        resumed: False if the stream was still silent when the logs ended.
        same_process: True if the first event after the gap carries a process id seen before it, None if unknown.
        rows: indices of the last event before the gap and, if any, the first one after it.
    """

    component: str
    host: str | None
    start: datetime
    end: datetime
    per_minute: float
    significance: float
    others_active: float
    alike: bool
    resumed: bool
    same_process: bool | None
    rows: tuple[int, ...]


def find_gaps(
    observed: pl.DataFrame,
    normal_gap_seconds: dict[str, float] | None = None,
    normal_per_minute: dict[str, float] | None = None,
    follows: Callable[[str, str], bool] | None = None,
    place: Sequence[str] = ("host",),
) -> list[Gap]:
    """Find the streams that stopped.

    The chance of a bin of ``slice_seconds`` without an event is taken from the stream itself, outside the gap; under
    a geometric model a gap of k bins has probability (1 - q)^k. A gap that the baseline has seen as long is normal.

    Args:
        observed: events with columns ``row`` (index), ``time``, ``component``, ``host`` and ``process``.
        normal_gap_seconds: longest gap of each component in the training logs, in seconds.
        normal_per_minute: rate of each component's busiest stream there; a stream that was lively only for the short
            while that these logs show is not expected to stay livelier than that.
        follows: tells whether the first component grows quiet when the second one stops (it depends on it); such
            streams, and the others of the same component, are not witnesses of whether the cloud went on.
        place: the columns that tell the streams of a component apart, ``host`` first.

    Returns:
        Gaps, most significant first.
    """
    normal, usual = normal_gap_seconds or {}, normal_per_minute or {}
    known = pl.col("time").is_not_null() & pl.col("component").is_not_null()
    begin, end, number = observed.select(
        pl.col("time").filter(known).min().alias("begin"),
        pl.col("time").filter(known).max().alias("end"),
        known.sum().alias("number"),
    ).row(0)
    if number < 2:
        return []
    recording = _Recording(begin, (end - begin).total_seconds(), observed, known, place)
    gaps = [
        gap
        for index in range(len(recording.names))
        if (gap := _gap_of(recording, index, normal, usual, follows)) is not None
    ]
    return sorted(gaps, key=lambda gap: -gap.significance)


class _Recording:
    """The streams of a recording, with the seconds of their events since its begin."""

    def __init__(
        self, begin: datetime, span: float, observed: pl.DataFrame, known: pl.Expr, place: Sequence[str]
    ) -> None:
        self.begin, self.span, self.observed = begin, span, observed
        self.bins = max(1, math.ceil(span / current().slice_seconds))
        keys, begun = ["component", *place], int(begin.timestamp() * 1e6)
        seconds = (pl.col("time").dt.timestamp("us") - begun) / 1e6
        found: dict[tuple[Any, ...], list[pl.DataFrame]] = defaultdict(list)
        # Of some events after the others: to group all at once takes several times their memory.
        for number, part in enumerate(observed.iter_slices(EVENTS_AT_ONCE)):
            events = part.with_row_index("at", number * EVENTS_AT_ONCE).filter(known)
            events = events.select(*keys, "at", seconds=seconds)
            for key, stream in events.partition_by(keys, maintain_order=True, include_key=False, as_dict=True).items():
                found[key].append(stream)
        self.names = [str(name) for name, *_ in found]
        self.hosts: list[tuple[Any, ...]] = [key[1:] for key in found]
        self._of_host: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index, host in enumerate(self.hosts):
            self._of_host[host].append(index)
        streams = [pl.concat(found.pop(key), rechunk=True) for key in list(found)]
        # Of each stream the places of its events among the observed ones: their columns would be there twice.
        self._places = [stream["at"] for stream in streams]
        self.seconds = [stream["seconds"].to_numpy() for stream in streams]

    def of_stream(self, index: int, column: str) -> pl.Series:
        """A column of the events of one stream."""
        return self.observed[column].gather(self._places[index])

    @cached_property
    def _together(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each component the slices in which any of its streams has a line, and how many of them have one."""
        active: dict[str, list[np.ndarray]] = defaultdict(list)
        for name, seconds in zip(self.names, self.seconds, strict=True):
            active[name].append(_active(seconds))
        return {name: np.unique(np.concatenate(slices), return_counts=True) for name, slices in active.items()}

    def host_goes_on(self, index: int, start: float, end: float) -> bool:
        """Whether another stream of the same host has a line in the second half of a stretch of time."""
        host = self.hosts[index]
        others = [self.seconds[n] for n in self._of_host[host] if n != index and host[0] is not None]
        return any(bool(((times > (start + end) / 2) & (times < end)).any()) for times in others)

    def twins(self, index: int) -> np.ndarray:
        """The slices in which the same component has a line on another host."""
        slices, streams = self._together[self.names[index]]
        return slices[streams > np.isin(slices, _active(self.seconds[index]))]

    def moment(self, seconds: float) -> datetime:
        return self.begin + timedelta(seconds=float(seconds))

    def witnesses(self, component: str, follows: Callable[[str, str], bool] | None) -> list[np.ndarray]:
        """Times of the streams that would go on if only this component stopped."""
        return [
            times
            for times, name in zip(self.seconds, self.names, strict=True)
            if name != component and not (follows and follows(name, component))
        ]


def _gap_of(
    recording: _Recording,
    index: int,
    normal: dict[str, float],
    usual: dict[str, float],
    follows: Callable[[str, str], bool] | None,
) -> Gap | None:
    """The longest gap of one stream, if it is significant."""
    table = current()
    component, lines, span = recording.names[index], len(recording.seconds[index]), recording.span
    longest = _longest_gap(recording.seconds[index], span, recording.bins)
    if longest is None:
        return None
    position, start, end, active_share = longest
    length = end - start
    if component in usual:
        active_share = min(active_share, -math.expm1(-usual[component] * table.slice_seconds / 60.0))
    if (
        length < max(table.gap_seconds, table.normal_gaps * normal.get(component, 0.0))
        or length > table.longest_gap * span
    ):
        return None
    resumed = position + 1 < lines
    # Where all that a host writes ends, its logs were collected sooner, or it is away: the others do not tell which.
    there = resumed or recording.host_goes_on(index, start, end)
    by_twins = _missed_by_twins(recording, index, start, end) if there else 0.0
    significance = max(-(length / table.slice_seconds) * math.log1p(-active_share), by_twins) - math.log(recording.bins)
    if significance < table.silence_significance:
        return None
    processes = recording.of_stream(index, "process")
    before = set(processes[: position + 1].drop_nulls().unique().to_list())
    after = processes[position + 1] if resumed else None
    return Gap(
        component=component,
        host=recording.hosts[index][0],
        start=recording.moment(start),
        end=recording.moment(end),
        per_minute=60.0 * lines / max(span - length, 1.0),
        significance=significance,
        others_active=_others_active(recording.witnesses(component, follows), start, end, span),
        alike=by_twins - math.log(recording.bins) >= table.silence_significance,
        resumed=resumed,
        same_process=None if after is None or not before else after in before,
        rows=tuple(int(row) for row in recording.of_stream(index, "row")[position : position + 2]),
    )


def _longest_gap(times: np.ndarray, span: float, bins: int) -> tuple[int, float, float, float] | None:
    """Longest stretch without an event after the first one: (index of last event before, start, end, active share)."""
    table = current()
    bounds = np.append(times, span)
    lengths = np.diff(bounds)
    position = int(lengths.argmax())
    start, end = float(bounds[position]), float(bounds[position + 1])
    outside_bins = bins - (end - start) / table.slice_seconds
    active = len(_active(times))
    if active < table.active_slices:
        return None
    # A share seen over few bins is uncertain: one active bin less and two bins more keep it on the safe side.
    share = (active - 1) / (outside_bins + 2)
    return position, start, end, min(share, _wakes(times, end - start, outside_bins, share))


def _wakes(times: np.ndarray, gap: float, outside_bins: float, share: float) -> float:
    """Chance that an idle bin is followed by an active one: for a stream that comes in bursts, less than the share.

    Bins are a Markov chain of two states; where few idle bins were seen the share of active ones stands in for them.
    """
    table = current()
    bins = _active(times)
    pauses = np.diff(bins) - 1
    pauses = pauses[pauses > 0]
    awakenings = len(pauses) - (gap > 2 * table.slice_seconds)
    idle = max(outside_bins - len(bins), 0.0)
    return float((max(awakenings, 0) + table.idle_prior * share) / (idle + table.idle_prior))


def _missed_by_twins(recording: _Recording, index: int, start: float, end: float) -> float:
    """-ln of the chance that a stream stays away from all that its twins wrote meanwhile; 0 where they are not in step.

    Twins are the streams of the same component on other hosts. Agents that all hear the same notifications write at the
    same moments; those of which each has work of its own do not.
    """
    table = current()
    own, twins = _active(recording.seconds[index]), recording.twins(index)
    first, last = int(start / table.slice_seconds), int(end / table.slice_seconds)
    inside = (twins > first) & (twins < last)
    # The slice in which the logs end is not over.
    outside = twins[~inside & (twins < recording.bins - 1)]
    if len(outside) < table.active_slices:
        return 0.0
    share = float(np.isin(outside, own).sum() / (len(outside) + 2))
    return -float(inside.sum()) * math.log1p(-share) if share >= table.coverage else 0.0


def _active(times: np.ndarray) -> np.ndarray:
    """The slices of time in which a stream has a line."""
    return np.unique((times / current().slice_seconds).astype(int))


def _others_active(seconds: list[np.ndarray], start: float, end: float, span: float) -> float:
    """Share of the given streams that go on meanwhile: their rate inside the gap is a good part of their own rate outside."""
    table = current()
    going, counted = 0, 0
    for times in seconds:
        if len(times) < table.back_lines:
            continue
        counted += 1
        inside = int(((times > start) & (times < end)).sum())
        outside_rate = (len(times) - inside) / max(span - (end - start), 1.0)
        going += inside >= table.going_share * outside_rate * (end - start)
    return going / counted if counted else 0.0
