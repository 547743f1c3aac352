"""Parts of files that were cut, in an archive: they come in any order, so they lie on disk until its end and are joined there."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from itertools import count, takewhile
from typing import IO, NamedTuple

from openstack_rca.errors import DamagedLog
from openstack_rca.logs.bounds import Budget
from openstack_rca.logs.cut_files import LAST_OF_ZIP, Kind, last_of_zip, part_for_sure, starts_of
from openstack_rca.logs.opening import Input

_COPY_BYTES = 1024 * 1024


class Held(NamedTuple):
    """A file that was held back: its path in the archive, its bytes, when it changed last, where the parts of a zip begin."""

    parts: tuple[str, ...]
    stream: _Places
    modified: datetime | None
    starts: tuple[int, ...] = ()


class _Places:
    """Stretches (first byte, how many) of one file, one behind the other; ``trouble`` is what kept more from being there."""

    def __init__(self, file: IO[bytes], places: list[tuple[int, int]], trouble: DamagedLog | None = None) -> None:
        self._file = file
        self.places = places
        self.trouble = trouble

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, fewer at the end of a stretch; none means the end. Raises DamagedLog there."""
        while self.places:
            start, length = self.places.pop(0)
            data = os.pread(self._file.fileno(), length if size < 0 else min(size, length), start)
            if len(data) < length:
                self.places.insert(0, (start + len(data), length - len(data)))
            if data:
                return data
        if self.trouble is not None:
            raise self.trouble
        return b""


class HeldParts:
    """Members of an archive that look like parts of cut files, kept in one file on disk."""

    def __init__(self, disk: IO[bytes], budget: Budget) -> None:
        self._disk = disk
        self._budget = budget
        self._kinds: dict[tuple[tuple[str, ...], Kind], dict[int, Held]] = {}

    def takes(self, parts: tuple[str, ...], content: Input, modified: datetime | None) -> bool:
        """Read and keep a member that is surely a part, and return True; return False for any other. Raises LogBoundReached."""
        cut = part_for_sure(parts[-1]) or last_of_zip(parts[-1], content.head())
        if cut is None:
            return False
        start, size = self._disk.seek(0, os.SEEK_END), 0
        stream = _Places(self._disk, [])
        self._kinds.setdefault((parts[:-1], cut[0]), {})[cut[1]] = Held(parts, stream, modified)
        try:
            while piece := content.read(_COPY_BYTES):
                self._budget.take_text(content.called, len(piece))
                size += self._disk.write(piece)
                stream.places[:] = [(start, size)]
        except DamagedLog as error:
            stream.trouble = error
        return True

    def files(self, names: Mapping[tuple[str, ...], Container[str]]) -> Iterator[Held]:
        """The files joined from parts of which the first is there, and each other part as it stands.

        Args:
            names: folder to the names of all its members; a file that is there as a whole too is not joined.
        """
        self._disk.flush()
        for (folder, kind), found in self._kinds.items():
            first = min(found)
            run = [found.pop(place) for place in takewhile(found.__contains__, count(first))]
            starts: tuple[int, ...] = ()
            of_zip = LAST_OF_ZIP in found and len(found) == 1
            if of_zip:
                starts = starts_of(sum(length for _, length in each.stream.places) for each in run)
                run.append(found.pop(LAST_OF_ZIP))
            if first <= kind.first and len(run) > 1 and (of_zip or kind.file not in names.get(folder, ())):
                places = [place for each in run for place in each.stream.places]
                trouble = next(filter(None, (each.stream.trouble for each in run)), None)
                run = [Held((*folder, kind.file), _Places(self._disk, places, trouble), run[-1].modified, starts)]
            for one in (*run, *found.values()):
                self._budget.give_back(sum(length for _, length in one.stream.places))
                yield one
