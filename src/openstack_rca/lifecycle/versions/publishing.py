"""How a file becomes a version: validate, allocate, upload, read back, sign where there is a key, describe, mark ready.

A crash between any two of these steps leaves a version that nothing resolves to.
"""

import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from openstack_rca.errors import (
    ConfigurationError,
    DigestMismatch,
    LifecycleError,
    ModelFileDamaged,
    PublishFailed,
    StoreObjectExists,
    StoreObjectNotFound,
    VersionNotFound,
)
from openstack_rca.lifecycle.history import LONGEST_TEXT, PUBLISHED, REFUSED, EventLog, VersionIndex
from openstack_rca.lifecycle.local import ModelCache
from openstack_rca.lifecycle.mlflow import TAG_WRITER, MlflowRegistry, is_server, without_password
from openstack_rca.lifecycle.objects import ObjectStore, Progress, file_digest, key_taken, retrying
from openstack_rca.lifecycle.records import Draft, Manifest, ModelVersion, signature_key
from openstack_rca.lifecycle.trust import Signatures, check_signing
from openstack_rca.lifecycle.versions.companions import companions
from openstack_rca.settings import Settings

TAKEN_KEYS = 20
ATTRIBUTE_SHA256 = "sha256"
ATTRIBUTE_WRITER = "writer"


def make_draft(
    path: Path,
    run_id: str | None,
    metrics: Mapping[str, float],
    parameters: Mapping[str, Any],
    card: Mapping[str, Any],
    tags: Mapping[str, str],
    writer: str = "",
) -> Draft:
    """Look at a trained file and give it a writer token, where none is given. Raises ModelFileDamaged: it is no model file."""
    _check_is_model_file(path)
    return Draft(
        path=path,
        sha256=file_digest(path),
        size_bytes=path.stat().st_size,
        writer=writer or uuid4().hex,
        run_id=run_id,
        metrics=dict(metrics),
        parameters=dict(parameters),
        card=dict(card),
        tags=dict(tags),
    )


