"""Objects in a store: ``file://``, ``s3://``, ``gs://`` and ``az://`` behind one face.

No S3 server is trusted to arbitrate between two writers: some refuse ``If-None-Match``, some ignore it. A new object
carries its digest and its writer's token where the store keeps metadata, and publishing reads both back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from openstack_rca.errors import ConfigurationError, StoreError, StoreObjectNotFound, StoreUnavailable
from openstack_rca.lifecycle.objects.connecting import (
    Limits,
    download_limits,
    open_store,
    question_limits,
    upload_limits,
)
from openstack_rca.lifecycle.objects.credentials import find_s3_access
from openstack_rca.lifecycle.objects.files import PART, create_object
from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.lifecycle.objects.store_errors import (
    ConditionNotSupportedError,
    key_taken,
    said,
    store_errors,
    writing_to,
)
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore as AnyStore

Progress = Callable[[int, int], None]

SCHEMES = ("file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
READ_CHUNK = 1024 * 1024


def normal_root(root: str) -> str:
    """An artifact root as a URI without a trailing slash; a path becomes ``file://``. Raises ConfigurationError."""
    if "://" not in root:
        if ":" in root.split("/", 1)[0]:
            raise _unknown_scheme(root)
        return Path(root).expanduser().absolute().as_uri()
    parts = urlparse(root)
    if parts.scheme not in SCHEMES:
        raise _unknown_scheme(root)
    if parts.fragment or parts.query or root.endswith(("#", "?")):
        raise ConfigurationError(
            f"MLFLOW_ARTIFACT_ROOT {root} contains a '#' or '?', where an address ends.",
            "Choose a folder without them, or write them as %23 and %3F.",
        )
    if parts.scheme != "file" and "//" in parts.path.rstrip("/"):
        raise ConfigurationError(
            f"MLFLOW_ARTIFACT_ROOT {root} holds a folder without a name (//).",
            f"Write it as {parts.scheme}://{parts.netloc}{re.sub('/+', '/', parts.path)}",
        )
    return root.rstrip("/")


def _unknown_scheme(root: str) -> ConfigurationError:
    scheme = root.split(":", 1)[0]
    return ConfigurationError(
        f"Models cannot be stored under a {scheme}: address.",
        "Set MLFLOW_ARTIFACT_ROOT to s3://BUCKET/FOLDER, gs://, az:// or a folder (file://).",
    )


@dataclass(frozen=True)
class StoredObject:
    """One object of a listing; ``modified`` is in UTC."""

    key: str
    size_bytes: int
    modified: datetime


