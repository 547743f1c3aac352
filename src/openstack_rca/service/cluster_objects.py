"""Reading logs in a bucket by the workers of a cluster: each fetches its objects with the credentials of its own environment."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO

from openstack_rca.errors import LogInputError, StoreError
from openstack_rca.lifecycle.objects import StoredObject
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import PartRead, read_part, whole_read
from openstack_rca.logs.gathered_events import GatheredEvents, ReadingOptions
from openstack_rca.logs.layout import depth_of_host_file
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.sources import Collection, collect_sources
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.listener import Listener
from openstack_rca.service.remote import bucket_objects, fetch_keys, parse_address
from openstack_rca.settings import Settings, load_settings

TASK_BYTES = 32 * 1024 * 1024
"""A task fetches about so much."""


def read_bucket_on(
    cluster: Cluster,
    address: str,
    settings: Settings,
    options: ReadingOptions,
    bounds: Bounds,
    spill: Callable[[], BinaryIO],
    listener: Listener,
) -> tuple[LogRead, list[str]]:
    """The logs below an ``s3://`` address, and notes about what of them was not fetched.

    Raises RemoteLogsUnavailable, StoreError: there are none, or the bucket cannot be listed or read. Else as ``read_logs`` and
    ``Cluster.results``.
    """
    wanted, notes = bucket_objects(address, settings)
    done, total = 0, sum(item.size_bytes for item in wanted)

    def tell() -> None:
        listener.part(done, total)

    # Which host a folder is of may be told by a file above it.
    told = [item.key for item in wanted if depth_of_host_file(PurePosixPath(item.key).parts) is not None]
    groups = grouped([item for item in wanted if item.key not in told], min(TASK_BYTES, total // (2 * cluster.threads)))
    calls = [(address, [*told, *(item.key for item in group)], options, bounds) for group in groups]
    whole = PartRead([], [], [], None, GatheredEvents(spill))
    for group, part in zip(groups, cluster.results(read_objects_here, calls, tell), strict=True):
        whole.take_in(part)
        done += sum(item.size_bytes for item in group)
        tell()
    whole.left_out = list(dict.fromkeys(whole.left_out))
    return whole_read(whole, Collection([], [], [address]), options), notes


def grouped(items: Sequence[StoredObject], size: int) -> list[list[StoredObject]]:
    """Objects in groups of about so many bytes; what lies in one folder as Docker's record of a container stays together."""
    groups: list[list[StoredObject]] = []
    load = size
    for _, near in groupby(items, key=lambda item: str(PurePosixPath(item.key).parent)):
        folder = list(near)
        together = any(PurePosixPath(item.key).name == "config.v2.json" for item in folder)
        for piece in [folder] if together else [[item] for item in folder]:
            if load >= size:
                groups.append([])
                load = 0
            groups[-1] += piece
            load += sum(item.size_bytes for item in piece)
    return groups


def read_objects_here(address: str, keys: Sequence[str], options: ReadingOptions, bounds: Bounds) -> PartRead:
    """Run on a worker: fetch objects and read them."""
    with TemporaryDirectory(prefix="openstack-rca-") as room:
        folder = Path(room) / "from0"
        try:
            fetch_keys(parse_address(address), keys, folder, load_settings())
        except StoreError as error:
            hint = f"{error.hint} What counts are the variables that the worker was started with.".strip()
            raise type(error)(f"The worker on {platform.node()} fetches nothing. {error.message}", hint) from error
        try:
            collection = collect_sources([folder])
        except LogInputError:
            return PartRead([], [], [], None, GatheredEvents(TemporaryFile))
        part = read_part(collection.sources, replace(options, threads=1), bounds)
        return replace(part, left_out=collection.skipped + part.left_out)
