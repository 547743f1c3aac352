"""``openstack-rca backup`` and ``openstack-rca restore``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import answer, naming_new_folders, print_json, say
from openstack_rca.cli.services import upkeep
from openstack_rca.plain_text import counted, sized
from openstack_rca.settings import Settings


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@with_form_and_settings
def backup_command(file: Path, form: str, settings: Settings) -> None:
    """Write a copy of the embedded tracking database (runs and registry) to FILE while others may work with it.

    The copy is checked before FILE is there; a file of that name is replaced, and that is said. The model files are not part
    of it: they lie in the store. A server has its own tools, see docs/servers.md.

    \b
    Example:
      openstack-rca backup mlflow-backup.db
    """
    replaced = file.exists()
    with naming_new_folders(file):
        facts = upkeep.back_up(settings, file)
    told = "  in place of the file that was there" if replaced else ""
    answer(form, asdict(facts) | {"replaced": replaced}, f"{facts.path}  {_held(facts)}{told}")


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@with_form_and_settings
def restore_command(file: Path, form: str, settings: Settings) -> None:
    """Replace the embedded tracking database by FILE, which backup wrote.

    FILE is checked first, and a damaged one changes nothing. The database before it is kept, and its place is printed. Versions
    that were published after the copy was made stay in the store, and their numbers are not used again.

    \b
    Example:
      openstack-rca restore mlflow-backup.db
    """
    done = upkeep.restore(settings, file)
    if form == "json":
        print_json(asdict(done))
        return
    say(f"{done.facts.path}  {_held(done.facts)}")
    if done.replaced is not None:
        say(f"the database before it is kept as {done.replaced}")


def _held(facts: upkeep.DatabaseFacts) -> str:
    return f"{counted(facts.runs, 'run')}, {counted(facts.versions, 'version')}, {sized(facts.size_bytes)}"
