"""Following logs while they are written: what came since the last look, through renaming, truncation and new files.

A file is known by its device and inode, not by its name: a renamed file is read to its end under the name that it had, and
what takes its place begins anew. What is handed out begins where an event begins, so that a traceback that is still being
written is handed out again, whole, with the lines that have come.
"""

import hashlib
import io
import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from openstack_rca.errors import LogInputError, NoLogFiles
from openstack_rca.logs.blocks import last_border
from openstack_rca.logs.content import reads_like_log
from openstack_rca.logs.layout import is_called_like_log
from openstack_rca.logs.sources import Source, Stretch, collect_sources
from openstack_rca.logs.stretches import can_be_entered, count_lines

PIECE_BYTES = 1024 * 1024
"""So much is read of one file at a time."""
MOST_BYTES = 8 * PIECE_BYTES
"""So much is read of all files in one look."""
LONGEST_EVENT = 1024 * 1024
"""Of text without the beginning of an event no more is held back."""
MOST_HEADS = 10_000
"""So many beginnings of files are remembered, the last ones, so that copies of them are not read again."""
_AHEAD = timedelta(seconds=60)
_HEAD_BYTES = 1024


@dataclass(frozen=True)
class Place:
    """Where the next reading of a file begins.

    Attributes:
        offset, line: of the beginning of its last event.
        head: digest of the first bytes of the file, which tells it from another one with its inode.
    """

    offset: int
    line: int
    head: str


@dataclass(frozen=True)
class Arrival:
    """New lines of one file, in ``source``; they replace what was handed out before from their first line on.

    Attributes:
        key: identifies the file, also after it was renamed; a truncated file gets a new key.
    """

    key: str
    source: Source


class _Followed:
    """One open file, or standard input."""

    def __init__(self, source: Source, stream: IO[bytes], place: Place, identity: str) -> None:
        self.source = source
        self.identity = identity
        self.head = place.head
        self.latest: datetime | None = None
        self.is_listed = True
        self.ended = False
        self._stream = stream
        self._generation = 0
        self._begin, self._line = place.offset, place.line
        self._held = b""
        if source.path is not None:
            stream.seek(place.offset)

    @property
    def place(self) -> Place:
        """Where to go on in another process."""
        self._let_go()
        return Place(self._begin, self._line, self.head)

    @property
    def position(self) -> int:
        """So many bytes of the file were read."""
        return self._begin + len(self._held)

    @property
    def key(self) -> str:
        """Of the lines that it holds now."""
        return f"{self.identity}:{self._generation}"

    def unread(self) -> int:
        """How many bytes wait in the file."""
        if self.source.path is None:
            return 0
        size = os.fstat(self._stream.fileno()).st_size
        if size < self.position:
            self._begin_anew()
        return size - self.position

    def _begin_anew(self) -> None:
        """It was truncated."""
        self._generation += 1
        self._begin, self._line, self._held = 0, 1, b""
        self._stream.seek(0)
        self.head = head_of(self._stream)

    def read(self, most: int) -> int:
        """Take in what has come, at most so many bytes; gives how many."""
        self._let_go()
        data = _at_once(self._stream, most) if self.source.path is None else self._stream.read(most)
        if self.source.path is None and data == b"":
            self.ended = True
        if not data:
            return 0
        if len(self.head) < 64 and self.source.path is not None:
            self.head = head_of(self._stream)
        self._held += data
        return len(data)

    def arrival(self) -> Arrival | None:
        """The whole lines that are held."""
        text = self._held if self.ended else self._held[: self._held.rfind(b"\n") + 1]
        if not text:
            return None
        stretch = Stretch(self._begin, self._begin + len(text), self._line, text)
        return Arrival(self.key, replace(self.source, stretch=stretch))

    def _let_go(self) -> None:
        """Of what was handed out only the last event is held."""
        whole = self._held[: self._held.rfind(b"\n") + 1]
        cut = last_border(whole) if whole else 0
        if not cut and len(whole) > LONGEST_EVENT:
            cut = len(whole)
        self._begin += cut
        self._line += self._held.count(b"\n", 0, cut)
        self._held = self._held[cut:]

    def close(self) -> None:
        """Let the file go."""
        if self.source.path is not None:
            self._stream.close()


