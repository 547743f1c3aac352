"""The shape that every line format gives back: one record a recognised line."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import polars as pl

from openstack_rca.logs.stamps import UTC_TIME


class Kind(IntEnum):
    """What a line is to the event that it belongs to."""

    OPENER = 0
    """Opens an event."""
    REPEATED = 1
    """Carries the prefix of an earlier line again: a traceback line of oslo.log."""
    FOLLOWER = 2
    """Belongs to the line before it although it carries a prefix of its own."""
    BARE = 3
    """No format knows it."""


class SkipReason(StrEnum):
    """Why a file, or the rest of one, was left out; the value is how it is told."""

    BINARY = "binary"
    NOT_A_LOG = "not a log"
    DANGLING_LINK = "a link that leads nowhere"
    SPECIAL_FILE = "a pipe, a socket or a device"
    UNREADABLE = "may not be read"
    DAMAGED = "damaged or truncated"
    OVER_BOUND = "over a bound"
    UNSAFE_MEMBER = "leads out of its archive"
    ENCRYPTED = "encrypted"
    UNKNOWN_PACKING = "a packing that is not read"
    NEEDS_JOURNALCTL = "a binary journal, which needs journalctl"


# ``stream`` tells writers apart that share a file (syslog, a pod's log); it is null where a file has one writer.
RECORD_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "stream": pl.UInt64(),
    "kind": pl.Int8(),
    "format": pl.String(),
    "time": UTC_TIME,
    "host": pl.String(),
    "service": pl.String(),
    "process": pl.Int32(),
    "level": pl.String(),
    "logger": pl.String(),
    "message": pl.String(),
    "global_request_id": pl.String(),
    "request_id": pl.String(),
    "project_id": pl.String(),
    "user_id": pl.String(),
    "instance_id": pl.String(),
}


def as_records(frame: pl.DataFrame, format_name: str) -> pl.DataFrame:
    """Bring what a format parsed to ``RECORD_SCHEMA``: missing columns are null, ``kind`` is ``OPENER``."""
    missing = {
        "kind": pl.lit(int(Kind.OPENER), pl.Int8),
        "format": pl.lit(format_name, pl.String),
    }
    columns = [
        pl.col(name).cast(dtype, strict=False)
        if name in frame.columns
        else missing.get(name, pl.lit(None, dtype)).alias(name)
        for name, dtype in RECORD_SCHEMA.items()
    ]
    return frame.select(columns)


def normal_level(level: pl.Expr) -> pl.Expr:
    """One name for each severity, whatever the program calls it; unknown words become null."""
    return level.str.to_uppercase().replace_strict(
        {
            "TRACE": "TRACE",
            "DBG": "DEBUG",
            "DEBUG": "DEBUG",
            "INFO": "INFO",
            "INF": "INFO",
            "NOTE": "INFO",
            "NOTICE": "INFO",
            "SYSTEM": "INFO",
            "AUDIT": "AUDIT",
            "WRN": "WARNING",
            "WARN": "WARNING",
            "WARNING": "WARNING",
            "INFORMATION": "INFO",
            "ERR": "ERROR",
            "ERROR": "ERROR",
            "CRIT": "CRITICAL",
            "CRITICAL": "CRITICAL",
            "ALERT": "CRITICAL",
            "EMER": "CRITICAL",
            "EMERG": "CRITICAL",
            "EMERGENCY": "CRITICAL",
            "FATAL": "CRITICAL",
        },
        default=None,
        return_dtype=pl.String,
    )
