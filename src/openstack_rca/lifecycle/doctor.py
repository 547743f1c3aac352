"""Every connection, tried and told in words. No secret is ever part of an answer."""

import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from openstack_rca.errors import (
    OpenStackRcaError,
    RegistryRefused,
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreError,
    StoreUnavailable,
)
from openstack_rca.lifecycle.mlflow import (
    connect,
    is_server,
    probe_artifacts,
    registry_errors,
    server_version,
    without_password,
)
from openstack_rca.lifecycle.objects import ObjectStore, S3Access, find_s3_access, trusted_authorities, within
from openstack_rca.lifecycle.records import Place
from openstack_rca.lifecycle.trust import check_signing, check_verification
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.plain_text import counted
from openstack_rca.settings import Settings

OLDEST_SERVER = 3
LARGEST_CLOCK_DIFFERENCE = 300.0
SMALLEST_FREE_SPACE = 200 * 1024**2
SWITCHED_OFF = "MLflow is switched off"


@dataclass(frozen=True)
class ConnectionCheck:
    """One line of the doctor: what was tried, whether it works, what was found, what to do if it does not; the error itself."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    problem: OpenStackRcaError | None = field(default=None, repr=False, compare=False)


def check_connections(settings: Settings) -> list[ConnectionCheck]:
    """Try everything that training and analysis will need, and each key that is configured; one check each."""
    write, read, credentials = _check_store(settings)
    return [
        _told("tracking", lambda: _tracking(settings)),
        _told("registry", lambda: _registry(settings)),
        _told("run artifacts", lambda: _run_artifacts(settings)),
        write,
        read,
        credentials,
        _told("clock", lambda: _clock(settings)),
        _told("cache space", lambda: _cache_space(settings)),
        *_check_keys(settings),
    ]


def _check_keys(settings: Settings) -> Iterator[ConnectionCheck]:
    if settings.signing_key is not None:
        place = Place(settings.experiment_name, settings.model_name)
        yield _told("signing key", lambda: check_signing(settings, place))
    if settings.verification_key is not None:
        yield _told("verification key", lambda: check_verification(settings))


def _told(name: str, check: Callable[[], str]) -> ConnectionCheck:
    try:
        return ConnectionCheck(name, True, check())
    except OpenStackRcaError as error:
        return ConnectionCheck(name, False, error.message, error.hint, error)


def _tracking(settings: Settings) -> str:
    if not settings.mlflow_enabled:
        return SWITCHED_OFF
    uri = settings.tracking_uri
    client = connect(settings)
    with registry_errors(uri):
        client.search_experiments(max_results=1)
    version = server_version(settings)
    if version and int(version.split(".", 1)[0]) < OLDEST_SERVER:
        raise RegistryRefused(
            f"The MLflow tracking server {without_password(uri)} runs version {version}.",
            f"Update it to MLflow {OLDEST_SERVER} or newer.",
        )
    return f"{without_password(uri)} answers" + (f", MLflow {version}" if version else "")


def _run_artifacts(settings: Settings) -> str:
    if not settings.mlflow_enabled:
        return SWITCHED_OFF
    return f"{probe_artifacts(settings)} can be written and read"


def _registry(settings: Settings) -> str:
    if not settings.mlflow_enabled:
        return f"{SWITCHED_OFF}; versions are numbered by the store"
    lifecycle = ModelLifecycle(settings)
    versions = lifecycle.list()
    if not versions:
        # A database that is not there yet counts as empty, also where none can be made.
        connect(settings)
    latest = next((version.version for version in versions if version.resolvable), None)
    name = lifecycle.place.model_name
    name = f"{name} of {lifecycle.place.experiment}"
    return f"{name}: {counted(len(versions), 'version')}, latest {latest}" if versions else f"{name}: no version yet"


def _check_store(settings: Settings) -> tuple[ConnectionCheck, ConnectionCheck, ConnectionCheck]:
    names = ("store write", "store read", "credentials")
    try:
        store = ObjectStore(settings)
    except OpenStackRcaError as error:
        write, read, credentials = (ConnectionCheck(name, False, error.message, error.hint) for name in names)
        return write, read, credentials
    key, token = f".openstack-rca-doctor-{uuid4().hex}", uuid4().hex.encode()

    def write_probe() -> str:
        store.put_new_bytes(key, token)
        return f"{store.root} can be written"

    def remove_probe() -> str:
        store.delete(key)
        return write.detail

    def read_probe() -> str:
        # Where the probe could not be written, a listing shows whether reading works at all.
        if write.ok and store.read(key) != token:
            raise StoreError(
                "The store returned other bytes than were written.", "Look for a proxy or cache in front of it."
            )
        return f"{store.root} can be read, {counted(len(store.folders()), 'folder')}"

    write = _told("store write", write_probe)
    read = _told("store read", read_probe)
    credentials = _told("credentials", lambda: _credentials(settings, store, write, read))
    if write.ok:
        write = _told("store write", remove_probe)
    return write, read, credentials


def _credentials(settings: Settings, store: ObjectStore, write: ConnectionCheck, read: ConnectionCheck) -> str:
    if store.is_local:
        return "none needed for a folder"
    source = find_s3_access(settings).source if store.scheme.startswith("s3") else "the environment"
    problem = next((check.problem for check in (write, read) if check.problem is not None), None)
    if isinstance(problem, StoreAccessDenied) and not read.ok:
        raise StoreError(f"Those from {source} could not be used: {write.detail}", write.hint)
    if not (write.ok or read.ok) and not isinstance(problem, StoreBucketNotFound):
        raise StoreError(f"Those from {source} could not be tried: {write.detail}", write.hint)
    return f"those from {source} are accepted"


def _clock(settings: Settings) -> str:
    differences = []
    for name, address in _http_servers(settings):
        seconds = _clock_difference(address, settings)
        if seconds is None:
            continue
        if abs(seconds) > LARGEST_CLOCK_DIFFERENCE:
            raise StoreError(
                f"The clock of this machine differs from that of {name} by {abs(seconds):.0f} s.",
                "Set the clock (chrony, ntp); S3 refuses requests beyond 15 minutes.",
            )
        differences.append(f"{name} {seconds:+.0f} s")
    return ", ".join(differences) or "no server to compare with"


def _http_servers(settings: Settings) -> list[tuple[str, str]]:
    servers = []
    if settings.mlflow_enabled and is_server(settings.tracking_uri):
        servers.append(("tracking", settings.tracking_uri))
    if settings.artifact_root.startswith("s3"):
        access: S3Access = find_s3_access(settings)
        servers.append(("store", access.endpoint or f"https://s3.{access.region}.amazonaws.com"))
    return servers


def _clock_difference(address: str, settings: Settings) -> float | None:
    """This machine's clock minus the server's, in seconds; ``None`` where no answer carries a date."""
    # No other check needs Python's own HTTP client, and every command about versions imports this module.
    import http.client
    import urllib.error
    import urllib.request

    parts = urlsplit(address)
    host = parts.netloc.rsplit("@", 1)[-1]
    request = urllib.request.Request(urlunsplit((parts.scheme, host, "/", "", "")), method="HEAD")  # noqa: S310
    trusted = trusted_authorities(settings)
    seconds = settings.network_timeout_seconds

    def ask(_alive: object) -> str | None:
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=trusted) as answer:  # noqa: S310
                headers = answer.headers
        except urllib.error.HTTPError as error:
            with error:
                headers = error.headers
        date: str | None = headers.get("Date")
        return date

    try:
        date = within(2 * seconds, ask, StoreUnavailable(f"{host} is too slow."))
    except (StoreUnavailable, OSError, ssl.SSLError, ValueError, http.client.HTTPException):
        return None
    try:
        return time.time() - parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def _cache_space(settings: Settings) -> str:
    folder = next(each for each in (settings.cache_folder, *settings.cache_folder.parents) if each.exists())
    try:
        free = shutil.disk_usage(folder).free
        settings.cache_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The cache {settings.cache_folder} cannot be used: {error.strerror}.", "Set OPENSTACK_RCA_HOME."
        ) from error
    if free < SMALLEST_FREE_SPACE:
        raise StoreError(
            f"Only {free / 1024**2:.0f} MB are free for {settings.cache_folder}.",
            "Free space or set OPENSTACK_RCA_HOME.",
        )
    return f"{free / 1024**3:.1f} GB free for {settings.cache_folder}"
