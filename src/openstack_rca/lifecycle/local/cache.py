"""Verified model files on this machine, by digest, and the memory of which version each one is.

    objects/<sha256>.keras                             the file; its digest is checked at every use
    versions/<store>/<experiment>/<model>/<N>.json     the version's facts, as last seen
    versions/<store>/<experiment>/<model>/<N>.sig      its signature, found valid once; it is checked at every use
    versions/<store>/<experiment>/<model>/latest.json  where ``latest`` and aliases led last (also ``@<alias>.json``)

``<store>`` is a digest of where the versions come from: the same number is another version in another store.
Every file is written in one step, so processes can share the folder. A process that uses a file holds it; what nobody
holds goes when the files exceed the bound, the one that was not used for the longest time first.
"""

import fcntl
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from openstack_rca.lifecycle.mlflow import without_password
from openstack_rca.lifecycle.objects import (
    PART,
    Hold,
    copy_bytes,
    hold,
    normal_root,
    remove_leftovers,
    remove_oldest,
    remove_unheld,
    replacing,
    write_whole,
)
from openstack_rca.lifecycle.records import ModelVersion, Place
from openstack_rca.settings import Settings

ASK_AGAIN_SECONDS = 0.05
SHARE_OF_THE_BUDGET = 0.5
"""Of the time that a load may take: so much it waits for another process whose download stands still."""


@dataclass(frozen=True)
class RememberedAnswer:
    """Where a reference led when the registry was last asked, in UTC."""

    version: int
    pinned: bool
    when: datetime


_ANSWER = TypeAdapter(RememberedAnswer)
_VERSION = TypeAdapter(ModelVersion)


