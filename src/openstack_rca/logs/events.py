"""The table of events: every log that the user gave, in one frame, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from openstack_rca.errors import NoKnownLines
from openstack_rca.logs.blocks import Block, read_blocks
from openstack_rca.logs.joining import in_order_of_time, join_events
from openstack_rca.logs.parsing import parse_lines
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.services import services_of_events
from openstack_rca.logs.sources import Source, collect_sources, first_few
from openstack_rca.logs.stamps import PLACEHOLDER_YEAR
from openstack_rca.logs.templates import mask_messages, template_ids

LEVELS = pl.Enum(["UNKNOWN", "TRACE", "DEBUG", "INFO", "AUDIT", "WARNING", "ERROR", "CRITICAL"])

EVENT_SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"),
    "host": pl.String(),
    "service": pl.String(),
    "process": pl.Int32(),
    "level": LEVELS,
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

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANCE_IN_TEXT = rf"nstance(?: uuid| UUID)?:? ['\"]?({_UUID})"
_BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class FileRead:
    """What became of one file.

    ``unknown_lines`` are lines that no format knew and that belong to no event of a known one; ``format`` is the
    format of most of its events, ``unknown`` or ``empty``; ``skip`` says why the file was left out. ``lines`` is the sum of
    ``lines`` over the file's events plus blank lines before the first.
    """

    file: str
    lines: int
    events: int
    unknown_lines: int
    format: str
    skip: SkipReason | None = None


@dataclass(frozen=True)
class LogRead:
    """Events of ``EVENT_SCHEMA`` sorted by time, file and line; the files that they came from; what the user gave."""

    events: pl.DataFrame
    files: list[FileRead]
    roots: list[str]


def read_logs(
    paths: Sequence[str | Path],
    *,
    timezone: str = "UTC",
    on_progress: Callable[[int, int], None] | None = None,
) -> LogRead:
    """Read logs into the table of events.

    Args:
        paths: files, folders (read with all below), globs, or ``-`` for standard input; plain or compressed.
        timezone: IANA zone of stamps that carry no offset.
        on_progress: called with bytes done and bytes in all, as they lie on disk.

    Raises:
        LogPathNotFound: a path or glob leads nowhere.
        NoLogFiles: nothing that was given is a log.
        UnreadableLog: permission, damaged compression, or a binary file given directly.
        NoKnownLines: no line has a known format.
    """
    collection = collect_sources(paths)
    total = sum(source.size for source in collection.sources)
    parts: list[pl.DataFrame] = []
    line_counts = [0] * len(collection.sources)
    skipped: dict[int, SkipReason] = {}
    done = 0
    for batch in _batches(collection.sources, skipped):
        parts.append(_batch_events(batch, collection.sources, timezone))
        for block in batch:
            line_counts[block.source_index] += block.lines.len()
            done += block.disk_bytes
        if on_progress is not None:
            on_progress(min(done, total), total)
    events = _merge(parts, collection.sources)
    files = _file_reads(events, collection.sources, line_counts, skipped)
    if not any(read.events > 0 and read.format != "unknown" for read in files):
        raise _nothing_known(line_counts, [collection.sources[index].name for index in skipped], paths)
    files += [FileRead(name, 0, 0, 0, "skipped", reason) for name, reason in collection.skipped]
    return LogRead(_finish(events), sorted(files, key=lambda read: read.file), collection.roots)


def _batches(sources: Sequence[Source], skipped: dict[int, SkipReason]) -> Iterator[list[Block]]:
    """Blocks of many files together, so that small files do not each pay for their own pass."""
    batch: list[Block] = []
    size = 0
    for index, source in enumerate(sources):
        for block in read_blocks(source, index, skipped):
            batch.append(block)
            size += block.text_bytes
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _batch_events(batch: Sequence[Block], sources: Sequence[Source], timezone: str) -> pl.DataFrame:
    # A block's index stands for its file while joining: no event reaches over a border of blocks.
    lines = pl.concat(
        pl.DataFrame({"text": block.lines}).with_columns(
            pl.lit(index, pl.Int32).alias("file_index"),
            pl.int_range(block.first_line, block.first_line + pl.len(), dtype=pl.Int32).alias("line"),
            pl.lit(1, pl.Int32).alias("lines"),
        )
        for index, block in enumerate(batch)
    )
    events = join_events(in_order_of_time(parse_lines(lines, timezone)))
    origins = pl.DataFrame(
        {
            "file_index": pl.Series(range(len(batch)), dtype=pl.Int32),
            "source_index": pl.Series([block.source_index for block in batch], dtype=pl.Int32),
            "file": pl.Series([sources[block.source_index].name for block in batch], dtype=pl.String),
            "path_service": pl.Series([sources[block.source_index].origin.service for block in batch], dtype=pl.String),
            "path_host": pl.Series([sources[block.source_index].origin.host for block in batch], dtype=pl.String),
        }
    )
    return (
        events.join(origins, on="file_index", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("host", "path_host", "hostname").alias("host"),
            services_of_events(events, origins).alias("service"),
            pl.coalesce("instance_id", pl.col("message").str.extract(_INSTANCE_IN_TEXT)).alias("instance_id"),
        )
        .drop("row", "kind", "stream", "file_index", "owner", "further", "path_service", "path_host", "hostname")
    )


def _merge(parts: Sequence[pl.DataFrame], sources: Sequence[Source]) -> pl.DataFrame:
    """Put batches together, date what has no year, and let events without a stamp inherit one from their file."""
    if not parts:
        return pl.DataFrame(
            schema={"source_index": pl.Int32, "format": pl.String, "lines": pl.Int32, "level": pl.String}
        )
    events = pl.concat(parts)
    yearless = pl.col("time").dt.year().is_between(PLACEHOLDER_YEAR - 1, PLACEHOLDER_YEAR + 1)
    if events.select(yearless.any()).item():
        dated = events.filter(~yearless)["time"].max()
        latest = pl.lit(dated or max(source.modified for source in sources), pl.Datetime("us", "UTC"))
        shift = latest.dt.year() - PLACEHOLDER_YEAR
        guess = pl.col("time").dt.offset_by(shift.cast(pl.String) + "y")
        # A December line in a January read is last year's.
        guess = pl.when(guess > latest + pl.duration(days=1)).then(guess.dt.offset_by("-1y")).otherwise(guess)
        events = events.with_columns(pl.when(yearless).then(guess).otherwise(pl.col("time")).alias("time"))
    return events.with_columns(
        pl.col("time").forward_fill().over("source_index").alias("time"),
    ).with_columns(pl.col("time").backward_fill().over("source_index").alias("time"))


def _file_reads(
    events: pl.DataFrame, sources: Sequence[Source], line_counts: Sequence[int], skipped: dict[int, SkipReason]
) -> list[FileRead]:
    per_format = (
        events.group_by("source_index", "format")
        .agg(pl.len().alias("events"), pl.col("lines").filter(pl.col("level") == "UNKNOWN").sum().alias("unknown"))
        .sort("events", descending=True)
    )
    counts: dict[int, tuple[str, int, int]] = {}
    for index, name, number, unknown in per_format.iter_rows():
        best, events_before, unknown_before = counts.get(index, ("unknown", 0, 0))
        counts[index] = (name if best == "unknown" else best, events_before + number, unknown_before + unknown)
    reads = []
    for index, source in enumerate(sources):
        name, number, unknown = counts.get(index, ("empty", 0, 0))
        reason = skipped.get(index)
        name = "skipped" if reason else name
        reads.append(FileRead(source.name, line_counts[index], number, unknown, name, reason))
    return reads


def _finish(events: pl.DataFrame) -> pl.DataFrame:
    """Templates on distinct messages, then order and columns."""
    distinct = events.select(pl.col("message").unique())
    templates = mask_messages(distinct["message"]).alias("template")
    table = distinct.with_columns(templates, template_ids(templates).alias("template_id"))
    return (
        events.join(table, on="message", how="left", maintain_order="left")
        .with_columns(pl.col("level").fill_null("UNKNOWN"), pl.col("level_guessed").fill_null(False))
        .sort("time", "file", "line", nulls_last=True, maintain_order=True)
        .select(pl.col(name).cast(dtype, strict=False) for name, dtype in EVENT_SCHEMA.items())
    )


def _nothing_known(line_counts: Sequence[int], binary: Sequence[str], paths: Sequence[str | Path]) -> NoKnownLines:
    """The error where nothing could be read: binary files, empty ones, or text of no known format."""
    given = ", ".join(str(path) for path in paths)
    if binary and sum(line_counts) == 0:
        empty = len(line_counts) - len(binary)
        beside = f"; the other {empty} are empty" if empty > 1 else "; the other one is empty" if empty else ""
        held = f"{len(binary)} binary file{'s' if len(binary) > 1 else ''}"
        return NoKnownLines(
            f"{given} holds no text logs but {held}: {first_few(binary)}{beside}.",
            "Give text logs; export a systemd journal with journalctl, unpack an archive first.",
        )
    if sum(line_counts) == 0:
        return NoKnownLines(f"The logs are empty: {given}.", "Give logs that hold lines.")
    return NoKnownLines(
        f"None of the {sum(line_counts):,} lines of {given} has a known log format.",
        "Give logs of OpenStack services (oslo.log), RabbitMQ, MariaDB, uWSGI, Apache, HAProxy, libvirt, Open vSwitch, "
        "Ceph or syslog.",
    )
