"""Programs in Go, such as operators, Prometheus and Kubernetes: klog, zap on a console, logfmt."""

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import ISO, PLACEHOLDER_YEAR, epoch_time, iso_time

_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"]*)"


def _klog(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    stamp = pl.lit(f"{PLACEHOLDER_YEAR}-") + pl.col("month") + "-" + pl.col("day") + " " + pl.col("clock")
    naive = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    return parts.with_columns(naive.dt.replace_time_zone("UTC").alias("time"), normal_level(pl.col("level")))


def _zap(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    time = pl.coalesce(iso_time(pl.col("stamp"), timezone), epoch_time(pl.col("stamp")))
    return parts.with_columns(time.alias("time"), normal_level(pl.col("level")).fill_null("INFO").alias("level"))


def _logfmt(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    def value(*keys: str) -> pl.Expr:
        found = [pl.col("whole").str.extract(rf"(?:^|\s){key}=({_VALUE})") for key in keys]
        return pl.coalesce(found).str.replace(r'^"(.*)"$', "${1}").str.replace_all(r"\\(.)", "${1}")

    dated = value("date") + " " + value("time")
    stamp = pl.coalesce(dated, value("ts", "time", "t", "timestamp", "@timestamp"))
    error = value("err", "error")
    text = value("msg", "message").fill_null(pl.col("whole"))
    return parts.with_columns(
        pl.coalesce(iso_time(stamp, timezone), epoch_time(stamp)).alias("time"),
        normal_level(value("level", "lvl", "severity")).fill_null("INFO").alias("level"),
        pl.when(error.is_not_null() & (error != "")).then(text + ": " + error).otherwise(text).alias("message"),
        pl.coalesce(value("logger"), value("component"), value("caller")).alias("logger"),
        value("devname").alias("host"),
    )


FORMATS = (
    LineFormat(
        "klog",
        r"^(?P<level>[IWEF])(?P<month>\d\d)(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d+) +(?P<process>\d+) "
        r"(?P<logger>[\w./-]+:\d+)\] (?P<message>.*)$",
        _klog,
        "klog and glog of Kubernetes programs",
    ),
    LineFormat(
        "zap",
        rf"^(?P<stamp>{ISO}|\d{{10}}\.\d+|\d\.\d+e\+09)\t(?P<level>[A-Za-z]+)\t(?:(?P<logger>[\w./-]+(?::\d+)?)\t)?(?P<message>.*)$",
        _zap,
        "zap on a console, of operators",
    ),
    LineFormat(
        "logfmt",
        rf"^(?P<whole>(?:[\w@.-]+={_VALUE} +)*(?:level|lvl)=\"?\w+\"?(?:\s.*)?)$",
        _logfmt,
        "logfmt of Prometheus, Grafana, Loki, logrus, and of FortiOS",
    ),
)
