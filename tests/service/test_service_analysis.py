"""Analysis as the command line and the dashboard call it: labels unknown, outages bridged, reports whole."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import ConfigurationError, VersionNotFound
from openstack_rca.rca.scoring.labelled_incidents import read_question
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service.analysis import AnalysisOutcome, analyze, record_analysis
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.reports import FORMATS, check_report_path, render, write_report
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES, Trained

INCIDENT = SAMPLES / "incidents" / "INC-003"
VARYING = {"created", "seconds", "stages", "logs", "command", "id"}


@pytest.fixture
def outcome(home: Path) -> AnalysisOutcome:
    """An answer to a sample incident."""
    settings = load_settings(mlflow_enabled=False)
    return analyze([INCIDENT / "logs"], "401 on every call", settings=settings)


def told(outcome: AnalysisOutcome) -> dict[str, Any]:
    """The report without what differs from one analysis of the same logs to the next."""
    report: dict[str, Any] = json.loads(render(outcome.report, "json"))
    return {name: value for name, value in report.items() if name not in VARYING}


def test_an_incident_of_issue_and_logs_alone_gets_the_same_answer(home: Path, tmp_path: Path) -> None:
    """Everything but the issue is taken out of incident.json: nothing else was read for the answer."""
    bare = tmp_path / "INC-003"
    shutil.copytree(INCIDENT / "logs", bare / "logs")
    label = json.loads((INCIDENT / "incident.json").read_text())
    (bare / "incident.json").write_text(json.dumps({"issue": label["issue"]}))
    settings = load_settings(mlflow_enabled=False)
    answers = []
    for folder in (INCIDENT, bare):
        question = read_question(folder)
        answers.append(told(analyze([question.logs], question.issue, settings=settings)))
    assert answers[0] == answers[1]


def test_no_file_beside_the_logs_is_opened(home: Path, tmp_path: Path) -> None:
    """A label that nobody may read does not disturb an analysis of the logs next to it."""
    shutil.copytree(INCIDENT, tmp_path / "INC-003")
    label = tmp_path / "INC-003" / "incident.json"
    label.unlink()
    label.symlink_to(tmp_path / "nowhere")
    outcome = analyze([tmp_path / "INC-003" / "logs"], "x", settings=load_settings(mlflow_enabled=False))
    assert outcome.report.causes[0].component == "keystone"


@pytest.mark.parametrize("reference", ["latest", "1", "v1"])
def test_a_version_is_opened_by_each_of_its_names(home: Path, reference: str) -> None:
    """What the report needs to know comes with it, and the name that leads to it again."""
    opened = open_model(reference, load_settings(mlflow_enabled=False))
    assert (opened.version, opened.reference, opened.notices) == ("1", "1", [])
    assert opened.file is not None


def test_none_means_no_model(empty_home: Path) -> None:
    """Asked for, it needs no notice and no folder of state."""
    opened = open_model("none", load_settings())
    assert (opened.file, opened.notices, opened.reference) == (None, [], "none")
    assert not empty_home.exists()


def test_latest_of_nothing_is_a_notice_and_a_number_of_nothing_an_error(empty_home: Path) -> None:
    """Before the first training there is an answer all the same, but never with another model than was asked for."""
    settings = load_settings(mlflow_enabled=False)
    opened = open_model("latest", settings)
    assert opened.file is None
    assert "Answered without a model" in opened.notices[0]
    with pytest.raises(VersionNotFound):
        open_model("1", settings)


def test_a_model_file_scores_like_the_version_that_it_is(home: Path, trained: Trained) -> None:
    """The file that --output wrote and the version give the same report."""
    settings = load_settings(mlflow_enabled=False)
    answers = []
    for reference in ("1", str(trained.model_file)):
        report = told(analyze([INCIDENT / "logs"], "x", settings=settings, model=reference))
        report.pop("model")
        answers.append(report)
    assert answers[0] == answers[1]


def test_recording_with_the_server_away_is_a_notice(outcome: AnalysisOutcome) -> None:
    """It never raises: the answer is on the screen already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    recording = record_analysis(outcome, load_settings(mlflow_tracking_uri=address))
    assert (recording.run_ids, recording.waiting) == ([], 1)
    assert "does not answer" in recording.notices[0]


def test_recording_to_an_address_that_cannot_work_is_a_notice(outcome: AnalysisOutcome) -> None:
    """The same for a setting that is wrong."""
    recording = record_analysis(outcome, load_settings(mlflow_tracking_uri="nonsense"))
    assert (recording.run_ids, len(recording.notices)) == ([], 1)


def test_recording_switched_off_does_nothing(outcome: AnalysisOutcome) -> None:
    """No run, and nothing to say about it."""
    recording = record_analysis(outcome, load_settings(mlflow_enabled=False))
    assert (recording.run_ids, recording.notices) == ([], [])


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_names_verdict_and_cause(outcome: AnalysisOutcome, form: str) -> None:
    """Text, JSON, Markdown and HTML come from one report."""
    text = render(outcome.report, form)
    assert outcome.report.verdict.value in text
    assert outcome.report.causes[0].component in text


def test_a_report_is_written_whole_or_not_at_all(outcome: AnalysisOutcome, tmp_path: Path) -> None:
    """A report that is there already stays until the new one is complete; nothing else is left in its folder."""
    target = tmp_path / "reports" / "answer.json"
    write_report(outcome.report, target)
    write_report(outcome.report, target)
    assert json.loads(target.read_text()) == json.loads(render(outcome.report, "json"))
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.json.gz"])
def test_a_suffix_without_a_form_is_refused(tmp_path: Path, name: str) -> None:
    """With the suffixes that have one."""
    with pytest.raises(ConfigurationError, match="is no format of a report") as caught:
        check_report_path(tmp_path / name)
    assert ".json" in caught.value.hint


def test_a_traceback_that_the_log_begins_in_the_middle_of_is_not_called_healthy(
    empty_home: Path, tmp_path: Path
) -> None:
    """Its first line is a line of code; what was raised stands below it."""
    stamp = "2026-03-09 06:13:24.759 384 TRACE nova.service"
    log = tmp_path / "compute7" / "nova-compute.log"
    log.parent.mkdir()
    log.write_text(f"{stamp}     if ret == -1: raise Odd('no')\n{stamp} Odd: the flux capacitor has no flux\n")
    report = analyze([log], "", settings=load_settings(), model="none").report
    assert report.verdict is Verdict.INCONCLUSIVE
    assert (report.causes[0].component, report.causes[0].host) == ("nova-compute", "compute7")


def test_the_checks_are_commands_of_the_deployment_that_is_named(home: Path) -> None:
    """Whoever runs containers has no unit to ask for; an unknown tool is refused by name."""
    settings = load_settings(mlflow_enabled=False, deployment="kolla")
    report = analyze([INCIDENT / "logs"], "401 on every call", settings=settings).report
    checks = [check for cause in report.causes for check in cause.next_checks]
    assert any(check.startswith("docker ") for check in checks)
    assert not any(check.startswith("systemctl status keystone") for check in checks)
    assert "--deployment kolla" in report.command
    with pytest.raises(ConfigurationError, match="no deployment 'colla'"):
        analyze([INCIDENT / "logs"], "", settings=load_settings(mlflow_enabled=False, deployment="colla"))
