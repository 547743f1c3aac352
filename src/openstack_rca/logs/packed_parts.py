"""Tables that lie packed in a file and not in memory: a table that holds slices of a log's text keeps the whole text alive."""

from __future__ import annotations

import errno
import io
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO

import polars as pl

_COPIED_AT_ONCE = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class PackedParts:
    """Tables of one schema, in order, each kept in a file as Parquet, which is a tenth of its size.

    Args:
        file: open for reading and writing. It is closed when this object is no longer used.
        index: offset, size in bytes and height of each table that it holds already.
    """

    def __init__(self, file: BinaryIO, index: Sequence[tuple[int, int, int]] = ()) -> None:
        self.index = list(index)
        self._size = max((offset + size for offset, size, _ in self.index), default=0)
        self._keep(file)

    def _keep(self, file: BinaryIO) -> None:
        self.file = file
        self._close = weakref.finalize(self, file.close)

    @property
    def heights(self) -> list[int]:
        """How many rows each table has."""
        return [height for _, _, height in self.index]

    def add(self, part: pl.DataFrame) -> None:
        """Append a table."""
        block = packed(part)
        self.index.append((self._size, len(block), part.height))
        self._append(block)

    def take_in(self, other: PackedParts) -> None:
        """Append the tables of another object."""
        self.index += [(self._size + offset, size, height) for offset, size, height in other.index]
        for block in other.blocks():
            self._append(block)

    def _append(self, block: bytes | memoryview) -> None:
        """Write behind what is there; where the disk is full, all moves to the temporary files, else into memory."""
        try:
            _write(self.file, block, self._size)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._move(block)
        self._size += len(block)

    def _move(self, block: bytes | memoryview) -> None:
        try:
            self._move_to(tempfile.TemporaryFile(), block)  # noqa: SIM115 - it is closed with the object
        except OSError:
            if not hasattr(os, "memfd_create"):
                raise
            self._move_to(os.fdopen(os.memfd_create("openstack-rca"), "w+b"), block)

    def _move_to(self, file: BinaryIO, block: bytes | memoryview) -> None:
        at = 0
        try:
            for each in chain(self.blocks(), [block]):
                _write(file, each, at)
                at += len(each)
        except OSError:
            file.close()
            raise
        self._close()
        self._keep(file)

    def blocks(self) -> Iterator[bytes]:
        """All that was written, in blocks."""
        for at in range(0, self._size, _COPIED_AT_ONCE):
            yield os.pread(self.file.fileno(), min(_COPIED_AT_ONCE, self._size - at), at)

    def __reduce__(self) -> tuple[Any, ...]:
        """As bytes: what reads them in another process keeps them in a file of its own."""
        return _from_bytes, (b"".join(self.blocks()), self.index)

    def copied(self, file: BinaryIO) -> PackedParts:
        """Copy the tables into another, empty file, which the new object closes."""
        copy = PackedParts(file)
        copy.take_in(self)
        return copy

    def read(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The table at a place, counted from 0; only these columns of it where any are named."""
        offset, size, _ = self.index[number]
        block = os.pread(self.file.fileno(), size, offset)
        return pl.read_parquet(block, columns=None if columns is None else list(columns))


def packed(table: pl.DataFrame) -> memoryview:
    """A table as Parquet, quickly written and read."""
    stream = io.BytesIO()
    table.write_parquet(stream, compression="lz4", statistics=False)
    return stream.getbuffer()


def _from_bytes(block: bytes, index: Sequence[tuple[int, int, int]]) -> PackedParts:
    parts = PackedParts(tempfile.TemporaryFile())  # noqa: SIM115 - it is closed with the object
    parts._append(block)
    parts.index = list(index)
    return parts


def _write(file: BinaryIO, block: bytes | memoryview, at: int) -> None:
    """Past Python's buffer, which would meet a full disk once more when it is closed."""
    left = memoryview(block)
    while left:
        written = os.pwrite(file.fileno(), left, at)
        at, left = at + written, left[written:]
