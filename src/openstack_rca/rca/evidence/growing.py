"""Which of several alike lines tells the worst: of figures that only grow, or only shrink, the last."""

import re
from collections.abc import Sequence

import polars as pl

_FIGURE = re.compile(r"(?<![\w.:=/-])\d+(?:\.\d+)?(?![\w:/-]|\.\d)")
"""A number of its own: no part of a name, a version, an address or a time."""

_MEASURED = re.compile(r"\d ?(?:%|percent\b|[kKMGT]i?B\b|bytes\b|m?s\b|seconds\b)")
"""A quantity: a port, a line or a pid grows by chance."""


def last_of_growing(titles: Sequence[str]) -> str | None:
    """The last of statements that are alike but for figures that go one way only; None: they do not."""
    if (
        len(titles) < 2
        or not all(map(_MEASURED.search, titles))
        or len({_FIGURE.sub("#", title) for title in titles}) > 1
    ):
        return None
    figures = [[float(value) for value in _FIGURE.findall(title)] for title in titles]
    grow = all(list(column) == sorted(column) for column in zip(*figures, strict=True))
    shrink = all(list(column) == sorted(column, reverse=True) for column in zip(*figures, strict=True))
    return titles[-1] if figures[0] and (grow or shrink) else None


def with_worst(hits: pl.DataFrame, kind: Sequence[str]) -> pl.DataFrame:
    """The hits (``title``, those of one kind in time order) with ``worst``: whether one tells the last of growing figures."""
    varied = hits.group_by(kind, maintain_order=True).agg(pl.col("title").unique(maintain_order=True))
    last = varied.filter(pl.col("title").list.len() > 1).with_columns(
        title=pl.col("title").map_elements(lambda titles: last_of_growing(titles.to_list()), return_dtype=pl.String)
    )
    worst = last.drop_nulls("title").with_columns(worst=pl.lit(value=True))
    return hits.join(worst, on=[*kind, "title"], how="left", nulls_equal=True, maintain_order="left")
