"""Reading logs by the workers of a cluster: groups of files, and parts of large plain files, are tasks.

The parts are put together in the order of the files, so that the events are those of one machine.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO

from openstack_rca.errors import ClusterMismatch
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import PartRead, read_part
from openstack_rca.logs.gathered_events import GatheredEvents, ReadingOptions
from openstack_rca.logs.layout import is_called_like_log
from openstack_rca.logs.sources import Source, Stretch
from openstack_rca.logs.stretches import count_lines, parts_of
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.listener import Listener

BLOCKS_OF_A_PART = 4
"""So many blocks of a large file are one task: 32 MiB."""
LEAST_BYTES = 256 * 1024
"""A group of small files that is one task holds at least so much, if there is so much."""
_GROUPS_OF_A_THREAD = 4


@dataclass(frozen=True)
class _Group:
    """Files that are read by one task, or one part of a file; ``goes_on`` where that is not its first part."""

    sources: list[Source]
    goes_on: bool = False

    @property
    def size(self) -> int:
        return sum(_size(source) for source in self.sources)


def read_by_workers(
    cluster: Cluster,
    sources: Sequence[Source],
    options: ReadingOptions,
    bounds: Bounds,
    spill: Callable[[], BinaryIO],
    listener: Listener,
) -> PartRead:
    """Read files by the workers; arguments as for ``read_part``, errors as for ``Cluster.results``."""
    done, total = 0, sum(_size(source) for source in sources)

    def tell() -> None:
        listener.part(min(done, total), total)

    whole = PartRead([], [], [], None, GatheredEvents(spill))
    groups = list(
        _groups(_cut(cluster, sources, tell), max(LEAST_BYTES, total // (_GROUPS_OF_A_THREAD * cluster.threads)))
    )
    calls = [(group.sources, options, bounds) for group in groups if _is_file(group.sources[0])]
    parts = cluster.results(read_here, calls, tell)
    for group in groups:
        # Standard input is read by who has it.
        part = next(parts) if _is_file(group.sources[0]) else read_part(group.sources, options, bounds, None, spill)
        whole.take_in(replace(part, goes_on=group.goes_on))
        done += group.size
        tell()
    return whole


def read_here(sources: Sequence[Source], options: ReadingOptions, bounds: Bounds) -> PartRead:
    """Run on a worker: read some files. Raises ClusterMismatch: this machine does not see them as the one that asks does."""
    for source in sources:
        if _is_file(source):
            _require_same(source)
    # Each worker has one processor.
    return read_part(sources, replace(options, threads=1), bounds)


def _require_same(source: Source) -> None:
    assert source.path is not None
    try:
        with source.path.open("rb") as file:
            status = os.fstat(file.fileno())
    except FileNotFoundError:
        what = "does not see"
    except OSError:
        return  # reading it will say so
    else:
        changed = datetime.fromtimestamp(status.st_mtime, UTC) != source.modified
        if status.st_size > source.size or (status.st_size == source.size and not changed):
            return
        what = "sees another file than this machine as"
    raise ClusterMismatch(
        f"The worker on {platform.node()} {what} {source.path}.",
        "Mount the folder of the logs under one path on this machine and on every worker, or put them into a bucket (s3://). "
        "If they are being rotated, run the command again.",
    )


def _is_file(source: Source) -> bool:
    return source.path is not None and not source.further and (source.stretch is None or source.stretch.held is None)


def _size(source: Source) -> int:
    stretch = source.stretch
    return source.size if stretch is None else (stretch.end or source.size) - stretch.start


def _cut(cluster: Cluster, sources: Sequence[Source], on_wait: Callable[[], None]) -> list[_Group]:
    """The files, large plain ones in parts that know the numbers of their lines."""
    cut: list[tuple[Source, list[Stretch]]] = []
    for source in sources:
        parts: list[Stretch] = []
        if source.path is not None:
            path = source.path.absolute()
            # The folder from which this command was called is not theirs.
            source = replace(source, path=path)
            # What is not called like a log is looked at as a whole.
            if (
                source.stretch is None
                and not source.further
                and (source.direct or is_called_like_log(source.inside[-1]))
            ):
                with suppress(OSError):
                    parts = parts_of(path, BLOCKS_OF_A_PART)
        cut.append((source, parts))
    borders = [(source.path, part.end, part.start) for source, parts in cut for part in parts[:-1]]
    counts = cluster.results(count_lines, borders, on_wait)
    groups = []
    for source, parts in cut:
        if not parts:
            groups.append(_Group([source]))
            continue
        line = 1
        for number, part in enumerate(parts):
            groups.append(_Group([replace(source, stretch=replace(part, first_line=line))], goes_on=number > 0))
            line += next(counts) if part is not parts[-1] else 0
    return groups


def _groups(single: Sequence[_Group], size: int) -> Iterator[_Group]:
    """Small files that stand behind each other, together."""
    held: list[Source] = []
    for group in single:
        alone = group.sources[0].stretch is not None or not _is_file(group.sources[0])
        if held and (alone or sum(map(_size, held)) + group.size > size):
            yield _Group(held)
            held = []
        if alone:
            yield group
        else:
            held = [*held, *group.sources]
    if held:
        yield _Group(held)
