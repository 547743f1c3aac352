"""Tracebacks whose every line carries the prefix of a line of its own, as Apache, Juju and syslog write them."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from openstack_rca.logs.levels import FAILURES
from openstack_rca.logs.records import Kind

TRACEBACK = "Traceback (most recent call last):"
EXCEPTION_LINE = r"^[A-Za-z_][\w.]*(?:: .*)?$"
_EXCEPTION = re.compile(EXCEPTION_LINE)
_CHAIN = ("During handling of the above exception", "The above exception was the direct cause")
CHAIN = "^(?:" + "|".join(_CHAIN) + ")"
"""What Python writes between two tracebacks of which one led to the other."""
_FURTHER = ("[SQL", "[param", "(", "}", ")", "]")
ANNOUNCED = r"[Ee]xception occurred|[Uu]nhandled|[Uu]ncaught|:\s*$"
"""What a line says that a traceback below it explains."""
_ANNOUNCED = re.compile(ANNOUNCED)
_AT_ONCE = timedelta(seconds=1)
_KEY = ("file_index", "stream", "process", "logger")

_Row = dict[str, Any]


def join_tracebacks(lines: pl.DataFrame) -> pl.DataFrame:
    """Let the lines of a traceback follow its first one, and that one the line that announced it.

    Args:
        lines: ``RECORD_SCHEMA`` with ``file_index``, sorted by ``row``. Lines that repeat oslo.log's prefix are left alone.

    Returns:
        the same lines; ``kind`` of those that were found to follow is ``FOLLOWER``.
    """
    candidates = lines.filter(pl.col("kind") != int(Kind.REPEATED))
    headed = candidates.filter(pl.col("message").str.ends_with(TRACEBACK)).select(_KEY).unique()
    if headed.height == 0:
        return lines
    rows = candidates.join(headed, on=list(_KEY), how="semi", nulls_equal=True, maintain_order="left")
    writers: dict[tuple[Any, ...], list[_Row]] = {}
    for row in rows.select("row", "kind", "time", "level", "message", *_KEY).iter_rows(named=True):
        writers.setdefault(tuple(row[name] for name in _KEY), []).append(row)
    following = [row for written in writers.values() for row in _following(written)]
    if not following:
        return lines
    follows = pl.col("row").is_in(pl.Series(following, dtype=pl.UInt64).implode())
    return lines.with_columns(
        pl.when(follows).then(pl.lit(int(Kind.FOLLOWER), pl.Int8)).otherwise(pl.col("kind")).alias("kind")
    )


def _following(rows: list[_Row]) -> Iterator[int]:
    """Of the lines of one writer in their order those (their ``row``) that go on with a traceback."""
    inside = ended = False
    before: _Row | None = None
    for row in rows:
        text = row["message"] or ""
        header = text.endswith(TRACEBACK)
        if inside:
            goes_on = not text.strip() or text[0].isspace() or text.startswith((*_CHAIN, *_FURTHER)) or header
            last = not ended and not goes_on and _EXCEPTION.match(text) is not None
            if goes_on or last:
                ended = last or (ended and not header)
                yield row["row"]
                continue
            inside = False
        if header:
            inside, ended = True, False
            if text == TRACEBACK and before is not None and _announces(before, row):
                yield row["row"]
        before = row


def _announces(before: _Row, row: _Row) -> bool:
    at_once = (
        not isinstance(row["time"], datetime)
        or not isinstance(before["time"], datetime)
        or abs(row["time"] - before["time"]) <= _AT_ONCE
    )
    same_moment = row["time"] is not None and row["time"] == before["time"]
    failed = same_moment and before["level"] in FAILURES
    return failed or (at_once and _ANNOUNCED.search(before["message"] or "") is not None)
