"""Directories of users and shares of files: sssd, 389 Directory Server, OpenLDAP, Samba."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, dated, guessed
from openstack_rca.logs.stamps import DAY, MONTH, hexadecimal_time, written_times

# The masks of sssd(8) by the names that its documentation gives them: fatal, critical, serious and minor failures.
_MASKS = {"0010": "CRITICAL", "0020": "CRITICAL", "0040": "ERROR", "0080": "WARNING", "0100": "INFO", "0200": "INFO"}
# How Samba itself makes severities of syslog of its levels.
_SAMBA = {"0": "ERROR", "1": "WARNING", **dict.fromkeys("23456789", "INFO")}


def _sssd(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # Microseconds stand behind a colon, before the year perhaps.
    stamps = parts["stamp"].str.replace(r":(\d{6})\b", ".${1}")
    return parts.with_columns(
        written_times(stamps, timezone).alias("time"),
        pl.col("mask").str.to_lowercase().replace_strict(_MASKS, default="DEBUG").alias("level"),
        message=pl.col("function") + ": " + pl.col("message"),
    )


def _samba(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # What happened stands on the line below.
    return parts.with_columns(
        written_times(parts["stamp"], timezone).alias("time"),
        pl.col("level").replace_strict(_SAMBA, default="DEBUG").alias("level"),
        message=pl.lit(""),
    )


def _slapd(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    return parts.with_columns(hexadecimal_time(pl.col("seconds"), pl.col("fraction")).alias("time"))


_OF_SERVER = rf"^\[(?P<stamp>\d\d/{MONTH}/\d{{4}}:\d\d:\d\d:\d\d(?:\.\d{{1,9}})? [+-]\d{{4}})\] "


FORMATS = (
    LineFormat(
        "389-ds",
        rf"{_OF_SERVER}- (?P<level>EMERG|ALERT|CRIT|ERR|WARNING|NOTICE|INFO|DEBUG) - (?P<message>.*)$",
        dated,
        "389 Directory Server, of FreeIPA",
    ),
    LineFormat("389-ds", rf"{_OF_SERVER}(?P<message>conn=(?:\d+|Internal)\b.*)$", dated, "its requests"),
    LineFormat(
        "sssd",
        rf"^\((?P<stamp>{DATE} [ \d]\d:\d\d:\d\d(?::\d{{6}})?|{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d(?::\d{{6}})? \d{{4}})\):? "
        r"\[(?P<logger>\w+(?:\[.*?\]+)?)\] \[(?P<function>\w+)\] \(0x(?P<mask>[0-9a-fA-F]{4,5})\): (?P<message>.*)$",
        _sssd,
        "sssd, with its masks as severities",
    ),
    LineFormat(
        "openldap",
        r"^(?P<seconds>[4-9a-f][0-9a-f]{7})\.(?P<fraction>[0-9a-f]{5,8}) 0x[0-9a-f]+ (?P<message>.*)$",
        guessed(_slapd),
        "OpenLDAP's slapd, whose stamps are hexadecimal",
    ),
    LineFormat(
        "openldap",
        r"^(?P<seconds>[4-9a-f][0-9a-f]{7})(?P<fraction>) (?P<message>(?:conn=\d|slapd |@\(#\) |[a-z_]+(?:\(\d*\))?: ).*)$",
        guessed(_slapd),
        "the same before OpenLDAP 2.5",
    ),
    LineFormat(
        "samba",
        r"^\[(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?), +(?P<level>\d{1,2})(?:, pid=(?P<process>\d+)[^\]]*)?\] "
        r"(?P<logger>\S*\.c:\d+\(\w+\))(?P<message>)$",
        _samba,
        "Samba; what it says stands on the line below",
    ),
)
