"""Reading a log in blocks of whole lines, so that a log of any size needs little memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from openstack_rca.errors import UnreadableLog
from openstack_rca.logs.content import text_lines
from openstack_rca.logs.packing import Readable

_BLOCK_BYTES = 8 * 1024 * 1024
_LONGEST_LINE = 256 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """Consecutive whole lines of one log; ``first_line`` is 1-based."""

    log_index: int
    first_line: int
    lines: pl.Series
    text_bytes: int


def read_blocks(text: Readable, log_index: int) -> Iterator[Block]:
    """Read a text as blocks of whole lines.

    Raises:
        UnreadableLog: it cannot be read to its end; what came before was given.
    """
    first_line, rest, final = 1, b"", False
    trouble: UnreadableLog | None = None
    while not final:
        pieces, size = [rest], 0
        while size < _BLOCK_BYTES and not final:
            try:
                piece = text.read(_BLOCK_BYTES - size)
            except UnreadableLog as error:
                piece, trouble = b"", error
            pieces.append(piece)
            size += len(piece)
            final = not piece
        data = b"".join(pieces)
        cut = len(data) if final else _cut(data)
        if cut:
            lines = text_lines(data[:cut], is_start=first_line == 1)
            yield Block(log_index, first_line, lines, cut)
            first_line += lines.len()
        rest = data[cut:]
    if trouble is not None:
        raise trouble


_SEARCHED_BYTES = 256 * 1024
_STAMP_LENGTH = len("2026-11-23 04:00:00.123")
_BORDER = re.compile(rb"\n(?=(?:\d{4}-\d\d-\d\d[ T]|\[pid: |[A-Z][a-z]{2} [ \d]\d \d\d:))")


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
    if len(data) < 4 * _BLOCK_BYTES:
        return 0
    return data.rfind(b"\n") + 1 or (len(data) if len(data) > _LONGEST_LINE else 0)
