"""Logs in a bucket, with the credentials that the model store uses; only what changed in the wanted time is fetched."""

from __future__ import annotations

from pathlib import PurePosixPath

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.lifecycle.objects import ObjectStore
from openstack_rca.logs.layout import is_other_kind
from openstack_rca.service.remote.addresses import Address
from openstack_rca.service.remote.fetch_folder import Spool, safe_path

MOST_OBJECTS = 5000


def fetch_objects(address: Address, spool: Spool) -> None:
    """Objects below a prefix, or one object."""
    bucket, _, prefix = address.rest.partition("/")
    if not bucket:
        raise ConfigurationError(f"{address.text} names no bucket.", "Write it like s3://BUCKET/PREFIX.")
    store = ObjectStore(spool.settings, f"s3://{bucket}")
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
    for item in sorted(wanted, key=lambda item: item.key)[:MOST_OBJECTS]:
        spool.take(item.size_bytes)
        target = spool.folder / safe_path(item.key.removeprefix(_folder(prefix)))
        target.parent.mkdir(parents=True, exist_ok=True)
        store.fetch(item.key, target)


def _folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else prefix + "/"
