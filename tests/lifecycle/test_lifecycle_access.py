"""Credentials and certificates of every kind reach the servers that want them, and nobody else."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import FlakyProxy, flaky_proxy
from lifecycle_helpers import MakeModel, publish
from lifecycle_servers import S3Server

from openstack_rca.errors import ConfigurationError, PublishFailed, RegistryUnavailable, StoreError
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.objects.credentials import find_s3_access
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "a-secret"}
STS_ANSWER = """<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>temporary-key</AccessKeyId><SecretAccessKey>temporary-secret</SecretAccessKey>
<SessionToken>temporary-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


@dataclass
class Recorder:
    """A server that says yes to everything and writes down what it was asked."""

    address: str
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def header(self, method: str, name: str) -> set[str | None]:
        return {headers.get(name) for asked, _, headers, _ in self.asked if asked == method}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorded.asked.append((self.command, self.path, headers, body))
            content = STS_ANSWER.encode() if "AssumeRole" in self.path or b"AssumeRole" in body else b""
            if "uploads" in self.path:
                content = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            elif "uploadId" in self.path and self.command == "POST":
                content = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
            self.send_response(404 if self.command == "HEAD" else 200)
            self.send_header("ETag", "e")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded = Recorder(f"http://127.0.0.1:{running.server_port}")
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield recorded
    running.shutdown()
    thread.join()
    running.server_close()


def bucket(recorder: Recorder, home: Path, **changes: Any) -> Settings:
    return load_settings(
        home=home,
        mlflow_enabled=False,
        mlflow_artifact_root="s3://models/rca",
        s3_endpoint_url=recorder.address,
        **{**KEYS, **changes},
    )


@pytest.mark.parametrize("threshold", [1, 10**9], ids=["in parts", "in one piece"])
def test_encryption_and_storage_class_go_with_the_upload(
    recorder: Recorder, tmp_path: Path, make_model: MakeModel, threshold: int
) -> None:
    """And are part of what is signed, without which AWS refuses them."""
    settings = bucket(
        recorder,
        tmp_path,
        s3_server_side_encryption="aws:kms",
        s3_kms_key_id="the-key",
        s3_storage_class="STANDARD_IA",
        s3_multipart_threshold=threshold,
    )
    ObjectStore(settings).put_new_file("models/a.keras", make_model("one"), {"sha256": "1"})
    method = "POST" if threshold == 1 else "PUT"
    _, _, headers, _ = next(one for one in recorder.asked if one[0] == method)
    wanted = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "the-key",
        "x-amz-storage-class": "STANDARD_IA",
    }
    assert {name: headers.get(name) for name in wanted} == wanted
    assert all(name in headers["authorization"] for name in wanted)


def test_without_these_settings_neither_header_is_sent(
    recorder: Recorder, tmp_path: Path, make_model: MakeModel
) -> None:
    ObjectStore(bucket(recorder, tmp_path)).put_new_file("a.keras", make_model("one"), {})
    assert recorder.header("PUT", "x-amz-server-side-encryption") == {None}
    assert recorder.header("PUT", "x-amz-storage-class") == {None}


def test_an_encryption_that_does_not_exist_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="aws:kms"):
        load_settings(home=tmp_path, s3_server_side_encryption="rot13")


def test_a_session_token_goes_with_every_request(recorder: Recorder, tmp_path: Path) -> None:
    settings = bucket(recorder, tmp_path, aws_session_token="the-token")
    ObjectStore(settings).put_new_bytes("key", b"content")
    assert recorder.header("PUT", "x-amz-security-token") == {"the-token"}


def test_a_profile_brings_its_session_token(recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[team]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=of-the-profile\n")
    changes = {"aws_profile": "team", "aws_shared_credentials_file": file}
    settings = bucket(recorder, tmp_path, aws_access_key_id=None, aws_secret_access_key=None, **changes)
    ObjectStore(settings).put_new_bytes("key", b"content")
    assert recorder.header("PUT", "x-amz-security-token") == {"of-the-profile"}


def test_a_role_is_assumed_with_a_web_identity(recorder: Recorder, tmp_path: Path, certificates: Path) -> None:
    """As in a pod of Kubernetes: a token file and a role, and no key anywhere. The token goes out over TLS only."""
    (tmp_path / "token").write_text("the-identity")
    with tls(recorder.address, certificates) as tokens:
        settings = bucket(
            recorder,
            tmp_path,
            aws_access_key_id=None,
            aws_secret_access_key=None,
            aws_role_arn="arn:aws:iam::1:role/rca",
            aws_web_identity_token_file=tmp_path / "token",
            aws_sts_endpoint=tokens.address.replace("http", "https"),
            ca_bundle=certificates / "authority.pem",
        )
        ObjectStore(settings).put_new_bytes("key", b"content")
    assert recorder.header("PUT", "x-amz-security-token") == {"temporary-token"}
    assert "web identity" in find_s3_access(settings).source
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigurationError, match="AWS_WEB_IDENTITY_TOKEN_FILE"):
        ObjectStore(settings).put_new_bytes("key", b"content")


