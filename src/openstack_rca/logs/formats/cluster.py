"""Pacemaker, Corosync, keepalived."""

from openstack_rca.logs.formats.line_format import LineFormat, ctime, guessed, yearless
from openstack_rca.logs.stamps import DAY, MONTH

_STAMP = rf"(?P<stamp>{MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?)"
_LEVEL = "debug|trace|info|notice|warning|warn|error|crit|critical|alert|emerg"

FORMATS = (
    LineFormat(
        "pacemaker",
        rf"^{_STAMP} (?P<host>[\w.-]+) (?P<service>[\w-]+) *\[(?P<process>\d+)\](?: \([^)]*\))?[ \t]*"
        rf"(?P<level>{_LEVEL})\b *:[ \t]*(?P<message>.*)$",
        yearless,
        "Pacemaker 2",
    ),
    LineFormat(
        "pacemaker",
        rf"^{_STAMP} \[(?P<process>\d+)\] (?P<host>[\w.-]+) +(?P<service>[\w-]+): +(?P<level>{_LEVEL}): (?P<message>.*)$",
        yearless,
        "Pacemaker 1",
    ),
    LineFormat(
        "corosync",
        rf"^{_STAMP} \[(?P<process>\d+)\] (?P<host>[\w.-]+) (?P<service>corosync) (?P<level>{_LEVEL}) +"
        r"(?P<message>\[\w+ *\] .*)$",
        yearless,
        "Corosync's own file",
    ),
    LineFormat(
        "corosync",
        rf"^{_STAMP} (?:(?P<level>{_LEVEL}) +)?(?:(?P<service>corosync) )?(?P<message>\[[A-Z]+ *\] .*)$",
        yearless,
        "Corosync's own file",
    ),
    LineFormat(
        "keepalived",
        rf"^(?P<stamp>{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d \d{{4}}): (?P<message>.*)$",
        guessed(ctime),
        "keepalived's own file",
    ),
)
