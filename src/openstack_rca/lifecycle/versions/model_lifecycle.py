"""The rules of a version's life: publish, resolve, load, list, verify."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from openstack_rca.errors import (
    ConfigurationError,
    DigestMismatch,
    LifecycleError,
    RegistryUnavailable,
    StoreError,
    StoreObjectNotFound,
    StoreUnavailable,
    VersionNotFound,
)
from openstack_rca.lifecycle.history import EventLog, VersionIndex, version_not_found
from openstack_rca.lifecycle.local import Spool, SpooledModel, kept_for_later, open_cache, packed, send_waiting
from openstack_rca.lifecycle.mlflow import MlflowRegistry, get_ready
from openstack_rca.lifecycle.objects import ObjectStore, Progress, within
from openstack_rca.lifecycle.records import (
    TAG_MODEL_KIND,
    LoadedModel,
    ModelKind,
    ModelVersion,
    Place,
    VersionCheck,
    signature_key,
)
from openstack_rca.lifecycle.trust import Signatures
from openstack_rca.lifecycle.versions.introducing import Before, introduced
from openstack_rca.lifecycle.versions.publishing import Publisher, make_draft
from openstack_rca.lifecycle.versions.store_index import StoreIndex
from openstack_rca.lifecycle.versions.stored_files import StoredFiles, only_ready
from openstack_rca.settings import Settings, load_settings

__all__ = ["LoadedModel", "ModelLifecycle", "ModelVersion", "VersionCheck"]


class ModelLifecycle:
    """The versions of ``settings.model_name`` in the environment ``settings.experiment_name``.

    ``at_step`` is called with the name of each finished publishing step; tests use it to crash there. Versions are
    looked up in ``index``: the MLflow ``registry``, or, where MLflow is off (``registry`` is None), the store.
    """

    def __init__(self, settings: Settings, *, at_step: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        self.place = Place(settings.experiment_name, settings.model_name)
        self.store = ObjectStore(settings)
        self.cache = open_cache(settings, self.place)
        self.spool = Spool(settings.spool_folder)
        self.signatures = Signatures(settings, self.place, self.cache)
        self.files = StoredFiles(settings, self.store, self.cache, self.signatures)
        self.events = EventLog(self.store, self.place, self.spool.folder)
        self._at_step = at_step or (lambda _name: None)
        self.registry = (
            MlflowRegistry(settings, self.place, lambda version: self.store.uri(self.place.key(version)))
            if settings.mlflow_enabled
            else None
        )
        self.index: VersionIndex = self.registry or StoreIndex(self.store, self.place, self.events)
        self._publisher = Publisher(
            settings, self.store, self.index, self.registry, self.cache, self.events, self.signatures, self._at_step
        )

    # Publishing

    def publish(
        self,
        model_file: Path,
        *,
        run_id: str | None,
        metrics: Mapping[str, float],
        parameters: Mapping[str, str | int | float],
        card: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
        kind: ModelKind = ModelKind.ENGINE,
        objection: str = "",
        forced: bool = False,
        before: str | int | None = None,
        on_progress: Progress | None = None,
    ) -> ModelVersion:
        """Make a ``.keras`` file the next version, which is described by what is given here.

        Args:
            model_file: the trained file; it is only read.
            run_id: the MLflow run that made it, if one did.
            metrics, parameters, card, tags: kept with the version; the card in its manifest only.
            kind: what it can be used for; only one for the engine becomes ``latest``.
            objection: why it should not be used; it is then stored as refused, which nothing resolves to.
            forced: make it an ordinary version in spite of that; the history says so.
            before: the version that its description compares it with.
            on_progress: called with bytes done and bytes in total.

        Raises:
            ModelFileDamaged: the file is not a model file; nothing was published or spooled.
            PublishFailed: registry or store failed; the file is kept in the spool, whose path the hint names.
            PublishInterrupted: somebody stopped it; the same.
        """
        with packed(model_file, self.settings) as path:
            draft = make_draft(path, run_id, metrics, parameters, card, {**(tags or {}), TAG_MODEL_KIND: kind.value})
            draft = replace(draft, objection=objection, forced=forced)
            draft = introduced(draft, tags or {}, None)
            try:
                if before is not None:
                    draft = introduced(draft, tags or {}, self._before(before))
                return self._publisher.publish(draft, on_progress)
            except (LifecycleError, ConfigurationError, OSError, KeyboardInterrupt) as error:
                raise kept_for_later(self.spool, self.place, draft, model_file, error) from error

    def _before(self, reference: str | int) -> Before | None:
        """What is known of an earlier version; ``None`` where nothing can be compared with it.

        Raises RegistryUnavailable, StoreUnavailable: nothing can be published either.
        """
        try:
            version = self.resolve(reference)
            facts = self.files.manifest(version)
        except (RegistryUnavailable, StoreUnavailable):
            raise
        except LifecycleError:
            return None
        return Before(
            version.version, facts.get("metrics") or {}, facts.get("parameters") or {}, facts.get("card") or {}
        )

    def take_over(
        self,
        model_file: Path,
        *,
        writer: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        parameters: Mapping[str, Any],
        card: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> ModelVersion:
        """Publish the file of a version of another environment as the next one here, or finish an interrupted attempt.

        ``writer`` identifies this copy and must be the same at every attempt. Raises ModelFileDamaged,
        RegistryUnavailable, StoreError, ConfigurationError, PublishFailed: it is not a version here.
        """
        draft = make_draft(model_file, run_id, metrics, parameters, card, tags, writer)
        return self._publisher.resume(draft) or self._publisher.publish(draft)

    def check_can_publish(self) -> None:
        """Raise ``ConfigurationError`` where no version could ever be published with these settings."""
        self._publisher.check_configuration()

    def publish_spooled(self) -> builtins.list[ModelVersion]:
        """Publish the models that wait in the spool, oldest first, each once, and write the events that wait there.

        Raises PublishFailed: registry or store still fail; what was not sent stays in the spool.
        """
        for kept in self.spool.unwritten():
            self.other(kept.experiment, kept.model_name).events.send_kept()
        return send_waiting(self.spool, self._send)

    def _send(self, waiting: SpooledModel) -> ModelVersion:
        """Publish a waiting file in the environment that it was trained for, unless that was done before a crash."""
        lifecycle = self.other(waiting.place.experiment, waiting.place.model_name)
        draft, publisher = waiting.draft, lifecycle._publisher
        version = lifecycle.index.find_writer(draft.writer)
        if version is not None and (version.status == "ready" or draft.refused):
            return version
        # A refused one that nobody objected to is what a store gave back that was not what it was sent.
        return publisher.resume(draft) or publisher.publish(draft)

    def other(self, experiment: str, model_name: str) -> ModelLifecycle:
        """The versions of another environment or model in the same registry and store. Raises ConfigurationError."""
        if Place(experiment, model_name) == self.place:
            return self
        changes = {"experiment_name": experiment, "model_name": model_name}
        settings = load_settings(**{**self.settings.model_dump(exclude_unset=True), **changes})
        return ModelLifecycle(settings, at_step=self._at_step)

    # Finding

    def resolve(self, reference: str | int = "latest", *, any_kind: bool = False) -> ModelVersion:
        """The version that a reference means.

        Args:
            reference: ``latest`` (the pinned version, else the highest ready one that is not yanked), a number
                (``15``, ``"15"``, ``"v15"``) or an alias (``"@champion"``).
            any_kind: where no version is for the engine, ``latest`` is the highest of any other kind.

        Raises VersionNotFound: nothing ready goes by that name. RegistryUnavailable, StoreError: nobody can be asked.
        """
        text = str(reference).strip()
        if text.lower() == "latest":
            return self._latest(any_kind)
        if text.startswith("@"):
            return only_ready(self.index.by_alias(text[1:]))
        return only_ready(self._numbered(text))

    def _latest(self, any_kind: bool) -> ModelVersion:
        pinned = self.index.pinned()
        if pinned is not None:
            return replace(only_ready(self.index.get(pinned)), pinned=True)
        other = yanked = None
        for version in self.index.newest_first():
            if version.status == "damaged":
                raise DigestMismatch(
                    version.status_reason, "Take another version with --model N, or bring the manifest back."
                )
            if version.resolvable:
                return version
            other = other or (version if any_kind and version.good else None)
            yanked = yanked or (version if version.yanked and version.status == "ready" else None)
        if other is not None:
            return other
        hint = "Train one with: openstack-rca train LOGS"
        if yanked is not None:
            hint = f"Version {yanked.version} is yanked; it can be used again after: openstack-rca models unyank {yanked.version}"
        elif self.lies_unregistered():
            hint = "Versions lie in the store that the registry does not know; take them in: openstack-rca models repair --yes"
        raise VersionNotFound(
            f"There is no version of {self.place.model_name} in {self.place.experiment} yet that can be used.", hint
        )

    def lies_unregistered(self) -> bool:
        """Whether the registry is empty while the store holds versions, as after working with MLflow switched off."""
        if self.registry is None or next(self.registry.newest_first(), None) is not None:
            return False
        root = urlparse(self.settings.artifact_root)
        if root.scheme == "file" and not Path(unquote(root.path)).exists():
            # Opening a store that is a folder makes the folder; a question leaves nothing behind.
            return False
        with suppress(StoreError):
            numbers = (self.place.number_of(folder) for folder in self.store.folders())
            return any(number and self.store.exists(self.place.manifest_key(number)) for number in numbers)
        return False

    def show(self, reference: str | int) -> ModelVersion:
        """A version in any state; where a key is set, also whether it is signed. Raises VersionNotFound."""
        text = str(reference).strip()
        version = self.resolve(text) if text.lower() == "latest" or text.startswith("@") else self._numbered(text)
        if self.signatures.signs or self.signatures.verifies:
            with suppress(LifecycleError):
                version = replace(version, signed=self.is_signed(version))
        return version

    def is_signed(self, version: ModelVersion) -> bool:
        """Whether a signature lies beside a version's file, valid or not."""
        store, key = self.locate(version)
        return store.exists(signature_key(key))

    def holding(self, sha256: str) -> ModelVersion | None:
        """The newest good version whose file has this digest; ``None`` if there is none.

        One whose file is damaged by now does not count, nor an unsigned one where there is a signing key: publishing the file
        again mends either.
        """
        same = (version for version in self.index.newest_first() if version.good and version.sha256 == sha256)
        signed = (version for version in same if not self.signatures.signs or self.is_signed(version))
        return next((version for version in signed if self.check(version).ok), None)

    def _numbered(self, text: str) -> ModelVersion:
        found = re.fullmatch(r"[vV]?0*([1-9]\d{0,8})", text)
        if not found:
            raise version_not_found(self.place, f"version {text!r}")
        return self.index.get(int(found.group(1)))

    def list(self, limit: int | None = None) -> builtins.list[ModelVersion]:
        """Versions in any state, highest number first; the pinned one is marked."""
        pinned = self.index.pinned()
        found: builtins.list[ModelVersion] = []
        for version in self.index.newest_first():
            if limit is not None and len(found) >= limit:
                break
            found.append(replace(version, pinned=version.version == pinned))
        return found

    # Loading

    def load(
        self, reference: str | int = "latest", on_progress: Progress | None = None, *, any_kind: bool = False
    ) -> LoadedModel:
        """A verified local file of a version.

        When registry or store are down, the newest version in the cache of this environment stands in (for a number
        or an alias: that one), with a notice.

        Raises:
            VersionNotFound: nothing ready goes by that name.
            DigestMismatch: the store holds something else than was published; it is not used.
            SignatureInvalid: it is not signed for the verification key; it is not used.
            ConfigurationError: signatures cannot be verified with what is configured.
            RegistryUnavailable, StoreError: a service is down and the cache has nothing that could stand in.
        """
        text = str(reference).strip()
        budget = self.settings.network_timeout_seconds
        late = RegistryUnavailable(
            f"The registry or the store does not answer within {budget:g} s.", "Check them with: openstack-rca doctor"
        )

        def work(alive: Progress) -> LoadedModel:
            def report(done: int, total: int) -> None:
                alive(done, total)
                if on_progress is not None:
                    on_progress(done, total)

            return self.files.load(self.resolve(text, any_kind=any_kind), text, report)

        self.cache.tidy()
        self.signatures.get_ready()
        try:
            if self.registry is not None:
                budget -= get_ready(self.settings)
            return within(budget, work, late)
        except StoreObjectNotFound:
            raise
        except (RegistryUnavailable, StoreError) as error:
            return self.files.load_offline(text, error)

    def download(self, reference: str | int, output: Path, on_progress: Progress | None = None) -> Path:
        """Write a version's verified file to ``output``, or nothing; raises as ``load``."""
        self.signatures.get_ready()
        version = self.resolve(reference)
        self.files.write(version, output, on_progress)
        return output

    # Checking

    def verify(self) -> builtins.list[VersionCheck]:
        """Read every version back: registry against store against digest.

        Returns one check a version, highest number first; half-published versions are named as problems. Raises
        RegistryUnavailable, StoreUnavailable, StoreAccessDenied, StoreBucketNotFound, ConfigurationError: no check is possible.
        """
        self.signatures.get_ready()
        return [self.check(version) for version in self.list()]

    def check(self, version: ModelVersion) -> VersionCheck:
        """Read one version back; raises as ``verify``."""
        return self.files.check(version)

    def locate(self, version: ModelVersion) -> tuple[ObjectStore, str]:
        """The store that holds a version's file, and its key there."""
        return self.files.locate(version)
