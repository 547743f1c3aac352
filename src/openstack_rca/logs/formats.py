"""Line formats of the services around OpenStack: RabbitMQ, MariaDB, uWSGI and more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from openstack_rca.logs.records import Kind, as_records, normal_level
from openstack_rca.logs.stamps import formatted_time, iso_time, yearless_time

_CTIME = "%a %b %d %H:%M:%S %Y"
_DAY_NAME = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH_NAME = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CTIME_PATTERN = rf"{_DAY_NAME} {_MONTH_NAME} [ \d]\d \d\d:\d\d:\d\d \d{{4}}"
_ISO_DATE = r"\d{4}-\d\d-\d\d"


@dataclass(frozen=True)
class LineFormat:
    """One shape of a line.

    ``pattern`` recognises it and names its parts; ``shape`` turns the parts (columns) into those of a record.
    """

    name: str
    pattern: str
    shape: Callable[[pl.DataFrame, str], pl.DataFrame]

    def records(self, lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
        """Records of the lines (``row``, ``text``) that have this shape."""
        hits = lines.filter(pl.col("text").str.contains(self.pattern))
        if hits.height == 0:
            return as_records(hits.select("row"), self.name)
        parts = hits.select("row", pl.col("text").str.extract_groups(self.pattern).struct.unnest())
        return as_records(self.shape(parts, timezone), self.name)


def _rabbitmq(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # Since 3.9 every line of a multi-line report repeats the prefix, with the same stamp to the microsecond.
    repeats = (
        (pl.col("stamp") == pl.col("stamp").shift())
        & (pl.col("logger") == pl.col("logger").shift())
        & (pl.col("row") == pl.col("row").shift() + 1)
        & pl.col("stamp").str.contains(r"\.\d{6}")
    ).fill_null(False)
    return parts.with_columns(
        pl.when(repeats).then(int(Kind.FOLLOWER)).otherwise(int(Kind.OPENER)).alias("kind"),
        iso_time(pl.col("stamp"), timezone).alias("time"),
        normal_level(pl.col("level")).fill_null("INFO"),
        pl.col("message").fill_null(""),
    )


def _rabbitmq_report(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    kind = pl.col("report").replace_strict(
        {"ERROR": "ERROR", "CRASH": "ERROR", "WARNING": "WARNING"}, default="INFO", return_dtype=pl.String
    )
    return parts.with_columns(
        kind.alias("level"), formatted_time(pl.col("stamp"), "%d-%b-%Y::%H:%M:%S", timezone).alias("time")
    ).with_columns(message=pl.col("report") + " REPORT:")


def _ctime(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return parts.with_columns(formatted_time(pl.col("stamp"), _CTIME, timezone).alias("time"), level=pl.lit("INFO"))


def _uwsgi_request(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    client = pl.col("client").str.strip_suffix(" ()")
    return _ctime(parts, timezone).with_columns(message=client + " " + pl.col("message"))


def _iso(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Shapes with an ISO stamp and, perhaps, a level; a line without one is information."""
    level = normal_level(pl.col("level")).fill_null("INFO") if "level" in parts.columns else pl.lit("INFO")
    return parts.with_columns(iso_time(pl.col("stamp"), timezone).alias("time"), level.alias("level"))


