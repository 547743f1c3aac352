"""Parts of plain files: what was added since they were read last, and what lies in a stretch of time.

Only text that is stored as it is, in UTF-8 and line by line, can be entered in the middle; anything else is read whole.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from openstack_rca.logs.archives import Inside
from openstack_rca.logs.blocks import BLOCK_BYTES, cut_before, is_line_by_line, last_border
from openstack_rca.logs.content import PlainText, encoding_of
from openstack_rca.logs.layout import HostFacts
from openstack_rca.logs.opening import HEAD_BYTES, Input, called_by, opened
from openstack_rca.logs.packing import packing_of
from openstack_rca.logs.sources import Stretch

_COUNTED_BYTES = 4 * 1024 * 1024
_BORDER_BYTES = 1024 * 1024
_PROBE_BYTES = 64 * 1024
_WINDOW_BYTES = 4 * _PROBE_BYTES
_PROBES = 32
_STAMP = re.compile(
    rb"^\W{0,2}(?:\S{1,64} )??"
    rb"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,]\d+)? ?(Z\b|[+-]\d\d:?\d\d\b)?",
    re.MULTILINE,
)
SLACK = timedelta(seconds=60)
"""Writers of one file disagree about the order of their lines by less than this."""
WARM_UP = timedelta(minutes=10)
"""So much before a stretch of time is read with it: what a stream of events did before says what is expected of it."""


class StretchWalk:
    """The way through a stretch of a plain file, as ``archives.Walk`` is the way through a whole one."""

    def __init__(self, path: Path | None, stretch: Stretch) -> None:
        self._path = path
        self._stretch = stretch
        self._part: _Part | None = None

    def position(self) -> int:
        """How many bytes of the stretch were read."""
        return self._part.done if self._part else 0

    def told_of(self, _parts: tuple[str, ...]) -> HostFacts:
        """Nothing: a plain file has no files inside."""
        return HostFacts()

    def logs(self) -> Iterator[Inside]:
        """The one log that there is. Raises UnreadableLog: the file cannot be opened."""
        if self._stretch.held is not None:
            yield Inside((), PlainText(io.BytesIO(self._stretch.held), b""), None, None)
            return
        with opened(self._path, direct=False) as raw:
            raw.seek(self._stretch.start)
            self._part = _Part(raw, None if self._stretch.end is None else self._stretch.end - self._stretch.start)
            content = Input(self._part, called_by(self._path))
            yield Inside((), PlainText(content, b""), None, None)


class _Part:
    """At most so many bytes of a file from where it stands."""

    def __init__(self, stream: IO[bytes], length: int | None) -> None:
        self._stream = stream
        self._left = length
        self.done = 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes."""
        if self._left is not None:
            size = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(size)
        self.done += len(data)
        if self._left is not None:
            self._left -= len(data)
        return data


def can_be_entered(path: Path, size: int = HEAD_BYTES) -> bool:
    """Whether a file's first ``size`` bytes are plain text, so that a stretch can be read; raises ``OSError`` where it cannot."""
    with path.open("rb") as file:
        head = file.read(min(size, HEAD_BYTES))
    is_text = packing_of(head) is None and encoding_of(head) == "utf-8" and b"\x00" not in head and b"\r" not in head
    return is_text and is_line_by_line(head)


def added_since(path: Path, size: int, lines: int) -> Stretch | None:
    """What to read of a plain file that has grown: from its last event then, which new lines may continue.

    Args:
        size: how many bytes it had when it was read last.
        lines: how many lines it had then.

    Returns the stretch; None where the file has to be read from its beginning.
    """
    with path.open("rb") as file:
        start = max(0, size - _BORDER_BYTES)
        file.seek(start)
        tail = file.read(size - start)
    border = last_border(tail)
    if not border:
        return None
    rest = tail[border:]
    begun = rest.count(b"\n") + (not rest.endswith(b"\n"))
    return Stretch(start + border, None, lines - begun + 1)


