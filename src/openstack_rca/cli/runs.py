"""``openstack-rca runs``."""

from __future__ import annotations

from dataclasses import asdict

import click

from openstack_rca.cli.output import JSON_FORMAT, connection_options, console, print_columns, print_json, settings_from
from openstack_rca.service.models import RunSummary, list_runs


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
    print_columns(
        ("run", "kind", "status", "started (UTC)", "seconds", "what came of it"),
        [_row(run) for run in runs],
        right=("seconds",),
    )


def _row(run: RunSummary) -> tuple[str, ...]:
    return (
        run.run_id[:8],
        run.kind,
        run.status.lower(),
        f"{run.start:%Y-%m-%d %H:%M:%S}",
        "" if run.seconds is None else f"{run.seconds:.1f}",
        _outcome(run),
    )


def _outcome(run: RunSummary) -> str:
    tags = run.tags
    if run.kind == "training":
        version = tags.get("openstack_rca.model_version")
        return f"version {version}" if version else "no version"
    if run.kind == "analysis":
        component = tags.get("openstack_rca.component", "none")
        return tags.get("openstack_rca.verdict", "") + (f": {component}" if component != "none" else "")
    return f"top-1 {run.metrics['top1']:.2f}" if "top1" in run.metrics else ""
