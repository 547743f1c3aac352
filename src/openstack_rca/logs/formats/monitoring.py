"""Nagios and Zabbix, which monitor machines; strongSwan, which connects them by VPN."""

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat, dated, guessed
from openstack_rca.logs.records import normal_level
from openstack_rca.logs.stamps import ISO, MONTH, epoch_time

_STATES = {"CRITICAL": "CRITICAL", "DOWN": "ERROR", "UNREACHABLE": "ERROR", "WARNING": "WARNING"}


def _nagios(parts: pl.DataFrame, _timezone: str) -> pl.DataFrame:
    state = pl.col("message").str.extract(r";(CRITICAL|DOWN|UNREACHABLE|WARNING|OK|UP|UNKNOWN);")
    said = normal_level(pl.col("message").str.extract(r"^(Warning|Error): "))
    level = pl.coalesce(state.replace_strict(_STATES, default=None, return_dtype=pl.String), said, pl.lit("INFO"))
    return parts.with_columns(epoch_time(pl.col("stamp")).alias("time"), level.alias("level"))


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
        guessed(dated),
        "Zabbix",
    ),
    LineFormat(
        "strongswan",
        rf"^(?P<stamp>(?:{ISO}|{MONTH} [ \d]\d \d\d:\d\d:\d\d)) \d\d\[(?P<logger>[A-Z]{{3}})\] (?P<message>.*)$",
        guessed(dated),
        "strongSwan's charon",
    ),
)
