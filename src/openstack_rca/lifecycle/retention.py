"""Which versions are kept, and which may go: registry and store are freed alike.

Kept are the last N usable versions, whatever ``latest`` leads to, what is pinned, has an alias or a stage, and what is
younger than a given age. A version that goes is first written into the history, then it leaves the registry, then its
files leave the store: a crash in between leaves files that nothing resolves to, which the next pruning takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from openstack_rca.errors import VersionNotFound
from openstack_rca.lifecycle import events as word
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.state import read_state
from openstack_rca.lifecycle.store import StoredObject
from openstack_rca.lifecycle.versions import ModelLifecycle

DEFAULT_KEEP = 10
DEFAULT_AGE = timedelta(days=30)
LONGEST_UPLOAD = timedelta(days=1)
"""What is not finished after so long never will be; before that, somebody may be at it."""


@dataclass(frozen=True)
class PruneStep:
    """What is to become of one version, or of files without one.

    Attributes:
        version: its number.
        remove: whether it goes.
        why: in words.
        keys: its objects in the store.
        size_bytes: of those objects, together.
        registered: whether the index knows it.
    """

    version: int
    remove: bool
    why: str
    keys: tuple[str, ...]
    size_bytes: int
    registered: bool


def plan_pruning(
    lifecycle: ModelLifecycle,
    keep: int = DEFAULT_KEEP,
    younger_than: timedelta = DEFAULT_AGE,
    *,
    orphans: bool = False,
    now: datetime | None = None,
) -> list[PruneStep]:
    """Say what pruning would do; nothing is changed.

    Args:
        lifecycle: the environment.
        keep: how many of the newest usable versions stay, at least 1.
        younger_than: what is younger stays.
        orphans: also take files under a version's own names that neither registry nor history know and that have no
            manifest: what publishing without a registry leaves when it is cut off.
        now: the present, for the ages.

    Returns:
        One step a version, highest number first.

    Raises:
        RegistryUnavailable, StoreError: the whole picture cannot be had, and nothing should be removed without it.
    """
    now = now or datetime.now(UTC)
    stored = _stored(lifecycle)
    versions = lifecycle.list()
    usable = [version.version for version in versions if version.resolvable]
    newest = set(usable[: max(keep, 1)])
    try:
        latest: int | None = lifecycle.resolve("latest").version
    except VersionNotFound:
        latest = None
    steps = []
    for version in versions:
        protection = _protection(version, latest, newest, younger_than, now)
        if lifecycle.store.key_of(version.uri) is None:
            protection = "its file lies under another artifact root"
        objects = stored.pop(version.version, [])
        steps.append(_step(version.version, not protection, protection or _why(version), objects, registered=True))
    state = read_state(lifecycle.events)
    for number, objects in stored.items():
        if number in state.pruned:
            steps.append(_step(number, True, "left by a pruning that was cut off", objects))
        elif orphans and _is_orphan(lifecycle, number, objects, now):
            steps.append(_step(number, True, "an orphan: no manifest, and no registry knows it", objects))
    return sorted(steps, key=lambda step: step.version, reverse=True)


def carry_out(lifecycle: ModelLifecycle, steps: list[PruneStep]) -> list[PruneStep]:
    """Remove what a plan says; what became protected since then stays.

    Returns:
        The steps that were done.

    Raises:
        RegistryUnavailable, StoreError: it stopped there; run it again.
    """
    done = []
    for step in steps:
        if not step.remove:
            continue
        if step.registered:
            if _protected_by_now(lifecycle, step.version):
                continue
            lifecycle.events.append(word.PRUNED, step.version, step.why)
            lifecycle.index.remove(step.version)
        # The manifest goes first: without it the file is no version for those who work without a registry.
        for key in sorted(step.keys, key=lambda key: not key.endswith(".json")):
            lifecycle.store.delete(key)
        done.append(step)
    return done


def _protected_by_now(lifecycle: ModelLifecycle, number: int) -> bool:
    """Whether a version has become used between the plan and now."""
    try:
        version = lifecycle.index.get(number)
        latest = lifecycle.resolve("latest").version
    except VersionNotFound:
        return False
    return bool(version.aliases or version.stage) or number == latest or number == lifecycle.index.pinned()


def _protection(
    version: ModelVersion, latest: int | None, newest: set[int], younger_than: timedelta, now: datetime
) -> str:
    """Why a version stays; empty if nothing speaks for it."""
    age = now - version.created
    if version.pinned:
        return "pinned"
    if version.version == latest:
        return "latest"
    if version.stage:
        return f"in stage {version.stage}"
    if version.aliases:
        return f"has the alias {', '.join(version.aliases)}"
    if version.version in newest:
        return "among the newest"
    if age < younger_than:
        return f"only {_days(age)} old"
    if version.status == "uploading" and age < LONGEST_UPLOAD:
        return "its publishing may still be going on"
    return ""


def _why(version: ModelVersion) -> str:
    if version.status == "uploading":
        return "its publishing was never finished"
    if version.status == "refused":
        return "refused"
    if version.yanked:
        return f"yanked: {version.yank_reason or 'no reason given'}"
    return "older than what is kept"


def _days(age: timedelta) -> str:
    hours = max(age.total_seconds(), 0.0) / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"


def _step(number: int, remove: bool, why: str, objects: list[StoredObject], *, registered: bool = False) -> PruneStep:
    keys = tuple(stored.key for stored in objects)
    return PruneStep(number, remove, why, keys, sum(stored.size_bytes for stored in objects), registered)


def _stored(lifecycle: ModelLifecycle) -> dict[int, list[StoredObject]]:
    """Objects of this model by version: file, manifest and signature under their own names, nothing else in their folders."""
    place, store = lifecycle.place, lifecycle.store
    found: dict[int, list[StoredObject]] = {}
    for folder in store.folders():
        number = place.number_of(folder)
        if number is None:
            continue
        own = place.own_keys(number)
        objects = [stored for stored in store.objects(f"{folder}/") if stored.key in own]
        if objects:
            found[number] = objects
    return found


def _is_orphan(lifecycle: ModelLifecycle, number: int, objects: list[StoredObject], now: datetime) -> bool:
    manifest = lifecycle.place.manifest_key(number)
    return all(stored.key != manifest and now - stored.modified > LONGEST_UPLOAD for stored in objects)
