"""What systemd, the kernel and HAProxy say with nothing before it: each line of `journalctl -o cat` is an entry of its own."""

from collections.abc import Callable

import polars as pl

from openstack_rca.logs.formats.line_format import LineFormat, guessed, timeless

_UNIT = r"[\w@.\\:-]+\.(?:service|socket|timer|mount|scope|slice)"


def _said_by(service: str) -> Callable[[pl.DataFrame, str], pl.DataFrame]:
    shape = guessed(timeless)
    return lambda parts, timezone: shape(parts, timezone).with_columns(service=pl.lit(service))


UNPREFIXED = (
    LineFormat(
        "systemd",
        rf"^(?P<message>{_UNIT}: (?:(?:Main|Control) process exited|Failed with result|Scheduled restart job|Consumed \d|"
        r"Deactivated|Start request repeated|Killing process|Watchdog timeout|A process of this unit|\w+ operation timed out|"
        r"State '|Unit )"
        rf".*|(?:Starting|Started|Stopping|Stopped|Reloading|Reloaded|Failed to start) {_UNIT} - .*)$",
        _said_by("systemd"),
        "systemd, in `journalctl -o cat`",
    ),
    LineFormat(
        "kernel",
        r"^(?P<message>(?:Out of memory: Killed process|Memory cgroup out of memory:|oom-kill:constraint=|"
        r"INFO: task \S+ blocked for more than|nf_conntrack: table full|EXT4-fs error \(|blk_update_request: I/O error).*)$",
        _said_by("kernel"),
        "the kernel, in `journalctl -o cat`",
    ),
    LineFormat(
        "haproxy",
        r"^(?P<message>(?:(?:Backup )?Server \S+/\S+ is (?:UP|DOWN)|(?:backend|proxy) \S+ has no server available!).*)$",
        _said_by("haproxy"),
        "HAProxy, in `journalctl -o cat`",
    ),
    LineFormat(
        "rabbitmq",
        r"^(?P<message>(?:Memory|Free disk space|File descriptor) alarm on node \S+)$",
        lambda parts, _timezone: parts.with_columns(level=pl.lit("ERROR"), service=pl.lit("rabbitmq")),
        "the alarms of `rabbitmqctl status`",
    ),
)
