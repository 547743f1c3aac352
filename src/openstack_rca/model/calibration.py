"""Surprise -> score in [0, 1]: 0.99 means that 1 % of held-out normal events score as high.

An empirical distribution function of the surprise of normal events that the network did not learn from and that came
later in time; per service where enough of its events were held out, else over all services together. Above the
highest held-out surprise an exponential tail keeps the order of what has never been seen so surprising.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MINIMUM_OWN_EVENTS = 500
"""Held-out events that a service needs for a table of its own: five of them lie above its score of 0.99."""

POOLED = ""
_KNOTS = np.concatenate([np.linspace(0.0, 0.9, 91), 1.0 - np.logspace(-1.0, -5.0, 81)[1:]])
CHECKED_LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class QuantileTable:
    """One monotone map from surprise to score.

    Attributes:
        surprises: strictly increasing knots, nats.
        shares: share of held-out events below each knot, increasing, each under 1.
        tail: mean excess of the highest held-out surprises, nats; the scale beyond the last knot.
        events: held-out events behind it.
    """

    surprises: DoubleArray
    shares: DoubleArray
    tail: float
    events: int

    @classmethod
    def learn(cls, surprises: npt.NDArray[np.floating[Any]]) -> QuantileTable:
        """Quantiles of held-out surprises (at least one)."""
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

    def score(self, surprises: npt.NDArray[np.floating[Any]]) -> DoubleArray:
        """Scores in [0, 1], the same shape; never falls where surprise rises."""
        values = surprises.astype(np.float64)
        inside = np.interp(values, self.surprises, self.shares)
        highest, reached = self.surprises[-1], self.shares[-1]
        beyond = 1.0 - (1.0 - reached) * np.exp(-np.maximum(values - highest, 0.0) / self.tail)
        scores: DoubleArray = np.where(values > highest, beyond, inside)
        return scores

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "surprises": self.surprises.tolist(),
            "shares": self.shares.tolist(),
            "tail": self.tail,
            "events": self.events,
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> QuantileTable:
        """Read what ``as_dict`` wrote.

        Raises:
            KeyError, TypeError, ValueError: not of that form, or not a monotone map into [0, 1].
        """
        surprises = np.asarray(facts["surprises"], dtype=np.float64)
        shares = np.asarray(facts["shares"], dtype=np.float64)
        tail = float(facts["tail"])
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
        )
        if not sound:
            raise ValueError("a calibration table is not a rising map into [0, 1]")
        return cls(surprises, shares, tail, int(facts["events"]))


@dataclass(frozen=True)
class Calibration:
    """Quantile tables by service; ``POOLED`` is the one for all others."""

    tables: dict[str, QuantileTable]

    @classmethod
    def learn(cls, surprises: npt.NDArray[np.floating[Any]], services: Sequence[str | None]) -> Calibration:
        """Tables from held-out normal events.

        Args:
            surprises: (events,) nats.
            services: (events,) their services.
        """
        tables = {POOLED: QuantileTable.learn(surprises)}
        names = np.asarray([name or POOLED for name in services], dtype=object)
        for name in sorted(set(names.tolist()) - {POOLED}):
            own = surprises[names == name]
            if len(own) >= MINIMUM_OWN_EVENTS:
                tables[name] = QuantileTable.learn(own)
        return cls(tables)

    def score(self, surprises: npt.NDArray[np.floating[Any]], services: Sequence[str | None]) -> DoubleArray:
        """Scores (events,) in [0, 1]."""
        scores = self.tables[POOLED].score(surprises)
        names = np.asarray([name or POOLED for name in services], dtype=object)
        for name, table in self.tables.items():
            if name != POOLED:
                chosen = names == name
                scores[chosen] = table.score(surprises[chosen])
        return scores

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {name: table.as_dict() for name, table in self.tables.items()}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Calibration:
        """Read what ``as_dict`` wrote.

        Raises:
            KeyError, TypeError, ValueError: not of that form, or the pooled table is missing.
        """
        tables = {str(name): QuantileTable.from_dict(table) for name, table in facts.items()}
        if POOLED not in tables:
            raise ValueError("the pooled calibration table is missing")
        return cls(tables)


def calibration_error(scores: npt.NDArray[np.floating[Any]]) -> float:
    """Mean distance, over ``CHECKED_LEVELS``, between 1 - level and the share of normal events that score so high."""
    return float(np.mean([abs(float((scores >= level).mean()) - (1.0 - level)) for level in CHECKED_LEVELS]))
