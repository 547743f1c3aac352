"""The strict score: exact names, nothing for an empty answer, cited lines only."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import IncidentFormatError
from openstack_rca.rca.report.report import Cause, EvidenceItem, ModelUsed, Report, Window
from openstack_rca.rca.scoring.labelled_incidents import (
    IncidentScore,
    Question,
    Truth,
    find_incidents,
    read_question,
    read_truth,
    score,
    total,
)
from openstack_rca.rca.vocabulary import Category, EvidenceSort, Verdict

TRUTH = Truth("broker-down", ("rabbitmq", "messaging"), "process-down", (("ctl/rabbitmq.log", 12),))


def item(file: str = "ctl/rabbitmq.log", line: int = 12, lines: int = 1) -> EvidenceItem:
    return EvidenceItem(
        file=file, line=line, lines=lines, text="x", sort=EvidenceSort.SIGNATURE, accuses="rabbitmq", why="w", count=1, baseline="0"
    )  # fmt: skip


def cause(component: str, *evidence: EvidenceItem, category: Category = Category.PROCESS_DOWN) -> Cause:
    return Cause(component=component, category=category, statement="s", confidence=0.8, evidence=list(evidence))


def report(*causes: Cause, verdict: Verdict = Verdict.LIKELY) -> Report:
    return Report(
        created=datetime(2026, 1, 1, tzinfo=UTC),
        issue="i",
        logs=["l"],
        verdict=verdict,
        summary="s",
        window=Window(),
        causes=list(causes),
        events=1,
        lines=1,
        model=ModelUsed(name="none", source="none"),
    )


def scored(*causes: Cause, truth: Truth = TRUTH, verdict: Verdict = Verdict.LIKELY) -> IncidentScore:
    return score(Question("INC-1", "i", Path("logs")), truth, report(*causes, verdict=verdict), 1.0)


def test_the_rank_is_the_place_of_the_right_component() -> None:
    assert scored(cause("rabbitmq")).rank == 1
    assert scored(cause("mariadb"), cause("rabbitmq")).rank == 2


def test_an_accepted_name_counts_like_the_first() -> None:
    assert scored(cause("messaging")).rank == 1


@pytest.mark.parametrize("name", ["rabbit", "rabbitmq-server", "RabbitMQ", "rabbitmq,mariadb", ""])
def test_no_part_of_a_name_counts(name: str) -> None:
    assert scored(cause(name)).rank is None


def test_an_empty_answer_has_no_rank() -> None:
    empty = scored()
    assert (empty.rank, empty.ranked, empty.category_ok, empty.evidence_hit) == (None, (), False, False)


def test_causes_under_no_failure_found_are_no_answer() -> None:
    hidden = scored(cause("rabbitmq", item()), verdict=Verdict.NO_FAILURE_FOUND)
    assert (hidden.rank, hidden.category_ok, hidden.evidence_hit) == (None, False, False)


def test_one_component_named_twice_takes_one_place() -> None:
    assert scored(cause("mariadb"), cause("mariadb"), cause("rabbitmq")).rank == 2


def test_only_the_category_of_the_first_cause_counts() -> None:
    assert scored(cause("rabbitmq")).category_ok
    assert not scored(cause("x", category=Category.HANG), cause("rabbitmq")).category_ok


@pytest.mark.parametrize(
    ("file", "line", "lines", "hit"),
    [
        ("ctl/rabbitmq.log", 12, 1, True),
        ("ctl/rabbitmq.log.gz", 12, 1, True),
        ("ctl/rabbitmq.log.xz", 12, 1, True),
        ("ctl/rabbitmq.log", 10, 3, True),
        ("ctl/rabbitmq.log", 10, 2, False),
        ("ctl/rabbitmq.log", 13, 5, False),
        ("rabbitmq.log", 12, 1, False),
        ("ctl/rabbitmq.log.1", 12, 1, False),
    ],
)
def test_evidence_counts_where_a_labelled_line_lies_within_a_cited_event(
    file: str, line: int, lines: int, hit: bool
) -> None:
    assert scored(cause("rabbitmq", item(file, line, lines))).evidence_hit is hit


def test_only_the_first_ten_citations_count() -> None:
    others = [item(line=100 + number) for number in range(10)]
    assert not scored(cause("x", *others), cause("rabbitmq", item())).evidence_hit
    assert scored(cause("x", *others[:9]), cause("rabbitmq", item())).evidence_hit


HEALTHY = Truth("none", (), None, ())


def test_healthy_windows_count_for_false_alarms_and_nothing_else() -> None:
    result = total(
        [
            scored(cause("rabbitmq")),
            scored(truth=HEALTHY, verdict=Verdict.NO_FAILURE_FOUND),
            scored(cause("mariadb"), truth=HEALTHY),
            scored(cause("mariadb"), truth=HEALTHY, verdict=Verdict.INCONCLUSIVE),
        ],
        "7",
    )
    assert (result["incidents"], result["top1"], result["top3"]) == (1, 1.0, 1.0)
    assert (result["healthy_windows"], result["false_alarms"]) == (3, 2)
    assert result["model_version"] == "7"


def test_shares_are_over_all_incidents() -> None:
    scores = [scored(cause("rabbitmq")), scored(cause("a"), cause("rabbitmq")), scored(*map(cause, "abc")), scored()]
    result = total(scores, None)
    assert (result["top1"], result["top3"]) == (0.25, 0.5)
    assert [entry["rank"] for entry in result["per_incident"]] == [1, 2, None, None]


def test_no_incidents_give_zeros() -> None:
    assert total([], None)["top1"] == 0.0


def incident(folder: Path, label: Any, logs: bool = True) -> Path:
    folder.mkdir(parents=True)
    if logs:
        (folder / "logs").mkdir()
    (folder / "incident.json").write_text(label if isinstance(label, str) else json.dumps(label))
    return folder


def test_a_folder_of_incidents_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        incident(tmp_path / name, {"issue": "x", "root_cause": None})
    assert [path.name for path in find_incidents(tmp_path)] == ["a", "b"]
    assert find_incidents(tmp_path / "a") == [tmp_path / "a"]


def test_a_label_is_read_with_accepted_names_and_plain_file_names(tmp_path: Path) -> None:
    label = {
        "issue": "x",
        "fault": "f",
        "root_cause": {"service": "keystone", "accepted": ["neutron-server"], "category": "auth"},
        "evidence": [{"file": "c/keystone.log.zst", "line": 3}],
    }
    truth = read_truth(incident(tmp_path / "a", label))
    assert truth == Truth("f", ("keystone", "neutron-server"), "auth", (("c/keystone.log", 3),))


def test_a_healthy_label_expects_nothing(tmp_path: Path) -> None:
    assert read_truth(incident(tmp_path / "a", {"issue": "x", "root_cause": None})).expected == ()


@pytest.mark.parametrize(
    ("label", "logs"),
    [("{", True), ("[]", True), ({"issue": " "}, True), ({"root_cause": None}, True), ({"issue": "x"}, False)],
)
def test_a_broken_question_is_an_error_that_names_the_place(tmp_path: Path, label: Any, logs: bool) -> None:
    with pytest.raises(IncidentFormatError, match="a"):
        read_question(incident(tmp_path / "a", label, logs))


@pytest.mark.parametrize("label", [{"issue": "x"}, {"issue": "x", "root_cause": {}}, {"issue": "x", "root_cause": 3}])
def test_a_label_without_a_cause_is_an_error(tmp_path: Path, label: Any) -> None:
    with pytest.raises(IncidentFormatError, match="root_cause"):
        read_truth(incident(tmp_path / "a", label))


def test_a_folder_without_incidents_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IncidentFormatError, match="holds no incident"):
        find_incidents(tmp_path)
    with pytest.raises(IncidentFormatError, match="not a folder"):
        find_incidents(tmp_path / "nowhere")


def test_a_label_may_call_a_component_as_its_daemon_is_called(tmp_path: Path) -> None:
    """Labels are written by people who know the daemon: its canonical name is right too."""
    (tmp_path / "incident.json").write_text('{"root_cause": {"service": "openvswitch", "accepted": ["httpd"]}}')
    assert read_truth(tmp_path).expected == ("openvswitch", "httpd", "ovs", "apache")
