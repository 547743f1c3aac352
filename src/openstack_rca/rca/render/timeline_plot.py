"""Where everything of the timeline plot stands: one row per component, over one axis of time.

Positions along the axis are in per cent of the width, so that one drawing fits a telephone and a wide screen with letters of
the same size; heights are in pixels. The bars of a row are one path each for events, errors and scores, in a box of their
own with one unit per bin, which the page stretches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from openstack_rca.logs.durations import ROUND_SECONDS
from openstack_rca.plain_text import counted
from openstack_rca.rca.render.wording import as_utc, clock, moment, names
from openstack_rca.rca.report import ActivityRow, Report, TimelineEntry, one_line

KINDS = ("onset", "evidence", "silence", "gap", "recovery", "window")
MAX_ROWS = 16
BARS_HEIGHT = 30
SCORES_HEIGHT = 9

_ROW_HEIGHT = 68
_LABEL_DROP = 13
_BARS_DROP = 20
_AXIS_HEIGHT = 26
_BADGE_HEIGHT = 20
_BADGE_GAP = 6.5
_FIRST_PERCENT, _LAST_PERCENT = 2.0, 98.0
_EDGE_PERCENT = 9.0
_MAX_TICKS = 6
_BAR_LEAST = 8.0
_RAREST = 3.0
"""Scores are drawn by how rare they are among normal events: one of a thousand has the full height."""


@dataclass(frozen=True)
class Mark:
    """One timeline entry on its row; ``x`` in per cent of the width, ``y`` in pixels."""

    x: float
    y: int
    kind: str
    text: str

    @property
    def drawn_last(self) -> bool:
        """Whether it is drawn over other marks of the same time."""
        return self.kind == "onset"


@dataclass(frozen=True)
class Badge:
    """The onset of a cause: a line through all rows, with the number of the cause above."""

    x: float
    y: int
    number: int
    text: str


@dataclass(frozen=True)
class Tick:
    """A time on the axis; ``anchor`` keeps the outer labels inside the drawing."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True)
class Row:
    """One component: its name and figures, and the paths of its bars (empty where it logged nothing)."""

    name: str
    figures: str
    y: int
    label_y: int
    bars_y: int
    scores_y: int
    events: str = ""
    errors: str = ""
    scores: str = ""


@dataclass(frozen=True)
class Fact:
    """The bars of one row in words."""

    name: str
    events: int
    errors: int
    busiest: str
    score: str


@dataclass(frozen=True)
class TimelinePlot:
    """All of the plot; ``x`` values in per cent, heights in pixels."""

    height: int
    top: int
    axis: int
    rows: list[Row]
    marks: list[Mark]
    ticks: list[Tick]
    onsets: list[Badge]
    band: tuple[float, float] | None
    """Left edge and width of the window."""
    box: tuple[float, float]
    """Left edge and width of the bars."""
    bins: int
    bin_seconds: float
    words: str
    """What the plot shows, as sentences for those who do not see it."""
    facts: list[Fact]


