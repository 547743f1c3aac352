"""Lines to records: each format takes its lines out of what the formats before it left."""

from __future__ import annotations

import polars as pl

from openstack_rca.logs.formats import FALLBACKS, FORMATS, LineFormat
from openstack_rca.logs.oslo import inner_records, split_oslo
from openstack_rca.logs.records import Kind, as_records
from openstack_rca.logs.wrappers import unwrap


def parse_lines(lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Recognise lines.

    Args:
        lines: ``row`` (UInt32, ascending), ``text``, ``file_index`` and ``line``.
        timezone: IANA zone of stamps without an offset.

    Returns:
        ``RECORD_SCHEMA`` with ``file_index`` and ``line``, one row a line, sorted by ``row``. Lines that no format
        knows have kind ``BARE`` and their whole text as message.
    """
    records, rest = split_oslo(lines.select("row", "text"), timezone)
    parts = [records]
    if rest.height:
        more, rest = _take(FORMATS, rest, timezone)
        parts += more
    if rest.height:
        wrapped, rest = unwrap(rest, timezone)
        if wrapped.height:
            parts.append(_wrapped_records(wrapped, lines.select("row", "file_index"), timezone))
    if rest.height:
        more, rest = _take(FALLBACKS, rest, timezone)
        parts += more
    parts.append(_bare(rest))
    known = pl.concat(parts)
    if len(parts) > 1 or rest.height:
        known = known.sort("row")
    return known.hstack(lines.select("file_index", "line"))


def _take(
    formats: tuple[LineFormat, ...], lines: pl.DataFrame, timezone: str
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    parts = []
    for line_format in formats:
        found = line_format.records(lines, timezone)
        if found.height:
            parts.append(found)
            lines = lines.join(found.select("row"), on="row", how="anti", maintain_order="left")
        if lines.height == 0:
            break
    return parts, lines


def _bare(lines: pl.DataFrame) -> pl.DataFrame:
    return as_records(
        lines.select(
            "row",
            pl.lit(int(Kind.BARE), pl.Int8).alias("kind"),
            pl.lit(None, pl.String).alias("format"),
            pl.col("text").alias("message"),
        ),
        "",
    )


def _wrapped_records(wrapped: pl.DataFrame, files: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Records of what is behind a prefix.

    A line that no format knows follows the line of its writer before it where that writer speaks a format of ours or
    the line is indented; else it is a line of plain syslog.
    """
    inner = wrapped.select("row", "text")
    records, rest = split_oslo(inner, timezone)
    parts = [records, inner_records(rest)]
    rest = rest.join(parts[1].select("row"), on="row", how="anti", maintain_order="left")
    more, rest = _take(FORMATS, rest, timezone)
    spoken = pl.concat([*parts, *more, _bare(rest)]).sort("row")
    outer = wrapped.join(files, on="row", how="left", maintain_order="left")
    writer = pl.struct("outer_host", "outer_service", "outer_process")
    # The file's name as prefix tells no writers apart that the lines behind it do not tell apart themselves.
    stream = pl.when((pl.col("wrapper") != "named") & (pl.col("wrapper") != "container")).then(writer.hash())
    both = spoken.drop("stream").hstack(outer.drop("row", "text").with_columns(stream.alias("stream")))
    bare = pl.col("kind") == int(Kind.BARE)
    plain = pl.col("wrapper").replace({"container": "timestamped", "named": "timestamped"})
    speaks = (~bare).any().over("file_index", "wrapper", "outer_host", "outer_service", "outer_process")
    follows = bare & (speaks | pl.col("message").str.contains(r"^\s|^$"))
    opens = bare & ~follows
    return as_records(
        both.with_columns(
            pl.when(opens)
            .then(int(Kind.OPENER))
            .when(follows)
            .then(int(Kind.FOLLOWER))
            .otherwise(pl.col("kind"))
            .alias("kind"),
            pl.when(bare).then(plain).otherwise(pl.col("format")).alias("format"),
            pl.coalesce("time", "outer_time").alias("time"),
            pl.coalesce("host", "outer_host").alias("host"),
            pl.coalesce("outer_service", "service").alias("service"),
            pl.coalesce("process", "outer_process").alias("process"),
            pl.when(bare).then(pl.col("outer_level").fill_null("INFO")).otherwise(pl.col("level")).alias("level"),
        ),
        "",
    )
