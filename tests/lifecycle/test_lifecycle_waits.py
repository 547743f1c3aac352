"""Who waits for what, and for how long: another process's download, and work that is given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from lifecycle_helpers import MakeModel, publish

from openstack_rca.errors import StoreError
from openstack_rca.lifecycle.cache import ModelCache
from openstack_rca.lifecycle.files import file_digest
from openstack_rca.lifecycle.patience import within
from openstack_rca.lifecycle.versions import ModelLifecycle
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
