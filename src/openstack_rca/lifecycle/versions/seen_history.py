"""The history as it is told: what was written down, and what is seen in the registry that nobody wrote down."""

from collections.abc import Iterator
from datetime import UTC, datetime

from openstack_rca.lifecycle.history import VersionEvent, read_state
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions.changes import number_of
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle

SEEN = "seen in MLflow, done elsewhere"


def history(lifecycle: ModelLifecycle, reference: str | int | None = None) -> list[VersionEvent]:
    """What happened, oldest first; of one version, or of all.

    Versions whose publishing nobody wrote down (made by an older release, or cut off there) have their publishing
    computed from what the index knows, without a name. What the registry says otherwise than the history, because somebody
    changed it on MLflow's own pages, comes last, with the time of now. Raises VersionNotFound: nothing was ever heard of it.
    """
    number = number_of(lifecycle, reference) if reference is not None else None
    lifecycle.events.send_kept()
    names = lifecycle.events.names()
    told = {name.version for name in names if name.action in (word.PUBLISHED, word.REFUSED, word.PROMOTED)}
    found = lifecycle.events.read(name for name in names if number is None or name.version == number)
    versions = list(lifecycle.index.newest_first())
    for version in versions:
        if version.version not in told and version.status in ("ready", "refused") and number in (None, version.version):
            action = word.PUBLISHED if version.status == "ready" else word.REFUSED
            found.append(VersionEvent(version.created, action, version.version, "", version.status_reason))
    if lifecycle.settings.mlflow_enabled:
        found += [event for event in _seen(lifecycle, versions, told) if number in (None, event.version)]
    if number is not None and not found:
        lifecycle.show(number)
    return sorted(found, key=lambda event: event.when)


def _seen(lifecycle: ModelLifecycle, versions: list[ModelVersion], published: set[int]) -> Iterator[VersionEvent]:
    """What was done on MLflow's own pages: aliases and stages that differ from the history, versions that are gone."""
    now = datetime.now(UTC)
    state = read_state(lifecycle.events)
    here = {version.version for version in versions}
    held = {alias: version.version for version in versions for alias in version.aliases}
    for alias in sorted({*held, *state.aliases}):
        leads, led = held.get(alias), state.aliases.get(alias)
        if leads is not None and leads != led:
            yield VersionEvent(now, word.ALIASED, leads, "", SEEN, {"alias": alias})
        elif leads is None and led in here:
            yield VersionEvent(now, word.UNALIASED, led or 0, "", SEEN, {"alias": alias})
    for version in versions:
        if version.stage != state.stages.get(version.version, ""):
            yield VersionEvent(now, word.STAGED, version.version, "", SEEN, {"stage": version.stage})
    for number in sorted(published - here - state.pruned):
        yield VersionEvent(now, word.DELETED, number, "", SEEN)
