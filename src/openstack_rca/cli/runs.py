"""``openstack-rca runs``."""

from __future__ import annotations

from dataclasses import asdict

import click

from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import console, notice, print_columns, print_json, print_listing, say
from openstack_rca.cli.services import models, upkeep, waiting_runs
from openstack_rca.plain_text import counted
from openstack_rca.settings import Settings


@click.group("runs")
def runs_group() -> None:
    """Training and analysis runs."""


@runs_group.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, help="Show only the newest N.")
@click.option("--kind", type=click.Choice(["training", "analysis", "evaluation"]), help="Only runs of this kind.")
@with_form_and_settings
def list_command(limit: int, kind: str | None, form: str, settings: Settings) -> None:
    """List the newest runs of this environment."""
    runs = models.list_runs(settings, limit, kind)
    nothing = f"No runs in {settings.experiment_name} yet."
    titles = ("run", "kind", "status", "started (UTC)", "seconds", "outcome")
    print_listing(form, [asdict(run) for run in runs], nothing, titles, [_row(run) for run in runs], ("seconds",))


@runs_group.command("send", short_help="Send answers that were not recorded yet.")
@with_form_and_settings
def send_command(form: str, settings: Settings) -> int:
    """Record the analyses that wait to become runs of this tracking server: it was down, or OPENSTACK_RCA_SEND_RUNS is later.

    Exit status 1 if some still wait.
    """
    sent = waiting_runs.send_waiting_runs(settings)
    if form == "json":
        print_json(asdict(sent))
    else:
        for text in sent.notices:
            notice(text)
        console().print(f"{counted(len(sent.run_ids), 'answer')} recorded.")
    return 1 if sent.waiting else 0


@runs_group.command("prune", short_help="Remove old runs and what they stored.")
@click.option("--keep", type=click.IntRange(0), default=10, help="Keep the newest N of each kind.")
@click.option("--yes", is_flag=True, help="Remove them; without this option they are only listed.")
@with_form_and_settings
def prune_command(keep: int, yes: bool, form: str, settings: Settings) -> int:
    """Remove old runs of this environment, with the files that they stored; without --yes, only show which.

    A run that made a version that exists stays, and so does one that is still running. MLflow can bring a removed run back until
    its own gc command clears it; its files are gone. Exit status 1 if one could not be removed.

    \b
    Examples:
      openstack-rca runs prune --keep 10
      openstack-rca runs prune --keep 10 --yes
    """
    decisions = upkeep.prune_runs(settings, keep, apply=yes)
    if form == "json":
        facts = [{**asdict(found.run), **asdict(found), "removed": _is_removed(found, yes)} for found in decisions]
        print_json([{name: value for name, value in each.items() if name != "run"} for each in facts])
    else:
        _print_decisions(decisions, yes)
    return 1 if any(found.problem for found in decisions) else 0


def _print_decisions(decisions: list[upkeep.RunDecision], apply: bool) -> None:
    going = [found for found in decisions if found.goes]
    if going:
        print_columns(
            ("run", "kind", "started (UTC)", "what becomes of it"),
            [
                (found.run.run_id[:8], found.run.kind, f"{found.run.start:%Y-%m-%d %H:%M:%S}", _fate(found, apply))
                for found in going
            ],
        )
    removed = sum(_is_removed(found, apply) for found in decisions)
    what = (
        f"{counted(removed, 'run')} removed" if apply else f"{counted(len(going), 'run')} would go (--yes removes them)"
    )
    say(f"{what}, {len(decisions) - len(going)} stay.")


def _fate(found: upkeep.RunDecision, apply: bool) -> str:
    if found.problem:
        return f"could not be removed: {found.problem}"
    return "removed" if apply else f"would go: {found.reason}"


def _is_removed(found: upkeep.RunDecision, apply: bool) -> bool:
    return apply and found.goes and not found.problem


def _row(run: models.RunSummary) -> tuple[str, ...]:
    return (
        run.run_id[:8],
        run.kind,
        run.status.lower(),
        f"{run.start:%Y-%m-%d %H:%M:%S}",
        "" if run.seconds is None else f"{run.seconds:.1f}",
        models.run_outcome(run),
    )
