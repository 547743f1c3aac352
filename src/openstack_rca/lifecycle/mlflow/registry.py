"""Version numbers from MLflow's registry, the only part of the system that can hand out each one once.

MLflow numbers a version when it is created, and fixes its source then. The source is our readable path, which holds
the number: so we expect a number, and give back what comes when another writer was faster.
"""

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from openstack_rca.errors import LifecycleError, PublishFailed
from openstack_rca.lifecycle.history import STAGE, STAGES, VersionState
from openstack_rca.lifecycle.mlflow.client import MISSING, sqlite_file
from openstack_rca.lifecycle.mlflow.registered_versions import RegisteredVersions
from openstack_rca.lifecycle.mlflow.registry_reader import RegisteredVersion
from openstack_rca.lifecycle.mlflow.registry_tags import (
    TAG_CREATED,
    TAG_DESCRIPTION,
    TAG_EXPERIMENT,
    TAG_MODEL_NAME,
    TAG_NUMBER,
    TAG_PINNED,
    TAG_REASON,
    TAG_STAGE,
    TAG_STATUS,
    TAG_YANKED,
    facts_of,
    leave_stage_there,
    number_of,
)
from openstack_rca.lifecycle.mlflow.turns import Turns
from openstack_rca.lifecycle.objects import locked
from openstack_rca.lifecycle.records import TAG_ABOUT, Draft, Manifest

ATTEMPTS = 100
SHORTEST_WAIT = 0.25
LONGEST_WAIT = 5.0


