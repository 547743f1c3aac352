"""How often things happen when all is well, per component, from the model file or a known-good log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Protocol

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.logs.event_table import EVENTS_AT_ONCE
from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.weights import current

_NO_PERIODS = pl.DataFrame(schema={"component": pl.String, "template_id": pl.UInt64, "period_seconds": pl.Float64})
_NOTHING_TIMED = pl.DataFrame(schema={"component": pl.String, "template_id": pl.UInt64, "slowest_seconds": pl.Float64})


class BaselineLike(Protocol):
    """The part of a model's baseline that the analysis reads."""

    @property
    def templates(self) -> pl.DataFrame:
        """Columns ``template_id``, ``service``, ``per_minute``, ``slowest_seconds``, ``period_seconds``."""

    @property
    def services(self) -> pl.DataFrame:
        """Columns ``service``, ``host``, ``per_minute``, ``longest_gap_seconds``."""


@dataclass(frozen=True)
class NormalRates:
    """Normal rates per component.

    Attributes:
        templates: columns ``component``, ``template_id``, ``normal_per_minute``; all hosts together.
        longest_gap_seconds: longest normal gap of each component, in seconds.
        per_minute: normal rate of each component's busiest stream, events a minute.
        known: False where there is no baseline; nothing is then called new.
        slowest: columns ``component``, ``template_id``, ``slowest_seconds``: the longest that an answer of that kind took.
        periods: columns ``component``, ``template_id``, ``period_seconds``: the longest normal interval of a kind that comes
            steadily as long as its process lives.
    """

    templates: pl.DataFrame
    longest_gap_seconds: dict[str, float] = field(default_factory=dict)
    per_minute: dict[str, float] = field(default_factory=dict)
    known: bool = True
    slowest: pl.DataFrame = field(default_factory=lambda: _NOTHING_TIMED)
    periods: pl.DataFrame = field(default_factory=lambda: _NO_PERIODS)

    @cached_property
    def components(self) -> frozenset[str]:
        """Components of which something is known; of any other nothing can be called new."""
        return frozenset(str(name) for name in self.templates["component"].unique().to_list())

    @classmethod
    def empty(cls) -> NormalRates:
        """Rates for an analysis without a model."""
        schema = {"component": pl.String, "template_id": pl.UInt64, "normal_per_minute": pl.Float64}
        return cls(pl.DataFrame(schema=schema), known=False)

    @classmethod
    def of_counts(cls, kinds: pl.DataFrame, minutes: float) -> NormalRates:
        """Rates of kinds of events (``component``, ``template_id``) that came ``len`` times in ``minutes`` of quiet time."""
        rate = (pl.col("len") / minutes).alias("normal_per_minute")
        return cls(kinds.select(pl.col("component").cast(pl.String), "template_id", rate))

    def merged_with(self, other: NormalRates) -> NormalRates:
        """The higher rate of the two for every template: normal is what either has seen."""
        if not other.known:
            return self
        templates = (
            pl.concat([self.templates, other.templates])
            .group_by("component", "template_id")
            .agg(pl.col("normal_per_minute").max())
        )
        gaps = {
            name: max(self.longest_gap_seconds.get(name, 0.0), gap) for name, gap in other.longest_gap_seconds.items()
        }
        slowest = pl.concat([self.slowest, other.slowest]).group_by("component", "template_id").max()
        return NormalRates(
            templates,
            self.longest_gap_seconds | gaps,
            other.per_minute | self.per_minute,
            slowest=slowest,
            periods=pl.concat([self.periods, other.periods]).group_by("component", "template_id").max(),
        )

    @classmethod
    def from_baseline(cls, baseline: BaselineLike, canonical: Callable[[str], str | None]) -> NormalRates:
        """Sum a model's baseline over the services that ``canonical`` maps to one component."""
        names = {
            str(name): canonical(str(name)) or str(name)
            for name in baseline.templates["service"].drop_nulls().unique().to_list()
        }
        kinds = baseline.templates.with_columns(component=pl.col("service").replace(names)).group_by(
            "component", "template_id"
        )
        templates = kinds.agg(normal_per_minute=pl.col("per_minute").sum())
        slowest = kinds.agg(pl.col("slowest_seconds").max()).drop_nulls()
        periods = kinds.agg(pl.col("period_seconds").max()).drop_nulls()
        # Several logs of one component on one host are one stream, silent no longer than the least silent of them.
        quiet: dict[tuple[str, str], float] = {}
        lively: dict[tuple[str, str], float] = {}
        for row in baseline.services.iter_rows(named=True):
            stream = (canonical(str(row["service"])) or str(row["service"]), str(row["host"]))
            gap = float(row["longest_gap_seconds"] or 0.0)
            quiet[stream] = min(quiet.get(stream, gap), gap)
            lively[stream] = lively.get(stream, 0.0) + float(row["per_minute"] or 0.0)
        gaps: dict[str, float] = {}
        busiest: dict[str, float] = {}
        for (component, host), gap in quiet.items():
            gaps[component] = max(gaps.get(component, 0.0), gap)
            busiest[component] = max(busiest.get(component, 0.0), lively[component, host])
        return cls(templates, gaps, busiest, slowest=slowest, periods=periods)