class Follower:
    """Files, folders and globs, looked at again and again; ``-`` is standard input.

    Args:
        paths: what to follow.
        from_start: read what the files hold already; else only what comes.
        places: where an earlier process stopped, by the identity of the file.

    Raises LogInputError: a path leads nowhere, or a file is not a log.
    """

    def __init__(
        self, paths: Sequence[str | Path], *, from_start: bool = False, places: Mapping[str, Place] | None = None
    ) -> None:
        self._paths = list(paths)
        self._places = dict(places or {})
        self._files: dict[str, _Followed] = {}
        self._heads = dict.fromkeys(place.head for place in self._places.values() if place.head)
        # A folder that is still empty may be watched; a file that is not there is a wrong path.
        with suppress(*((NoLogFiles,) if all(Path(path).is_dir() for path in paths) else ())):
            self._list(
                collect_sources(paths, join_parts=False).sources, from_start=from_start or bool(places), first=True
            )

    @property
    def places(self) -> dict[str, Place]:
        """Where a later ``Follower`` goes on (its argument ``places``), by the identity of each file."""
        return {each.identity: each.place for each in self._files.values() if each.source.path is not None}

    @property
    def lag_bytes(self) -> int:
        """How many bytes of the files were not read yet."""
        return sum(each.unread() for each in self._files.values())

    @property
    def files(self) -> int:
        """How many files are followed."""
        return len(self._files)

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more: all that was followed is standard input, and it is closed."""
        return bool(self._files) and all(each.source.path is None and each.ended for each in self._files.values())

    def look(self) -> list[Arrival]:
        """What came since the last call, a bounded amount at a time; of a backlog the oldest part first."""
        with suppress(LogInputError):
            self._list(collect_sources(self._paths, join_parts=False).sources, from_start=True, first=False)
        arrivals = []
        left = MOST_BYTES
        for each in self._in_turn():
            if left <= 0:
                break
            read = each.read(min(left, PIECE_BYTES))
            left -= read
            found = each.arrival() if read or each.ended else None
            if found is not None:
                arrivals.append(found)
        for each in [each for each in self._files.values() if not each.is_listed and not each.unread()]:
            each.close()
            del self._files[each.identity]
        return arrivals

    def note_time(self, key: str, latest: datetime | None) -> None:
        """Set the time of the latest event read of the file with this key, so that in a backlog no file runs ahead."""
        for each in self._files.values():
            if each.key == key and latest is not None:
                each.latest = latest

    @property
    def horizon(self) -> datetime | None:
        """The time up to which all files with a backlog were read; None where there is none, or no time was noted."""
        behind = [each.latest for each in self._files.values() if each.unread()]
        known = [latest for latest in behind if latest is not None]
        return min(known) if known else None

    def close(self) -> None:
        """Close all files."""
        for each in self._files.values():
            each.close()

    def _in_turn(self) -> Iterator[_Followed]:
        waiting = [
            each for each in self._files.values() if each.unread() or (each.source.path is None and not each.ended)
        ]
        times = [each.latest for each in waiting if each.latest is not None]
        border = min(times) + _AHEAD if times and all(each.latest for each in waiting) else None
        for each in waiting:
            if each.latest is None or border is None or each.latest <= border:
                yield each

    def _list(self, sources: Sequence[Source], *, from_start: bool, first: bool) -> None:
        for each in self._files.values():
            each.is_listed = each.source.path is None
            if each.head:
                self._heads.pop(each.head, None)
                self._heads[each.head] = None
        while len(self._heads) > MOST_HEADS:
            del self._heads[next(iter(self._heads))]
        for source in sources:
            if source.path is None:
                if first:
                    standard = io.FileIO(0, closefd=False)
                    self._files["-"] = _Followed(source, io.BufferedReader(standard), Place(0, 1, ""), "-")
                continue
            with suppress(OSError):
                self._add(source, source.path, from_start)

    def _add(self, source: Source, path: Path, from_start: bool) -> None:
        status = path.stat()
        identity = f"{status.st_dev}:{status.st_ino}"
        if identity in self._files:
            self._files[identity].is_listed = True
            return
        if status.st_size == 0:
            # What it is shows with its first line.
            if is_called_like_log(path.name):
                self._open(source, path, Place(0, 1, ""), identity)
            return
        if not (is_called_like_log(path.name) or reads_like_log(_beginning(path))) or not can_be_entered(path):
            return
        with path.open("rb") as stream:
            head = head_of(stream)
        known = self._places.pop(identity, None)
        if known is not None and known.head in ("", head) and known.offset <= status.st_size:
            self._open(source, path, known, identity)
            return
        # A copy of what is followed already, as logrotate's copytruncate leaves behind, holds at most its last lines anew.
        original = next((each for each in self._files.values() if head and each.head == head), None)
        begin = original.position if original else 0 if from_start and head not in self._heads else status.st_size
        begin = min(begin, status.st_size)
        self._open(source, path, Place(begin, count_lines(path, begin) + 1, head), identity)

    def _open(self, source: Source, path: Path, place: Place, identity: str) -> None:
        self._files[identity] = _Followed(source, path.open("rb"), place, identity)


def head_of(stream: IO[bytes]) -> str:
    """A digest of the first bytes of a file, empty while the file is shorter; the position of the stream is kept."""
    place = stream.tell()
    stream.seek(0)
    data = stream.read(_HEAD_BYTES)
    stream.seek(place)
    return hashlib.sha256(data).hexdigest() if len(data) == _HEAD_BYTES else ""


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES * 64)


def _at_once(stream: IO[bytes], most: int) -> bytes | None:
    """What a pipe holds now; None where it holds nothing yet, empty where it is closed."""
    if not select.select([stream], [], [], 0)[0]:
        return None
    return os.read(stream.fileno(), most)
