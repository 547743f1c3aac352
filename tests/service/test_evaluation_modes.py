"""Ways to evaluate: a fault's kind left out, parts left out, two ways compared; the label stays closed until the answer."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hearing import hearing
from openstack_rca.errors import ConfigurationError
from openstack_rca.rca.engine import ABLATIONS
from openstack_rca.rca.scoring.labelled_incidents import Truth
from openstack_rca.service import choices, evaluation
from openstack_rca.service.evaluation import compare, evaluate
from openstack_rca.settings import Settings, load_settings

CONTEXT = "[None req-7d1b0c5e-2f6a-4f0d-9a51-0123456789ab - - - - -]"


def incident(folder: Path, fault: str, lines: list[str], service: str | None, file: str = "nova-compute.log") -> None:
    logs = folder / "logs" / "node1"
    logs.mkdir(parents=True)
    stamped = [
        f"2026-03-01 10:00:{number:02d}.000 77 {level} nova.compute.manager {CONTEXT} {text}"
        for number, (level, _, text) in enumerate(line.partition(" ") for line in lines)
    ]
    (logs / file).write_text("\n".join(stamped) + "\n")
    cause = {"service": service, "category": "storage"} if service else None
    label = {"issue": "Servers fail", "fault": fault, "root_cause": cause, "evidence": []}
    (folder / "incident.json").write_text(json.dumps(label))


FULL = ["ERROR Instance failed to spawn: OSError: [Errno 28] No space left on device: '/var/lib/nova/x'"] * 8
BROKEN = ["ERROR Instance failed to spawn: OSError: [Errno 30] Read-only file system: '/var/lib/nova/x'"] * 8
HEALTHY = ["INFO Claim successful on node node1"] * 8


@pytest.fixture
def settings() -> Settings:
    return load_settings(mlflow_enabled=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two incidents of one kind that say different things, one of another kind, and a healthy window."""
    incident(tmp_path / "INC-1", "disk", FULL, "host")
    incident(tmp_path / "INC-2", "disk", BROKEN, "host")
    incident(tmp_path / "INC-3", "other disk", FULL, "host")
    incident(tmp_path / "HEALTHY-1", "none", HEALTHY, None)
    return tmp_path


def ranks(result: dict[str, Any]) -> dict[str, int | None]:
    return {item["id"]: item["rank"] for item in result["per_incident"]}


def test_a_plain_evaluation_knows_every_signature(folder: Path, settings: Settings) -> None:
    result = evaluate(folder, settings=settings, model="none", fast=True)
    assert ranks(result) == {"HEALTHY-1": None, "INC-1": 1, "INC-2": 1, "INC-3": 1}
    assert result["false_alarms"] == 0
    assert "leave_one_out" not in result


def test_leaving_a_kind_out_leaves_out_what_speaks_in_any_incident_of_that_kind(
    folder: Path, settings: Settings
) -> None:
    result = evaluate(folder, settings=settings, model="none", fast=True, leave_one_out=True)
    left_out = result["leave_one_out"]["signatures_left_out"]
    assert "host-read-only-filesystem" in left_out["disk"]
    assert any("disk-full" in signature for signature in left_out["disk"])
    assert "host-read-only-filesystem" not in left_out["other disk"]
    assert "none" not in left_out
    assert ranks(result)["INC-1"] == 1


