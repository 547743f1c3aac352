"""``openstack-rca demo``."""

from __future__ import annotations

import shlex

import click
from rich.console import Console

from openstack_rca.cli.analyze import keep, record
from openstack_rca.cli.options import with_settings
from openstack_rca.cli.output import console, notice, program_path, say, steps
from openstack_rca.cli.services import demo, reports, training
from openstack_rca.service.choices import DEMO_INCIDENT
from openstack_rca.settings import Settings


@click.command("demo")
@click.option("--incident", default=DEMO_INCIDENT, help="Which sample incident to answer.")
@with_settings
def demo_command(incident: str, settings: Settings) -> None:
    """Answer a recorded incident, train a model on the packaged samples, and say what to try next.

    State goes to OPENSTACK_RCA_HOME (default ~/.local/share/openstack-rca), like that of every other command.
    """
    screen = console()
    with steps() as shown:
        answer = demo.answer_incident(settings, incident, listener=shown)
    say(f'{answer.question.id}, recorded on a real cloud: "{answer.question.issue}"')
    screen.print()
    reports.print_report(answer.analysis.report, screen, full=False, program=program_path())
    truth = ", or ".join(answer.truth.expected) or "no failure"
    say(f"What was injected: {answer.truth.fault} ({truth}).")
    for text in keep(answer.analysis, settings):
        notice(text)
    screen.print()
    say("That took no training. Now a model of this cloud's normal is trained, about a minute ...")
    with steps() as shown:
        trained = demo.train_on_samples(settings, listener=shown)
    record(settings)
    _trained(trained, settings)
    _next(screen, answer)


def _trained(trained: training.TrainOutcome, settings: Settings) -> None:
    figures = trained.metrics
    version = trained.version
    say(f"Model: version {version.version}, {version.uri}" if version else "Model: not published")
    say(f"Runs:  {trained.tracking_uri or 'not recorded'}    State: {settings.home}")
    if "test_accuracy" in figures and "rival_bigram_test_accuracy" in figures:
        own, rival = figures["test_accuracy"], figures["rival_bigram_test_accuracy"]
        say(f"On held-back logs it predicts {own:.0%} of the next events correctly, the simplest rival {rival:.0%}.")


def _next(screen: Console, answer: demo.DemoAnswer) -> None:
    screen.print("What to try next", style="bold")
    program = program_path()
    logs = shlex.quote(str(answer.question.logs))
    for line in (
        f"{program} report show last --full",
        f'{program} analyze {logs} --issue "Database connection timeout" -o report.html',
        f"{program} models list",
        f"{program} analyze /var/log/kolla        # your own cloud",
    ):
        say(f"  {line}")
