"""What reading logs gives; who takes it from where it is kept need not load the readers, which takes a tenth of a second."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.records import HostSource, SkipReason


@dataclass(frozen=True)
class FileRead:
    """What became of one file.

    ``unknown_lines`` are lines of events whose level nobody knows: of no known format, or of one that tells only a time.
    ``format`` is the format of most of its events, ``unknown`` or ``empty``. ``skip`` says why the file was left out, or its
    rest where it has events, and ``detail`` tells it in a sentence. ``guessed_levels`` counts the events whose level is
    told by their words; ``host_from`` is where most of its events have their host from; ``zone`` the offset that most of its
    first stamps carry, None where they carry none; ``host_zone`` the zone that is known of its host. ``lines`` is
    the sum of ``lines`` over the file's events plus blank lines before the first; where one line holds several events it is less.
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
