"""``openstack-rca evaluate``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from openstack_rca.cli.output import (
    JSON_FORMAT,
    MODEL,
    SIGNATURES,
    connection_options,
    console,
    print_json,
    settings_from,
    steps,
)
from openstack_rca.service.evaluation import evaluate


@click.command("evaluate")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@MODEL
@click.option("--fast/--hybrid", "--fast-mode/--hybrid-mode", "fast", default=False, help="Lexical retrieval only.")
@SIGNATURES
@JSON_FORMAT
@connection_options
def evaluate_command(
    folder: Path,
    model: str,
    fast: bool,
    signatures: str | None,
    form: str,
    mlflow_uri: str | None,
    mlflow_experiment: str | None,
    disable_mlflow: bool,
) -> None:
    """Score the answers on the labelled incidents in DIR.

    An incident is a folder with logs/ and incident.json. While it is analysed, only its issue and its logs are read. A
    component is right when its canonical name is the labelled one or an accepted one; an empty answer is never right.
    A healthy window (root_cause null) is right when no failure is found, else it counts as a false alarm.

    \b
    Example:
      openstack-rca evaluate incidents/ --format json
    """
    settings = settings_from(mlflow_uri, mlflow_experiment, disable_mlflow)
    with steps() as shown:
        shown.step("evaluate")
        result = evaluate(
            folder,
            settings=settings,
            model=model,
            fast=fast,
            signatures=Path(signatures) if signatures else None,
            on_progress=lambda done, total, name: shown.note(done, total, name),
        )
    if form == "json":
        print_json(result)
        return
    screen = console()
    table = Table(show_edge=False, padding=(0, 1, 0, 0))
    for name in ("incident", "expected", "first answer", "rank", "category", "cited", "s"):
        table.add_column(name, justify="right" if name in ("rank", "s") else "left", overflow="fold")
    for item in result["per_incident"]:
        healthy = not item["expected"]
        right = item["verdict"] == "NO FAILURE FOUND"
        table.add_row(
            item["id"],
            "no failure" if healthy else item["expected"][0],
            item["ranked"][0] if item["ranked"] else item["verdict"].lower(),
            ("ok" if right else "alarm") if healthy else str(item["rank"] or "-"),
            "" if healthy else ("ok" if item["category_ok"] else item["category"] or "-"),
            "" if healthy else ("yes" if item["evidence_hit"] else "no"),
            f"{item['seconds']:.1f}",
        )
    screen.print(table)
    screen.print(
        f"top-1 {result['top1']:.2f}, top-3 {result['top3']:.2f}, category {result['category_top1']:.2f}, evidence at 10 "
        f"{result['evidence_at_10']:.2f} of {result['incidents']} incidents; {result['false_alarms']} false alarms on "
        f"{result['healthy_windows']} healthy windows; median {result['seconds_median']:.1f} s; model version "
        f"{result['model_version'] or 'none'}",
        soft_wrap=True,
    )
