"""Kinds of line that come at steady intervals as long as their process lives: its main loop, its periodic tasks."""

import polars as pl

LEAST_BEATS = 8
"""What came less often from one process has not shown a rhythm yet."""

STEADY = 0.3
"""Standard deviation of the intervals, as a share of their mean, up to which they are steady; work on demand varies more."""

_ASKED = r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S*/"
"""What others ask for comes as they like, be it at steady intervals."""


def learn_periods(events: pl.DataFrame) -> pl.DataFrame:
    """The kinds of line that each process, if it wrote them, wrote at steady intervals from its start to its end.

    Args:
        events: a normal recording in time order (``time``, ``host``, ``service``, ``process``, ``template_id``, ``template``
            and ``recording``, which tells successive recordings apart).

    Returns one row a kind: ``template_id``, ``service`` and ``period_seconds``, the longest interval.
    """
    stream = ["recording", "service", "host", "process"]
    kind = ["template_id", "service"]
    seconds = (pl.col("time").dt.timestamp("us") / 1e6).alias("seconds")
    timed = events.filter(pl.col("time").is_not_null()).with_columns(seconds)
    lives = timed.group_by(stream).agg(begin=pl.col("seconds").min(), end=pl.col("seconds").max())
    between = pl.col("seconds").sort().diff()
    return (
        timed.filter(~pl.col("template").str.contains(_ASKED))
        .group_by(*stream, "template_id")
        .agg(
            first=pl.col("seconds").min(),
            last=pl.col("seconds").max(),
            beats=pl.len(),
            longest=between.max(),
            spread=between.std() / between.mean(),
        )
        .join(lives, on=stream, how="left", nulls_equal=True)
        .with_columns(
            steady=(pl.col("beats") >= LEAST_BEATS)
            & (pl.col("spread") <= STEADY)
            & (pl.col("first") - pl.col("begin") <= 2 * pl.col("longest"))
            & (pl.col("end") - pl.col("last") <= 2 * pl.col("longest"))
        )
        .group_by(kind)
        .agg(pl.col("longest").max().alias("period_seconds"), pl.col("steady").fill_null(value=False).all())
        .filter("steady")
        .drop("steady")
    )
