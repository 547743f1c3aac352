"""The process behind the dashboard's training: a stop is never lost."""

import fcntl
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import PublishInterrupted
from openstack_rca.model.card import TrainingProgress
from openstack_rca.service import job_process, jobs
from openstack_rca.service.jobs import JOB_FILE, OUTCOME_FILE
from openstack_rca.service.listener import Listener
from openstack_rca.service.training_steps import SHOWN_AS, STEPS, ShownStep, TrainingStep
from openstack_rca.settings import load_settings


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of a job."""
    folder = tmp_path / "trainings" / "one"
    folder.mkdir(parents=True)
    (folder / JOB_FILE).write_text(json.dumps({"settings": {"home": str(tmp_path)}, "config": {}, "logs": ["x"]}))
    return folder


@pytest.fixture(autouse=True)
def interrupts_as_before() -> Iterator[None]:
    """The process sets its own answer to an interrupt; the tests that follow get theirs back."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def outcome_of(job: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job / OUTCOME_FILE).read_bytes())
    return found


def test_a_stop_that_a_library_drops_takes_effect_at_the_next_step(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy does so while it waits for an array of JAX; without a second look the training would go on for hours."""

    def train(*_logs: object, listener: Listener, **_others: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        listener.gradient_step(TrainingProgress(1, 2, 1, 2, 0.5, None))
        raise AssertionError("it went on")

    monkeypatch.setattr(job_process, "train", train)
    assert job_process.main(job) == 1
    assert outcome_of(job)["state"] == "stopped"


def test_a_stop_while_publishing_says_where_the_model_waits(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_logs: object, **_others: object) -> None:
        raise PublishInterrupted("It was interrupted.", "The file is kept in the spool.")

    monkeypatch.setattr(job_process, "train", train)
    assert job_process.main(job) == 1
    assert outcome_of(job) == {
        "state": "stopped",
        "error": "It was interrupted.",
        "hint": "The file is kept in the spool.",
    }


def test_who_only_looks_whether_a_training_runs_keeps_none_from_beginning(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking takes the lock for a moment; the process that begins looks again."""
    folder = job.parent
    (folder / jobs.LOCK_FILE).touch()
    with (folder / jobs.LOCK_FILE).open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr(jobs.time, "sleep", lambda _seconds: fcntl.flock(looking, fcntl.LOCK_UN))
        with jobs.holding(folder, job.name) as alone:
            assert alone


def test_a_training_whose_process_is_not_up_yet_counts_as_running(tmp_path: Path) -> None:
    """To the pages of other visitors, in the second that its process takes to begin."""
    settings = load_settings(home=tmp_path)
    folder = jobs.jobs_folder(settings) / "one"
    folder.mkdir(parents=True)
    facts = {"logs": ["x"], "config": {}, "started": "2026-11-23T00:00:00+00:00", "settings": {"home": str(tmp_path)}}
    (folder / JOB_FILE).write_text(json.dumps(facts))
    (folder.parent / jobs.LOCK_FILE).write_text("- one")
    with (folder.parent / jobs.STARTING_FILE).open("wb") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        begun = jobs.read_job(settings, "one")
        assert begun is not None
        assert begun.state == "running"
    ended = jobs.read_job(settings, "one")
    assert ended is not None
    assert ended.state == "failed"


def test_every_step_that_a_training_tells_is_shown() -> None:
    """In the order in which it tells them, so that no step of a training is missing on the page."""
    assert list(SHOWN_AS) == list(TrainingStep)
    assert list(SHOWN_AS.values()) == sorted(SHOWN_AS.values())
    assert len(STEPS) == len(ShownStep)
