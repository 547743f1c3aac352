"""The manual's doors, word for word, from the checkout, with and without its variables."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from cli_helpers import LOGS, Result, closed_port, run_process

from trained_environment import OUR_VARIABLES, ROOT, Trained, one_process_at_a_time

MAIN = [sys.executable, str(ROOT / "main.py")]
COPY = "models/lstm_log_classifier.keras"


@dataclass(frozen=True)
class Door:
    """An environment in which the manual's train command has run."""

    user: Path
    folder: Path
    variables: dict[str, str]
    trained: Result

    def run(self, *arguments: str, **more: str) -> Result:
        return run_process(*arguments, command=MAIN, cwd=self.folder, HOME=self.user, **{**self.variables, **more})


def train_through_the_door(base: Path, logs: Path, variables: dict[str, str]) -> Door:
    user, folder, kept = base / "user", base / "somewhere else", base / "result.json"
    with one_process_at_a_time(base / "lock"):
        if not kept.exists():
            user.mkdir()
            folder.mkdir()
            arguments = ("--mode", "train", "--logs", logs)
            result = run_process(*arguments, command=MAIN, cwd=folder, HOME=user, **variables)
            kept.write_text(json.dumps(asdict(result)))
    return Door(user, folder, variables, Result(**json.loads(kept.read_text())))


@pytest.fixture(scope="module")
def bare(trained: Trained, shared_folder: Path) -> Door:
    """No variable is set at all."""
    return train_through_the_door(shared_folder / "bare", trained.logs, {})


@pytest.fixture(scope="module")
def configured(trained: Trained, shared_folder: Path) -> Door:
    """The manual's variables are set."""
    base = shared_folder / "configured"
    variables = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{base / 'tracking.db'}",
        "MLFLOW_ARTIFACT_ROOT": (base / "team store").as_uri(),
        "MLFLOW_EXPERIMENT_NAME": "openstack_rca_system_production",
    }
    return train_through_the_door(base, trained.logs, variables)


def test_train_without_variables_stores_below_the_users_home(bare: Door) -> None:
    """Experiment, version and uploaded path are printed; the path is the default one."""
    assert bare.trained.status == 0, bare.trained.err
    home = bare.user / ".local/share/openstack-rca"
    stored = home / "artifacts/openstack-rca-system-staging_0001/models/lstm_model_v1.keras"
    assert "experiment   openstack_rca_system_staging\n" in bare.trained.out
    assert "version      1\n" in bare.trained.out
    assert f"uploaded to  {stored.as_uri()}\n" in bare.trained.out
    assert stored.is_file()


def test_train_with_variables_stores_where_they_say(configured: Door) -> None:
    """Tracking, artifact root and experiment are those of the environment."""
    assert configured.trained.status == 0, configured.trained.err
    base = configured.user.parent
    stored = base / "team store/openstack-rca-system-production_0001/models/lstm_model_v1.keras"
    assert stored.is_file()
    assert f"uploaded to  {stored.as_uri()}\n" in configured.trained.out
    with closing(sqlite3.connect(base / "tracking.db")) as database:
        names = {name for (name,) in database.execute("SELECT name FROM experiments")}
    assert "openstack_rca_system_production" in names


@pytest.mark.parametrize("door", ["bare", "configured"])
def test_train_writes_the_file_below_the_working_folder(request: pytest.FixtureRequest, door: str) -> None:
    """``models/lstm_log_classifier.keras``, the very file that was published, and nothing else."""
    made: Door = request.getfixturevalue(door)
    left = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert left == {COPY}
    (stored,) = made.user.parent.rglob("lstm_model_v1.keras")
    assert (made.folder / COPY).read_bytes() == stored.read_bytes()


@pytest.mark.parametrize("door", ["bare", "configured"])
def test_analyze_uses_the_latest_version(request: pytest.FixtureRequest, door: str) -> None:
    """Word for word; without --logs a sample incident is answered, and that is said."""
    made: Door = request.getfixturevalue(door)
    result = made.run("--mode", "analyze", "--issue", "Database connection timeout")
    assert result.status == 0
    assert result.err == "Note: No --logs given: analysing a sample incident.\n"
    assert "mariadb" in result.out.splitlines()[0]
    assert "version 1" in result.out


def test_analyze_takes_logs_and_the_fast_mode(bare: Door) -> None:
    """--logs may be given again; --fast-mode shows in the report."""
    files = [f"{LOGS}/controller/{name}.log.xz" for name in ("nova-api", "neutron-server", "keystone")]
    words = [word for name in files for word in ("--logs", name)]
    result = bare.run("--mode", "analyze", "--issue", "401 on every call", "--fast-mode", *words, "--disable-mlflow")
    assert (result.status, result.err) == (0, "")
    assert "keystone" in result.out.splitlines()[0]
    assert "Mode:    fast" in result.out


