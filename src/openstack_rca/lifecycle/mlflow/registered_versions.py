"""The versions of a model as MLflow's registry holds them: questions only, nothing is changed."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import groupby
from typing import Any

from openstack_rca.lifecycle.history import STAGES, version_not_found
from openstack_rca.lifecycle.mlflow.client import connect, registry_errors, sqlite_file
from openstack_rca.lifecycle.mlflow.registry_reader import RegisteredVersion, RegistryReader, SqliteReader
from openstack_rca.lifecycle.mlflow.registry_tags import (
    TAG_DESCRIPTION,
    TAG_EXPERIMENT,
    TAG_METRICS,
    TAG_MODEL_NAME,
    TAG_NUMBER,
    TAG_PINNED,
    TAG_REASON,
    TAG_SHA256,
    TAG_SIZE,
    TAG_STATUS,
    TAG_WRITER,
    TAG_YANKED,
    created_of,
    number_of,
    stage_of,
)
from openstack_rca.lifecycle.records import TAG_ABOUT, ModelVersion, Place
from openstack_rca.settings import Settings


class RegisteredVersions:
    """The versions of one model of one environment as the registry holds them; ``uri_of`` gives the URI of a version's file."""

    def __init__(self, settings: Settings, place: Place, uri_of: Callable[[int], str]) -> None:
        self.settings = settings
        self.place = place
        self.uri_of = uri_of
        self._names = RegisteredName(settings, place, lambda: self.client)

    @cached_property
    def client(self) -> Any:
        """The MLflow client, connected on first use; errors as ``connect``."""
        return connect(self.settings)

    @property
    def registered_name(self) -> str:
        """The name in the registry, as ``RegisteredName`` finds it."""
        return self._names.name

    @property
    def reader(self) -> RegistryReader:
        """The reader of the registered model."""
        return self._names.reader(self.registered_name)

    def get(self, version: int) -> ModelVersion:
        """One version, in any state. Raises VersionNotFound: no such number in this environment."""
        return self._as_version(self._find(version), self._aliases())

    def _find(self, version: int) -> RegisteredVersion:
        found = self.reader.version(version)
        if found is not None and self._is_ours(found) and number_of(found) == version:
            return found
        for found in self.reader.newest_first():
            if TAG_NUMBER in found.tags and self._is_ours(found) and number_of(found) == version:
                return found
        raise version_not_found(self.place, f"version {version}")

    def newest_first(self) -> Iterator[ModelVersion]:
        """All versions, highest number first; one that is registered twice counts once, as ``get`` finds it."""
        by_number = groupby(self._registered_newest_first(), key=lambda version: version.version)
        return (next(registered) for _, registered in by_number)

    def _registered_newest_first(self) -> Iterator[ModelVersion]:
        aliases = self._aliases()
        late: list[RegisteredVersion] = []
        for found in self.reader.newest_first():
            if not self._is_ours(found):
                continue
            if number_of(found) < found.version:
                # MLflow's number is higher than ours, so it came too early in MLflow's order.
                late.append(found)
                continue
            yield from self._due(late, found.version, aliases)
            yield self._as_version(found, aliases)
        yield from self._due(late, 0, aliases)

    def _due(
        self, late: list[RegisteredVersion], above: int, aliases: dict[int, tuple[str, ...]]
    ) -> Iterator[ModelVersion]:
        due = sorted((found for found in late if number_of(found) > above), key=number_of, reverse=True)
        late[:] = [found for found in late if number_of(found) <= above]
        for found in due:
            yield self._as_version(found, aliases)

    def pinned(self) -> int | None:
        """The version that ``latest`` is pinned to, if any; a tag of the registered model."""
        value = self.reader.model().tags.get(TAG_PINNED, "")
        return int(value) if re.fullmatch(r"\d+", value) else None

    def by_alias(self, alias: str) -> ModelVersion:
        """The version that an alias leads to. Raises VersionNotFound: no such alias."""
        number = self.reader.model().aliases.get(alias)
        found = self.reader.version(number) if number is not None else self._in_stage_there(alias)
        if found is None or not self._is_ours(found):
            raise version_not_found(self.place, f"alias {alias!r}")
        return self._as_version(found, self._aliases())

    def _in_stage_there(self, alias: str) -> RegisteredVersion | None:
        """The version that somebody moved to this stage on MLflow's own pages, where no alias leads to one."""
        if alias not in (name.lower() for name in STAGES):
            return None
        return next((found for found in self.reader.newest_first() if stage_of(found).lower() == alias), None)

    def find_writer(self, writer: str) -> ModelVersion | None:
        """The finished version (ready or refused) with this writer token, if any."""
        finished = (found for found in self.newest_first() if found.status in ("ready", "refused"))
        return next((found for found in finished if found.tags.get(TAG_WRITER) == writer), None)

    def _aliases(self) -> dict[int, tuple[str, ...]]:
        names: dict[int, list[str]] = {}
        for alias, version in self.reader.model().aliases.items():
            names.setdefault(version, []).append(alias)
        return {version: tuple(sorted(found)) for version, found in names.items()}

    def _is_ours(self, found: RegisteredVersion) -> bool:
        # "a.b" + "c" and "a" + "b.c" share a registered name; the tags tell them apart.
        facts = found.tags.get(TAG_EXPERIMENT), found.tags.get(TAG_MODEL_NAME)
        return facts == (self.place.experiment, self.place.model_name)

    def _as_version(self, found: RegisteredVersion, aliases: dict[int, tuple[str, ...]]) -> ModelVersion:
        tags = found.tags
        return ModelVersion(
            name=self.place.model_name,
            version=number_of(found),
            uri=self._uri(found),
            sha256=tags.get(TAG_SHA256, ""),
            size_bytes=int(tags.get(TAG_SIZE) or 0),
            created=created_of(found),
            run_id=found.run_id,
            experiment=self.place.experiment,
            status=tags.get(TAG_STATUS, "uploading"),
            aliases=aliases.get(found.version, ()),
            yanked=TAG_YANKED in tags,
            yank_reason=tags.get(TAG_YANKED, ""),
            metrics=json.loads(tags.get(TAG_METRICS, "{}")),
            tags=tags,
            status_reason=tags.get(TAG_REASON, ""),
            description=tags.get(TAG_DESCRIPTION) or tags.get(TAG_ABOUT, ""),
            stage=stage_of(found),
        )

    def _uri(self, found: RegisteredVersion) -> str:
        if found.source.endswith(".keras"):
            return found.source
        return f"{found.source.rstrip('/')}/{self.place.model_name}_v{number_of(found)}.keras"

    def _errors(self) -> Any:
        return registry_errors(self.settings.tracking_uri)


