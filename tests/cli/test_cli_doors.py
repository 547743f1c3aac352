"""The manual's doors, word for word, from the checkout, with and without its variables."""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from cli_helpers import LOGS, Result, closed_port, run_process
from lifecycle_fixtures import s3_server
from lifecycle_servers import ACCESS_KEY, SECRET, S3Server, mlflow_server

from trained_environment import OUR_VARIABLES, ROOT, SAMPLES, one_process_at_a_time

MAIN = [sys.executable, str(ROOT / "main.py")]
QUICK_MAIN = [
    sys.executable,
    "-c",
    f"""
import runpy, sys
from dataclasses import dataclass
sys.path.insert(0, {str(ROOT)!r})
from openstack_rca.service import training
@dataclass(frozen=True)
class Quick(training.TrainingConfig):
    epochs: int = 2
training.TrainingConfig = Quick
runpy.run_path({MAIN[1]!r}, run_name="__main__")
""",
]
"""The same door, behind which a training takes two epochs; the one without any variable takes as many as the manual's."""
__all__ = ["s3_server"]

LOG = f"{LOGS}/controller/keystone.log.xz"
ONE_LOG = SAMPLES / "normal" / "logs" / "controller" / "cinder-api.log.xz"
COPY = "models/lstm_log_classifier.keras"


@dataclass(frozen=True)
class Door:
    """An environment in which the manual's train command has run."""

    user: Path
    folder: Path
    variables: dict[str, str]
    trained: Result
    options: tuple[str, ...] = ()

    def run(self, *arguments: str) -> Result:
        words = (*arguments, *self.options)
        return run_process(*words, command=MAIN, cwd=self.folder, HOME=self.user, **self.variables)


def train_through_the_door(command: list[str], base: Path, variables: dict[str, str], *options: str) -> Door:
    user, folder, kept = base / "user", base / "somewhere else", base / "result.json"
    with one_process_at_a_time(base / "lock"):
        if not kept.exists():
            user.mkdir()
            folder.mkdir()
            arguments = ("--mode", "train", "--logs", ONE_LOG, *options)
            result = run_process(*arguments, command=command, cwd=folder, HOME=user, **variables)
            kept.write_text(json.dumps(asdict(result)))
    return Door(user, folder, variables, Result(**json.loads(kept.read_text())), options)


@pytest.fixture(scope="module")
def bare(shared_folder: Path) -> Door:
    """No variable is set at all."""
    return train_through_the_door(MAIN, shared_folder / "bare", {})


