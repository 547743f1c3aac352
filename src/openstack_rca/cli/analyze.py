"""``openstack-rca analyze``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from openstack_rca.cli.options import FAST, MODEL, SCHEDULER, SIGNATURES, parse_time, reading_options, with_settings
from openstack_rca.cli.output import naming_new_folders, notice, show_report, steps
from openstack_rca.cli.services import (
    analysis,
    cluster,
    history,
    kept_reports,
    log_reading,
    places,
    reports,
    waiting_runs,
)
from openstack_rca.errors import ConfigurationError, HistoryUnavailable, LogInputError
from openstack_rca.service.choices import DEPLOYMENTS, FORMATS
from openstack_rca.settings import Settings

DEPLOYMENT = click.option(
    "--deployment",
    type=click.Choice(DEPLOYMENTS),
    metavar="NAME",
    help=f"Tool that deployed the cloud; the suggested checks use its commands: {', '.join(DEPLOYMENTS)}; "
    "default: the one that the logs show.",
)


@click.command("analyze")
@click.argument("logs", nargs=-1, metavar="LOGS...")
@click.option(
    "--paste",
    is_flag=True,
    help="Open your editor ($VISUAL, $EDITOR) instead, and analyze the lines that you paste and save there.",
)
@click.option(
    "--issue",
    default="",
    show_default=False,
    help="What is wrong, in your words. It decides what is relevant; what happened is read from the logs.",
)
@MODEL
@FAST
@click.option(
    "--since", callback=parse_time, metavar="TIME", help="Ignore everything before this time: ISO 8601, 04:17, 10m."
)
@click.option("--until", callback=parse_time, metavar="TIME", help="Ignore everything after this time.")
@click.option(
    "--around", callback=parse_time, metavar="TIME", help="Look at the ten minutes before and after this time."
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    metavar="PATH",
    help="Logs of the same cloud without trouble: their rates count as normal, in addition to the model; may be repeated.",
)
@SIGNATURES
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print the report.")
@click.option("--full", is_flag=True, help="Print the whole report on a terminal, not only what fits on one screen.")
@click.option("--ticket", is_flag=True, help="Print at most 30 lines of Markdown to paste into a ticket.")
@click.option("--exit-code", is_flag=True, help="Exit with 0 (no failure), 10 (inconclusive) or 11 (failure found).")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report to this file; its suffix (.json, .md, .html, .txt) says in which form.",
)
@DEPLOYMENT
@SCHEDULER
@with_settings
@reading_options
def analyze_command(
    logs: tuple[str, ...],
    paste: bool,
    issue: str,
    model: str,
    fast: bool,
    since: datetime | None,
    until: datetime | None,
    around: datetime | None,
    baselines: tuple[str, ...],
    signatures: Path | None,
    form: str,
    full: bool,
    ticket: bool,
    exit_code: bool,
    output: Path | None,
    deployment: str | None,
    scheduler: str | None,
    settings: Settings,
) -> int:
    """Find the root cause of the trouble in LOGS: files, folders, globs, - for standard input, or an address.

    Addresses are ssh://HOST[,HOST]/PATH, journald:, docker:, kubectl:NAMESPACE, s3://, https:// folders, loki+https:// and
    opensearch+https://; see docs/remote.md. Nothing is written there; what was fetched is deleted afterwards.

    Reads oslo.log, RabbitMQ, MariaDB, uwsgi, Apache, libvirt, OVS and other logs, plain or compressed. No training is
    needed; a model of your cloud's normal (see train) adds what is unusual there. On a terminal the answer fits on one
    screen; the report is kept by its id, see report. A TIME is ISO 8601, a time of day, or how long ago: 10m, "2 hours ago".

    \b
    Examples:
      openstack-rca analyze /var/log/kolla
      openstack-rca analyze /var/log/kolla --issue "Instances stay in BUILD"
      openstack-rca analyze nova-api.log.gz neutron/ --issue "401 on every call" --format markdown
      openstack-rca analyze /var/log --issue "volumes fail" --since 2026-11-23T04:00 --until 2026-11-23T05:00
      openstack-rca analyze /var/log/kolla --since 10m --exit-code -o report.html
      openstack-rca analyze ssh://ctl1,ctl2/var/log/kolla --since 30m
      openstack-rca analyze s3://logs/2026-11-23 --scheduler tcp://scheduler:8786
      openstack-rca analyze --paste --issue "Volumes stay in creating"
    """
    settings = settings.model_copy(update={"deployment": deployment}) if deployment else settings
    since, until = _window(since, until, around)
    settings = log_reading.with_reading(settings, since=since, until=until)
    outcome = answer(
        _named_or_pasted(logs, paste),
        issue,
        settings,
        model,
        "ticket" if ticket else form,
        output,
        baselines,
        full,
        scheduler,
        fast=fast,
        since=since,
        until=until,
        signatures=signatures,
    )
    return reports.exit_status(outcome.report) if exit_code else 0


def _named_or_pasted(logs: Sequence[str], paste: bool) -> list[str | Path]:
    """The logs that were named, or standard input, to which goes what the user saves in an editor."""
    if paste == bool(logs):
        raise click.UsageError("Name LOGS, such as /var/log/kolla or - for a pipe, or open your editor with --paste.")
    if logs:
        return list(logs)
    pasted = click.edit("", extension=".log")
    if not pasted or not pasted.strip():
        raise LogInputError("Nothing was pasted.", "Save the lines in the editor before you close it.")
    with tempfile.TemporaryFile() as file:
        file.write(pasted.encode())
        file.seek(0)
        os.dup2(file.fileno(), 0)
    return ["-"]


def _window(
    since: datetime | None, until: datetime | None, around: datetime | None
) -> tuple[datetime | None, datetime | None]:
    if around is None:
        return since, until
    if since is not None or until is not None:
        raise click.UsageError("--around already sets the window; leave out --since and --until")
    return analysis.around_window(around)


def answer(
    logs: list[str | Path],
    issue: str,
    settings: Settings,
    model: str = "latest",
    form: str = "text",
    output: Path | None = None,
    baseline: Sequence[str | Path] = (),
    full: bool = False,
    scheduler: str | None = None,
    **how: Any,
) -> analysis.AnalysisOutcome:
    """Analyse the logs, keep and print the report, record a run; what cannot be kept or recorded is only a notice.

    ``how`` the question is asked, see ``analysis.How``.
    """
    if output is not None:
        reports.check_report_path(output)
    with steps() as shown, cluster.open_cluster(scheduler, settings) as workers:
        outcome = analysis.analyze(
            logs,
            issue,
            settings=settings,
            model=model,
            baseline=baseline,
            history=history.open_history(settings),
            cluster=workers,
            listener=shown,
            **how,
        )
    # Before it is printed: the output may find no room, which is no reason to write and record less.
    untold = keep(outcome, settings)
    try:
        if form == "text":
            show_report(outcome.report, settings, full=full)
        else:
            click.echo(reports.render(outcome.report, form), nl=form != "ticket")
        sys.stdout.flush()
        if outcome.reading:
            notice(outcome.reading)
        for text in (*outcome.model.notices, *untold):
            notice(text)
        if output is not None:
            with naming_new_folders(output):
                reports.write_report(outcome.report, output)
            notice(f"The report is written to {output}.")
    finally:
        record(settings)
    return outcome


def keep(outcome: analysis.AnalysisOutcome, settings: Settings) -> list[str]:
    """Save the report, its entry in the history of incidents and the facts of its run; returns a notice for each failure."""
    try:
        places.require_home(settings, writable=True)
    except ConfigurationError as error:
        told = any(str(error) in text for text in outcome.model.notices)
        return [f"This answer is not kept; save it with --output FILE.{'' if told else f' {error}'}"]
    untold = []
    for keep_one in (kept_reports.keep_report, waiting_runs.write_down):
        try:
            keep_one(outcome.report, settings)
        except ConfigurationError as error:
            untold.append(str(error))
    try:
        history.open_history(settings).remember(outcome.report)
    except HistoryUnavailable as error:
        untold.append(f"This answer is not in the history, so it cannot be confirmed. {error}")
    return untold


def record(settings: Settings) -> None:
    """Record this and all waiting analyses as runs; a notice says why one is not recorded yet."""
    for text in waiting_runs.send_as_configured(settings).notices:
        notice(text)
