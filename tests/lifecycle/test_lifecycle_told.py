"""What servers say is told right: the sentences of their documentation, one row each, and what to do about each.

A local server answers with the sentence, so that what is tested is the whole way from the wire to the error.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import (
    ConfigurationError,
    LifecycleError,
    RegistryFailed,
    RegistryRefused,
    RegistryUnavailable,
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreError,
    StoreUnavailable,
)
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.mlflow.client import connect, prepare_environment
from openstack_rca.lifecycle.mlflow.server_errors import registry_errors, said
from openstack_rca.lifecycle.objects.store import ObjectStore, normal_root
from openstack_rca.settings import Settings, load_settings

HTML = "<!DOCTYPE html><html><head><title>Log in</title></head></html>"


@dataclass
class Speaker:
    """A server that says one thing to everybody, and another one under the paths in ``at``."""

    address: str
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def speaking() -> Iterator[Speaker]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = speaker.at.get(self.path, speaker.body).encode()
            self.send_response(speaker.status)
            for name, value in speaker.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    speaker = Speaker(f"http://127.0.0.1:{running.server_port}")
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield speaker
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def speaker(speaking: Speaker) -> Speaker:
    speaking.headers, speaking.at = {}, {}
    return speaking


def store_at(address: str, home: Path) -> ObjectStore:
    return ObjectStore(
        load_settings(
            home=home,
            mlflow_enabled=False,
            mlflow_artifact_root="s3://models/rca",
            s3_endpoint_url=address,
            aws_access_key_id="the-key",
            aws_secret_access_key="hush-hush",
        )
    )


def xml(code: str, message: str, more: str = "") -> str:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'


BY_STORES = [
    ("AWS", 301, xml("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint."), StoreError, "another region"),
    ("AWS", 400, xml("AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'", "<Region>eu-central-1</Region>"), StoreError, "AWS_DEFAULT_REGION to eu-central-1"),
    ("AWS", 400, xml("IllegalLocationConstraintException", "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."), StoreError, "AWS_DEFAULT_REGION"),
    ("AWS", 403, xml("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."), StoreAccessDenied, "AWS_SECRET_ACCESS_KEY"),
    ("AWS", 403, xml("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), StoreAccessDenied, "AWS_ACCESS_KEY_ID"),
    ("AWS", 400, xml("ExpiredToken", "The provided token has expired."), StoreAccessDenied, "expired"),
    ("AWS", 403, xml("InvalidToken", "The provided token is malformed or otherwise invalid."), StoreAccessDenied, "AWS_SESSION_TOKEN"),
    ("AWS", 403, xml("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."), StoreAccessDenied, "clock"),
    ("AWS", 403, xml("AccessDenied", "User: arn:aws:iam::1:user/rca is not authorized to perform: s3:PutObject on resource: models because no identity-based policy allows it"), StoreAccessDenied, "docs/security.md"),
    ("AWS", 403, xml("AccessDenied", "... with an explicit deny in a resource-based policy"), StoreAccessDenied, "OPENSTACK_RCA_S3_SERVER_SIDE_ENCRYPTION"),
    ("AWS", 403, xml("InvalidObjectState", "The operation is not valid for the object's storage class"), StoreError, "OPENSTACK_RCA_S3_STORAGE_CLASS"),
    ("AWS", 403, xml("AllAccessDisabled", "All access to this object has been disabled"), StoreAccessDenied, "account"),
    ("AWS", 400, xml("InvalidStorageClass", "The storage class you specified is not valid"), StoreError, "OPENSTACK_RCA_S3_STORAGE_CLASS"),
    ("AWS", 400, xml("KMS.DisabledException", "arn:aws:kms:eu-central-1:1:key/2 is disabled."), StoreAccessDenied, "OPENSTACK_RCA_S3_KMS_KEY_ID"),
    ("AWS", 400, xml("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size."), StoreError, "OPENSTACK_RCA_S3_MULTIPART_THRESHOLD"),
    ("AWS", 503, xml("SlowDown", "Please reduce your request rate."), StoreUnavailable, "asked too much"),
    ("AWS", 404, xml("NoSuchBucket", "The specified bucket does not exist"), StoreBucketNotFound, "bucket models does not exist"),
    ("AWS", 400, xml("InvalidBucketName", "The specified bucket is not valid."), StoreBucketNotFound, "cannot be called models"),
    ("MinIO", 400, xml("XMinioAdminBucketQuotaExceeded", "Bucket quota exceeded"), StoreError, "quota"),
    ("MinIO", 507, xml("XMinioStorageFull", "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed."), StoreError, "no space left"),
    ("MinIO", 503, xml("XMinioServerNotInitialized", "Server not initialized yet, please try again."), StoreUnavailable, "not available just now"),
    ("MinIO", 400, xml("InvalidRequest", "Server side encryption is required for this bucket"), StoreError, "OPENSTACK_RCA_S3_SERVER_SIDE_ENCRYPTION"),
    ("MinIO", 400, xml("InvalidRegion", "Region does not match."), StoreError, "AWS_DEFAULT_REGION"),
    ("MinIO", 501, xml("NotImplemented", "Server side encryption specified but KMS is not configured"), StoreAccessDenied, "OPENSTACK_RCA_S3_KMS_KEY_ID"),
    ("Ceph", 403, xml("QuotaExceeded", ""), StoreError, "quota"),
    ("Ceph", 403, xml("UserSuspended", ""), StoreAccessDenied, "account"),
    ("Ceph", 403, xml("AccessDenied", ""), StoreAccessDenied, "does not allow this"),
    ("Swift", 413, "<html><h1>Request Entity Too Large</h1><p>Upload exceeds quota.</p></html>", StoreError, "quota"),
    ("Swift", 507, "<html><h1>Insufficient Storage</h1></html>", StoreError, "no space left"),
    ("Swift", 503, xml("SlowDown", "Slow down"), StoreUnavailable, "asked too much"),
    ("Swift", 498, "<html><h1>Rate Limited</h1></html>", StoreUnavailable, "asked too much"),
    ("R2", 400, xml("InvalidArgument", "Credential access key has length 20, should be 32"), StoreAccessDenied, "AWS_ACCESS_KEY_ID"),
    ("R2", 403, xml("InvalidRegionName", "The region name 'us-east-1' is not valid. Must be one of: wnam, enam, weur, eeur, apac, auto"), StoreError, "AWS_DEFAULT_REGION"),
    ("R2", 403, xml("NotEntitled", "Please enable R2 through the Cloudflare Dashboard."), StoreAccessDenied, "account"),
    ("B2", 403, xml("AccessDenied", "Cannot upload files, storage cap exceeded. See the Caps &amp; Alerts page to increase your cap."), StoreError, "quota"),
    ("B2", 503, xml("ServiceUnavailable", "no_tomes_available"), StoreUnavailable, "not available just now"),
    ("B2", 403, xml("AccessDenied", "Transaction cap exceeded, see the Caps &amp; Alerts page to increase your cap."), StoreError, "quota"),
    ("Wasabi", 403, xml("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records"), StoreAccessDenied, "AWS_ACCESS_KEY_ID"),
    ("Wasabi", 403, xml("AccessDenied", "Object is under retention"), StoreError, "retention"),
    ("Wasabi", 403, xml("AccountSuspended", "The account is suspended."), StoreAccessDenied, "account"),
    ("GCS", 403, xml("UserProjectAccountProblem", "The project to be billed is associated with an absent billing account."), StoreAccessDenied, "account"),
    ("GCS", 403, xml("AccessDenied", "rca@project.iam.gserviceaccount.com does not have storage.objects.create access to the Google Cloud Storage object."), StoreAccessDenied, "does not allow this"),
    ("Azure", 403, xml("AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."), StoreAccessDenied, "refused the credentials"),
    ("Azure", 403, xml("AuthorizationPermissionMismatch", "This request is not authorized to perform this operation using this permission."), StoreAccessDenied, "does not allow this"),
    ("Azure", 404, xml("ContainerNotFound", "The specified container does not exist."), StoreBucketNotFound, "does not exist"),
    ("Azure", 409, xml("BlobArchived", "This operation is not permitted on an archived blob."), StoreError, "archive"),
    ("Azure", 503, xml("ServerBusy", "The server is currently unable to receive requests. Please retry your request."), StoreUnavailable, "asked too much"),
    ("nginx", 413, "<html><h1>413 Request Entity Too Large</h1></html>", StoreError, "client_max_body_size"),
    ("nginx", 502, "<html><h1>502 Bad Gateway</h1></html>", StoreUnavailable, "not available just now"),
    ("a log-in page", 200, HTML, StoreError, "not an object store"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [row[1:] for row in BY_STORES],
    ids=[f"{row[0]} {row[1]} {row[4]}" for row in BY_STORES],
)
def test_a_stores_sentence_is_told_right(
    speaker: Speaker, tmp_path: Path, status: int, body: str, kind: type[StoreError], words: str
) -> None:
    """A write and a listing alike: the right kind of error, the cause or the remedy in words, never the secret."""
    speaker.status, speaker.body = status, body
    works: list[Callable[[], Any]] = [
        lambda: store_at(speaker.address, tmp_path).put_new_bytes("a.json", b"{}"),
        lambda: store_at(speaker.address, tmp_path).folders(),
    ]
    for work in works:
        with pytest.raises(kind) as caught:
            work()
        assert type(caught.value) is kind
        assert words in str(caught.value)
        assert "hush-hush" not in str(caught.value)
        assert "doctor" not in str(caught.value)


def test_where_only_a_header_names_the_region_it_is_told(speaker: Speaker, tmp_path: Path) -> None:
    """AWS answers HEAD without a body; the listing after it has the region in a header."""
    speaker.status, speaker.body, speaker.headers = 301, "", {"x-amz-bucket-region": "ap-south-1"}
    with pytest.raises(StoreError, match="Set AWS_DEFAULT_REGION to ap-south-1"):
        store_at(speaker.address, tmp_path).exists("a")


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("s3://models//rca", "Write it as s3://models/rca"),
        ("s3://models/a//b/c", "Write it as s3://models/a/b/c"),
        ("s3://models/rca#1", "%23"),
        ("file:///srv/models#1", "%23"),
        ("s3://models/rca?x=1", "%3F"),
    ],
)
def test_a_root_that_would_lead_elsewhere_is_refused(root: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match="MLFLOW_ARTIFACT_ROOT") as caught:
        normal_root(root)
    assert words in str(caught.value)


def test_a_proxy_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its password; the store itself may be well."""
    monkeypatch.setenv("http_proxy", "http://me:hush@127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match=r"proxy http://127\.0\.0\.1:9") as caught:
        store_at("http://store.example", tmp_path).folders()
    assert "hush" not in str(caught.value)
    with pytest.raises(RegistryUnavailable, match=r"proxy http://me:\*\*\*@127\.0\.0\.1:9|proxy http://127\.0\.0\.1:9"):
        ask(load_settings(home=tmp_path, mlflow_tracking_uri="http://mlflow.example"))


def ask(settings: Settings) -> None:
    client = connect(settings)
    with registry_errors(settings.tracking_uri):
        client.search_experiments(max_results=1)


BY_TRACKING_SERVERS = [
    ("MLflow", 403, "Invalid Host header - possible DNS rebinding attack detected", RegistryUnavailable, "--allowed-hosts"),
    ("MLflow", 401, "You are not authenticated. Please see the documentation on how to authenticate.", RegistryUnavailable, "MLFLOW_TRACKING_PASSWORD"),
    ("MLflow", 403, "Permission denied", RegistryUnavailable, "MLFLOW_TRACKING_PASSWORD"),
    ("MLflow", 403, json.dumps({"error_code": "PERMISSION_DENIED", "message": "Permission denied."}), RegistryUnavailable, "credentials"),
    ("MLflow 2", 404, json.dumps({"error_code": "ENDPOINT_NOT_FOUND", "message": "API not found"}), RegistryRefused, "MLflow 3"),
    ("MLflow", 500, json.dumps({"error_code": "INTERNAL_ERROR", "message": ""}), RegistryFailed, "Its log says why"),
    ("nginx", 401, "<html><h1>401 Authorization Required</h1></html>", RegistryUnavailable, "log-in|MLFLOW_TRACKING"),
    ("nginx", 413, "<html><h1>413 Request Entity Too Large</h1></html>", RegistryFailed, "client_max_body_size"),
    ("nginx", 502, "<html><h1>502 Bad Gateway</h1></html>", RegistryUnavailable, "behind its proxy"),
    ("haproxy", 503, "<html><h1>503 Service Unavailable</h1>No server is available to handle this request.</html>", RegistryUnavailable, "behind its proxy"),
    ("oauth2-proxy", 200, HTML, RegistryUnavailable, "MLFLOW_TRACKING_TOKEN"),
    ("something else", 404, "<html><h1>404 Not Found</h1></html>", RegistryRefused, "MLFLOW_TRACKING_URI"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [row[1:] for row in BY_TRACKING_SERVERS],
    ids=[f"{row[0]} {row[1]} {row[4]}" for row in BY_TRACKING_SERVERS],
)
def test_a_tracking_servers_sentence_is_told_right(
    speaker: Speaker, tmp_path: Path, status: int, body: str, kind: type[LifecycleError], words: str
) -> None:
    """MLflow and the proxies before it: what it means, and what to do."""
    speaker.status, speaker.body = status, body
    with pytest.raises(kind) as caught:
        ask(load_settings(home=tmp_path, mlflow_tracking_uri=speaker.address))
    assert type(caught.value) is kind
    assert any(word in str(caught.value) for word in words.split("|")), str(caught.value)
    assert "doctor" not in str(caught.value)


def test_a_server_of_an_older_mlflow_is_told_by_its_version(speaker: Speaker, tmp_path: Path) -> None:
    """MLflow 2 answers the doctor's first question as MLflow 3 does; only its version tells."""
    speaker.status, speaker.body, speaker.at = 200, "{}", {"/version": "2.22.1"}
    settings = store_at(speaker.address, tmp_path).settings.model_copy(
        update={"mlflow_enabled": True, "mlflow_tracking_uri": speaker.address}
    )
    tracking = next(check for check in check_connections(settings) if check.name == "tracking")
    assert not tracking.ok
    assert "2.22.1" in tracking.detail and "MLflow 3" in tracking.hint


def test_a_certificate_for_the_tracking_server_alone_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLFLOW_TRACKING_SERVER_CERT_PATH is what MLflow is told, whatever the store trusts."""
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/etc/ssl/mlflow.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/ssl/store.pem")
    prepare_environment(load_settings(home=tmp_path))
    assert os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] == "/etc/ssl/mlflow.pem"


BY_DATABASES = [
    ('FATAL:  password authentication failed for user "mlflow"', "%40"),
    ("fe_sendauth: no password supplied", "MLFLOW_TRACKING_URI"),
    ('FATAL:  role "mlflow" does not exist', "createuser"),
    ('FATAL:  database "mlflow" does not exist', "createdb"),
    (
        'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "mlflow", database "mlflow", no encryption',
        "pg_hba.conf",
    ),
    ("FATAL:  sorry, too many clients already", "max_connections"),
    ('FATAL:  Peer authentication failed for user "mlflow"', "pg_hba.conf"),
    ("FATAL:  no more connections allowed (max_client_conn)", "max_connections"),
    ("FATAL:  terminating connection due to administrator command", "in a moment"),
    ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "max_connections"),
    ("FATAL:  the database system is starting up", "in a moment"),
    ("FATAL:  the database system is shutting down", "in a moment"),
    ("permission denied for schema public", "PostgreSQL 15"),
    ("cannot execute INSERT in a read-only transaction", "primary server"),
    ("could not extend file base/1/2: No space left on device", "no space is left"),
    ('could not translate host name "nowhere" to address: Name or service not known', "host name that nobody knows"),
    ("server does not support SSL, but SSL was required", "sslmode"),
    ("(sqlite3.OperationalError) database is locked", "in use by another process"),
    ("(sqlite3.OperationalError) attempt to write a readonly database", "OPENSTACK_RCA_HOME"),
    ("(sqlite3.OperationalError) database or disk is full", "no space is left"),
    ("(sqlite3.DatabaseError) file is not a database", "openstack-rca restore"),
    ("(sqlite3.DatabaseError) database disk image is malformed", "openstack-rca restore"),
    ("Detected out-of-date database schema (found version 1, but expected 2). Take a backup", "mlflow db upgrade"),
    ("Unable to locate credentials", "docs/servers.md"),
    ("No module named 'boto3'", "pip install boto3"),
    ("Can't locate revision identified by 'f00'", "newer one made them"),
]


@pytest.mark.parametrize(("sentence", "words"), BY_DATABASES, ids=[row[1] for row in BY_DATABASES])
def test_a_databases_sentence_is_told_right(sentence: str, words: str) -> None:
    """PostgreSQL and SQLite; neither is called a tracking server, and no password is repeated."""
    error = said(sentence, "postgresql+psycopg2://mlflow:hush@db.example/mlflow")
    assert error is not None
    assert words in str(error)
    assert "tracking database" in str(error) and "hush" not in str(error)


@pytest.mark.parametrize(
    ("revision", "words"), [("f00f00f00f00", "a newer MLflow made the tables"), ("0c779009ac13", "mlflow db upgrade")]
)
def test_an_embedded_database_of_another_mlflow_is_told_right(embedded: Settings, revision: str, words: str) -> None:
    """With an unknown or an older schema: no outage, no defect, and it is called a database."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(embedded.home / "mlflow.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        database.commit()
    with pytest.raises(RegistryRefused, match="tracking database") as caught:
        ask(embedded)
    assert words in str(caught.value)


def test_an_embedded_database_that_may_not_be_read_is_told_at_once(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow would try for minutes. Tests may run as root, who may read everything, hence the answer of the system."""
    database = embedded.home / "mlflow.db"
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != database)
    with pytest.raises(RegistryUnavailable, match=f"{database} may not be read"):
        connect(embedded)


def test_doctor_never_advises_doctor(speaker: Speaker, tmp_path: Path) -> None:
    """Whatever is wrong, its advice leads on."""
    for status, body in ((500, ""), (404, ""), (400, xml("Strange", "never heard of")), (200, HTML)):
        speaker.status, speaker.body = status, body
        settings = store_at(speaker.address, tmp_path).settings.model_copy(
            update={"mlflow_enabled": True, "mlflow_tracking_uri": speaker.address}
        )
        checks = check_connections(settings)
        assert not all(check.ok for check in checks)
        assert "openstack-rca doctor" not in str(checks)
