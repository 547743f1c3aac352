"""``openstack-rca runs``."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table

from openstack_rca.cli.output import JSON_FORMAT, connection_options, console, print_json, settings_from
from openstack_rca.service.models import list_runs
from openstack_rca.service.reports import one_line


@click.group("runs")
def runs_group() -> None:
    """Training and analysis runs."""


@runs_group.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@click.option("--kind", type=click.Choice(["training", "analysis", "evaluation"]), help="Only runs of this kind.")
@JSON_FORMAT
@connection_options
def list_command(
    limit: int,
    kind: str | None,
    form: str,
    mlflow_uri: str | None,
    mlflow_experiment: str | None,
    disable_mlflow: bool,
) -> None:
    """List the newest runs of this environment."""
    settings = settings_from(mlflow_uri, mlflow_experiment, disable_mlflow)
    runs = list_runs(settings, limit, kind)
    if form == "json":
        print_json([asdict(run) for run in runs])
        return
    if not runs:
        console().print(f"No runs in {settings.experiment_name} yet.")
        return
    table = Table(show_edge=False)
    for name in ("run", "kind", "status", "started (UTC)", "seconds", "what came of it"):
        table.add_column(name, overflow="fold")
    for run in runs:
        tags = run.tags
        if run.kind == "training":
            outcome = f"version {tags.get('openstack_rca.version', '-')}"
        else:
            outcome = f"{tags.get('openstack_rca.verdict', '-')}: {tags.get('openstack_rca.component', '-')}"
        table.add_row(
            run.run_id[:8],
            run.kind,
            run.status,
            f"{run.start:%Y-%m-%d %H:%M:%S}",
            "" if run.seconds is None else f"{run.seconds:.1f}",
            one_line(outcome),
        )
    console().print(table)
