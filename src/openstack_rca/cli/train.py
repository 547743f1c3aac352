"""``openstack-rca train``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from openstack_rca.cli.options import FETCH_SINCE, SCHEDULER, reading_options, with_form_and_settings
from openstack_rca.cli.output import console, naming_new_folders, notice, print_columns, print_json, steps
from openstack_rca.cli.services import cluster, training
from openstack_rca.plain_text import one_line
from openstack_rca.service.choices import TrainingConfig
from openstack_rca.settings import Settings

_DEFAULTS = TrainingConfig()

_FIGURES = {
    "loss": "loss per event (nats)",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
}
_REMARKS = {
    "test_alarm_share": "Of the test part's events, all of them normal, {:.2%} score 0.99 or more;",
    "rival_unseen_test_alarm_share": "  {:.2%} have a template that training did not see (a rival for alarms),",
    "rival_rate_test_alarm_share": "  {:.2%} come more often than in training's busiest minute (another one).",
    "story_auroc": "Stories of the test part, truncated, with a step dropped, two swapped or one delayed: AUROC {:.3f};",
    "story_f1": "  F1 {:.3f} at the calibrated threshold,",
    "rival_follow_rule_story_f1": "  by follow rules {:.3f};",
    "rival_follow_rule_story_auroc": "  AUROC of follow rules {:.3f},",
    "rival_obligatory_event_story_auroc": "  of a missing obligatory event {:.3f},",
    "rival_unseen_event_story_auroc": "  of an event never seen {:.3f}.",
    "story_missing_f1": "Requests of them that lack a step between services, by the network: F1 {:.3f},",
    "rival_follow_rule_story_missing_f1": "  by follow rules {:.3f};",
    "story_late_f1": "  those with a late step there: F1 {:.3f},",
    "rival_follow_rule_story_late_f1": "  by follow rules {:.3f}.",
    "story_within_missing_f1": "Those that lack a step within a service, by the network: F1 {:.3f},",
    "rival_follow_rule_story_within_missing_f1": "  by follow rules {:.3f};",
    "story_within_late_f1": "  those with a late step there: F1 {:.3f},",
    "rival_follow_rule_story_within_late_f1": "  by follow rules {:.3f}.",
    "inference_time": "Scoring takes {:.1f} CPU-milliseconds for 1000 events.",
}
"""What is said about a figure. The training part's are of what was learned, the test part's of the time after it; the
rival names the template that most often followed the present one."""


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that shape the model."""
    for option in (
        click.option("--seed", type=int, default=_DEFAULTS.seed, help="Seed of every random choice."),
        click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=_DEFAULTS.learning_rate,
                     help="Adam's rate at the start."),
        click.option("--dropout-rate", type=click.FloatRange(0, 1, max_open=True), default=_DEFAULTS.dropout_rate,
                     help="Share of the LSTM's inputs and outputs left out in each training step."),
        click.option("--lstm-units", type=click.IntRange(1, 4096), default=_DEFAULTS.lstm_units,
                     help="Width of the LSTM's state."),
        click.option("--batch-size", type=click.IntRange(1, 65536), default=_DEFAULTS.batch_size,
                     help="Chunks in a gradient step."),
        click.option("--epochs", type=click.IntRange(1, 10_000), default=_DEFAULTS.epochs,
                     help="Most passes over the training data."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("train")
@click.argument("logs", nargs=-1, required=True, metavar="LOGS...")
@training_options
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the model file here; missing folders are made.",
)
@click.option("--add", metavar="VERSION", help="Train on from this version (latest, a number, an @alias).")
@click.option("--force", is_flag=True, help="Let it become latest even if it is worse than the version in use.")
@SCHEDULER
@with_form_and_settings
@FETCH_SINCE
@reading_options
def train_command(
    logs: tuple[str, ...],
    output: Path | None,
    add: str | None,
    force: bool,
    scheduler: str | None,
    form: str,
    settings: Settings,
    **shape: Any,
) -> int:
    """Learn from LOGS what normal looks like on this cloud, and store the model as the next version.

    LOGS are files, folders or globs of a time without failures: at least some thousand lines over some minutes, better a day.
    Several recordings may be given. Events that a signature calls a failure, and the most surprising ones, are not learned from;
    a recording that is mostly trouble is refused. Ctrl-C stops cleanly: nothing half-written is left.

    The new model and the version in use both predict the latest part of LOGS, which the new one has not learned from. If the new
    one is worse by more than OPENSTACK_RCA_MODEL_MARGIN (5 %), it is stored as refused, latest stays, and the exit status is 1.
    Where a model is trained and cannot be published, it waits in the spool, and the exit status is 3. With --scheduler the
    workers read LOGS; the network is trained by this process.

    \b
    Examples:
      openstack-rca train /var/log/kolla
      openstack-rca train yesterday/*.log.gz --epochs 20 --lstm-units 128
      openstack-rca train after-the-upgrade/ --force
      openstack-rca train this-week/ --add latest
    """
    with naming_new_folders(output):
        outcome = learn(list(logs), settings, TrainingConfig(**shape), output, force, add, scheduler)
    print_training(outcome, settings, form)
    return exit_status(outcome)


