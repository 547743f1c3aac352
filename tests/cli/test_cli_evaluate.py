"""``openstack-rca evaluate``: the strict score, and that no label is known before its answer."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Program, copy_incidents, refused

CONTRACT = {
    "incidents": int,
    "top1": float,
    "top3": float,
    "category_top1": float,
    "evidence_at_10": float,
    "healthy_windows": int,
    "false_alarms": int,
    "seconds_median": float,
    "model_version": str,
    "per_incident": list,
}
INCIDENT_CONTRACT = {
    "id": str,
    "fault": str,
    "expected": list,
    "rank": int,
    "ranked": list,
    "verdict": str,
    "category": str,
    "category_ok": bool,
    "evidence_hit": bool,
    "seconds": float,
}
ANSWER = ("id", "ranked", "verdict", "category")
"""What of an entry was known before the label was read."""


@pytest.fixture
def incidents(tmp_path: Path) -> Path:
    """Two faults and a healthy window, with their labels."""
    return copy_incidents(tmp_path / "incidents", "INC-003", "INC-017", "HEALTHY-001")


def change_label(folder: Path, **facts: Any) -> None:
    """Change facts of an incident's label; None takes one out."""
    path = folder / "incident.json"
    label = json.loads(path.read_text()) | facts
    path.write_text(json.dumps(label))


def swap_labels(first: Path, second: Path) -> None:
    """Give each incident the other's label, and leave it its own issue."""
    one, two = (json.loads((folder / "incident.json").read_text()) for folder in (first, second))
    (first / "incident.json").write_text(json.dumps({**two, "issue": one["issue"]}))
    (second / "incident.json").write_text(json.dumps({**one, "issue": two["issue"]}))


def test_json_has_the_fields_of_the_contract(home: Path, rca: Program, incidents: Path) -> None:
    """Names and types that scripts depend on; one entry an incident, healthy windows too."""
    result = rca("evaluate", incidents, "--disable-mlflow", "--format", "json")
    assert (result.status, result.err) == (0, "")
    score = result.json()
    assert {name: type(score.get(name)) for name in CONTRACT} == CONTRACT
    assert (score["incidents"], score["healthy_windows"], score["model_version"]) == (2, 1, "1")
    assert [item["id"] for item in score["per_incident"]] == ["HEALTHY-001", "INC-003", "INC-017"]
    keystone = score["per_incident"][1]
    assert {name: type(keystone[name]) for name in keystone} == INCIDENT_CONTRACT
    assert (keystone["expected"][0], keystone["rank"]) == ("keystone", 1)


def test_a_healthy_window_does_not_enter_the_shares(home: Path, rca: Program, tmp_path: Path) -> None:
    """It is right or a false alarm; incidents and top-1 do not count it."""
    folder = copy_incidents(tmp_path / "healthy", "HEALTHY-001")
    score = rca("evaluate", folder, "--model", "none", "--disable-mlflow", "--format", "json").json()
    assert (score["incidents"], score["top1"], score["healthy_windows"], score["false_alarms"]) == (0, 0.0, 1, 0)
    assert (score["per_incident"][0]["rank"], score["per_incident"][0]["expected"]) == (None, [])


def test_the_answers_do_not_depend_on_the_labels(home: Path, rca: Program, incidents: Path, tmp_path: Path) -> None:
    """With each other's labels the incidents get the same answers, and another score."""
    swapped = shutil.copytree(incidents, tmp_path / "swapped")
    swap_labels(swapped / "INC-003", swapped / "INC-017")
    own = rca("evaluate", incidents, "--disable-mlflow", "--format", "json").json()
    other = rca("evaluate", swapped, "--disable-mlflow", "--format", "json").json()

    def answers(score: Any) -> list[list[Any]]:
        return [[item[name] for name in ANSWER] for item in score["per_incident"]]

    assert answers(own) == answers(other)
    assert own["top1"] > other["top1"]


