"""The events of logs in order of time: counted columns stay in memory, words lie packed in a file until they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import BinaryIO

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.levels import LEVELS
from openstack_rca.logs.packed_parts import PackedParts
from openstack_rca.logs.side_by_side import in_turn, usual_threads

_LEVEL = pl.Enum(LEVELS)

EVENT_SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    "host": pl.String(),
    "service": pl.String(),
    "process": pl.Int32(),
    "level": _LEVEL,
    "level_guessed": pl.Boolean(),
    "logger": pl.String(),
    "message": pl.String(),
    "exception": pl.String(),
    "detail": pl.String(),
    "global_request_id": pl.String(),
    "request_id": pl.String(),
    "project_id": pl.String(),
    "user_id": pl.String(),
    "instance_id": pl.String(),
    "template_id": pl.UInt64(),
    "template": pl.String(),
    "file": pl.String(),
    "line": pl.Int32(),
    "lines": pl.Int32(),
}
"""Columns of the events table, in order. ``level_guessed`` marks a level that the line does not state but its words tell;
``line`` is the 1-based number of the first of the event's ``lines`` lines."""

COUNTED: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    "host": pl.Categorical(),
    "service": pl.Categorical(),
    "level": _LEVEL,
    "level_guessed": pl.Boolean(),
    "template_id": pl.UInt64(),
    "file": pl.Categorical(),
    "line": pl.Int32(),
    "lines": pl.Int32(),
}
"""The columns that are always in memory."""

EVENTS_AT_ONCE = 1_000_000
"""Of a long recording so many events are joined, or grouped, at once: of all of them it would take several times their memory."""


