"""Time stamps of many shapes, as columns of UTC microseconds."""

from __future__ import annotations

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
# Year of stamps that carry none, until the read knows which year it is in; a leap year, so that 29 February parses.
PLACEHOLDER_YEAR = 1904

_NUMERIC = (
    r"^(?P<date>\d{4}-\d\d-\d\d)[ T]+(?P<hour>\d{1,2})(?P<rest>:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    r" ?(?P<offset>Z|UTC|[+-]\d\d:?\d\d)?$"
)


def to_utc(naive: pl.Expr, timezone: str) -> pl.Expr:
    """Naive wall-clock times of ``timezone`` in UTC.

    The hour that happens twice when clocks go back is taken as its first passing; a time inside the hour that is left
    out when they go forward is read with the offset before it.
    """
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    hour = pl.duration(hours=1)

    def localised(times: pl.Expr) -> pl.Expr:
        zoned = times.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        return zoned.dt.convert_time_zone("UTC")

    return pl.coalesce(localised(naive), localised(naive - hour) + hour)


def iso_time(text: pl.Expr, timezone: str) -> pl.Expr:
    """Stamps such as ``2026-11-23T04:00:00.123Z``, ``2026-11-23  4:17:22`` (padded hour), ``... 04:00:00,123+0100``.

    Without an offset they are wall-clock times of ``timezone``; what is no date becomes null.
    """
    part = text.str.extract_groups(_NUMERIC).struct
    naive = (part.field("date") + " " + part.field("hour").str.zfill(2) + part.field("rest")).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False
    )
    fraction = part.field("fraction").fill_null("").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64)
    naive = naive + pl.duration(microseconds=fraction)
    offset = part.field("offset").replace({"Z": "+0000", "UTC": "+0000"}).str.replace(":", "", literal=True)
    minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64)
    shift = pl.duration(minutes=pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes))
    with_offset = (naive - shift).dt.replace_time_zone("UTC")
    return pl.when(offset.is_null()).then(to_utc(naive, timezone)).otherwise(with_offset)


def formatted_time(text: pl.Expr, layout: str, timezone: str) -> pl.Expr:
    """Naive stamps in a chrono ``layout`` such as ``%a %b %d %H:%M:%S %Y``; a day may be padded by a space."""
    padded = text.str.replace_all("  ", " 0", literal=True)
    return to_utc(padded.str.to_datetime(layout, time_unit="us", strict=False), timezone)


def yearless_time(text: pl.Expr, timezone: str) -> pl.Expr:
    """Stamps such as ``Nov 23 04:00:00``, dated in ``PLACEHOLDER_YEAR``."""
    dated = pl.lit(f"{PLACEHOLDER_YEAR} ") + text
    return formatted_time(dated, "%Y %b %d %H:%M:%S", timezone)
