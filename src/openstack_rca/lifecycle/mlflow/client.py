"""The one way to MLflow: imported late, kept quiet, bounded in time, its errors in our words."""

import functools
import logging
import math
import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from openstack_rca.errors import ConfigurationError, RegistryUnavailable
from openstack_rca.lifecycle.mlflow.server_errors import (
    MISSING,
    registry_errors,
    require_mlflow,
    unavailable,
    without_password,
)
from openstack_rca.lifecycle.objects import locked, proxy_for, replacing, within
from openstack_rca.settings import Settings

DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
ONE_CALL = 3
"""Network time limits that one call may take: MLflow asks a second time, and a file takes several requests."""

__all__ = ["MISSING", "connect", "get_ready", "is_server", "registry_errors", "sqlite_file", "without_password"]

TABLES_SECONDS = 300.0
"""That making, or bringing up to date, the tables of a database may take."""


def is_server(uri: str) -> bool:
    """Whether the URI leads to an MLflow server rather than straight to a database."""
    return urlparse(uri).scheme in ("http", "https")


def is_kept_by_mlflow(uri: str) -> bool:
    """Whether MLflow's own client reaches the files of a run without further packages; else our store does."""
    return urlparse(uri).scheme in ("", "file", "mlflow-artifacts", "http", "https")


def sqlite_file(uri: str) -> Path | None:
    """The file of an ``sqlite:///`` address; ``None`` for another address, one in memory, or one in SQLite's own URI form."""
    path = uri.removeprefix("sqlite:///").split("?", 1)[0]
    if not uri.startswith("sqlite:///") or path in ("", ":memory:") or path.startswith("file:"):
        return None
    return Path(path).absolute()


def prepare_environment(settings: Settings) -> None:
    """Set the environment variables that MLflow reads, by the settings.

    MLflow then sends no telemetry, prints no links, and fails within seconds when the server is down.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(math.ceil(settings.network_timeout_seconds))
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"] = "1"
    os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_JITTER"] = "0"
    authority = settings.mlflow_tracking_server_cert_path or settings.ca_bundle
    if authority is not None and not settings.mlflow_tracking_insecure_tls:
        os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(authority)
    secrets = {
        "MLFLOW_TRACKING_USERNAME": settings.mlflow_tracking_username,
        "MLFLOW_TRACKING_PASSWORD": settings.mlflow_tracking_password,
        "MLFLOW_TRACKING_TOKEN": settings.mlflow_tracking_token,
    }
    for name, value in secrets.items():
        if value is not None:
            os.environ[name] = value if isinstance(value, str) else value.get_secret_value()
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # It writes down with a traceback what it raises as well, and what is raised we tell in words.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def connect(settings: Settings) -> Any:
    """An ``mlflow.MlflowClient`` for the tracking server and the registry; a server's is a ``PatientClient``.

    Raises RegistryUnavailable: nothing answers there, or too slowly. ConfigurationError: the address cannot work.
    """
    uri = settings.tracking_uri
    require_mlflow(settings.tracking_uri)
    prepare_environment(settings)
    _check_reachable(uri, settings.network_timeout_seconds)
    if not uri.startswith("sqlite:"):
        seconds = ONE_CALL * settings.network_timeout_seconds
        return PatientClient(_patient_client(uri, seconds), seconds, without_password(uri))
    # Two processes that make the tables of a new database at once trip over each other.
    with _home_errors(settings), database_lock(uri):
        database = sqlite_file(uri)
        if database is not None and not database.exists():
            # Tables that were made half, on a full disk or by a process that was killed, could never be finished.
            with replacing(database) as temporary:
                _client(f"sqlite:///{temporary}", uri)
        return _client(uri)


def database_lock(uri: str) -> AbstractContextManager[None]:
    """A lock for one process at a time on an sqlite database, beside its file for all homes; none for other databases."""
    database = sqlite_file(uri)
    return nullcontext() if database is None else locked(database.with_name(f".{database.name}.lock"), TABLES_SECONDS)


def get_ready(settings: Settings) -> float:
    """Check that the server answers, and import MLflow; an sqlite database needs neither.

    Returns the seconds that the server took; those of the import do not count, they are this machine's own. Raises
    RegistryUnavailable, ConfigurationError: as ``connect``.
    """
    if settings.tracking_uri.startswith("sqlite:"):
        return 0.0
    require_mlflow(settings.tracking_uri)
    start = time.monotonic()
    _check_reachable(settings.tracking_uri, settings.network_timeout_seconds)
    seconds = time.monotonic() - start
    prepare_environment(settings)
    import mlflow.tracking  # noqa: F401 - for its side effect: the next import of it is instant

    return seconds


def _patient_client(uri: str, seconds: float) -> Any:
    """MLflow's client of a server or of a database server, which has to answer within so many seconds.

    Making the tables of an empty database takes longer than that, and breaking it off would leave half of them on a
    database that cannot undo it: it has ``TABLES_SECONDS`` once the database has answered.
    """
    import mlflow.tracking  # noqa: F401 - imported here, so that this machine's own time does not count

    if is_server(uri):
        return _client(uri)
    late = too_slow(without_password(uri))
    within(seconds, lambda _alive: _knock_at_database(uri), late)
    return within(seconds + TABLES_SECONDS, lambda _alive: _client(uri), late)


def _knock_at_database(uri: str) -> None:
    """Log in: a database that takes the connection and stays silent is not there."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with registry_errors(uri):
        create_engine(uri, poolclass=NullPool).connect().close()


