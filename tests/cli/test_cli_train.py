"""``openstack-rca train``: a version in the store, registered, and a run that says how it came about."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Program, run_process

from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.settings import load_settings
from trained_environment import EPOCHS, Trained, program

EXPERIMENT = "openstack_rca_system_staging"


@pytest.fixture
def run(home: Path) -> Any:
    """The MLflow run of the training."""
    client = connect(load_settings())
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (found,) = client.search_runs([experiment.experiment_id])
    return found


@pytest.fixture
def artifacts(run: Any) -> set[str]:
    """Files of that run."""
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_version_lies_under_its_readable_path(trained: Trained) -> None:
    """The prefix is the experiment's name as folders show it, the number has four digits."""
    expected = trained.home / "artifacts/openstack-rca-system-staging_0001/models/lstm_model_v1.keras"
    assert trained.facts["uri"] == expected.as_uri()
    assert hashlib.sha256(expected.read_bytes()).hexdigest() == trained.facts["sha256"]


def test_the_copy_that_output_asks_for_is_the_published_file(trained: Trained) -> None:
    """Folders above it are made; nothing else is left beside it."""
    assert hashlib.sha256(trained.model_file.read_bytes()).hexdigest() == trained.facts["sha256"]
    assert list(trained.model_file.parent.iterdir()) == [trained.model_file]


def test_the_version_is_registered_with_its_run_and_its_source(home: Path, trained: Trained) -> None:
    """The MLflow registry knows it by the number, the folder of the path and the run that the command printed."""
    (found,) = connect(load_settings()).search_model_versions("name='lstm_model'")
    assert (int(found.version), found.run_id) == (1, trained.facts["run_id"])
    uri = trained.facts["uri"].replace(trained.home.as_uri(), home.as_uri())
    assert found.source == uri.rsplit("/", 1)[0]
    assert found.tags["openstack_rca.sha256"] == trained.facts["sha256"]


def test_the_run_holds_the_parameters(run: Any) -> None:
    """What was asked for, and what came by default."""
    assert run.data.params["epochs"] == str(EPOCHS)
    assert (run.data.params["lstm_units"], run.data.params["batch_size"]) == ("8", "16")
    assert {"dropout_rate", "learning_rate", "seed", "logs"} <= set(run.data.params)


def test_the_run_holds_the_metrics_of_every_epoch(run: Any) -> None:
    """Loss and accuracy of training and validation, one value an epoch; the finished model's are no points among them."""
    client = connect(load_settings())
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        steps = [point.step for point in client.get_metric_history(run.info.run_id, f"epoch/{name}")]
        assert sorted(steps) == list(range(1, EPOCHS + 1)), name
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 1


def test_run_and_version_say_what_they_are(run: Any, trained: Trained) -> None:
    """On MLflow's pages: the data, the figures beside the rivals', the run; and the figures as tags."""
    (found,) = connect(load_settings()).search_model_versions("name='lstm_model'")
    assert run.data.tags["mlflow.note.content"] == found.description
    assert "events of" in found.description.splitlines()[0]
    assert "rivals: bigram" in found.description
    assert f"#/runs/{run.info.run_id}" in found.description
    assert float(found.tags["openstack_rca.test_accuracy"]) == pytest.approx(
        trained.facts["metrics"]["test_accuracy"], rel=1e-3
    )


def test_the_experiment_opens_on_training_runs(run: Any) -> None:
    """MLflow's pages are told of which kind the experiment is, and ask nobody."""
    experiment = connect(load_settings()).get_experiment(run.info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_the_run_holds_the_figures_of_the_end(run: Any, trained: Trained) -> None:
    """Those of the manual, those of its test part, and the rivals'; the same that the command printed."""
    manual = {"loss", "accuracy", "precision", "recall", "inference_time"}
    manual |= {f"test_{name}" for name in ("loss", "accuracy", "precision", "recall")}
    assert manual <= set(run.data.metrics)
    assert [name for name in run.data.metrics if name.startswith("rival_")]
    for name, value in trained.facts["metrics"].items():
        assert run.data.metrics[name] == pytest.approx(value), name


def test_the_run_holds_plots_and_the_summary(artifacts: set[str]) -> None:
    """Training plots as PNG and the model's layers as text."""
    assert [name for name in artifacts if name.startswith("plots/") and name.endswith(".png")]
    assert "model_summary.txt" in artifacts


def test_the_summary_is_whole(run: Any) -> None:
    """Each layer with its weights and with what it reads, however narrow the terminal was."""
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    lines = (folder / "model_summary.txt").read_text().splitlines()
    (lstm,) = (line.split() for line in lines if line.startswith("lstm "))
    assert lstm[1] == "LSTM" and lstm[-1] == "step_dropout" and int(lstm[-2].replace(",", "")) > 0
    assert lines[-1].startswith("weights in all: ")


def test_the_run_holds_the_fingerprint_of_its_data(run: Any) -> None:
    """As a data set of MLflow's own, and as a tag that can be searched for."""
    fingerprint = run.data.tags["openstack_rca.data_fingerprint"]
    (data,) = run.inputs.dataset_inputs
    assert fingerprint.startswith(data.dataset.digest)
    assert fingerprint in data.dataset.profile


def test_the_run_leads_to_the_version(run: Any, trained: Trained) -> None:
    """Finished, with number and path of the version that it made."""
    assert run.info.status == "FINISHED"
    assert run.data.tags["openstack_rca.model_version"] == "1"
    assert run.data.tags["openstack_rca.model_uri"] == trained.facts["uri"]


def test_text_names_experiment_version_path_and_run(home: Path, trained: Trained, rca: Program) -> None:
    """What a person reads after training says where everything is, and gives figures with their units."""
    result = rca("train", trained.logs, "--epochs", "1", "--lstm-units", "4", "--batch-size", "32", "--force")
    assert result.status == 0
    path = home / "artifacts/openstack-rca-system-staging_0002/models/lstm_model_v2.keras"
    lines = dict(line.split(None, 1) for line in result.out.splitlines()[:3])
    assert lines == {"experiment": EXPERIMENT, "model": "lstm_model", "version": "2"}
    assert f"uploaded to  {path.as_uri()}" in result.out
    assert "loss per event (nats)" in result.out
    assert "CPU-milliseconds for 1000 events" in result.out


def test_logs_come_from_standard_input_too(empty_home: Path, tmp_path: Path) -> None:
    """A log that is piped in is read like a file; here it is too short, and the error counts its events."""
    command = ["sh", "-c", 'printf "2026-11-23 03:54:09.000 1 INFO nova.api [-] x\\n" | "$0" "$@"']
    result = run_process(*program(), "train", "-", command=command, cwd=tmp_path, OPENSTACK_RCA_HOME=empty_home)
    assert result.status == 1
    assert "hold 1 event" in result.err
