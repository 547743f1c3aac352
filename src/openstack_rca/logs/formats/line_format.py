"""What a line format is, and the ways in which formats turn the parts of a line into those of a record."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from openstack_rca.logs.beginnings import matching_unless, parts_of
from openstack_rca.logs.records import NO_RECORDS, as_records, level_in_text, normal_level
from openstack_rca.logs.stamps import any_times, formatted_time, iso_time, yearless_time

CTIME = "%a %b %d %H:%M:%S %Y"
DATE = r"\d{4}-\d\d-\d\d"
LEVEL_WORD = (
    "TRACE|DEBUG|DDEBUG|SUBDEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|CRIT|CRITICAL|ALERT|EMERG|FATAL|SEVERE|"
    "trace|debug|info|notice|warn|warning|err|error|crit|critical|alert|emerg|fatal|"
    "Debug|Info|Notice|Warning|Error|Critical|Fatal"
)


@dataclass(frozen=True)
class LineFormat:
    """One shape of a line.

    ``pattern`` recognises it and names its parts; ``shape`` turns these parts (columns) into those of a record, given the time
    zone of stamps that state none; ``about`` says what writes it, for the documentation; ``unless`` matches lines to refuse.
    """

    name: str
    pattern: str
    shape: Callable[[pl.DataFrame, str], pl.DataFrame]
    about: str = ""
    unless: str = ""

    def take(self, lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Records of the lines (``row``, ``text``) that have this shape, and the other lines."""
        hits, others = matching_unless(lines, self.pattern, self.unless)
        if hits.height == 0:
            return NO_RECORDS, others
        shaped = self.shape(parts_of(hits, self.pattern), timezone)
        if "message" in shaped.columns:
            shaped = shaped.with_columns(pl.col("message").fill_null(""))
        return as_records(shaped, self.name), others


def stated_level(parts: pl.DataFrame) -> pl.Expr:
    """An expression for the level that a line states; INFO where it states none or an unknown one."""
    return normal_level(pl.col("level")).fill_null("INFO") if "level" in parts.columns else pl.lit("INFO")


def iso(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add ``time`` from an ISO stamp, and ``level`` (see ``stated_level``)."""
    return parts.with_columns(iso_time(pl.col("stamp"), timezone).alias("time"), stated_level(parts).alias("level"))


def ctime(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add ``time`` from a stamp such as ``Mon Nov 23 04:00:00 2026``, and ``level``."""
    time = formatted_time(pl.col("stamp"), CTIME, timezone)
    return parts.with_columns(time.alias("time"), stated_level(parts).alias("level"))


def yearless(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add ``time`` from a stamp such as ``Nov 23 04:00:00``, and ``level``."""
    time = yearless_time(pl.col("stamp"), timezone)
    return parts.with_columns(time.alias("time"), stated_level(parts).alias("level"))


def dated(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Add ``time`` from a stamp of any kind (see ``any_times``), and ``level``."""
    return parts.with_columns(any_times(parts["stamp"], timezone).alias("time"), stated_level(parts).alias("level"))


def timeless(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    """Add ``level`` only, for lines without a stamp."""
    return parts.with_columns(stated_level(parts).alias("level"))


def guessed(shape: Callable[[pl.DataFrame, str], pl.DataFrame]) -> Callable[[pl.DataFrame, str], pl.DataFrame]:
    """A shape function for a program that states no level: as ``shape``, with a level guessed from the message, else INFO."""

    def shaped(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
        guess = level_in_text(pl.col("message").fill_null(""))
        return shape(parts, timezone).with_columns(
            # Null where nothing tells a level: then an envelope's counts, where there is one.
            guess.fill_null("INFO").alias("level"),
            pl.when(guess.is_not_null()).then(True).alias("level_guessed"),
        )

    return shaped