@dataclass(frozen=True)
class Origin:
    """Where versions come from; what lies in the home is named from there, so that a home can be moved.

    ``root`` is the artifact root as a URI; ``store`` tells it apart from those of other servers and homes; ``registry`` is the
    tracking URI without a password, empty where MLflow is switched off.
    """

    root: str
    store: str
    registry: str

    def knows(self, uri: str, registry: str) -> bool:
        """Whether a version that was remembered with this URI and registry has the same number here.

        Below one artifact root every number has one file, whichever registry tells of it. What was published when the
        artifact root was another one is known by its registry.
        """
        return uri.startswith(f"{self.root}/") or registry == self.registry

    @property
    def folder(self) -> str:
        """The name of the store's folder: a digest of ``store``."""
        return hashlib.sha256(self.store.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class CachedFile:
    """An intact file of the cache; it stays there as long as this object lives."""

    path: Path
    held: Hold


class ModelCache:
    """The cache of one model in one environment; the files are shared by all of them.

    Args:
        origin: which registry and store; what is remembered of others counts for nothing.
        limit: bytes of all files; what is in use does not go, so one file alone, or several in use, can exceed it.
        patience: seconds without progress after which another process that fetches the same file is not waited for.
    """

    def __init__(self, folder: Path, place: Place, origin: Origin, limit: int, patience: float) -> None:
        self._objects = folder / "objects"
        self._versions = folder / "versions" / origin.folder / place.experiment / place.model_name
        self._origin = origin
        self._limit = limit
        self._patience = patience

    def path_for(self, sha256: str) -> Path:
        """Where the file with this digest belongs."""
        return self._objects / f"{sha256}.keras"

    def verified(self, sha256: str) -> CachedFile | None:
        """The cached file, read and marked as used now, if it is there and intact; a damaged one is removed."""
        path = self.path_for(sha256)
        try:
            held = hold(path)
            if held is None:
                return None
            if held.digest() != sha256:
                held.release()
                path.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        with suppress(OSError):
            path.touch()
        return CachedFile(path, held)

    def fetched(
        self, sha256: str, fetch: Callable[[Path], None], on_waiting: Callable[[int], None] | None = None
    ) -> tuple[CachedFile, bool]:
        """The file with this digest: from the cache, else by ``fetch``, which writes and verifies a temporary file.

        Of several processes that need the same file, one fetches it and the others wait while its download makes progress;
        ``on_waiting`` gets the number of bytes that have arrived, each time that it has grown.

        Returns the file, and whether it was in the cache already. Raises OSError: the cache cannot be written; no part
        of the file is left in it.
        """
        if found := self.verified(sha256):
            return found, True
        with self._turn(sha256, on_waiting or _silent):
            if found := self.verified(sha256):
                return found, True
            path = self.path_for(sha256)
            remove_leftovers(self._objects)
            with replacing(path) as temporary:
                fetch(temporary)
                made = hold(temporary)
        if made is None:
            raise FileNotFoundError(2, "it vanished while it was written", str(path))
        self.shrink()
        return CachedFile(path, made), False

    def add(self, source: Path, sha256: str) -> None:
        """Put a copy of a file into the cache, unless it is there. Raises OSError: it cannot be, or has another digest."""

        def copy(temporary: Path) -> None:
            copy_bytes(source, temporary)
            copied = hold(temporary)
            if copied is None or copied.digest() != sha256:
                raise OSError(5, "it changed while it was copied", str(source))

        self.fetched(sha256, copy)

    def shrink(self) -> None:
        """Remove files that nobody uses, the longest unused first, until the rest is within the bound."""
        remove_oldest(self._objects.glob("*.keras"), self._limit, lambda path: path.stat().st_size, remove_unheld)

    def tidy(self) -> None:
        """Remove the temporary files of processes that were killed."""
        for folder in (self._objects, self._versions):
            remove_leftovers(folder)

    @contextmanager
    def _turn(self, sha256: str, on_waiting: Callable[[int], None]) -> Iterator[None]:
        """Wait for another process that fetches the same file, until nothing has arrived there for the patience.

        After that two may fetch it; that is harmless.
        """
        lock = self._objects / f".turn-{sha256[:1]}"
        self._objects.mkdir(parents=True, exist_ok=True)
        deadline, arrived = time.monotonic() + self._patience, 0
        with lock.open("a") as stream:
            while True:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    before, arrived = arrived, _largest_part(self.path_for(sha256))
                    if arrived > before:
                        deadline = time.monotonic() + self._patience
                        on_waiting(arrived)
                    if time.monotonic() > deadline or self.path_for(sha256).exists():
                        break
                    time.sleep(ASK_AGAIN_SECONDS)
                except OSError:
                    break
            yield

    def remember_version(self, version: ModelVersion) -> None:
        """Keep a version's facts for when the registry is down. Raises OSError: the cache cannot be written."""
        facts = {**asdict(version), "created": version.created.isoformat(), "registry": self._origin.registry}
        self._write(self._versions / f"{version.version}.json", facts)

    def remember_answer(self, reference: str, version: ModelVersion) -> None:
        """Keep which version ``latest`` or ``@alias`` led to. Raises OSError: the cache cannot be written."""
        facts = {"version": version.version, "pinned": version.pinned, "when": datetime.now(UTC).isoformat()}
        self._write(self._versions / f"{reference}.json", facts)

    def remember_signature(self, number: int, signature: bytes) -> None:
        """Keep a version's signature. Raises OSError: the cache cannot be written."""
        write_whole(self._versions / f"{number}.sig", signature)

    def signature(self, number: int) -> bytes | None:
        """The signature that is kept of a version."""
        try:
            return (self._versions / f"{number}.sig").read_bytes()
        except OSError:
            return None

    def version(self, number: int) -> ModelVersion | None:
        """What is remembered of a version of this registry and store."""
        facts = _read(self._versions / f"{number}.json")
        try:
            found = _VERSION.validate_python(facts)
        except ValidationError:
            return None
        return found if self._origin.knows(found.uri, str(facts.get("registry"))) else None

    def versions(self) -> Iterator[ModelVersion]:
        """All remembered versions, highest number first."""
        numbers = sorted(
            (int(path.stem) for path in self._versions.glob("*.json") if path.stem.isdigit()), reverse=True
        )
        for number in numbers:
            if found := self.version(number):
                yield found

    def answer(self, reference: str) -> RememberedAnswer | None:
        """Where a reference led last, if it was ever asked."""
        try:
            return _ANSWER.validate_python(_read(self._versions / f"{reference}.json"))
        except ValidationError:
            return None

    def _write(self, path: Path, facts: dict[str, object]) -> None:
        write_whole(path, json.dumps(facts, indent=2).encode())


def open_cache(settings: Settings, place: Place) -> ModelCache:
    """The cache of one model in one environment, bounded as the settings say."""
    patience = SHARE_OF_THE_BUDGET * settings.network_timeout_seconds
    return ModelCache(settings.cache_folder, place, find_origin(settings), settings.cache_size_bytes, patience)


def find_origin(settings: Settings) -> Origin:
    """The registry and store of these settings. Raises ConfigurationError: a scheme that no store serves."""
    root, home = normal_root(settings.artifact_root), settings.home
    # Servers have buckets of the same name; a profile may name the server too.
    server = settings.s3_endpoint_url or settings.aws_profile or ""
    store = f"{server.rstrip('/')} {root}" if root.startswith("s3") else root.replace(home.as_uri(), "home:", 1)
    registry = without_password(settings.tracking_uri).replace(str(home), "home:", 1)
    return Origin(root, store, registry if settings.mlflow_enabled else "")


def _largest_part(target: Path) -> int:
    """Bytes of what is being written for a file, by whoever is furthest; 0 where nobody writes it."""
    sizes = [0]
    for part in target.parent.glob(f".{target.name}.*{PART}"):
        with suppress(OSError):
            sizes.append(part.stat().st_size)
    return max(sizes)


def _silent(_done: int) -> None:
    return


def _read(path: Path) -> dict[str, str]:
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