@pytest.fixture(scope="module")
def team(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The manual's variables lead to an MLflow server and a bucket."""
    base, bucket = tmp_path_factory.mktemp("team"), s3_server.make_bucket("doors")
    with mlflow_server(base / "server") as server:
        variables = {
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_ARTIFACT_ROOT": f"s3://{bucket}/rca",
            "MLFLOW_S3_ENDPOINT_URL": s3_server.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_EXPERIMENT_NAME": "openstack_rca_system_production",
            "OPENSTACK_RCA_NETWORK_TIMEOUT": "60",
        }
        yield train_through_the_door(QUICK_MAIN, base, variables)


@pytest.fixture(scope="module")
def alone(shared_folder: Path) -> Door:
    """No variable is set, and MLflow is switched off."""
    return train_through_the_door(QUICK_MAIN, shared_folder / "alone", {}, "--disable-mlflow")


DOORS = ["bare", "team", "alone"]


def test_train_without_variables_stores_below_the_users_home(bare: Door) -> None:
    """Experiment, version and uploaded path are printed; the path is the default one."""
    assert bare.trained.status == 0, bare.trained.err
    home = bare.user / ".local/share/openstack-rca"
    stored = home / "artifacts/openstack-rca-system-staging_0001/models/lstm_model_v1.keras"
    assert "experiment   openstack_rca_system_staging\n" in bare.trained.out
    assert "version      1\n" in bare.trained.out
    assert f"uploaded to  {stored.as_uri()}\n" in bare.trained.out
    assert stored.is_file()


def test_train_without_mlflow_is_numbered_by_the_store_alone(alone: Door) -> None:
    """No run is kept, and no database."""
    assert alone.trained.status == 0, alone.trained.err
    assert "version      1\n" in alone.trained.out and "run          not recorded\n" in alone.trained.out
    assert not list(alone.user.rglob("*.db"))


def test_train_with_variables_stores_where_they_say(team: Door) -> None:
    """Tracking, artifact root and experiment are those of the environment."""
    assert team.trained.status == 0, team.trained.err
    root = team.variables["MLFLOW_ARTIFACT_ROOT"]
    assert f"uploaded to  {root}/openstack-rca-system-production_0001/models/lstm_model_v1.keras\n" in team.trained.out
    assert f"in {team.variables['MLFLOW_TRACKING_URI']}\n" in team.trained.out


@pytest.mark.parametrize("door", DOORS)
def test_train_writes_the_file_below_the_working_folder(request: pytest.FixtureRequest, door: str) -> None:
    """``models/lstm_log_classifier.keras``, the very file that was published, and nothing else."""
    made: Door = request.getfixturevalue(door)
    left = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert left == {COPY}
    stored = list((made.user / ".local/share/openstack-rca/artifacts").rglob("lstm_model_v1.keras"))
    assert [(made.folder / COPY).read_bytes() == path.read_bytes() for path in stored] == [True] * (door != "team")


@pytest.mark.parametrize("door", DOORS)
def test_analyze_uses_the_latest_version(request: pytest.FixtureRequest, door: str) -> None:
    """Word for word; without --logs a sample incident is answered, and that is said."""
    made: Door = request.getfixturevalue(door)
    result = made.run("--mode", "analyze", "--issue", "Database connection timeout")
    assert result.status == 0, result.err
    assert result.err == "Note: No --logs given: analysing a sample incident.\n"
    assert "mariadb" in result.out.splitlines()[0]
    assert "version 1" in result.out


def test_analyze_takes_logs_and_the_fast_mode(bare: Door) -> None:
    """--logs may be repeated; --fast-mode shows in the report."""
    files = [f"{LOGS}/controller/{name}.log.xz" for name in ("nova-api", "neutron-server", "keystone")]
    words = [word for name in files for word in ("--logs", name)]
    result = bare.run("--mode", "analyze", "--issue", "401 on every call", "--fast-mode", *words, "--disable-mlflow")
    assert (result.status, result.err) == (0, "")
    assert "keystone" in result.out.splitlines()[0]
    assert "Mode:    fast" in result.out


def test_options_win_over_the_environment(team: Door) -> None:
    """--mlflow-experiment names another environment, where nothing was trained yet."""
    words = ("--mode", "analyze", "--issue", "x", "--logs", LOGS, "--disable-mlflow")
    result = team.run(*words, "--mlflow-experiment", "somewhere_new")
    assert result.status == 0
    assert "no version of lstm_model in somewhere_new" in result.err


def test_a_tracking_server_can_be_named(bare: Door) -> None:
    """--mlflow-uri; one that is down does not keep the answer away."""
    address = f"http://127.0.0.1:{closed_port()}"
    result = bare.run("--mode", "analyze", "--issue", "x", "--logs", LOGS, "--mlflow-uri", address)
    assert result.status == 0
    assert "keystone" in result.out
    assert f"{address} does not answer" in result.err


def test_disabled_mlflow_makes_no_database(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("variables", "experiment"), [({}, "ours"), ({"MLFLOW_EXPERIMENT_NAME": "theirs"}, "theirs")])
def test_what_is_edited_in_the_checkouts_configuration_takes_effect(
    tmp_path: Path, variables: dict[str, str], experiment: str
) -> None:
    """What the environment says wins; what it does not name is as edited."""
    edited = (ROOT / "config" / "config.py").read_text()
    for old, new in (("openstack_rca_system_staging", "ours"), ('"lstm_model"', '"our_model"')):
        assert old in edited
        edited = edited.replace(old, new)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "__init__.py").touch()
    (tmp_path / "config" / "config.py").write_text(edited)
    config = json.loads(python(CONFIG, tmp_path, OPENSTACK_RCA_HOME=tmp_path, **variables).out)
    assert (config["experiment_name"], config["model_name"]) == (experiment, "our_model")


