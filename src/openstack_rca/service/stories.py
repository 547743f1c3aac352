"""Stories of the given logs, and the steps that what was learnt from normal ones expects of them."""

from __future__ import annotations

import polars as pl

from openstack_rca.model.baseline import Baseline
from openstack_rca.model.stories import build_stories
from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.rca.knowledge import load_topology


def expected_steps(baseline: Baseline, events: pl.DataFrame) -> ExpectedSteps:
    """What the follow rules of a normal recording expect of the requests in other logs.

    Args:
        baseline: of a model, or of known-good logs.
        events: the events table of the logs to analyse.
    """
    rules, topology = baseline.follow, load_topology()
    if rules.rules.is_empty():
        return ExpectedSteps()
    services = {*events["service"].drop_nulls(), *rules.rules["service"], *rules.rules["follower"]}
    names = {str(name): topology.canonical(str(name)) or str(name) for name in services}
    rates = (
        rules.rates.with_columns(pl.col("follower").replace(names))
        .group_by("follower")
        .agg(pl.col("expected").sum(), pl.col("missing").sum(), pl.col("late").sum())
        # One more than was seen, so that few stories do not promise too much (Laplace's rule of succession).
        .select("follower", *((pl.col(name) + 1) / (pl.col("expected") + 2) for name in ("missing", "late")))
    )
    hosts = set(baseline.services["host"].to_list())
    return ExpectedSteps(
        steps=rules.steps(events, build_stories(events), names),
        missing_rates=dict(rates.select("follower", "missing").iter_rows()),
        late_rates=dict(rates.select("follower", "late").iter_rows()),
        foreign=hosts.isdisjoint(events["host"].drop_nulls().unique().to_list()),
    )
