"""Web servers and proxies: uWSGI, access logs, nginx, gunicorn, HAProxy. Apache's error log is an envelope."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, ctime, dated, guessed, iso, stated_level, timeless
from openstack_rca.logs.records import Kind
from openstack_rca.logs.stamps import DAY, MONTH, any_times, formatted_time

_CTIME_PATTERN = rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d \d{{4}}"


def _uwsgi_request(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    client = pl.col("client").str.strip_suffix(" ()")
    return ctime(parts, timezone).with_columns(message=client + " " + pl.col("message"))


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


def _squid(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    traced = pl.when(pl.col("depth") > "1").then(pl.lit("DEBUG"))
    return iso(parts, timezone).with_columns(pl.coalesce(traced, stated_level(parts)).alias("level"))


FORMATS = (
    LineFormat(
        "uwsgi",
        r"^\[pid: (?P<process>\d+)\|app: [^|]*\|req: [^\]]*\] (?P<client>\S* \(.*?\)) \{[^}]*\} "
        rf"\[(?P<stamp>{_CTIME_PATTERN})\] (?P<message>.*)$",
        _uwsgi_request,
        "uWSGI's requests",
    ),
    LineFormat("uwsgi", rf"^(?P<stamp>{_CTIME_PATTERN}) - (?P<message>.*)$", guessed(ctime), "uWSGI's own lines"),
    LineFormat("uwsgi", rf"^(?P<message>\*\*\* Starting uWSGI .*?\[(?P<stamp>{_CTIME_PATTERN})\] \*\*\*)$", ctime),
    LineFormat(
        "access",
        r"^(?:[\w.*-]+(?::\d+)? )?(?P<client>[\w.:,\[\]-]+) \S+ \S+ "
        rf"\[(?P<stamp>\d\d/{MONTH}/\d{{4}}[: ]\d\d:\d\d:\d\d)(?:\.\d+)?(?: (?P<offset>[+-]\d{{4}}))?\] "
        r"(?P<request>\"[^\"]*\" .*)$",
        _access,
        "access logs of Apache, nginx, eventlet, gunicorn",
    ),
    LineFormat(
        "access",
        r"^\[(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\] (?P<message>\"(?:[A-Z]+|-) [^\"]*\" \d{1,3} .*)$",
        iso,
        "requests of Envoy",
    ),
    LineFormat(
        "access",
        r"^(?P<stamp>1\d{9}\.\d{3}) +\d+ (?P<message>\S+ [A-Z_]+/\d{3} \d+ [A-Z]+ .*)$",
        dated,
        "requests of Squid",
    ),
    LineFormat(
        "squid",
        r"^(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{3})?)(?: kid\d+)?\| ?(?:\d{1,3},(?P<depth>\d)\| )?"
        r"(?:(?P<level>WARNING|ERROR|FATAL): )?(?P<message>.*)$",
        _squid,
        "Squid's own lines",
    ),
    LineFormat(
        "nginx",
        r"^(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<process>\d+)#\d+: (?P<message>.*)$",
        iso,
        "nginx's error log",
    ),
    LineFormat(
        "gunicorn",
        rf"^\[(?P<stamp>{DATE} \d\d:\d\d:\d\d [+-]\d{{4}})\] \[(?P<process>\d+)\] \[(?P<level>[A-Z]+)\] (?P<message>.*)$",
        iso,
        "gunicorn's own lines",
    ),
    LineFormat(
        "haproxy",
        r"^\[(?P<level>ALERT|WARNING|NOTICE|INFO|EMERG)\] +(?:\d{3}/\d{6} )?\((?P<process>\d+)\) : (?P<message>.*)$",
        timeless,
        "HAProxy's start, stop and alerts on standard error",
    ),
)

_BEGUN = rf"(?P<stamp>\d\d/{MONTH}/\d{{4}}:\d\d:\d\d:\d\d)\.\d+"
FALLBACKS = (
    # Behind a syslog prefix the prefix has the better time: it is written when a request ends, this one when it began.
    LineFormat(
        "haproxy",
        rf"^(?P<message>[\w.:]+:\d+ \[{_BEGUN}\] .*)$",
        dated,
        "HAProxy's requests",
    ),
)


def with_times_of_requests(records: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Give HAProxy's records without a time, as from fluentd, the time in their message: when the request began."""
    unknown = pl.col("time").is_null() & (pl.col("kind") == int(Kind.OPENER))
    if not records.select(unknown.any()).item():
        return records
    stamps = records.select(pl.when(unknown).then("message").str.extract(rf"^[\w.:]+:\d+ \[{_BEGUN}\] ")).to_series()
    if stamps.null_count() == stamps.len():
        return records
    return records.with_columns(pl.coalesce("time", any_times(stamps, timezone)).alias("time"))
