"""``openstack-rca evaluate``."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from openstack_rca.cli.options import FAST, MODEL, SCHEDULER, SIGNATURES, with_form_and_settings
from openstack_rca.cli.output import console, notice, print_json, recorded, say, steps
from openstack_rca.cli.sensitivity import print_sensitivity
from openstack_rca.cli.services import cluster, evaluation
from openstack_rca.cli.services import sensitivity as changes
from openstack_rca.plain_text import counted
from openstack_rca.service.choices import PARTS
from openstack_rca.settings import Settings


@click.command("evaluate")
@click.argument("folders", type=click.Path(path_type=Path), metavar="DIR...", nargs=-1, required=True)
@MODEL
@FAST
@click.option(
    "--leave-one-out",
    is_flag=True,
    help="Also score each incident without the signatures for its kind of fault, and without those for its cloud (DIR): "
    "an estimate for unknown faults.",
)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice(PARTS),
    metavar="PART",
    help=f"Leave out a part of the engine, to measure what it contributes: {', '.join(PARTS)}. May be repeated.",
)
@click.option(
    "--only-info",
    is_flag=True,
    help="Remove all lines of level WARNING and above first, to see what the other lines reveal.",
)
@click.option(
    "--against",
    metavar="REFERENCE[:fast]",
    help="Also score this model (or mode) and show the difference with 95 % bootstrap intervals.",
)
@click.option(
    "--sensitivity",
    is_flag=True,
    help="Halve and double each number of the table of weights, leave out each rule that found something, and show which "
    "answers change.",
)
@SIGNATURES
@SCHEDULER
@with_form_and_settings
def evaluate_command(
    folders: tuple[Path, ...],
    model: str,
    fast: bool,
    leave_one_out: bool,
    without: tuple[str, ...],
    only_info: bool,
    against: str | None,
    sensitivity: bool,
    signatures: Path | None,
    scheduler: str | None,
    form: str,
    settings: Settings,
) -> None:
    """Score the answers on the labelled incidents in each DIR.

    An incident is a folder with logs/ and incident.json, or a line of a .jsonl file that holds both (logs: text by path).
    While it is analysed, only its issue and its logs are read. A component is right when its canonical name is the labelled
    one or an accepted one; an empty answer is never right.
    A healthy window (root_cause null) is right when no failure is found, else it counts as a false alarm.

    \b
    Examples:
      openstack-rca evaluate incidents/ --format json
      openstack-rca evaluate cloud-a/incidents cloud-b/incidents --leave-one-out
      openstack-rca evaluate incidents/ --only-info --without signatures --without graph
      openstack-rca evaluate incidents/ --model 15 --against 14
      openstack-rca evaluate incidents/ --sensitivity
      openstack-rca evaluate incidents/ --scheduler local:8
    """
    if sensitivity and (leave_one_out or without or only_info or against or scheduler):
        raise click.UsageError("--sensitivity cannot be combined with these: it changes one number or rule at a time.")
    with steps() as shown, cluster.open_cluster(scheduler, settings) as workers:
        shown.step("evaluate")
        way: dict[str, Any] = {"only_info": only_info, "cluster": workers, "listener": shown}
        if sensitivity:
            result = changes.measure_sensitivity(
                folders, settings=settings, model=model, fast=fast, signatures=signatures, listener=shown
            )
        elif against:
            first = f"{model}:fast" if fast else model
            result = evaluation.compare(folders, first, against, settings=settings, **way)
        else:
            result = evaluation.evaluate(
                folders,
                settings=settings,
                model=model,
                fast=fast,
                signatures=signatures,
                leave_one_out=leave_one_out,
                without=without,
                **way,
            )
    show = print_sensitivity if sensitivity else _print_comparison if against else _print_evaluation
    print_json(result) if form == "json" else show(result, console())
    unreadable = {} if sensitivity else (result["first"] if against else result)["unreadable_because"]
    for name, why in unreadable.items():
        notice(f"{name} counts as wrong because it cannot be read. {why}")
    if not (sensitivity or against):
        recorded("evaluation", evaluation.record_evaluation, result, folders, settings)


def _print_evaluation(result: dict[str, Any], screen: Console) -> None:
    table = Table(show_edge=False, padding=(0, 1, 0, 0))
    for name in ("incident", "expected", "first answer", "verdict", "rank", "category", "cited", "s"):
        table.add_column(name, justify="right" if name in ("rank", "s") else "left", overflow="fold")
    for item in result["per_incident"]:
        unreadable = item["id"] in result["unreadable"]
        healthy = not item["expected"] and not unreadable
        right = item["verdict"] == "NO FAILURE FOUND"
        table.add_row(
            item["id"],
            "no failure" if healthy else " or ".join(item["expected"]) or "?",
            item["ranked"][0] if item["ranked"] else "-",
            item["verdict"].lower(),
            ("ok" if right else "alarm") if healthy else str(item["rank"] or "-"),
            "" if healthy else ("ok" if item["category_ok"] else item["category"] or "-"),
            "" if healthy else ("yes" if item["evidence_hit"] else "no"),
            f"{item['seconds']:.1f}",
        )
    screen.print(table)
    screen.print(_line(result), soft_wrap=True)
    low, high = result["top1_interval"]
    screen.print(f"top-1 with Wilson's 95 % interval: {result['top1']:.2f} ({low:.2f} to {high:.2f})", soft_wrap=True)
    if "leave_one_out" in result:
        screen.print(f"with its fault kind left out: {_line(result['leave_one_out'])}", soft_wrap=True)
        screen.print(f"with its cloud left out: {_line(result['leave_one_cloud_out'])}", soft_wrap=True)
    error, told = result["expected_calibration_error"], result["told"]
    screen.print(
        f"confidently wrong {result['confidently_wrong']:.2f}; expected calibration error "
        f"{'-' if error is None else f'{error:.2f}'}; told the fact {'-' if told is None else f'{told:.2f}'}",
        soft_wrap=True,
    )
    if result["reliability"]:
        shown = Table(title="Of the first answers given with a confidence, how many were right", title_justify="left")
        for name in ("confidence", "answers", "mean confidence", "right"):
            shown.add_column(name, justify="right")
        for row in result["reliability"]:
            shown.add_row(
                f"{row['from']:.1f} to {row['to']:.1f}",
                f"{row['answers']:.0f}",
                f"{row['mean_confidence']:.2f}",
                f"{row['share_right']:.0%}",
            )
        screen.print(shown)
    for row in result["confusion"]:
        say(f"expected {row['expected']}, answered {row['answered']}: {row['count']}")


def _line(result: dict[str, Any]) -> str:
    few = result["citable"] < result["incidents"]
    citable = f" (where a labelled line is left: {result['citable']})" if few else ""
    return (
        f"top-1 {result['top1']:.2f}, top-3 {result['top3']:.2f}, category {result['category_top1']:.2f}, evidence at 10 "
        f"{result['evidence_at_10']:.2f}{citable} of {counted(result['incidents'], 'incident')}; "
        f"{counted(result['false_alarms'], 'false alarm')} on {counted(result['healthy_windows'], 'healthy window')}; "
        f"median {result['seconds_median']:.1f} s; model version "
        f"{result['model_version'] or 'none'}"
    )


def _print_comparison(result: dict[str, Any], screen: Console) -> None:
    table = Table(show_edge=False)
    for name in ("figure", "first", "second", "second - first", "95 % interval", "wins", "losses"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    for name, row in result["differences"].items():
        table.add_row(
            name,
            f"{result['first'][name]:.2f}",
            f"{result['second'][name]:.2f}",
            f"{row['difference']:+.2f}",
            f"{row['low']:+.2f} to {row['high']:+.2f}",
            f"{row['wins']:.0f}",
            f"{row['losses']:.0f}",
        )
    screen.print(table)
