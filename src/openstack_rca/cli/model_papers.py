"""``openstack-rca models``: diff, card, export, import."""

from dataclasses import asdict
from pathlib import Path

import click

from openstack_rca.cli.options import with_form_and_settings, with_settings
from openstack_rca.cli.output import answer, console, naming_new_folders, print_columns, print_json, say
from openstack_rca.cli.services import model_papers
from openstack_rca.settings import Settings

SHOWN = 100
"""Rows of a diff on the screen; two clouds have thousands of templates."""


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", default="latest")
@with_form_and_settings
def diff_command(first: str, second: str, form: str, settings: Settings) -> None:
    """Show what two versions differ in: the data, settings, figures and packages of their trainings, and which templates
    only one of them knows.

    \b
    Example:
      openstack-rca models diff 14 15
    """
    one, other, found = model_papers.diff_models(settings, first, second)
    if form == "json":
        print_json(
            {
                "versions": [str(one.version), str(other.version)],
                "differences": [asdict(difference) for difference in found],
            }
        )
        return
    if all(row.name == model_papers.CLOCK for row in found):
        told = "".join(
            f" Only {model_papers.CLOCK} differs, as on each run: {_cell(row.first)}, {_cell(row.second)}."
            for row in found
        )
        say(f"Versions {one.version} and {other.version} are equal: {', '.join(model_papers.PARTS)}.{told}")
        return
    print_columns(
        ("part", "what", f"version {one.version}", f"version {other.version}"),
        [(row.part, row.name, _cell(row.first), _cell(row.second)) for row in found[:SHOWN]],
    )
    if len(found) > SHOWN:
        console().print(f"{len(found) - SHOWN} more differences; --format json shows all.")


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


@click.command("card")
@click.argument("reference", metavar="N|@ALIAS", default="latest")
@click.option("--format", "form", type=click.Choice(["md", "html"]), default="md", help="Markdown, or an HTML page.")
@with_settings
def card_command(reference: str, form: str, settings: Settings) -> None:
    """Print a version's card: what it learned from, how, and how good it is.

    \b
    Examples:
      openstack-rca models card 15
      openstack-rca models card 15 --format html > card.html
    """
    card = model_papers.model_card(settings, reference, form)
    console().print(card, markup=False, soft_wrap=True, end="")


@click.command("export")
@click.argument("reference", metavar="N|@ALIAS")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER")
@with_form_and_settings
def export_command(reference: str, folder: Path, form: str, settings: Settings) -> None:
    """Write a version to one tar file, for a machine without a network: verified file, manifest, signature, card.

    \b
    Example:
      openstack-rca models export 15 parcels
    """
    with naming_new_folders(folder / reference):
        target = model_papers.export_model(settings, reference, folder)
    answer(form, {"path": str(target), "size_bytes": target.stat().st_size}, str(target))


@click.command("import")
@click.argument("parcel", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@with_form_and_settings
def import_command(parcel: Path, form: str, settings: Settings) -> None:
    """Check an exported tar, and publish its version as the next one of this environment.

    \b
    Example:
      openstack-rca models import parcels/lstm_model_v15.tar
    """
    version, made = model_papers.import_model(settings, parcel)
    answer(
        form,
        {"version": str(version.version), "uri": version.uri, "kind": version.kind.value, "made": made},
        f"version {version.version}{'' if made else ' (it was there already)'}  {version.uri}",
    )
