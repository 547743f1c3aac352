"""``openstack-rca demo``."""

from __future__ import annotations

import shlex

import click

from openstack_rca.cli.analyze import keep, record
from openstack_rca.cli.output import connection_options, console, settings_from, steps
from openstack_rca.cli.train import print_training, training_progress
from openstack_rca.service.demo import DEMO_INCIDENT, demo
from openstack_rca.service.reports import print_report


@click.command("demo", short_help="Answer a recorded incident, then train on the samples.")
@click.option("--incident", default=DEMO_INCIDENT, show_default=True, help="Which sample incident to answer.")
@connection_options
def demo_command(incident: str, mlflow_uri: str | None, mlflow_experiment: str | None, disable_mlflow: bool) -> None:
    """Train on the packaged samples, answer a sample incident, and say where everything is.

    State goes to OPENSTACK_RCA_HOME (default ~/.local/share/openstack-rca), like that of every other command.
    """
    settings = settings_from(mlflow_uri, mlflow_experiment, disable_mlflow)
    screen = console()
    screen.print("Training on the sample recording (a healthy OpenStack cloud, about a minute) ...", soft_wrap=True)
    with steps() as shown:
        outcome = demo(settings, incident, on_step=shown.step, on_progress=training_progress(shown))
    print_training(outcome.training, settings)
    screen.print()
    screen.print(f"Incident {outcome.question.id}: {outcome.question.issue}", markup=False, soft_wrap=True)
    screen.print()
    print_report(outcome.analysis.report, screen)
    truth = ", or ".join(outcome.truth.expected) or "no failure"
    screen.print(f"What was injected: {outcome.truth.fault} ({truth}).", markup=False, soft_wrap=True)
    keep(outcome.analysis, settings)
    record(outcome.analysis, settings)
    version = outcome.training.version
    screen.print()
    screen.print("Where things are", style="bold")
    if version:
        screen.print(f"  version {version.version}: {version.uri}", markup=False, soft_wrap=True)
    screen.print(f"  runs: {outcome.training.tracking_uri or 'not recorded'}", markup=False, soft_wrap=True)
    screen.print(f"  cache and state: {settings.home}", markup=False, soft_wrap=True)
    logs = shlex.quote(str(outcome.question.logs))
    screen.print("What to try next", style="bold")
    for line in (
        f'openstack-rca analyze {logs} --issue "Database connection timeout" --output report.html',
        f"openstack-rca evaluate {shlex.quote(str(outcome.question.logs.parent.parent))}",
        "openstack-rca models list",
        "openstack-rca runs list",
        "openstack-rca train /var/log/kolla        # your own cloud, a stretch without trouble",
    ):
        screen.print(f"  {line}", markup=False, soft_wrap=True)
