"""The stages of an analysis: each keeps to the fields that it declares, and each that is not needed can be left out."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from api_troubles import placement_lost
from cloud import Cloud, healthy_rates
from sites import SMALL

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.engine import ABLATIONS, PARTS, STAGES, AnalysisRequest, Case, Omitted, investigate
from openstack_rca.rca.knowledge import load_catalogue, load_topology


class WatchedCase(Case):
    """A case that notes which of its fields are read and written."""

    def watch(self) -> None:
        object.__setattr__(self, "seen", (set(), set()))

    def __getattribute__(self, name: str) -> Any:
        seen = object.__getattribute__(self, "__dict__").get("seen")
        if seen is not None and name in Case.__dataclass_fields__:
            seen[0].add(name)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        seen = object.__getattribute__(self, "__dict__").get("seen")
        if seen is not None:
            seen[1].add(name)
        object.__setattr__(self, name, value)


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    """A recording in which placement is lost."""
    cloud = Cloud(SMALL)
    cloud.stop("placement-api")
    placement_lost(cloud)
    return cloud


def test_a_stage_reads_and_writes_what_it_declares(cloud: Cloud) -> None:
    """Nothing else of the case is touched, so the declarations can be trusted when a stage is moved or left out."""
    request = AnalysisRequest("New servers fail to build", ["logs"])
    events = cloud.events()
    scores = pl.DataFrame({"score": [0.5] * events.height, "awaited": [0.0] * events.height})
    case = WatchedCase(request, EventTable.of(events), scores, healthy_rates(SMALL), load_catalogue(), load_topology())
    for stage in STAGES:
        case.watch()
        stage.run(case)
        read, written = case.__dict__["seen"]
        assert read <= stage.reads | stage.writes, stage.name
        assert written == stage.writes, stage.name


def test_names_of_stages_are_distinct() -> None:
    """A name means one stage, in the progress and in an ablation."""
    names = [stage.name for stage in STAGES]
    assert len(names) == len(set(names))
    assert {name for stages in PARTS.values() for name in stages} <= set(names)


def test_the_document_names_the_stages_in_their_order() -> None:
    page = Path(__file__).resolve().parents[2].joinpath("docs", "index.md").read_text()
    told = re.findall(r"`(\w+)`", page.partition("## The stages")[2].partition("The progress shows")[0])
    assert list(dict.fromkeys(told)) == [stage.name for stage in STAGES]


def test_progress_tells_the_stages_in_their_order(cloud: Cloud) -> None:
    """Each stage is told once, as it begins."""
    told: list[str] = []
    request = AnalysisRequest("New servers fail to build", ["logs"])
    rates = healthy_rates(SMALL)
    investigate(request, cloud.events(), None, rates, load_catalogue(), load_topology(), told.append)
    assert told == [stage.name for stage in STAGES]


@pytest.mark.parametrize("part", ABLATIONS)
def test_what_is_left_out_does_not_run(cloud: Cloud, part: str) -> None:
    """An analysis comes to its end without any one part."""
    told: list[str] = []
    request = AnalysisRequest("New servers fail to build", ["logs"], omitted=Omitted(frozenset([part])))
    rates = healthy_rates(SMALL)
    investigate(request, cloud.events(), None, rates, load_catalogue(), load_topology(), told.append)
    assert set(PARTS.get(part, (part,))).isdisjoint(told)


def test_a_stage_that_is_needed_cannot_be_left_out() -> None:
    """Without ranking there is no answer to score."""
    assert {stage.name for stage in STAGES if stage.needed}.isdisjoint(ABLATIONS)
