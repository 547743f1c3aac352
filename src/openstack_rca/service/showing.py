"""What a page shows of a report: its parts, the words that all renderings share, and text made harmless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.render import (
    Headline,
    as_utc,
    confidence_sides,
    confidence_text,
    counts,
    headline,
    moment,
    percent,
    place,
    spot,
    story_lines,
    story_title,
    window_text,
)
from openstack_rca.rca.report import (
    Cause,
    EvidenceItem,
    Hop,
    Report,
    RequestPath,
    markdown_prose,
    mask_secrets,
    one_line,
)
from openstack_rca.rca.vocabulary import Verdict

__all__ = [
    "Cause",
    "ChainStep",
    "EvidenceItem",
    "Headline",
    "Hop",
    "Report",
    "RequestPath",
    "Verdict",
    "as_utc",
    "chain_steps",
    "component_names",
    "confidence_sides",
    "confidence_text",
    "counts",
    "headline",
    "markdown_prose",
    "mask_secrets",
    "moment",
    "one_line",
    "percent",
    "place",
    "spot",
    "story_lines",
    "story_title",
    "window_text",
]


@dataclass(frozen=True)
class ChainStep:
    """One arrow of the causal chain with what proves it.

    Attributes:
        hop: who troubles whom.
        item: the line in which the troubled one complains about the other; None where no line of the report does.
        since: when the trouble of the first one began, as far as is known.
    """

    hop: Hop
    item: EvidenceItem | None
    since: datetime | None


def chain_steps(report: Report) -> list[ChainStep]:
    """The causal chain in order, each arrow with the line behind it."""
    items = [item for cause in report.causes for item in cause.evidence]
    onsets = {cause.component: cause.onset for cause in reversed(report.causes)}
    steps = []
    for hop in report.chain:
        item = next((item for item in items if item.accuses == hop.source and item.service == hop.target), None)
        steps.append(ChainStep(hop, item, item.time if item and item.time else onsets.get(hop.source)))
    return steps


def component_names() -> list[str]:
    """Every component that is known here, by name."""
    return sorted(load_topology().components)
