"""The steps that what was learnt from normal requests expects of those in other logs, told by the network or by follow rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from openstack_rca.late_numpy import np
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.follow import request_lines
from openstack_rca.model.stories import build_stories
from openstack_rca.rca.knowledge import load_topology

if TYPE_CHECKING:
    import numpy.typing as npt

    from openstack_rca.model.model_file import ModelFile

NETWORK = "lstm"
RULES = "follow_rule"
OWN = "own_step"


@dataclass(frozen=True)
class StorySteps:
    """Steps of the stories of a recording.

    Attributes:
        steps: source (``NETWORK``, ``RULES``, ``OWN``) -> the steps that it expects, by ``row`` and ``follower``; see
            ``step_tables.STEP_SCHEMA``. Services go by their component's name.
        rows: the events (``story``, ``row``) of the stories of which some step did not come in time.
        begins: (stories,) row of each story's first event, ascending.
    """

    steps: dict[str, pl.DataFrame]
    rows: pl.DataFrame
    begins: npt.NDArray[np.int64]


def step_sources(file: ModelFile | None) -> list[str]:
    """The sources that can expect steps: ``NETWORK`` if the model has learnt stories, ``RULES``, and ``OWN``: within services."""
    return [RULES, OWN] if file is None or file.story_calibration is None else [NETWORK, RULES, OWN]


def steps_of_stories(
    sources: Sequence[str], baseline: Baseline, events: pl.DataFrame, file: ModelFile | None
) -> StorySteps:
    """The steps that each source (``NETWORK``, ``RULES``, ``OWN``) expects of the requests in a recording, in order of time."""
    stories = build_stories(events, objects=False)
    services = events["service"].unique()
    rules = baseline.follow
    common = component_names(services, rules.rules["service"], rules.rules["follower"])
    told = request_lines(events, stories, common)
    steps = {}
    for source in sources:
        if source == NETWORK and file is not None:
            from openstack_rca.model.network_steps import network_steps

            templates = file.baseline.templates
            names = component_names(services, templates["service"])
            found = network_steps(file.forward, file.vocabulary, templates, events, stories, names)
        else:
            found = (rules.own_steps if source == OWN else rules.steps)(told, common)
        steps[source] = found.sort("row", "follower")
    broken = pl.concat([found.filter(pl.col("state") != "came")["story"] for found in steps.values()]).unique()
    rows = pl.DataFrame({"story": stories.story_of_row(), "row": stories.rows})
    return StorySteps(steps, rows.filter(pl.col("story").is_in(broken.implode())), stories.rows[stories.offsets[:-1]])


def component_names(*services: pl.Series) -> dict[str, str]:
    """Service -> name of its component, or its own name where it has none."""
    topology = load_topology()
    known = {str(name) for part in services for name in part.drop_nulls().unique()}
    return {name: topology.canonical(name) or name for name in known}
