"""``openstack-rca story``."""

from dataclasses import asdict

import click

from openstack_rca.cli.options import FETCH_SINCE, MODEL, reading_options, with_form_and_settings
from openstack_rca.cli.output import console, notice, print_json, steps
from openstack_rca.cli.services import analysis, story_view
from openstack_rca.settings import Settings


@click.command("story")
@click.argument("name", metavar="ID")
@click.option("--logs", "-l", multiple=True, required=True, metavar="PATH", help="Logs to read; may be repeated.")
@MODEL
@with_form_and_settings
@FETCH_SINCE
@reading_options
def story_command(name: str, logs: tuple[str, ...], model: str, form: str, settings: Settings) -> None:
    """Show the story of one server, port, volume, image or request: its lines over all hosts and services, in order of time.

    With a model, each line says what normally follows it and within what time, and whether it came; and how surprising
    the line was to the network. The first eight characters of an ID are enough, and so is a name that
    holds one (volume-ID, amphora-ID, tap and the beginning of a port's).

    \b
    Examples:
      openstack-rca story 5a532d1f-a84f-4d1a-8ace-4f541019e318 --logs /var/log/kolla
      openstack-rca story req-0a7e4c8a --logs /var/log/kolla --format json
    """
    with steps() as shown:
        prepared = analysis.prepare(logs, settings=settings, model=model, listener=shown)
        shown.step("tell the story")
        shown_stories = story_view.stories_of(prepared, name)
    if shown_stories.remark:
        notice(shown_stories.remark)
    if form == "json":
        print_json(asdict(shown_stories))
        return
    for story in shown_stories.stories:
        for line in story_view.story_text(story):
            console().print(line, markup=False, highlight=False, soft_wrap=True)
        console().print()