def _old_mysql(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    stamp = pl.lit("20") + pl.col("stamp").str.replace(r"^(\d\d)(\d\d)(\d\d) +", "${1}-${2}-${3} ")
    return _iso(parts.with_columns(stamp=stamp), timezone)


def _ceph(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # A priority of -1 is Ceph's mark of an error; a cluster message carries its level in brackets.
    marked = normal_level(pl.col("message").str.extract(r"\[(DBG|INF|WRN|ERR|SEC)\]"))
    level = pl.when(pl.col("priority").str.starts_with("-")).then(pl.lit("ERROR")).otherwise(pl.lit("INFO"))
    return _iso(parts, timezone).with_columns(pl.coalesce(marked, level).alias("level"))


def _access(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    naive = formatted_time(pl.col("stamp").str.replace(":", " "), "%d/%b/%Y %H:%M:%S", timezone)
    zoned = (pl.col("stamp").str.replace(":", " ") + " " + pl.col("offset")).str.to_datetime(
        "%d/%b/%Y %H:%M:%S %z", time_unit="us", strict=False, time_zone="UTC"
    )
    return parts.with_columns(
        pl.coalesce(zoned, naive).alias("time"),
        level=pl.lit("INFO"),
        message=pl.col("client") + " " + pl.col("request"),
    )


def _haproxy(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    time = formatted_time(pl.col("stamp").str.replace(":", " "), "%d/%b/%Y %H:%M:%S", timezone)
    return parts.with_columns(time.alias("time"), level=pl.lit("INFO"))


def _yearless(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return parts.with_columns(yearless_time(pl.col("stamp"), timezone).alias("time"), level=pl.lit("INFO"))


_ISO = rf"{_ISO_DATE}[T ]+\d{{1,2}}:\d\d:\d\d(?:[.,]\d{{1,9}})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_LEVEL_WORD = (
    "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|CRIT|CRITICAL|ALERT|EMERG|FATAL|"
    "debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal"
)

# Shapes that are sure; tried behind a syslog prefix too.
FORMATS: tuple[LineFormat, ...] = (
    LineFormat(
        "rabbitmq",
        rf"^(?P<stamp>{_ISO_DATE} \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)?) \[(?P<level>[a-z]+)\] "
        r"(?P<logger><\d+\.\d+\.\d+>)(?: (?P<message>.*))?$",
        _rabbitmq,
    ),
    LineFormat(
        "rabbitmq",
        r"^=(?P<report>[A-Z]+) REPORT==== (?P<stamp>\d{1,2}-[A-Z][a-z]{2}-\d{4}::\d\d:\d\d:\d\d)",
        _rabbitmq_report,
    ),
    LineFormat(
        "mariadb",
        rf"^(?P<stamp>{_ISO_DATE}[ T]+\d{{1,2}}:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?) (?P<process>\d+) "
        r"\[(?P<level>[A-Za-z]+)\] ?(?P<message>.*)$",
        _iso,
    ),
    LineFormat(
        "mariadb", r"^(?P<stamp>\d{6} [ \d]\d:\d\d:\d\d) \[(?P<level>[A-Za-z]+)\] ?(?P<message>.*)$", _old_mysql
    ),
    LineFormat(
        "uwsgi",
        r"^\[pid: (?P<process>\d+)\|app: [^|]*\|req: [^\]]*\] (?P<client>\S* \(.*?\)) \{[^}]*\} "
        rf"\[(?P<stamp>{_CTIME_PATTERN})\] (?P<message>.*)$",
        _uwsgi_request,
    ),
    LineFormat("uwsgi", rf"^(?P<stamp>{_CTIME_PATTERN}) - (?P<message>.*)$", _ctime),
    LineFormat("uwsgi", rf"^(?P<message>\*\*\* Starting uWSGI .*?\[(?P<stamp>{_CTIME_PATTERN})\] \*\*\*)$", _ctime),
    LineFormat(
        "access",
        r"^(?:[\w.*-]+:\d+ )?(?P<client>[\w.:,-]+) \S+ \S+ "
        rf"\[(?P<stamp>\d\d/{_MONTH_NAME}/\d{{4}}[: ]\d\d:\d\d:\d\d)(?: (?P<offset>[+-]\d{{4}}))?\] "
        r"(?P<request>\"[^\"]*\" .*)$",
        _access,
    ),
    LineFormat(
        "libvirt",
        rf"^(?P<stamp>{_ISO_DATE} \d\d:\d\d:\d\d\.\d{{3}}\+\d{{4}}): "
        r"(?:(?P<process>\d+): (?P<level>[a-z]+) : )?(?P<message>.*)$",
        _iso,
    ),
    LineFormat(
        "openvswitch",
        rf"^(?P<stamp>{_ISO_DATE}T[\d:.]+Z)\|\d+\|(?P<logger>[^|]+)\|(?P<level>[A-Z]+)\|(?P<message>.*)$",
        _iso,
    ),
    LineFormat(
        "ceph",
        rf"^(?P<stamp>{_ISO_DATE}[T ]\d\d:\d\d:\d\d\.\d+(?:[+-]\d{{4}})?) [0-9a-f]{{6,16}} +"
        r"(?P<priority>-?\d+) (?P<message>.*)$",
        _ceph,
    ),
    LineFormat(
        "ceph",
        rf"^(?P<stamp>{_ISO_DATE}[T ]\d\d:\d\d:\d\d\.\d+(?:[+-]\d{{4}})?) (?P<logger>\w+\.\S+) \(\S+\) \d+ : "
        r"\w+ \[(?P<level>[A-Z]{3})\] (?P<message>.*)$",
        _iso,
    ),
)

# What remains and begins with a time stamp.
FALLBACKS: tuple[LineFormat, ...] = (
    # Behind a syslog prefix the prefix has the better time: it is written when a request ends, this one when it began.
    LineFormat(
        "haproxy",
        rf"^(?P<message>[\w.:]+:\d+ \[(?P<stamp>\d\d/{_MONTH_NAME}/\d{{4}}:\d\d:\d\d:\d\d)\.\d+\] .*)$",
        _haproxy,
    ),
    LineFormat(
        "timestamped",
        rf"^\[?(?P<stamp>{_ISO})\]?:?(?:[ \t,|-]+\[?(?P<level>{_LEVEL_WORD})\]?\b:?)?[ \t,|-]*(?P<message>.*)$",
        _iso,
    ),
    LineFormat("kernel", rf"^\[(?P<stamp>{_CTIME_PATTERN})\] (?P<message>.*)$", _ctime),
    LineFormat("timestamped", rf"^(?P<stamp>{_CTIME_PATTERN})\b:?(?P<message>.*)$", _ctime),
    LineFormat("timestamped", rf"^(?P<stamp>{_MONTH_NAME} [ \d]\d \d\d:\d\d:\d\d)\b:? *(?P<message>.*)$", _yearless),
)