def test_options_win_over_the_environment(configured: Door) -> None:
    """--mlflow-experiment names another environment, where nothing was trained yet."""
    words = ("--mode", "analyze", "--issue", "x", "--logs", LOGS, "--disable-mlflow")
    result = configured.run(*words, "--mlflow-experiment", "somewhere_new")
    assert result.status == 0
    assert "no version of lstm_model in somewhere_new" in result.err


def test_a_tracking_server_can_be_named(bare: Door) -> None:
    """--mlflow-uri; one that is down does not keep the answer away."""
    address = f"http://127.0.0.1:{closed_port()}"
    result = bare.run("--mode", "analyze", "--issue", "x", "--logs", LOGS, "--mlflow-uri", address)
    assert result.status == 0
    assert "keystone" in result.out
    assert f"{address} does not answer" in result.err


def test_disabled_mlflow_makes_no_database(trained: Trained, tmp_path: Path) -> None:
    """--disable-mlflow: an answer without any trace of MLflow."""
    words = ("--mode", "analyze", "--issue", "x", "--logs", LOGS, "--disable-mlflow")
    result = run_process(*words, command=MAIN, cwd=tmp_path, OPENSTACK_RCA_HOME=tmp_path / "home")
    assert result.status == 0
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    ("words", "status"),
    [((), 2), (("--mode", "dance"), 2), (("--mode", "analyze"), 2), (("--mode", "train", "--logs", "nowhere"), 1)],
    ids=["nothing", "unknown mode", "no issue", "no such path"],
)
def test_wrong_usage_of_the_door(tmp_path: Path, words: tuple[str, ...], status: int) -> None:
    """The same exit statuses as those of the command line; no traceback."""
    result = run_process(*words, command=MAIN, cwd=tmp_path, OPENSTACK_RCA_HOME=tmp_path / "home")
    assert result.status == status
    assert "Error: " in result.err and "Traceback" not in result.err


def python(code: str, cwd: Path, **variables: str | Path) -> Result:
    """Run code as a script of the checkout would."""
    return run_process("-c", code, command=[sys.executable], cwd=cwd, PYTHONPATH=ROOT, **variables)


CONFIG = "import json; from config.config import MLFLOW_CONFIG; print(json.dumps(MLFLOW_CONFIG))"


def test_the_configuration_has_the_manuals_keys(tmp_path: Path) -> None:
    """All of them, with values that are true of this process."""
    config = json.loads(python(CONFIG, tmp_path, OPENSTACK_RCA_HOME=tmp_path).out)
    assert set(config) == {
        *("experiment_name", "artifact_root", "enable_auto_versioning", "model_name", "enable_s3_upload"),
        *("meaningful_folder_names", "cleanup_temp_files", "s3_multipart_threshold", "s3_multipart_chunksize"),
        "enable_compression",
    }
    assert config["experiment_name"] == "openstack_rca_system_staging"
    assert config["artifact_root"] == (tmp_path / "artifacts").as_uri()
    assert config["enable_s3_upload"] is False


def test_the_configuration_follows_the_environment(tmp_path: Path) -> None:
    """An s3:// root turns the upload on."""
    variables = {"MLFLOW_ARTIFACT_ROOT": "s3://bucket/rca", "MLFLOW_EXPERIMENT_NAME": "production"}
    config = json.loads(python(CONFIG, tmp_path, **variables).out)
    assert (config["artifact_root"], config["experiment_name"]) == ("s3://bucket/rca", "production")
    assert config["enable_s3_upload"] is True


def test_the_manager_loads_the_trained_version_as_a_keras_model(bare: Door) -> None:
    """``MLflowManager`` as the manual writes it: latest, a number, text; its folder; a model that Keras knows."""
    code = """
from mlflow_integration.mlflow_manager import MLflowManager
manager = MLflowManager(experiment_name="openstack_rca_system_staging", enable_mlflow=True)
models = [manager.load_model_with_versioning(model_name="lstm_model", version=name) for name in ("latest", 1, "1")]
print(type(models[0]).__module__.split(".")[0], {model.count_params() for model in models} == {models[0].count_params()})
print(manager.find_latest_model())
"""
    result = python(code, bare.folder, HOME=bare.user)
    assert result.status == 0, result.err
    first, folder = result.out.splitlines()
    assert first == "keras True"
    assert folder.endswith("openstack-rca-system-staging_0001")


def test_the_doors_of_these_tests_begin_without_variables() -> None:
    """The helper takes the settings of the person who runs the tests out, and lets runs be sent at once."""
    code = f"import os; print([name for name in os.environ if name.startswith({OUR_VARIABLES!r})])"
    assert run_process("-c", code, command=[sys.executable], cwd=ROOT).out == "['OPENSTACK_RCA_SEND_RUNS']\n"
