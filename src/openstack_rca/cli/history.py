"""``openstack-rca confirm`` and ``openstack-rca history``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from openstack_rca.cli.options import JSON_FORMAT, MODEL, with_settings
from openstack_rca.cli.output import PROGRAM, console, notice, print_listing, say, steps
from openstack_rca.cli.services import history
from openstack_rca.plain_text import counted, one_line
from openstack_rca.service.choices import CATEGORIES
from openstack_rca.settings import Settings, load_settings

TEXT_WIDTH = 80


class Component(click.ParamType[str]):
    """The type of an option that names a component; the shell completes its value."""

    name = "component"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The components that begin with what was typed."""
        return [CompletionItem(name) for name in history.component_names() if name.startswith(incomplete)]


def list_components(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """Print the name of every component, and end the command."""
    if asked:
        for name in history.component_names():
            say(name)
        context.exit()


@click.command("confirm")
@click.argument("report", metavar="REPORT")
@click.option(
    "--cause",
    type=Component(),
    metavar="COMPONENT",
    help="The actual root cause: a component such as rabbitmq. Without it, those that this report accuses are listed.",
)
@click.option(
    "--components",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_components,
    help="List all components and exit.",
)
@click.option(
    "--category",
    type=click.Choice(CATEGORIES),
    metavar="CATEGORY",
    help=f"Kind of fault: {', '.join(CATEGORIES)}. Default: that of the answer, if right.",
)
@click.option(
    "--note", default="", show_default=False, metavar="TEXT", help="What the next person on call should know."
)
def confirm_command(report: str, cause: str | None, category: str | None, note: str) -> None:
    """Record the actual root cause of an incident, so that the next one like it is recognised.

    REPORT is the id at the end of a report, the beginning of one, last for the newest that is kept, or a report saved as .json.
    A later confirmation of the same report takes the place of an earlier one.

    \b
    Examples:
      openstack-rca confirm 3f9a1c27b0de --cause rabbitmq --note "disk alarm; /var was full"
      openstack-rca confirm report.json --cause mariadb --category capacity
    """
    settings = load_settings()
    if cause is None:
        accused = history.accused_in(report, settings)
        told = f" This report accuses {', '.join(accused)}." if accused else ""
        raise click.UsageError(f"Missing option '--cause'.{told} All names: {PROGRAM} confirm --components.")
    past = history.confirm(report, cause, settings, history.as_category(category), note)
    kind = f" ({past.category.value})" if past.category else ""
    answered = past.analysis.component or past.analysis.verdict.lower()
    say(f"{past.id} was {past.component}{kind}; the answer had been {one_line(answered)}.")


@click.group("history")
def history_group() -> None:
    """Past incidents: what was answered, what was confirmed."""


@history_group.command("list", short_help="List past incidents, newest first.")
@click.option("--limit", type=click.IntRange(1), default=20, help="Show only the newest N.")
@JSON_FORMAT
def list_command(limit: int, form: str) -> None:
    """List analyses and labelled incidents, newest first, each with its confirmed cause."""
    state = history.open_history(load_settings()).state()
    newest = state.incidents[::-1][:limit]
    if state.skipped:
        notice(f"{state.skipped} line(s) of the history cannot be read and were skipped.")
    rows = [
        (
            past.id,
            f"{past.analysis.time:%Y-%m-%d %H:%M:%S}",
            past.analysis.component or past.analysis.verdict.lower(),
            past.component if past.confirmed else "?",
            one_line(past.analysis.issue, TEXT_WIDTH),
            one_line(past.note, TEXT_WIDTH),
        )
        for past in newest
    ]
    nothing = "No incident yet: every analysis is kept here, and `history import DIR` brings in labelled ones."
    titles = ("id", "began (UTC)", "answered", "was", "issue", "note")
    print_listing(form, [_facts(past) for past in newest], nothing, titles, rows, below=2)


def _facts(past: history.PastIncident) -> dict[str, Any]:
    analysis = past.analysis
    return {
        "id": past.id,
        "time": analysis.time.isoformat(),
        "recorded": analysis.recorded.isoformat(),
        "issue": analysis.issue,
        "source": analysis.source,
        "verdict": analysis.verdict,
        "answered": {"component": analysis.component, "category": analysis.category},
        "confirmed": {"component": past.component, "category": past.category, "note": past.note}
        if past.confirmed
        else None,
    }


@history_group.command("import", short_help="Bring labelled incidents into the history.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@MODEL
@with_settings
def import_command(folder: Path, model: str, settings: Settings) -> None:
    """Add the labelled incidents in DIR to the history, with their labels as confirmed causes.

    An incident is a folder with logs/ and incident.json, as for `evaluate`. Healthy windows are left out. Importing the same
    incident again changes nothing.

    \b
    Example:
      openstack-rca history import incidents/
    """
    with steps() as shown:
        shown.step("import incidents")
        result = history.import_incidents(folder, settings=settings, model=model, listener=shown)
    console().print(
        f"{counted(len(result.added), 'incident')} added, {len(result.known)} known already, "
        f"{len(result.healthy)} healthy windows left out.",
        soft_wrap=True,
    )
