"""What a page shows of a report: its parts, the words that all renderings share, and text made harmless."""

from __future__ import annotations

from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.render import (
    Headline,
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
    "EvidenceItem",
    "Headline",
    "Hop",
    "Report",
    "RequestPath",
    "Verdict",
    "component_names",
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


def component_names() -> list[str]:
    """Every component that is known here, by name."""
    return sorted(load_topology().components)
