"""``openstack-rca models prune`` and ``models repair``."""

from dataclasses import asdict
from datetime import timedelta

import click

from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import console, print_columns, print_json, say
from openstack_rca.cli.services import versions
from openstack_rca.plain_text import counted, sized
from openstack_rca.settings import Settings

YES = click.option(
    "--yes", "--apply", "apply", is_flag=True, help="Apply the changes; without this option they are only shown."
)


def age_option(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """Parse an age such as 30d, 12h or 4w; a plain number counts days. Raises click.BadParameter."""
    found = versions.parse_age(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not an age such as 30d, 12h or 4w")
    return found


@click.command("prune")
@click.option(
    "--keep", type=click.IntRange(1), default=versions.DEFAULT_KEEP, help="Keep the newest N usable versions."
)
@click.option(
    "--younger-than",
    default=f"{versions.DEFAULT_AGE.days}d",
    callback=age_option,
    metavar="AGE",
    help="Keep what is younger: 30d, 12h, 4w.",
)
@click.option(
    "--orphans", is_flag=True, help="Also remove model files that have no manifest and that no registry knows."
)
@click.option(
    "--policy",
    is_flag=True,
    help="Let OPENSTACK_RCA_RETENTION say how long versions of a stage stay, for example Staging=90d,none=30d.",
)
@YES
@with_form_and_settings
def prune_command(
    keep: int, younger_than: timedelta, orphans: bool, policy: bool, apply: bool, form: str, settings: Settings
) -> None:
    """Remove old versions from registry and store alike; without --yes, only show which.

    These always stay: the version that latest leads to, pinned ones, those with an alias or a stage, the newest --keep usable
    ones and those younger than --younger-than. With --policy, a version whose stage has a rule is removed when its time is over,
    unless latest, a pin or another alias leads to it. The history still lists removed versions; their numbers are not used again.

    \b
    Examples:
      openstack-rca models prune --keep 10 --younger-than 30d
      openstack-rca models prune --keep 10 --younger-than 30d --yes
      OPENSTACK_RCA_RETENTION=Staging=90d,none=30d openstack-rca models prune --policy --yes
    """
    plan, done = versions.prune_models(settings, keep, younger_than, orphans=orphans, policy=policy, apply=apply)
    removed = {step.version for step in done}
    if form == "json":
        print_json(
            [{**asdict(step), "version": str(step.version), "removed": step.version in removed} for step in plan]
        )
        return
    if plan:
        fate = {step.version: "stays" if not step.remove else "would go" for step in plan}
        if apply:
            fate = {number: "removed" if number in removed else "stays" for number in fate}
        print_columns(
            ("version", "what becomes of it", "why", "size (MB)"),
            [(str(step.version), fate[step.version], step.why, f"{step.size_bytes / 1e6:.1f}") for step in plan],
            right=("version", "size (MB)"),
        )
    going = done if apply else [step for step in plan if step.remove]
    what = "removed" if apply else "would go (--yes removes them)"
    size = sized(sum(step.size_bytes for step in going))
    say(f"{counted(len(going), 'version')} {what}, {size}; {len(plan) - len(going)} stay.")


@click.command("repair")
@YES
@with_form_and_settings
def repair_command(apply: bool, form: str, settings: Settings) -> None:
    """Restore a lost or outdated registry from the store; without --yes, only show what is missing.

    Whole versions are registered again under their own numbers, with the pins, yanks, aliases and stages of the history. MLflow
    never gives a number twice: a version whose number it has given already gets another one there, and keeps its own elsewhere.
    Half-published and orphaned files are named and left alone.

    \b
    Examples:
      openstack-rca models repair
      openstack-rca models repair --yes
    """
    found = versions.repair_models(settings, apply=apply)
    if form == "json":
        print_json([{**asdict(finding), "version": str(finding.version)} for finding in found])
        return
    screen = console()
    for finding in found:
        text = f"version {finding.version}: {finding.what}" + (f"; {finding.outcome}" if finding.outcome else "")
        say(f"{'repaired' if finding.done else finding.kind:<9} {text}")
    repairable = sum(finding.kind != "named" for finding in found)
    if not found:
        say("Registry, store and history agree; whether the files are whole, openstack-rca models verify tells.")
    elif apply:
        screen.print(f"{sum(finding.done for finding in found)} repaired, {len(found) - repairable} left as they are.")
    else:
        screen.print(f"{repairable} can be repaired (--yes does it), {len(found) - repairable} only named.")
