"""Open vSwitch, OVN, FRR, Contrail, switches."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, guessed, iso, timeless, yearless
from openstack_rca.logs.records import level_in_text, normal_level, syslog_level
from openstack_rca.logs.stamps import DAY, MONTH, written_times, yearless_time


def _contrail(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # Milliseconds and microseconds are written apart: `04:00:02:456.789`.
    stamps = parts["stamp"].str.replace(r":(\d{3})\.(\d{3})\b", ".${1}${2}")
    level = pl.col("level") if "level" in parts.columns else pl.lit(None)
    marked = normal_level(pl.coalesce(level, pl.col("message").str.extract(r"\[SYS_([A-Z]+)\]")))
    guess = level_in_text(pl.col("message"))
    return parts.with_columns(
        written_times(stamps, timezone).alias("time"),
        pl.coalesce(marked, guess, pl.lit("UNKNOWN")).alias("level"),
        level_guessed=marked.is_null() & guess.is_not_null(),
    )


def _switch(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    # A star before its own stamp says that its clock is not set.
    unset = pl.col("clock").str.starts_with("*").fill_null(True)
    stamp = pl.when(~unset).then(pl.col("clock").str.strip_chars(" :."))
    table = parts.select(stamp.alias("stamp"))
    written = pl.coalesce(written_times(table["stamp"], timezone), yearless_time(stamp, timezone))
    return parts.with_columns(written.alias("time"), syslog_level(pl.col("priority")).alias("level"))


FORMATS = (
    LineFormat(
        "switch",
        rf"^(?P<clock>[*.]?(?:\d{{4}} )?{MONTH} +\d{{1,2}} (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,6}})?(?: [A-Z]{{3,5}})?: )?"
        r"%(?:%\d\d)?(?P<logger>[A-Z][A-Za-z0-9_]*(?:-[A-Z][A-Z0-9_]*)*)[-/](?P<priority>[0-7])[-/]"
        r"(?P<message>[A-Z0-9_]+(?:\(\w\))?(?:\[\d+\])? ?:.*)$",
        _switch,
        "switches of Cisco, Arista, Juniper, Huawei and H3C, whose lines hold syslog's severity as a number",
    ),
    LineFormat(
        "contrail",
        rf"^(?P<stamp>{DATE} {DAY} \d\d:\d\d:\d\d:\d{{3}}\.\d{{3}}(?: [A-Z]{{3,5}})?) +(?P<host>\S+) "
        r"\[Thread \d+, Pid (?P<process>\d+)\]: (?P<message>.*)$",
        _contrail,
        "Contrail's and Tungsten Fabric's agents and control nodes",
    ),
    LineFormat(
        "contrail",
        r"^(?P<stamp>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?:\.\d{3})?(?: [AP]M)?) (?:[0-9a-f]{8,16} )?"
        r"\[(?P<service>(?:contrail|vnc|tungsten|tf)[\w-]*)\](?: \[(?P<level>[A-Z]+)\])?: (?P<message>.*)$",
        _contrail,
        "Contrail's programs in Python",
    ),
    LineFormat(
        "openvswitch",
        rf"^(?P<stamp>{DATE}T[\d:.]+Z)\|\d+\|(?P<logger>[^|]+)\|(?P<level>[A-Z]+)\|(?P<message>.*)$",
        iso,
        "Open vSwitch and OVN daemons",
    ),
    LineFormat(
        "frr",
        r"^(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<logger>[A-Z][A-Z0-9]+): (?P<message>.*)$",
        guessed(iso),
        "FRR (BGP, OSPF)",
    ),
    LineFormat(
        "radvd",
        rf"^\[(?P<stamp>{MONTH} [ \d]\d \d\d:\d\d:\d\d)\] (?P<service>radvd)(?: ?\((?P<process>\d+)\))?: (?P<message>.*)$",
        guessed(yearless),
        "radvd, which announces routes of IPv6",
    ),
    LineFormat(
        "chrony",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d) (?P<message>[\w.:]{{3,45}}(?: +(?:[?N] +)?[-+]?\d[\w.+-]*){{6,}}.*)$",
        iso,
        "what chrony measures: `measurements.log`, `statistics.log`, `tracking.log`",
    ),
)

INNER_FORMATS = (
    LineFormat(
        "openvswitch",
        r"^(?:ovs\|)?\d{5,}\|(?P<logger>[^|]+)\|(?P<level>[A-Z]+)\|(?P<message>.*)$",
        timeless,
        "the same through syslog",
    ),
)
