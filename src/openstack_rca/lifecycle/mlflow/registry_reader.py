"""Questions to the registry: through MLflow's client, or straight from an sqlite database.

Importing MLflow takes longer than a whole analysis of a small incident, and an analysis only asks which version is the
latest. So the embedded database is read as what it is, an sqlite file; whatever that cannot answer goes to MLflow.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openstack_rca.lifecycle.mlflow.client import MISSING, registry_errors

PAGE = 200


@dataclass(frozen=True)
class RegisteredVersion:
    """A version as the registry holds it; ``created_ms`` counts milliseconds since 1970 in UTC, ``stage`` is MLflow's own."""

    version: int
    source: str
    run_id: str | None
    created_ms: int
    tags: dict[str, str]
    stage: str = ""


@dataclass(frozen=True)
class RegisteredModel:
    """What the registry holds of the model as a whole: its tags, alias -> version, and whether it knows the name at all."""

    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    known: bool = False


class RegistryReader:
    """Reads the versions, tags and aliases of one registered model through the ``MlflowClient`` that ``connect`` gives."""

    def __init__(self, connect: Callable[[], Any], uri: str, name: str) -> None:
        self._connect = connect
        self._uri = uri
        self._name = name

    def version(self, number: int) -> RegisteredVersion | None:
        """One version, ``None`` if there is none with this number."""
        found = self._ask(lambda client: client.get_model_version(self._name, str(number)))
        return _from_client(found) if found is not None else None

    def newest_first(self) -> Iterator[RegisteredVersion]:
        """All versions, highest number first."""
        client, token = self._connect(), None
        while True:
            with registry_errors(self._uri):
                page = client.search_model_versions(
                    f"name='{self._name}'", max_results=PAGE, order_by=["version_number DESC"], page_token=token
                )
            yield from map(_from_client, page)
            token = page.token
            if not token:
                return

    def model(self) -> RegisteredModel:
        """Tags and aliases; empty where the name is not registered."""
        found = self._ask(lambda client: client.get_registered_model(self._name))
        if found is None:
            return RegisteredModel()
        aliases = {alias: int(version) for alias, version in found.aliases.items()}
        return RegisteredModel(dict(found.tags), aliases, True)

    def _ask(self, question: Callable[[Any], Any]) -> Any | None:
        client = self._connect()
        from mlflow.exceptions import MlflowException

        with registry_errors(self._uri):
            try:
                return question(client)
            except MlflowException as error:
                if error.error_code != MISSING:
                    raise
                return None


def _from_client(found: Any) -> RegisteredVersion:
    # The number is an int from a database and text from a server.
    return RegisteredVersion(
        int(found.version),
        found.source,
        found.run_id or None,
        found.creation_timestamp,
        dict(found.tags),
        found.current_stage or "",
    )


class SqliteReader(RegistryReader):
    """Reads MLflow's tables in an sqlite file, and asks through the client where that does not work.

    A database that is not there yet has no versions; it is not made by asking. ``seconds`` is how long a query waits for a lock.
    """

    def __init__(self, database: Path, seconds: float, connect: Callable[[], Any], uri: str, name: str) -> None:
        super().__init__(connect, uri, name)
        self._database = database
        self._seconds = seconds

    def version(self, number: int) -> RegisteredVersion | None:
        """One version, ``None`` if there is none with this number."""
        try:
            return next(iter(self._versions("AND version = ?", number)), None)
        except sqlite3.Error:
            return super().version(number)

    def newest_first(self) -> Iterator[RegisteredVersion]:
        """All versions, highest number first."""
        try:
            return iter(self._versions())
        except sqlite3.Error:
            return super().newest_first()

    def model(self) -> RegisteredModel:
        """Tags and aliases; empty where the name is not registered."""
        try:
            known = bool(self._rows("SELECT name FROM registered_models WHERE name = ?"))
            tags = self._rows("SELECT key, value FROM registered_model_tags WHERE name = ?")
            aliases = self._rows("SELECT alias, version FROM registered_model_aliases WHERE name = ?")
        except sqlite3.Error:
            return super().model()
        return RegisteredModel(dict(tags), {alias: int(version) for alias, version in aliases}, known)

    def _versions(self, condition: str = "", *values: int) -> list[RegisteredVersion]:
        tags: dict[int, dict[str, str]] = {}
        question = f"SELECT version, key, value FROM model_version_tags WHERE name = ? {condition}"  # noqa: S608
        for number, key, value in self._rows(question, *values):
            tags.setdefault(int(number), {})[key] = value
        question = (
            "SELECT version, source, run_id, creation_time, current_stage FROM model_versions "  # noqa: S608
            f"WHERE name = ? AND current_stage <> 'Deleted_Internal' {condition} ORDER BY version DESC"
        )
        return [
            RegisteredVersion(int(number), source, run_id or None, int(created), tags.get(int(number), {}), stage or "")
            for number, source, run_id, created, stage in self._rows(question, *values)
        ]

    def _rows(self, question: str, *values: int) -> list[tuple[Any, ...]]:
        try:
            self._database.stat()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        with closing(open_to_read(self._database, self._seconds)) as connection:
            return connection.execute(question, (self._name, *values)).fetchall()


def open_to_read(database: Path, seconds: float) -> sqlite3.Connection:
    """Open an sqlite file read-only; ``seconds`` is how long a query waits for a lock."""
    return sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=seconds)
