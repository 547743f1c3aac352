"""Has the world moved away from what a model was trained on?

Compared are new logs, taken as normal, and what the model file carries of its training: how often each template and each
service logged, and its calibration, by which 1 % of normal events score 0.99 or more. Drift of the mixes is measured by
the Jensen-Shannon distance (Endres and Schindelin, IEEE Transactions on Information Theory, 2003), base 2, in [0, 1].
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.evaluation import ALARM_SCORE
from openstack_rca.model.model_file import ModelFile
from openstack_rca.model.thresholds import Thresholds as Thresholds

DoubleArray = npt.NDArray[np.float64]

SCORE_BINS = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])
DRAWS = 200
SHOWN = 15


@dataclass(frozen=True)
class Measure:
    """One measure: its value, the threshold, what chance alone would give (95 % of draws of so many events stay below;
    0 where that is not asked), and whether it counts as drift."""

    name: str
    value: float
    threshold: float
    by_chance: float
    drifted: bool


@dataclass(frozen=True)
class Drift:
    """How far new logs differ from a model's training.

    ``templates`` are those whose share changed most (template, service, before, now, unseen); ``services`` are all.
    ``score_shares`` is the share of events in each of ``SCORE_BINS``; without drift it is the width of the bin.
    """

    events: int
    minutes: float
    measures: tuple[Measure, ...]
    templates: pl.DataFrame
    services: pl.DataFrame
    score_shares: DoubleArray

    @property
    def drifted(self) -> bool:
        """Whether any measure is above its threshold."""
        return any(measure.drifted for measure in self.measures)


def measure_drift(
    model: ModelFile, events: pl.DataFrame, thresholds: Thresholds, scored: pl.DataFrame | None = None
) -> Drift:
    """Compare new logs with a model's training.

    Args:
        events: events table of at least one event, in time order.
        scored: the result of ``ModelFile.score`` for the events, to save computing it again.

    Raises ValueError: there is no event.
    """
    if not events.height:
        raise ValueError("there is no event to compare")
    scored = model.score(events) if scored is None else scored
    key = ["template_id", "service"]
    before = model.baseline.templates.group_by(key).agg(pl.col("template").first(), before=pl.col("count").sum())
    now = (
        events.with_columns(pl.col("service").fill_null("")).group_by(key).agg(pl.col("template").first(), now=pl.len())
    )
    templates = _beside(before, now, key)
    services = _beside(before.group_by("service").agg(pl.col("before").sum()),
                       now.group_by("service").agg(pl.col("now").sum()), ["service"])  # fmt: skip
    generator = np.random.default_rng(0)
    mixes = {"template_distance": templates, "service_distance": services}
    chance = {name: _by_chance(mix["before"].to_numpy(), events.height, generator) for name, mix in mixes.items()}
    scores = scored["score"].to_numpy().astype(np.float64)
    values = {
        "unseen_share": float(scored["unseen"].to_numpy().mean()),
        **{name: js_distance(mix["before"].to_numpy(), mix["now"].to_numpy()) for name, mix in mixes.items()},
        "alarm_share": float((scores >= ALARM_SCORE).mean()),
        "score_distance": uniform_distance(scores),
    }
    times = events["time"].drop_nulls()
    seconds = (times.max() - times.min()).total_seconds() if len(times) else 0.0  # type: ignore[operator,union-attr]
    return Drift(
        events=events.height,
        minutes=seconds / 60.0,
        measures=_judge(values, thresholds, chance),
        templates=_shares(templates).sort((pl.col("now") - pl.col("before")).abs(), descending=True).head(SHOWN),
        services=_shares(services).sort("service"),
        score_shares=np.histogram(scores, SCORE_BINS)[0] / len(scores),
    )


def js_distance(first: npt.NDArray[np.number], second: npt.NDArray[np.number]) -> float:
    """Jensen-Shannon distance of two mixes, counts or shares of the same kinds: 0 the same, 1 nothing in common."""
    if not first.sum() or not second.sum():
        raise ValueError("a mix of nothing has no distance")
    one, two = first / first.sum(), second / second.sum()
    middle = (one + two) / 2.0
    divergence = (_divergence(one, middle) + _divergence(two, middle)) / 2.0
    # Rounding can leave a hair below 0 or above 1.
    return float(np.sqrt(min(max(divergence, 0.0), 1.0)))


def _divergence(one: DoubleArray, other: DoubleArray) -> float:
    """Kullback-Leibler divergence in bits; ``other`` is above 0 wherever ``one`` is."""
    there = one > 0
    return float((one[there] * np.log2(one[there] / other[there])).sum())


def uniform_distance(scores: DoubleArray) -> float:
    """Largest distance between the scores' distribution and the uniform one that calibration promises; ties are steps."""
    ordered = np.sort(scores)
    values, first = np.unique(ordered, return_index=True)
    below = first / len(ordered)
    up_to = np.append(first[1:], len(ordered)) / len(ordered)
    return float(np.maximum(np.abs(up_to - values), np.abs(values - below)).max())


def _by_chance(counts: npt.NDArray[np.number], events: int, generator: np.random.Generator) -> float:
    """The distance that 95 % of draws of so many events from the training's own mix stay below."""
    shares = counts / counts.sum()
    draws = generator.multinomial(events, shares, DRAWS)
    return float(np.quantile([js_distance(shares, draw) for draw in draws], 0.95))


def _beside(before: pl.DataFrame, now: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Counts before and now, 0 where a kind is missing."""
    joined = before.join(now, on=key, how="full", coalesce=True, suffix="_now")
    if "template_now" in joined.columns:
        joined = joined.with_columns(pl.coalesce("template", "template_now").alias("template")).drop("template_now")
    return joined.with_columns(pl.col("before", "now").fill_null(0).cast(pl.Int64)).sort(key)


def _shares(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.with_columns(
        (pl.col("before") == 0).alias("unseen"),
        pl.col("before") / pl.col("before").sum(),
        pl.col("now") / pl.col("now").sum(),
    )


def _judge(values: Mapping[str, float], thresholds: Thresholds, chance: Mapping[str, float]) -> tuple[Measure, ...]:
    """A distance that chance alone may give is not drift, whatever the threshold."""
    return tuple(
        Measure(
            name,
            values[name],
            threshold,
            chance.get(name, 0.0),
            values[name] > threshold and values[name] > chance.get(name, 0.0),
        )
        for name, threshold in asdict(thresholds).items()
    )
