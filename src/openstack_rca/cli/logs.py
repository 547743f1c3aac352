"""``openstack-rca logs``: what is read from logs, before any analysis."""

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from openstack_rca.cli.options import FETCH_SINCE, HOSTS, JSON_FORMAT, parse_time, reading_options
from openstack_rca.cli.output import print_json, say, steps
from openstack_rca.cli.services import explore, log_events, log_inspection, log_reading
from openstack_rca.cli.standard_output import end_with_reader
from openstack_rca.service.choices import EVENT_FORMS, LEVELS
from openstack_rca.settings import Settings, load_settings


@click.group("logs")
def logs_group() -> None:
    """Show how logs are read, without an analysis."""


@logs_group.command("inspect", short_help="Show for each file how it is read.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@JSON_FORMAT
@FETCH_SINCE
@reading_options
def inspect_command(paths: tuple[str, ...], form: str, settings: Settings) -> None:
    """Show for each file at PATH how it is read, before anything is concluded from it.

    Of each file: format, service, host and time zone, and where they come from; lines of no known format; whether levels are
    known; gaps; what was skipped and why. Then all hosts and services, clocks that disagree, and what would help.

    \b
    Examples:
      openstack-rca logs inspect /var/log/kolla
      openstack-rca logs inspect sosreport-compute1.tar.xz --format json | jq -r .advice[]
    """
    with steps() as shown:
        shown.step("read logs")
        inspection = log_inspection.inspect_logs(paths, settings, listener=shown)
    if form == "json":
        print_json(asdict(inspection))
    else:
        for line in log_inspection.inspection_lines(inspection):
            say(line)


@logs_group.command("events", short_help="Print the events of logs.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(EVENT_FORMS),
    default="ndjson",
    help="One JSON object a line, CSV with a header, or Parquet.",
)
@click.option("--since", callback=parse_time, metavar="TIME", help="Print nothing before this time (ISO 8601).")
@click.option("--until", callback=parse_time, metavar="TIME", help="Print nothing after this time (ISO 8601).")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Only this host; may be repeated.")
@click.option("--service", "services", multiple=True, metavar="SERVICE", help="Only this service; may be repeated.")
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice(LEVELS, case_sensitive=False),
    help="Only this level; may be repeated.",
)
@click.option("--log-format", metavar="NAME", help="Read lines as this format only, see docs/logs.md.")
@click.option(
    "--year", type=click.IntRange(1970, 9999), help="Year of a log's last line, for logs whose lines carry no year."
)
@click.option("--correct-skew", is_flag=True, help="Correct the times of hosts whose clock disagrees with the others.")
@HOSTS
@click.option(
    "--grep",
    default="",
    show_default=False,
    metavar="REGEX",
    help="Only events whose text matches this regular expression.",
)
def events_command(
    paths: tuple[str, ...],
    form: str,
    since: datetime | None,
    until: datetime | None,
    hosts: tuple[str, ...],
    services: tuple[str, ...],
    levels: tuple[str, ...],
    log_format: str | None,
    year: int | None,
    correct_skew: bool,
    hosts_file: Path | None,
    grep: str,
) -> None:
    """Print the events of the logs at PATH: files, folders, globs, or - for standard input.

    One row an event, in order of time; a traceback is one event. Times are in UTC; what a log does not say is null.

    \b
    Examples:
      openstack-rca logs events /var/log/kolla --level ERROR --level CRITICAL
      openstack-rca logs events nova-compute.log.gz --grep "No valid host" | jq -r .message
      openstack-rca logs events /var/log/kolla --format parquet > events.parquet
    """
    if form == "parquet" and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary: write it to a file, for example with > events.parquet")
    wanted = explore.EventFilter(since, until, hosts, services, levels)
    with steps() as shown:
        shown.step("read logs")
        settings = log_reading.with_reading(
            load_settings(), log_format, None, year, correct_skew, hosts_file, since, until
        )
        events = log_events.event_table(paths, wanted, settings, grep=grep, listener=shown)
    end_with_reader()
    log_events.write_events(events, form, sys.stdout.buffer)
