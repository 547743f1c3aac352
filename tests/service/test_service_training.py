"""Training when something is away: what was learned is never lost, and what went wrong is said."""

import hashlib
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from hearing import hearing
from openstack_rca.errors import ConfigurationError, NotEnoughTrainingData, PublishInterrupted, TrainingInterrupted
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.model.model_file import open_model_file
from openstack_rca.service.training import TrainingConfig, TrainingProgress, TrainOutcome, train
from openstack_rca.service.training_steps import TrainingStep
from openstack_rca.settings import Settings, load_settings
from trained_environment import Trained

EVERY_STEP = ["read logs", "train", "save", "publish"]
QUICK = TrainingConfig(epochs=1, batch_size=32, lstm_units=4)


def closed_address() -> str:
    """An address of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def without_store(tmp_path: Path) -> Settings:
    """No tracking, and an S3 store that is down."""
    return load_settings(
        home=tmp_path / "home",
        mlflow_enabled=False,
        mlflow_artifact_root="s3://bucket/rca",
        s3_endpoint_url=closed_address(),
        aws_access_key_id="someone",
        aws_secret_access_key="a-secret",
    )


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, for this test alone."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def quick(trained: Trained, settings: Settings, **more: Any) -> TrainOutcome:
    return train([trained.logs], settings=settings, config=QUICK, **more)


def test_with_the_tracking_server_away_the_model_waits_in_the_spool(trained: Trained, tmp_path: Path) -> None:
    """The notices say that the run is not recorded and how to publish later; nothing else is lost."""
    settings = load_settings(
        home=tmp_path / "home", mlflow_tracking_uri=closed_address(), mlflow_artifact_root="s3://models/rca"
    )
    outcome = quick(trained, settings)
    assert (outcome.version, outcome.run_id, outcome.tracking_uri) == (None, None, None)
    assert any("not recorded" in text for text in outcome.notices)
    assert any("models publish --spooled" in text for text in outcome.notices)
    (kept,) = settings.spool_folder.glob("*.keras")
    assert open_model_file(kept).card.metrics == outcome.metrics


def test_a_training_that_is_stopped_while_it_publishes_keeps_its_model(trained: Trained, tmp_path: Path) -> None:
    """The run counts as killed, and the error says where the model waits."""
    settings = load_settings(home=tmp_path / "home")

    steps: list[str] = []

    def stop(_done: int, _total: int) -> None:
        if steps[-1] == TrainingStep.PUBLISH:
            raise KeyboardInterrupt

    with pytest.raises(PublishInterrupted, match="models publish --spooled"):
        quick(trained, settings, listener=hearing(step=steps.append, part=stop))
    assert [run.status for run in Tracking(settings).list_runs(kind="training")] == ["KILLED"]
    (kept,) = settings.spool_folder.glob("*.keras")
    assert open_model_file(kept).card.metrics
    assert [version.status for version in ModelLifecycle(settings).publish_spooled()] == ["ready"]


def test_with_the_store_away_the_model_waits_in_the_spool(trained: Trained, without_store: Settings) -> None:
    """And is published from there once the store is back."""
    outcome = quick(trained, without_store)
    assert outcome.version is None
    assert any("does not answer" in text and "models publish --spooled" in text for text in outcome.notices)
    assert not any("a-secret" in text for text in outcome.notices)
    back = without_store.model_copy(update={"mlflow_artifact_root": None})
    (version,) = ModelLifecycle(back).publish_spooled()
    assert version.version == 1


def test_a_model_that_cannot_even_be_spooled_is_kept_and_named(
    trained: Trained, without_store: Settings, scratch: Path
) -> None:
    """Store down and spool unusable: the file that the notice names is the whole model."""
    without_store.home.mkdir()
    without_store.spool_folder.write_text("a file is in the way")
    outcome = quick(trained, without_store)
    kept = outcome.kept
    assert outcome.version is None and kept is not None
    assert any(f"The trained file is {kept}: copy it away." in text for text in outcome.notices)
    assert open_model_file(kept).card.lines > 0
    assert [path for path in scratch.rglob("*") if path.is_file()] == [kept]


def test_the_copy_for_output_is_written_even_in_an_outage(
    trained: Trained, without_store: Settings, tmp_path: Path
) -> None:
    """``output`` is a file of the user's own; it does not depend on any server."""
    outcome = quick(trained, without_store, output=tmp_path / "below" / "mine.keras")
    assert outcome.local_copy == tmp_path / "below" / "mine.keras"
    (kept,) = without_store.spool_folder.glob("*.keras")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (outcome.local_copy, kept)}
    assert len(digests) == 1


def test_training_leaves_no_temporary_file(trained: Trained, tmp_path: Path, scratch: Path) -> None:
    """What was needed on the way is gone at the end."""
    quick(trained, load_settings(home=tmp_path / "home", mlflow_enabled=False))
    assert list(scratch.iterdir()) == []


def test_steps_and_progress_are_told_in_order(trained: Trained, tmp_path: Path) -> None:
    """Each step as it begins; the training from its first gradient step to its last."""
    steps: list[str] = []
    seen: list[TrainingProgress] = []
    settings = load_settings(home=tmp_path / "home", mlflow_enabled=False)
    outcome = quick(trained, settings, listener=hearing(step=steps.append, gradient_step=seen.append))
    assert [step for step in steps if step in outcome.seconds or step == "read logs"] == EVERY_STEP
    assert [progress.step for progress in seen] == list(range(1, seen[-1].steps + 1))
    assert {"read", "train", "save", "publish"} <= set(outcome.seconds)


def test_an_interrupt_marks_the_run_as_killed(home: Path, trained: Trained) -> None:
    """The run stays, so that its hours are accounted for; no version comes of it."""

    def stop(_progress: TrainingProgress) -> None:
        raise KeyboardInterrupt

    settings = load_settings()
    with pytest.raises(TrainingInterrupted, match="Training was stopped"):
        quick(trained, settings, listener=hearing(gradient_step=stop))
    newest = Tracking(settings).list_runs(1)[0]
    assert (newest.kind, newest.status) == ("training", "KILLED")
    assert [version.version for version in ModelLifecycle(settings).list()] == [1]


def test_too_little_to_learn_from_starts_no_run(home: Path, tmp_path: Path) -> None:
    """It is said before anything is recorded."""
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 03:54:09.000 12 INFO nova.api [-] one line\n")
    with pytest.raises(NotEnoughTrainingData):
        train([log], settings=load_settings(), config=QUICK)
    assert len(Tracking(load_settings()).list_runs()) == 1


def test_an_output_that_cannot_be_written_is_refused_before_training(trained: Trained, tmp_path: Path) -> None:
    """No step begins."""
    (tmp_path / "file").write_text("")
    steps: list[str] = []
    settings = load_settings(home=tmp_path / "home", mlflow_enabled=False)
    with pytest.raises(ConfigurationError, match="not a folder"):
        quick(trained, settings, output=tmp_path / "file" / "mine.keras", listener=hearing(step=steps.append))
    assert steps == []
