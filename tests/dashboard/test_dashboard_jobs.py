"""A training in the background: it runs on its own, one at a time, tells how far it is, and stops when asked."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dashboard_helpers import HANGS_AFTER_SECONDS, open_page, press, words_of

from openstack_rca.errors import ConfigurationError
from openstack_rca.service import jobs
from openstack_rca.service.jobs import STEPS, Job, current_job, read_job, start_training
from openstack_rca.service.models import list_models, list_runs
from openstack_rca.service.training import TrainingConfig
from openstack_rca.service.training_steps import ShownStep
from openstack_rca.settings import Settings, load_settings
from trained_environment import Trained

QUICK = TrainingConfig(epochs=2, lstm_units=8, batch_size=16)
LONG = TrainingConfig(epochs=1_000_000, lstm_units=8, batch_size=16, learning_rate=0.00001)
"""So slow to learn that the loss keeps falling, and the training does not end before it is told to."""


def ended(settings: Settings, job: Job) -> Job:
    """The job once its process has ended."""
    for process in jobs._processes:
        process.wait(HANGS_AFTER_SECONDS * 3)
    found = read_job(settings, job.id)
    assert found is not None
    return found


def once(settings: Settings, job: Job, holds: Callable[[Job], bool]) -> Job:
    """The job as soon as this holds; its log is followed, and its end ends the wait."""
    while True:
        found = read_job(settings, job.id)
        assert found is not None
        if holds(found) or not found.running:
            return found
        # Looks again in a moment, or at once when the process ends.
        with suppress(subprocess.TimeoutExpired):
            jobs._processes[-1].wait(0.1)


@pytest.fixture
def settings(home: Path) -> Settings:
    """An environment with version 1 in it."""
    return load_settings()


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """No test leaves a process behind."""
    yield
    for process in jobs._processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_background_training_makes_a_version(empty_home: Path, trained: Trained) -> None:
    """It goes through the ten steps, keeps its loss, and ends with what it made."""
    settings = load_settings()
    job = ended(settings, start_training(settings, [trained.logs], QUICK))
    assert job.state == "finished", job.log
    assert job.outcome["version"] == 1
    assert len(STEPS) == len(ShownStep) == 10
    assert job.step == 10
    assert len(job.step_times) == 10
    assert job.step_times == sorted(job.step_times)
    assert job.losses[-1][0] == 2.0
    assert len(job.outcome["history"]) == 2
    assert "10 of 10" in job.log
    assert [version.version for version in list_models(settings)] == [1]
    app = open_page("train")
    assert "Version 1 is published" in words_of(app)
    assert len(app.get("vega_lite_chart")) == 1, "loss over epochs"


def test_a_running_training_is_shown_alone_and_stopped_from_the_page(settings: Settings, trained: Trained) -> None:
    """Whoever opens the page sees it; a second one is refused meanwhile; the button ends it in the middle of an epoch.

    The run is marked as killed then, nothing was published, and another can begin.
    """
    job = start_training(settings, [trained.logs], LONG)
    assert job.running
    with pytest.raises(ConfigurationError, match="running already"):
        start_training(settings, [trained.logs], QUICK)
    job = once(settings, job, lambda found: bool(found.losses))
    assert job.running, job.log
    app = open_page("train")
    assert not app.exception
    assert "train the LSTM" in words_of(app)
    assert len(app.get("vega_lite_chart")) == 1, "the loss so far"
    assert "Start the training" not in [button.label for button in app.button]
    press(app, "Stop the training")
    job = ended(settings, job)
    assert job.state == "stopped"
    assert [version.version for version in list_models(settings)] == [1]
    assert [run.status for run in list_runs(settings)] == ["KILLED", "FINISHED"]
    assert not current_job(settings).running  # type: ignore[union-attr]
    app = open_page("train")
    assert "The training was stopped" in words_of(app)
    assert "Start the training" in [button.label for button in app.button]


def test_a_training_that_is_killed_is_told_as_failed(settings: Settings, trained: Trained) -> None:
    """Out of memory, a power cut: the lock is free, the state is failed, and the page says what is known."""
    job = start_training(settings, [trained.logs], LONG)
    os.kill(jobs._processes[-1].pid, signal.SIGKILL)
    job = ended(settings, job)
    assert job.state == "failed"
    assert "ended without a word" in job.outcome["error"]
    assert "ended without a word" in words_of(open_page("train")).replace("`", "")


def test_logs_that_cannot_be_used_are_a_sentence(settings: Settings, tmp_path: Path) -> None:
    """What the training says on the command line, the job says too."""
    (tmp_path / "empty").mkdir()
    job = ended(settings, start_training(settings, [tmp_path / "empty"], QUICK))
    assert job.state == "failed"
    assert "holds no files" in job.outcome["error"]


def test_the_secrets_of_the_environment_are_not_written_down(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process inherits them; the files of the job do not hold them."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-written")
    job = ended(settings, start_training(load_settings(), [tmp_path], QUICK))
    written = {path.name: path.read_bytes() for path in (jobs.jobs_folder(settings) / job.id).iterdir()}
    assert written
    assert [name for name, content in written.items() if b"not-to-be-written" in content] == []
