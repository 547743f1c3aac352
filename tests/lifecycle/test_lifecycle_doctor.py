"""The doctor tries every connection and says what to do; it never shows a secret."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import PATIENCE, MakeModel, publish

from openstack_rca.lifecycle.doctor import ConnectionCheck, check_connections
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

NAMES = ["tracking", "registry", "run artifacts", "store write", "store read", "credentials", "clock", "cache space"]


def checks_of(settings: Settings) -> dict[str, ConnectionCheck]:
    return {check.name: check for check in check_connections(settings)}


def test_everything_is_well_where_everything_is_well(settings: Settings) -> None:
    checks = check_connections(settings)
    assert [check.name for check in checks] == NAMES
    assert [check for check in checks if not check.ok] == []
    assert all(check.detail for check in checks)


def test_the_registry_line_counts_versions(embedded: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    publish(ModelLifecycle(embedded), make_model("two"))
    assert "2 versions, latest 2" in checks_of(embedded)["registry"].detail


def test_the_probe_leaves_nothing_behind(s3: Settings) -> None:
    check_connections(s3)
    import obstore

    assert list(obstore.list(ObjectStore(s3)._connection()).collect()) == []


def test_a_server_that_is_down_fails_tracking_and_registry_only(tmp_path: Path) -> None:
    checks = checks_of(load_settings(home=tmp_path, mlflow_tracking_uri="http://rca:hush@127.0.0.1:9"))
    assert [name for name, check in checks.items() if not check.ok] == ["tracking", "registry", "run artifacts"]
    assert "MLFLOW_TRACKING_URI" in checks["tracking"].hint
    assert "hush" not in str(checks)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aws_secret_access_key": "wrong-secret"}, "AWS_SECRET_ACCESS_KEY"),
        ({"mlflow_artifact_root": "s3://no-such-bucket"}, "MLFLOW_ARTIFACT_ROOT"),
        ({"s3_endpoint_url": "http://127.0.0.1:9"}, "MLFLOW_S3_ENDPOINT_URL"),
        ({"aws_access_key_id": None, "aws_secret_access_key": "half"}, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_what_is_wrong_with_the_store_is_said(s3: Settings, changes: dict[str, Any], words: str) -> None:
    facts = {**s3.model_dump(exclude_unset=True), **changes}
    checks = checks_of(load_settings(**facts))
    assert not any(checks[name].ok for name in ("store write", "store read"))
    # A store that looks for a bucket has let the user in.
    assert checks["credentials"].ok is ("no-such-bucket" in settings_root(facts))
    assert words in checks["store write"].hint
    assert "wrong-secret" not in str(checks)


def settings_root(facts: dict[str, Any]) -> str:
    return str(facts["mlflow_artifact_root"])


def test_a_server_that_cannot_keep_files_is_told_with_its_remedy(server: str, tmp_path: Path) -> None:
    """As MLflow without boto3 before a bucket: everything works but the files of runs."""
    with flaky_proxy(server) as proxy:
        proxy.fault = Fault("500", "PUT", "mlflow-artifacts")
        settings = load_settings(home=tmp_path, mlflow_tracking_uri=proxy.address, network_timeout_seconds=PATIENCE)
        checks = checks_of(settings)
    assert checks["tracking"].ok and "MLFlow 3".lower() in checks["tracking"].detail.lower()
    assert not checks["run artifacts"].ok
    assert "boto3" in checks["run artifacts"].hint


def test_a_root_that_cannot_work_is_reported_not_raised(tmp_path: Path) -> None:
    checks = checks_of(load_settings(home=tmp_path, mlflow_enabled=False, mlflow_artifact_root="ftp://host/x"))
    assert not checks["store write"].ok
    assert "MLFLOW_ARTIFACT_ROOT" in checks["store write"].hint


def test_a_home_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = checks_of(load_settings(home=tmp_path / "file", mlflow_artifact_root=f"{tmp_path}/store"))
    assert [name for name, check in checks.items() if not check.ok] == [
        "tracking",
        "registry",
        "run artifacts",
        "cache space",
    ]
    for name in ("tracking", "registry", "cache space"):
        assert "OPENSTACK_RCA_HOME" in checks[name].hint


def test_where_the_store_lies_in_the_home_that_cannot_be_used_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = checks_of(load_settings(home=tmp_path / "file", mlflow_enabled=False))
    for name in ("store write", "store read", "cache space"):
        assert "OPENSTACK_RCA_HOME" in checks[name].hint


@pytest.fixture
def server_of_1994() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "Sun, 06 Nov 1994 08:49:37 GMT"

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def test_clocks_that_differ_are_told(tmp_path: Path, server_of_1994: str) -> None:
    checks = checks_of(load_settings(home=tmp_path, mlflow_tracking_uri=server_of_1994))
    assert not checks["clock"].ok
    assert "clock" in checks["clock"].hint


def test_the_clock_is_compared_with_the_servers(server_and_s3: Settings) -> None:
    detail = checks_of(server_and_s3)["clock"].detail
    assert "tracking" in detail
    assert "store" in detail
