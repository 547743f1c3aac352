"""Every method that the manual names, against an MLflow server on PostgreSQL with Swift, and on the embedded default."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from openstack_rca.errors import ConfigurationError, VersionNotFound
from openstack_rca.lifecycle.manager import MLflowManager
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.settings import Settings


@pytest.fixture(scope="module")
def keras_model() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


@pytest.fixture(params=["embedded", "postgres_and_s3"])
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The manual configures by environment variables; so do these tests."""
    chosen: Settings = request.getfixturevalue(request.param)
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(chosen.home))
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", chosen.artifact_root)
    if chosen.s3_endpoint_url and chosen.aws_access_key_id and chosen.aws_secret_access_key:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", chosen.s3_endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", chosen.aws_access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", chosen.aws_secret_access_key.get_secret_value())
    if chosen.mlflow_tracking_username and chosen.mlflow_tracking_password:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", chosen.mlflow_tracking_username)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", chosen.mlflow_tracking_password.get_secret_value())
    return chosen


@pytest.fixture
def manager(settings: Settings) -> Iterator[MLflowManager]:
    made = MLflowManager(
        tracking_uri=settings.tracking_uri, experiment_name=settings.experiment_name, enable_mlflow=True
    )
    yield made
    made.end_run()


def test_runs_keep_parameters_metrics_and_their_status(manager: MLflowManager, settings: Settings) -> None:
    """start_run, log_params, log_metrics with and without a step, end_run."""
    run_id = manager.start_run(run_name="by the manual", experiment_name=settings.experiment_name)
    manager.log_params({"epochs": 3, "batch_size": 64, "note": "text"})
    for step, loss in enumerate((0.75, 0.5, 0.25)):
        manager.log_metrics({"loss": loss, "accuracy": 1 - loss}, step=step)
    manager.log_metrics({"test_accuracy": 0.875})
    assert manager.notices == []
    manager.end_run()
    manager.end_run()
    (run,) = Tracking(settings).list_runs()
    assert (run.run_id, run.name, run.status) == (run_id, "by the manual", "FINISHED")
    assert run.params == {"epochs": "3", "batch_size": "64", "note": "text"}
    assert (run.metrics["loss"], run.metrics["test_accuracy"]) == (0.25, 0.875)
    client = connect(settings)
    history = client.get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(0, 0.75), (1, 0.5), (2, 0.25)]
    told = client.get_run(run.run_id).data.tags["mlflow.note.content"]
    assert told.startswith("A run of a training") and "accuracy on held-back logs: 0.875" in told


def test_models_are_stored_found_loaded_and_compared(
    manager: MLflowManager, settings: Settings, keras_model: Any
) -> None:
    """log_model, find_latest_model, load_model_with_versioning by each name, compare_models."""
    prefix = settings.experiment_name.replace("_", "-")
    for number, loss in enumerate((0.5, 0.25), 1):
        run_id = manager.start_run(run_name=f"run {number}")
        manager.log_metrics({"loss": loss, "accuracy": 0.5 + number / 8})
        keras_model.set_weights([np.full_like(weights, number) for weights in keras_model.get_weights()])
        version = manager.log_model(
            model=keras_model, artifact_path="models", model_name="lstm_model", metadata={"trained_on": "zed"}
        )
        manager.end_run()
        assert (version.version, version.run_id) == (number, run_id)
        assert version.uri == f"{settings.artifact_root}/{prefix}_{number:04d}/models/lstm_model_v{number}.keras"
        assert version.tags["trained_on"] == "zed"
    assert manager.find_latest_model() == f"{settings.artifact_root}/{prefix}_0002"
    for reference, number in (("latest", 2), (1, 1), ("1", 1), ("v2", 2), (2, 2)):
        loaded = manager.load_model_with_versioning(model_name="lstm_model", version=reference)
        assert {float(value) for weights in loaded.get_weights() for value in weights.ravel()} == {float(number)}
    assert manager.compare_models(1, 2)["differences"] == {"accuracy": 0.125, "loss": -0.25}
    assert manager.compare_models("2", "v2")["differences"] == {"accuracy": 0.0, "loss": 0.0}
    runs = Tracking(settings).list_runs()
    assert {run.tags["openstack_rca.model_version"] for run in runs} == {"1", "2"}


def test_what_is_not_there_is_said(manager: MLflowManager, keras_model: Any) -> None:
    with pytest.raises(VersionNotFound, match="openstack-rca train"):
        manager.find_latest_model()
    with pytest.raises(VersionNotFound):
        manager.load_model_with_versioning(version="latest")
    manager.log_model(keras_model)
    with pytest.raises(VersionNotFound, match="version 15"):
        manager.load_model_with_versioning(version=15)
    with pytest.raises(VersionNotFound):
        manager.compare_models(1, 2)
    with pytest.raises(ConfigurationError, match="artifact_path"):
        manager.log_model(keras_model, artifact_path="elsewhere")


def test_another_model_name_counts_for_itself(manager: MLflowManager, keras_model: Any) -> None:
    manager.log_model(keras_model)
    assert manager.log_model(keras_model, model_name="other_model").version == 1
    assert manager.find_latest_model(model_name="other_model") == manager.find_latest_model()
    assert manager.load_model_with_versioning("other_model", 1).count_params() == keras_model.count_params()
    with pytest.raises(VersionNotFound):
        manager.load_model_with_versioning("other_model", 2)


def test_without_mlflow_versions_go_on(settings: Settings, keras_model: Any) -> None:
    """enable_mlflow=False: no run, the store alone numbers."""
    manager = MLflowManager(enable_mlflow=False)
    assert manager.start_run(run_name="none") is None
    manager.log_metrics({"loss": 0.5})
    assert manager.log_model(keras_model).version == 1
    manager.end_run()
    assert manager.load_model_with_versioning().count_params() == keras_model.count_params()