class RegisteredName:
    """The name under which the registry holds one model of one environment: the model's own name, where that is free.

    ``models:/lstm_model/15`` is what people write. Where another environment has taken that name, this one's is
    ``<experiment>.<model name>``; older releases used that form always, and it is still read.
    """

    def __init__(self, settings: Settings, place: Place, client: Callable[[], Any]) -> None:
        self._settings = settings
        self._place = place
        self._client = client
        self._readers: dict[str, RegistryReader] = {}
        self._found = ""

    @property
    def known(self) -> bool:
        """Whether the name was found in the registry, so that it never changes."""
        return bool(self._found)

    @property
    def name(self) -> str:
        """The name that the registry holds, else the one that it should be made with."""
        if self._found:
            return self._found
        long, short = self._place.qualified_name, self._place.model_name
        if self.reader(long).model().known:
            self._found = long
            return long
        held = self.reader(short).model()
        if not held.known:
            return short
        if (held.tags.get(TAG_EXPERIMENT), held.tags.get(TAG_MODEL_NAME)) != (self._place.experiment, short):
            return long
        self._found = short
        return short

    def reader(self, name: str) -> RegistryReader:
        """The reader of the registered model of this name: straight from an sqlite file, else through MLflow's client."""
        if name not in self._readers:
            uri, seconds = self._settings.tracking_uri, self._settings.network_timeout_seconds
            asked, database = (self._client, uri, name), sqlite_file(uri)
            self._readers[name] = SqliteReader(database, seconds, *asked) if database else RegistryReader(*asked)
        return self._readers[name]
