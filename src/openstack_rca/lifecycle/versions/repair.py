"""The registry made whole again from what the store holds: its manifests and its history.

For a registry that was lost, or brought back from an old backup. Whole versions are registered again under their own
numbers; MLflow only ever counts on, so where it is past a number, the version gets another one there and keeps its own
everywhere else. What is half-published or orphaned is named and left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from openstack_rca.errors import DigestMismatch, StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.history import ALIAS, DESCRIPTION, PIN, STAGE, YANK, VersionState, read_state
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.mlflow import MlflowRegistry, is_registered_half
from openstack_rca.lifecycle.records import TAG_ABOUT, ModelVersion
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.store_index import read_manifest

DELETED_THERE = (
    "it knows later ones, so somebody may have deleted this one on MLflow's own pages: then leave it, and do not repair"
)
REGISTER, RESTORE, NAMED = "register", "restore", "named"


class Subject(StrEnum):
    """The kind of thing in which the registry differs from the history."""

    PIN = PIN
    ALIAS = "alias"
    VERSION = "version"


@dataclass(frozen=True)
class Finding:
    """One problem that comparing registry, store and history found.

    Attributes:
        kind: ``register`` (a whole version that the registry does not know), ``restore`` (a pin, yank, alias, stage or
            description that the registry does not have as the history says), ``named`` (nothing that can be repaired).
        version: which one; 0 for none.
        what: in words.
        done: whether it was repaired.
        outcome: how it was repaired; where MLflow could not give the number, which one the version has there.
        subject: of ``restore``: what is to be set as the history says.
        alias: the alias's name, where ``subject`` is ``ALIAS``.
    """

    kind: str
    version: int
    what: str
    done: bool = False
    outcome: str = ""
    subject: Subject = Subject.VERSION
    alias: str = ""


def find_repairs(lifecycle: ModelLifecycle) -> list[Finding]:
    """Compare registry, store and history; nothing is changed. Raises RegistryUnavailable, StoreError."""
    known = {version.version: version for version in lifecycle.list() if not is_registered_half(version)}
    state = read_state(lifecycle.events)
    return [*_missing(lifecycle, known, state), *_half(lifecycle, known), *_different(lifecycle, known, state)]


def repair(lifecycle: ModelLifecycle) -> list[Finding]:
    """Repair what can be repaired, versions before pins, yanks and aliases; gives all findings, with what was done.

    Raises RegistryUnavailable, StoreError: it stopped there; run it again.
    """
    registry, findings = lifecycle.registry, []
    if registry is None:
        # The store, which says all, is what would be repaired from.
        return find_repairs(lifecycle)
    missing = [found for found in find_repairs(lifecycle) if found.kind == REGISTER]
    for found in sorted(missing, key=lambda found: found.version):
        manifest = read_manifest(lifecycle.store, lifecycle.place, found.version)
        number = registry.register(manifest)
        mapped = number != found.version
        outcome = (
            f"MLflow could not give number {found.version} any more: there it is {number}, here it stays {found.version}"
            if mapped
            else f"registered as version {number}"
        )
        details = {"number_in_mlflow": str(number)} if mapped else {}
        lifecycle.events.append(word.REGISTERED, found.version, outcome, details)
        findings.append(Finding(REGISTER, found.version, found.what, True, outcome))
    state = read_state(lifecycle.events)
    for found in find_repairs(lifecycle):
        if found.kind == RESTORE:
            _restore(registry, state, found)
            findings.append(replace(found, done=True, outcome="as the history says"))
        else:
            findings.append(found)
    return findings


def _missing(lifecycle: ModelLifecycle, known: dict[int, ModelVersion], state: VersionState) -> Iterator[Finding]:
    """Versions of the store that the index does not list."""
    place = lifecycle.place
    for folder in sorted(lifecycle.store.folders()):
        number = place.number_of(folder)
        if number is None or number in known:
            continue
        keys = {stored.key for stored in lifecycle.store.objects(f"{folder}/")}
        if not keys & place.own_keys(number):
            # Another environment's or another model's, or an empty folder.
            continue
        if number in state.pruned:
            yield Finding(NAMED, number, f"{folder} is left of a pruning that was cut off; models prune removes it")
            continue
        try:
            manifest = read_manifest(lifecycle.store, place, number)
        except StoreObjectNotFound:
            yield Finding(NAMED, number, f"{folder} is an orphan: a model file without a manifest was never finished")
            continue
        except (DigestMismatch, VersionNotFound) as error:
            yield Finding(NAMED, number, error.message)
            continue
        version = manifest.as_version(lifecycle.store.uri(place.key(number)))
        check = lifecycle.check(version)
        if check.ok:
            gone = f"; {DELETED_THERE}" if known and number < max(known) else ""
            yield Finding(REGISTER, number, f"{folder} is whole and the registry does not know it{gone}")
        else:
            yield Finding(NAMED, number, check.problem)


def _half(lifecycle: ModelLifecycle, known: dict[int, ModelVersion]) -> Iterator[Finding]:
    """Versions that the index lists and that are not whole."""
    for version in known.values():
        if version.status == "uploading":
            yield Finding(NAMED, version.version, "half-published: nothing resolves to it; models prune removes it")
        elif version.status == "ready":
            store, key = lifecycle.locate(version)
            if not store.exists(key):
                yield Finding(NAMED, version.version, f"registered, but {version.uri} is not in the store")


def _different(lifecycle: ModelLifecycle, known: dict[int, ModelVersion], state: VersionState) -> Iterator[Finding]:
    """What the registry says otherwise than the history; what the history never spoke of is nobody's mistake."""
    pinned = next((version.version for version in known.values() if version.pinned), None)
    pinned = lifecycle.index.pinned() if pinned is None else pinned
    if (PIN, 0) in state.told and pinned != state.pinned and (state.pinned is None or state.pinned in known):
        what = f"{PIN}: the registry has {pinned}, the history {state.pinned}"
        yield Finding(RESTORE, state.pinned or 0, what, subject=Subject.PIN)
    for version in known.values():
        number = version.version
        told = (
            (YANK, version.yank_reason if version.yanked else None, state.yanked.get(number)),
            (DESCRIPTION, version.description, state.descriptions.get(number) or version.tags.get(TAG_ABOUT, "")),
            (STAGE, version.stage, state.stages.get(number, "")),
        )
        for name, held, wanted in told:
            if held != wanted and (name, number) in state.told:
                yield Finding(RESTORE, number, f"{name}: the registry has {held!r}, the history {wanted!r}")
    held_aliases = {alias: number for number, version in known.items() for alias in version.aliases}
    for alias in sorted(str(name) for kind, name in state.told if kind == ALIAS):
        led, wanted_number = held_aliases.get(alias), state.aliases.get(alias)
        if led != wanted_number and (wanted_number is None or wanted_number in known):
            what = f"alias {alias}: the registry has {led}, the history {wanted_number}"
            yield Finding(RESTORE, wanted_number or 0, what, subject=Subject.ALIAS, alias=alias)


def _restore(registry: MlflowRegistry, state: VersionState, found: Finding) -> None:
    if found.subject is Subject.PIN:
        registry.follow(state, pin=True)
    elif found.subject is Subject.ALIAS:
        registry.follow(state, aliases=[found.alias])
    else:
        registry.follow(state, [found.version])