class EventTable(ABC):
    """Events of ``EVENT_SCHEMA``, sorted by time, file and line.

    Attributes:
        counted: the columns ``COUNTED`` of every event; columns of few different names are ``String`` or ``Categorical``.
    """

    def __init__(self, counted: pl.DataFrame) -> None:
        self.counted = counted

    @staticmethod
    def of(events: pl.DataFrame) -> EventTable:
        """A table of events that are in memory as a whole."""
        return _WholeTable(events)

    @property
    def height(self) -> int:
        """How many events there are."""
        return self.counted.height

    @abstractmethod
    def take(self, rows: pl.Series | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Some of the columns of events with these indices (all of them, where None), in the order of the indices."""

    @abstractmethod
    def evaluated(self, expression: pl.Expr) -> pl.Series:
        """The value of a row-wise expression for each event; it may use any column but ``time`` and ``host``."""

    def marked(self, expression: pl.Expr) -> pl.Series:
        """As ``evaluated`` for a boolean expression; a table that is kept on disk may keep the result too."""
        return self.evaluated(expression)

    @abstractmethod
    def renamed(self, column: str, names: Mapping[str, str]) -> EventTable:
        """The same events with names in the column ``host`` or ``service`` replaced; ``names`` maps old to new, others stay."""

    @abstractmethod
    def chosen(self, rows: pl.Series) -> EventTable:
        """The events with these ascending indices alone; the words of the others are not looked at."""

    @abstractmethod
    def joined(self, rows: pl.Series, added: EventTable, spill: Callable[[], BinaryIO]) -> EventTable:
        """The events with these indices and those of ``added``, sorted again; ``spill`` opens a file for their texts."""


class _WholeTable(EventTable):
    def __init__(self, events: pl.DataFrame) -> None:
        super().__init__(events.select(name for name in COUNTED if name in events.columns))
        self._events = events

    def take(self, rows: pl.Series | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        wanted = self._events if columns is None else self._events.select(columns)
        return wanted if rows is None else wanted[rows]

    def evaluated(self, expression: pl.Expr) -> pl.Series:
        return self._events.select(expression).to_series()

    def renamed(self, column: str, names: Mapping[str, str]) -> EventTable:
        return _WholeTable(self._events.with_columns(pl.col(column).replace(names)))

    def chosen(self, rows: pl.Series) -> EventTable:
        return _WholeTable(self._events[rows])

    def joined(self, rows: pl.Series, added: EventTable, spill: Callable[[], BinaryIO]) -> EventTable:
        both = pl.concat([self._events[rows], added.take()])
        return _WholeTable(both.sort("time", "file", "line", nulls_last=True, maintain_order=True))


class PackedTable(EventTable):
    """Events whose counted columns are in memory, and all their columns packed in a file.

    Args:
        counted: see ``EventTable``, sorted.
        places: (events,) UInt32, the place of each event among the packed ones.
        parts: all columns of the events (and perhaps of others) in the order in which they were read; ``time``, ``host``
            and ``service`` are those of ``counted``.
        threads: so many read the packed columns at once; None: ``usual_threads``.
    """

    def __init__(
        self, counted: pl.DataFrame, places: pl.Series, parts: PackedParts, threads: int | None = None
    ) -> None:
        super().__init__(counted)
        self.places, self.parts, self.threads = places, parts, threads
        self.keeper: Callable[[pl.Expr, Callable[[], pl.Series]], pl.Series] | None = None
        """Gives what was marked before, else has it marked and keeps it."""

    @cached_property
    def _begins(self) -> list[int]:
        return [0, *accumulate(self.parts.heights)]

    def take(self, rows: pl.Series | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """See ``EventTable``."""
        places = self.places if rows is None else self.places.gather(rows)
        order = places.arg_sort()
        found = pl.concat(self._parts_of(places.gather(order), columns))
        back = order.arg_sort()
        taken = {}
        for name in found.columns:
            # One column after the other, so that the table is never there twice.
            column = found.drop_in_place(name)
            if name in ("time", "host", "service"):
                known = self.counted[name]
                taken[name] = (known if rows is None else known.gather(rows)).cast(column.dtype)
            else:
                taken[name] = column.gather(back)
        return pl.DataFrame(taken)

    def _parts_of(self, places: pl.Series, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        """The events with these ascending places, part by part; at least one part."""
        borders = places.search_sorted(pl.Series(self._begins, dtype=pl.UInt32)).to_list()
        touched = [number for number in range(len(borders) - 1) if borders[number + 1] > borders[number]]
        for number in touched or [0]:
            local = places[borders[number] : borders[number + 1]] - self._begins[number]
            part = self.parts.read(number, columns)
            yield part if len(local) == part.height else detached(part[local])

    def evaluated(self, expression: pl.Expr) -> pl.Series:
        """See ``EventTable``."""
        columns = list(dict.fromkeys(expression.meta.root_names()))

        def said(number: int) -> pl.Series:
            return self.parts.read(number, columns).select(expression).to_series()

        values = in_turn(said, range(len(self.parts.heights)), self.threads or usual_threads())
        return pl.concat(values).gather(self.places)

    def marked(self, expression: pl.Expr) -> pl.Series:
        """See ``EventTable``."""
        return (
            self.keeper(expression, lambda: self.evaluated(expression)) if self.keeper else self.evaluated(expression)
        )

    def renamed(self, column: str, names: Mapping[str, str]) -> EventTable:
        """See ``EventTable``."""
        told = self.counted[column].cast(pl.String).replace(names).cast(pl.Categorical)
        table = PackedTable(self.counted.with_columns(told), self.places, self.parts, self.threads)
        table.keeper = self.keeper
        return table

    def chosen(self, rows: pl.Series) -> EventTable:
        """See ``EventTable``."""
        return PackedTable(self.counted[rows], self.places.gather(rows), self.parts, self.threads)

    def joined(self, rows: pl.Series, added: EventTable, spill: Callable[[], BinaryIO]) -> EventTable:
        """See ``EventTable``."""
        parts = self.parts.copied(spill())
        behind = self._begins[-1]
        parts.add(added.take())
        further = pl.Series(range(behind, behind + added.height), dtype=pl.UInt32)
        counted = pl.concat(
            [self.counted[rows], added.counted.select(pl.col(name).cast(dtype) for name, dtype in COUNTED.items())]
        )
        order = in_order(counted)
        places = pl.concat([self.places.gather(rows), further]).gather(order)
        return PackedTable(counted[order], places, parts, self.threads)


def detached(taken: pl.DataFrame) -> pl.DataFrame:
    """A copy of the table's texts: without it, Polars keeps the memory of all texts from which a few were taken."""
    return taken.with_columns(pl.col(pl.String) + "")


def different(events: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The different values that these columns have together."""
    parts = [events[:0], *events.iter_slices(EVENTS_AT_ONCE)]
    return pl.concat([part.select(columns).unique() for part in parts]).unique()


def in_order(counted: pl.DataFrame) -> pl.Series:
    """The indices that sort events (``COUNTED``) by time, file and line; events without a time come last."""
    times = counted["time"].cast(pl.Int64).fill_null(np.iinfo(np.int64).max).to_numpy()
    codes, names = counted["file"].to_physical().to_numpy(), counted["file"].unique()
    ranks = np.zeros(codes.max(initial=0) + 1, np.int64)
    ranks[names.to_physical().to_numpy()] = names.cast(pl.String).rank("ordinal").to_numpy()
    key = (ranks[codes] << 32) + counted["line"].to_numpy()
    if (key[1:] >= key[:-1]).all():
        return pl.Series("place", np.argsort(times, kind="stable").astype(np.uint32))
    return pl.Series("place", np.lexsort((key, times)).astype(np.uint32))
