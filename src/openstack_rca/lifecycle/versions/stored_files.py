"""The files of versions: where each lies, fetched and verified, whether it is still what was published, what stands in."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from openstack_rca.errors import DigestMismatch, LifecycleError, SignatureInvalid, StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.local import ModelCache
from openstack_rca.lifecycle.objects import ObjectStore, Progress, replacing, writing_to
from openstack_rca.lifecycle.records import LoadedModel, ModelVersion, VersionCheck, manifest_key
from openstack_rca.lifecycle.trust import Signatures
from openstack_rca.settings import Settings


class StoredFiles:
    """The files of one model in one environment."""

    def __init__(self, settings: Settings, store: ObjectStore, cache: ModelCache, signatures: Signatures) -> None:
        self._settings = settings
        self._store = store
        self._cache = cache
        self._signatures = signatures

    def locate(self, version: ModelVersion) -> tuple[ObjectStore, str]:
        """The store that holds a version's file, and its key there."""
        key = self._store.key_of(version.uri)
        if key is not None:
            return self._store, key
        # Published when the artifact root was another one: the version's own URI tells where it is.
        root, name = version.uri.rsplit("/", 1)
        return ObjectStore(self._settings, root), name

    def manifest(self, version: ModelVersion) -> dict[str, Any]:
        """The manifest beside a version's file. Raises StoreError: the store fails. LifecycleError: it is not a JSON object."""
        store, key = self.locate(version)
        with suppress(ValueError):
            facts = json.loads(store.read(manifest_key(key)))
            if isinstance(facts, dict):
                return facts
        raise LifecycleError(
            f"The manifest of version {version.version} cannot be read.", "See openstack-rca models verify."
        )

    def load(self, version: ModelVersion, reference: str, on_progress: Progress) -> LoadedModel:
        """The verified file of a version, from the cache or else from the store; errors as ``ModelLifecycle.load``."""
        with writing_to(self._cache.path_for(version.sha256)):
            cached, was_there = self._cache.fetched(
                version.sha256,
                lambda temporary: self._fetch(version, temporary, on_progress),
                lambda done: on_progress(done, version.size_bytes),
            )
        self._signatures.require(version, cached.path, *self.locate(version))
        with suppress(OSError):
            self._cache.remember_version(version)
            if not reference.lstrip("vV").isdigit():
                self._cache.remember_answer(reference, version)
        source = "cache" if was_there else "store"
        return LoadedModel(cached.path, version, source, notices_of(version), cached.held)

    def load_offline(self, reference: str, error: LifecycleError) -> LoadedModel:
        """The best file of the cache for a reference, with a notice; raises ``error`` where there is none.

        Raises SignatureInvalid, ConfigurationError: the file's signature cannot be accepted.
        """
        for version in offline_candidates(self._cache, reference):
            cached = self._cache.verified(version.sha256)
            if cached is not None:
                self._signatures.require(version, cached.path, None)
                notice = (
                    f"{error.message} Working with version {version.version} from the cache of this machine; "
                    "a newer one may exist."
                )
                return LoadedModel(cached.path, version, "cache", [notice, *notices_of(version)], cached.held)
        raise error

    def write(self, version: ModelVersion, output: Path, on_progress: Progress | None) -> None:
        """Write the verified file to ``output``, or nothing; errors as ``ModelLifecycle.download``."""
        with writing_to(output), replacing(output) as temporary:
            self._fetch(version, temporary, on_progress)
            self._signatures.require_stored(version, temporary, *self.locate(version))

    def check(self, version: ModelVersion) -> VersionCheck:
        """Read one version back: registry against store against digest; raises as ``ModelLifecycle.verify``."""
        if version.status == "uploading":
            return VersionCheck(version, False, "publishing was never finished; nothing resolves to it")
        if version.status == "damaged":
            return VersionCheck(version, False, version.status_reason)
        if version.status != "ready":
            return VersionCheck(version, True)
        try:
            store, key = self.locate(version)
            with self._signatures.scratch_file() as scratch:
                self._fetch(version, scratch)
                if scratch is not None:
                    self._signatures.require_stored(version, scratch, store, key)
            stored = store.read(manifest_key(key))
        except (StoreObjectNotFound, DigestMismatch, SignatureInvalid) as error:
            return VersionCheck(version, False, error.message)
        if version.sha256.encode() not in stored:
            return VersionCheck(version, False, "the manifest beside the file names another digest")
        return VersionCheck(version, True)

    def _fetch(self, version: ModelVersion, target: Path | None, on_progress: Progress | None = None) -> None:
        store, key = self.locate(version)
        sha256, size, _ = store.fetch(key, target, on_progress)
        if sha256 != version.sha256:
            raise DigestMismatch(
                f"Version {version.version} at {version.uri} is not what was published: {size} bytes with sha256 "
                f"{sha256[:12]}..., expected {version.size_bytes} bytes with {version.sha256[:12] or 'none'}...",
                "It was changed or damaged in the store and is not used; take another version with --model N, "
                "or do without with --model none, and see openstack-rca models verify.",
            )


def only_ready(version: ModelVersion) -> ModelVersion:
    """The version, if it may be used. Raises VersionNotFound: it is not ready."""
    if version.status != "ready":
        raise VersionNotFound(
            f"Version {version.version} of {version.name} is not ready ({version.status}).",
            "Take another one (openstack-rca models list).",
        )
    return version


def notices_of(version: ModelVersion) -> list[str]:
    """Sentences for the user of a version: that it is pinned, or yanked and why."""
    notices = []
    if version.pinned:
        notices.append(f"Version {version.version} is pinned; newer versions are not used until it is unpinned.")
    if version.yanked:
        notices.append(f"Version {version.version} was yanked: {version.yank_reason or 'no reason given'}.")
    return notices


def offline_candidates(cache: ModelCache, reference: str) -> list[ModelVersion]:
    """Versions in the cache that a reference may mean while registry or store are down, the best first."""
    number = re.fullmatch(r"[vV]?0*([1-9]\d*)", reference)
    if number:
        return [found for found in [cache.version(int(number.group(1)))] if found]
    answer = cache.answer(reference)
    if reference.startswith("@") or (answer and answer.pinned):
        return [found for found in [cache.version(answer.version) if answer else None] if found]
    # Above the last known answer only what was published since counts: the rest had been yanked.
    return [
        found
        for found in cache.versions()
        if found.resolvable and (not answer or found.version <= answer.version or found.created > answer.when)
    ]
