"""``openstack-rca models``: yank, pin, roll back, history, describe, alias, stage, promote."""

from __future__ import annotations

from dataclasses import asdict

import click

from openstack_rca.cli.models import facts_of
from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import answer, print_json, print_listing, say
from openstack_rca.cli.services import models, versions
from openstack_rca.settings import Settings

VERSION = click.argument("reference", metavar="N|@ALIAS")
REASON = click.option("--reason", default="", show_default=False, metavar="TEXT", help="Why; kept in the history.")
FORCE = click.option("--force", is_flag=True, help="Move a protected alias (OPENSTACK_RCA_PROTECTED_ALIASES) too.")
NEEDED_REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the history.")


@click.command("yank")
@VERSION
@NEEDED_REASON
@with_form_and_settings
def yank_command(reference: str, reason: str, form: str, settings: Settings) -> None:
    """Remove a version from latest. It can still be used by its number or an alias, with a notice.

    \b
    Example:
      openstack-rca models yank 15 --reason "trained on the day of the outage"
    """
    version = versions.version_changes(settings).yank(reference, reason)
    _print(version, f"Version {version.version} is yanked: {version.yank_reason}", form)


@click.command("unyank")
@VERSION
@REASON
@with_form_and_settings
def unyank_command(reference: str, reason: str, form: str, settings: Settings) -> None:
    """Make a yanked version available to latest again.

    \b
    Example:
      openstack-rca models unyank 15 --reason "the outage was on another day"
    """
    version = versions.version_changes(settings).unyank(reference, reason)
    _print(version, f"Version {version.version} is no longer yanked.", form)


@click.command("pin")
@VERSION
@NEEDED_REASON
@with_form_and_settings
def pin_command(reference: str, reason: str, form: str, settings: Settings) -> None:
    """Make latest lead to this version, whatever is published later. Every use says that it is pinned.

    \b
    Example:
      openstack-rca models pin 14 --reason "until the new release is understood"
    """
    version = versions.version_changes(settings).pin(reference, reason)
    _print(version, f"latest is pinned to version {version.version}.", form)


@click.command("unpin")
@click.argument("reference", required=False, metavar="[N]")
@REASON
@with_form_and_settings
def unpin_command(reference: str | None, reason: str, form: str, settings: Settings) -> None:
    """Let latest be the highest version again. With N, only if that is the pinned one.

    \b
    Example:
      openstack-rca models unpin 14 --reason "version 16 is good"
    """
    number = versions.version_changes(settings).unpin(reference, reason)
    answer(form, {"unpinned": str(number)}, f"Version {number} is no longer pinned.")


@click.command("rollback")
@REASON
@with_form_and_settings
def rollback_command(reason: str, form: str, settings: Settings) -> None:
    """Pin the last good version before the one in use: ready, not yanked, and its file whole in the store.

    Each further call goes back one more version. models unpin returns to the newest.

    \b
    Example:
      openstack-rca models rollback --reason "version 15 names the wrong service since Monday"
    """
    version = versions.version_changes(settings).rollback(reason)
    _print(version, f"latest is pinned to version {version.version}.", form)


@click.command("history")
@click.argument("reference", required=False, metavar="[N|@ALIAS]")
@with_form_and_settings
def history_command(reference: str | None, form: str, settings: Settings) -> None:
    """Show who did what to the versions, when and why, oldest first; of one version, or of all.

    The history lies beside the versions in the store. It is only appended to, and pruned versions stay in it.

    \b
    Examples:
      openstack-rca models history
      openstack-rca models history 15 --format json
    """
    events = versions.model_history(settings, reference)
    facts = [{**asdict(event), "version": str(event.version)} for event in events]
    rows = [
        (f"{event.when:%Y-%m-%d %H:%M:%S}", str(event.version), _what(event), event.who or "unknown", event.reason)
        for event in events
    ]
    titles = ("when (UTC)", "version", "what", "who", "why")
    print_listing(form, facts, "Nothing has happened yet.", titles, rows, ("version",))


def _what(event: versions.VersionEvent) -> str:
    shown = {"alias": "@{}", "stage": "to {}", "from": "from {}", "to": "to {}", "rolled_back_from": "back from {}"}
    told = [shown[name].format(value) for name, value in event.details.items() if name in shown and value]
    return " ".join([event.action, *told])