def test_leaving_a_cloud_out_leaves_out_what_speaks_in_any_incident_of_that_cloud(
    folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What speaks on another cloud only stays, and incidents of the same name are told apart."""
    other = tmp_path_factory.mktemp("second")
    incident(other / "INC-1", "disk", BROKEN, "host")
    result = evaluate([folder / "INC-1", other], settings=settings, model="none", fast=True, leave_one_out=True)
    left_out = result["leave_one_cloud_out"]["signatures_left_out"]
    assert any("disk-full" in signature for signature in left_out["INC-1"])
    assert left_out[other.name] == ["host-read-only-filesystem"]
    assert set(ranks(result)) == {"INC-1/INC-1", f"{other.name}/INC-1"}


def test_the_option_names_every_part_of_the_engine() -> None:
    """Its words stand apart from the engine, so that no help waits for it."""
    assert choices.PARTS == ABLATIONS


def test_healthy_windows_stay_healthy_in_every_mode(folder: Path, settings: Settings) -> None:
    for part in ABLATIONS:
        result = evaluate(folder / "HEALTHY-1", settings=settings, model="none", fast=True, without=[part])
        assert result["false_alarms"] == 0
        assert result["without"] == [part]


def test_without_signatures_what_only_they_know_is_not_found(folder: Path, settings: Settings) -> None:
    result = evaluate(folder / "INC-1", settings=settings, model="none", fast=True, without=["signatures"])
    assert result["top1"] == 0.0


def test_only_info_takes_away_what_complains(folder: Path, settings: Settings) -> None:
    """The incident is an ERROR line and nothing else: without it there is nothing to find."""
    result = evaluate(folder / "INC-1", settings=settings, model="none", fast=True, only_info=True)
    assert result["only_info"]
    assert result["per_incident"][0]["ranked"] == []
    assert (result["evidence_at_10"], result["citable"]) == (0.0, 0), "nobody can cite what was taken out"
    assert evaluate(folder / "INC-1", settings=settings, model="none", fast=True)["top1"] == 1.0


def test_a_part_that_does_not_exist_is_an_error(folder: Path, settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no part called magic"):
        evaluate(folder, settings=settings, model="none", without=["magic"])


def test_what_cannot_be_read_counts_as_wrong_and_the_rest_is_scored(folder: Path, settings: Settings) -> None:
    """No logs folder, logs that are none, a label without a cause: each is named with the reason, in every pass."""
    shutil.rmtree(folder / "INC-1" / "logs")
    (folder / "INC-2" / "logs" / "node1" / "nova-compute.log").write_bytes(b"\x7fELF" + bytes(range(30)) * 99)
    (folder / "INC-4").mkdir()
    (folder / "INC-4" / "incident.json").write_text('{"issue": ')
    result = evaluate(folder, settings=settings, model="none", fast=True, leave_one_out=True)
    assert result["unreadable"] == result["leave_one_out"]["unreadable"] == ["INC-1", "INC-2", "INC-4"]
    assert "logs folder" in result["unreadable_because"]["INC-1"]
    assert (result["incidents"], result["top1"], result["false_alarms"]) == (4, 0.25, 0)
    assert ranks(result)["INC-3"] == 1


def test_a_healthy_window_that_cannot_be_read_is_a_false_alarm(folder: Path, settings: Settings) -> None:
    """It was not found healthy."""
    shutil.rmtree(folder / "HEALTHY-1" / "logs")
    result = evaluate(folder / "HEALTHY-1", settings=settings, model="none", fast=True)
    assert (result["healthy_windows"], result["false_alarms"], result["unreadable"]) == (1, 1, ["HEALTHY-1"])


def test_the_label_is_opened_only_after_the_answer(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    answer, read = evaluation.answer, evaluation.incidents.read_truth

    def answering(*arguments: Any) -> Any:
        order.append("answer")
        return answer(*arguments)

    def reading(path: Path) -> Truth:
        order.append("label")
        return read(path)

    monkeypatch.setattr(evaluation, "answer", answering)
    monkeypatch.setattr(evaluation.incidents, "read_truth", reading)
    evaluate(folder, settings=settings, model="none", fast=True)
    assert order == ["answer", "label"] * 4


def test_a_changed_label_does_not_change_the_answer(folder: Path, settings: Settings) -> None:
    before = evaluate(folder / "INC-1", settings=settings, model="none", fast=True)
    label = json.loads((folder / "INC-1" / "incident.json").read_text())
    label["root_cause"] = {"service": "mariadb", "category": "database"}
    (folder / "INC-1" / "incident.json").write_text(json.dumps(label))
    after = evaluate(folder / "INC-1", settings=settings, model="none", fast=True)
    assert after["per_incident"][0]["ranked"] == before["per_incident"][0]["ranked"]
    assert (before["top1"], after["top1"]) == (1.0, 0.0)


def test_one_way_compared_with_itself_differs_in_nothing(folder: Path, settings: Settings) -> None:
    result = compare(folder, "none:fast", "none:fast", settings=settings)
    assert result["differences"]["top1"] == {"difference": 0.0, "low": 0.0, "high": 0.0, "wins": 0.0, "losses": 0.0}
    assert result["first"]["top1"] == result["second"]["top1"] == 1.0


def test_the_result_tells_how_sure_it_is(folder: Path, settings: Settings) -> None:
    result = evaluate(folder, settings=settings, model="none", fast=True)
    low, high = result["top1_interval"]
    assert 0.0 < low < high == 1.0
    assert result["confusion"] == []
    assert sum(row["answers"] for row in result["reliability"]) == 3


def test_progress_covers_all_passes(folder: Path, settings: Settings) -> None:
    steps: list[tuple[int, int]] = []
    evaluate(
        folder,
        settings=settings,
        model="none",
        fast=True,
        leave_one_out=True,
        listener=hearing(incident=lambda done, of, name: steps.append((done, of))),
    )
    assert steps == [(number, 12) for number in range(13)]


def test_reports_from_the_field_are_of_one_kind_by_component(tmp_path: Path, settings: Settings) -> None:
    """A label that names no kind would leave out what knows every other report."""
    incident(tmp_path / "LINE-1", "from the field", FULL, "host")
    incident(tmp_path / "LINE-2", "from the field", BROKEN, "storage")
    result = evaluate(tmp_path, settings=settings, model="none", fast=True, leave_one_out=True)
    assert set(result["leave_one_out"]["signatures_left_out"]) == {"from the field: host", "from the field: storage"}
