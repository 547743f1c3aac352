"""Reading a log in blocks of whole lines, so that a log of any size needs little memory at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import polars as pl

from openstack_rca.errors import UnreadableLog
from openstack_rca.late_numpy import np
from openstack_rca.logs.content import first_lines, parted_within, text_lines
from openstack_rca.logs.documents import splitter_for
from openstack_rca.logs.packing import Readable
from openstack_rca.logs.pastes import cleaner_for
from openstack_rca.logs.pieces import Piece

BLOCK_BYTES = 8 * 1024 * 1024
"""So much of a text is read at a time."""
_LONGEST_LINE = 256 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """Consecutive whole lines of one log; ``first_line`` is 1-based.

    ``counts`` says how many lines of the file each of ``lines`` stands for; ``None`` where each is one.
    """

    log_index: int
    first_line: int
    lines: pl.Series
    text_bytes: int
    counts: pl.Series | None = None

    @property
    def line_count(self) -> int:
        """How many lines of the file these are."""
        return self.lines.len() if self.counts is None else int(self.counts.sum())

    def numbered(self, file_index: int) -> pl.DataFrame:
        """``text``, ``file_index``, ``line`` (1-based number of the first line of the file that it stands for), ``lines``."""
        length = self.lines.len()
        counts = np.ones(length, np.int32) if self.counts is None else self.counts.cast(pl.Int32).to_numpy()
        return pl.DataFrame(
            {
                "text": self.lines,
                "file_index": np.full(length, file_index, np.int32),
                "line": (np.cumsum(counts) - counts + self.first_line).astype(np.int32),
                "lines": counts,
            }
        )


def read_blocks(text: Readable, log_index: int, first_line: int = 1, ahead: int | None = None) -> Iterator[Block]:
    """Read a text, whose first line has this number, as blocks of whole lines.

    Args:
        ahead: for a text that goes on where a block of plain lines ended (``cuts_of``): how many of its bytes were looked
            at for that end, so that further blocks end where they do when all is read in one go.

    Raises UnreadableLog: it cannot be read to its end; what came before was given.
    """
    rest, final = b"", False
    shape = None if ahead is None else _Shape(b"")
    trouble: UnreadableLog | None = None
    while not final:
        pieces, size, ahead = [rest], -(ahead or 0), None
        while size < BLOCK_BYTES and not final:
            try:
                piece = text.read(BLOCK_BYTES - size)
            except UnreadableLog as error:
                piece, trouble = b"", error
            pieces.append(piece)
            size += len(piece)
            final = not piece
        data = b"".join(pieces)
        shape = shape or _Shape(data)
        block, cut = shape.block(data, log_index, first_line, final)
        if block is not None:
            yield block
            first_line += block.line_count
        rest = data[cut:]
    if trouble is not None:
        raise trouble


class _Shape:
    """How the lines of a text are found, decided by its beginning: as they are, or out of records, or out of a paste."""

    def __init__(self, head: bytes) -> None:
        self._splitter = splitter_for(head)
        sample = [] if self._splitter else first_lines(head[: _SEARCHED_BYTES // 8])
        self._cleaner = cleaner_for(sample[:-1] if len(head) > _SEARCHED_BYTES // 8 else sample)

    @property
    def is_plain(self) -> bool:
        """Whether its lines are those of the file."""
        return self._splitter is None and self._cleaner is None

    def block(self, data: bytes, log_index: int, first_line: int, final: bool) -> tuple[Block | None, int]:
        """The block that bytes give, if they hold one already, and how many of them it takes."""
        if self._splitter is not None:
            # Records that never end are taken as far as they are there, so that they do not fill the memory.
            pieces, cut = self._splitter(data, final or len(data) > _LONGEST_LINE)
            return (_block_of(pieces, log_index, first_line, cut) if pieces else None), cut
        cut = len(data) if final else _cut(data)
        if not cut:
            return None, 0
        taken = data[:cut]
        lines = text_lines(taken, is_start=first_line == 1)
        if self._cleaner is not None:
            return _block_of(self._cleaner(lines.to_list()), log_index, first_line, cut), cut
        # A single byte is found thirty times as fast as more of them.
        parted = b"\xef" in taken or (b"#" in taken and b"#012" in taken)
        lines, counts = parted_within(lines) if parted else (lines, None)
        return Block(log_index, first_line, lines, cut, counts), cut


def _block_of(pieces: list[Piece], log_index: int, first_line: int, size: int) -> Block:
    texts = pl.Series("text", [piece.text for piece in pieces], dtype=pl.String)
    return Block(log_index, first_line, texts, size, pl.Series([piece.lines for piece in pieces], dtype=pl.Int32))


_SEARCHED_BYTES = 256 * 1024
_STAMP_LENGTH = len("2026-11-23 04:00:00.123")
_BORDER = re.compile(rb"\n(?=(?:\d{4}-\d\d-\d\d[ T]|\[pid: |[A-Z][a-z]{2} [ \d]\d \d\d:))")


def cut_before(file: IO[bytes], place: int) -> int:
    """The offset of the last end of a block of plain lines before offset ``place`` of a file; 0 where there is none nearby."""
    begin = max(0, place - _SEARCHED_BYTES)
    file.seek(begin)
    border = _cut(file.read(place - begin))
    return begin + border if border else 0


def is_line_by_line(head: bytes) -> bool:
    """Whether each line of a text with this beginning is one line of log: it is neither a document nor a paste."""
    return _Shape(head).is_plain


def last_border(data: bytes) -> int:
    """The offset in ``data``, the end of a text, at which it can be cut without cutting an event; 0 where there is none."""
    return _cut(data) if len(data) < 4 * BLOCK_BYTES else 0


def _cut(data: bytes) -> int:
    """Where to end a block: before a stamped line whose stamp is not the one before it, so that tracebacks stay whole.

    0 asks for more data. Where four blocks hold no such place, any line's end has to do; a line that is longer than any
    log's is cut, so that a file without line ends does not fill the memory.
    """
    window = max(0, len(data) - _SEARCHED_BYTES)
    borders = [match.end() for match in _BORDER.finditer(data, window, len(data) - _STAMP_LENGTH)]
    for earlier, later in zip(reversed(borders[:-1]), reversed(borders[1:]), strict=True):
        if data[earlier : earlier + _STAMP_LENGTH] != data[later : later + _STAMP_LENGTH]:
            return later
    if len(data) < 4 * BLOCK_BYTES:
        return 0
    return data.rfind(b"\n") + 1 or (len(data) if len(data) > _LONGEST_LINE else 0)
