"""What watches machines: Nagios, Zabbix, events of the hardware; and strongSwan, which ties them."""

from __future__ import annotations

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat, guessed
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import ISO, MONTH, any_times, epoch_time, formatted_time

_STATES = {"CRITICAL": "CRITICAL", "DOWN": "ERROR", "UNREACHABLE": "ERROR", "WARNING": "WARNING"}
_BROKEN = r"(?i)\b(?:fail(?:ure|ed)|uncorrectable|non-recoverable|critical|lost|fault|IERR|off-line)\b"
_WORN = r"(?i)\b(?:correctable|predictive|redundancy|non-critical|degraded|upper|lower)\b"


def _nagios(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    state = pl.col("message").str.extract(r";(CRITICAL|DOWN|UNREACHABLE|WARNING|OK|UP|UNKNOWN);")
    said = normal_level(pl.col("message").str.extract(r"^(Warning|Error): "))
    level = pl.coalesce(state.replace_strict(_STATES, default=None, return_dtype=pl.String), said, pl.lit("INFO"))
    return parts.with_columns(epoch_time(pl.col("stamp")).alias("time"), level.alias("level"))


def _hardware(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    text = pl.col("message")
    gone = text.str.contains(r"(?i)\bdeasserted\b")
    worn = pl.when(text.str.contains(_WORN) & ~gone).then(pl.lit("WARNING")).otherwise(pl.lit("INFO"))
    level = pl.when(text.str.contains(_BROKEN) & ~gone).then(pl.lit("ERROR")).otherwise(worn)
    stamp = pl.col("date") + " " + pl.col("clock")
    return parts.with_columns(
        formatted_time(stamp, "%m/%d/%Y %H:%M:%S", timezone).alias("time"),
        level.alias("level"),
        (level != "INFO").alias("level_guessed"),
    )


def _dated(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    return parts.with_columns(any_times(parts["stamp"], timezone).alias("time"))


FORMATS = (
    LineFormat(
        "nagios",
        r"^\[(?P<stamp>1\d{9})\] (?P<message>(?:(?:[A-Z]+ )?(?:SERVICE|HOST) [A-Z ]+|EXTERNAL COMMAND|Warning|Error): .*)$",
        _nagios,
        "Nagios and Naemon, with the states of what they watch",
    ),
    LineFormat(
        "zabbix",
        r"^ *(?P<process>\d+):(?P<stamp>\d{8}:\d{6}\.\d{3}) (?P<message>.*)$",
        guessed(_dated),
        "Zabbix",
    ),
    LineFormat(
        "hardware",
        r"^ *[0-9a-f]{1,5} \| (?P<date>\d\d/\d\d/\d{4}) \| (?P<clock>\d\d:\d\d:\d\d)(?: UTC)? \| (?P<message>.*)$",
        _hardware,
        "ipmitool sel list; severities are told by words",
    ),
    LineFormat(
        "strongswan",
        rf"^(?P<stamp>(?:{ISO}|{MONTH} [ \d]\d \d\d:\d\d:\d\d)) \d\d\[(?P<logger>[A-Z]{{3}})\] (?P<message>.*)$",
        guessed(_dated),
        "strongSwan's charon",
    ),
)