def blocks_for(door: Door) -> str:
    """The Python blocks of docs/manual.md that have somebody to ask in this set-up, with the places of these tests."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "manual.md").read_text(), re.DOTALL)
    assert len(blocks) == 6
    if door.options:
        blocks = [
            block.replace("enable_mlflow=True", "enable_mlflow=False") for block in blocks if "mlflow." not in block
        ]
    if not door.variables:
        blocks = [block for block in blocks if "boto3" not in block]
    places = {"15": "1", '"/var/log/kolla"': repr(LOG), 'Bucket="models"': 'Bucket="doors"'}
    code = "\n".join(blocks)
    for printed, real in places.items():
        code = code.replace(printed, real)
    return code


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_the_blocks_of_the_manual_run_as_they_stand(request: pytest.FixtureRequest, door: str) -> None:
    """Versions and runs of the server, the database or the folder alone are what each block says."""
    made: Door = request.getfixturevalue(door)
    names = (
        "run_id",
        "folder",
        "server",
        "experiments",
        "numbers",
        "parameters",
        "stored",
        "files",
        "comparison",
        "kept",
    )
    code = f"""
import json
if {not made.options}:
    from mlflow_entry_points import load_entry_points
    load_entry_points()
{blocks_for(made)}
told = {{name: globals().get(name) for name in {names}}}
told |= {{"version": version.version, "scores": len(globals().get("scores", []))}}
opened = [globals()[name] for name in ("model", "same", "champion", "by_alias", "by_run") if name in globals()]
told |= {{"sizes": [found.count_params() for found in opened], "keras": type(model).__module__.split(".")[0]}}
print(json.dumps(told))
"""
    paths = f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'lifecycle'}"
    result = run_process(
        "-W", "ignore", "-c", code, command=[sys.executable], cwd=made.folder, HOME=made.user, PYTHONPATH=paths,
        **made.variables,
    )  # fmt: skip
    assert result.status == 0, result.err
    told = json.loads(result.out.splitlines()[-1])
    assert (told["keras"], told["version"], len(set(told["sizes"]))) == ("keras", 2, 1)
    assert told["folder"].endswith("_0001")
    assert told["comparison"]["accuracy_drift"] >= 0 and set(told["comparison"]["metrics"]) == {"1", "2"}
    assert told["kept"] is True
    if door == "alone":
        assert told["run_id"] is None and len(told["sizes"]) == 2
        return
    assert sorted(told["numbers"]) == [1, 2] and told["parameters"]["note"] == "logged after the model"
    assert len(told["sizes"]) == 5 and told["scores"] > 10
    if door == "bare":
        assert told["server"] == f"sqlite:///{made.user}/.local/share/openstack-rca/mlflow.db"
        assert "openstack_rca_system_staging" in told["experiments"]
    else:
        assert told["server"] == made.variables["MLFLOW_TRACKING_URI"]
        assert "rca/openstack-rca-system-production_0002/models/lstm_model_v2.keras" in told["stored"]


def test_the_doors_of_these_tests_begin_without_variables() -> None:
    """The helper takes the settings of the person who runs the tests out, and lets runs be sent at once."""
    code = f"import os; print([name for name in os.environ if name.startswith({OUR_VARIABLES!r})])"
    assert run_process("-c", code, command=[sys.executable], cwd=ROOT).out == "['OPENSTACK_RCA_SEND_RUNS']\n"