@dataclass(frozen=True)
class Publisher:
    """Publishes drafts of one model in one environment; ``at_step`` is called with the name of each finished step."""

    settings: Settings
    store: ObjectStore
    index: VersionIndex
    registry: MlflowRegistry | None
    cache: ModelCache
    events: EventLog
    signatures: Signatures
    at_step: Callable[[str], None]

    def publish(self, draft: Draft, on_progress: Progress | None = None) -> ModelVersion:
        """Make a draft the next version; one that is to be refused is stored as such, and nothing resolves to it.

        Raises ConfigurationError, RegistryUnavailable, StoreError, DigestMismatch, PublishFailed: no version was made.
        """
        self.check_configuration()
        self.at_step("validated")
        # Where the store fails, the number stays with the draft, which is finished later (``resume``). It is not given
        # back: a registry that is slow as well might do so when the version is ready.
        for _ in range(TAKEN_KEYS):
            number = self._store(draft, on_progress)
            try:
                return self._finish(number, draft)
            except VersionNotFound:
                # Without a registry: a writer of the same instant replaced our description and took it back.
                if self.registry is not None:
                    raise
        raise PublishFailed("Other writers took every version number that was tried.", "Try again.")

    def resume(self, draft: Draft) -> ModelVersion | None:
        """Finish the version of a draft whose publishing broke off after it had its number; ``None`` if there is none.

        Raises RegistryUnavailable, StoreError, ConfigurationError: it cannot be finished now.
        """
        if self.registry is None:
            return None
        begun = [
            version.version
            for version in self.registry.newest_first()
            if version.status == "uploading" and version.tags.get(TAG_WRITER) == draft.writer
        ]
        for number in begun:
            try:
                self._complete(number, draft)
            except StoreObjectExists:
                self.registry.void(number)
            else:
                return self._finish(number, draft)
        return None

    def _complete(self, number: int, draft: Draft) -> None:
        """Do what is missing of a version that has its number, so that no number is used up by an outage."""
        try:
            self._try(lambda: self._read_back(draft, number))
        except StoreObjectNotFound:
            self._fill(number, draft, None)
            return
        self._sign(draft, number)
        self._try(lambda: self._describe(draft, number))

    def _finish(self, number: int, draft: Draft) -> ModelVersion:
        if self.registry is not None and draft.refused:
            self.registry.refuse(number, draft.objection)
        elif self.registry is not None:
            self.registry.mark_ready(number)
        self.at_step("ready")
        # The version is there: that its history cannot be written now must not make it look like a failure.
        with suppress(LifecycleError):
            self.events.append(REFUSED if draft.refused else PUBLISHED, number, draft.status_reason[:LONGEST_TEXT])
        version = self.index.get(number)
        self._keep(draft.path, version)
        return version

    def check_configuration(self) -> None:
        """See whether anything could ever be published with these settings; nobody is asked.

        Raises ConfigurationError: registry and store do not go together, or there is no signing with the key.
        """
        server = self.registry is not None and is_server(self.settings.tracking_uri)
        if server and self.store.is_local:
            raise ConfigurationError(
                f"An MLflow server ({without_password(self.settings.tracking_uri)}) refuses versions in a folder of "
                "this machine.",
                "Set MLFLOW_ARTIFACT_ROOT to s3://BUCKET/FOLDER (or gs://, az://).",
            )
        if self.signatures.signs:
            check_signing(self.settings, self.index.place)

    def _store(self, draft: Draft, on_progress: Progress | None) -> int:
        """Find a number whose key is free, fill it and describe it."""
        # A number that was ever used stays used, whatever became of the version and of the registry.
        at_least = self.events.highest() + 1
        for _ in range(TAKEN_KEYS):
            number = self.index.allocate(draft, at_least)
            self.at_step("allocated")
            try:
                self._fill(number, draft, on_progress)
            except StoreObjectExists:
                # A registry that was made anew counts from 1 over a store that is not empty.
                if self.registry is not None:
                    self.registry.void(number)
                # The listing may lag behind: what took the key need not be in it.
                listed = filter(None, map(self.index.place.number_of, self.store.folders()))
                at_least = max([number, *listed]) + 1
            else:
                return number
        raise PublishFailed("Every version number that was tried is taken in the store.", "Try again.")

    def _fill(self, number: int, draft: Draft, on_progress: Progress | None) -> None:
        self._try(lambda: self._upload(number, draft, on_progress))
        self.at_step("uploaded")
        self._try(lambda: self._read_back(draft, number))
        self.at_step("verified")
        self._sign(draft, number)
        self._try(lambda: self._describe(draft, number))
        if self.registry is None and not self.store.is_local:
            self._try(lambda: self._look_again(draft, number))
        self.at_step("described")

    def _upload(self, number: int, draft: Draft, on_progress: Progress | None) -> None:
        key = self.index.place.key(number)
        attributes = {ATTRIBUTE_SHA256: draft.sha256, ATTRIBUTE_WRITER: draft.writer}
        try:
            self.store.put_new_file(key, draft.path, attributes, on_progress)
        except StoreObjectExists:
            # Ours, if the answer to an upload that went through was lost and the upload was repeated.
            if self.store.is_local or self.store.attributes(key).get(ATTRIBUTE_WRITER) != draft.writer:
                raise

    def _try(self, work: Callable[[], None]) -> None:
        retrying(1 if self.store.is_local else self.settings.upload_attempts, work)

    def _read_back(self, draft: Draft, number: int) -> None:
        key = self.index.place.key(number)
        sha256, _, attributes = self.store.fetch(key)
        if attributes.get(ATTRIBUTE_WRITER, draft.writer) != draft.writer:
            # A server that ignores "create only" let another writer in between.
            raise key_taken(self.store.uri(key))
        if sha256 != draft.sha256:
            with suppress(LifecycleError):
                if self.registry is not None:
                    self.registry.refuse(number, "the store gave back other bytes than were sent")
            raise DigestMismatch(
                f"{self.store.uri(key)} holds other bytes than were sent.",
                "The store or something in front of it changed them.",
            )

    def _sign(self, draft: Draft, number: int) -> None:
        # A refused one stays unsigned: whoever may write the registry could call it ready.
        if not self.signatures.signs or draft.refused:
            return
        key, signature = (
            signature_key(self.index.place.key(number)),
            self.signatures.sign(draft.path, draft.sha256, number),
        )

        def put() -> None:
            try:
                self.store.put_new_bytes(key, signature)
            except StoreObjectExists:
                # Ours, if an answer was lost, or if an earlier publishing of this file broke off right after it.
                if not self.signatures.is_ours(self.store.read(key), draft.path, number):
                    raise

        self._try(put)
        with suppress(OSError):
            self.cache.remember_signature(number, signature)
        self.at_step("signed")

    def _describe(self, draft: Draft, number: int) -> None:
        manifest, key = draft.manifest(self.index.place, number), self.index.place.manifest_key(number)
        # What other tools read goes first: the manifest says that the version is whole.
        for name, content in companions(manifest).items() if self.index.place.has_companions else ():
            with suppress(StoreObjectExists):
                self.store.put_new_bytes(self.index.place.companion_key(number, name), content)
        try:
            self.store.put_new_bytes(key, manifest.as_bytes())
        except StoreObjectExists:
            # Ours, if the answer to a write that went through was lost and the write was repeated.
            if Manifest.from_bytes(self.store.read(key), self.store.uri(key)).writer != draft.writer:
                raise

    def _look_again(self, draft: Draft, number: int) -> None:
        """Without a registry only the store tells writers apart, and of two at the same instant both may have begun.

        Some servers look for an object only when an upload begins: what ends later than our reading back replaces ours.
        """
        key = self.index.place.key(number)
        if self.store.attributes(key).get(ATTRIBUTE_WRITER) == draft.writer:
            return
        manifest = self.index.place.manifest_key(number)
        if Manifest.from_bytes(self.store.read(manifest), self.store.uri(manifest)).writer == draft.writer:
            self.store.delete(manifest)
        raise key_taken(self.store.uri(key))

    def _keep(self, path: Path, version: ModelVersion) -> None:
        # A cache that cannot be written must not make a published version look like a failure.
        with suppress(OSError):
            self.cache.add(path, version.sha256)
            self.cache.remember_version(version)


def _check_is_model_file(path: Path) -> None:
    """Enough to keep a wrong file out; what is inside is the model package's business."""
    try:
        with zipfile.ZipFile(path) as archive:
            if "config.json" in archive.namelist():
                return
        problem = "it has no config.json"
    except FileNotFoundError:
        problem = "there is no such file"
    except (OSError, zipfile.BadZipFile) as error:
        problem = str(error) or type(error).__name__
    raise ModelFileDamaged(f"{path} is not a .keras model file: {problem}.", "Train again, or name another file.")
