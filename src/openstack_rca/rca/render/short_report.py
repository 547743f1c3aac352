"""The answer on one screen: verdict, reason, proof, what to do, causes, next checks, and how to see the rest."""

from rich.console import Console

from openstack_rca.rca.render.excerpts import excerpt
from openstack_rca.rca.render.headline import Headline, headline, lacks
from openstack_rca.rca.render.page import HEAD_INDENT, Page
from openstack_rca.rca.render.text_report import verdict_lines
from openstack_rca.rca.render.wording import category_text, clock, place, spot
from openstack_rca.rca.report import Report

MOST_LINES = 25
"""A screen of 24 lines and the prompt."""

_CAUSES = 3
_CHECKS = 3
_WHY_LINES = 3
_PROOF_LINES = 3
_ACTION_LINES = 3
_WIDTH = 80


def render_short(report: Report, console: Console, program: str = "openstack-rca") -> None:
    """Print the answer in at most ``MOST_LINES`` lines on a console of 80 columns or more.

    Args:
        program: how the reader calls this program, for the line that says how to see all of it.
    """
    page = Page(console)
    point = headline(report)
    for line in verdict_lines(page, point):
        page.show(line)
    page.labelled("Why:", page.text(point.why), _WHY_LINES)
    if point.proof and point.cause:
        where = spot(point.proof)
        # A narrow screen holds the same words in more lines.
        lines = max(_PROOF_LINES, _PROOF_LINES * _WIDTH // page.width)
        room = lines * (page.width - HEAD_INDENT - 8)
        quoted = excerpt(point.proof.text, max(40, room - len(where)), point.proof.matched)
        page.labelled("Proof:", page.join(page.text(where, "cyan"), "  ", page.text(quoted)), lines)
    page.labelled("Do:", page.text(point.action), _ACTION_LINES)
    if point.also:
        page.labelled("Also:", page.text(point.also), 2)
    if not point.sure and report.missing:
        page.labelled("Missing:", page.text(lacks(report)), 2)
    _causes(page, report)
    _checks(page, point)
    # Not broken into lines, so that it can be copied.
    known_by = page.text(report.id, limit=20).plain
    page.print()
    console.print(page.text(f"All of it: {program} report show {known_by} --full", "dim"), soft_wrap=True)


def _causes(page: Page, report: Report) -> None:
    if len(report.causes) < 2:
        return
    page.show(page.text("Causes, most likely first", "bold underline"))
    for number, cause in enumerate(report.causes[:_CAUSES], start=1):
        since = f"{clock(cause.onset)[:8]} UTC" if cause.onset else " " * 12
        name = page.text(place(cause.component, cause.host), "bold")
        line = page.join(f"{number}  {since}  ", name, f"  {category_text(report, cause)}")
        for shown in page.cut(line, 1, page.width - 2):
            page.show(shown, 2)


def _checks(page: Page, point: Headline) -> None:
    if not (point.cause and point.cause.next_checks):
        return
    page.show(page.text("Checks that change nothing", "bold underline"))
    for check in point.cause.next_checks[:_CHECKS]:
        # Half a command is of no use: where one line cannot hold it, more do.
        for line in page.cut(page.text(check), max(1, 2 * (_WIDTH - 1) // page.width), page.width - 2):
            page.show(line, 2)
