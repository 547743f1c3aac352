"""The events of logs while they are read, batch after batch: put together, dated and in order at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

import polars as pl

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs.event_table import COUNTED, EVENT_SCHEMA, EventTable, PackedTable, in_order
from openstack_rca.logs.host_times import in_zones_of_hosts, with_times_since_start
from openstack_rca.logs.packed_parts import PackedParts
from openstack_rca.logs.parsing import format_names
from openstack_rca.logs.reading import Log
from openstack_rca.logs.records import HostSource
from openstack_rca.logs.years import with_years

HOST_SOURCES = pl.Enum([str(source) for source in HostSource])
"""Where the host of an event may come from, as a column."""
# Whether a line names its host; null where it does not and yet has a known format.
_SIGNED = (
    pl.when(pl.col("host_source") == str(HostSource.LINES))
    .then(True)
    .when(pl.col("format") == "unknown")
    .then(False)
    .alias("signed")
)
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
    """What the user says about lines that do not say it themselves.

    ``known_latest`` is the latest dated time in lines of the same logs that are not read; it helps to date lines without a year.
    ``host_zones`` maps patterns of host names to the IANA zone of their stamps; it overrules what the host's own files say.
    Without ``templates`` all events have the same, empty one, which saves the time that masking takes.
    So many ``threads`` read at once, here and in the table that comes of it; None: ``usual_threads``.

    Raises ConfigurationError: there is no such ``log_format``.
    """

    timezone: str = "UTC"
    log_format: str | None = None
    host: str | None = None
    year: int | None = None
    known_latest: datetime | None = None
    host_zones: Mapping[str, str] = field(default_factory=dict)
    templates: bool = True
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.log_format is not None and self.log_format not in format_names():
            raise ConfigurationError(
                f"There is no log format {self.log_format!r}.", f"Name one of: {', '.join(format_names())}."
            )


@dataclass
class GatheredEvents:
    """The events of all batches: a single batch stays in memory; of several only the ``COUNTED`` columns do.

    ``spill`` opens the file that holds all columns of several batches.
    """

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
        self._pack()
        self._put_away(batch)

    def _pack(self) -> None:
        """Pack the single batch too, if there was one, and what comes from now on."""
        if self.parts is None:
            self.parts = PackedParts(self.spill())
        if self.first is not None:
            self._put_away(self.first)
            self.first = None

    def _put_away(self, batch: pl.DataFrame) -> None:
        assert self.parts is not None
        self.parts.add(batch.select(_typed(name) for name in EVENT_SCHEMA))
        counted = (_typed(name).cast(COUNTED[name]) for name in COUNTED)
        self.counted.append(batch.select("source_index", _SIGNED, *counted))

    def take_in(self, other: GatheredEvents, shift: int) -> None:
        """Take in all events of another object; ``shift`` is added to their ``source_index``."""
        moved = (pl.col("source_index") + shift).cast(pl.Int32)
        if other.first is not None:
            self.add(other.first.with_columns(moved))
            return
        if other.parts is None:
            return
        self._pack()
        assert self.parts is not None
        self.parts.take_in(other.parts)
        self.counted += [each.with_columns(moved) for each in other.counted]
        self.numbers += [each.with_columns(moved) for each in other.numbers]
        self.uptimes += [each.with_columns((pl.col("place") + self.height).cast(pl.UInt32)) for each in other.uptimes]
        self.height += other.height

    def counts(self, distrusted: Sequence[int]) -> pl.DataFrame:
        """Counts of each log and format: events, those of unknown and of guessed level; without the logs ``distrusted``."""
        return pl.concat([pl.DataFrame(schema=_NUMBERS), *self.numbers]).filter(
            ~pl.col("source_index").is_in(distrusted)
        )

    def table(self, logs: Sequence[Log], options: ReadingOptions, distrusted: Sequence[int]) -> EventTable:
        """All events in order of time, without the logs ``distrusted``; needs at least one batch and empties this object."""
        trusted = ~pl.col("source_index").is_in(distrusted)
        if self.parts is None:
            assert self.first is not None
            events, self.first = self._dated(self.first.with_columns(_SIGNED), logs, options), None
            return EventTable.of(_finish(events.filter(trusted) if distrusted else events))
        counted = self._dated(pl.concat(self.counted), logs, options).with_row_index("place")
        self.counted = []
        counted = counted.filter(trusted) if distrusted else counted
        order = in_order(counted)
        columns = {name: counted.drop_in_place(name).gather(order) for name in ("place", *COUNTED)}
        places = columns.pop("place")
        return PackedTable(pl.DataFrame(columns), places, self.parts, options.threads)

    def _dated(self, events: pl.DataFrame, logs: Sequence[Log], options: ReadingOptions) -> pl.DataFrame:
        """Date what is not dated whole, and let events without a stamp inherit one from their file."""
        modified, names = [log.modified for log in logs], [log.name for log in logs]
        events = _with_late_hosts(
            events, {} if options.host else {i: log.late_host for i, log in enumerate(logs) if log.late_host}
        )
        events = with_years(
            _with_only_hosts(events), modified, names, options.timezone, options.year, options.known_latest
        )
        events = in_zones_of_hosts(events, logs, options.timezone, options.host_zones)
        uptimes = pl.concat([pl.DataFrame(schema={"place": pl.UInt32, "uptime": pl.Int64}), *self.uptimes])
        events = with_times_since_start(events, logs, uptimes)
        if events["time"].null_count() == 0:
            return events
        return events.with_columns(
            pl.col("time").forward_fill().over("source_index").alias("time"),
        ).with_columns(pl.col("time").backward_fill().over("source_index").alias("time"))


def _with_late_hosts(events: pl.DataFrame, hosts: Mapping[int, str]) -> pl.DataFrame:
    """What a file behind the logs of an archive says of their host, for the lines that do not say it."""
    if not hosts:
        return events
    late = pl.col("source_index").replace_strict(hosts, default=None, return_dtype=pl.String)
    own = pl.when(pl.col("signed").fill_null(value=False)).then(pl.col("host").cast(pl.String))
    return events.with_columns(pl.coalesce(own, late, "host").cast(events.schema["host"]).alias("host"))


def _with_only_hosts(events: pl.DataFrame) -> pl.DataFrame:
    """What no format knows is of the host that all other lines of its file name, wherever they stand in it."""
    unsigned = pl.col("signed").not_()
    if not events.select(unsigned.any()).item():
        return events.drop("signed")
    named = pl.col("host").filter("signed")
    only = pl.when(named.n_unique() == 1).then(named.first()).over("source_index")
    host = pl.when(unsigned).then(pl.coalesce(only, "host")).otherwise("host").alias("host")
    return events.with_columns(host).drop("signed")


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