def plot_timeline(report: Report) -> TimelinePlot | None:
    """Return where everything of the timeline plot stands; None where nothing is known over time."""
    entries = sorted(report.timeline, key=lambda entry: as_utc(entry.time))
    edges = [as_utc(time) for time in (report.window.start, report.window.end) if time]
    onsets = [
        (number, as_utc(cause.onset), cause.component) for number, cause in enumerate(report.causes, 1) if cause.onset
    ]
    first_bin, last_bin = _reach(report.activity)
    times = [as_utc(entry.time) for entry in entries] + [time for time in (first_bin, last_bin) if time]
    if not times:
        return None
    everything = [*times, *edges, *(time for _, time, _ in onsets)]
    scale = _Scale(min(everything), max(everything))
    badges = _badges(onsets, scale)
    top = _BADGE_HEIGHT * len({badge.y for badge in badges}) + 4
    activity = {row.component: row for row in report.activity}
    components = [cause.component for cause in report.causes] + list(activity)
    told = {entry.component for entry in entries if entry.kind != "window"}
    shown = [name for name in dict.fromkeys([*components, *sorted(told)]) if name in told or name in activity][
        :MAX_ROWS
    ]
    rows = [_row(name, activity.get(name), top + number * _ROW_HEIGHT) for number, name in enumerate(shown)]
    places = {row.name: row.bars_y + BARS_HEIGHT // 2 for row in rows}
    axis = top + len(rows) * _ROW_HEIGHT + 4
    left = scale(edges[0]) if len(edges) == 2 else 0.0
    box = scale(first_bin) if first_bin else 0.0
    return TimelinePlot(
        height=axis + _AXIS_HEIGHT,
        top=top,
        axis=axis,
        rows=rows,
        marks=[
            _mark(entry, scale(as_utc(entry.time)), places[entry.component])
            for entry in entries
            if entry.kind != "window" and entry.component in places
        ],
        ticks=scale.ticks(),
        onsets=badges,
        band=(left, round(scale(edges[1]) - left, 2)) if len(edges) == 2 and edges[1] >= edges[0] else None,
        box=(box, round(scale(last_bin) - box, 2)) if last_bin else (0.0, 0.0),
        bins=max((len(row.counts) for row in report.activity), default=1),
        bin_seconds=report.activity[0].bin_seconds if report.activity else 0.0,
        words=_words(shown, min(everything), max(everything), edges, onsets),
        facts=[_fact(activity[name]) for name in shown if name in activity],
    )


def _reach(activity: Sequence[ActivityRow]) -> tuple[datetime | None, datetime | None]:
    """Begin of the first bin and end of the last one."""
    if not activity:
        return None, None
    ends = [as_utc(row.start) + timedelta(seconds=row.bin_seconds * len(row.counts)) for row in activity]
    return min(as_utc(row.start) for row in activity), max(ends)


def _row(name: str, row: ActivityRow | None, y: int) -> Row:
    figures, paths = "no lines of its own", {}
    if row is not None:
        most = max(row.counts, default=0) or 1
        errors = sum(row.errors)
        figures = f"{counted(sum(row.counts), 'event')}, {counted(errors, 'error')}"
        paths = {
            "events": _bars([_height(count, most) for count in row.counts]),
            "errors": _bars([_height(count, most) for count in row.errors]),
            "scores": _bars([_rarity(score) for score in row.scores]),
        }
    bars_y = y + _BARS_DROP
    return Row(name, figures, y, y + _LABEL_DROP, bars_y, bars_y + BARS_HEIGHT + 2, **paths)


def _height(count: int, most: int) -> float:
    """Height of a bar in per cent: the square root, so that single events stay visible beside a storm."""
    return max(_BAR_LEAST, 100 * math.sqrt(min(1.0, count / most))) if count > 0 else 0.0


def _rarity(score: float | None) -> float:
    if score is None:
        return 0.0
    return 100 * min(1.0, -math.log10(max(1.0 - min(max(score, 0.0), 1.0), 10**-_RAREST)) / _RAREST)


def _bars(heights: Sequence[float]) -> str:
    return "".join(
        f"M{number} 100V{100 - round(height)}h.9V100z" for number, height in enumerate(heights) if round(height) > 0
    )


def _badges(onsets: Sequence[tuple[int, datetime, str]], scale: _Scale) -> list[Badge]:
    """Numbers of the causes above their onsets, those that would cover each other on different levels."""
    levels: list[float] = []
    badges = []
    for number, time, component in sorted(onsets, key=lambda onset: (onset[1], onset[0])):
        x = scale(time)
        level = next((level for level, last in enumerate(levels) if x - last >= _BADGE_GAP), len(levels))
        levels[level:] = [x, *levels[level + 1 :]]
        text = f"{clock(time)} onset of cause {number}: {one_line(component, 100)}"
        badges.append(Badge(x, level * _BADGE_HEIGHT + _BADGE_HEIGHT // 2, number, text))
    return badges


def _words(
    shown: Sequence[str],
    first: datetime,
    last: datetime,
    edges: Sequence[datetime],
    onsets: Sequence[tuple[int, datetime, str]],
) -> str:
    told = [f"From {moment(first)} to {moment(last)}: {names(shown, 12)}."]
    if len(edges) == 2:
        told.append(f"The window lasts from {clock(edges[0])[:8]} to {clock(edges[1])[:8]}.")
    told += [f"Cause {number}, {component}, begins at {clock(time)}." for number, time, component in onsets]
    return " ".join(told)


def _fact(row: ActivityRow) -> Fact:
    busiest = max(range(len(row.counts)), key=lambda number: row.counts[number], default=0)
    scored = [(score, -number) for number, score in enumerate(row.scores) if score is not None]
    score, place = max(scored, default=(0.0, 0))
    return Fact(
        name=row.component,
        events=sum(row.counts),
        errors=sum(row.errors),
        busiest=f"{row.counts[busiest]} from {_bin_time(row, busiest)}" if row.counts else "",
        score=f"{score:.3f} from {_bin_time(row, -place)}" if scored else "",
    )


def _bin_time(row: ActivityRow, number: int) -> str:
    return clock(row.start + timedelta(seconds=row.bin_seconds * number))[:8]


class _Scale:
    """Times to per cent of the width."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self._first = first
        self._last = last
        self._span = last - first

    def __call__(self, time: datetime) -> float:
        share = (time - self._first) / self._span if self._span else 0.5
        return round(_FIRST_PERCENT + share * (_LAST_PERCENT - _FIRST_PERCENT), 2)

    def ticks(self) -> list[Tick]:
        """Round times, at most ``_MAX_TICKS``; the one moment where there is no span."""
        seconds = self._span.total_seconds()
        step = next((step for step in ROUND_SECONDS if seconds / step <= _MAX_TICKS - 1), None)
        if step is None:
            step = 86400 * math.ceil(seconds / 86400 / (_MAX_TICKS - 1))
        origin = datetime(1970, 1, 1, tzinfo=UTC)
        number = math.ceil((self._first - origin).total_seconds() / step)
        times = []
        while (time := origin + timedelta(seconds=number * step)) <= self._last:
            times.append(time)
            number += 1
        times = times or [self._first]
        form = "%m-%d %H:%M" if self._span.days else "%H:%M:%S" if step < 60 or len(times) == 1 else "%H:%M"
        return [Tick(self(time), time.strftime(form), self._anchor(self(time))) for time in times]

    @staticmethod
    def _anchor(x: float) -> str:
        return "start" if x < _EDGE_PERCENT else "end" if x > 100 - _EDGE_PERCENT else "middle"


def _mark(entry: TimelineEntry, x: float, y: int) -> Mark:
    told = f"{clock(entry.time)} {entry.kind}: {one_line(entry.text, 300)}"
    return Mark(x, y, entry.kind if entry.kind in KINDS else "evidence", told)
