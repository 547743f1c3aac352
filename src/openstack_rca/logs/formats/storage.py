"""Ceph, NFS-Ganesha."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, guessed, iso, yearless
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import MONTH, OWN_BEGINNING, formatted_time


def _ceph(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # A priority of -1 is Ceph's mark of an error; a cluster message carries its level in brackets, others begin with it.
    marked = normal_level(pl.col("message").str.extract(r"\[(DBG|INF|WRN|ERR|SEC)\]"))
    said = normal_level(pl.col("message").str.extract(r"^(?:[*]+ *|[\w.()-]+ )?(ERROR|WARNING)\b"))
    level = pl.when(pl.col("priority").str.starts_with("-")).then(pl.lit("ERROR")).otherwise(pl.lit("INFO"))
    return iso(parts, timezone).with_columns(pl.coalesce(marked, said, level).alias("level"))


def _ganesha(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    level = pl.col("level").replace({"EVENT": "INFO", "MAJ": "CRITICAL", "M_DBG": "DEBUG", "F_DBG": "DEBUG"})
    return parts.with_columns(
        formatted_time(pl.col("stamp"), "%d/%m/%Y %H:%M:%S", timezone).alias("time"),
        normal_level(level).fill_null("INFO").alias("level"),
    )


_STAMP = rf"(?P<stamp>{DATE}[T ]\d\d:\d\d:\d\d\.\d+(?:[+-]\d{{4}})?)"

FORMATS = (
    LineFormat(
        "ceph",
        rf"^(?:debug )?{_STAMP} [0-9a-f]{{6,16}} +(?P<priority>-?\d+) (?P<message>.*)$",
        _ceph,
        "Ceph daemons and clients",
    ),
    LineFormat(
        "ceph",
        rf"^{_STAMP} (?P<logger>\w+\.\S+)(?: \(\S+\) \d+ :)?(?: \w+)? \[(?P<level>[A-Z]{{3}})\] (?P<message>.*)$",
        iso,
        "Ceph's cluster log, `ceph -w`",
    ),
    LineFormat(
        "multipath",
        rf"^(?P<stamp>{MONTH} [ \d]\d \d\d:\d\d:\d\d) \| (?P<message>.*)$",
        guessed(yearless),
        "multipathd and multipath on a terminal",
        unless=rf"\| {OWN_BEGINNING}",
    ),
    LineFormat(
        "ganesha",
        r"^(?P<stamp>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d) : epoch \w+ : (?P<host>\S+) : \S+-(?P<process>\d+)\[[^\]]*\] "
        r"(?P<logger>[^ :]+) :[^:]+ :(?P<level>[A-Z_]+) : *(?P<message>.*)$",
        _ganesha,
        "NFS-Ganesha",
    ),
)
