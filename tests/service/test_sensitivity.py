"""What a number and a rule are worth: the same incident asked again, only as far as the change reaches."""

from pathlib import Path

import pytest
from test_evaluation_modes import FULL, HEALTHY, incident

from hearing import hearing
from openstack_rca.rca.engine import AnalysisRequest, Case, Omitted, RepeatableInvestigation, investigate
from openstack_rca.rca.knowledge import RememberingCatalogue, load_catalogue, load_topology
from openstack_rca.rca.weights import numbers, scaled, using
from openstack_rca.service.analysis import Prepared, prepare
from openstack_rca.service.sensitivity import measure_sensitivity
from openstack_rca.settings import load_settings

ISSUE = "Servers fail"
SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "incidents" / "INC-017" / "logs"


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare([SAMPLE], settings=load_settings(mlflow_enabled=False), model="none")


@pytest.fixture(scope="module")
def asked(prepared: Prepared) -> RepeatableInvestigation:
    catalogue = RememberingCatalogue(load_catalogue().signatures)
    events = prepared.read.table
    return RepeatableInvestigation(
        Case(AnalysisRequest(ISSUE, []), events, None, prepared.rates, catalogue, load_topology(), prepared.expected)
    )


def told(case: Case) -> list[tuple[object, ...]]:
    ranked = [(c.component, c.category, round(c.score, 9), c.explained_by, c.onset) for c in case.candidates]
    return [(case.verdict, case.unclear), *ranked]


def fresh(prepared: Prepared, omitted: frozenset[str] = frozenset()) -> Case:
    request = AnalysisRequest(ISSUE, [], omitted=Omitted(signatures=omitted))
    return investigate(request, prepared.read.events, None, prepared.rates, load_catalogue(), load_topology())


def test_the_first_answer_is_that_of_an_ordinary_analysis(asked: RepeatableInvestigation, prepared: Prepared) -> None:
    assert told(asked.first) == told(fresh(prepared))


@pytest.mark.parametrize(
    "name", ["whole_seconds", "least_novelty", "complaint", "gap_seconds", "noticeable", "explained", "failure"]
)
def test_an_answer_repeated_with_another_number_is_that_of_a_whole_analysis_with_it(
    asked: RepeatableInvestigation, prepared: Prepared, name: str
) -> None:
    """Numbers that the first, the middle and the last stages read."""
    assert name in asked.numbers
    with using(scaled(name, 0.5)):
        whole = fresh(prepared)
    assert told(asked.with_weights(scaled(name, 0.5), [name])) == told(whole)
    assert told(asked.with_weights(scaled(name, 1.0), [name])) == told(asked.first)


def test_an_answer_repeated_without_a_rule_is_that_of_a_whole_analysis_without_it(
    asked: RepeatableInvestigation, prepared: Prepared
) -> None:
    for rule in sorted(asked.rules):
        assert told(asked.without_rule(rule)) == told(fresh(prepared, frozenset({rule})))


def test_what_changes_is_told_by_number_and_by_rule(tmp_path: Path) -> None:
    """The fault is known by its rule alone; a number that nothing here reads changes nothing; rules that found nothing are not asked."""
    incident(tmp_path / "INC-1", "shutdown", ["INFO In shutdown, no new events can be scheduled"] * 8, "nova-compute")
    incident(tmp_path / "HEALTHY-1", "none", HEALTHY, None)
    seen: list[tuple[int, int]] = []
    result = measure_sensitivity(
        [tmp_path],
        settings=load_settings(mlflow_enabled=False),
        model="none",
        fast=True,
        listener=hearing(incident=lambda done, of, _: seen.append((done, of))),
    )
    assert (result["incidents"], result["unreadable"]) == (2, [])
    assert {row["name"] for row in result["numbers"]} == {number.name for number in numbers()}
    by_name = {row["name"]: row for row in [*result["numbers"], *result["rules"]]}
    rule = by_name["nova-compute-in-shutdown"]
    assert rule["matched"] == 1
    assert rule["changes"][0]["how"] == "off"
    assert by_name["quiet_share"]["answers"] == 0
    assert all(row["matched"] for row in result["rules"])
    assert "quiet_share" in result["numbers_without_effect"]
    assert seen[0] == (0, 2) and seen[-1] == (2, 2)


def test_an_incident_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    incident(tmp_path / "INC-1", "disk", FULL, "host")
    (tmp_path / "INC-2").mkdir()
    (tmp_path / "INC-2" / "incident.json").write_text("{")
    result = measure_sensitivity([tmp_path], settings=load_settings(mlflow_enabled=False), model="none", fast=True)
    assert (result["incidents"], result["unreadable"]) == (1, ["INC-2"])


def test_a_number_that_is_a_share_never_exceeds_one() -> None:
    assert scaled("coverage", 2.0).coverage == 1.0
    assert scaled("waiting_seconds", 2.0).waiting_seconds == 40.0
    assert scaled("normal_gaps", 2.0).normal_gaps == 3.0
