"""The answer on one screen, and the answer for a ticket."""

from __future__ import annotations

import io

import hostile_report
import pytest
import report_samples
from rich.cells import cell_len
from rich.console import Console

from openstack_rca.rca.render import short_report, ticket
from openstack_rca.rca.report.report import Report

REPORTS = [report_samples.confirmed, report_samples.healthy, report_samples.inconclusive]
HOSTILE = "\x1b[31m`]|<b>\u202e [link](http://x) @all " + "word " * 200


def on_screen(report: Report, width: int = 80) -> list[str]:
    """Lines of the short report on a screen without colours."""
    output = io.StringIO()
    short_report.render_short(report, Console(file=output, width=width, color_system=None, legacy_windows=False))
    return output.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("make", [*REPORTS, lambda: hostile_report.hostile(HOSTILE)])
def test_the_answer_fits_on_one_screen(make: object, width: int) -> None:
    """At most 25 lines, none wider than the screen, whatever the logs hold."""
    lines = on_screen(make(), width)  # type: ignore[operator]
    assert len(lines) <= short_report.MOST_LINES
    assert max(cell_len(line) for line in lines) <= width
    assert "\x1b" not in "".join(lines)


def test_the_screen_holds_verdict_why_proof_what_to_do_causes_checks_and_the_id() -> None:
    """What an operator under pressure needs, in this order."""
    report = report_samples.confirmed()
    text = " ".join(" ".join(on_screen(report)).split())
    wanted = ["CONFIRMED", "mariadb on controller", "Why:", "Proof:", "controller/mariadb.log:88", "Do:", "Causes"]
    places = [text.index(word) for word in [*wanted, "Checks that change nothing", report.id]]
    assert places == sorted(places)


def test_a_healthy_answer_names_no_component_and_no_check() -> None:
    """Verdict, why, and what to do if the trouble goes on."""
    text = "\n".join(on_screen(report_samples.healthy()))
    assert "NO FAILURE FOUND" in text
    assert "Causes" not in text and "Checks" not in text


@pytest.mark.parametrize("make", [*REPORTS, lambda: hostile_report.hostile(HOSTILE)])
def test_a_ticket_has_at_most_thirty_lines(make: object) -> None:
    """Markdown in which nothing of the logs is interpreted."""
    text = ticket.render_ticket(make())  # type: ignore[operator]
    assert len(text.splitlines()) <= ticket.MOST_LINES
    assert "\x1b" not in text and "\u202e" not in text


def test_a_ticket_proves_what_it_says() -> None:
    """Cause, category, file and line, remedy, and how to confirm it."""
    report = report_samples.confirmed()
    text = ticket.render_ticket(report)
    for words in ("**CONFIRMED** mariadb on controller", "controller/mariadb.log:88", "To do:", f"confirm {report.id}"):
        assert words in text
