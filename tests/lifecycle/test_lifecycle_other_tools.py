"""MLflow's own tools open a version where it lies: by number, alias and run, on sqlite and on a server with a bucket."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifecycle_helpers import FACTS, MakeModel, publish
from mlflow_entry_points import installed_here, load_entry_points

from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.records import ModelKind
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.logs.events import read_logs
from openstack_rca.settings import Settings
from trained_environment import Trained

NAME = "lstm_model"


@pytest.fixture(params=["embedded", "postgres_and_s3"])
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As somebody has it who knows nothing of this program: MLflow pointed at the registry, keys in the environment."""
    chosen: Settings = request.getfixturevalue(request.param)
    if chosen.s3_endpoint_url and chosen.aws_access_key_id and chosen.aws_secret_access_key:
        pytest.importorskip("boto3", reason="MLflow reads buckets with boto3")
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", chosen.s3_endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", chosen.aws_access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", chosen.aws_secret_access_key.get_secret_value())
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    if chosen.mlflow_tracking_username and chosen.mlflow_tracking_password:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", chosen.mlflow_tracking_username)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", chosen.mlflow_tracking_password.get_secret_value())
    connect(chosen)
    import mlflow

    load_entry_points()
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(chosen.tracking_uri)
    mlflow.set_registry_uri(chosen.tracking_uri)
    request.addfinalizer(lambda: (mlflow.set_tracking_uri(before), mlflow.set_registry_uri("")))
    return chosen


def test_mlflow_comes_up_without_a_warning_where_this_package_is_installed(tmp_path: Path) -> None:
    """It loads what the package registers while it still imports itself."""
    path = os.pathsep.join([str(installed_here(tmp_path)), *sys.path])
    program = "import mlflow.store.artifact.artifact_repository_registry"
    command = [sys.executable, "-W", "error:Failure attempting:UserWarning", "-c", program]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.filterwarnings("ignore")
def test_every_way_that_mlflow_knows_opens_a_version(settings: Settings, trained: Trained, tmp_path: Path) -> None:
    """pyfunc scores a folder and a frame, mlflow.keras gives the Keras model, the files can be downloaded."""
    import mlflow

    lifecycle = ModelLifecycle(settings)
    with Tracking(settings).run("training") as run:
        version = lifecycle.publish(trained.model_file, **{**FACTS, "run_id": run.run_id})
        run.log_version(version.version, version.uri)
        run.log_text("layers", "model_summary.txt")
    VersionChanges(lifecycle).set_alias("champion", 1)
    name = lifecycle.index.registered_name
    log = trained.logs / "controller" / "keystone.log.xz"
    for address in (f"models:/{name}/1", f"models:/{name}@champion", f"runs:/{run.run_id}/models"):
        opened = mlflow.pyfunc.load_model(address)
        scored = opened.predict(str(log))
        assert len(scored) > 10
        assert scored["score"].between(0, 1).all()
        assert len(opened.predict(read_logs([log]).events)) == len(scored)
        assert mlflow.keras.load_model(address).count_params() > 0
        folder = Path(mlflow.artifacts.download_artifacts(address, dst_path=str(tmp_path / address[-1])))
        assert (folder / "lstm_model_v1.keras").read_bytes() == trained.model_file.read_bytes()
    assert lifecycle.check(lifecycle.show(1)).ok
    summary = Path(mlflow.artifacts.download_artifacts(f"runs:/{run.run_id}/model_summary.txt"))
    assert summary.read_text() == "layers"


@pytest.mark.filterwarnings("ignore")
def test_any_other_keras_model_of_any_name_opens_too(settings: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """What log_model stores of a user's own predicts arrays, also where a version of another name has its number."""
    import mlflow
    import mlflow.keras
    import keras  # isort: skip - after it, so that the plugin chooses what runs it

    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    model.save(tmp_path / "mine.keras")
    publish(ModelLifecycle(settings), make_model("one"))
    lifecycle = ModelLifecycle(settings).other(settings.experiment_name, "my_model")
    with Tracking(settings).run("training") as run:
        facts = {**FACTS, "run_id": run.run_id, "kind": ModelKind.OTHER}
        version = lifecycle.publish(tmp_path / "mine.keras", **facts)
        run.log_version(version.version, version.uri)
    VersionChanges(lifecycle).set_alias("champion", 1)
    data = np.ones((4, 3), dtype="float32")
    expected = model.predict(data, verbose=0)
    opened: Any = mlflow.pyfunc.load_model("models:/my_model/1")
    np.testing.assert_allclose(opened.predict(data), expected, rtol=1e-5)
    assert mlflow.keras.load_model("models:/my_model@champion").count_params() == 8
    for number, address in enumerate(("models:/my_model/1", f"runs:/{run.run_id}/models")):
        folder = Path(mlflow.artifacts.download_artifacts(address, dst_path=str(tmp_path / str(number))))
        names = {path.name for path in folder.iterdir()} - {"registered_model_meta"}
        assert names == {"MLmodel", "requirements.txt", "my_model_v1.json", "my_model_v1.keras"}


def test_the_registry_has_the_models_own_name_where_it_is_free(embedded: Settings, make_model: MakeModel) -> None:
    """A second environment of the same registry gets a longer one; both count for themselves."""
    first = ModelLifecycle(embedded)
    second = first.other("openstack_rca_system_production", NAME)
    assert publish(first, make_model("one")).version == 1
    assert publish(second, make_model("two")).version == 1
    assert first.index.registered_name == NAME
    assert second.index.registered_name == f"openstack_rca_system_production.{NAME}"
    assert ModelLifecycle(embedded).resolve("latest").sha256 != second.resolve("latest").sha256


def test_the_name_that_an_older_release_chose_is_still_read(embedded: Settings, make_model: MakeModel) -> None:
    """And nothing is registered under another one beside it."""
    long = f"{embedded.experiment_name}.{NAME}"
    tags = {"openstack_rca.experiment": embedded.experiment_name, "openstack_rca.model_name": NAME}
    connect(embedded).create_registered_model(long, tags=tags)
    lifecycle = ModelLifecycle(embedded)
    assert publish(lifecycle, make_model("one")).version == 1
    assert lifecycle.index.registered_name == long
    assert [found.name for found in connect(embedded).search_registered_models()] == [long]
