"""The manual's command line: ``python3 main.py --mode train|analyze``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from openstack_rca.cli.analyze import answer
from openstack_rca.cli.main import run
from openstack_rca.cli.options import with_settings
from openstack_rca.cli.output import console, notice
from openstack_rca.cli.services import demo
from openstack_rca.cli.standard_output import guard_standard_output
from openstack_rca.cli.train import exit_status, learn, print_training
from openstack_rca.settings import Settings

MODEL_COPY = Path("models/lstm_log_classifier.keras")
"""Where the manual expects the trained file, below the working folder."""


@click.command("main.py", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--mode", type=click.Choice(["train", "analyze"]), required=True, help="Train a version, or answer an issue."
)
@click.option("--issue", help="What is wrong, in your words (mode analyze).")
@click.option(
    "--logs", multiple=True, metavar="PATH", help="File, folder or glob; may be repeated. Default: the samples."
)
@click.option("--fast-mode", is_flag=True, help="Match the issue by its words only, not by its meaning; faster.")
@with_settings
def manual_command(mode: str, issue: str | None, logs: tuple[str, ...], fast_mode: bool, settings: Settings) -> int:
    """Train on logs of a healthy cloud, or find the root cause of an issue.

    \b
    Examples:
      python3 main.py --mode train
      python3 main.py --mode analyze --issue "Database connection timeout"
    """
    if mode == "train":
        if not logs:
            notice("No --logs given: training on the sample recording.")
        paths: list[str | Path] = list(logs) or [demo.normal_logs()]
        outcome = learn(paths, settings, output=MODEL_COPY)
        print_training(outcome, settings)
        return exit_status(outcome)
    if not issue:
        raise click.UsageError('--mode analyze needs --issue, for example --issue "Database connection timeout"')
    if not logs:
        notice("No --logs given: analysing a sample incident.")
    answer(list(logs) or [demo.sample_incident_logs()], issue, settings, fast=fast_mode)
    console().print()
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the manual's command line and leave with its exit status."""
    guard_standard_output()
    sys.exit(run(manual_command, arguments))
