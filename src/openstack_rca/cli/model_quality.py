"""``openstack-rca models compare`` and ``models drift``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from openstack_rca.cli.options import SCHEDULER, with_form_and_settings
from openstack_rca.cli.output import console, notice, print_columns, print_json, recorded, say, steps
from openstack_rca.cli.services import cluster, comparison, drift
from openstack_rca.plain_text import counted
from openstack_rca.service.choices import Thresholds
from openstack_rca.settings import Settings

_CARD = ("test_accuracy", "test_loss", "test_precision", "test_recall", "test_alarm_share", "inference_time")
_DIFFERENCES = ("", "first", "second", "second - first", "95 % interval", "wins", "losses")


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", default="latest")
@click.option(
    "--logs",
    multiple=True,
    metavar="PATH",
    help="Normal logs that neither has learned from; both score them. May be repeated.",
)
@click.option(
    "--incidents", type=click.Path(path_type=Path), metavar="DIR", help="Labelled incidents; both answer them."
)
@with_form_and_settings
def compare_command(
    first: str, second: str, logs: tuple[str, ...], incidents: Path | None, form: str, settings: Settings
) -> None:
    """Compare two versions, aliases or model files: their cards, the same logs (--logs), the same incidents (--incidents).

    Without B, A is compared with the latest version. A win is a minute of the logs, or an incident, on which the second does
    better than the first. Intervals are bootstrapped over minutes and over incidents. A warning tells where the second is worse,
    or where one has lost accuracy since its training, by more than OPENSTACK_RCA_MODEL_MARGIN. The comparison is recorded as a
    run.

    \b
    Examples:
      openstack-rca models compare 14 15
      openstack-rca models compare 14 15 --logs /var/log/kolla --incidents incidents/
    """
    with steps() as shown:
        result = comparison.compare_models(
            first, second, settings=settings, logs=logs, incidents=incidents, listener=shown
        )
    if form == "json":
        print_json(result)
    else:
        _print_comparison(result)
    for text in result["warnings"]:
        notice(text)
    recorded("comparison", comparison.record_comparison, result, settings)


def _print_comparison(result: dict[str, Any]) -> None:
    screen = console()
    for side in ("first", "second"):
        facts = result[side]
        text = f"{side:<7} {facts['reference']}: version {facts['version'] or 'none'}, sha256 {(facts['sha256'] or '')[:12]}"
        say(text)
    screen.print()
    shown = [row for row in result["card"] if row["name"] in _CARD]
    if shown:
        print_columns(
            ("training card, each on its own logs", "first", "second", "second - first"),
            [
                (row["name"], f"{row['first']:.4g}", f"{row['second']:.4g}", f"{row['difference']:+.4g}")
                for row in shown
            ],
            right=("first", "second", "second - first"),
        )
    logs = result["logs"]
    if logs:
        screen.print()
        rows = [_difference(name, logs["first"], logs["second"], row) for name, row in logs["differences"].items()]
        title = f"the same {logs['events']} events, {logs['minutes']} minutes"
        print_columns((title, *_DIFFERENCES[1:]), rows, right=_DIFFERENCES[1:])
    incidents = result["incidents"]
    if incidents:
        screen.print()
        rows = [
            _difference(name, incidents["first"], incidents["second"], row)
            for name, row in incidents["differences"].items()
        ]
        title = f"the same {incidents['first']['incidents']} incidents"
        print_columns((title, *_DIFFERENCES[1:]), rows, right=_DIFFERENCES[1:])


def _difference(name: str, first: dict[str, Any], second: dict[str, Any], row: dict[str, float]) -> tuple[str, ...]:
    return (
        name,
        f"{first[name]:.3f}",
        f"{second[name]:.3f}",
        f"{row['difference']:+.3f}",
        f"{row['low']:+.3f} to {row['high']:+.3f}",
        f"{row['wins']:.0f}",
        f"{row['losses']:.0f}",
    )


def _threshold(name: str, field: str, what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    default = getattr(Thresholds(), field)
    return click.option(f"--{name}", field, type=click.FloatRange(0, 1), default=default, metavar="SHARE", help=what)


@click.command("drift")
@click.option("--logs", multiple=True, required=True, metavar="PATH", help="Current logs of a time without trouble.")
@click.option("--model", default="latest", metavar="latest|N|@ALIAS|FILE", help="Which model.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a plot of the distances to this PNG file.",
)
@_threshold("unseen", "unseen_share", "Largest share of events whose template was not in the training logs.")
@_threshold("templates", "template_distance", "Largest distance of the mix of templates.")
@_threshold("services", "service_distance", "Largest distance of the mix of services.")
@_threshold("alarms", "alarm_share", "Largest share of events that score 0.99 or more.")
@_threshold("scores", "score_distance", "Largest distance of the scores from calibrated ones.")
@SCHEDULER
@with_form_and_settings
def drift_command(
    logs: tuple[str, ...],
    model: str,
    plot: Path | None,
    scheduler: str | None,
    form: str,
    settings: Settings,
    **thresholds: float,
) -> int:
    """Measure whether current logs still resemble those that a model was trained on. Exit status 1 if they do not, for cron.

    Distances are Jensen-Shannon distances between two mixes (0: the same, 1: nothing in common). A distance that may be due to
    chance, because the events are few, does not count. The options set the thresholds. Logs of a fault drift too: rule out a
    fault before you train again.

    \b
    Examples:
      openstack-rca models drift --logs /var/log/kolla
      openstack-rca models drift --logs /var/log/kolla --model @production --plot drift.png
    """
    with steps() as shown, cluster.open_cluster(scheduler, settings) as workers:
        outcome = drift.model_drift(
            logs,
            settings=settings,
            model=model,
            thresholds=Thresholds(**thresholds),
            plot=plot,
            cluster=workers,
            listener=shown,
        )
    if form == "json":
        print_json(outcome.as_json())
    else:
        _print_drift(outcome)
    for text in outcome.notices:
        notice(text)
    recorded("comparison", drift.record_drift, outcome, settings)
    return 1 if outcome.drift.drifted else 0


def _print_drift(outcome: drift.DriftOutcome) -> None:
    found, screen = outcome.drift, console()
    say(
        f"{counted(found.events, 'event')} over {found.minutes:.1f} minutes against model version {outcome.version or 'none'}"
    )
    print_columns(
        ("measure", "value", "threshold", "by chance", "drifted"),
        [
            (
                measure.name.replace("_", " "),
                f"{measure.value:.3f}",
                f"{measure.threshold:g}",
                f"{measure.by_chance:.3f}" if measure.by_chance else "",
                "yes" if measure.drifted else "no",
            )
            for measure in found.measures
        ],
        right=("value", "threshold", "by chance"),
    )
    changed = found.templates.head(5).to_dicts() if found.drifted else []
    if changed:
        screen.print()
        print_columns(
            ("training", "now", "templates whose share changed most"),
            [
                (
                    f"{row['before']:.1%}",
                    f"{row['now']:.1%}",
                    f"{row['service'] or 'no service'}: {row['template']}"[:160],
                )
                for row in changed
            ],
            right=("training", "now"),
        )
    screen.print()
    say(outcome.advice)
    if outcome.plot:
        say(f"drawn in {outcome.plot}")
