"""How long a request took, as access logs tell it."""

import polars as pl

# Of more digits than a request of some days has nothing is believed.
_SECONDS = r"\btime: ([0-9]{1,6}\.[0-9]+)"
_MILLISECONDS = r"\bin ([0-9]{1,9}) msecs|\" [0-9]{3} [0-9]+ ([0-9]{1,9})ms\b"


def took_seconds(message: pl.Expr) -> pl.Expr:
    """Seconds that eventlet's, oslo's and uWSGI's access lines tell, as a float; null where a message tells none."""
    milliseconds = pl.coalesce(message.str.extract(_MILLISECONDS, group) for group in (1, 2))
    return pl.coalesce(message.str.extract(_SECONDS).cast(pl.Float64), milliseconds.cast(pl.Float64) / 1e3)
