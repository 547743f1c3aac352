"""RabbitMQ."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, dated
from openstack_rca.logs.records import ROW_STRIDE, Kind, normal_level
from openstack_rca.logs.stamps import iso_time


def _line(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # Since 3.9 every line of a multi-line report repeats the prefix, with the same stamp to the microsecond.
    line = pl.col("row") // ROW_STRIDE
    repeats = (
        (pl.col("stamp") == pl.col("stamp").shift())
        & (pl.col("logger") == pl.col("logger").shift())
        & (line <= line.shift() + 1)
        & pl.col("stamp").str.contains(r"\.\d{6}")
    ).fill_null(False)
    return parts.with_columns(
        pl.when(repeats).then(int(Kind.FOLLOWER)).otherwise(int(Kind.OPENER)).alias("kind"),
        iso_time(pl.col("stamp"), timezone).alias("time"),
        normal_level(pl.col("level")).fill_null("INFO"),
    )


def _report(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # A supervisor reports what it lost; a start is a progress report.
    level = pl.col("report").replace_strict(
        {"ERROR": "ERROR", "CRASH": "ERROR", "SUPERVISOR": "ERROR", "WARNING": "WARNING"},
        default="INFO",
        return_dtype=pl.String,
    )
    return dated(parts, timezone).with_columns(level.alias("level"), message=pl.col("report") + " REPORT:")


FORMATS = (
    LineFormat(
        "rabbitmq",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)?) \[(?P<level>[a-z]+)\] "
        r"(?P<logger><\d+\.\d+\.\d+>)(?: (?P<message>.*))?$",
        _line,
        "RabbitMQ 3.7 and later",
    ),
    LineFormat(
        "rabbitmq",
        r"^=(?P<report>[A-Z]+) REPORT==== (?P<stamp>\d{1,2}-[A-Z][a-z]{2}-\d{4}::\d\d:\d\d:\d\d(?:\.\d+)?)",
        _report,
        "RabbitMQ before 3.7 and Erlang's reports",
    ),
)
