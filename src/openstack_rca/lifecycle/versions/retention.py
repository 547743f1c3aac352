"""Which versions are kept, and which may go: registry and store are freed alike.

Kept are the last N usable versions, whatever ``latest`` leads to, what is pinned, has an alias or a stage, and what is
younger than a given age. A version that goes is first written into the history, then it leaves the registry, then its
files leave the store: a crash in between leaves files that nothing resolves to, which the next pruning takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from openstack_rca.errors import ConfigurationError, DigestMismatch, StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.history import STAGES, read_state
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.mlflow import is_registered_half
from openstack_rca.lifecycle.objects import StoredObject
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.store_index import read_manifest

DEFAULT_KEEP = 10
DEFAULT_AGE = timedelta(days=30)
ROUNDING = timedelta(seconds=2)
"""Stores tell when an object was made in whole seconds, some of them rounded up."""
LONGEST_UPLOAD = timedelta(days=1)
"""What is not finished after so long never will be; before that, somebody may be at it."""


@dataclass(frozen=True)
class PruneStep:
    """What is to become of one version, or of files without one.

    ``keys`` are its objects in the store, ``size_bytes`` their size together, ``registered`` whether the index knows it.
    ``status`` and ``stage`` are those at the time of the plan; both are empty for files without a version.
    """

    version: int
    remove: bool
    why: str
    keys: tuple[str, ...]
    size_bytes: int
    registered: bool
    status: str = ""
    stage: str = ""


def plan_pruning(
    lifecycle: ModelLifecycle,
    keep: int = DEFAULT_KEEP,
    younger_than: timedelta = DEFAULT_AGE,
    *,
    orphans: bool = False,
    policy: Mapping[str, timedelta] | None = None,
    now: datetime | None = None,
) -> list[PruneStep]:
    """Say what pruning would do; nothing is changed.

    Args:
        keep: how many of the newest usable versions stay, at least 1.
        younger_than: what is younger stays.
        orphans: also take files under a version's own names that neither registry nor history know and that have no
            manifest: what publishing without a registry leaves when it is cut off.
        policy: stage -> how long its versions stay, "" for those in no stage; for them it decides instead of ``keep`` and
            ``younger_than``.
        now: the present, for the ages.

    Returns one step a version, highest number first. Raises RegistryUnavailable, StoreError: the whole picture cannot
    be had, and nothing should be removed without it.
    """
    now = now or datetime.now(UTC)
    stored = _stored(lifecycle)
    versions = lifecycle.list()
    usable = [version.version for version in versions if version.good]
    newest = set(usable[: max(keep, 1)])
    latest = _latest(lifecycle)
    steps = []
    for version in versions:
        stays = (policy or {}).get(version.stage)
        if stays is None:
            protection = _protection(version, latest, newest, younger_than, now)
        else:
            protection = _protection_by_rule(version, latest, stays, now)
        if lifecycle.store.key_of(version.uri) is None:
            protection = "its file lies under another artifact root"
        if is_registered_half(version):
            protection = "a repair was cut off at it; finish that first"
        objects = stored.pop(version.version, [])
        step = _step(version.version, not protection, protection or _why(version), objects, registered=True)
        steps.append(replace(step, status=_status(version), stage=version.stage))
    pruned = {name.version: name.when for name in lifecycle.events.names() if name.action == word.PRUNED}
    for number, objects in stored.items():
        if number in pruned and _is_leftover(lifecycle, number, objects, pruned[number]):
            steps.append(_step(number, True, "left by a pruning that was cut off", objects))
        elif orphans and _is_orphan(lifecycle, number, objects, now):
            steps.append(_step(number, True, "an orphan: no manifest, and no registry knows it", objects))
    return sorted(steps, key=lambda step: step.version, reverse=True)


def carry_out(lifecycle: ModelLifecycle, steps: list[PruneStep]) -> list[PruneStep]:
    """Remove what a plan says, except what became protected since then; returns the steps that were carried out.

    Raises RegistryUnavailable, StoreError: it stopped there; run it again.
    """
    done = []
    for step in steps:
        if not step.remove:
            continue
        if step.registered:
            if _protected_by_now(lifecycle, step):
                continue
            lifecycle.events.append(word.PRUNED, step.version, step.why)
            lifecycle.index.remove(step.version)
            if lifecycle.registry is not None and lifecycle.registry.pinned() == step.version:
                # Pinned in the very moment: the history, which has the removal too, says that it is not.
                lifecycle.registry.follow(read_state(lifecycle.events), pin=True)
        # The manifest goes first: without it the file is not a version for those who work without a registry.
        for key in sorted(step.keys, key=lambda key: not key.endswith(".json")):
            lifecycle.store.delete(key)
        done.append(step)
    return done


def _protected_by_now(lifecycle: ModelLifecycle, step: PruneStep) -> bool:
    """Whether a version has become used between the plan and now, or was finished, taken back, or removed."""
    try:
        version = lifecycle.index.get(step.version)
    except VersionNotFound:
        return True
    in_use = (_latest(lifecycle), lifecycle.index.pinned())
    renamed = bool(_other_aliases(version)) or version.stage != step.stage
    return renamed or _status(version) != step.status or step.version in in_use


def _other_aliases(version: ModelVersion) -> list[str]:
    """Aliases but that of its stage."""
    return [alias for alias in version.aliases if alias != version.stage.lower()]


def _latest(lifecycle: ModelLifecycle) -> int | None:
    try:
        return lifecycle.resolve("latest").version
    except VersionNotFound:
        return None


def _status(version: ModelVersion) -> str:
    return "yanked" if version.yanked else version.status


def _protection_by_rule(version: ModelVersion, latest: int | None, stays: timedelta, now: datetime) -> str:
    """Why a version stays though a rule says how long; empty if its time is over."""
    if version.pinned or version.status == "damaged" or version.version == latest:
        return _protection(version, latest, set(), timedelta(), now)
    if others := _other_aliases(version):
        return f"has the alias {', '.join(others)}"
    age = now - version.created
    if version.status == "uploading" and age < LONGEST_UPLOAD:
        return "its publishing may still be going on"
    return f"only {_days(age)} old, the rule keeps it for {_days(stays)}" if age < stays else ""


def _protection(
    version: ModelVersion, latest: int | None, newest: set[int], younger_than: timedelta, now: datetime
) -> str:
    """Why a version stays; empty if nothing speaks for it."""
    age = now - version.created
    if version.pinned:
        return "pinned"
    if version.status == "damaged":
        return "its manifest cannot be read"
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


def _is_leftover(lifecycle: ModelLifecycle, number: int, objects: list[StoredObject], pruned: datetime) -> bool:
    """Whether files are of the version that was pruned then, and not of another environment whose folders have the same names.

    ``feature_x`` and ``feature-x`` share them: what one of them removed, the other one may have filled since.
    """
    manifest = lifecycle.place.manifest_key(number)
    if any(stored.modified > pruned + ROUNDING for stored in objects):
        return False
    if all(stored.key != manifest for stored in objects):
        return True
    try:
        read_manifest(lifecycle.store, lifecycle.place, number)
    except (DigestMismatch, StoreObjectNotFound, VersionNotFound):
        return False
    return True


def _is_orphan(lifecycle: ModelLifecycle, number: int, objects: list[StoredObject], now: datetime) -> bool:
    manifest = lifecycle.place.manifest_key(number)
    return all(stored.key != manifest and now - stored.modified > LONGEST_UPLOAD for stored in objects)


NO_STAGE = "none"
_HOURS = {"h": 1, "d": 24, "w": 168}


def parse_age(text: str) -> timedelta | None:
    """An age such as ``30d``, ``12h`` or ``4w``; a plain number counts days. ``None`` for anything else."""
    found = re.fullmatch(r"(\d{1,6})([hdw]?)", text.strip().lower())
    return timedelta(hours=int(found.group(1)) * _HOURS[found.group(2) or "d"]) if found else None


def parse_policy(text: str) -> dict[str, timedelta]:
    """Read the setting ``retention`` (``Staging=90d,none=30d``) as stage -> age, "" for none. Raises ConfigurationError."""
    known = {name.lower(): name for name in STAGES} | {NO_STAGE: ""}
    policy: dict[str, timedelta] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        stage, _, age = part.partition("=")
        stays = parse_age(age)
        if stage.strip().lower() not in known or stays is None:
            raise ConfigurationError(
                f"{part!r} in OPENSTACK_RCA_RETENTION is not a stage and an age.",
                f"Write for example Staging=90d,none=30d; stages are {', '.join(STAGES)} and {NO_STAGE}.",
            )
        policy[known[stage.strip().lower()]] = stays
    if not policy:
        raise ConfigurationError(
            "No retention rule is set.", "Set OPENSTACK_RCA_RETENTION, for example to Staging=90d,none=30d."
        )
    return policy
