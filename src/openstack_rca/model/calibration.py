"""Surprise -> score in [0, 1]: 0.99 means that 1 % of held-out normal events score as high.

An empirical distribution function of the surprise of normal events that the network did not learn from and that came
later in time; per service where enough of its events were held out, else over all services together. Above the
highest held-out surprise an exponential tail keeps the order of what has never been seen so surprising. Stories are fewer:
their highest surprises are fitted with a law of extremes, so that a score of 0.999 means something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.vocabulary import FloatArray

MINIMUM_OWN_EVENTS = 500
"""Held-out events that a service needs for a table of its own: five of them lie above its score of 0.99."""

POOLED = ""
MINIMUM_OWN_STORIES = 100
"""Held-out stories that a kind of story needs for tables of its own."""
MOST_PEAKS = 100
LEAST_PEAKS = 30
"""Fewer cannot tell how heavy the tail is: it is taken to be exponential."""
HEAVIEST_TAIL = 0.5
"""Bound of the fitted tail's shape; with more, a score of 0.999 lies beyond anything that so few peaks can tell of."""
STORY_LENGTHS = (4, 12)
"""Steps from which on a story is a longer one, and a long one."""
STORY_ALARM_SCORE = 0.999
"""One normal story in a thousand scores so high."""
_KNOTS = np.concatenate([np.linspace(0.0, 0.9, 91), 1.0 - np.logspace(-1.0, -5.0, 81)[1:]])
CHECKED_LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StoryFigures:
    """What the network says of whole stories.

    Attributes:
        mean, total: (stories,) mean and sum of the surprise of a story's steps, END included where it ended, nats.
        late: (stories,) -log of how likely a longest wait as extreme as the story's is, for that many waits, nats.
        steps: (stories,) how many steps were judged.
        open: (stories,) whether it was cut off: a story without its end is compared with beginnings of stories.
    """

    mean: FloatArray
    total: FloatArray
    late: FloatArray
    steps: npt.NDArray[np.int64]
    open: npt.NDArray[np.bool_]

    @classmethod
    def together(cls, parts: Sequence[StoryFigures]) -> StoryFigures:
        """The stories of all parts in one object, in the order of the parts."""
        return cls(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(cls)))