@pytest.mark.parametrize("line", ["role_arn = r\nsource_profile = x", "credential_process = x", "sso_session = x"])
def test_keys_that_another_tool_would_have_to_fetch_are_an_error_that_says_how(tmp_path: Path, line: str) -> None:
    (tmp_path / "credentials").write_text("")
    (tmp_path / "config").write_text(f"[profile team]\n{line}\n")
    settings = load_settings(home=tmp_path, aws_profile="team", aws_shared_credentials_file=tmp_path / "credentials")
    with pytest.raises(ConfigurationError, match="export-credentials --profile team"):
        find_s3_access(settings)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``authority.pem``, which nobody knows, and ``server.pem`` and ``server.key`` for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificate")
    for name, subject, extension, signed_by in (
        ("authority", "/CN=authority", "basicConstraints=critical,CA:TRUE", ()),
        ("server", "/CN=127.0.0.1", "basicConstraints=CA:FALSE", ("-CA", "authority.pem", "-CAkey", "authority.key")),
    ):
        options = ["-subj", subject, "-addext", extension, "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *options, *signed_by]
        command += ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def secured(s3_server: S3Server, server: str, certificates: Path) -> Iterator[tuple[str, str]]:
    """Swift and the MLflow server behind TLS with that certificate."""
    with tls(s3_server.endpoint, certificates) as store, tls(server, certificates) as tracking:
        yield store.address.replace("http", "https"), tracking.address.replace("http", "https")


def tls(upstream: str, certificates: Path) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    return flaky_proxy(upstream, context)


@pytest.mark.parametrize("name", ["OPENSTACK_RCA_CA_BUNDLE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_a_custom_authority_is_trusted_by_store_registry_and_doctor(
    server_and_s3: Settings,
    secured: tuple[str, str],
    certificates: Path,
    make_model: MakeModel,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    store, tracking = secured
    facts = {**server_and_s3.model_dump(exclude_unset=True), "s3_endpoint_url": store, "mlflow_tracking_uri": tracking}
    with pytest.raises(PublishFailed, match=r"certificate is not trusted.*AWS_CA_BUNDLE"):
        publish(ModelLifecycle(load_settings(**facts)), make_model("one"))
    with pytest.raises(StoreError, match=r"certificate is not trusted.*AWS_CA_BUNDLE"):
        ObjectStore(load_settings(**facts)).read("key")
    monkeypatch.setenv(name, str(certificates / "authority.pem"))
    settings = load_settings(**facts)
    publish(ModelLifecycle(settings), make_model("one"))
    assert ModelLifecycle(settings).load().version.version == 1
    assert [check for check in check_connections(settings) if not check.ok] == []


def test_certificates_that_cannot_be_used_are_named(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name, words in (("nowhere.pem", "cannot be read"), ("empty.pem", "no certificate")):
        with pytest.raises(ConfigurationError, match=words):
            ObjectStore(bucket(recorder, tmp_path, ca_bundle=tmp_path / name)).read("key")


def test_a_token_is_sent_as_one(server: str, s3: Settings, make_model: MakeModel) -> None:
    with flaky_proxy(server) as gate:
        gate.require = lambda head: b"authorization: bearer the-token" in head.lower()
        facts = {**s3.model_dump(exclude_unset=True), "mlflow_enabled": True, "mlflow_tracking_uri": gate.address}
        facts["experiment_name"] = "behind_a_gate"
        with pytest.raises(RegistryUnavailable, match="MLFLOW_TRACKING_TOKEN"):
            ModelLifecycle(load_settings(**facts)).list()
        known = load_settings(**facts, mlflow_tracking_token="the-token")
        assert publish(ModelLifecycle(known), make_model("one")).version == 1


def test_a_store_that_is_no_store_is_an_error(server: str, s3: Settings, make_model: MakeModel) -> None:
    """An MLflow server where the S3 server should be."""
    with pytest.raises(StoreError):
        ObjectStore(s3.model_copy(update={"s3_endpoint_url": server})).put_new_file("a.keras", make_model("one"), {})


def test_a_proxy_without_a_fault_is_no_fault(s3: Settings) -> None:
    assert s3.s3_endpoint_url
    with flaky_proxy(s3.s3_endpoint_url) as proxy:
        assert isinstance(proxy, FlakyProxy)
        store = ObjectStore(s3.model_copy(update={"s3_endpoint_url": proxy.address}))
        store.put_new_bytes("key", b"content")
        assert store.read("key") == b"content"
