"""``openstack-rca signatures``."""

from __future__ import annotations

from pathlib import Path

import click

from openstack_rca.cli.output import console
from openstack_rca.service.signatures import lint


@click.group("signatures")
def signatures_group() -> None:
    """Your own failure signatures."""


@signatures_group.command("lint")
@click.argument("folder", type=click.Path(exists=True, path_type=Path), required=False, metavar="[FOLDER]")
def lint_command(folder: Path | None) -> int:
    """Check signature files: schema, patterns, and that every example does what it says.

    Without FOLDER the built-in catalogue is checked. Exit status 1 if there is a problem.
    """
    problems, count = lint(folder)
    for problem in problems:
        console().print(problem, markup=False, soft_wrap=True)
    console().print(f"{count} signatures, {len(problems)} problems.")
    return 1 if problems else 0
