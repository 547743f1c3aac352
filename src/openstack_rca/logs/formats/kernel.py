"""The kernel's ring buffer, as dmesg prints it in its ways."""

import re

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat, ctime, dated, guessed, iso, timeless
from openstack_rca.logs.records import Kind, syslog_level
from openstack_rca.logs.stamps import (
    DAY,
    ISO,
    MONTH,
    NAMED_ZONE,
    any_times,
    epoch_time,
    iso_time,
    time_since_start,
    yearless_time,
)

_CTIME = rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d \d{{4}}"
# Seconds since the start, perhaps with what passed since the line before, and who wrote it.
_UPTIME = r"\[ *(?P<stamp>\d+\.\d{6})(?: *<[ .\d]*>)?\](?:\[ *[TC]\d+\])?"
# Facility and severity in one number: what is above comes from programs.
_LAST_OF_KERNEL = 7
_AUDITED = r"\baudit\((\d{10}\.\d{3}):\d+\)"
_CLOCK_SET = r"setting system clock to .* \((\d{10})\)$"
_DECODED = (
    r"(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d|audit) *:(?P<level>[a-z]+) *: "
)


def _since_start(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    """Seconds since the start; the audit system and the hardware's clock name the moment."""
    moment = pl.coalesce(pl.col("message").str.extract(_AUDITED), pl.col("message").str.extract(_CLOCK_SET))
    return parts.with_columns(pl.coalesce(epoch_time(moment), time_since_start(pl.col("stamp"))).alias("time"))


def _decoded(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return timeless(_since_start(parts, timezone), timezone)


def _raw(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    level = syslog_level(pl.col("priority")).fill_null("INFO")
    return _since_start(parts, timezone).with_columns(level.alias("level"))


def _record(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """A record of /dev/kmsg: microseconds; what a program put there names it; a piece of a line goes on with the one before."""
    micros = pl.col("stamp").str.zfill(7)
    spoken = pl.col("message").str.extract_groups(r"^([A-Za-z][\w.@-]*)\[(\d{1,9})\]: (.*)$").struct
    of_program = pl.col("priority").cast(pl.Int32, strict=False) > _LAST_OF_KERNEL
    parts = parts.with_columns(
        micros.str.head(-6) + "." + micros.str.tail(6).alias("stamp"),
        pl.when(of_program).then(spoken.field("1")).alias("service"),
        pl.when(of_program).then(spoken.field("2")).alias("process"),
        pl.when(of_program).then(pl.coalesce(spoken.field("3"), "message")).otherwise("message").alias("message"),
        pl.when(pl.col("flag") == "+").then(int(Kind.FOLLOWER)).otherwise(int(Kind.OPENER)).alias("kind"),
    )
    return _raw(parts.with_columns(_unescaped(parts["message"])), timezone)


def _unescaped(text: pl.Series) -> pl.Series:
    """Bytes that the kernel writes as ``\\x`` and two digits, where they are text; a line end is a space."""

    def readable(found: re.Match[str]) -> str:
        spoken = bytes.fromhex(found[0].replace("\\x", "")).decode("utf-8", "replace")
        return "".join(sign if sign.isprintable() else " " for sign in spoken)

    escaped = text.filter(text.str.contains(r"\\x[0-9a-f]{2}")).unique().to_list()
    return text.replace({told: re.sub(r"(?:\\x[0-9a-f]{2})+", readable, told) for told in escaped})


def _to_the_minute(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    stamp = pl.col("stamp").str.replace(r"^(\w{3}) ?(\d+) (.*)$", "${1} ${2} ${3}:00")
    return parts.with_columns(yearless_time(stamp, timezone).alias("time"))


def _audit(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    text = pl.col("message")
    refused = text.str.contains(r"\bdenied\b|\bres=(?:failed|0)\b|\bsuccess=no\b") | pl.col("type").str.starts_with(
        "ANOM"
    )
    return parts.with_columns(
        any_times(parts["stamp"], timezone).alias("time"),
        pl.when(refused).then(pl.lit("WARNING")).otherwise(pl.lit("INFO")).alias("level"),
        message=pl.col("type") + ": " + text,
    )


def _coredump(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    stamp = pl.col("stamp").str.replace(r"^\w+ ", "")
    program = pl.col("message").str.extract(r"/([^/ ]+)(?: +[\d.]+[KMGTn/a]*| +-)?$")
    return parts.with_columns(
        iso_time(stamp, timezone).alias("time"), program.alias("service"), level=pl.lit("CRITICAL")
    )


FORMATS = (
    LineFormat(
        "audit",
        r"^(?:node=(?P<host>\S+) )?type=(?P<type>[A-Z0-9_]+) "
        r"msg=audit\((?P<stamp>\d{9,10}\.\d{3}|[\d/.-]{8,10} \d\d:\d\d:\d\d\.\d{3}):\d+\) ?: ?(?P<message>.*)$",
        _audit,
        "the audit daemon, also as `ausearch -i` shows it; what was refused or failed is a warning",
    ),
    LineFormat(
        "coredumps",
        rf"^(?P<stamp>{DAY} {ISO}(?: {NAMED_ZONE})?) +(?P<process>\d+) +\d+ +\d+ +(?P<message>(?:SIG[A-Z0-9]+|\d+) .*)$",
        _coredump,
        "coredumpctl list",
    ),
    LineFormat(
        "kernel",
        rf"^{_DECODED}\[?(?P<stamp>{_CTIME}|{ISO})\]? (?P<message>.*)$",
        dated,
        "dmesg -x -T, dmesg -x --time-format iso",
    ),
    LineFormat("kernel", rf"^{_DECODED}(?:{_UPTIME} )?(?P<message>.*)$", _decoded, "dmesg -x"),
    LineFormat(
        "kernel",
        rf"^\[(?P<stamp>{_CTIME})\] (?P<message>[^\[].*)$",
        guessed(ctime),
        "dmesg -T",
        # conntrackd puts its process and a severity behind the same stamp.
        unless=r"^\[[^\]]*\] \(pid=\d+\) \[",
    ),
    LineFormat(
        "kernel",
        r"^(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d) (?P<message>.*)$",
        guessed(iso),
        "dmesg --time-format iso",
    ),
    LineFormat(
        "kernel",
        rf"^\[(?P<stamp>{MONTH} ?\d\d? \d\d:\d\d)\] (?P<message>.*)$",
        guessed(_to_the_minute),
        "dmesg -H: its other lines tell what passed since the line before",
    ),
    LineFormat(
        "kernel", r"^\[ *\+\d+\.\d{6}\] (?P<message>.*)$", guessed(timeless), "dmesg -H, dmesg --time-format reltime"
    ),
    LineFormat(
        "kernel",
        r"^(?P<priority>\d{1,4}),\d{1,20},(?P<stamp>\d{1,15}),(?P<flag>[-c+])(?:,[^;]*)?;(?P<message>.*)$",
        _record,
        "/dev/kmsg, with its records' fields below them",
    ),
    LineFormat("kernel", rf"^<(?P<priority>\d{{1,3}})>{_UPTIME} ?(?P<message>.*)$", _raw, "dmesg -r"),
)

FALLBACKS = (
    LineFormat(
        "kernel",
        rf"^{_UPTIME}(?: (?P<message>.*))?$",
        guessed(_since_start),
        "dmesg: dated where the start is known, from itself, syslog, a journal or proc/stat of a sosreport",
    ),
)
