"""Answers on their way to the tracking server: written down at once, sent once, never lost."""

import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.mlflow import Tracking, connect, prune_runs
from openstack_rca.rca.report import ModelUsed, Report, Window
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.service import waiting_runs
from openstack_rca.service.models import list_runs, run_outcome
from openstack_rca.service.waiting_runs import send_as_configured, send_waiting_runs, write_down
from openstack_rca.settings import Settings, load_settings
from trained_environment import environment

BEGAN = datetime(2026, 11, 23, 4, tzinfo=UTC)


def report(minutes: int = 0) -> Report:
    """An answer of some minutes after four."""
    return Report(
        created=BEGAN + timedelta(minutes=minutes),
        issue=f"trouble {minutes}",
        logs=["logs"],
        verdict=Verdict.NO_FAILURE_FOUND,
        summary="Nothing failed.",
        window=Window(start=None, end=None, found=True),
        causes=[],
        events=3,
        lines=3,
        files=[],
        model=ModelUsed(name="none", source="none"),
        seconds={"read": 0.1, "analyze": 0.5},
        stages={"match": 0.3, "rank": 0.1},
        command="openstack-rca analyze logs",
    )


@pytest.fixture
def settings(empty_home: Path, empty_database: Path) -> Settings:
    """An environment of its own, with the embedded database."""
    empty_home.mkdir()
    shutil.copy(empty_database, empty_home / "mlflow.db")
    return load_settings()


@pytest.fixture
def away(empty_home: Path) -> Settings:
    """The same home, with a tracking server that does not answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return load_settings(mlflow_tracking_uri=f"http://127.0.0.1:{probe.getsockname()[1]}")


def waiting(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.spool_folder / "runs").glob("*.json"))


def test_what_waits_is_sent_oldest_first_with_the_time_of_the_answer(settings: Settings) -> None:
    """One sending takes all of it; the run begins when the answer was given, holds it as JSON and as a page, and says it on top."""
    for minutes in (2, 1):
        write_down(report(minutes), settings)
    sent = send_waiting_runs(settings)
    assert (len(sent.run_ids), sent.waiting, sent.notices) == (2, 0, [])
    newest, oldest = Tracking(settings).list_runs()
    assert [oldest.run_id, newest.run_id] == sent.run_ids
    assert (oldest.start, oldest.params["issue"]) == (BEGAN + timedelta(minutes=1), "trouble 1")
    (kept,) = (settings.home / "mlruns-artifacts").rglob(f"{oldest.run_id}/artifacts/report/report.json")
    assert json.loads(kept.read_text())["issue"] == "trouble 1"
    assert "trouble 1" in kept.with_suffix(".html").read_text()
    page = connect(settings).get_run(oldest.run_id).data.tags["mlflow.note.content"]
    assert page.startswith(f"**{report().verdict.value}**") and "trouble 1" in page
    assert waiting(settings) == []


def test_a_run_has_a_trace_of_the_engines_stages_with_their_times(settings: Settings) -> None:
    """MLflow's page of traces shows it beside the run, begun when the analysis began; it goes with the run."""
    write_down(report(), settings)
    (run_id,) = send_waiting_runs(settings).run_ids
    client = connect(settings)
    experiment = client.get_run(run_id).info.experiment_id
    (trace,) = client.search_traces(locations=[experiment], run_id=run_id)
    begun = trace.info.timestamp_ms / 1000
    shown = [(s.name, s.start_time_ns / 1e9 - begun, s.end_time_ns / 1e9 - begun) for s in trace.data.spans]
    assert begun == pytest.approx(BEGAN.timestamp() - 0.6)
    assert sorted(shown, key=lambda row: (row[1], -row[2])) == [
        ("analysis", pytest.approx(0, abs=0.001), pytest.approx(0.6, abs=0.001)),
        ("read", pytest.approx(0, abs=0.001), pytest.approx(0.1, abs=0.001)),
        ("analyze", pytest.approx(0.1, abs=0.001), pytest.approx(0.6, abs=0.001)),
        ("match", pytest.approx(0.1, abs=0.001), pytest.approx(0.4, abs=0.001)),
        ("rank", pytest.approx(0.4, abs=0.001), pytest.approx(0.5, abs=0.001)),
        ("report", pytest.approx(0.5, abs=0.001), pytest.approx(0.6, abs=0.001)),
    ]
    prune_runs(settings, keep=0)
    assert client.search_traces(locations=[experiment]) == []


