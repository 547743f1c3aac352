"""``openstack-rca signatures``."""

from __future__ import annotations

from pathlib import Path

import click

from openstack_rca.cli.output import JSON_FORMAT, console, print_json
from openstack_rca.service.reports import one_line
from openstack_rca.service.signatures import lint


@click.group("signatures")
def signatures_group() -> None:
    """Your own failure signatures."""


@signatures_group.command("lint", short_help="Check signature files and their examples.")
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[FOLDER]")
@JSON_FORMAT
def lint_command(folder: Path | None, form: str) -> int:
    """Check signature files: schema, patterns, and that every example does what it says.

    Without FOLDER the built-in catalogue is checked. Exit status 1 if there is a problem.

    \b
    Example:
      openstack-rca signatures lint ./signatures
    """
    problems, count = lint(folder)
    if form == "json":
        print_json({"signatures": count, "problems": problems})
    else:
        for problem in problems:
            console().print(one_line(problem), markup=False, soft_wrap=True)
        console().print(f"{len(problems)} problems." if problems else f"{count} signatures, no problem.")
    return 1 if problems else 0
