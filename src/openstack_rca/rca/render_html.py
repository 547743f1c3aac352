"""The report as one HTML page that needs nothing but itself: no script, no font, no image from elsewhere.

Every value of the template passes :func:`openstack_rca.rca.sanitise.one_line` and is then escaped, both by the
template environment, so that no place in a template can forget it. Positions of the drawings are computed
here; the templates in ``templates/`` draw them. The time axis is in per cent of the width, so that one drawing fits a
telephone and a wide screen with letters of the same size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from openstack_rca.rca import render_common
from openstack_rca.rca.render_common import ChainRow, as_utc, chain_rows, headline, one_day
from openstack_rca.rca.report import Report, TimelineEntry, Verdict
from openstack_rca.rca.sanitise import one_line, shorten

if TYPE_CHECKING:
    from jinja2 import Environment

EVIDENCE_SHOWN = 5
"""Pieces of evidence of a cause that are seen without opening anything."""

_LANE_HEIGHT = 44
_LANE_TOP = 8
_AXIS_HEIGHT = 26
_FIRST_PERCENT, _LAST_PERCENT = 3.0, 97.0
_TICKS = 5
_ROW_HEIGHT = 40
_ROW_INDENT = 26
_BOX_HEIGHT = 28
_LABEL_LIMIT = 32
_CHARACTER_WIDTH = 8
_KINDS = ("onset", "evidence", "silence", "recovery", "window")
_TONES = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.LIKELY: "likely",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_FAILURE_FOUND: "healthy",
}


@dataclass(frozen=True)
class Mark:
    """One timeline entry on its lane; ``x`` in per cent of the width, ``y`` in pixels."""

    x: float
    y: int
    kind: str
    text: str


@dataclass(frozen=True)
class Lane:
    """The line of one component; ``y`` in pixels."""

    name: str
    y: int


@dataclass(frozen=True)
class Tick:
    """A time on the axis; ``anchor`` keeps the outer labels inside the drawing."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True)
class TimelinePlot:
    """The time axis with a lane per component; ``x`` values in per cent, heights in pixels."""

    height: int
    axis: int
    lanes: list[Lane]
    marks: list[Mark]
    ticks: list[Tick]
    onsets: list[Mark]
    band: tuple[float, float] | None
    """Left edge and width of the window."""


@dataclass(frozen=True)
class ChainBox:
    """One component of the causal chain, in pixels; ``parent_y`` is None where the trouble starts."""

    x: int
    y: int
    width: int
    label: str
    name: str
    supported: bool
    parent_x: int
    parent_y: int | None
    root: bool


@dataclass(frozen=True)
class ChainDrawing:
    """The causal chain as an indented tree of boxes, in pixels."""

    width: int
    height: int
    box_height: int
    boxes: list[ChainBox]


def render_html(report: Report, events: None = None) -> str:
    """Return the report as a self-contained HTML page.

    ``events`` is kept free for the events behind the timeline plot; today the plot shows ``report.timeline``.
    """
    roots = {cause.component for cause in report.causes}
    rows = chain_rows(report.chain)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            point=headline(report),
            tone=_TONES[report.verdict],
            chain=draw_chain(rows, roots),
            chain_rows=rows,
            plot=plot_timeline(report),
            day=one_day([entry.time for entry in report.timeline]),
            words=render_common,
            evidence_shown=EVIDENCE_SHOWN,
            kinds=_KINDS,
        )
    )


