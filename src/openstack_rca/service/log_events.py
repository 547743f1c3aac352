"""The events of logs as a table that other programs read: newline-delimited JSON, CSV or Parquet."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import polars as pl

from openstack_rca.errors import ConfigurationError
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.service.explore import EventFilter, filter_events
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_reading import canonical_names, read_given
from openstack_rca.settings import Settings

_SLICE_ROWS = 20_000
_NAMED = 10
_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"
# What a terminal would obey; JSON escapes it by itself.
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}]"


def event_table(
    paths: Sequence[str | Path], wanted: EventFilter, settings: Settings, *, grep: str = "", listener: Listener = SILENT
) -> pl.DataFrame:
    """Read logs and keep the events that are wanted, each service under its canonical name, if it has one.

    ``grep`` is a regular expression (Rust syntax) that message, exception or detail must hold; empty holds everywhere.

    Returns ``EVENT_SCHEMA`` in order of time. Raises ConfigurationError: ``grep`` is no regular expression. LogInputError.
    """
    matches = _text_matches(grep)
    events = read_given(paths, settings, listener).events
    events = events.with_columns(pl.col("service").replace(canonical_names(events["service"])))
    canonical = load_topology().canonical
    services = [canonical(name) or name for name in wanted.services]
    _tell_what_is_absent("host", wanted.hosts, events["host"], listener)
    _tell_what_is_absent("service", services, events["service"], listener)
    return filter_events(events, replace(wanted, services=services)).filter(matches)


def _tell_what_is_absent(kind: str, asked: Sequence[str], present: pl.Series, listener: Listener) -> None:
    here = present.drop_nulls().unique().sort().to_list()
    known = {name.lower() for name in here}
    for name in asked:
        if name.lower() not in known:
            named = ", ".join(here[:_NAMED]) + (", ..." if len(here) > _NAMED else "")
            listener.note(
                f"These logs hold no event of {kind} {name}; they are of {named or f'no {kind} that is known'}."
            )


def _text_matches(grep: str) -> pl.Expr:
    if not grep:
        return pl.lit(True)
    try:
        pl.select(pl.lit("").str.contains(grep))
    except pl.exceptions.ComputeError:
        raise ConfigurationError(
            f"{grep!r} is not a regular expression.",
            r"Put a backslash before ( [ { + * ? to match the character itself.",
        ) from None
    columns = ("message", "exception", "detail")
    return pl.any_horizontal(pl.col(name).str.contains(grep).fill_null(False) for name in columns)


def write_events(events: pl.DataFrame, form: str, out: IO[bytes]) -> None:
    """Write a table of ``EVENT_SCHEMA`` slice by slice in one of ``EVENT_FORMS``.

    In text forms ``time`` is ISO 8601 in UTC with microseconds; what is not known is ``null`` in JSON and an empty cell in CSV,
    where control characters are replaced.
    """
    if form == "parquet":
        events.write_parquet(out)
        return
    told = events.lazy().with_columns(pl.col("time").dt.strftime(_TIME), pl.col("level").cast(pl.String))
    if form == "csv":
        told = told.with_columns(pl.col(pl.String).str.replace_all(_CONTROL, "\ufffd"))
    table = told.collect()
    for start in range(0, max(table.height, 1), _SLICE_ROWS):
        part = table.slice(start, _SLICE_ROWS)
        if form == "csv":
            out.write(part.write_csv(include_header=start == 0).encode())
        elif part.height:
            out.write(part.write_ndjson().encode())
    out.flush()