@click.command("describe")
@VERSION
@click.argument("text")
@with_form_and_settings
def describe_command(reference: str, text: str, form: str, settings: Settings) -> None:
    """Describe a version in words, for models show and MLflow's pages. An empty TEXT removes the description.

    \b
    Example:
      openstack-rca models describe 15 "the two quiet weeks after the upgrade to Zed"
    """
    version = versions.version_changes(settings).describe(reference, text)
    _print(version, f"Version {version.version}: {version.description or 'no description'}", form)


@click.command("alias")
@click.argument("alias", metavar="NAME")
@click.argument("reference", required=False, metavar="[N|@ALIAS]")
@click.option("--delete", is_flag=True, help="Remove the alias.")
@REASON
@FORCE
@with_form_and_settings
def alias_command(
    alias: str, reference: str | None, delete: bool, reason: str, force: bool, form: str, settings: Settings
) -> None:
    """Point @NAME at a version; a version that had the alias loses it. latest, v15 and the names of stages are reserved.

    \b
    Examples:
      openstack-rca models alias champion 15
      openstack-rca models alias champion --delete
    """
    if delete == (reference is not None):
        raise click.UsageError("Give a version, or --delete.")
    if reference is not None:
        version = versions.version_changes(settings).set_alias(alias, reference, reason, force=force)
        _print(version, f"@{alias} leads to version {version.version}.", form)
        return
    number = versions.version_changes(settings).delete_alias(alias, reason, force=force)
    answer(form, {"deleted": alias, "version": str(number)}, f"@{alias} no longer leads to version {number}.")


@click.command("stage")
@VERSION
@click.argument("stage", type=click.Choice([*versions.STAGES, "none"], case_sensitive=False))
@REASON
@FORCE
@with_form_and_settings
def stage_command(reference: str, stage: str, reason: str, force: bool, form: str, settings: Settings) -> None:
    """Move a version to a stage, or out of every stage. One version is in a stage at a time; @production leads to it.

    A stage is a mark within one environment. models promote copies a version to another one.

    \b
    Examples:
      openstack-rca models stage 15 Production --reason "a week without a false alarm"
      openstack-rca analyze /var/log/kolla --issue "Instances stay in BUILD" --model @production
    """
    version = versions.version_changes(settings).set_stage(
        reference, "" if stage.lower() == "none" else stage, reason, force=force
    )
    _print(
        version, f"Version {version.version} is in {f'stage {version.stage}' if version.stage else 'no stage'}.", form
    )


@click.command("promote")
@VERSION
@click.option("--to", "target", required=True, metavar="EXPERIMENT", help="Environment to publish it in.")
@click.option("--name", metavar="NAME", help="Name of the model there; default: the same name.")
@click.option(
    "--alias", default="", show_default=False, metavar="NAME", help="Point @NAME in that environment at the copy."
)
@click.option(
    "--webhook", metavar="URL", help="Tell this address of the promotion; default OPENSTACK_RCA_PROMOTION_WEBHOOK."
)
@REASON
@FORCE
@with_form_and_settings
def promote_command(
    reference: str,
    target: str,
    name: str | None,
    alias: str,
    webhook: str | None,
    reason: str,
    force: bool,
    form: str,
    settings: Settings,
) -> None:
    """Publish a version as the next one of another environment: the same file and digest, with its origin recorded.

    Where that environment has this very file as a usable version already, nothing is copied. Where the
    webhook cannot be reached, a note says so and the command still succeeds.

    \b
    Example:
      openstack-rca models promote 15 --to openstack_rca_system_production --reason "a good week in staging"
    """
    promotion = versions.promote_model(
        settings, reference, target, name, reason, alias=alias, force=force, webhook=webhook
    )
    version = promotion.version
    if form == "json":
        told_as = {"made": promotion.made, "notice": promotion.notice}
        print_json({**told_as, "source": facts_of(promotion.source), "version": facts_of(version)})
        return
    told = "" if promotion.made else " (it was there already)"
    if promotion.made and version.version == 1:
        told = " (the first one there)"
    text = f"Version {promotion.source.version} is version {version.version} of {target}{told}: {version.uri}"
    say(text)
    if promotion.notice:
        say(f"Note: {promotion.notice}")


def _print(version: models.ModelVersion, text: str, form: str) -> None:
    answer(form, facts_of(version), text)
