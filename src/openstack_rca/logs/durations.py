"""How long a request took, as access logs tell it; and lengths of time that read well."""

import polars as pl

ROUND_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)
"""Lengths of the bins and of the steps between ticks of a plot over time."""

# Of more digits than a request of some days has nothing is believed.
_SECONDS = r"\btime: ([0-9]{1,6}\.[0-9]+)"
_MILLISECONDS = (
    r"\bin ([0-9]{1,9}) msecs|\" [0-9]{3} [0-9]+ ([0-9]{1,9})ms\b"
    r"|^\S+ \[[^\]]*\] \S+ \S+/\S+ (?:-?[0-9]+/){4}\+?([0-9]{1,9}) [0-9]{3} "
)
_MICROSECONDS = r"\" [0-9]{3} (?:[0-9]+|-) ([0-9]{1,12}) \""
_PROXIED = r"^\S+ \[[^\]]*\] \S+ (\S+)/\S+ (?:-?[0-9]+/){4}\+?[0-9]+ [0-9]{3} "


def took_seconds(message: pl.Expr) -> pl.Expr:
    """An expression for the seconds that an access line tells, as a float; null where there are none.

    Known are the lines of eventlet, oslo, uWSGI, HAProxy (the total time) and of Apache with the time it took (``%D``).
    """
    groups = message.str.extract_groups(_MILLISECONDS).struct
    milliseconds = pl.coalesce(groups.field("1"), groups.field("2"), groups.field("3"))
    return pl.coalesce(
        message.str.extract(_SECONDS).cast(pl.Float64),
        milliseconds.cast(pl.Float64) / 1e3,
        message.str.extract(_MICROSECONDS).cast(pl.Float64) / 1e6,
    )


def proxied(message: pl.Expr) -> pl.Expr:
    """An expression for the backend that an access line of HAProxy names; null where there is none."""
    return message.str.extract(_PROXIED)
