"""Tables that lie packed in a file and not in memory: a table that holds slices of a log's text keeps the whole text alive."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from typing import Any, BinaryIO

import polars as pl

_COPIED_AT_ONCE = 1024 * 1024


class PackedParts:
    """Tables of one schema, in order, each kept in a file as Parquet, which is a tenth of its size.

    Args:
        file: open for reading and writing. It is closed when this object is no longer used.
        index: offset, size in bytes and height of each table that it holds already.
    """

    def __init__(self, file: BinaryIO, index: Sequence[tuple[int, int, int]] = ()) -> None:
        self.file = file
        self.index = list(index)
        weakref.finalize(self, file.close)

    @property
    def heights(self) -> list[int]:
        """How many rows each table has."""
        return [height for _, _, height in self.index]

    def add(self, part: pl.DataFrame) -> None:
        """Append a table."""
        stream = io.BytesIO()
        part.write_parquet(stream, compression="lz4", statistics=False)
        self.file.seek(0, os.SEEK_END)
        self.index.append((self.file.tell(), stream.tell(), part.height))
        self.file.write(stream.getbuffer())
        self.file.flush()

    def take_in(self, other: PackedParts) -> None:
        """Append the tables of another object."""
        self.file.seek(0, os.SEEK_END)
        behind = self.file.tell()
        other.file.seek(0)
        shutil.copyfileobj(other.file, self.file, _COPIED_AT_ONCE)
        self.file.flush()
        self.index += [(behind + offset, size, height) for offset, size, height in other.index]

    def __reduce__(self) -> tuple[Any, ...]:
        """As bytes: what reads them in another process keeps them in a file of its own."""
        self.file.seek(0)
        return _from_bytes, (self.file.read(), self.index)

    def copied(self, file: BinaryIO) -> PackedParts:
        """Copy the tables into another, empty file, which the new object closes."""
        self.file.seek(0)
        shutil.copyfileobj(self.file, file, _COPIED_AT_ONCE)
        file.flush()
        return PackedParts(file, self.index)

    def read(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The table at a place, counted from 0; only these columns of it where any are named."""
        offset, size, _ = self.index[number]
        packed = os.pread(self.file.fileno(), size, offset)
        return pl.read_parquet(io.BytesIO(packed), columns=None if columns is None else list(columns))


def _from_bytes(packed: bytes, index: Sequence[tuple[int, int, int]]) -> PackedParts:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the object
    file.write(packed)
    return PackedParts(file, index)
