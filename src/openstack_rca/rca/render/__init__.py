"""A report as text, JSON, Markdown, HTML or a plot. May touch ``report`` and ``vocabulary``."""

from typing import TYPE_CHECKING

from openstack_rca.faces import later
from openstack_rca.rca.render.excerpts import EvidenceGroup, grouped, like_text
from openstack_rca.rca.render.headline import Headline, headline, since_and_record
from openstack_rca.rca.render.json_report import render_json, report_schema
from openstack_rca.rca.render.text_pictures import story_lines, story_title
from openstack_rca.rca.render.text_report import render_text, render_text_plain
from openstack_rca.rca.render.wording import (
    as_utc,
    category_text,
    certainty,
    clock,
    confidence_sides,
    confidence_text,
    counts,
    kind_text,
    moment,
    percent,
    place,
    spot,
    window_text,
)

if TYPE_CHECKING:
    from openstack_rca.rca.render.html_report import render_html
    from openstack_rca.rca.render.markdown_report import render_markdown
    from openstack_rca.rca.render.short_report import render_short
    from openstack_rca.rca.render.ticket import render_ticket
else:
    # Of these an answer takes one form at most.
    __getattr__ = later(__name__)
