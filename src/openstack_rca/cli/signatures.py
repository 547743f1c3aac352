"""``openstack-rca signatures``."""

from dataclasses import asdict
from pathlib import Path

import click

from openstack_rca.cli.options import JSON_FORMAT
from openstack_rca.cli.output import naming_new_folders, notice, print_json, say
from openstack_rca.cli.services import signatures
from openstack_rca.plain_text import counted
from openstack_rca.settings import load_settings


@click.group("signatures")
def signatures_group() -> None:
    """Your own failure signatures."""


@signatures_group.command("lint", short_help="Check signature files and their cases.")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[PATH]")
@JSON_FORMAT
def lint_command(path: Path | None, form: str) -> int:
    """Check signature files: fields, patterns, and that every case is answered as it says.

    PATH is a folder or one file; without it the built-in catalogue is checked. Exit status 1 if there is a problem.

    \b
    Example:
      openstack-rca signatures lint ./signatures
    """
    checked = signatures.lint(path)
    if form == "json":
        print_json({"signatures": checked.signatures, "problems": checked.problems, "hints": checked.hints})
    else:
        for hint in checked.hints:
            notice(hint)
        for problem in checked.problems:
            say(problem)
        count = len(checked.problems)
        sound = f"{counted(checked.signatures, 'signature')}, no problem."
        say(f"{counted(count, 'problem')}." if count else sound)
    return 1 if checked.problems else 0


@signatures_group.command("new", short_help="Write a commented signature file to start from.")
@click.argument("signature_id", metavar="ID")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write it to; default: the current folder.",
)
def new_command(signature_id: str, folder: Path) -> None:
    """Write ID.yaml, a signature with every field explained, ready to be changed.

    \b
    Example:
      openstack-rca signatures new array-controller-failed --folder ./signatures
    """
    with naming_new_folders(folder / signature_id):
        say(f"Wrote {signatures.begin(signature_id, folder)}.")


@signatures_group.command("test", short_help="Show what signatures hit in logs.")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.argument("logs", nargs=-1, required=True, metavar="LOGS...")
@JSON_FORMAT
def test_command(path: Path, logs: tuple[str, ...], form: str) -> None:
    """Show each line of LOGS that the signatures of FILE (or a folder) hit, and whom they accuse there.

    LOGS are files, folders or archives, as for analyze. At most 1000 hits are shown; all are counted.

    \b
    Example:
      openstack-rca signatures test ./signatures/array-controller-failed.yaml /var/log/cinder
    """
    tried = signatures.try_out(path, logs, load_settings())
    if form == "json":
        print_json(asdict(tried))
        return
    for hit in tried.hits:
        place = f"{hit.file}:{hit.line}"
        say(f"{place}  {hit.accused or 'nobody'}: {hit.statement}")
        say(f"    {hit.text}")
    for signature_id, count in tried.counts.items():
        say(f"{signature_id}: {count} of {counted(tried.events, 'event')}")
