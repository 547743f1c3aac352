"""The bucket's own clean-up: printed as JSON, put beside the rules that are there where the server can."""

import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import (
    ConfigurationError,
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreError,
    StoreUnavailable,
)
from openstack_rca.lifecycle.objects.bucket_rules import NAMESPACE, apply_rules, rules_for
from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.settings import Settings, load_settings

THEIRS = (
    f'<LifecycleConfiguration xmlns="{NAMESPACE}"><Rule><ID>theirs</ID><Filter><Prefix>logs/</Prefix></Filter>'
    "<Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>"
).encode()


class Bucket:
    """A server that keeps lifecycle rules, as AWS does; Swift keeps none."""

    def __init__(self) -> None:
        self.rules: bytes | None = None
        self.forgets = False
        self.address = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if not path.endswith("?lifecycle"):
            return 400, b""
        if method == "PUT":
            self.rules = None if self.forgets else body
            return 200, b""
        missing = b"<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"
        return (200, self.rules) if self.rules else (404, missing)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    kept = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = kept.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = _answer  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.address = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield kept
    running.shutdown()
    thread.join()
    running.server_close()


def at(bucket: Bucket, home: Path, root: str = "s3://models/rca") -> Settings:
    return load_settings(
        home=home,
        mlflow_artifact_root=root,
        s3_endpoint_url=bucket.address,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


def ids(rules: bytes | None) -> list[str | None]:
    assert rules is not None
    return [found.text for found in ElementTree.fromstring(rules).iter(f"{{{NAMESPACE}}}ID")]


def test_the_policy_clears_unfinished_uploads_and_run_artifacts_and_no_version(tmp_path: Path) -> None:
    first, second = rules_for(
        load_settings(home=tmp_path, mlflow_artifact_root="s3://models/team/rca/"), upload_days=3, run_days=30
    ).as_json()["Rules"]  # type: ignore[misc]
    assert first["Filter"] == {"Prefix": "team/rca/"}
    assert first["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
    assert "Expiration" not in first
    assert (second["Filter"], second["Expiration"]) == ({"Prefix": "team/rca/run-artifacts/"}, {"Days": 30})


def test_it_is_put_beside_the_rules_of_others_and_replaces_its_own(bucket: Bucket, tmp_path: Path) -> None:
    bucket.rules = THEIRS
    settings = at(bucket, tmp_path)
    for days in (7, 9):
        apply_rules(settings, rules_for(settings, upload_days=days, run_days=90))
    assert ids(bucket.rules) == ["theirs", "openstack-rca-unfinished-uploads-rca", "openstack-rca-run-artifacts-rca"]
    assert bucket.rules and b"<DaysAfterInitiation>9</DaysAfterInitiation>" in bucket.rules
    assert b"<Days>3</Days>" in bucket.rules


def test_a_bucket_without_rules_gets_ours(bucket: Bucket, tmp_path: Path) -> None:
    settings = at(bucket, tmp_path, "s3://models")
    apply_rules(settings, rules_for(settings, 7, 90))
    assert ids(bucket.rules) == ["openstack-rca-unfinished-uploads-root", "openstack-rca-run-artifacts-root"]


def test_two_roots_in_one_bucket_keep_rules_of_their_own(bucket: Bucket, tmp_path: Path) -> None:
    for root in ("s3://models/staging", "s3://models/production"):
        settings = at(bucket, tmp_path, root)
        apply_rules(settings, rules_for(settings, 7, 90))
    assert len(set(ids(bucket.rules))) == 4


def test_a_server_that_does_not_keep_it_is_found_out(bucket: Bucket, tmp_path: Path) -> None:
    bucket.forgets = True
    settings = at(bucket, tmp_path)
    with pytest.raises(StoreError, match="does not list it"):
        apply_rules(settings, rules_for(settings, 7, 90))


def test_rules_that_cannot_be_read_are_not_overwritten(bucket: Bucket, tmp_path: Path) -> None:
    bucket.rules = b"not xml"
    settings = at(bucket, tmp_path)
    with pytest.raises(StoreError, match="cannot be read"):
        apply_rules(settings, rules_for(settings, 7, 90))
    assert bucket.rules == b"not xml"


def test_swift_takes_the_signature_and_says_that_it_has_no_such_policies(
    s3: Settings, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--store") != "swift":
        apply_rules(s3, rules_for(s3, 7, 90))
        return
    with pytest.raises(StoreError, match="cannot keep a lifecycle policy"):
        apply_rules(s3, rules_for(s3, 7, 90))
    location = ask_bucket(s3, s3.artifact_root.split("/")[2], "location")
    assert (location.status, b"LocationConstraint" in location.body) == (200, True)


def test_a_wrong_key_a_missing_bucket_and_a_silent_server_are_told_apart(s3: Settings) -> None:
    changes: list[tuple[type[Exception], dict[str, Any]]] = [
        (StoreAccessDenied, {"aws_secret_access_key": "wrong-secret"}),
        (StoreBucketNotFound, {"mlflow_artifact_root": "s3://no-such-bucket/rca"}),
        (StoreUnavailable, {"s3_endpoint_url": "http://127.0.0.1:9"}),
        (ConfigurationError, {"aws_access_key_id": None, "aws_secret_access_key": None}),
    ]
    for error, change in changes:
        settings = load_settings(**{**s3.model_dump(exclude_unset=True), **change})
        with pytest.raises(error) as caught:
            apply_rules(settings, rules_for(settings, 7, 90))
        assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("root", ["file:///srv/models", "gs://models/rca"])
def test_a_store_that_is_no_s3_bucket_has_no_such_policy(tmp_path: Path, root: str) -> None:
    with pytest.raises(ConfigurationError, match="no lifecycle policy"):
        rules_for(load_settings(home=tmp_path, mlflow_artifact_root=root), 7, 90)