def test_an_accepted_component_is_right_and_part_of_a_name_is_not(home: Path, rca: Program, tmp_path: Path) -> None:
    """Names are compared whole: "key" is not keystone."""
    folder = copy_incidents(tmp_path / "incidents", "INC-003")
    ranks = {}
    for name, cause in {
        "accepted": {"service": "nova-api", "accepted": ["keystone"]},
        "part": {"service": "key", "accepted": ["stone"]},
    }.items():
        change_label(folder / "INC-003", root_cause={**cause, "host": "controller", "category": "auth"})
        score = rca("evaluate", folder, "--disable-mlflow", "--format", "json").json()
        ranks[name] = score["per_incident"][0]["rank"]
    assert ranks == {"accepted": 1, "part": None}


def test_every_name_that_counts_as_right_is_shown(
    home: Path, rca: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a first rank beside another name explains itself."""
    monkeypatch.setenv("COLUMNS", "160")
    folder = copy_incidents(tmp_path / "incidents", "INC-003")
    cause = {"service": "nova-api", "accepted": ["keystone"], "host": "controller", "category": "auth"}
    change_label(folder / "INC-003", root_cause=cause)
    assert "nova-api or keystone" in rca("evaluate", folder, "--model", "none", "--disable-mlflow").out


def test_one_incident_folder_is_evaluated_too(home: Path, rca: Program, incidents: Path) -> None:
    """DIR may be the folder of an incident itself."""
    score = rca("evaluate", incidents / "INC-003", "--disable-mlflow", "--format", "json").json()
    assert [item["id"] for item in score["per_incident"]] == ["INC-003"]


def test_text_has_a_line_an_incident_and_the_shares(home: Path, rca: Program, incidents: Path) -> None:
    """What was expected, what was answered, at which rank, in how many seconds; then the totals."""
    out = rca("evaluate", incidents, "--disable-mlflow").out
    (line,) = [line for line in out.splitlines() if "INC-003" in line]
    assert line.count("keystone") == 2
    assert "top-1" in out and "healthy window" in out


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ({"root_cause": {"host": "controller"}}, "root_cause names no service"),
        ({"issue": ""}, "no issue"),
    ],
)
def test_a_broken_label_is_named_and_counts_as_wrong(
    home: Path, rca: Program, tmp_path: Path, label: dict[str, Any], words: str
) -> None:
    """A note says which incident and what is missing; the others are scored."""
    folder = copy_incidents(tmp_path / "incidents", "INC-003", "INC-017")
    change_label(folder / "INC-003", **label)
    result = rca("evaluate", folder, "--disable-mlflow", "--format", "json")
    assert result.status == 0
    assert "INC-003 counts as wrong" in result.err and words in result.err
    score = result.json()
    assert (score["unreadable"], score["incidents"], score["top1"]) == (["INC-003"], 2, 0.5)


def test_text_shows_what_cannot_be_read(home: Path, rca: Program, tmp_path: Path) -> None:
    """A label that was cut off is no incident that is left out in silence."""
    folder = copy_incidents(tmp_path / "incidents", "INC-003")
    (folder / "INC-003" / "incident.json").write_text('{"issue": ')
    result = rca("evaluate", folder, "--disable-mlflow")
    (row,) = [line.replace("\u2502", " ").split() for line in result.out.splitlines() if "INC-003" in line]
    assert row[:4] == ["INC-003", "?", "-", "unreadable"]
    assert "INC-003 counts as wrong" in result.err


def test_a_folder_without_incidents_says_what_an_incident_is(home: Path, rca: Program, tmp_path: Path) -> None:
    """The hint names the two things that an incident folder holds."""
    refused(rca("evaluate", tmp_path / "working"), "holds no incident", "incident.json", "logs/")


def test_sensitivity_shows_which_answers_hang_on_which_rule(home: Path, rca: Program, tmp_path: Path) -> None:
    """A table for people, the same as JSON, and no other question beside it."""
    folder = copy_incidents(tmp_path / "incidents", "INC-017")
    result = rca("evaluate", folder, "--model", "none", "--fast", "--disable-mlflow", "--sensitivity")
    assert (result.status, result.err) == (0, "")
    assert "neutron-no-addresses" in result.out or "INC-017 left out" in result.out
    assert "numbers change no answer" in result.out
    refusal = rca("evaluate", folder, "--sensitivity", "--leave-one-out")
    assert refusal.status == 2
    assert "--sensitivity cannot be combined" in refusal.err