NOT_PUBLISHED = 3


def exit_status(outcome: training.TrainOutcome) -> int:
    """The exit status: 0 for a usable version, 1 for a refused one, 3 for a model that could not be published."""
    if outcome.version is None:
        return NOT_PUBLISHED
    return 1 if outcome.refused else 0


def learn(
    logs: list[str | Path],
    settings: Settings,
    config: TrainingConfig | None = None,
    output: Path | None = None,
    force: bool = False,
    add: str | None = None,
    scheduler: str | None = None,
) -> training.TrainOutcome:
    """Train with progress on the screen; arguments and errors as for ``service.training.train``."""
    with steps(lines=True) as shown, cluster.open_cluster(scheduler, settings) as workers:
        return training.train(
            logs, settings=settings, config=config, output=output, force=force, add=add, cluster=workers, listener=shown
        )


def print_training(outcome: training.TrainOutcome, settings: Settings, form: str = "text") -> None:
    """Print a training's experiment, version, path and figures, as text or JSON; its notices go to standard error."""
    facts = {"experiment": settings.experiment_name, "model": settings.model_name, **outcome.as_json()}
    if form == "json":
        print_json(facts)
    else:
        _print_text(outcome, facts)
    for text in outcome.notices:
        notice(text)


def _print_text(outcome: training.TrainOutcome, facts: Mapping[str, Any]) -> None:
    screen = console()
    for label, value in (
        ("experiment", facts["experiment"]),
        ("model", facts["model"]),
        ("version", f"{facts['version'] or 'none'}{' (refused)' if outcome.refused else ''}"),
        ("uploaded to", facts["uri"] or "nowhere yet"),
        ("waits in", facts["waits_in"]),
        ("written to", facts["output"]),
        ("run", f"{outcome.run_id} in {outcome.tracking_uri}" if outcome.run_id else "not recorded"),
    ):
        if value is not None:
            screen.print(f"{label:<12} {one_line(str(value))}", markup=False, soft_wrap=True)
    screen.print()
    print_figures(outcome.metrics)
    for text in outcome.rivals_that_win:
        screen.print(text, markup=False, soft_wrap=True)


def print_figures(metrics: Mapping[str, float]) -> None:
    """Print the model's figures on the training, validation and test parts, and the simplest rival's on the test part."""
    shown = {name: f"{figure:.3f}" for name, figure in metrics.items()}
    print_columns(
        ("next template", "training", "validation", "test", "simplest rival"),
        [
            (label, *(shown.get(prefix + name, "") for prefix in ("", "val_", "test_", "rival_bigram_test_")))
            for name, label in _FIGURES.items()
        ],
        right=("training", "validation", "test", "simplest rival"),
    )
    screen = console()
    screen.print()
    for name, text in _REMARKS.items():
        if name in metrics:
            screen.print(text.format(metrics[name]), markup=False, soft_wrap=True)
