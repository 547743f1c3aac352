"""Prefixes that something else put before a service's own line: syslog, journald, Apache, container runtimes, grep.

What is behind the prefix is read by the same formats as a bare line; host, service and process come from the prefix
where the line itself does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import polars as pl

from openstack_rca.logs.names import origin_of
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import UTC_TIME, formatted_time, iso_time, yearless_time

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_JOURNAL = rf"{_DAY} \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: UTC)?"
_TAG = r"(?P<host>[\w.:-]*\w) (?P<tag>[^\s:\[\]]+)(?:\[(?P<process>\d+)\])?:(?: (?P<inner>.*))?$"

WRAPPED_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "text": pl.String(),
    "wrapper": pl.String(),
    "outer_time": UTC_TIME,
    "outer_host": pl.String(),
    "outer_service": pl.String(),
    "outer_process": pl.Int32(),
    "outer_level": pl.String(),
}


@dataclass(frozen=True)
class Wrapper:
    """One kind of prefix; ``pattern`` names its parts, ``inner`` what is behind it."""

    name: str
    pattern: str
    time: Callable[[pl.Expr, str], pl.Expr] | None = None

    def unwrap(self, lines: pl.DataFrame, timezone: str) -> pl.DataFrame:
        """``WRAPPED_SCHEMA`` of the lines (``row``, ``text``) that begin with this prefix."""
        hits = lines.filter(pl.col("text").str.contains(self.pattern))
        if hits.height == 0:
            return pl.DataFrame(schema=WRAPPED_SCHEMA)
        parts = hits.select("row", pl.col("text").str.extract_groups(self.pattern).struct.unnest())
        if "path" in parts.columns:
            parts = parts.join(_origins(parts["path"]), on="path", how="left", maintain_order="left")
        if "tag" in parts.columns:
            parts = parts.with_columns(service=_service_of_tag(pl.col("tag")))
        columns = {"text": pl.col("inner").fill_null(""), "wrapper": pl.lit(self.name)}
        if self.time is not None:
            columns["outer_time"] = self.time(pl.col("stamp"), timezone)
        for name in ("host", "service", "process"):
            if name in parts.columns:
                columns[f"outer_{name}"] = pl.col(name)
        if "level" in parts.columns:
            columns["outer_level"] = normal_level(pl.col("level"))
        return parts.select(
            "row",
            *(
                columns.get(name, pl.lit(None)).cast(dtype, strict=False).alias(name)
                for name, dtype in WRAPPED_SCHEMA.items()
                if name != "row"
            ),
        )


def _origins(paths: pl.Series) -> pl.DataFrame:
    distinct = paths.unique()
    origins = [origin_of(PurePosixPath(path).parts) for path in distinct.to_list()]
    return pl.DataFrame(
        {"path": distinct, "service": [found.service for found in origins], "host": [found.host for found in origins]},
        schema_overrides={"service": pl.String, "host": pl.String},
    )


def _service_of_tag(tag: pl.Expr) -> pl.Expr:
    """``devstack@n-api.service`` -> ``n-api``; ``/usr/bin/dockerd`` -> ``dockerd``."""
    return tag.str.replace(r"^.*[/@]", "").str.replace(r"\.(?:service|scope|sh)$", "").str.strip_chars("()")


def _apache_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    return formatted_time(stamp, "%a %b %d %H:%M:%S%.f %Y", timezone)


def _journal_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    return iso_time(stamp.str.replace(r"^[A-Z][a-z]{2} ", ""), timezone)


def _syslog_time(stamp: pl.Expr, timezone: str) -> pl.Expr:
    return yearless_time(stamp.str.replace(r"\.\d+$", ""), timezone)


WRAPPERS: tuple[Wrapper, ...] = (
    # `grep -H` and data sets write the file's name before each line.
    Wrapper("named", r"^(?P<path>[\w./@+-]*\w\.log[\w.:+-]*?)[: ](?P<inner>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:.*)$"),
    Wrapper("syslog", rf"^(?:<\d{{1,3}}>)?(?P<stamp>{_MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) {_TAG}", _syslog_time),
    Wrapper("syslog", rf"^(?:<\d{{1,3}}>)?(?P<stamp>{_JOURNAL}|{_ISO}) {_TAG}", _journal_time),
    Wrapper(
        "syslog",
        rf"^<\d{{1,3}}>1 (?P<stamp>{_ISO}) (?P<host>\S+) (?P<tag>\S+) (?:-|(?P<process>\d+)|\S+) \S+ "
        r"(?:-|\[.*?\])(?: (?P<inner>.*))?$",
        iso_time,
    ),
    Wrapper("container", rf"^(?P<stamp>{_ISO}) (?:stdout|stderr) [FP](?: (?P<inner>.*))?$", iso_time),
    Wrapper(
        "apache",
        rf"^\[(?P<stamp>{_DAY} {_MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{{4}})\] "
        r"\[(?:[\w-]*:)?(?P<level>[a-z]+\d?)\](?: \[pid (?P<process>\d+)(?::tid \d+)?\])?"
        r"(?: \[(?:client|remote) [^\]]*\])?(?: (?P<inner>.*))?$",
        _apache_time,
    ),
)


def unwrap(lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the prefixed lines out.

    Args:
        lines: ``row`` and ``text``.
        timezone: IANA zone of stamps without an offset.

    Returns:
        ``WRAPPED_SCHEMA`` with what is behind the prefix as ``text``, sorted by ``row``; and the lines without one.
    """
    found = []
    for wrapper in WRAPPERS:
        if lines.height == 0:
            break
        wrapped = wrapper.unwrap(lines, timezone)
        if wrapped.height:
            found.append(wrapped)
            lines = lines.join(wrapped.select("row"), on="row", how="anti", maintain_order="left")
    return (pl.concat(found).sort("row") if found else pl.DataFrame(schema=WRAPPED_SCHEMA)), lines
