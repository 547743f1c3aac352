"""When did it happen: the stretch of time that holds the burst of suspicious events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

SHORT_SECONDS = 900.0
"""Logs that span less than this are cut around the trouble: they are looked at whole."""

MARGIN_SECONDS = 90.0
"""Silence and slow time-outs begin before the first error line, so the window opens earlier."""

MERGE_SECONDS = 240.0


@dataclass(frozen=True)
class FoundWindow:
    """A stretch of time and the suspicion inside it."""

    start: datetime
    end: datetime
    weight: float


def find_windows(times: pl.Series, weights: np.ndarray) -> list[FoundWindow]:
    """Find the bursts of suspicious events.

    Bins of 30 s whose weight is above the median by more than three times the median absolute deviation (and above
    an absolute floor) are joined where less than ``MERGE_SECONDS`` lie between them.

    Args:
        times: time of each event, datetime[us, UTC], without nulls.
        weights: suspicion of each event, at least 0.

    Returns:
        Windows, heaviest first. Logs shorter than ``SHORT_SECONDS`` give one window over all of them. Empty if there is
        no event.
    """
    if times.len() == 0:
        return []
    start: datetime = times.min()  # type: ignore[assignment]
    end: datetime = times.max()  # type: ignore[assignment]
    span = (end - start).total_seconds()
    if span <= SHORT_SECONDS:
        return [FoundWindow(start, end, float(weights.sum()))]
    width = max(30.0, span / 5000.0)
    offsets = (times.dt.timestamp("us").to_numpy() - int(start.timestamp() * 1e6)) / 1e6
    sums = np.bincount((offsets / width).astype(int), weights=weights)
    median = float(np.median(sums))
    deviation = float(np.median(np.abs(sums - median)))
    hot = np.flatnonzero(sums > max(median + 3 * 1.4826 * deviation, 1.0))
    if len(hot) == 0:
        return [FoundWindow(start, end, float(weights.sum()))]
    groups: list[list[int]] = [[int(hot[0])]]
    for index in hot[1:]:
        if (index - groups[-1][-1]) * width <= MERGE_SECONDS:
            groups[-1].append(int(index))
        else:
            groups.append([int(index)])
    windows = [
        FoundWindow(
            max(start, start + timedelta(seconds=group[0] * width - MARGIN_SECONDS)),
            min(end, start + timedelta(seconds=(group[-1] + 1) * width + MARGIN_SECONDS)),
            float(sums[group[0] : group[-1] + 1].sum()),
        )
        for group in groups
    ]
    return sorted(windows, key=lambda window: -window.weight)
