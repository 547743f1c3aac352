"""Logs in a bucket, with the credentials that the model store uses; only what changed in the wanted time is fetched."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.lifecycle.objects import ObjectStore, StoredObject
from openstack_rca.logs.layout import is_other_kind
from openstack_rca.service.remote.addresses import Address
from openstack_rca.service.remote.fetch_folder import Spool, safe_path
from openstack_rca.settings import Settings

MOST_OBJECTS = 5000


def fetch_objects(address: Address, spool: Spool) -> None:
    """Objects below a prefix, or one object."""
    for item in wanted_objects(address, spool):
        spool.take(item.size_bytes)
        fetch_keys(address, [item.key], spool.folder, spool.settings)


def wanted_objects(address: Address, spool: Spool) -> list[StoredObject]:
    """The objects that an address means, by their keys. Raises ConfigurationError, RemoteLogsUnavailable, StoreError."""
    store, prefix = _opened(address, spool.settings)
    below = [item for item in store.objects(prefix) if item.key == prefix or item.key.startswith(_folder(prefix))]
    wanted = [
        item
        for item in below
        if (not spool.bounded or item.modified >= spool.since) and not is_other_kind(PurePosixPath(item.key).parts)
    ]
    if not wanted:
        raise RemoteLogsUnavailable(
            f"{address.text} holds no logs"
            + (f" that changed since {spool.since:%Y-%m-%d %H:%M} UTC" if spool.bounded else "")
            + f" ({len(below):,} objects in all).",
            "Check the prefix, or look further back with --since.",
        )
    if len(wanted) > MOST_OBJECTS:
        spool.note(f"Only the first {MOST_OBJECTS:,} objects of {address.text} were read.")
    return sorted(wanted, key=lambda item: item.key)[:MOST_OBJECTS]


def fetch_keys(address: Address, keys: Sequence[str], folder: Path, settings: Settings) -> None:
    """Fetch objects into a folder, in which they lie as they do below the prefix."""
    store, prefix = _opened(address, settings)
    for key in keys:
        target = folder / safe_path(key.removeprefix(_folder(prefix)))
        target.parent.mkdir(parents=True, exist_ok=True)
        store.fetch(key, target)


def _opened(address: Address, settings: Settings) -> tuple[ObjectStore, str]:
    bucket, _, prefix = address.rest.partition("/")
    if not bucket:
        raise ConfigurationError(f"{address.text} names no bucket.", "Write it like s3://BUCKET/PREFIX.")
    return ObjectStore(settings, f"s3://{bucket}"), prefix


def _folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else prefix + "/"
