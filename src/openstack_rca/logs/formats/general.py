"""Shapes that many programs share: Python's and Juju's logging, and lines of which only the time is known."""

from __future__ import annotations

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LEVEL_WORD, LineFormat, ctime, guessed, iso, timeless, yearless
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import DAY, ISO, MONTH

WEAK = ("timestamped",)
"""Formats that tell a time and no more: they are no sign that a file was understood."""

_CTIME_PATTERN = rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d \d{{4}}"
_CAPITALS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL"
_NOT_A_WORD = r"(?: [|-] |[\])>:|,-]+ ?| |\t|$)"


def _juju(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    shaped = iso(parts, timezone) if "stamp" in parts.columns else timeless(parts, timezone)
    unit = pl.coalesce(
        pl.col("entity").str.extract(r"^unit-(.+)-\d+$"), pl.col("logger").str.extract(r"^unit\.([\w-]+)/\d+")
    )
    return shaped.with_columns(unit.alias("service"))


def _leveled(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return iso(parts, timezone).with_columns(normal_level(pl.col("level")).fill_null("UNKNOWN").alias("level"))


FORMATS = (
    LineFormat(
        "juju",
        rf"^(?:(?P<entity>(?:unit|machine|controller)-[\w-]+): )?(?P<stamp>{DATE} \d\d:\d\d:\d\d) (?P<level>{LEVEL_WORD}) "
        r"(?P<logger>\S+) (?:\S+\.go:\d+ )(?P<message>.*)$",
        _juju,
        "Juju's units and machines",
    ),
    LineFormat(
        "juju",
        rf"^(?P<entity>(?:unit|machine|controller)-[\w-]+): (?P<stamp>{DATE} \d\d:\d\d:\d\d) (?P<level>{LEVEL_WORD}) "
        r"(?P<logger>\S+) (?P<message>.*)$",
        _juju,
        "juju debug-log --date",
    ),
    LineFormat(
        "juju",
        rf"^(?P<entity>(?:unit|machine|controller)-[\w-]+): \d\d:\d\d:\d\d (?P<level>{LEVEL_WORD}) (?P<logger>\S+) "
        r"(?P<message>.*)$",
        _juju,
        "juju debug-log: no date",
    ),
    LineFormat(
        "leveled",
        rf"^\[?(?P<stamp>{ISO})\]?:?[ \t,|-]+(?:\(\w+\) |\[(?P<process>\d+)\] )?"
        rf"[\[(<]?(?P<level>{LEVEL_WORD}){_NOT_A_WORD}(?P<message>.*)$",
        _leveled,
        "a time and a level, as most programs write them",
    ),
    LineFormat(
        "leveled",
        rf"^\[?(?P<stamp>{ISO})\]?:?[ \t,|-]+\[?(?P<logger>[A-Za-z_][\w./:-]*)(?:\[\d+\])?\]?[ \t|:-]+"
        rf"[\[(<]?(?P<level>{_CAPITALS}){_NOT_A_WORD}(?P<message>.*)$",
        _leveled,
        "a time, a logger, a level: Python's logging",
    ),
    LineFormat(
        "leveled",
        rf"^\[(?P<stamp>{ISO})\]\[(?P<level>{_CAPITALS}) *\]\[(?P<logger>[^\]]+?) *\] ?(?P<message>.*)$",
        _leveled,
        "OpenSearch and Elasticsearch",
    ),
    LineFormat(
        "leveled",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d,\d{{3}}) - (?P<logger>[\w.]+)\[(?P<level>{LEVEL_WORD})\]: (?P<message>.*)$",
        _leveled,
        "cloud-init",
    ),
)

INNER_FORMATS = (
    LineFormat(
        "leveled",
        rf"^\[?(?P<level>{_CAPITALS})(?:\]:?|:(?P<logger>[\w.]+):|:| -| \|) ?(?P<message>.*)$",
        timeless,
        "a level at the beginning of a line, behind an envelope",
    ),
)

FALLBACKS = (
    LineFormat(
        "timestamped",
        rf"^\[?(?P<stamp>{ISO})\]?(?:[:|,-]| -)?[ \t]?(?P<message>.*)$",
        guessed(iso, "UNKNOWN"),
        "only a time; the level is guessed from the words, or unknown",
    ),
    LineFormat("timestamped", rf"^\[?(?P<stamp>{_CTIME_PATTERN})\]?\b:? ?(?P<message>.*)$", guessed(ctime, "UNKNOWN")),
    LineFormat(
        "timestamped",
        rf"^(?P<stamp>{MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?)\b:? ?(?P<message>.*)$",
        guessed(yearless, "UNKNOWN"),
    ),
    LineFormat(
        "timestamped",
        r"^(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<message>.*)$",
        guessed(iso, "UNKNOWN"),
    ),
)
