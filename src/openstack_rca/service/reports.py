"""A report in the form that was asked for, and where it is written."""

from pathlib import Path

from rich.console import Console

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.rca.render import render_json, render_text, render_text_plain
from openstack_rca.rca.render import report_schema as report_schema
from openstack_rca.rca.report import Report as Report
from openstack_rca.rca.report import one_line as one_line
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service.choices import FORMATS as FORMATS
from openstack_rca.service.places import cannot_write, require_output

_BY_SUFFIX = {".json": "json", ".md": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}


def render(report: Report, form: str) -> str:
    """The report as a string; ``form`` is one of ``FORMATS``."""
    if form == "json":
        return render_json(report)
    if form in ("markdown", "md"):
        from openstack_rca.rca.render import render_markdown

        return render_markdown(report)
    if form == "ticket":
        from openstack_rca.rca.render import render_ticket

        return render_ticket(report)
    if form == "html":
        from openstack_rca.rca.render import render_html

        return render_html(report)
    return render_text_plain(report)


def print_report(report: Report, console: Console, *, full: bool = True, program: str = "openstack-rca") -> None:
    """The report as terminal text: all of it, or what fits on one screen, with how ``program`` shows the rest."""
    if full:
        render_text(report, console)
    else:
        from openstack_rca.rca.render import render_short

        render_short(report, console, program)


def exit_status(report: Report) -> int:
    """The exit status of ``analyze --exit-code``: 0 no failure, 10 inconclusive, 11 failure found."""
    return {Verdict.NO_FAILURE_FOUND: 0, Verdict.INCONCLUSIVE: 10}.get(report.verdict, 11)


def check_report_path(path: Path) -> None:
    """Check before an analysis that its report can be written there. Raises ConfigurationError."""
    _form_of(path)
    require_output(path)


def write_report(report: Report, path: Path) -> None:
    """Write the report, whole or not at all, in the form that the suffix names. Raises ConfigurationError."""
    form = _form_of(path)
    try:
        write_whole(path, render(report, form).encode())
    except OSError as error:
        raise cannot_write(path, error.strerror or str(error)) from None


def _form_of(path: Path) -> str:
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise ConfigurationError(
            f"The suffix of {path} is no format of a report.", f"Use one of {', '.join(_BY_SUFFIX)}."
        )
    return form
