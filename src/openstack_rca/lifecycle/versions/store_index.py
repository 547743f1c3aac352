"""Version numbers from the store alone, for those who switched MLflow off.

A manifest is what makes a version ready, or refused; it is written last and create-only, and a folder without one is no
version. Where a server does not honour
create-only writes, two writers at the same instant are only told apart by reading back: the registry does better.
Pins, yanks, aliases and stages are computed from the history, which lies in the store.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from openstack_rca.errors import DigestMismatch, StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.history import READ_AT_ONCE, EventLog, VersionState, read_state, version_not_found
from openstack_rca.lifecycle.objects import ObjectStore, side_by_side
from openstack_rca.lifecycle.records import TAG_ABOUT, Draft, Manifest, ModelVersion, Place

MOST_AT_ONCE = 64


class StoreIndex:
    """A ``VersionIndex`` made of the folders below the artifact root and the history beside them."""

    def __init__(self, store: ObjectStore, place: Place, events: EventLog) -> None:
        self.store = store
        self.place = place
        self.events = events

    def allocate(self, draft: Draft, at_least: int) -> int:
        """The number after the highest folder, at least ``at_least``; it is taken only once the create-only upload succeeds."""
        return max(at_least, max(self._numbers(), default=0) + 1)

    def get(self, version: int) -> ModelVersion:
        """One whole version. Raises VersionNotFound: no such number in this environment."""
        return self._version(version, read_state(self.events))

    def newest_first(self) -> Iterator[ModelVersion]:
        """All whole versions, highest number first, and among them as ``damaged`` those whose manifest cannot be read."""
        state = read_state(self.events)
        for number, manifest in self._newest_manifests():
            if isinstance(manifest, Manifest):
                yield self._as_version(manifest, state)
            else:
                yield self._damaged(number, manifest)

    def pinned(self) -> int | None:
        """The version that the history says is pinned."""
        return read_state(self.events).pinned

    def by_alias(self, alias: str) -> ModelVersion:
        """The version that an alias leads to. Raises VersionNotFound: no such alias."""
        state = read_state(self.events)
        if alias not in state.aliases:
            raise version_not_found(self.place, f"alias {alias!r}")
        return self._version(state.aliases[alias], state)

    def remove(self, version: int) -> None:
        """Delete the manifest, which is what makes it a version; the history keeps its number from being used again."""
        self.store.delete(self.place.manifest_key(version))

    def find_writer(self, writer: str) -> ModelVersion | None:
        """The version with this writer token in its manifest; ``None`` if there is none."""
        for _, manifest in self._newest_manifests():
            if isinstance(manifest, Manifest) and manifest.writer == writer:
                return self._as_version(manifest, read_state(self.events))
        return None

    def _numbers(self) -> set[int]:
        found = (self.place.number_of(folder) for folder in self.store.folders())
        return {number for number in found if number is not None}

    def _newest_manifests(self) -> Iterator[tuple[int, Manifest | DigestMismatch]]:
        numbers = sorted(self._numbers(), reverse=True)
        # Mostly the newest is all that is asked for: one manifest is read alone, then ever more at once.
        done, at_once = 0, 1
        while done < len(numbers):
            batch = numbers[done : done + at_once]
            for number, found in zip(batch, side_by_side(READ_AT_ONCE, self._manifest_if_ours, batch), strict=True):
                if found is not None:
                    yield number, found
            done, at_once = done + at_once, min(2 * at_once, MOST_AT_ONCE)

    def _manifest_if_ours(self, version: int) -> Manifest | DigestMismatch | None:
        try:
            return self._manifest(version)
        except VersionNotFound:
            return None
        except DigestMismatch as error:
            # One that is damaged must not hide the others.
            return error

    def _damaged(self, version: int, error: DigestMismatch) -> ModelVersion:
        key = self.place.key(version)
        there = {stored.key: stored for stored in self.store.objects(key.split("/", 1)[0] + "/")}
        return ModelVersion(
            name=self.place.model_name,
            version=version,
            uri=self.store.uri(key),
            sha256="",
            size_bytes=there[key].size_bytes if key in there else 0,
            created=max((stored.modified for stored in there.values()), default=datetime.now(UTC)),
            run_id=None,
            experiment=self.place.experiment,
            status="damaged",
            status_reason=error.message,
        )

    def _version(self, version: int, state: VersionState) -> ModelVersion:
        return self._as_version(self._manifest(version), state)

    def _as_version(self, manifest: Manifest, state: VersionState) -> ModelVersion:
        version = manifest.version
        return replace(
            manifest.as_version(self.store.uri(self.place.key(version))),
            yanked=version in state.yanked,
            yank_reason=state.yanked.get(version, ""),
            aliases=state.aliases_of(version),
            description=state.descriptions.get(version) or manifest.tags.get(TAG_ABOUT, ""),
            stage=state.stages.get(version, ""),
        )

    def _manifest(self, version: int) -> Manifest:
        try:
            return read_manifest(self.store, self.place, version)
        except StoreObjectNotFound as error:
            raise version_not_found(self.place, f"version {version}") from error


def read_manifest(store: ObjectStore, place: Place, version: int) -> Manifest:
    """The manifest of a version. Raises StoreObjectNotFound: there is none. DigestMismatch: it cannot be read.

    VersionNotFound: it describes another version: ``feature_x`` and ``feature-x`` share the names of their folders.
    """
    key = place.manifest_key(version)
    manifest = Manifest.from_bytes(store.read(key), store.uri(key))
    if (manifest.experiment, manifest.model_name, manifest.version) != (place.experiment, place.model_name, version):
        raise VersionNotFound(f"{store.uri(key)} describes another version; it is left alone.")
    return manifest