def stretch_of_time(
    path: Path, since: datetime | None, until: datetime | None, timezone: str
) -> tuple[Stretch, datetime] | None:
    """What to read of a plain file for a stretch of time, with some warm-up before it.

    Args:
        since, until: in UTC; None is open.
        timezone: IANA zone of stamps without an offset.

    Returns:
        The stretch, empty where the file holds nothing of that time, and the time of the file's last line; None where the
        file has to be read whole: it is not plain text, its lines do not begin with full dates, or they are not in the
        order of time.

    Raises OSError: the file cannot be read.
    """
    size = path.stat().st_size
    if not can_be_entered(path):
        return None
    with path.open("rb") as file:
        found = _Times(file, size, ZoneInfo(timezone))
        latest = found.last()
        if latest is None or not found.are_in_order():
            return None
        start = found.first_place(since - WARM_UP - SLACK) if since else 0
        end = found.first_place(until + SLACK) if until else size
    return Stretch(start, max(start, end), count_lines(path, start) + 1), latest


def parts_of(path: Path, blocks: int) -> list[Stretch]:
    """Parts of a plain file, of about so many blocks each, that give the very events that it gives as a whole.

    Returns:
        The parts, each with line 1 as its first; fewer than two where the file cannot be cut. Raises ``OSError`` where it
        cannot be read.
    """
    step, size = blocks * BLOCK_BYTES, path.stat().st_size
    if size <= step or not can_be_entered(path):
        return []
    parts = [Stretch(0, None, 1)]
    with path.open("rb") as file:
        if not is_line_by_line(file.read(BLOCK_BYTES)):
            return []
        for place in range(step, size, step):
            cut = cut_before(file, place)
            if cut:
                parts[-1] = replace(parts[-1], end=cut)
                parts.append(Stretch(cut, None, 1, ahead=place - cut))
    return parts


def count_lines(path: Path, end: int, start: int = 0) -> int:
    """How many line ends a file has between the bytes ``start`` and ``end``."""
    lines, left = 0, end - start
    with path.open("rb") as file:
        file.seek(start)
        while left > 0:
            data = file.read(min(_COUNTED_BYTES, left))
            if not data:
                break
            lines += data.count(b"\n")
            left -= len(data)
    return lines


class _Times:
    """The stamps of a file, found where one looks."""

    def __init__(self, file: IO[bytes], size: int, zone: ZoneInfo) -> None:
        self._file = file
        self._size = size
        self._zone = zone

    def are_in_order(self) -> bool:
        """Whether every place that is looked at has a stamp, and they follow each other in time."""
        latest: datetime | None = None
        for number in range(_PROBES):
            found = self._after(self._size * number // _PROBES)
            if found is None:
                # The last lines may be a traceback's.
                return latest is not None and number > _PROBES // 2
            if latest is not None and found[1] < latest - SLACK:
                return False
            latest = found[1]
        return True

    def first_place(self, moment: datetime) -> int:
        """The beginning of the first line that is not before a moment, the end of the file where there is none."""
        low, high = 0, self._size
        while high - low > _PROBE_BYTES:
            middle = (low + high) // 2
            found = self._after(middle)
            if found is None or found[0] >= high or found[1] >= moment:
                high = middle
            else:
                low = found[0]
        while low < self._size:
            found = self._after(low, moment)
            if found is not None:
                return found[0]
            low += _PROBE_BYTES
        return self._size

    def last(self) -> datetime | None:
        """The time of the last stamped line."""
        self._file.seek(max(0, self._size - _WINDOW_BYTES))
        moments = [self._moment(match) for match in _STAMP.finditer(self._file.read(_WINDOW_BYTES))]
        return max((moment for moment in moments if moment is not None), default=None)

    def _after(self, place: int, least: datetime | None = None) -> tuple[int, datetime] | None:
        """Place and time of the first stamped line that begins at or after a place, and is not before a moment."""
        start = max(0, place - 1)
        self._file.seek(start)
        data = self._file.read(_WINDOW_BYTES)
        begin = 0 if place == 0 else data.find(b"\n") + 1
        if place and not begin:
            return None
        match = _STAMP.search(data, begin)
        while match is not None:
            moment = self._moment(match)
            if moment is not None and (least is None or moment >= least):
                return start + match.start(), moment
            match = _STAMP.search(data, match.end())
        return None

    def _moment(self, match: re.Match[bytes]) -> datetime | None:
        *numbers, offset = match.groups()
        try:
            moment = datetime(*map(int, numbers), tzinfo=self._zone)  # type: ignore[arg-type, misc]
            if offset:
                told = offset.decode().replace("Z", "+00:00")
                moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{told}")
        except ValueError:
            return None
        return moment.astimezone(UTC)