class MlflowRegistry(RegisteredVersions):
    """The ``VersionIndex`` that reads versions from the MLflow registry and writes every change to it."""

    def allocate(self, draft: Draft, at_least: int) -> int:
        """Register the draft under a new number and return it; ``at_least`` is the lowest one allowed.

        Raises PublishFailed: other writers took the number at every attempt.
        """
        self._make_registered_model()
        with self._alone(draft.writer):
            highest = next((found.version for found in self.reader.newest_first()), 0)
            return self._take_number(draft, max(at_least, highest + 1))

    @contextmanager
    def _alone(self, writer: str) -> Iterator[None]:
        """Save the numbers that colliding writers would void; colliding is wasteful, not wrong."""
        database = sqlite_file(self.settings.tracking_uri)
        folder = self.settings.state_folder if database is None else database.parent
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(locked(folder / f".{self.registered_name}.lock"))
            if database is None:
                stack.enter_context(Turns(self.client, self.registered_name, self._errors).turn(writer))
            yield

    def _take_number(self, draft: Draft, expected: int) -> int:
        stale: list[int] = []
        try:
            collisions = 0
            while collisions < ATTEMPTS:
                number = self._create_version(self._source_of(expected), draft.run_id, facts_of(draft, self.place))
                if number == expected:
                    return number
                stale.append(number)
                # Below what was asked for, the registry (made anew over a full store) is still catching up.
                if number > expected:
                    expected = number + 1
                    collisions += 1
                    self._step_aside(collisions)
        finally:
            # Tidied up afterwards: between learning a number and asking for the next one, every moment counts.
            with suppress(LifecycleError):
                for number in stale:
                    self.void(number)
        raise PublishFailed(
            f"No version number was free for {self.registered_name}: other writers took each one first.", "Try again."
        )

    def _step_aside(self, collisions: int) -> None:
        """Two writers in step take the number that the other expects, for ever; random waits set them apart.

        After a wait the expected number is old: so every second collision goes on at once.
        """
        if collisions % 2 == 0:
            time.sleep(random.uniform(0, min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (collisions // 2))))  # noqa: S311

    def _create_version(self, source: str, run_id: str | None, tags: Mapping[str, str]) -> int:
        from mlflow.exceptions import MlflowException

        facts = {"tags": dict(tags), "description": tags.get(TAG_ABOUT), "await_creation_for": None}
        with self._errors():
            try:
                made = self.client.create_model_version(self.registered_name, source, run_id=run_id, **facts)
            except MlflowException as error:
                # A database that was lost, or brought back from a copy, does not know the run; a server with a log-in
                # says then that this user may not do it.
                if run_id is None or error.error_code not in (MISSING, "PERMISSION_DENIED"):
                    raise
                made = self.client.create_model_version(self.registered_name, source, **facts)
        return int(made.version)

    def register(self, manifest: Manifest) -> int:
        """Register a stored version again, under its own number where MLflow can still give it; returns MLflow's number.

        MLflow counts on from its highest number and gives none twice. Numbers in between are created and deleted. Where
        MLflow is past the version's number, MLflow's number is another one, and ``TAG_NUMBER`` holds the version's own.
        """
        self._make_registered_model()
        tags = {
            **facts_of(manifest, self.place),
            TAG_NUMBER: str(manifest.version),
            TAG_CREATED: manifest.created.isoformat(),
        }
        with self._alone(manifest.writer):
            # Somebody else, or an attempt that was cut off, may have taken it in meanwhile.
            present = (found for found in self.reader.newest_first() if self._is_ours(found))
            made = next((found.version for found in present if number_of(found) == manifest.version), 0)
            while made < manifest.version:
                if made:
                    self.void(made)
                made = self._create_version(self._source_of(manifest.version), manifest.run_id, tags)
        self._tag(made, TAG_STATUS, manifest.status)
        return made

    def _make_registered_model(self) -> None:
        # Another environment may take the name in the same moment; then there is a longer one.
        for _ in range(2):
            name = self.registered_name
            if self._names.known or self._create_registered_model(name):
                return

    def _create_registered_model(self, name: str) -> bool:
        """Whether the name is there, made by us or by whoever else in this environment."""
        from mlflow.exceptions import MlflowException

        tags = {TAG_EXPERIMENT: self.place.experiment, TAG_MODEL_NAME: self.place.model_name}
        with self._errors():
            try:
                self.client.create_registered_model(name, tags=tags)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                return name == self.place.qualified_name
        return True

    def _source_of(self, number: int) -> str:
        """What MLflow's own tools open: the folder, where it says what is in it, else the file."""
        uri = self.uri_of(number)
        return uri.rsplit("/", 1)[0] if self.place.has_companions else uri

    def mark_ready(self, version: int) -> None:
        """Set our own tag; MLflow itself calls every version READY at once."""
        self._tag(version, TAG_STATUS, "ready")

    def refuse(self, version: int, reason: str) -> None:
        """Tag the version as refused, with the reason."""
        self._tag(version, TAG_REASON, reason)
        self._tag(version, TAG_STATUS, "refused")

    def _tag(self, version: int, name: str, value: str) -> None:
        with self._errors():
            self.client.set_model_version_tag(self.registered_name, str(version), name, value)

    def void(self, version: int) -> None:
        """Delete the version; MLflow does not hand its number out again."""
        with self._errors():
            self.client.delete_model_version(self.registered_name, str(version))

    def remove(self, version: int) -> None:
        """Delete the version; an alias that leads to it goes too."""
        self.void(self._find(version).version)

    def follow(
        self, state: VersionState, versions: Iterable[int] = (), aliases: Iterable[str] = (), pin: bool = False
    ) -> None:
        """Set these versions and aliases, and with ``pin`` the pin, as ``state`` says. Raises VersionNotFound: not registered."""
        with self._errors():
            for version in versions:
                self._follow_version(self._find(version), version, state)
            held = self.reader.model()
            for alias in aliases:
                wanted = state.aliases.get(alias)
                number = self._find(wanted).version if wanted is not None else None
                if number is None and alias in held.aliases:
                    self.client.delete_registered_model_alias(self.registered_name, alias)
                elif number is not None and number != held.aliases.get(alias):
                    self.client.set_registered_model_alias(self.registered_name, alias, str(number))
            if pin and state.pinned is not None:
                self.client.set_registered_model_tag(self.registered_name, TAG_PINNED, str(state.pinned))
            elif pin and TAG_PINNED in held.tags:
                self.client.delete_registered_model_tag(self.registered_name, TAG_PINNED)

    def _follow_version(self, found: RegisteredVersion, version: int, state: VersionState) -> None:
        wanted = {
            TAG_YANKED: state.yanked.get(version),
            TAG_DESCRIPTION: state.descriptions.get(version) or None,
            TAG_STAGE: state.stages.get(version),
        }
        for tag, value in wanted.items():
            if value is not None and found.tags.get(tag) != value:
                self._tag(found.version, tag, value)
            elif value is None and tag in found.tags:
                self.client.delete_model_version_tag(self.registered_name, str(found.version), tag)
        if (found.tags.get(TAG_DESCRIPTION) or None) != wanted[TAG_DESCRIPTION]:
            # MLflow's own pages show its own field.
            shown = wanted[TAG_DESCRIPTION] or found.tags.get(TAG_ABOUT, "")
            self.client.update_model_version(self.registered_name, str(found.version), shown)

        spoken_of = (STAGE, version) in state.told or found.stage in state.stages.values()
        if found.stage in STAGES and spoken_of and state.stages.get(version) != found.stage:
            leave_stage_there(self.client, self.registered_name, found)
