"""Stories of the given logs, and the steps that what was learnt from normal ones expects of them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from openstack_rca.model.baseline import Baseline
from openstack_rca.model.model_file import ModelFile
from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.cluster_scoring import story_steps
from openstack_rca.service.story_steps import NETWORK, component_names, step_source


def expected_steps(
    baseline: Baseline, events: pl.DataFrame, file: ModelFile | None = None, cluster: Cluster | None = None
) -> ExpectedSteps:
    """What is expected of the requests in other logs, by what was learnt from a normal recording.

    Steps that stay away and steps that come late are each told by who found more of them in the training's held-back
    requests: the network or the follow rules.

    Args:
        baseline: of a model, or of known-good logs.
        events: the events table of the logs to analyse.
        file: a model whose network is to be asked; None: the follow rules alone.
        cluster: whose workers are to do it.
    """
    missing_by, late_by = step_source(file, "missing"), step_source(file, "late")
    if baseline.follow.rules.is_empty() and NETWORK not in (missing_by, late_by):
        return ExpectedSteps()
    hosts = set(baseline.services["host"].to_list())
    foreign = hosts.isdisjoint(events["host"].drop_nulls().unique().to_list())
    told = story_steps(sorted({missing_by, late_by}), baseline, events, file, cluster)
    steps = told.steps[missing_by]
    if missing_by != late_by:
        steps = pl.concat(
            [
                steps.with_columns(pl.col("state").replace("late", "came")),
                told.steps[late_by].filter(pl.col("state") == "late"),
            ]
        )
    broken = steps.filter(pl.col("state") != "came")["story"].unique().implode()
    return ExpectedSteps(
        steps=steps,
        missing_rates=_shares(_rates(missing_by, baseline, events, file), "missing"),
        late_rates=_shares(_rates(late_by, baseline, events, file), "late"),
        foreign=foreign,
        rows=told.rows.filter(pl.col("story").is_in(broken)),
    )


def _rates(source: str, baseline: Baseline, events: pl.DataFrame, file: ModelFile | None) -> pl.DataFrame:
    """What became of the steps that a source expected of normal requests, services by their component's name."""
    if source == NETWORK and file is not None and file.story_calibration is not None:
        rates = file.story_calibration.step_rates
    else:
        rates = baseline.follow.rates
    return rates.with_columns(pl.col("follower").replace(component_names(events["service"], rates["follower"])))


def _shares(rates: pl.DataFrame, state: str) -> Mapping[str, float]:
    """Share of normal steps that fared so, per follower."""
    counted = rates.group_by("follower").agg(pl.col("expected").sum(), pl.col(state).sum())
    # One more than was seen, so that few stories do not promise too much (Laplace's rule of succession).
    share = (pl.col(state) + 1) / (pl.col("expected") + 2)
    return dict(counted.select("follower", share).iter_rows())
