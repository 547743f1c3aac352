"""The year of stamps that carry none: told by the dated lines of the same logs, by the file, or by who asks."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from openstack_rca.logs.stamps import PLACEHOLDER_YEAR, UNSURE_CENTURY, UTC_TIME, is_since_start, to_utc

_HALF_A_YEAR = pl.duration(days=180)
_DATE_IN_NAME = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])(?![0-9]{3})"
)
"""A date as logrotate and people write it into the name of a file, before its extensions."""


_ASIDE = ("yearless", "unsure", "reference")


def with_years(
    events: pl.DataFrame,
    modified: Sequence[datetime],
    names: Sequence[str],
    timezone: str,
    year: int | None = None,
    known_latest: datetime | None = None,
) -> pl.DataFrame:
    """Date the stamps that carry no year, or none for sure.

    The last of a file's lines is at most a day later than the latest line with a date of the file itself; else as near as
    can be to a date in the file's name; else at most a day later than the latest dated line of all logs, else than the file's
    last change. Where the stamps of a file fall back by half a year, a new year began. The same dates tell which number of two
    digits is the year where the numbers themselves do not.

    Args:
        events: ``source_index`` and ``time``; the lines of a file in their order.
        modified: when each source was last changed.
        names: how each source is called, with its folders.
        timezone: IANA zone of these stamps; its offset depends on the year.
        year: the year of the last line of every file, instead of all that.
        known_latest: the latest line with a date of what is left out of these logs.
    """
    years_of = pl.col("time").dt.year()
    yearless = years_of.is_between(PLACEHOLDER_YEAR - 1, PLACEHOLDER_YEAR + 1).fill_null(False)
    unsure = (years_of // 100 == UNSURE_CENTURY).fill_null(False)
    flagged = events.with_columns(yearless=yearless, unsure=unsure)
    if not flagged.select((yearless | unsure).any()).item():
        return events
    dated = flagged.filter(~pl.col("yearless") & ~pl.col("unsure") & pl.col("time").is_not_null() & ~is_since_start())
    own = dated.group_by("source_index").agg(pl.col("time").max().alias("own"))
    times = [time for time in (dated["time"].max(), known_latest) if isinstance(time, datetime)]
    latest = max(times, default=None)
    forced = None if year is None else datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    reference = pl.coalesce(pl.lit(forced, UTC_TIME), "own", "named", pl.lit(latest, UTC_TIME), "changed")
    told = _told_of_files(modified, names).join(own, on="source_index", how="left", maintain_order="left")
    flagged = flagged.join(told.select("source_index", reference=reference), on="source_index", how="left")
    flagged = _with_sure_years(flagged, timezone)
    turns = _turns()
    rows = (
        flagged.with_row_index("place")
        .filter("yearless")
        .with_columns(turns.cum_sum().over("source_index").alias("turn"))
    )
    last = rows.group_by("source_index").agg(
        pl.col("time").last().alias("last_time"),
        pl.col("turn").last().alias("turns"),
        pl.col("reference").first(),
    )
    shift = pl.col("reference").dt.year() - PLACEHOLDER_YEAR
    # A December line in a January read is last year's.
    late = _shifted(pl.col("last_time"), shift) > pl.col("reference") + pl.duration(days=1)
    last = last.with_columns((shift - late.cast(pl.Int32)).alias("shift")).select("source_index", "turns", "shift")
    last = _with_leap_days(last, rows)
    rows = rows.drop("reference").join(last, on="source_index", how="left", maintain_order="left")
    years = pl.col("shift") - (pl.col("turns") - pl.col("turn"))
    shifted = _shifted(pl.col("time"), years).dt.replace_time_zone(None)
    found = rows.select("place", to_utc(shifted, timezone).alias("dated"))
    joined = flagged.with_row_index("place").join(found, on="place", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("dated", "time").alias("time")).drop("place", "dated", *_ASIDE)


def _with_sure_years(events: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Dates whose first number may be the year or the day, in the order that ends nearer to the file's ``reference``."""
    if not events["unsure"].any():
        return events
    local = pl.col("time").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    day_first = pl.format("20{}-{}-{}", local.dt.day(), local.dt.month(), local.dt.year() % 100)
    day_first = day_first.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    ways = events.with_columns(
        year_first=to_utc(_shifted(local, pl.lit(100 * (20 - UNSURE_CENTURY))), timezone),
        day_first=to_utc(day_first + (local - local.dt.truncate("1d")), timezone),
    )
    ends = (pl.col(name).filter("unsure").max().over("source_index") for name in ("year_first", "day_first"))
    ahead, behind = ((end - pl.col("reference")).abs() for end in ends)
    no_day = pl.col("unsure") & pl.col("day_first").is_null()
    chosen = pl.when((behind < ahead) & ~no_day.any().over("source_index")).then("day_first").otherwise("year_first")
    return ways.with_columns(time=pl.when("unsure").then(chosen).otherwise("time")).drop("year_first", "day_first")


