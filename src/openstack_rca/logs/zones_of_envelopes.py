"""The zone of stamps that tell none, where a line has two: its own, and that of what passed it on."""

import polars as pl

from openstack_rca.logs.stamps import PLACEHOLDER_YEAR

_QUARTER = 900_000_000
_PASSED_ON = 10_000_000
"""Microseconds that a line may have waited until it was passed on."""
_MOST_QUARTERS = 56
_LEAST = 3


def in_one_zone(both: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Shift times of unknown zone so that a line's own stamp and that of its envelope mean the same moment.

    This is done where nine of ten stamps of a writer differ by the same whole quarters of an hour. An own stamp without a
    zone is shifted to an envelope's with one. Where the envelope's has none and ``timezone`` is UTC, all of the same
    host's envelopes in this file are shifted to the own stamps, since containers keep UTC.

    Args:
        both: records with what their envelopes say; ``naive`` says whether a line's own stamp tells no zone.
        timezone: IANA zone of stamps without an offset.
    """
    naive = pl.col("naive") & pl.col("outer_zoned")
    if both.select(naive.any()).item():
        shift = _shift(naive, pl.col("outer_time"), ("file_index", "outer_host", "outer_service"), 1)
        both = both.with_columns((pl.col("time") - shift).alias("time"))
    local = pl.col("time").is_not_null() & pl.col("outer_time").is_not_null() & ~pl.col("outer_zoned")
    if timezone == "UTC" and both.select(local.any()).item():
        yearless = pl.col("outer_time").dt.year() == PLACEHOLDER_YEAR
        years = (pl.col("time").dt.year() - PLACEHOLDER_YEAR).cast(pl.String) + "y"
        outer = pl.when(yearless).then(pl.col("outer_time").dt.offset_by(years))
        shift = _shift(local, outer.otherwise("outer_time"), ("file_index", "outer_host"), _LEAST)
        unzoned = ~pl.col("outer_zoned").fill_null(value=True)
        both = both.with_columns(outer_time=pl.when(unzoned).then(pl.col("outer_time") + shift).otherwise("outer_time"))
    return both


def _shift(counts: pl.Expr, outer: pl.Expr, writer: tuple[str, ...], least: int) -> pl.Expr:
    """How far the own stamps of a writer are ahead of those in front, told by the lines that count."""
    apart = (pl.col("time") - outer).dt.total_microseconds()
    quarters = (apart / _QUARTER).round().cast(pl.Int64)
    near = (apart - quarters * _QUARTER).abs() < _PASSED_ON
    told = pl.when(counts & near & quarters.is_between(-_MOST_QUARTERS, _MOST_QUARTERS)).then(quarters)
    usual = told.drop_nulls().mode().sort().first().over(writer)
    agree = (told == usual).fill_null(False).sum().over(writer)
    enough = (agree * 10 >= counts.sum().over(writer) * 9) & (agree >= least)
    return pl.duration(microseconds=pl.when(enough).then(usual).fill_null(0) * _QUARTER)