def novelty(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Share of the events, in [0, 1], that chance at the expected count (Poisson) does not explain: (n - e - 2 sqrt(e)) / n."""
    counts = np.maximum(counts, 1.0)
    fresh: np.ndarray = np.clip((counts - expected - 2.0 * np.sqrt(expected)) / counts, 0.0, 1.0)
    return fresh


def add_novelty(observed: pl.DataFrame, rates: NormalRates, minutes: float, picked: bool = False) -> pl.DataFrame:
    """Add ``novelty`` (how far the normal rate does not explain the template), ``normal_per_minute`` and ``familiar``.

    Args:
        observed: result of ``observe``, already cut to the window.
        rates: normal rates per component and template. A component that they do not hold is not familiar: its
            ``normal_per_minute`` is null.
        picked: lines picked for their errors (``looks_preselected``), so that errors all through them are not noise.
    """
    table, kind = current(), ["component", "template_id"]
    name = pl.col("component").cast(pl.String)
    noise = unsteady(observed, kind, picked).with_columns(name)
    joined = (
        observed.group_by(kind)
        .agg(window_count=pl.len())
        .with_columns(name)
        .join(rates.templates, on=kind, how="left")
        .join(noise, on=kind, how="left", nulls_equal=True)
        .with_columns(
            pl.col("normal_per_minute").fill_null(0.0), familiar=pl.col("component").is_in(list(rates.components))
        )
    )
    fresh = novelty(
        joined["window_count"].to_numpy().astype(float), joined["normal_per_minute"].to_numpy() * max(minutes, 0.1)
    )
    joined = joined.select(
        pl.col("component").cast(observed["component"].dtype),
        "template_id",
        "familiar",
        known=pl.when("familiar").then(pl.Series(fresh)).otherwise("unsteady"),
        normal_per_minute=pl.when("familiar").then("normal_per_minute"),
    )
    # The logs may hold nothing but the outage: errors that go on all the time are doubted, not dismissed.
    doubted = pl.when(~pl.col("familiar") & pl.col("level").is_in(FAILURES)).then(table.doubted_novelty)
    # Of some events after the others: a copy of all columns would be the most memory that an answer takes.
    parts = [
        part.select(*kind, "level")
        .join(joined, on=kind, how="left", maintain_order="left")
        .select("familiar", "normal_per_minute", novelty=pl.max_horizontal("known", doubted.otherwise(0.0)))
        for part in observed.iter_slices(EVENTS_AT_ONCE)
    ]
    return observed.hstack(pl.concat(parts, rechunk=True))


def unsteady(
    observed: pl.DataFrame, kind: Sequence[str], picked: bool = False, within: pl.DataFrame | None = None
) -> pl.DataFrame:
    """How far events of each kind do not go on all the time (``unsteady``, in [0, 1]), in their window (``within``).

    What goes on through more than half of it is taken for this cloud's noise where nobody knows what is normal.
    """
    table = current()
    window = observed if within is None else within
    slot = pl.col("time").dt.truncate(timedelta(seconds=table.gap_seconds))
    slots = max(window.select(slot.n_unique()).item(), 1)
    tells = slots >= table.steady_slices and not picked
    steadiness = (1.0 - 2.0 * (slot.n_unique() / slots - 0.5)).clip(0.0, 1.0) if tells else pl.lit(1.0)
    late = slot.min() - window["time"].min() >= timedelta(seconds=table.late_seconds)
    return observed.group_by(kind).agg(unsteady=pl.when(late).then(1.0).otherwise(steadiness))
