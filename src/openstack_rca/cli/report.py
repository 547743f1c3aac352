"""``openstack-rca report``: answers that were given before."""

from dataclasses import asdict
from pathlib import Path

import click

from openstack_rca.cli.options import JSON_FORMAT
from openstack_rca.cli.output import console, naming_new_folders, print_json, print_listing, say, show_report
from openstack_rca.cli.services import kept_reports, language_model, places, reports
from openstack_rca.service.choices import FORMATS
from openstack_rca.settings import load_settings

TEXT_WIDTH = 60


@click.group("report")
def report_group() -> None:
    """Reports of earlier analyses; each is kept on this machine under its id."""


@report_group.command("list", short_help="List kept reports, newest first.")
@click.option("--limit", type=click.IntRange(1), default=20, help="Show only the newest N.")
@JSON_FORMAT
def list_command(limit: int, form: str) -> None:
    """List kept reports, newest first: id, time, verdict, component, issue."""
    settings = load_settings()
    kept = kept_reports.list_reports(settings, limit)
    rows = [
        (
            report.id,
            f"{report.created:%Y-%m-%d %H:%M}",
            report.verdict,
            f"{report.component or '-'}{f' on {report.host}' if report.host else ''}",
            report.issue[:TEXT_WIDTH] or "-",
        )
        for report in kept
    ]
    nothing = (
        f"No report is kept here yet. {places.where_nothing_is(settings, 'Make one with: openstack-rca analyze LOGS')}"
    )
    titles = ("id", "made (UTC)", "verdict", "component", "issue")
    print_listing(form, [asdict(report) for report in kept], nothing, titles, rows, below=1)


@report_group.command("show", short_help="Show a kept report.")
@click.argument("reference", metavar="ID")
@click.option("--full", is_flag=True, help="Print all of it on a terminal, not only what fits on one screen.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print the report.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file instead; its suffix (.json, .md, .html, .txt) says in which form.",
)
def show_command(reference: str, full: bool, form: str, output: Path | None) -> None:
    """Show a report again. ID is its id, the beginning of one, last, or a report saved as .json.

    \b
    Examples:
      openstack-rca report show last --full
      openstack-rca report show 3f9a1c --format ticket
    """
    if output is not None:
        reports.check_report_path(output)
    settings = load_settings()
    report = kept_reports.open_report(reference, settings)
    if output is not None:
        with naming_new_folders(output):
            reports.write_report(report, output)
    elif form == "text":
        show_report(report, settings, full=full)
    else:
        click.echo(reports.render(report, form), nl=form != "ticket")


@report_group.command("narrate", short_help="Have a language model explain a kept report.")
@click.argument("reference", metavar="ID")
@click.argument("question", default="")
@JSON_FORMAT
def narrate_command(reference: str, question: str, form: str) -> None:
    """Have a language model summarise a report, or answer a QUESTION about it. ID is as for show.

    Off unless OPENSTACK_RCA_LLM_URL and OPENSTACK_RCA_LLM_MODEL are set; needs the extra llm. The model is given the evidence
    only, with secrets and ids masked. Each sentence is checked against the lines that it cites, and marked where they do not
    support it. The verdict and the causes never come from it.

    \b
    Examples:
      openstack-rca report narrate last
      openstack-rca report narrate 3f9a1c "why did nova-compute fail?"
    """
    settings = load_settings()
    report = kept_reports.open_report(reference, settings)
    narrative = language_model.narrate(report, settings, question)
    if form == "json":
        print_json(language_model.narrative_facts(narrative))
        return
    screen = console()
    screen.print(
        f"By the language model {narrative.model}; the verdict ({report.verdict.value}) is not its own.", markup=False
    )
    for line in language_model.narrative_lines(narrative):
        say(line)
