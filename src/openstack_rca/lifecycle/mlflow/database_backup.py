"""Copies of the embedded tracking database, made and put back while others work with it.

A copy holds what MLflow knows: runs, versions, aliases. The model files lie in the store and are not part of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from openstack_rca.errors import BackupDamaged, BackupFailed, ConfigurationError
from openstack_rca.lifecycle.mlflow.client import database_lock, sqlite_file, without_password
from openstack_rca.lifecycle.objects import copy_bytes, file_digest, replacing, way_on
from openstack_rca.settings import Settings

TABLES = ("alembic_version", "experiments", "runs", "registered_models", "model_versions")
PAGES_AT_ONCE = 2000
BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class DatabaseFacts:
    """What a copy of the database holds; ``schema`` is MLflow's revision of its tables."""

    path: Path
    sha256: str
    size_bytes: int
    experiments: int
    runs: int
    versions: int
    schema: str


@dataclass(frozen=True)
class Restored:
    """What was put back, and where the database that it replaced is kept (``None`` if there was none)."""

    facts: DatabaseFacts
    replaced: Path | None


def back_up(settings: Settings, target: Path) -> DatabaseFacts:
    """Write a whole, checked copy of the embedded database to ``target``, or nothing.

    Raises ConfigurationError: the tracking database is not an sqlite file. BackupFailed: there is none yet, or a file cannot be
    read or written. BackupDamaged: the database itself is damaged.
    """
    database = _database(settings)
    if not database.exists():
        raise BackupFailed(f"There is no tracking database {database} yet.", "Train first: openstack-rca train LOGS")
    if target.exists() and target.samefile(database):
        raise BackupFailed(f"{target} is the tracking database itself.", "Name another file.")
    with _told(f"{target} cannot be written"), replacing(target) as temporary:
        _copy(database, temporary)
        _facts(temporary)
    return _facts(target)


def restore(settings: Settings, source: Path) -> Restored:
    """Make a copy the embedded database again; the one before is kept beside it.

    The copy is checked before anything is touched. Other processes see the database before or the one after.

    Raises ConfigurationError, BackupFailed as ``back_up``; BackupDamaged: the copy is not whole. Nothing was changed then.
    """
    database = _database(settings)
    _facts(source)
    if database.exists() and source.samefile(database):
        raise BackupFailed(f"{source} is the tracking database itself.", "Name a copy of it.")
    with _told(f"{database} cannot be replaced"), database_lock(settings.tracking_uri):
        replaced = _keep(database)
        try:
            _copy(source, database)
        except sqlite3.DatabaseError as error:
            # What is there is no database that could be written into, or one that others do not let go of.
            if replaced is None or _is_busy(error):
                raise
            with replacing(database) as temporary:
                copy_bytes(source, temporary)
            for name in ("-wal", "-shm", "-journal"):
                database.with_name(database.name + name).unlink(missing_ok=True)
    return Restored(_facts(database), replaced)


def _keep(database: Path) -> Path | None:
    """A copy of the present database; byte for byte where it is too damaged for more."""
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        return None
    kept = database.with_name(f"{database.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    with replacing(kept) as temporary:
        try:
            _copy(database, temporary)
        except sqlite3.DatabaseError as error:
            if _is_busy(error):
                raise
            copy_bytes(database, temporary)
    return kept


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _database(settings: Settings) -> Path:
    found = sqlite_file(settings.tracking_uri)
    if found is None:
        raise ConfigurationError(
            f"The tracking database is {without_password(settings.tracking_uri)}, not an embedded one.",
            "Use the tools of that database (pg_dump for PostgreSQL); see docs/servers.md.",
        )
    return found


def _copy(source: Path, target: Path) -> None:
    with closing(_open(source, "ro")) as reading, closing(_open(target, "rwc")) as writing:
        reading.backup(writing, pages=PAGES_AT_ONCE)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=BUSY_SECONDS)


def _facts(path: Path) -> DatabaseFacts:
    """Check a database from end to end. Raises BackupDamaged (it is not whole, or not MLflow's), BackupFailed (no such file)."""
    if not path.is_file():
        raise BackupFailed(f"There is no file {path}.", "Name a file that openstack-rca backup wrote.")
    try:
        with closing(_open(path, "ro")) as connection:
            problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            missing = [name for name in TABLES if name not in tables]
            if problem == "ok" and not missing:
                experiments, runs, versions = (
                    int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our names
                    for table in ("experiments", "runs", "model_versions")
                )
                schema = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
                size = path.stat().st_size
                return DatabaseFacts(path, file_digest(path), size, experiments, runs, versions, schema)
    except (sqlite3.Error, TypeError) as error:
        raise _damaged(path, str(error)) from error
    raise _damaged(path, problem if problem != "ok" else f"it has no table {missing[0]}")


def _damaged(path: Path, problem: str) -> BackupDamaged:
    return BackupDamaged(f"{path} is not a whole tracking database: {problem}.", "Take another copy.")


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupFailed(f"{what}: {error}.", "Close what else works with it, and try again.") from error
    except OSError as error:
        raise BackupFailed(f"{what}: {error.strerror or error}.", way_on(error)) from error
