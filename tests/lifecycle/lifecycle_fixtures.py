"""What the tests of the lifecycle and of its faults work with: real stores, real registries, real files."""

import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from ceph_server import ceph_server, missing_for_ceph
from lifecycle_helpers import PATIENCE, MakeModel
from lifecycle_servers import ACCESS_KEY, SECRET, S3Server, missing_for_swift, mlflow_server, swift_server
from postgres_servers import missing_for_postgres, postgres_server
from pydantic import SecretStr
from server_recipe import Recipe, server_of_the_recipe
from signing_helpers import Keys

from openstack_rca.settings import Settings, load_settings

__all__ = [
    "embedded",
    "keys",
    "make_model",
    "no_foreign_settings",
    "nothing_in_the_working_folder",
    "nowhere",
    "other_keys",
    "postgres",
    "postgres_and_s3",
    "recipe",
    "s3",
    "s3_server",
    "server",
    "server_and_s3",
    "settings",
    "store_only",
]

PREFIXES = ("MLFLOW_", "AWS_", "OPENSTACK_RCA_")
EXPORTED = (
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_HTTP_REQUEST_TIMEOUT",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "REQUESTS_CA_BUNDLE",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@pytest.fixture(autouse=True)
def no_foreign_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the person who runs the tests reaches them, and none of theirs stays behind."""
    for name in (*EXPORTED, *PROXIES, *(name for name in os.environ if name.startswith(PREFIXES))):
        # Set first, so that the end of the test also removes what the code under test exported.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def embedded(tmp_path: Path, empty_database: Path) -> Settings:
    """The default: a sqlite database and a folder below a home of its own."""
    home = tmp_path / "embedded"
    home.mkdir()
    shutil.copy(empty_database, home / "mlflow.db")
    return load_settings(home=home)


@pytest.fixture
def store_only(tmp_path: Path) -> Settings:
    """MLflow switched off, versions in a folder."""
    return load_settings(home=tmp_path / "store-only", mlflow_enabled=False)


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An object store on loopback: OpenStack Swift with its S3 API, or what ``--store`` names."""
    missing, serve = {"swift": (missing_for_swift, swift_server), "ceph": (missing_for_ceph, ceph_server)}[
        request.config.getoption("--store")
    ]
    if reason := missing():
        pytest.skip(reason)
    with serve(tmp_path_factory.mktemp("s3-server")) as server:
        yield server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An MLflow tracking server on loopback."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow-server")) as uri:
        yield uri


@pytest.fixture
def s3(tmp_path: Path, s3_server: S3Server) -> Settings:
    """A bucket of its own, versions numbered by the store alone."""
    bucket = s3_server.make_bucket(f"models-{uuid4().hex[:12]}")
    return load_settings(
        home=tmp_path / "s3",
        mlflow_enabled=False,
        mlflow_artifact_root=f"s3://{bucket}/rca",
        s3_endpoint_url=s3_server.endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET,
        network_timeout_seconds=PATIENCE,
    )


@pytest.fixture
def server_and_s3(server: str, s3: Settings) -> Settings:
    """An MLflow server over HTTP with versions in a bucket: how a team runs it."""
    changes = {"mlflow_enabled": True, "mlflow_tracking_uri": server, "experiment_name": f"team_{uuid4().hex[:8]}"}
    return s3.model_copy(update=changes)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL on loopback, as an SQLAlchemy address."""
    if reason := missing_for_postgres():
        pytest.skip(reason)
    with postgres_server() as uri:
        yield uri


@pytest.fixture(scope="session")
def recipe(postgres: str, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recipe]:
    """The tracking server of docs/servers.md: on PostgreSQL, before a bucket, with a log-in."""
    pytest.importorskip("flask_wtf", reason="MLflow's log-in needs Flask-WTF (pip install flask-wtf)")
    with server_of_the_recipe(tmp_path_factory.mktemp("recipe"), postgres, s3_server) as made:
        yield made


@pytest.fixture
def postgres_and_s3(recipe: Recipe, s3: Settings) -> Settings:
    """The server of the recipe, with versions in a bucket of their own."""
    changes = {
        "mlflow_enabled": True,
        "mlflow_tracking_uri": recipe.client["MLFLOW_TRACKING_URI"],
        "mlflow_tracking_username": recipe.client["MLFLOW_TRACKING_USERNAME"],
        "mlflow_tracking_password": SecretStr(recipe.client["MLFLOW_TRACKING_PASSWORD"]),
        "experiment_name": f"team_{uuid4().hex[:8]}",
    }
    return s3.model_copy(update=changes)


@pytest.fixture(params=["embedded", "store_only", "s3", "server_and_s3"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Each way to run it, in turn."""
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Make a file that has a model file's outline, with content that tells it apart."""

    def make(content: str) -> Path:
        path = tmp_path / f"{uuid4().hex}.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.writestr("model.weights.h5", content)
        return path

    return make


@pytest.fixture(autouse=True)
def nothing_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test may leave anything in the current folder: MLflow likes to make ``mlruns`` there."""
    folder = tmp_path / "working-folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("other-keys"))


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    for name in [*sys.modules]:
        if name.split(".")[0] == "model_signing":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "model_signing", None)