def _client(uri: str, told_as: str = "") -> Any:
    from mlflow.tracking import MlflowClient

    with registry_errors(told_as or uri):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        if not is_server(uri):
            # The tables are made by the first question, of each of the two halves.
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)
        return client


@contextmanager
def _home_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RegistryUnavailable(
            f"The folder {settings.home} cannot be used: {error.strerror}.",
            "Set OPENSTACK_RCA_HOME to a folder that this user may write.",
        ) from error


def _check_reachable(uri: str, seconds: float) -> None:
    """A quick knock at the door: MLflow itself retries for a minute before it says that a database is not there."""
    parts = urlparse(uri)
    scheme = parts.scheme.split("+", 1)[0]
    if scheme == "sqlite":
        _check_sqlite_folder(uri)
        return
    if scheme in DATABASE_PORTS:
        port = parts.port or DATABASE_PORTS[scheme]
    elif scheme in ("http", "https"):
        if proxy_for(uri):
            return
        port = parts.port or (443 if scheme == "https" else 80)
    else:
        raise ConfigurationError(
            f"MLFLOW_TRACKING_URI cannot be {without_password(uri)}.",
            "Use http://, https://, sqlite:///, postgresql:// or mysql://.",
        )
    try:
        socket.create_connection((parts.hostname or "localhost", port), timeout=seconds).close()
    except OSError as error:
        reason = str(error.strerror or error).lower() if not isinstance(error, TimeoutError) else "no answer"
        raise unavailable(uri, reason) from error


def _check_sqlite_folder(uri: str) -> None:
    database = sqlite_file(uri)
    if database is None:
        return
    folder = database.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _folder_unusable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _folder_unusable(folder, "this user may not write there")
    # MLflow would try to open it for minutes.
    if database.exists() and not os.access(database, os.R_OK):
        raise RegistryUnavailable(
            f"The tracking database {database} may not be read by this user.",
            "Have its owner allow it, or set OPENSTACK_RCA_HOME or MLFLOW_TRACKING_URI to another one.",
        )


def _folder_unusable(folder: Path, reason: str) -> RegistryUnavailable:
    return RegistryUnavailable(
        f"The tracking database cannot be kept in {folder}: {reason}.",
        "Set OPENSTACK_RCA_HOME to a folder that this user may write, or correct MLFLOW_TRACKING_URI.",
    )


class PatientClient:
    """Passes each call on to an ``mlflow.MlflowClient`` and gives up when it takes too long (RegistryUnavailable).

    MLflow limits only the time to connect and the silence between two bytes, so a server or proxy that sends single bytes
    could hold a call for ever. A call that was given up may still take effect.
    """

    def __init__(self, client: Any, seconds: float, server: str) -> None:
        self._client = client
        self._seconds = seconds
        self._server = server

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        @functools.wraps(method)
        def bounded(*arguments: Any, **named: Any) -> Any:
            return within(self._seconds, lambda _alive: method(*arguments, **named), too_slow(self._server))

        return bounded


def too_slow(server: str) -> RegistryUnavailable:
    """The error for a server that answers too slowly; ``server`` is its address, without a password."""
    return RegistryUnavailable(
        f"The MLflow tracking server {server} is too slow.",
        "Check it and the way there, or allow more time: OPENSTACK_RCA_NETWORK_TIMEOUT.",
    )
