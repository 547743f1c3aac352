"""A report in the form that was asked for, and where it is written."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.rca.render import (
    render_html,
    render_json,
    render_markdown,
    render_text,
    render_text_plain,
    report_schema,
)
from openstack_rca.rca.report import Report, one_line
from openstack_rca.service.places import cannot_write, require_output

__all__ = ["FORMATS", "check_report_path", "one_line", "print_report", "render", "report_schema", "write_report"]

FORMATS = ("text", "json", "markdown", "html")
_BY_SUFFIX = {".json": "json", ".md": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}


def render(report: Report, form: str) -> str:
    """The report as a string; ``form`` is one of ``FORMATS``."""
    if form == "json":
        return render_json(report)
    if form == "markdown":
        return render_markdown(report)
    if form == "html":
        return render_html(report)
    return render_text_plain(report)


def print_report(report: Report, console: Console) -> None:
    """The report as terminal text."""
    render_text(report, console)


def check_report_path(path: Path) -> None:
    """Say before the analysis, not after it, that its report could not be written there.

    Raises:
        ConfigurationError: the suffix is unknown, or the file cannot be written.
    """
    _form_of(path)
    require_output(path)


def write_report(report: Report, path: Path) -> None:
    """Write the report, whole or not at all, in the form that the file's suffix names.

    Raises:
        ConfigurationError: the suffix is unknown, or the file cannot be written.
    """
    form = _form_of(path)
    try:
        write_whole(path, render(report, form).encode())
    except OSError as error:
        raise cannot_write(path, error.strerror or str(error)) from None


def _form_of(path: Path) -> str:
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise ConfigurationError(
            f"The suffix of {path} names no form of a report.", f"Use one of {', '.join(_BY_SUFFIX)}."
        )
    return form
