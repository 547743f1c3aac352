"""A report as text, JSON, Markdown, HTML or a plot. May touch ``report`` and ``vocabulary``."""

from openstack_rca.rca.render.html_report import render_html
from openstack_rca.rca.render.json_report import render_json, report_schema
from openstack_rca.rca.render.markdown_report import render_markdown
from openstack_rca.rca.render.text_report import render_text, render_text_plain
from openstack_rca.rca.render.wording import Headline, counts, headline, moment, percent, place, spot, window_text

__all__ = [
    "Headline",
    "counts",
    "headline",
    "moment",
    "percent",
    "place",
    "render_html",
    "render_json",
    "render_markdown",
    "render_text",
    "render_text_plain",
    "report_schema",
    "spot",
    "window_text",
]
