"""Stories of the given logs, and the steps that what was learnt from normal ones expects of them."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from openstack_rca.model.baseline import Baseline
from openstack_rca.model.model_file import ModelFile
from openstack_rca.model.network_steps import network_steps
from openstack_rca.model.rivals import best_step_source
from openstack_rca.model.stories import Stories, build_stories
from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.rca.knowledge import load_topology


def expected_steps(baseline: Baseline, events: pl.DataFrame, file: ModelFile | None = None) -> ExpectedSteps:
    """What is expected of the requests in other logs, by what was learnt from a normal recording.

    Steps that stay away and steps that come late are each told by who found more of them in the training's held-back
    requests: the network or the follow rules.

    Args:
        baseline: of a model, or of known-good logs.
        events: the events table of the logs to analyse.
        file: a model whose network is to be asked; None: the follow rules alone.
    """
    sources = {state: _source(file, state) for state in ("missing", "late")}
    if baseline.follow.rules.is_empty() and "lstm" not in sources.values():
        return ExpectedSteps()
    stories = build_stories(events, objects=False)
    hosts = set(baseline.services["host"].to_list())
    foreign = hosts.isdisjoint(events["host"].drop_nulls().unique().to_list())
    told = {}
    for source in set(sources.values()):
        own = file is not None and source == "lstm"
        told[source] = _by_network(file, events, stories) if file and own else _by_rules(baseline, events, stories)
    missing, late = told[sources["missing"]], told[sources["late"]]
    steps = missing[0]
    if missing is not late:
        steps = pl.concat(
            [
                steps.with_columns(pl.col("state").replace("late", "came")),
                late[0].filter(pl.col("state") == "late"),
            ]
        )
    broken = steps.filter(pl.col("state") != "came")["story"].unique().implode()
    rows = pl.DataFrame({"story": stories.story_of_row(), "row": stories.rows})
    return ExpectedSteps(
        steps=steps,
        missing_rates=_shares(missing[1], "missing"),
        late_rates=_shares(late[1], "late"),
        foreign=foreign,
        rows=rows.filter(pl.col("story").is_in(broken)),
    )


def _source(file: ModelFile | None, state: str) -> str:
    if file is None or file.story_calibration is None or file.story_calibration.step_rates.is_empty():
        return "follow_rule"
    return best_step_source(file.card.metrics, state) or "follow_rule"


def _by_rules(baseline: Baseline, events: pl.DataFrame, stories: Stories) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Steps that the follow rules expect, and what became of normal ones, services by their component's name."""
    rules = baseline.follow
    names = _names(events, rules.rules["service"], rules.rules["follower"])
    return rules.steps(events, stories, names), rules.rates.with_columns(pl.col("follower").replace(names))


def _by_network(file: ModelFile, events: pl.DataFrame, stories: Stories) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same of the network."""
    assert file.story_calibration is not None
    templates, rates = file.baseline.templates, file.story_calibration.step_rates
    names = _names(events, templates["service"])
    steps = network_steps(file.forward, file.vocabulary, templates, events, stories, names)
    return steps, rates.with_columns(pl.col("follower").replace(names))


def _names(events: pl.DataFrame, *learnt: pl.Series) -> dict[str, str]:
    topology = load_topology()
    services = {str(name) for part in (events["service"], *learnt) for name in part.drop_nulls().unique()}
    return {name: topology.canonical(name) or name for name in services}


def _shares(rates: pl.DataFrame, state: str) -> Mapping[str, float]:
    """Share of normal steps that fared so, per follower."""
    counted = rates.group_by("follower").agg(pl.col("expected").sum(), pl.col(state).sum())
    # One more than was seen, so that few stories do not promise too much (Laplace's rule of succession).
    share = (pl.col(state) + 1) / (pl.col("expected") + 2)
    return dict(counted.select("follower", share).iter_rows())
