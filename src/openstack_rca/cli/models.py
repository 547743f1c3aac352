"""``openstack-rca models``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from openstack_rca.cli.lazy import LazyCommand, LazyGroup
from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import answer, console, naming_new_folders, print_columns, print_json, say, steps
from openstack_rca.cli.services import models
from openstack_rca.plain_text import one_line, without_markdown
from openstack_rca.settings import Settings

COMMANDS = {
    "alias": LazyCommand("model_changes", "alias_command", "Set or remove an alias of a version."),
    "card": LazyCommand("model_papers", "card_command", "Print a version's card."),
    "compare": LazyCommand("model_quality", "compare_command", "Compare two versions on the same logs and incidents."),
    "describe": LazyCommand("model_changes", "describe_command", "Describe a version in words."),
    "diff": LazyCommand("model_papers", "diff_command", "Show what two versions differ in."),
    "drift": LazyCommand(
        "model_quality", "drift_command", "Measure whether logs still resemble those of the training."
    ),
    "export": LazyCommand("model_papers", "export_command", "Write a version to one tar file."),
    "history": LazyCommand("model_changes", "history_command", "Show who did what to the versions, when and why."),
    "import": LazyCommand("model_papers", "import_command", "Publish an exported version in this environment."),
    "pin": LazyCommand("model_changes", "pin_command", "Make latest lead to one version."),
    "promote": LazyCommand("model_changes", "promote_command", "Copy a version to another environment."),
    "prune": LazyCommand("model_upkeep", "prune_command", "Remove old versions from registry and store."),
    "repair": LazyCommand("model_upkeep", "repair_command", "Restore the registry from the store."),
    "rollback": LazyCommand("model_changes", "rollback_command", "Pin the last good version before the one in use."),
    "stage": LazyCommand("model_changes", "stage_command", "Move a version to a stage."),
    "unpin": LazyCommand("model_changes", "unpin_command", "Let latest be the highest version again."),
    "unyank": LazyCommand("model_changes", "unyank_command", "Make a yanked version available to latest again."),
    "yank": LazyCommand("model_changes", "yank_command", "Take a version out of latest."),
}
"""Commands that live in modules of their own: what scores and compares costs a second to import, and listing needs none of it."""


@click.group("models", cls=LazyGroup, lazy=COMMANDS)
def models_group() -> None:
    """List, inspect, compare, promote, roll back and remove versions of the model."""


@models_group.command("list", short_help="List the versions, newest first.")
@click.option("--limit", type=click.IntRange(1), help="Show only the newest N.")
@with_form_and_settings
def list_command(limit: int | None, form: str, settings: Settings) -> None:
    """List the versions of this environment, newest first.

    The version in use has latest among its aliases: the pinned one, else the highest that is ready, not yanked and usable for
    analysis. Accuracy is the share of next templates predicted correctly in the last part of the training logs, which was held
    back from learning.
    """
    versions = models.list_models(settings, limit)
    if form == "json":
        leads = models.latest_of(versions)
        print_json([{**facts_of(version), "latest": version.version == leads} for version in versions])
        return
    if not versions:
        _say_none(settings)
        return
    latest = models.latest_of(versions)
    rows = [_row(version, latest) for version in versions]
    # A column that says nothing takes room from those that do.
    columns = [title for title in rows[0] if title in ALWAYS_SHOWN or any(row[title] for row in rows)]
    print_columns(
        columns, [[row[title] for title in columns] for row in rows], right=("version", "accuracy", "size (MB)")
    )
    say(models.why_latest(versions))


def _say_none(settings: Settings) -> None:
    say(f"No version in {settings.experiment_name} yet. {models.where_versions_come_from(settings)}")


ALWAYS_SHOWN = ("version", "status", "created (UTC)", "accuracy", "size (MB)", "sha256", "aliases")


def _row(version: models.ModelVersion, latest: int | None) -> dict[str, str]:
    accuracy = version.metrics.get("test_accuracy")
    status = "yanked" if version.yanked else version.status
    if version.kind is models.ModelKind.OTHER:
        status += ", not for analysis"
    why = "pinned" if version.pinned else ""
    return {
        "version": str(version.version),
        "status": ", ".join(part for part in (status, why) if part),
        "created (UTC)": f"{version.created:%Y-%m-%d %H:%M}",
        "accuracy": "" if accuracy is None else models.rounded(accuracy),
        "size (MB)": f"{version.size_bytes / 1e6:.1f}",
        "sha256": version.sha256[:12],
        "aliases": models.aliases_of(version, latest),
        "stage": version.stage,
        "about": version.own_words,
    }


@models_group.command("show", short_help="Show everything known of one version.")
@click.argument("reference", default="latest", metavar="[latest|N|@ALIAS]")
@with_form_and_settings
def show_command(reference: str, form: str, settings: Settings) -> None:
    """Show everything known of one version; without a name, of the latest.

    \b
    Examples:
      openstack-rca models show
      openstack-rca models show 15 --format json
    """
    version = models.ModelLifecycle(settings).show(reference)
    if form == "json":
        print_json(facts_of(version))
        return
    screen = console()
    latest = models.latest_of(models.list_models(settings))
    facts = {
        **facts_of(version),
        "description": without_markdown(version.description),
        "aliases": models.aliases_of(version, latest),
    }
    # The tags say in MLflow's form what stands in the other lines; --format json has them.
    for name in [*FIRST_TOLD, *(name for name in facts if name not in (*FIRST_TOLD, "metrics", "tags"))]:
        value = facts[name]
        if isinstance(value, dict):
            value = [f"{key}={item}" for key, item in value.items()]
        text = ", ".join(value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
        for number, line in enumerate(filter(str.strip, text.splitlines())):
            say(f"{name if number == 0 else '':<13} {one_line(line)}")
    for title, figures in models.figures_by_worth(version.metrics).items():
        screen.print(f"{title}:")
        for key, item in figures.items():
            say(f"    {one_line(key):<34} {models.rounded(item)}")


FIRST_TOLD = ("name", "version", "description", "status", "aliases")


@models_group.command("download", short_help="Write the verified file of a version.")
@click.argument("reference", metavar="latest|N|@ALIAS")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@with_form_and_settings
def download_command(reference: str, output: Path, form: str, settings: Settings) -> None:
    """Write the verified model file of a version to FILE, or nothing at all.

    \b
    Example:
      openstack-rca models download 15 --output lstm_model_v15.keras
    """
    with naming_new_folders(output), steps() as shown:
        shown.step("download")
        path = models.ModelLifecycle(settings).download(reference, output, shown.part)
    answer(form, {"path": str(path), "size_bytes": path.stat().st_size}, str(path))


@models_group.command("verify", short_help="Check registry, store and digest of every version.")
@with_form_and_settings
def verify_command(form: str, settings: Settings) -> int:
    """Check every version: do registry, stored file and digest agree? Exit status 1 if one fails."""
    with steps() as shown:
        shown.step("verify versions")
        checks = models.ModelLifecycle(settings).verify()
    if form == "json":
        facts = [(check, {"version": str(check.version.version), "uri": check.version.uri}) for check in checks]
        print_json([{**version, "ok": check.ok, "problem": check.problem} for check, version in facts])
    elif not checks:
        _say_none(settings)
    else:
        for check in checks:
            word = "OK  " if check.ok else "FAIL"
            text = one_line(check.problem or check.version.uri)
            say(f"{word} {check.version.version:>4}  {text}")
        failed = sum(not check.ok for check in checks)
        console().print(f"{len(checks) - failed} of {len(checks)} versions verify.")
        if failed:
            say(
                "What fails is not used. Put its file back, or publish an export of it: openstack-rca models import FILE"
            )
    return 0 if all(check.ok for check in checks) else 1


@models_group.command("publish", short_help="Publish what an outage kept back.")
@click.option(
    "--spooled", is_flag=True, required=True, help="Publish the trained files that wait in the spool after an outage."
)
@with_form_and_settings
def publish_command(spooled: bool, form: str, settings: Settings) -> None:
    """Publish models whose publishing failed at training time, in order, each once.

    \b
    Example:
      openstack-rca models publish --spooled
    """
    versions = models.ModelLifecycle(settings).publish_spooled()
    if form == "json":
        print_json([facts_of(version) for version in versions])
        return
    for version in versions:
        say(f"version {version.version}  {version.uri}")
    if not versions:
        console().print("Nothing is waiting in the spool.")


def facts_of(version: models.ModelVersion) -> dict[str, object]:
    """A version's facts for JSON; the version number is text, for it is a name and no quantity."""
    told = {"version": str(version.version), "created": version.created.isoformat(), "kind": version.kind.value}
    return asdict(version) | told | {"metadata": version.metadata}
