"""No secret value ever leaves its setting: not in outputs, errors, logs, runs, the registry, the store or any file."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, FlakyProxy, flaky_proxy
from lifecycle_helpers import FACTS, MakeModel

from openstack_rca.cli.main import cli, run
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.manager import MLflowManager
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

MARK = "hush-this-is-a-secret"
SECRET_VARIABLES = {
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-1",
    "AWS_SESSION_TOKEN": f"{MARK}-2",
    "MLFLOW_TRACKING_PASSWORD": f"{MARK}-3",
    "MLFLOW_TRACKING_TOKEN": f"{MARK}-4",
}
COMMANDS = (
    ("doctor",),
    ("models", "list"),
    ("models", "show", "latest", "--format", "json"),
    ("models", "verify"),
    ("models", "download", "latest", "--output", "out.keras"),
    ("models", "publish", "--spooled"),
    ("runs", "list"),
    ("runs", "prune"),
    ("store", "lifecycle", "--apply"),
    ("backup", "copy.db"),
    ("restore", "copy.db"),
)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds everything that is written; commands run in it."""
    folder = tmp_path / "everything"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(folder / "home"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "rca")
    monkeypatch.setenv("OPENSTACK_RCA_NETWORK_TIMEOUT", "1")
    monkeypatch.setenv("OPENSTACK_RCA_UPLOAD_ATTEMPTS", "1")
    for name, value in SECRET_VARIABLES.items():
        monkeypatch.setenv(name, value)
    return folder


def told(error: BaseException | None) -> str:
    """An error with all that it was raised from, as our own errors are shown; causes only where they are ours."""
    words = ""
    while error is not None:
        if isinstance(error, OpenStackRcaError):
            words += f"{error!s} {error!r} {error.args} "
        error = error.__cause__
    return words


def exercise(make_model: MakeModel) -> str:
    """Everything that talks to the services, in the present environment; gives what the errors say."""
    words = ""
    settings = load_settings()
    words += f"{check_connections(settings)} {ModelLifecycle(settings).store.address} "

    def work() -> Iterator[Any]:
        yield lambda: ModelLifecycle(settings).publish(make_model("one"), **FACTS)
        yield lambda: ModelLifecycle(settings).load()
        yield lambda: ModelLifecycle(settings).verify()
        yield lambda: ModelLifecycle(settings).publish_spooled()
        yield lambda: Tracking(settings).list_runs()
        yield lambda: MLflowManager().find_latest_model()

    for step in work():
        try:
            words += f"{step()} "
        except OpenStackRcaError as error:
            words += told(error)
    try:
        with Tracking(settings).run("training", "secret") as logger:
            logger.log_params({"epochs": 1})
            logger.log_text("text", "note.txt")
        words += str(logger.notices)
    except OpenStackRcaError as error:
        words += told(error)
    for command in COMMANDS:
        run(cli, [*command])
    return words


def nowhere(words: str, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """The mark is in nothing that was said, logged or written."""
    output = capfd.readouterr()
    for what, text in (("errors", words), ("stdout", output.out), ("stderr", output.err), ("logs", caplog.text)):
        assert MARK not in text, what
    for path in folder.rglob("*"):
        if path.is_file():
            assert MARK.encode() not in path.read_bytes(), path


FAULTS = [None, "403", "500", "cut", "truncate", "corrupt"]


@pytest.mark.parametrize("where", ["tracking", "store"])
def test_failing_services_bring_no_secret_to_light(
    places: Path,
    server: str,
    s3: Settings,
    make_model: MakeModel,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    """Wrong keys at Swift; a tracking server with a password in its address; each in several kinds of trouble."""
    caplog.set_level(logging.DEBUG)
    assert s3.s3_endpoint_url
    with flaky_proxy(server) as tracking, flaky_proxy(s3.s3_endpoint_url) as store:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.address.replace("://", f"://rca:{MARK}-5@"))
        monkeypatch.setenv("MLFLOW_ARTIFACT_ROOT", s3.artifact_root)
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", store.address)
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", f"secrets_{where}")
        words = ""
        chosen: FlakyProxy = tracking if where == "tracking" else store
        for kind in FAULTS:
            chosen.fault = Fault(kind) if kind else None
            words += exercise(make_model)
        assert any(b"Authorization: " in head or b"authorization: " in head for head in tracking.heads)
    nowhere(words, places, capfd, caplog)


@pytest.mark.parametrize(
    "uri",
    [
        f"postgresql+psycopg2://rca:{MARK}@127.0.0.1:9/mlflow",
        f"mysql+pymysql://rca:{MARK}@127.0.0.1:9/mlflow",
        f"http://rca:{MARK}@127.0.0.1:9",
        f"https://rca:{MARK}@127.0.0.1:9",
        f"ftp://rca:{MARK}@127.0.0.1:9",
    ],
)
def test_addresses_with_passwords_are_shown_without_them(
    places: Path,
    make_model: MakeModel,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    uri: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    nowhere(exercise(make_model), places, capfd, caplog)


def test_where_all_goes_well_no_secret_is_kept(
    places: Path,
    server: str,
    s3: Settings,
    make_model: MakeModel,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The keys work: the runs, the registry's database, the objects and the cache hold none of them."""
    assert s3.s3_endpoint_url and s3.aws_access_key_id and s3.aws_secret_access_key
    secret = s3.aws_secret_access_key.get_secret_value()
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    for name, value in {
        "MLFLOW_TRACKING_URI": server.replace("://", f"://rca:{MARK}-5@"),
        "MLFLOW_ARTIFACT_ROOT": s3.artifact_root,
        "MLFLOW_S3_ENDPOINT_URL": s3.s3_endpoint_url,
        "MLFLOW_EXPERIMENT_NAME": "secrets_well_kept",
        "AWS_ACCESS_KEY_ID": s3.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "OPENSTACK_RCA_NETWORK_TIMEOUT": "60",
    }.items():
        monkeypatch.setenv(name, value)
    words = exercise(make_model)
    assert ModelLifecycle(load_settings()).load().version.status == "ready"
    store = ModelLifecycle(load_settings()).store
    objects = b"".join(store.read(found.key) for found in store.objects(""))
    base = tmp_path_factory.getbasetemp()
    database = b"".join(path.read_bytes() for path in base.glob("mlflow-server*/**/*") if path.is_file())
    assert database
    for mark in (MARK, secret):
        assert mark.encode() not in objects
        assert mark.encode() not in database
        assert mark not in words
    nowhere(words, places, capfd, caplog)


def test_settings_show_their_secrets_to_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in SECRET_VARIABLES.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(home=tmp_path)
    assert MARK not in f"{settings!r} {settings} {settings.model_dump_json()}"
