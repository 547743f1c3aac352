"""The process behind the dashboard's training: a stop is never lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import PublishInterrupted
from openstack_rca.model.card import TrainingProgress
from openstack_rca.service import job_process
from openstack_rca.service.jobs import JOB_FILE, OUTCOME_FILE


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of a job."""
    folder = tmp_path / "trainings" / "one"
    folder.mkdir(parents=True)
    (folder / JOB_FILE).write_text(json.dumps({"settings": {"home": str(tmp_path)}, "config": {}, "logs": ["x"]}))
    return folder


def outcome_of(job: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job / OUTCOME_FILE).read_bytes())
    return found


def test_a_stop_that_a_library_drops_takes_effect_at_the_next_step(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy does so while it waits for an array of JAX; without a second look the training would go on for hours."""

    def train(*_logs: object, on_progress: Callable[[TrainingProgress], None], **_others: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        on_progress(TrainingProgress(1, 2, 1, 2, 0.5, None))
        raise AssertionError("it went on")

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(job_process, "train", train)
    try:
        assert job_process.main(job) == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert outcome_of(job)["state"] == "stopped"


def test_a_stop_while_publishing_says_where_the_model_waits(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_logs: object, **_others: object) -> None:
        raise PublishInterrupted("It was interrupted.", "The file is kept in the spool.")

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(job_process, "train", train)
    try:
        assert job_process.main(job) == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert outcome_of(job) == {
        "state": "stopped",
        "error": "It was interrupted.",
        "hint": "The file is kept in the spool.",
    }
