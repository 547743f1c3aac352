"""The table of events: every log that the user gave, in one frame, in order of time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from openstack_rca.errors import LogInputError, NoKnownLines, UnreadableLog
from openstack_rca.logs.blocks import Block
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.gathered_events import HOST_SOURCES, GatheredEvents, ReadingOptions
from openstack_rca.logs.host_times import with_uptimes, zone_of
from openstack_rca.logs.joining import in_order_of_time, join_events
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.names import machine_of
from openstack_rca.logs.parsing import parse_lines
from openstack_rca.logs.reading import Log, Reading
from openstack_rca.logs.records import HostSource, SkipReason, ids_in_text
from openstack_rca.logs.services import services_of_events
from openstack_rca.logs.side_by_side import in_turn, usual_threads
from openstack_rca.logs.sources import Collection, Source, collect_sources, no_logs_among
from openstack_rca.logs.templates import mask_messages, template_ids
from openstack_rca.plain_text import called, counted

_NAMED_OTHERS = 200
_LONGEST_TEXTS = {"message": 64 * 1024, "exception": 64 * 1024, "detail": 1024 * 1024}
"""Characters that are kept of a text: what looks for words in it, and a report, take microseconds a character."""


def read_logs(
    paths: Sequence[str | Path], options: ReadingOptions | None = None, bounds: Bounds | None = None
) -> LogRead:
    """Read logs into the table of events.

    What cannot be read is left out and named in ``files``, and so is the rest of a file that is damaged or too large.

    Args:
        paths: files, folders (read with all below), globs, or ``-`` for standard input; plain, compressed, or archives.
        options: what the lines do not say themselves; None: stamps without an offset are in UTC.
        bounds: what one packed file may hold; None: see ``Bounds``.

    Raises:
        LogPathNotFound: a path or glob leads nowhere.
        NoLogFiles: nothing that was given is a log.
        UnreadableLog: the only files that could be logs cannot be read.
        NoKnownLines: no line has a known format.
    """
    return read_collection(collect_sources(paths), options or ReadingOptions(), bounds)


def read_collection(
    collection: Collection,
    options: ReadingOptions,
    bounds: Bounds | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    spill: Callable[[], BinaryIO] = tempfile.TemporaryFile,
) -> LogRead:
    """Read logs that were found already, or stretches of them; bounds and errors as for ``read_logs``.

    ``on_progress`` is called with bytes done and bytes in all, as they lie on disk; ``spill`` opens the file in which the
    words of long logs wait.
    """
    part = read_part(collection.sources, options, bounds or Bounds(), on_progress, spill)
    return whole_read(part, collection, options)


@dataclass
class PartRead:
    """What was read of some of the files of a collection, not yet dated and not yet in order.

    Attributes:
        logs: those found in the files.
        left_out: name, reason and sentence of what was not read.
        distrusted: indices of the ``logs`` of which nothing may be used.
        error: the first error that made something unreadable, if any.
        gathered: the events of ``logs``.
        goes_on: whether the first of ``logs`` continues the last log of the part before.
    """

    logs: list[Log]
    left_out: list[tuple[str, SkipReason, str]]
    distrusted: list[int]
    error: UnreadableLog | None
    gathered: GatheredEvents
    goes_on: bool = False

    def take_in(self, other: PartRead) -> None:
        """Append what was read of the files that come next; the result is that of reading all one after the other."""
        logs = other.logs
        goes_on = other.goes_on and bool(logs)
        if goes_on:
            self.logs[-1].lines += logs[0].lines
            self.logs[-1].skip, self.logs[-1].detail = logs[0].skip, logs[0].detail
        shift = len(self.logs) - goes_on
        self.logs += logs[goes_on:]
        self.left_out += other.left_out
        self.distrusted += [place + shift for place in other.distrusted]
        self.error = self.error or other.error
        self.gathered.take_in(other.gathered, shift)


def read_part(
    sources: Sequence[Source],
    options: ReadingOptions,
    bounds: Bounds,
    on_progress: Callable[[int, int], None] | None = None,
    spill: Callable[[], BinaryIO] = tempfile.TemporaryFile,
) -> PartRead:
    """Read some of the files of a collection; arguments as for ``read_collection``, the result is for ``whole_read``."""
    reading = Reading(sources, bounds, on_progress)
    gathered = GatheredEvents(spill)

    def events_of(batch: Sequence[Block]) -> pl.DataFrame:
        events = _batch_events(batch, reading.logs, options)
        return _with_templates(events) if options.templates else events.with_columns(_NO_TEMPLATE)

    with closing(in_turn(events_of, reading.batches(), options.threads or usual_threads())) as batches:
        for events in batches:
            gathered.add(events)
    return PartRead(reading.logs, reading.left_out, reading.distrusted, reading.error, gathered)


def whole_read(part: PartRead, collection: Collection, options: ReadingOptions) -> LogRead:
    """The table of events of a collection, whose files were all read into ``part``; errors as for ``read_logs``."""
    left_out = collection.skipped + part.left_out
    for log in part.logs:
        log.host_zone = zone_of(log.late_host or log.origin.host, options.host_zones) or log.host_zone
    files = _file_reads(part.gathered.counts(part.distrusted), part.logs)
    if not any(read.events > 0 and (read.format != "unknown" or read.guessed_levels) for read in files):
        lacks = any(reason is SkipReason.MISSING_PART for _, reason, _ in left_out)
        raise (None if lacks else part.error) or _nothing_known(files, left_out, collection.roots)
    files += _left_out_reads(left_out)
    table = part.gathered.table(part.logs, options, part.distrusted)
    return LogRead(table, sorted(files, key=lambda read: read.file), collection.roots)


def _batch_events(batch: Sequence[Block], logs: Sequence[Log], options: ReadingOptions) -> pl.DataFrame:
    # A block's index stands for its file while joining: no event reaches over a border of blocks.
    lines = pl.concat(block.numbered(index) for index, block in enumerate(batch))
    records = parse_lines(lines, options.timezone, options.log_format)
    events = with_uptimes(join_events(in_order_of_time(records)), lines)
    within = events["host"].drop_nulls()
    contained = within.filter(within.str.contains("container-", literal=True)).unique()
    if contained.len():
        machines = {name: machine_of(name) for name in contained.to_list()}
        events = events.with_columns(pl.col("host").replace(machines))
    of_block = [logs[block.log_index] for block in batch]
    origins = pl.DataFrame(
        {
            "file_index": pl.Series(range(len(batch)), dtype=pl.Int32),
            "source_index": pl.Series([block.log_index for block in batch], dtype=pl.Int32),
            "file": pl.Series([log.name for log in of_block], dtype=pl.String),
            "path_service": pl.Series([log.origin.service for log in of_block], dtype=pl.String),
            "path_host": pl.Series([log.origin.host for log in of_block], dtype=pl.String),
            "host_in_file": pl.Series([log.host_in_file for log in of_block], dtype=pl.Boolean),
        }
    )
    return (
        events.join(origins, on="file_index", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("host", pl.lit(options.host), "path_host", "hostname").alias("host"),
            _host_source(options.host).alias("host_source"),
            services_of_events(events, origins).alias("service"),
            *ids_in_text(),
        )
        .drop(
            "row",
            "kind",
            "stream",
            "file_index",
            "owner",
            "further",
            "path_service",
            "path_host",
            "hostname",
            "host_in_file",
        )
    )


def _host_source(given: str | None) -> pl.Expr:
    """Where the host of an event comes from, in the order in which it is taken."""
    sources = (
        (pl.col("host").is_not_null(), HostSource.LINES),
        (pl.lit(given is not None), HostSource.OPTION),
        (pl.col("path_host").is_not_null() & pl.col("host_in_file"), HostSource.HOSTNAME_FILE),
        (pl.col("path_host").is_not_null(), HostSource.PATH),
        (pl.col("hostname").is_not_null(), HostSource.PROGRAM),
    )
    found: pl.Expr = pl.lit(None, HOST_SOURCES)
    for holds, source in reversed(sources):
        found = pl.when(holds).then(pl.lit(str(source), HOST_SOURCES)).otherwise(found)
    return found


def _file_reads(numbers: pl.DataFrame, logs: Sequence[Log]) -> list[FileRead]:
    per_format = (
        numbers.group_by("source_index", "format")
        .agg(pl.col("events", "unknown", "guessed").sum())
        .sort("events", "format", descending=[True, False], nulls_last=True)
    )
    counts: dict[int, tuple[str, int, int, int]] = {}
    for index, name, *added in per_format.iter_rows():
        best, *before = counts.get(index, ("unknown", 0, 0, 0))
        one, two, three = (old + new for old, new in zip(before, added, strict=True))
        counts[index] = (name if best == "unknown" else best, one, two, three)
    hosted = numbers.drop_nulls("host_source").group_by("source_index", "host_source").agg(pl.col("events").sum())
    most = hosted.sort("events", "host_source").group_by("source_index").agg(pl.col("host_source").last())
    hosts_from = {index: HostSource(source) for index, source in most.iter_rows()}
    reads = []
    for index, log in enumerate(logs):
        name, number, unknown_lines, guessed = counts.get(index, ("empty", 0, 0, 0))
        host_from = hosts_from.get(index)
        if log.late_host and host_from not in (HostSource.LINES, HostSource.OPTION):
            host_from = HostSource.HOSTNAME_FILE
        told = (log.skip, log.detail, guessed, host_from, log.zone, log.host_zone)
        reads.append(FileRead(log.name, log.lines, number, unknown_lines, name, *told))
    return reads


def _left_out_reads(left_out: Sequence[tuple[str, SkipReason, str]]) -> list[FileRead]:
    """What was not read, each by its name; of files that are simply no logs only the first, as a sosreport holds thousands."""
    reads, others = [], 0
    for name, reason, detail in left_out:
        others += reason is SkipReason.NOT_A_LOG
        if reason is not SkipReason.NOT_A_LOG or others <= _NAMED_OTHERS:
            reads.append(FileRead(name, 0, 0, 0, "skipped", reason, detail))
    if others > _NAMED_OTHERS:
        more = f"{others - _NAMED_OTHERS:,} more files"
        reads.append(FileRead(more, 0, 0, 0, "skipped", SkipReason.NOT_A_LOG))
    return reads


_NO_TEMPLATE = (pl.lit("").alias("template"), pl.lit(0, pl.UInt64).alias("template_id"))


def _with_templates(events: pl.DataFrame) -> pl.DataFrame:
    """Templates, made of distinct messages only; of what is longer than any text that a person wrote the middle is left out."""
    for name, longest in _LONGEST_TEXTS.items():
        size = events[name].str.len_bytes().max()
        if isinstance(size, int) and size > longest:
            events = events.with_columns(_shortened(pl.col(name), longest).alias(name))
    distinct = events.select(pl.col("message").unique())
    templates = mask_messages(distinct["message"]).alias("template")
    table = distinct.with_columns(templates, template_ids(templates).alias("template_id"))
    return events.join(table, on="message", how="left", maintain_order="left")


def _shortened(text: pl.Expr, longest: int) -> pl.Expr:
    half = longest // 2
    left_out = (text.str.len_chars() - 2 * half).cast(pl.String)
    parts = (text.str.head(half), pl.lit(" [... "), left_out, pl.lit(" more characters ...] "), text.str.tail(half))
    return pl.when(text.str.len_chars() > longest).then(pl.concat_str(parts)).otherwise(text)


def _nothing_known(
    files: Sequence[FileRead], left_out: Sequence[tuple[str, SkipReason, str]], paths: Sequence[str | Path]
) -> LogInputError:
    """The error where nothing could be read: no log at all, empty ones, or text of no known format."""
    given = ", ".join(called(str(path)) for path in paths)
    lines = sum(read.lines for read in files)
    if lines == 0 and left_out:
        empty = [(read.file, "empty") for read in files]
        return no_logs_among([*((name, str(reason)) for name, reason, _ in left_out), *empty], paths)
    if lines == 0:
        return NoKnownLines(f"The logs are empty: {given}.", "Give logs that hold lines.")
    return NoKnownLines(
        f"No line of {given} has a known log format ({counted(lines, 'line')} read).",
        "Give logs of OpenStack services (oslo.log), RabbitMQ, MariaDB, uWSGI, Apache, HAProxy, libvirt, Open vSwitch, "
        "Ceph or syslog.",
    )
