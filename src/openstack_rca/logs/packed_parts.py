"""Tables that wait to be put together, packed: a table of slices of log text keeps the whole text alive."""

from __future__ import annotations

import io

import polars as pl


class PackedParts:
    """Tables of one schema, in order. All but the last are held as Parquet in memory, a tenth of their size."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._last: pl.DataFrame | None = None

    def add(self, part: pl.DataFrame) -> None:
        """Put one behind the others."""
        if self._last is not None:
            self._packed.append(_pack(self._last))
        self._last = part

    def take_all(self) -> list[pl.DataFrame]:
        """All of them; afterwards none is held here."""
        if self._last is None:
            return []
        if self._packed:
            self._packed.append(_pack(self._last))
        parts = [self._last] if not self._packed else []
        self._last = None
        self._packed.reverse()
        while self._packed:
            parts.append(pl.read_parquet(io.BytesIO(self._packed.pop())))
        return parts


def _pack(part: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    part.write_parquet(stream, compression="lz4", statistics=False)
    return stream.getvalue()
