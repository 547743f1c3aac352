"""Stories of the given logs, and the steps that what was learnt from normal ones expects of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.cluster_scoring import story_steps
from openstack_rca.service.story_steps import NETWORK, OWN, RULES, component_names, step_sources

if TYPE_CHECKING:
    from openstack_rca.model.model_file import ModelFile

_FRAMES, _RATES = ("steps", "rows", "proofs"), ("missing_rates", "late_rates")


def expected_steps(
    baseline: Baseline, events: pl.DataFrame, file: ModelFile | None = None, cluster: Cluster | None = None
) -> ExpectedSteps:
    """What is expected of the requests in other logs, by what was learnt from a normal recording.

    The follow rules tell which steps are missing or late. The network (of ``file``, if any) only adds the steps that it
    expected and that came; they show which services were at work.
    """
    if baseline.follow.rules.is_empty():
        return ExpectedSteps()
    hosts = set(baseline.services["host"].to_list())
    foreign = hosts.isdisjoint(events["host"].drop_nulls().unique().to_list())
    told = story_steps(step_sources(file), baseline, events, file, cluster)
    steps = told.steps[RULES]
    came = told.steps.get(NETWORK, steps).filter(pl.col("state") == "came")
    rates = baseline.follow.rates
    rates = rates.with_columns(pl.col("follower").replace(component_names(events["service"], rates["follower"])))

    def expected(steps: pl.DataFrame, own: bool) -> ExpectedSteps:
        broken = steps.filter(pl.col("state") != "came")["story"].unique().implode()
        return ExpectedSteps(
            steps=steps,
            missing_rates=_shares(rates.filter(pl.col("own") == own), "missing"),
            late_rates=_shares(rates.filter(pl.col("own") == own), "late"),
            foreign=foreign,
            rows=told.rows.filter(pl.col("story").is_in(broken)),
            proofs=steps.clear(),
        )

    proofs = came.join(steps, on=["story", "follower"], how="anti")
    return replace(expected(steps, own=False), proofs=proofs, own=expected(told.steps[OWN], own=True))


def as_table(expected: ExpectedSteps) -> pl.DataFrame:
    """Expected steps as a table, the own ones in a second row, to be kept; not for an empty ``ExpectedSteps``."""
    rates = {name: _rates_frame(getattr(expected, name)) for name in _RATES}
    frames = rates | {name: getattr(expected, name) for name in _FRAMES}
    table = pl.DataFrame({name: [frame.to_struct()] for name, frame in frames.items()} | {"foreign": expected.foreign})
    return table if expected.own is None else pl.concat([table, as_table(expected.own)])


def from_table(table: pl.DataFrame) -> ExpectedSteps:
    """The opposite of ``as_table``."""
    steps, rows, proofs, missing, late = (table[name][0].struct.unnest() for name in (*_FRAMES, *_RATES))
    foreign, own = bool(table["foreign"][0]), from_table(table[1:]) if table.height > 1 else None
    return ExpectedSteps(steps, dict(missing.iter_rows()), dict(late.iter_rows()), foreign, rows, proofs, own)


def _rates_frame(rates: Mapping[str, float]) -> pl.DataFrame:
    told = {"follower": list(rates), "share": list(rates.values())}
    return pl.DataFrame(told, schema={"follower": pl.String, "share": pl.Float64})


def _shares(rates: pl.DataFrame, state: str) -> Mapping[str, float]:
    """Share of normal steps that fared so, per follower."""
    counted = rates.group_by("follower").agg(pl.col("expected").sum(), pl.col(state).sum())
    # One more than was seen, so that few stories do not promise too much (Laplace's rule of succession).
    share = (pl.col(state) + 1) / (pl.col("expected") + 2)
    return dict(counted.select("follower", share).iter_rows())
