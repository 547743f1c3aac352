"""The answer on one screen: verdict, reason, proof, what to do, causes, next checks, and how to see the rest."""

from collections.abc import Sequence

from rich.console import Console

from openstack_rca.rca.render.page import Page
from openstack_rca.rca.render.text_report import head
from openstack_rca.rca.render.wording import category_text, clock, place
from openstack_rca.rca.report import Report

MOST_LINES = 25
"""A screen of 24 lines and the prompt."""

_CAUSES = 3
_CHECKS = 3


def render_short(report: Report, console: Console, program: str = "openstack-rca") -> None:
    """Print the answer in at most ``MOST_LINES`` lines on a console of 80 columns or more.

    Args:
        program: how the reader calls this program, for the line that says how to see all of it.
    """
    page = Page(console)
    head(page, report, cut=True)
    _causes(page, report)
    _checks(page, report.causes[0].next_checks if report.causes else [])
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


def _checks(page: Page, checks: Sequence[str]) -> None:
    """Half a command is of no use: each check stands whole, and what has no room is left to the whole report."""
    room = MOST_LINES - 2 - page.height
    whole = []
    for check in checks[:_CHECKS]:
        lines = page.command(check, 2)
        if len(lines) <= room:
            whole += lines
            room -= len(lines)
    if whole:
        page.show(page.text("Checks that change nothing", "bold underline"))
    for line in whole:
        page.show(line, 2)