def plot_timeline(report: Report) -> TimelinePlot | None:
    """Return where everything of the timeline plot stands; None for a report without a timeline."""
    entries = sorted(report.timeline, key=lambda entry: as_utc(entry.time))
    if not entries:
        return None
    times = [as_utc(entry.time) for entry in entries]
    edges = [as_utc(time) for time in (report.window.start, report.window.end) if time]
    onsets = [(number, as_utc(cause.onset), cause) for number, cause in enumerate(report.causes, 1) if cause.onset]
    everything = [*times, *edges, *(time for _, time, _ in onsets)]
    scale = _Scale(min(everything), max(everything))
    names = list(dict.fromkeys(_lane_name(entry) for entry in entries if entry.kind != "window"))
    lanes = {name: _LANE_TOP + number * _LANE_HEIGHT + 32 for number, name in enumerate(names)}
    axis = _LANE_TOP + len(lanes) * _LANE_HEIGHT + 8
    marks = [
        Mark(scale(as_utc(entry.time)), lanes[_lane_name(entry)], _kind(entry), _mark_text(entry))
        for entry in entries
        if entry.kind != "window"
    ]
    left = scale(edges[0]) if len(edges) == 2 else 0.0
    return TimelinePlot(
        height=axis + _AXIS_HEIGHT,
        axis=axis,
        lanes=[Lane(name, y) for name, y in lanes.items()],
        marks=marks,
        ticks=scale.ticks(),
        onsets=[
            Mark(scale(time), 0, "onset", f"onset of cause {number}: {cause.component}")
            for number, time, cause in onsets
        ],
        band=(left, scale(edges[1]) - left) if len(edges) == 2 and edges[1] >= edges[0] else None,
    )


def draw_chain(rows: Sequence[ChainRow], roots: set[str]) -> ChainDrawing | None:
    """Return where the boxes of the causal chain stand; None without a chain."""
    if not rows:
        return None
    boxes: list[ChainBox] = []
    parents: dict[int, ChainBox] = {}
    for number, row in enumerate(rows):
        label = shorten(one_line(row.component, _LABEL_LIMIT), _LABEL_LIMIT)
        parent = parents.get(row.depth - 1)
        box = ChainBox(
            x=2 + row.depth * _ROW_INDENT,
            y=2 + number * _ROW_HEIGHT,
            width=24 + _CHARACTER_WIDTH * len(label),
            label=label,
            name=row.component,
            supported=row.hop is None or row.hop.supported,
            parent_x=parent.x + 12 if parent else 0,
            parent_y=parent.y + _BOX_HEIGHT if parent else None,
            root=row.component in roots,
        )
        parents[row.depth] = box
        boxes.append(box)
    width = max(box.x + box.width for box in boxes) + 24
    return ChainDrawing(width=width, height=len(boxes) * _ROW_HEIGHT, box_height=_BOX_HEIGHT, boxes=boxes)


class _Scale:
    """Times to per cent of the width."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self._first = first
        self._span = last - first

    def __call__(self, time: datetime) -> float:
        share = (time - self._first) / self._span if self._span else 0.5
        return round(_FIRST_PERCENT + share * (_LAST_PERCENT - _FIRST_PERCENT), 2)

    def ticks(self) -> list[Tick]:
        if not self._span:
            return [Tick(50.0, f"{self._first:%H:%M:%S}", "middle")]
        form = "%H:%M:%S" if self._span.days == 0 else "%m-%d %H:%M"
        anchors = ["start", *["middle"] * (_TICKS - 2), "end"]
        shares = [number / (_TICKS - 1) for number in range(_TICKS)]
        times = [self._first + self._span * share for share in shares]
        return [Tick(self(time), time.strftime(form), anchor) for time, anchor in zip(times, anchors, strict=True)]


def _lane_name(entry: TimelineEntry) -> str:
    return render_common.place(entry.component, entry.host)


def _kind(entry: TimelineEntry) -> str:
    return entry.kind if entry.kind in _KINDS else "evidence"


def _mark_text(entry: TimelineEntry) -> str:
    return f"{render_common.clock(entry.time)} {entry.kind}: {one_line(entry.text, 300)}"


@cache
def _environment() -> Environment:
    # Imported here: most analyses print text and should not wait for a template engine.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("openstack_rca.rca", "templates"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: Any) -> Any:
    """Return what a template is about to print, made harmless; markup of our own macros passes."""
    return one_line(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
