"""How long a request took, as access logs tell it."""

import polars as pl

# Of more digits than a request of some days has nothing is believed.
_SECONDS = r"\btime: ([0-9]{1,6}\.[0-9]+)"
_MILLISECONDS = r"\bin ([0-9]{1,9}) msecs|\" [0-9]{3} [0-9]+ ([0-9]{1,9})ms\b"


def took_seconds(message: pl.Expr) -> pl.Expr:
    """An expression for the seconds in access lines of eventlet, oslo and uWSGI, as a float; null where there are none."""
    milliseconds = pl.coalesce(message.str.extract(_MILLISECONDS, group) for group in (1, 2))
    return pl.coalesce(message.str.extract(_SECONDS).cast(pl.Float64), milliseconds.cast(pl.Float64) / 1e3)
