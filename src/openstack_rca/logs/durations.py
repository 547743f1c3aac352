"""How long a request took, as access logs tell it."""

import polars as pl

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
    milliseconds = pl.coalesce(message.str.extract(_MILLISECONDS, group) for group in (1, 2, 3))
    return pl.coalesce(
        message.str.extract(_SECONDS).cast(pl.Float64),
        milliseconds.cast(pl.Float64) / 1e3,
        message.str.extract(_MICROSECONDS).cast(pl.Float64) / 1e6,
    )


def proxied(message: pl.Expr) -> pl.Expr:
    """An expression for the backend that an access line of HAProxy names; null where there is none."""
    return message.str.extract(_PROXIED)