class ObjectStore:
    """The objects below one root.

    Connecting is lazy; every network step is bounded by ``settings.network_timeout_seconds`` of silence, and every answer
    but a model file also in all (``connecting.ONE_ANSWER``). All methods raise ``StoreUnavailable``, ``StoreAccessDenied``,
    ``StoreBucketNotFound`` or ``StoreError``.
    """

    def __init__(self, settings: Settings, root: str | None = None) -> None:
        self.settings = settings
        self.root = normal_root(root or settings.artifact_root)
        self.scheme = urlparse(self.root).scheme
        self._stores: dict[Limits, AnyStore] = {}

    def uri(self, key: str) -> str:
        """Full URI of a key."""
        return f"{self.root}/{key}"

    def key_of(self, uri: str) -> str | None:
        """The key of a URI below this root, else ``None``."""
        return uri.removeprefix(self.root + "/") if uri.startswith(self.root + "/") else None

    @property
    def is_local(self) -> bool:
        """Whether the objects are files of this machine."""
        return self.scheme == "file"

    def put_new_file(
        self, key: str, path: Path, attributes: Mapping[str, str], on_progress: Progress | None = None
    ) -> None:
        """Upload a file to a key that must be free. Raises StoreObjectExists: the key is taken; nothing was written."""
        size = path.stat().st_size
        report = on_progress or _silent
        report(0, size)
        if not self.is_local:
            # There are servers that ignore "create only" and say nothing.
            self._must_be_free(key)
        if self.is_local or size <= self.settings.s3_multipart_threshold:
            self._put_new(key, path, size, attributes)
        else:
            self._put_multipart(key, path, size, attributes, report)
        report(size, size)

    def put_new_bytes(self, key: str, data: bytes) -> None:
        """Write a small object to a free key. Raises StoreObjectExists: it is taken; nothing was written."""
        self._put_new(key, data, len(data), {})

    def _put_new(self, key: str, content: Path | bytes, size: int, attributes: Mapping[str, str]) -> None:
        import obstore

        if self.is_local and self._put_new_local(key, content):
            return
        store = self._connection(upload_limits(self.settings, size))
        kept = self._attributes(attributes)
        try:
            with self._errors(key, writing=True):
                obstore.put(store, key, content, mode="create", attributes=kept, use_multipart=False)
        except ConditionNotSupportedError:
            self._must_be_free(key)
            with self._errors(key, writing=True):
                obstore.put(store, key, content, attributes=kept, use_multipart=False)

    def _put_new_local(self, key: str, content: Path | bytes) -> bool:
        """Whether it was written; a file system without hard links leaves it to the library."""
        with self._errors(key):
            try:
                return create_object(self.root, key, content)
            except FileExistsError as error:
                if error.filename2 is None:
                    raise
                raise key_taken(self.uri(key)) from error

    def _put_multipart(self, key: str, path: Path, size: int, attributes: Mapping[str, str], report: Progress) -> None:
        import obstore

        # Multipart uploads cannot ask for "create only"; the read-back after it decides.
        chunk = self.settings.s3_multipart_chunksize

        def parts() -> Iterator[bytes]:
            done = 0
            with path.open("rb") as stream:
                while block := stream.read(chunk):
                    yield block
                    done += len(block)
                    report(done, size)

        with self._errors(key, writing=True):
            obstore.put(
                self._connection(upload_limits(self.settings, chunk)),
                key,
                parts(),
                attributes=self._attributes(attributes),
                use_multipart=True,
                chunk_size=chunk,
                max_concurrency=4,
            )

    def _must_be_free(self, key: str) -> None:
        if self.exists(key):
            raise key_taken(self.uri(key))

    def exists(self, key: str) -> bool:
        """Whether the key holds an object."""
        import obstore

        try:
            with self._own_words(), self._errors(key):
                found = obstore.head(self._connection(), key)
        except StoreObjectNotFound:
            return False
        if not self.is_local and not found.get("e_tag"):
            self._must_be_a_store()
        return True

    def read(self, key: str) -> bytes:
        """A small object, whole. Raises StoreObjectNotFound: no such object."""
        import obstore

        with self._errors(key):
            return bytes(obstore.get(self._connection(), key).bytes())

    def fetch(
        self, key: str, destination: Path | None = None, on_progress: Progress | None = None
    ) -> tuple[str, int, dict[str, str]]:
        """Read an object to its end, into ``destination`` where one is given.

        Returns sha256 of what was read, its size in bytes, and the object's own metadata (empty where it keeps none). Raises
        StoreObjectNotFound.
        """
        import obstore

        digest, done = hashlib.sha256(), 0
        report = on_progress or _silent
        with self._errors(key):
            answer = obstore.get(self._connection(download_limits(self.settings)), key)
            total = answer.meta["size"]
            stream = answer.stream(min_chunk_size=READ_CHUNK)
            with _writer(destination) as write:
                report(0, total)
                for block in stream:
                    data = memoryview(block)
                    digest.update(data)
                    write(data)
                    done += len(data)
                    report(done, total)
            attributes = {str(name).lower(): value for name, value in answer.attributes.items()}
        return digest.hexdigest(), done, attributes

    def attributes(self, key: str) -> dict[str, str]:
        """An object's own metadata, names in small letters; empty where there is none. Raises StoreObjectNotFound."""
        import obstore

        with self._own_words(), self._errors(key):
            answer = obstore.get(self._connection(), key, options={"head": True})
        return {str(name).lower(): value for name, value in answer.attributes.items()}

    def folders(self) -> list[str]:
        """Names of the folders right below the root."""
        import obstore

        with self._own_words(), self._errors(""):
            found = obstore.list_with_delimiter(self._connection())
        if not (self.is_local or found["common_prefixes"] or found["objects"]):
            self._must_be_a_store()
        return [str(prefix).rstrip("/").rsplit("/", 1)[-1] for prefix in found["common_prefixes"]]

    def objects(self, folder: str) -> list[StoredObject]:
        """All objects below a folder (a key that ends in a slash), in no order; none where there is no such folder."""
        import obstore

        with self._errors(""):
            found = [stored for page in obstore.list(self._connection(), prefix=folder) for stored in page]
        whole = (stored for stored in found if not (self.is_local and stored["path"].endswith(PART)))
        return [StoredObject(stored["path"], stored["size"], stored["last_modified"]) for stored in whole]

    def delete(self, key: str) -> None:
        """Remove an object; one that is already gone is not an error."""
        import obstore

        try:
            with self._errors(key):
                obstore.delete(self._connection(), key)
        except StoreObjectNotFound:
            return

    def _connection(self, limits: Limits | None = None) -> AnyStore:
        """A connection for requests that may take so long; without limits, for small questions."""
        limits = limits or question_limits(self.settings)
        if limits not in self._stores:
            with self._errors(""):
                self._stores[limits] = open_store(self.settings, self.root, limits)
        return self._stores[limits]

    def _attributes(self, given: Mapping[str, str]) -> dict[str, str] | None:
        """Metadata of a new model file. Local folders keep none; the manifest beside the file carries it there."""
        if self.is_local:
            return None
        storage_class = self.settings.s3_storage_class if self.scheme.startswith("s3") else None
        kept = {"Storage-Class": storage_class} if storage_class else {}
        return {**given, **kept, "Content-Type": "application/octet-stream"}

    @cached_property
    def address(self) -> str:
        """What to call this store in a message: its endpoint where it has one, else its root."""
        endpoint = find_s3_access(self.settings).endpoint if self.scheme.startswith("s3") else None
        return endpoint or self.root

    @contextmanager
    def _own_words(self) -> Iterator[None]:
        """What answers only with a status (HEAD, a redirect) is asked again for its reason."""
        try:
            yield
        except (StoreObjectNotFound, StoreUnavailable):
            raise
        except StoreError:
            self._must_be_a_store()
            raise

    def _must_be_a_store(self) -> None:
        """Ask for one object of the bucket; raises StoreError where the answer tells why it is no store."""
        if not self.scheme.startswith("s3"):
            return
        bucket = urlparse(self.root).netloc
        try:
            answer = ask_bucket(self.settings, bucket, "list-type=2&max-keys=1")
        except (StoreError, ConfigurationError):
            return
        if answer.status == 200 and b"ListBucketResult" in answer.body:
            return
        known = said(answer.text, self.root, self.address, self.root)
        if known is not None:
            raise known

    def _errors(self, key: str, *, writing: bool = False) -> AbstractContextManager[None]:
        return store_errors(self.root, self.address, key, writing=writing)


def _silent(_done: int, _total: int) -> None:
    return


@contextmanager
def _writer(destination: Path | None) -> Iterator[Callable[[memoryview], object]]:
    if destination is None:
        yield len
        return
    with writing_to(destination), destination.open("wb") as stream:
        yield stream.write
