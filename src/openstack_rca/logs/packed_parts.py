"""Tables that lie packed in a file and not in memory: a table that holds slices of a log's text keeps the whole text alive."""

from __future__ import annotations

import io
import os
import shutil
import weakref
from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

_COPIED_AT_ONCE = 1024 * 1024


class PackedParts:
    """Tables of one schema, in order, each as Parquet: a tenth of its size.

    Args:
        file: open for reading and writing at its end. It is closed when nobody needs the tables any more.
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
        """Put one behind the others."""
        stream = io.BytesIO()
        part.write_parquet(stream, compression="lz4", statistics=False)
        self.file.seek(0, os.SEEK_END)
        self.index.append((self.file.tell(), stream.tell(), part.height))
        self.file.write(stream.getbuffer())
        self.file.flush()

    def copied(self, file: BinaryIO) -> PackedParts:
        """Copy the tables into another file."""
        self.file.seek(0)
        shutil.copyfileobj(self.file, file, _COPIED_AT_ONCE)
        file.flush()
        return PackedParts(file, self.index)

    def read(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """One table by its number, or some of its columns."""
        offset, size, _ = self.index[number]
        packed = os.pread(self.file.fileno(), size, offset)
        return pl.read_parquet(io.BytesIO(packed), columns=None if columns is None else list(columns))
