"""Reading a log in blocks of whole lines, so that a log of any size needs little memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from openstack_rca.errors import UnreadableLog
from openstack_rca.logs.content import is_binary, text_lines
from openstack_rca.logs.opening import called, opened, read_up_to
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.sources import Source

_BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Block:
    """Consecutive whole lines of one source; ``first_line`` is 1-based."""

    source_index: int
    first_line: int
    lines: pl.Series
    text_bytes: int
    disk_bytes: int


def read_blocks(source: Source, source_index: int, skipped: dict[int, SkipReason]) -> Iterator[Block]:
    """Read a source as blocks of whole lines, so that a log of any size needs little memory at a time.

    A binary file in a folder yields nothing and is noted in ``skipped``.

    Raises:
        UnreadableLog: permission, damaged compression, or a binary file that was given directly.
    """
    first_line = 1
    rest = b""
    position = 0
    with opened(source.path) as (stream, raw):
        while True:
            read = read_up_to(stream, source.path, _BLOCK_BYTES)
            final = len(read) < _BLOCK_BYTES
            if first_line == 1 and not rest and is_binary(read):
                if source.direct:
                    raise UnreadableLog(
                        f"{called(source.path)} is not a text log but a binary file.",
                        "Give text logs; export a journal with journalctl, unpack an archive first.",
                    )
                skipped[source_index] = SkipReason.BINARY
                return
            data = rest + read
            cut = len(data) if final else _cut(data)
            if cut:
                lines = text_lines(data[:cut], is_start=first_line == 1)
                before, position = position, source.size if final else min(raw.tell(), source.size)
                yield Block(source_index, first_line, lines, cut, position - before)
                first_line += lines.len()
            rest = data[cut:]
            if final:
                return


_SEARCHED_BYTES = 256 * 1024
_STAMP_LENGTH = len("2026-11-23 04:00:00.123")
_BORDER = re.compile(rb"\n(?=(?:\d{4}-\d\d-\d\d[ T]|\[pid: |[A-Z][a-z]{2} [ \d]\d \d\d:))")


def _cut(data: bytes) -> int:
    """Where to end a block: before a stamped line whose stamp is not the one before it, so that tracebacks stay whole.

    0 asks for more data. Where four blocks hold no such place, any line's end has to do.
    """
    window = max(0, len(data) - _SEARCHED_BYTES)
    borders = [match.end() for match in _BORDER.finditer(data, window, len(data) - _STAMP_LENGTH)]
    for earlier, later in zip(reversed(borders[:-1]), reversed(borders[1:]), strict=True):
        if data[earlier : earlier + _STAMP_LENGTH] != data[later : later + _STAMP_LENGTH]:
            return later
    return 0 if len(data) < 4 * _BLOCK_BYTES else data.rfind(b"\n") + 1
