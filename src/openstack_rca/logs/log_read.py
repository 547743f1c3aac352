"""The result of reading logs, apart from the readers: these take a tenth of a second to import."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.records import HostSource, SkipReason


@dataclass(frozen=True)
class FileRead:
    """What became of one file.

    Attributes:
        lines: the sum of ``lines`` over the file's events, and blank lines before the first.
        unknown_lines: lines of events of unknown level: of no known format, or of one that tells only a time.
        format: that of most of its events; or ``unknown``, ``empty``.
        skip: why the file, or its rest where it has events, was left out; ``detail`` tells it in a sentence.
        guessed_levels: how many events have their level from their words.
        host_from: where most of its events have their host from.
        zone: the offset that most of its first stamps carry; None where they carry none.
        host_zone: the zone that is known of its host.
    """

    file: str
    lines: int
    events: int
    unknown_lines: int
    format: str
    skip: SkipReason | None = None
    detail: str = ""
    guessed_levels: int = 0
    host_from: HostSource | None = None
    zone: str | None = None
    host_zone: str | None = None


@dataclass(frozen=True)
class LogRead:
    """Events of ``EVENT_SCHEMA`` sorted by time, file and line; the files that they came from; what the user gave."""

    table: EventTable
    files: list[FileRead]
    roots: list[str]

    @cached_property
    def events(self) -> pl.DataFrame:
        """All events with all their words as one frame; long logs take much memory here."""
        return self.table.take()
