"""Objects in folders and in Swift: create-only, bounded, errors in words."""

import hashlib
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import silent_server
from lifecycle_servers import ACCESS_KEY, SECRET

from openstack_rca.errors import (
    ConfigurationError,
    StoreAccessDenied,
    StoreError,
    StoreObjectExists,
    StoreObjectNotFound,
    StoreUnavailable,
)
from openstack_rca.lifecycle.objects.credentials import find_s3_access
from openstack_rca.lifecycle.objects.files import write_whole
from openstack_rca.lifecycle.objects.store import ObjectStore, normal_root
from openstack_rca.lifecycle.objects.store_errors import writing_to
from openstack_rca.settings import Settings, load_settings

ATTRIBUTES = {"sha256": "0123", "writer": "me"}


@pytest.fixture(params=["store_only", "s3"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    return ObjectStore(request.getfixturevalue(request.param))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(os.urandom(40_000))
    return path


def test_a_stored_file_comes_back_as_it_was(store: ObjectStore, source: Path, tmp_path: Path) -> None:
    store.put_new_file("a/b/file.keras", source, ATTRIBUTES)
    sha256, size, attributes = store.fetch("a/b/file.keras", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert (sha256, size) == (hashlib.sha256(source.read_bytes()).hexdigest(), 40_000)
    assert store.is_local or {**attributes, **ATTRIBUTES} == attributes


def test_a_taken_key_is_never_overwritten(store: ObjectStore, source: Path) -> None:
    store.put_new_bytes("a/key", b"first")
    with pytest.raises(StoreObjectExists, match="nothing was overwritten"):
        store.put_new_bytes("a/key", b"second")
    with pytest.raises(StoreObjectExists):
        store.put_new_file("a/key", source, {})
    assert store.read("a/key") == b"first"


def test_a_missing_object_is_told_from_a_present_one(store: ObjectStore) -> None:
    store.put_new_bytes("a/key", b"first")
    assert (store.exists("a/key"), store.exists("a/other")) == (True, False)
    with pytest.raises(StoreObjectNotFound):
        store.read("a/other")
    with pytest.raises(StoreObjectNotFound):
        store.fetch("a/other")


def test_folders_are_listed_by_name(store: ObjectStore) -> None:
    for key in ("one_0001/x", "one_0002/models/x", "two/x", "file"):
        store.put_new_bytes(key, b"")
    assert sorted(store.folders()) == ["one_0001", "one_0002", "two"]


def test_deleting_twice_is_no_error(store: ObjectStore) -> None:
    store.put_new_bytes("key", b"")
    store.delete("key")
    store.delete("key")
    assert not store.exists("key")


def test_a_large_file_goes_up_in_parts_with_its_attributes(s3: Settings, tmp_path: Path) -> None:
    part = 5 * 1024 * 1024
    settings = s3.model_copy(update={"s3_multipart_threshold": part, "s3_multipart_chunksize": part})
    source, store, steps = tmp_path / "large", ObjectStore(settings), []
    source.write_bytes(os.urandom(2 * part + 1))
    store.put_new_file("large", source, ATTRIBUTES, lambda done, total: steps.append((done, total)))
    sha256, size, attributes = store.fetch("large")
    assert (sha256, size) == (hashlib.sha256(source.read_bytes()).hexdigest(), 2 * part + 1)
    assert {**attributes, **ATTRIBUTES} == attributes
    assert [done for done, _ in steps[:4]] == [0, part, 2 * part, 2 * part + 1]
    with pytest.raises(StoreObjectExists):
        store.put_new_file("large", source, ATTRIBUTES)


@pytest.fixture
def without_conditions(s3: Settings) -> Iterator[tuple[Settings, list[str]]]:
    """Swift behind a proxy that answers 501 to ``If-None-Match``, as Swift 2.30 does."""
    refused: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("If-None-Match"):
                refused.append(self.path)
                self.send_response(501)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            request = urllib.request.Request(
                f"{s3.s3_endpoint_url}{self.path}", body or None, dict(self.headers), method=self.command
            )
            try:
                answer = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name not in ("Content-Length", "Transfer-Encoding", "Connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", answer.headers.get("Content-Length", str(len(content))))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield s3.model_copy(update={"s3_endpoint_url": f"http://127.0.0.1:{proxy.server_port}"}), refused
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def test_a_server_without_conditional_writes_is_asked_first(without_conditions: tuple[Settings, list[str]]) -> None:
    settings, refused = without_conditions
    store = ObjectStore(settings)
    store.put_new_bytes("key", b"first")
    assert refused
    with pytest.raises(StoreObjectExists):
        store.put_new_bytes("key", b"second")
    assert store.read("key") == b"first"


def test_a_silent_store_is_given_up(s3: Settings, source: Path) -> None:
    with silent_server() as address:
        store = ObjectStore(s3.model_copy(update={"s3_endpoint_url": address, "network_timeout_seconds": 0.5}))
        with pytest.raises(StoreUnavailable, match=address):
            store.read("key")
        with pytest.raises(StoreUnavailable, match=address):
            store.put_new_file("key", source, {})


def test_a_handshake_that_never_ends_is_given_up(s3: Settings) -> None:
    with silent_server() as address:
        changes = {"s3_endpoint_url": address.replace("http", "https"), "network_timeout_seconds": 0.5}
        with pytest.raises(StoreUnavailable):
            ObjectStore(s3.model_copy(update=changes)).folders()


@pytest.mark.parametrize("root", ["ftp://host/models", "mlflow-artifacts:/models", "http://host/models"])
def test_a_root_that_no_store_serves_is_a_configuration_error(tmp_path: Path, root: str) -> None:
    with pytest.raises(ConfigurationError, match="MLFLOW_ARTIFACT_ROOT"):
        ObjectStore(load_settings(home=tmp_path, mlflow_artifact_root=root))


def test_a_plain_path_is_a_folder(tmp_path: Path) -> None:
    assert normal_root(f"{tmp_path}/my models/") == f"file://{tmp_path}/my%20models"
    store = ObjectStore(load_settings(home=tmp_path, mlflow_artifact_root=f"{tmp_path}/my models"))
    store.put_new_bytes("a/key", b"content")
    assert (tmp_path / "my models" / "a" / "key").read_bytes() == b"content"


def test_a_folder_that_may_not_be_written_is_access_denied(tmp_path: Path) -> None:
    """Nobody makes folders in /sys, root included."""
    with pytest.raises(StoreAccessDenied, match="MLFLOW_ARTIFACT_ROOT"):
        ObjectStore(load_settings(home=tmp_path, mlflow_artifact_root="/sys/models")).put_new_bytes("a/k", b"")


def test_a_root_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        ObjectStore(load_settings(home=tmp_path, mlflow_artifact_root=f"{tmp_path}/file")).put_new_bytes("a/k", b"")


def test_a_target_that_cannot_be_written_is_an_error_in_words(store: ObjectStore, tmp_path: Path) -> None:
    store.put_new_bytes("key", b"content")
    with pytest.raises(StoreError, match="cannot be written"):
        store.fetch("key", tmp_path / "no such folder" / "file")


def test_a_file_where_a_folder_should_be_is_no_lack_of_space(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreError, match="A file is where its folder should be"),
        writing_to(tmp_path / "file" / "copy"),
    ):
        write_whole(tmp_path / "file" / "copy", b"content")


def credentials_file(tmp_path: Path, text: str, config: str = "") -> Path:
    path = tmp_path / "aws" / "credentials"
    path.parent.mkdir()
    path.write_text(text)
    (path.parent / "config").write_text(config)
    return path


def test_a_profile_gives_credentials_region_and_endpoint(s3: Settings, tmp_path: Path) -> None:
    path = credentials_file(
        tmp_path,
        f"[team]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET}\n",
        f"[profile team]\nregion = us-east-1\nendpoint_url = {s3.s3_endpoint_url}\n",
    )
    settings = load_settings(
        home=tmp_path, mlflow_artifact_root=s3.artifact_root, aws_profile="team", aws_shared_credentials_file=path
    )
    ObjectStore(settings).put_new_bytes("key", b"content")
    assert ObjectStore(s3).read("key") == b"content"
    assert SECRET not in repr(find_s3_access(settings))


def test_keys_in_the_environment_win_over_a_profile(tmp_path: Path) -> None:
    path = credentials_file(tmp_path, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    given = {"home": tmp_path, "aws_shared_credentials_file": path}
    assert find_s3_access(load_settings(**given)).access_key_id == "a"
    keys = {"aws_access_key_id": "c", "aws_secret_access_key": "d"}
    assert find_s3_access(load_settings(**given, **keys)).access_key_id == "c"


def test_an_unknown_profile_is_a_configuration_error(tmp_path: Path) -> None:
    path = credentials_file(tmp_path, "[default]\n")
    with pytest.raises(ConfigurationError, match="'nobody'"):
        find_s3_access(load_settings(home=tmp_path, aws_profile="nobody", aws_shared_credentials_file=path))


def test_a_credentials_file_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    path = credentials_file(tmp_path, "no section here\n")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        find_s3_access(load_settings(home=tmp_path, aws_shared_credentials_file=path))
