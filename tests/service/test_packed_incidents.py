"""Packed incidents: one a line of a file, read as folders are; short problem reports stay answered."""

import json
from pathlib import Path

import pytest

from openstack_rca.errors import IncidentFormatError
from openstack_rca.service.evaluation import evaluate
from openstack_rca.service.incident_folders import incidents_of
from openstack_rca.settings import Settings

REPORTS = Path(__file__).parents[1] / "rca" / "reports"
EVERY = 8
"""So many reports are skipped for each that is answered here; ``evaluate`` answers all of them."""

MISSES = frozenset(
    [
        "A-030",
        "B-021",
        "E-006",
        "E-015",
        "F-007",
        "F-026",
        "F-028",
        "F-044",
        "F-072",
        "G-029",
        "G-035",
        "G-049",
        "G-050",
        "V18-02",
        "V18-06",
        "V18-14",
        "V18-15",
        "V18-22",
        "V18-23",
        "V19-03",
        "V19-04",
        "V19-07",
        "V19-08",
        "V19-11",
        "V19-12",
    ]
)
"""Reports that are answered with another component or another kind of fault."""


def labels() -> list[dict[str, object]]:
    lines = [line for file in sorted(REPORTS.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


SAMPLE = [label for label in labels() if label["id"] not in MISSES][::EVERY]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """The answers to the sample by id."""
    room = tmp_path_factory.mktemp("reports")
    (room / "sample.jsonl").write_text("".join(json.dumps(label) + "\n" for label in SAMPLE), encoding="utf-8")
    settings = Settings(home=room / "home", mlflow_enabled=False)
    result = evaluate(room / "sample.jsonl", settings=settings, model="none")
    return {answer["id"]: answer for answer in result["per_incident"]}


@pytest.mark.parametrize("label", SAMPLE, ids=lambda label: str(label["id"]))
def test_a_report_is_answered_with_component_and_kind_of_fault(
    label: dict[str, object], answers: dict[str, dict[str, object]]
) -> None:
    """A healthy one alarms nobody."""
    answer = answers[str(label["id"])]
    if label["root_cause"] is None:
        assert answer["verdict"] not in ("CONFIRMED", "LIKELY")
    else:
        assert (answer["rank"], answer["category_ok"]) == (1, True)


def packed(folder: Path, **changes: object) -> Path:
    label = {"id": "one", "issue": "It fails", "root_cause": None, "logs": {"ctl/nova-api.log": "a line\n"}} | changes
    file = folder / "some.jsonl"
    file.write_text(json.dumps(label) + "\n", encoding="utf-8")
    return file


def test_a_packed_incident_is_a_folder_while_it_is_scored(tmp_path: Path) -> None:
    with incidents_of([packed(tmp_path)]) as found:
        (incident,) = found
        assert (incident.id, incident.cloud) == ("one", "some.jsonl")
        assert (incident.folder / "logs" / "ctl" / "nova-api.log").read_text(encoding="utf-8") == "a line\n"
    assert not incident.folder.exists()


def test_a_packed_text_keeps_line_separators_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    """JSON may hold U+2028 as it is."""
    label = {"id": "one", "issue": "x", "root_cause": None, "logs": {"a.log": "one\u2028two\n"}}
    file = tmp_path / "some.jsonl"
    file.write_text("\n" + json.dumps(label, ensure_ascii=False) + "\n\n", encoding="utf-8")
    with incidents_of([file]) as (incident,):
        assert (incident.folder / "logs" / "a.log").read_text(encoding="utf-8") == "one\u2028two\n"


def test_packed_incidents_of_a_folder_stand_beside_its_incident_folders(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "two" / "logs").mkdir(parents=True)
    (tmp_path / "two" / "incident.json").write_text('{"issue": "x", "root_cause": null}', encoding="utf-8")
    with incidents_of([tmp_path]) as found:
        assert [incident.id for incident in found] == ["one", "two"]


@pytest.mark.parametrize(
    "changes", [{"logs": {"../../x.log": ""}}, {"id": "/etc/one"}, {"logs": None}], ids=["log", "id", "no logs"]
)
def test_a_packed_incident_that_leads_out_of_its_folder_or_holds_no_logs_is_refused(
    changes: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(IncidentFormatError), incidents_of([packed(tmp_path, **changes)]):
        pass
