"""Who waits for what, and for how long: another process's download, and work that is given up."""

import multiprocessing
import os
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import MakeModel, publish, silent_server

from openstack_rca.errors import RegistryUnavailable, StoreError, StoreUnavailable
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.local.cache import ModelCache
from openstack_rca.lifecycle.objects.connecting import ONE_ANSWER
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.objects.patience import side_by_side, within
from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

HANG = 60.0
"""Seconds after which something does not come any more."""


@contextmanager
def another_that_fetches(cache: ModelCache, sha256: str, work: Callable[[Path], None]) -> Iterator[None]:
    """Another process's turn at a file: ``work`` writes it at its own pace. Locks tell open files, not processes, apart."""
    begun = threading.Event()

    def fetch(temporary: Path) -> None:
        begun.set()
        work(temporary)

    def give_up_or_fetch() -> None:
        with suppress(StoreError):
            cache.fetched(sha256, fetch)

    thread = threading.Thread(target=give_up_or_fetch)
    thread.start()
    assert begun.wait(HANG)
    try:
        yield
    finally:
        thread.join()


@pytest.fixture
def fetched_by_two(store_only: Settings, make_model: MakeModel) -> tuple[ModelCache, ModelLifecycle, Path]:
    """The cache of who is first, the lifecycle of who comes second to the same empty cache, and the version's file."""
    model = make_model("one")
    publish(ModelLifecycle(store_only), model)
    home = {"home": store_only.home / "elsewhere", "mlflow_artifact_root": store_only.artifact_root}
    settings = load_settings(**home, mlflow_enabled=False, network_timeout_seconds=3)
    return ModelLifecycle(settings).cache, ModelLifecycle(settings), model


def test_a_download_of_another_process_is_waited_for_beyond_the_budget_while_it_gets_on(
    fetched_by_two: tuple[ModelCache, ModelLifecycle, Path],
) -> None:
    first, second, model = fetched_by_two
    seen: list[int] = []
    looked = threading.Event()

    def slowly(temporary: Path) -> None:
        end = time.monotonic() + 2 * second.settings.network_timeout_seconds
        while time.monotonic() < end:
            looked.clear()
            with temporary.open("ab") as stream:
                stream.write(bytes(64 * 1024))
            looked.wait(second.settings.network_timeout_seconds / 15)
        temporary.write_bytes(model.read_bytes())

    def on_progress(done: int, _total: int) -> None:
        seen.append(done)
        looked.set()

    with another_that_fetches(first, file_digest(model), slowly):
        loaded = second.load(on_progress=on_progress)
    assert (loaded.source, loaded.notices, loaded.path.read_bytes()) == ("cache", [], model.read_bytes())
    assert seen == sorted(seen)


def test_a_download_of_another_process_that_stands_still_is_overtaken_within_the_budget(
    fetched_by_two: tuple[ModelCache, ModelLifecycle, Path],
) -> None:
    first, second, model = fetched_by_two
    over = threading.Event()

    def stand_still(_temporary: Path) -> None:
        over.wait(HANG)
        raise StoreError("it never came")

    with another_that_fetches(first, file_digest(model), stand_still):
        try:
            loaded = second.load()
        finally:
            over.set()
    assert (loaded.source, loaded.notices, loaded.path.read_bytes()) == ("store", [], model.read_bytes())


def test_a_second_download_keeps_the_time_that_the_first_one_earned() -> None:
    """The other process breaks off in the middle: the waiting one begins at nothing, and not with a used-up budget."""

    def work(progress: Callable[[int, int], None]) -> str:
        progress(1024 * 1024, 2 * 1024 * 1024)
        progress(0, 2 * 1024 * 1024)
        threading.Event().wait(2.0)
        return "done"

    assert within(1.0, work, StoreError("late")) == "done"


def test_work_side_by_side_comes_back_in_order() -> None:
    """Also where a later item is done first."""
    second = threading.Event()

    def work(number: int) -> int:
        if number == 1:
            assert second.wait(HANG)
        second.set()
        return 10 * number

    assert side_by_side(2, work, [1, 2, 3]) == [10, 20, 30]


def test_work_side_by_side_is_on_so_many_items_at_once_and_no_more() -> None:
    met = threading.Barrier(3)
    at_work: set[int] = set()
    most: list[int] = []

    def work(number: int) -> None:
        at_work.add(number)
        most.append(len(at_work))
        met.wait(HANG)
        at_work.discard(number)
        met.wait(HANG)

    side_by_side(3, work, range(9))
    assert max(most) == 3


def test_an_error_is_raised_while_other_items_still_hang() -> None:
    over = threading.Event()

    def work(number: int) -> None:
        if number == 2:
            raise StoreError("broken")
        over.wait(HANG)

    start = time.monotonic()
    try:
        with pytest.raises(StoreError, match="broken"):
            side_by_side(2, work, [1, 2, 3])
        assert time.monotonic() - start < HANG
    finally:
        over.set()


def test_no_item_is_begun_after_an_error() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        raise StoreError("broken")

    with pytest.raises(StoreError):
        side_by_side(1, work, range(100))
    assert begun == [0]


