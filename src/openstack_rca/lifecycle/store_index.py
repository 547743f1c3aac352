"""Version numbers from the store alone, for those who switched MLflow off.

A manifest is what makes a version ready; it is written last and create-only. Where a server does not honour
create-only writes, two writers at the same instant are only told apart by reading back: the registry does better.
Pins, yanks and aliases live in the registry, so here ``latest`` is plainly the highest version.
"""

from __future__ import annotations

from collections.abc import Iterator

from openstack_rca.errors import StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.index import version_not_found
from openstack_rca.lifecycle.records import Draft, Manifest, ModelVersion, Place
from openstack_rca.lifecycle.store import ObjectStore


class StoreIndex:
    """A ``VersionIndex`` made of the folders below the artifact root."""

    def __init__(self, store: ObjectStore, place: Place) -> None:
        self.store = store
        self.place = place

    def allocate(self, draft: Draft, at_least: int) -> int:
        """The number after the highest folder; the create-only upload decides who has it."""
        return max(at_least, max(self._numbers(), default=0) + 1)

    def mark_ready(self, version: int) -> None:
        """Nothing to do: the manifest is there."""

    def void(self, version: int) -> None:
        """Nothing to do: a folder without our manifest is no version, and its number is not used again."""

    def refuse(self, version: int, reason: str) -> None:
        """Nothing to do: without a manifest the file is never resolved."""

    def get(self, version: int) -> ModelVersion:
        """One ready version.

        Raises:
            VersionNotFound: no such number in this environment.
        """
        return self._manifest(version).as_version(self.store.uri(self.place.key(version)))

    def newest_first(self) -> Iterator[ModelVersion]:
        """All ready versions, highest number first."""
        for number in sorted(self._numbers(), reverse=True):
            try:
                yield self.get(number)
            except VersionNotFound:
                continue

    def pinned(self) -> int | None:
        """Pins live in the registry."""
        return None

    def by_alias(self, alias: str) -> ModelVersion:
        """Aliases live in the registry.

        Raises:
            VersionNotFound: always.
        """
        raise VersionNotFound(
            f"The alias {alias!r} cannot be looked up with MLflow switched off.", "Name the version by its number."
        )

    def find_writer(self, writer: str) -> ModelVersion | None:
        """The version with this writer token in its manifest."""
        for found in self.newest_first():
            if self._manifest(found.version).writer == writer:
                return found
        return None

    def _numbers(self) -> set[int]:
        found = (self.place.number_of(folder) for folder in self.store.folders())
        return {number for number in found if number is not None}

    def _manifest(self, version: int) -> Manifest:
        key = self.place.manifest_key(version)
        try:
            data = self.store.read(key)
        except StoreObjectNotFound as error:
            raise version_not_found(self.place, f"version {version}") from error
        manifest = Manifest.from_bytes(data, self.store.uri(key))
        # "feature_x" and "feature-x" share a folder name; the manifest tells them apart.
        if (manifest.experiment, manifest.model_name, manifest.version) != (
            self.place.experiment,
            self.place.model_name,
            version,
        ):
            raise version_not_found(self.place, f"version {version}")
        return manifest