def test_a_server_that_is_away_loses_nothing(away: Settings, settings: Settings) -> None:
    """The answers stay, the notice says so once, and another server does not get them."""
    for minutes in range(3):
        write_down(report(minutes), away)
    sent = send_waiting_runs(away)
    assert (sent.run_ids, sent.waiting) == ([], 3)
    assert "does not answer" in sent.notices[-1] and "3 answers are not recorded yet" in sent.notices[-1]
    assert send_waiting_runs(settings).run_ids == []
    assert len(waiting(away)) == 3


def test_the_next_command_tells_why_the_sender_in_the_background_could_not_send(
    away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees what a process in the background meets."""
    monkeypatch.setattr(waiting_runs, "_start_sender", lambda settings: None)
    behind = away.model_copy(update={"send_runs": "background"})
    write_down(report(), away)
    assert send_as_configured(behind).notices == []
    send_waiting_runs(away)
    (told,) = send_as_configured(behind).notices
    assert "1 answer is not recorded as runs yet" in told and "does not answer" in told


def test_an_answer_whose_sender_was_killed_becomes_one_run(settings: Settings) -> None:
    """The run that it had begun goes, and so does the entry of a run that was whole already."""
    write_down(report(), settings)
    (entry,) = (settings.spool_folder / "runs").glob("*.json")
    begun = entry.rename(entry.with_name(entry.name.replace(".json", ".begun.json")))
    kept = begun.read_bytes()
    with (
        pytest.raises(RuntimeError, match="killed"),
        Tracking(settings).run("analysis", "analysis", None, {waiting_runs.TAG_REPORT: report().id}),
    ):
        raise RuntimeError("killed")
    assert len(send_waiting_runs(settings).run_ids) == 1
    begun.write_bytes(kept)
    assert send_waiting_runs(settings).run_ids == []
    assert [run.status for run in Tracking(settings).list_runs()] == ["FINISHED"]
    assert waiting(settings) == []


def test_a_damaged_entry_is_put_aside_and_the_others_are_sent(settings: Settings) -> None:
    """It is not thrown away, and it holds up nothing."""
    for minutes in range(2):
        write_down(report(minutes), settings)
    first = settings.spool_folder / "runs" / waiting(settings)[0]
    first.write_text("{")
    sent = send_waiting_runs(settings)
    assert len(sent.run_ids) == 1
    assert "damaged" in sent.notices[0]
    assert [path.suffix for path in first.parent.glob("2*")] == [".damaged"]


def test_no_more_entries_are_kept_than_the_bound_says(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never comes back does not fill the disk; the oldest go."""
    monkeypatch.setattr(waiting_runs, "MOST_WAITING", 2)
    for minutes in range(4):
        write_down(report(minutes), settings)
    assert [name[9:13] for name in waiting(settings)] == ["0402", "0403"]


def test_a_training_that_still_runs_has_no_outcome(settings: Settings) -> None:
    """It has not failed to make a version."""
    with Tracking(settings).run("training"):
        assert [run_outcome(run) for run in list_runs(settings)] == [""]
    assert [run_outcome(run) for run in list_runs(settings)] == ["no version"]


def test_without_runs_nothing_is_written_down(empty_home: Path) -> None:
    """What shall not be recorded does not wait to be recorded either."""
    write_down(report(), load_settings(mlflow_enabled=False))
    assert not empty_home.exists()


def test_a_home_that_cannot_be_written_is_said(settings: Settings) -> None:
    """The folder is named."""
    settings.spool_folder.write_text("in the way")
    with pytest.raises(ConfigurationError, match=str(settings.spool_folder)):
        write_down(report(), settings)


def test_later_leaves_the_answers_until_they_are_asked_for(settings: Settings) -> None:
    """A list of runs is such a question: it sends what waits before it looks."""
    write_down(report(), settings)
    assert send_as_configured(settings.model_copy(update={"send_runs": "later"})).run_ids == []
    assert [run.params["issue"] for run in list_runs(settings)] == ["trouble 0"]


def test_the_process_in_the_background_sends_with_the_settings_of_the_command(settings: Settings) -> None:
    """It gets them through its input, where no list of processes shows them."""
    write_down(report(), settings)
    done = subprocess.run(
        [sys.executable, "-c", "from openstack_rca.service.waiting_runs import main; main()"],
        input=json.dumps({"home": str(settings.home), "mlflow_enabled": True, "mlflow_tracking_uri": None}),
        env=environment(HOME=os.environ["HOME"]),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(Tracking(settings).list_runs()) == 1