@dataclass(frozen=True)
class QuantileTable:
    """One monotone map from surprise to score.

    Attributes:
        surprises: strictly increasing knots, nats.
        shares: share of held-out events below each knot, increasing, each under 1.
        tail: mean excess of the highest held-out surprises, nats; the scale beyond the last knot.
        events: held-out events behind it.
        shape: of the tail; 0 is exponential, more is heavier.
    """

    surprises: DoubleArray
    shares: DoubleArray
    tail: float
    events: int
    shape: float = 0.0

    @classmethod
    def learn(cls, surprises: npt.NDArray[np.floating[Any]]) -> QuantileTable:
        """Learn a table, with an exponential tail, from the surprises of held-out events (at least one), in nats."""
        ordered = np.sort(surprises.astype(np.float64))
        count = len(ordered)
        shares = _KNOTS[1.0 - 1.0 / (count + 1) >= _KNOTS]
        shares = np.append(shares, 1.0 - 1.0 / (count + 1))
        # Weibull plotting positions i / (n + 1): the largest of n events is not the largest that can be.
        values = np.interp(shares, np.arange(1, count + 1) / (count + 1), ordered)
        shares = np.where(shares < 1.0 / (count + 1), 0.0, shares)
        keep = np.append(True, np.diff(values) > 1e-9)
        threshold = np.quantile(ordered, 0.95)
        excess = ordered[ordered > threshold] - threshold
        tail = max(0.5, float(excess.mean())) if len(excess) else 0.5
        return cls(values[keep], shares[keep], tail, count)

    @classmethod
    def learn_tail(cls, values: npt.NDArray[np.floating[Any]]) -> QuantileTable:
        """Quantiles below, a fitted tail above: a score of 0.999 means something even where few were held out.

        Peaks over threshold (Pickands, 1975): the excess of the highest ``MOST_PEAKS`` values, or of the highest fifth
        where that is fewer, over the one before them follows a generalised Pareto law, fitted by probability-weighted
        moments (Hosking and Wallis, 1987). Normal stories have a heavy tail: what is rare, such as an hourly clean-up, is
        very surprising where it comes. A fit that would be lighter than the exponential is taken to be exponential.

        Args:
            values: (at least one) surprises of what was held out.
        """
        count = len(values)
        ordered = np.sort(values.astype(np.float64))
        peaks = min(MOST_PEAKS, max(1, count // 5), count)
        threshold = float(ordered[count - peaks - 1]) if count > peaks else float(ordered[0])
        excess, shape = _fitted_tail(ordered[count - peaks :] - threshold)
        reached = 1.0 - (peaks + 1) / (count + 1)
        shares = np.append(_KNOTS[reached > _KNOTS], max(reached, 0.0))
        knots = np.interp(shares, np.arange(1, count + 1) / (count + 1), ordered)
        knots[-1] = threshold
        keep = np.append(True, np.diff(knots) > 1e-9)
        # Where the last knot falls together with one before it, the share is that of the last.
        last = np.flatnonzero(keep)[-1]
        shares[last] = shares[-1]
        return cls(knots[keep], shares[keep], max(excess, 1e-3), count, shape)

    def score(self, surprises: npt.NDArray[np.floating[Any]]) -> DoubleArray:
        """Scores in [0, 1], the same shape; never falls where surprise rises."""
        values = surprises.astype(np.float64)
        inside = np.interp(values, self.surprises, self.shares)
        highest, reached = self.surprises[-1], self.shares[-1]
        excess = np.maximum(values - highest, 0.0) / self.tail
        left = np.exp(-excess) if self.shape == 0.0 else (1.0 + self.shape * excess) ** (-1.0 / self.shape)
        beyond = 1.0 - (1.0 - reached) * left
        scores: DoubleArray = np.where(values > highest, beyond, inside)
        return scores

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "surprises": self.surprises.tolist(),
            "shares": self.shares.tolist(),
            "tail": self.tail,
            "events": self.events,
            "shape": self.shape,
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> QuantileTable:
        """Read what ``as_dict`` wrote; KeyError, TypeError, ValueError: it is no monotone map into [0, 1]."""
        surprises = np.asarray(facts["surprises"], dtype=np.float64)
        shares = np.asarray(facts["shares"], dtype=np.float64)
        tail, shape = float(facts["tail"]), float(facts.get("shape", 0.0))
        sound = (
            surprises.ndim == 1
            and len(surprises) > 0
            and surprises.shape == shares.shape
            and bool(np.isfinite(surprises).all())
            and bool((np.diff(surprises) > 0).all())
            and bool((np.diff(shares) >= 0).all())
            and float(shares[0]) >= 0.0
            and float(shares[-1]) < 1.0
            and tail > 0
            and 0.0 <= shape < 1.0
        )
        if not sound:
            raise ValueError("a calibration table is not a rising map into [0, 1]")
        return cls(surprises, shares, tail, int(facts["events"]), shape)


@dataclass(frozen=True)
class Calibration:
    """Quantile tables by service; that of ``POOLED`` is learned from all events and used for services without their own."""

    tables: dict[str, QuantileTable]

    @classmethod
    def learn(cls, surprises: npt.NDArray[np.floating[Any]], services: Sequence[str | None]) -> Calibration:
        """Tables from the surprise, in nats, of held-out normal events of these services."""
        return cls(_by_name(surprises, services, MINIMUM_OWN_EVENTS, QuantileTable.learn))

    def score(
        self, surprises: npt.NDArray[np.floating[Any]], services: Sequence[str | None] | pl.Series
    ) -> DoubleArray:
        """Scores (events,) in [0, 1]."""
        scores = self.tables[POOLED].score(surprises)
        names = pl.Series(services, dtype=pl.String)
        for name, table in self.tables.items():
            if name != POOLED:
                chosen = (names == name).fill_null(value=False).to_numpy()
                scores[chosen] = table.score(surprises[chosen])
        return scores

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {name: table.as_dict() for name, table in self.tables.items()}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Calibration:
        """Read what ``as_dict`` wrote; KeyError, TypeError, ValueError: not of that form, or without the pooled table."""
        tables = {str(name): QuantileTable.from_dict(table) for name, table in facts.items()}
        if POOLED not in tables:
            raise ValueError("the pooled calibration table is missing")
        return cls(tables)


@dataclass(frozen=True)
class StoryCalibration:
    """Maps from what the network says of a story to its score, learned from stories that it did not learn from.

    Stories are compared with their like: of one kind and about one length, else of one length, else with all.

    Attributes:
        mean, total: of the mean and of the sum of a story's surprise, nats.
        late: of how far the wait that most exceeds its own distribution does so, nats (``story_learning.StoryFigures``).
    """

    mean: Calibration
    total: Calibration
    late: Calibration

    @classmethod
    def learn(cls, figures: StoryFigures, kinds: Sequence[str]) -> StoryCalibration:
        """Tables from held-out normal stories (at least one) of these kinds."""
        tables = []
        for values in (figures.mean, figures.total, figures.late):
            by_length = _by_name(values, _lengths(figures), MINIMUM_OWN_STORIES, QuantileTable.learn_tail)
            own = _by_name(values, _groups(figures, kinds), MINIMUM_OWN_STORIES, QuantileTable.learn_tail)
            tables.append(Calibration(by_length | own))
        mean, total, late = tables
        return cls(mean, total, late)

    def score(self, figures: StoryFigures, kinds: Sequence[str]) -> tuple[DoubleArray, DoubleArray]:
        """Two scores in [0, 1] of each story: of all three figures, and of its waits alone.

        The first is the highest of the three, paid for having three tries (Bonferroni).
        """
        names = [
            own if own in self.mean.tables else length if length in self.mean.tables else POOLED
            for own, length in zip(_groups(figures, kinds), _lengths(figures), strict=True)
        ]
        late = self.late.score(figures.late, names)
        scores = [self.mean.score(figures.mean, names), self.total.score(figures.total, names), late]
        combined: DoubleArray = 1.0 - np.minimum(len(scores) * (1.0 - np.maximum.reduce(scores)), 1.0)
        return combined, late

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"mean": self.mean.as_dict(), "total": self.total.as_dict(), "late": self.late.as_dict()}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> StoryCalibration:
        """Read what ``as_dict`` wrote. Raises KeyError, TypeError, ValueError: not of that form."""
        return cls(
            mean=Calibration.from_dict(facts["mean"]),
            total=Calibration.from_dict(facts["total"]),
            late=Calibration.from_dict(facts["late"]),
        )


def _fitted_tail(excess: DoubleArray) -> tuple[float, float]:
    """Scale and shape of the generalised Pareto law of some excesses, given in ascending order."""
    count = len(excess)
    mean = float(excess.mean())
    # Each excess weighed by the share of excesses above it.
    weighed = float((excess * np.arange(count - 1, -1, -1)).sum()) / max(count * (count - 1), 1)
    spread = mean - 2.0 * weighed
    shape = 2.0 - mean / spread if spread > 0.0 and count >= LEAST_PEAKS else 0.0
    shape = min(max(shape, 0.0), HEAVIEST_TAIL)
    return mean * (1.0 - shape), shape


def _lengths(figures: StoryFigures) -> list[str]:
    bounds = np.digitize(figures.steps, STORY_LENGTHS).tolist()
    return [f"{'open ' if cut else ''}{bound}" for bound, cut in zip(bounds, figures.open.tolist(), strict=True)]


def _groups(figures: StoryFigures, kinds: Sequence[str]) -> list[str]:
    return [f"{kind} {length}" for kind, length in zip(kinds, _lengths(figures), strict=True)]


def _by_name(
    values: npt.NDArray[np.floating[Any]],
    names: Sequence[str | None],
    minimum: int,
    learn: Callable[[npt.NDArray[np.floating[Any]]], QuantileTable],
) -> dict[str, QuantileTable]:
    tables = {POOLED: learn(values)}
    own_names = np.asarray([name or POOLED for name in names], dtype=object)
    for name in sorted(set(own_names.tolist()) - {POOLED}):
        own = values[own_names == name]
        if len(own) >= minimum:
            tables[name] = learn(own)
    return tables


def calibration_error(scores: npt.NDArray[np.floating[Any]]) -> float:
    """Mean distance, over ``CHECKED_LEVELS``, between 1 - level and the share of normal events that score so high."""
    return float(np.mean([abs(float((scores >= level).mean()) - (1.0 - level)) for level in CHECKED_LEVELS]))
