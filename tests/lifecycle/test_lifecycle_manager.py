"""``MLflowManager`` and ``MLFLOW_CONFIG`` as the manual uses them."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifecycle_servers import ROOT

from openstack_rca.errors import ConfigurationError, VersionNotFound
from openstack_rca.lifecycle.manager import MLflowManager
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.settings import Settings


@pytest.fixture(scope="module")
def keras_model() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


@pytest.fixture
def _environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manual configures by environment variables; so do these tests."""
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(settings.home))
    monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", settings.artifact_root)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", settings.experiment_name)
    if settings.mlflow_tracking_uri:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.mlflow_tracking_uri)
    if settings.s3_endpoint_url and settings.aws_access_key_id and settings.aws_secret_access_key:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", settings.s3_endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings.aws_access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings.aws_secret_access_key.get_secret_value())


@pytest.mark.usefixtures("_environment")
def test_a_training_as_the_manual_writes_it(settings: Settings, keras_model: Any) -> None:
    """Log, store two versions, load each by every name, compare: on each way to run it."""
    manager = MLflowManager(enable_mlflow=settings.mlflow_enabled)
    for turn, loss in enumerate([0.5, 0.25]):
        manager.start_run(run_name=f"turn {turn}")
        manager.log_params({"epochs": 3, "batch_size": 64})
        manager.log_metrics({"loss": loss}, step=0)
        manager.log_metrics({"accuracy": 0.5 + turn / 4})
        manager.log_model(model=keras_model, artifact_path="models", model_name="lstm_model", metadata={"turn": turn})
        assert manager.notices == []
        manager.end_run()
    data = np.ones((4, 3), dtype="float32")
    for version in ("latest", 2, "2", "v2"):
        loaded = manager.load_model_with_versioning(model_name="lstm_model", version=version)
        np.testing.assert_array_equal(loaded.predict(data, verbose=0), keras_model.predict(data, verbose=0))
    prefix = settings.experiment_name.replace("_", "-")
    assert manager.find_latest_model() == f"{settings.artifact_root}/{prefix}_0002"
    assert manager.compare_models(1, 2)["differences"] == {"accuracy": 0.25, "loss": -0.25}
    for first, second in ((1, "latest"), ("latest", 1)):
        compared = manager.compare_models(first, second)
        assert compared["metrics"]["2"] == {"accuracy": 0.75, "loss": 0.25}
        assert (compared["accuracy_drift"], compared["performance_delta"]) == (0.25, 0.25)
    runs = Tracking(settings).list_runs()
    assert [run.tags["openstack_rca.model_version"] for run in runs] == (["2", "1"] if settings.mlflow_enabled else [])
    assert [run.tags["turn"] for run in runs] == (["1", "0"] if settings.mlflow_enabled else [])


def test_arguments_win_over_the_environment(embedded: Settings, keras_model: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(embedded.home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "other")
    manager = MLflowManager(tracking_uri=embedded.tracking_uri, experiment_name="mine")
    version = manager.log_model(keras_model, metadata={})
    assert (version.experiment, version.version) == ("mine", 1)


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
def test_another_experiment_can_be_chosen_with_the_run(settings: Settings, keras_model: Any) -> None:
    manager = MLflowManager()
    manager.start_run(run_name="first", experiment_name="feature-x")
    assert manager.log_model(keras_model).uri.endswith("/feature-x_0001/models/lstm_model_v1.keras")
    manager.end_run()
    assert Tracking(settings.model_copy(update={"experiment_name": "feature-x"})).list_runs()[0].name == "first"


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
def test_a_run_that_is_called_an_inference_is_one(settings: Settings) -> None:
    manager = MLflowManager()
    for name in ("rca_inference_1", "lstm_by_hand"):
        manager.start_run(run_name=name)
        manager.end_run()
    kinds = {run.name: run.kind for run in Tracking(settings).list_runs()}
    assert kinds == {"rca_inference_1": "analysis", "lstm_by_hand": "training"}


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
def test_logging_without_a_run_opens_one(settings: Settings) -> None:
    manager = MLflowManager()
    manager.log_params({"epochs": 3})
    manager.log_metrics({"loss": 0.5})
    manager.end_run()
    (run,) = Tracking(settings).list_runs()
    assert (run.params, run.metrics, run.status) == ({"epochs": "3"}, {"loss": 0.5}, "FINISHED")


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("settings", ["store_only"], indirect=True)
def test_the_readable_path_cannot_be_given_away(settings: Settings, keras_model: Any) -> None:
    manager = MLflowManager(enable_mlflow=False)
    with pytest.raises(ConfigurationError, match="artifact_path"):
        manager.log_model(keras_model, artifact_path="elsewhere")
    with pytest.raises(VersionNotFound):
        manager.find_latest_model()


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("settings", ["store_only"], indirect=True)
def test_a_loader_can_be_given(settings: Settings, keras_model: Any) -> None:
    manager = MLflowManager(enable_mlflow=False, loader=lambda path: path.suffix)
    manager.log_model(keras_model)
    assert manager.load_model_with_versioning() == ".keras"


@pytest.fixture
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.usefixtures("_checkout", "_environment")
@pytest.mark.parametrize("settings", ["store_only"], indirect=True)
def test_the_manuals_import_works(settings: Settings, keras_model: Any) -> None:
    module = importlib.import_module("mlflow_integration.mlflow_manager")
    manager = module.MLflowManager(enable_mlflow=False)
    manager.log_model(keras_model)
    assert manager.load_model_with_versioning("lstm_model", "latest").count_params() == keras_model.count_params()


def test_the_configuration_has_the_manuals_keys_and_the_environments_values(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MLFLOW_ARTIFACT_ROOT": "s3://bucket/rca",
        "MLFLOW_EXPERIMENT_NAME": "openstack_rca_system_production",
        "OPENSTACK_RCA_HOME": str(tmp_path),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
    }
    command = "import json; from config.config import MLFLOW_CONFIG; print(json.dumps(MLFLOW_CONFIG))"
    answer = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, check=True)
    import json

    assert json.loads(answer.stdout) == {
        "experiment_name": "openstack_rca_system_production",
        "artifact_root": "s3://bucket/rca",
        "enable_auto_versioning": True,
        "model_name": "lstm_model",
        "enable_s3_upload": True,
        "meaningful_folder_names": True,
        "cleanup_temp_files": True,
        "s3_multipart_threshold": 64 * 1024 * 1024,
        "s3_multipart_chunksize": 16 * 1024 * 1024,
        "enable_compression": False,
    }


def test_the_lifecycle_imports_nothing_heavy() -> None:
    """An answer should be on the screen before MLflow or Keras are needed."""
    modules = ["versions", "mlflow.tracking", "doctor", "manager"]
    imports = "; ".join(f"import openstack_rca.lifecycle.{name}" for name in modules)
    heavy = "{'mlflow', 'keras', 'jax', 'obstore', 'matplotlib', 'pandas', 'sqlalchemy'}"
    command = f"{imports}; import sys; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True, text=True)
    assert answer.stdout.strip() == "[]"
