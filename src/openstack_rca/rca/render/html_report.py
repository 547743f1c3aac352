"""The report as one HTML page that needs nothing but itself: no script, no font, no image from elsewhere.

Every value of the template passes :func:`openstack_rca.rca.report.sanitise.one_line` and is then escaped, both by the
template environment, so that no place in a template can forget it. Positions of the drawings are computed
here and in :mod:`openstack_rca.rca.render.timeline_plot`; the templates in ``templates/`` draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.render import excerpts, text_pictures, wording
from openstack_rca.rca.render.excerpts import EvidenceGroup, grouped
from openstack_rca.rca.render.headline import headline, lacks, simultaneous
from openstack_rca.rca.render.text_pictures import ChainRow, chain_lines, chain_rows
from openstack_rca.rca.render.wording import one_day, reason
from openstack_rca.rca.report import Cause, Report, one_line, shorten
from openstack_rca.rca.vocabulary import Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

EVIDENCE_SHOWN = 5
"""Pieces of evidence of a cause that are seen without opening anything."""

_ROW_HEIGHT = 40
_ROW_INDENT = 26
_BOX_HEIGHT = 28
_LABEL_LIMIT = 32
_CHARACTER_WIDTH = 8
_TONES = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.LIKELY: "likely",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NO_FAILURE_FOUND: "healthy",
}


@dataclass(frozen=True)
class Evidence:
    """A group of alike evidence and why it speaks against the cause ("" where that is said above it)."""

    group: EvidenceGroup
    why: str


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


def render_html(report: Report) -> str:
    """Return the report as a self-contained HTML page."""
    # The other forms share this room, and draw no plot.
    from openstack_rca.rca.render import timeline_plot

    rows = chain_rows(report.chain)
    own = simultaneous(report)
    roots = {cause.component for cause in [*report.causes[:1], *own]}
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            point=headline(report),
            tone=_TONES[report.verdict],
            chain=draw_chain(rows, roots),
            chain_lines=chain_lines(rows),
            evidence=[_evidence(cause) for cause in report.causes],
            own=[any(cause is other for other in own) for cause in report.causes],
            plot=timeline_plot.plot_timeline(report),
            day=one_day([entry.time for entry in report.timeline]),
            lacks=lacks(report),
            words=wording,
            pictures=text_pictures,
            excerpts=excerpts,
            failures=FAILURES,
            shapes=timeline_plot,
            evidence_shown=EVIDENCE_SHOWN,
        )
    )


def _evidence(cause: Cause) -> list[Evidence]:
    told: set[str] = set()
    return [Evidence(group, reason(group.item, cause, told)) for group in grouped(cause.evidence)]


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


@cache
def _environment() -> Environment:
    # Imported here: most analyses print text and should not wait for a template engine.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("openstack_rca.rca.render", "templates"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: Any) -> Any:
    """Return what a template is about to print, made harmless; markup of our own macros passes."""
    return one_line(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
