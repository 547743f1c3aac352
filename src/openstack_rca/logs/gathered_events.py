"""The events of logs while they are read, batch after batch: put together, dated and in order at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

import polars as pl

from openstack_rca.logs.event_table import COUNTED, EVENT_SCHEMA, EventTable, PackedTable, in_order
from openstack_rca.logs.host_times import in_zones_of_hosts, with_times_since_start
from openstack_rca.logs.packed_parts import PackedParts
from openstack_rca.logs.reading import Log
from openstack_rca.logs.records import HostSource
from openstack_rca.logs.years import with_years

HOST_SOURCES = pl.Enum([str(source) for source in HostSource])
"""Where the host of an event may come from, as a column."""
_NUMBERS: dict[str, pl.DataType] = {
    "source_index": pl.Int32(),
    "format": pl.String(),
    "host_source": HOST_SOURCES,
    "events": pl.UInt32(),
    "unknown": pl.Int32(),
    "guessed": pl.UInt32(),
}


@dataclass(frozen=True)
class ReadingOptions:
    """What the user says about lines that do not say it themselves."""

    timezone: str
    log_format: str | None
    host: str | None
    year: int | None
    known_latest: datetime | None = None
    host_zones: Mapping[str, str] = field(default_factory=dict)


@dataclass
class GatheredEvents:
    """The events of all batches: a single one stays as it is; of several only the counted columns stay, the rest is packed."""

    spill: Callable[[], BinaryIO]
    first: pl.DataFrame | None = None
    parts: PackedParts | None = None
    counted: list[pl.DataFrame] = field(default_factory=list)
    numbers: list[pl.DataFrame] = field(default_factory=list)
    uptimes: list[pl.DataFrame] = field(default_factory=list)
    height: int = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Take in the events of one more batch."""
        self.numbers.append(_numbers(batch))
        if "uptime" in batch.columns:
            told = batch.select("uptime").with_row_index("place", offset=self.height).drop_nulls()
            self.uptimes.append(told)
        self.height += batch.height
        if self.first is None and self.parts is None:
            self.first = batch
            return
        if self.first is not None:
            self.parts = PackedParts(self.spill())
            self._put_away(self.first)
            self.first = None
        self._put_away(batch)

    def _put_away(self, batch: pl.DataFrame) -> None:
        assert self.parts is not None
        self.parts.add(batch.select(_typed(name) for name in EVENT_SCHEMA))
        self.counted.append(batch.select("source_index", *(_typed(name).cast(COUNTED[name]) for name in COUNTED)))

    def counts(self, distrusted: Sequence[int]) -> pl.DataFrame:
        """How many events of which format each log has, and how much of them is known."""
        return pl.concat([pl.DataFrame(schema=_NUMBERS), *self.numbers]).filter(
            ~pl.col("source_index").is_in(distrusted)
        )

    def table(self, logs: Sequence[Log], options: ReadingOptions, distrusted: Sequence[int]) -> EventTable:
        """The events in order; at least one batch was added, and no event stays in this object."""
        trusted = ~pl.col("source_index").is_in(distrusted)
        if self.parts is None:
            assert self.first is not None
            events, self.first = self._dated(self.first, logs, options), None
            return EventTable.of(_finish(events.filter(trusted) if distrusted else events))
        counted = self._dated(pl.concat(self.counted), logs, options).with_row_index("place")
        self.counted = []
        counted = counted.filter(trusted) if distrusted else counted
        order = in_order(counted)
        columns = {name: counted.drop_in_place(name).gather(order) for name in ("place", *COUNTED)}
        places = columns.pop("place")
        return PackedTable(pl.DataFrame(columns), places, self.parts)

    def _dated(self, events: pl.DataFrame, logs: Sequence[Log], options: ReadingOptions) -> pl.DataFrame:
        """Date what is not dated whole, and let events without a stamp inherit one from their file."""
        modified = [log.modified for log in logs]
        events = with_years(events, modified, options.timezone, options.year, options.known_latest)
        events = in_zones_of_hosts(events, logs, options.timezone, options.host_zones)
        uptimes = pl.concat([pl.DataFrame(schema={"place": pl.UInt32, "uptime": pl.Int64}), *self.uptimes])
        events = with_times_since_start(events, logs, uptimes)
        if events["time"].null_count() == 0:
            return events
        return events.with_columns(
            pl.col("time").forward_fill().over("source_index").alias("time"),
        ).with_columns(pl.col("time").backward_fill().over("source_index").alias("time"))


def _numbers(events: pl.DataFrame) -> pl.DataFrame:
    """Events, lines of unknown level and guessed levels of each log, format and source of the host."""
    unknown = pl.col("level").fill_null("UNKNOWN") == "UNKNOWN"
    # Grouping gathers every column that is there.
    events = events.select("source_index", "format", "level", "level_guessed", "lines", "host_source")
    return events.group_by("source_index", "format", "host_source").agg(
        pl.len().alias("events"),
        pl.col("lines").filter(unknown).sum().alias("unknown"),
        pl.col("level_guessed").sum().alias("guessed"),
    )


def _typed(name: str) -> pl.Expr:
    """A column as ``EVENT_SCHEMA`` has it."""
    missing = {"level": "UNKNOWN", "level_guessed": False}
    column = pl.col(name).fill_null(missing[name]) if name in missing else pl.col(name)
    return column.cast(EVENT_SCHEMA[name], strict=False)


def _finish(events: pl.DataFrame) -> pl.DataFrame:
    """Columns and order."""
    return events.select(_typed(name) for name in EVENT_SCHEMA).sort(
        "time", "file", "line", nulls_last=True, maintain_order=True
    )