def _told_of_files(modified: Sequence[datetime], names: Sequence[str]) -> pl.DataFrame:
    """When each source was ``changed`` last, and half a year after the date that it is ``named`` after."""
    dates = pl.Series("named", [_date_of(name) for name in names], dtype=UTC_TIME)
    changed = pl.DataFrame({"changed": pl.Series(modified, dtype=UTC_TIME), "named": dates})
    return changed.select(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("source_index"), "changed", pl.col("named") + _HALF_A_YEAR
    )


def _date_of(name: str) -> datetime | None:
    found = _DATE_IN_NAME.search(name.rpartition("/")[2])
    try:
        return datetime(int(found[1]), int(found[3]), int(found[4]), tzinfo=UTC) if found else None
    except ValueError:
        return None


def _with_leap_days(last: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The years of files (``shift``, ``turns``) put back so far that each 29 February is one of a leap year."""
    leap_day = (pl.col("time").dt.month() == 2) & (pl.col("time").dt.day() == 29)
    leaps = rows.filter(leap_day).group_by("source_index").agg(pl.col("turn").last().alias("leap"))
    # The placeholder is a leap year itself.
    late = (pl.col("shift") - pl.col("turns") + pl.col("leap")) % 4
    joined = last.join(leaps, on="source_index", how="left", maintain_order="left")
    return joined.with_columns(shift=pl.col("shift") - late.fill_null(0)).drop("leap")


def with_second_passing(events: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Put what a file logged after its clock went back an hour behind what it logged before.

    Stamps without an offset name the hour that happens twice alike. Where the stamps of a file fall back inside of it by
    more than half an hour, the second passing began.

    Args:
        events: ``source_index`` and ``time``; the lines of a file in their order.
        timezone: IANA zone of stamps without an offset.
    """
    if timezone == "UTC":
        return events
    local = pl.col("time").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    first, second = (
        local.dt.replace_time_zone(timezone, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC")
        for which in ("earliest", "latest")
    )
    placed = events.with_columns(second=second, twice=(first != second).fill_null(False), day=local.dt.date())
    if not placed["twice"].any():
        return events
    step = pl.col("time").diff().over("source_index")
    back = pl.col("twice") & step.is_between(pl.duration(minutes=-60), pl.duration(minutes=-30))
    begun = back.fill_null(False).cum_sum().over("source_index", "day") > 0
    time = pl.when(pl.col("twice") & begun).then(pl.col("second")).otherwise(pl.col("time"))
    return placed.with_columns(time.alias("time")).drop("second", "twice", "day")


def _turns() -> pl.Expr:
    step = pl.col("time").diff().over("source_index")
    return (step < -_HALF_A_YEAR).cast(pl.Int32).fill_null(0) - (step > _HALF_A_YEAR).cast(pl.Int32).fill_null(0)


def _shifted(time: pl.Expr, years: pl.Expr) -> pl.Expr:
    return time.dt.offset_by(years.cast(pl.String) + "y")