def list_versions(facts: dict[str, Any]) -> None:
    ModelLifecycle(load_settings(**facts)).list()


@pytest.mark.parametrize("part", ["manifest", "event"])
def test_a_process_ends_when_it_is_interrupted_while_it_reads_many_objects(
    s3: Settings, make_model: MakeModel, part: str
) -> None:
    """The server stays silent beyond the test's patience; nothing that still waits for it holds up the end."""
    assert s3.s3_endpoint_url
    lifecycle = ModelLifecycle(s3)
    publish(lifecycle, make_model("one"))
    VersionChanges(lifecycle).pin(1, "it is the good one")
    place, asked = lifecycle.place, threading.Event()
    key = place.manifest_key(1) if part == "manifest" else place.history_key("")
    with flaky_proxy(s3.s3_endpoint_url) as proxy:
        proxy.fault = Fault("silent", method="GET", path=key)

        def notice(head: bytes) -> bool:
            if key.encode() in head.split(b"\r\n", 1)[0]:
                asked.set()
            return True

        proxy.require = notice
        facts = {**s3.model_dump(exclude_unset=True), "s3_endpoint_url": proxy.address, "network_timeout_seconds": 600}
        process = multiprocessing.get_context("spawn").Process(target=list_versions, args=(facts,))
        process.start()
        try:
            assert asked.wait(HANG)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGINT)
            process.join(HANG)
            assert process.exitcode is not None
        finally:
            process.kill()
            process.join()


def read(store: ObjectStore) -> object:
    return store.read("small")


def folders(store: ObjectStore) -> object:
    return store.folders()


def objects(store: ObjectStore) -> object:
    return store.objects("")


@pytest.mark.parametrize("question", [read, folders, objects])
def test_a_small_answer_that_comes_a_byte_at_a_time_is_given_up(
    s3: Settings, question: Callable[[ObjectStore], object]
) -> None:
    """Each byte comes within the limit on silence; all of them would take minutes."""
    assert s3.s3_endpoint_url
    ObjectStore(s3).put_new_bytes("small", b"a" * 200)
    with flaky_proxy(s3.s3_endpoint_url) as proxy:
        proxy.fault = Fault("trickle body", method="GET", seconds=0.5)
        changes = {"s3_endpoint_url": proxy.address, "network_timeout_seconds": 1}
        start = time.monotonic()
        with pytest.raises(StoreUnavailable):
            question(ObjectStore(s3.model_copy(update=changes)))
        assert time.monotonic() - start < HANG


def test_a_model_file_may_come_slowly_as_long_as_it_comes(s3: Settings, tmp_path: Path) -> None:
    """It takes longer than a small answer may."""
    assert s3.s3_endpoint_url
    ObjectStore(s3).put_new_bytes("model", b"a" * 40)
    with flaky_proxy(s3.s3_endpoint_url) as proxy:
        proxy.fault = Fault("trickle body", method="GET", seconds=0.1)
        changes = {"s3_endpoint_url": proxy.address, "network_timeout_seconds": 1}
        start = time.monotonic()
        ObjectStore(s3.model_copy(update=changes)).fetch("model", tmp_path / "model")
        assert time.monotonic() - start > ONE_ANSWER
    assert (tmp_path / "model").read_bytes() == b"a" * 40


def test_a_database_that_takes_the_connection_and_stays_silent_is_given_up(tmp_path: Path) -> None:
    """The knock at its port succeeds; the driver itself would wait for ever."""
    with silent_server() as address:
        uri = address.replace("http://", "postgresql+psycopg2://rca:hush@") + "/mlflow"
        settings = load_settings(home=tmp_path, mlflow_tracking_uri=uri, network_timeout_seconds=1)
        start = time.monotonic()
        with pytest.raises(RegistryUnavailable, match="too slow") as caught:
            ModelLifecycle(settings).list()
        assert time.monotonic() - start < HANG
    assert "hush" not in str(caught.value)


@contextmanager
def server_of_another_protocol() -> Iterator[str]:
    """Greets every client as an SSH server does."""

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            serving.join()


def at_another_protocol(home: Path, address: str) -> Settings:
    return load_settings(
        home=home,
        mlflow_enabled=False,
        mlflow_artifact_root="s3://bucket/rca",
        s3_endpoint_url=address,
        aws_access_key_id="someone",
        aws_secret_access_key="a-secret",
        network_timeout_seconds=5,
    )


def test_a_bucket_asked_where_no_http_is_spoken_is_an_error_in_words(tmp_path: Path) -> None:
    with server_of_another_protocol() as address, pytest.raises(StoreUnavailable, match="does not answer"):
        ask_bucket(at_another_protocol(tmp_path, address), "bucket", "lifecycle")


def test_the_doctor_tells_of_a_store_where_no_http_is_spoken(tmp_path: Path) -> None:
    with server_of_another_protocol() as address:
        checks = {check.name: check for check in check_connections(at_another_protocol(tmp_path, address))}
    assert not checks["store write"].ok
    assert checks["clock"].detail == "no server to compare with"
