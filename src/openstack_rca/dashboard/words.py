"""Text that others wrote, ready to be shown.

A log line, a file name, an answer of a server: none of it may act on the page. ``plain`` is for what interprets nothing
(``st.text``, ``st.code``, cells of tables), ``prose`` for what reads Markdown (labels, notices). Nothing of it is ever
given to what reads HTML. A test holds that every Markdown-reading call of the pages gets constants, numbers or ``prose``.
"""

import functools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import altair as alt
import polars as pl
import streamlit as st

from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.showing import as_utc, markdown_prose, mask_secrets, one_line, without_markdown


def plain(text: object, limit: int = 2000) -> str:
    """One printable line, secrets masked, for what interprets nothing."""
    return one_line(mask_secrets(str(text)), limit)


def block(text: str, limit: int = 2000) -> str:
    """Several lines, each made harmless, for ``st.code``."""
    return "\n".join(plain(line, limit) for line in text.split("\n"))


def rows_apart(rows: Iterable[str]) -> str:
    """Rows as one text: each a harmless line, with blank lines between, so that rows that a screen wraps stay apart."""
    return "\n\n".join(plain(row.replace("\n", " "), 400) for row in rows)


def prose(text: object, limit: int = 1000) -> str:
    """Text for what reads Markdown: plain words as they are, everything else as code."""
    return markdown_prose(mask_secrets(str(text)), limit)


def without_marks(text: str) -> str:
    """The lines of a description that was written for MLflow, harmless and without the marks of Markdown."""
    return "\n".join(plain(line) for line in without_markdown(text).splitlines() if line.strip())


def sentence(error: OpenStackRcaError) -> str:
    """An error's message and hint, for what reads Markdown."""
    return prose(f"{error.message} {error.hint}".strip(), 3000)


@functools.cache
def _known_zones() -> frozenset[str]:
    # To find them, every file of the zone database is opened; a page asks for each of its times.
    return frozenset(available_timezones())


def viewer_zone() -> str:
    """The name of the viewer's time zone; empty where that is UTC or not known."""
    zone = st.context.timezone or ""
    return zone if zone in _known_zones() and zone.removeprefix("Etc/") not in ("UTC", "GMT", "UCT") else ""


def here(moment: datetime | None, named: bool = True) -> str:
    """The time of day in the viewer's zone, in brackets, with the zone's name or without; empty where that is UTC."""
    zone = viewer_zone()
    if not zone or moment is None:
        return ""
    return f" ({as_utc(moment).astimezone(ZoneInfo(zone)):%H:%M:%S}{f' {zone}' if named else ''})"


def row_time(moment: datetime) -> str:
    """The time of day of a UTC moment, with the viewer's in brackets, for a row below ``draw_zones``."""
    return f"{moment:%H:%M:%S}{here(moment, named=False)}"


def _time_columns(name: str) -> dict[str, str]:
    """Column of a table -> its zone: the times in UTC, and beside them in the viewer's zone where that is another one."""
    zone = viewer_zone()
    return {f"{name} (UTC)": "UTC", **({f"{name} ({zone})": zone} if zone else {})}


def time_cells(name: str, moment: datetime) -> dict[str, datetime]:
    """A row's cells for one time, in UTC and the viewer's zone; naive, for Streamlit would convert them to the browser's."""
    return {
        column: as_utc(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for column, zone in _time_columns(name).items()
    }


def time_columns(name: str) -> list[pl.Expr]:
    """The columns of ``time_cells``, made of the column ``name`` of a frame."""
    return [
        pl.col(name).dt.convert_time_zone(zone).dt.replace_time_zone(None).alias(column)
        for column, zone in _time_columns(name).items()
    ]


def time_formats(name: str, form: str) -> dict[str, Any]:
    """Streamlit's settings for the columns of ``time_cells``; ``form`` is the format of their times."""
    return {column: st.column_config.DatetimeColumn(format=form) for column in _time_columns(name)}


_LABEL = " : ".join(
    (
        "utcmilliseconds(datum.value) ? utcFormat(datum.value, '.%L')",
        "utcseconds(datum.value) ? utcFormat(datum.value, ':%S')",
        "utchours(datum.value) || utcminutes(datum.value) ? utcFormat(datum.value, '%H:%M')",
        "utcFormat(datum.value, '%b %d')",
    )
)
"""What stands at a tick of a time axis: Vega's own labels count hours from 1 to 12 and leave out which half of the day."""


def time_axis(field: str) -> alt.X:
    """The axis of a plot: times in UTC, and below them in the viewer's zone, which the browser knows too."""
    zone = viewer_zone()
    # Seconds within a minute (":15") are the same in both.
    labels = (
        f"[{_LABEL}, utcseconds(datum.value) || utcmilliseconds(datum.value) ? '' : timeFormat(datum.value, '%H:%M')]"
        if zone
        else _LABEL
    )
    return alt.X(
        f"{field}:T",
        title=f"UTC, below it {zone}" if zone else "UTC",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(labelOverlap=True, grid=False, labelExpr=labels),
    )


def draw_zones() -> None:
    """Draw a caption that names the time zones of the rows below."""
    zone = viewer_zone()
    st.caption(f"UTC, in brackets {prose(zone)}" if zone else "UTC")


def ago(moment: datetime) -> str:
    """How long ago a moment was, such as ``3 hours ago``."""
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def duration(seconds: float | None) -> str:
    """A length of time such as ``9.5 s``, ``3.0 min`` or ``2.5 h``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
