"""Reading every log of the given files, one after the other; what cannot be read is named and the rest goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ctypes import CDLL
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openstack_rca.errors import LogBoundReached, UnreadableLog
from openstack_rca.logs.archives import Inside, LeftOut, Walk, reason_of
from openstack_rca.logs.blocks import Block, read_blocks
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.names import Origin
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.sources import Source, collect_sources
from openstack_rca.logs.stamps import zone_in
from openstack_rca.logs.stretches import StretchWalk

_BATCH_BYTES = 8 * 1024 * 1024
_KEPT = {-3: 32 * 1024 * 1024, -1: 128 * 1024 * 1024}
"""What mallopt(3) calls M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, in bytes."""


def _keep_freed_memory() -> None:
    """Let glibc keep the memory of one block for the next one; to give it back each time takes a twelfth of the reading."""
    with suppress(OSError, AttributeError):
        allocator = CDLL(None).mallopt
        for parameter, size in _KEPT.items():
            allocator(parameter, size)


@dataclass
class Log:
    """One log that is being read: a file, or one inside of an archive.

    ``zone`` is the offset that its stamps carry; ``host_zone`` and ``started`` are what its host's own files say, and so is
    ``late_host`` where such a file lies behind the log in an archive.
    """

    name: str
    origin: Origin
    modified: datetime
    host_in_file: bool = False
    zone: str | None = None
    lines: int = 0
    skip: SkipReason | None = None
    detail: str = ""
    host_zone: str | None = None
    started: datetime | None = None
    late_host: str | None = None


def logs_inside(paths: Sequence[str | Path], bounds: Bounds) -> Iterator[tuple[str, Inside | LeftOut]]:
    """Every log of the given paths under the name that events call it, and what is left out.

    A log is read, as far as wanted, before the next one is asked for; errors as for ``collect_sources``.
    """
    collection = collect_sources(paths)
    for name, reason, detail in collection.skipped:
        yield name, LeftOut((), reason, detail)
    for source in collection.sources:
        try:
            for found in _way_through(source, bounds).logs():
                yield "/".join((source.name, *found.parts)), found
        except UnreadableLog as error:
            yield source.name, LeftOut((), reason_of(error), error.message)


def _way_through(source: Source, bounds: Bounds) -> Walk:
    return Walk(source.path, source.inside, bounds, direct=source.direct, further=source.further, named=source.alone)


class Reading:
    """The reading of all files, one after the other.

    Attributes:
        logs: those found so far.
        left_out: name, reason and sentence of what was not read.
        distrusted: places in ``logs`` of which nothing may be used.
        error: the first one, told where nothing else could be read.
    """

    def __init__(
        self, sources: Sequence[Source], bounds: Bounds, on_progress: Callable[[int, int], None] | None
    ) -> None:
        self._sources = sources
        self._bounds = bounds
        self._on_progress = on_progress
        self._done = 0
        self._total = sum(source.size for source in sources)
        self.logs: list[Log] = []
        self.left_out: list[tuple[str, SkipReason, str]] = []
        self.distrusted: list[int] = []
        self.error: UnreadableLog | None = None

    def batches(self) -> Iterator[list[Block]]:
        """Blocks of many files together, so that small files do not each pay for their own pass."""
        _keep_freed_memory()
        batch: list[Block] = []
        size = 0
        for source in self._sources:
            walk = (
                StretchWalk(source.path, source.stretch)
                if source.stretch is not None
                else _way_through(source, self._bounds)
            )
            for block in self._blocks(source, walk):
                batch.append(block)
                size += block.text_bytes
                if size >= _BATCH_BYTES:
                    yield batch
                    self._tell(walk.position())
                    batch, size = [], 0
            self._done += source.size
        if batch:
            yield batch
        self._tell(0)

    def _tell(self, position: int) -> None:
        if self._on_progress is not None:
            self._on_progress(min(self._done + position, self._total), self._total)

    def _blocks(self, source: Source, walk: Walk | StretchWalk) -> Iterator[Block]:
        of_walk: list[tuple[Log, tuple[str, ...]]] = []
        try:
            for found in walk.logs():
                name = "/".join((source.name, *found.parts))
                if isinstance(found, LeftOut):
                    self.left_out.append((name, found.reason, found.detail))
                else:
                    yield from self._log_blocks(source, found, name)
                    of_walk.append((self.logs[-1], found.parts))
        except UnreadableLog as error:
            self.left_out.append((source.name, reason_of(error), error.message))
            self.error = self.error or error
        for log, parts in of_walk:
            # An archive may tell of its host behind the host's logs.
            told = walk.told_of(parts).completed([source.told])
            log.host_zone, log.started = told.zone, told.start
            log.late_host = None if log.host_in_file else told.name

    def _log_blocks(self, source: Source, found: Inside, name: str) -> Iterator[Block]:
        host_in_file = (found.host or source.told.name) is not None
        log = Log(name, source.origin(found.parts, found.host), found.modified or source.modified, host_in_file)
        index = len(self.logs)
        self.logs.append(log)
        try:
            begin, ahead = (source.stretch.first_line, source.stretch.ahead) if source.stretch else (1, None)
            for block in read_blocks(found.text, index, begin, ahead):
                if not log.lines:
                    log.zone = zone_in(block.lines)
                log.lines += block.line_count
                yield block
        except UnreadableLog as error:
            log.skip, log.detail = reason_of(error), error.message
            if isinstance(error, LogBoundReached) and error.distrusted:
                self.distrusted.append(index)
                log.lines = 0
            self.error = self.error or error
