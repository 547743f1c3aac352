"""The cache: bounded, shared by processes, whole or not at all, tidy after a kill."""

import fcntl
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cache_helpers import SIZE, make_cache, put
from lifecycle_helpers import PATIENCE, MakeModel, publish

from openstack_rca.errors import StoreError
from openstack_rca.lifecycle.objects.files import file_digest, hold, remove_unheld, replacing, work_folder
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings


def test_what_was_not_used_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    cache = make_cache(tmp_path / "cache", 3 * SIZE)
    old, used, young = (put(cache, tmp_path, letter, age) for letter, age in (("a", 30), ("b", 20), ("c", 10)))
    assert cache.verified(old) is not None, "and this is a use of it"
    put(cache, tmp_path, "d")
    assert [cache.path_for(sha256).exists() for sha256 in (old, used, young)] == [True, False, True]


def test_a_file_that_was_changed_in_the_cache_is_not_given_out(tmp_path: Path) -> None:
    """One byte is enough; it is removed, and fetched anew where it is needed."""
    cache = make_cache(tmp_path / "cache")
    sha256 = put(cache, tmp_path, "a")
    path = cache.path_for(sha256)
    path.chmod(0o600)
    path.write_text("a" * (SIZE - 1) + "b")
    assert cache.verified(sha256) is None
    assert not path.exists()
    again, was_there = cache.fetched(sha256, lambda temporary: temporary.write_text("a" * SIZE) and None)
    assert (again.path.read_text(), was_there) == ("a" * SIZE, False)


def test_what_is_in_use_never_goes(tmp_path: Path) -> None:
    """Even the bound gives way to that; it is kept again once nobody uses the file."""
    cache = make_cache(tmp_path / "cache", SIZE)
    first = put(cache, tmp_path, "a", 30)
    used = cache.verified(first)
    assert used is not None
    put(cache, tmp_path, "b")
    assert used.path.read_text() == "a" * SIZE
    used.held.release()
    put(cache, tmp_path, "c")
    assert not cache.path_for(first).exists()


def test_what_another_process_uses_does_not_go(tmp_path: Path) -> None:
    cache = make_cache(tmp_path / "cache", SIZE)
    first = put(cache, tmp_path, "a", 30)
    code = "import sys; from pathlib import Path; from openstack_rca.lifecycle.objects.files import hold\n"
    code += "held = hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, cache.path_for(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as user:
        assert user.stdout and user.stdout.readline() == b"held\n"
        put(cache, tmp_path, "b", 20)
        assert cache.path_for(first).exists()
        user.communicate()
    put(cache, tmp_path, "c")
    assert not cache.path_for(first).exists()


def test_the_environments_share_one_bound(embedded: Settings, make_model: MakeModel) -> None:
    small = embedded.model_copy(update={"cache_size_bytes": 1})
    for experiment in ("one", "two"):
        publish(ModelLifecycle(small.model_copy(update={"experiment_name": experiment})), make_model(experiment))
    assert len(list((small.cache_folder / "objects").glob("*.keras"))) <= 1


def test_a_loaded_model_stays_while_it_is_used(embedded: Settings, make_model: MakeModel) -> None:
    small = ModelLifecycle(embedded.model_copy(update={"cache_size_bytes": 1}))
    publish(small, make_model("one"))
    loaded = small.load(1)
    publish(small, make_model("two"))
    assert small.load(2).path.exists()
    assert loaded.path.exists()


def fetch_slowly(folder: Path, sha256: str, content: str, log: Path) -> str:
    def fetch(temporary: Path) -> None:
        with log.open("a") as stream:
            stream.write("fetched\n")
        temporary.write_text(content)

    found, _ = make_cache(folder).fetched(sha256, fetch)
    return found.path.read_text()


def test_of_many_that_need_a_file_at_once_each_gets_it_whole(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("x" * SIZE)
    task = (tmp_path / "cache", file_digest(source), "x" * SIZE, tmp_path / "log")
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        assert set(pool.map(fetch_slowly, *zip(*[task] * 8, strict=True))) == {"x" * SIZE}
    assert (tmp_path / "log").read_text() == "fetched\n"


def test_who_needs_what_another_fetches_waits_while_that_gets_on(tmp_path: Path) -> None:
    """It fetches nothing itself, and is told how much has come."""
    source = tmp_path / "source"
    source.write_text("x" * SIZE)
    sha256 = file_digest(source)
    one, other = (make_cache(tmp_path / "cache", patience=PATIENCE) for _ in range(2))
    half_there, seen = threading.Event(), threading.Event()
    told: list[int] = []

    def fetch(temporary: Path) -> None:
        temporary.write_text("x" * (SIZE // 2))
        half_there.set()
        assert seen.wait(PATIENCE)
        temporary.write_text("x" * SIZE)

    def fetch_twice(_temporary: Path) -> None:
        seen.set()
        raise StoreError("it was fetched a second time")

    def see(done: int) -> None:
        told.append(done)
        seen.set()

    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(one.fetched, sha256, fetch)
        assert half_there.wait(PATIENCE)
        try:
            found, was_there = other.fetched(sha256, fetch_twice, see)
        finally:
            seen.set()
        assert fetching.result()[1] is False
    assert (found.path.read_text(), was_there, told[0]) == ("x" * SIZE, True, SIZE // 2)


def test_another_that_fetches_for_ever_is_waited_for_as_long_as_the_patience_and_no_longer(tmp_path: Path) -> None:
    cache = make_cache(tmp_path / "cache")
    source = tmp_path / "source"
    source.write_text("x" * SIZE)
    sha256 = file_digest(source)
    begun = time.monotonic()
    with cache._turn(sha256, print):
        found, was_there = make_cache(tmp_path / "cache", patience=0.3).fetched(
            sha256, lambda temporary: temporary.write_text("x" * SIZE) and None
        )
    assert 0.3 <= time.monotonic() - begun < PATIENCE
    assert (found.path.read_text(), was_there) == ("x" * SIZE, False)


def test_where_a_file_system_knows_no_locks_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two may fetch the same file then, which is harmless."""
    cache = make_cache(tmp_path / "cache")
    locks = SimpleNamespace(LOCK_EX=fcntl.LOCK_EX, LOCK_NB=fcntl.LOCK_NB, flock=no_locks)
    monkeypatch.setattr("openstack_rca.lifecycle.local.cache.fcntl", locks)
    put(cache, tmp_path, "a")
    assert len(list((tmp_path / "cache").rglob("*.keras"))) == 1


def no_locks(*_arguments: object) -> None:
    raise OSError(37, "No locks available")


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = make_cache(tmp_path / "cache")

    def fetch(temporary: Path) -> None:
        temporary.write_text("half")
        raise StoreError("broken")

    with pytest.raises(StoreError):
        cache.fetched("0" * 64, fetch)
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [".turn-0"]


KILLED = """
import os, signal, sys
from pathlib import Path
from openstack_rca.lifecycle.objects.files import replacing, work_folder
with work_folder(Path(sys.argv[2])) as folder, replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    (folder / "file").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target, work = tmp_path / "target", tmp_path / "work"
    killed = subprocess.run([sys.executable, "-c", KILLED, target, work], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".target.*.part"))) == len(list(work.iterdir())) == 1
    with replacing(target) as temporary, work_folder(work):
        temporary.write_text("whole")
    assert list(work.iterdir()) == list(tmp_path.glob(".*")) == []
    assert target.read_text() == "whole"


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    with work_folder(tmp_path / "work") as first, replacing(tmp_path / "target") as mine:
        with work_folder(tmp_path / "work") as second, replacing(tmp_path / "target") as other:
            other.write_text("other")
            mine.write_text("mine")
            assert first.exists() and second.exists()
        assert (tmp_path / "target").read_text() == "other"
    assert (tmp_path / "target").read_text() == "mine"


def test_loading_tidies_the_cache(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, make_model("one"))
    left = lifecycle.cache.path_for("f" * 64)
    left = left.with_name(f".{left.name}.abc.part")
    left.write_text("half")
    lifecycle.load()
    assert not left.exists()


def test_a_file_that_is_not_there_is_neither_held_nor_an_error(tmp_path: Path) -> None:
    assert hold(tmp_path / "nowhere") is None
    assert remove_unheld(tmp_path / "nowhere")


def published_large(embedded: Settings, folder: Path) -> None:
    path = folder / "large.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", os.urandom(200_000))
    publish(ModelLifecycle(embedded), path)


def services(settings: Settings) -> dict[str, Any]:
    return {"mlflow_tracking_uri": settings.tracking_uri, "mlflow_artifact_root": settings.artifact_root}


@pytest.fixture
def no_large_files() -> Any:
    """This process may write no file beyond 100 kB: what a full disk does, without a disk to fill."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_cache_that_cannot_take_the_file_is_an_error_in_words(
    embedded: Settings, tmp_path: Path, no_large_files: Any
) -> None:
    published_large(embedded, tmp_path)
    elsewhere = ModelLifecycle(load_settings(home=tmp_path / "elsewhere", **services(embedded)))
    no_large_files()
    with pytest.raises(StoreError, match=r"cannot be written: File too large.*Free some space"):
        elsewhere.load()
    assert list((tmp_path / "elsewhere" / "cache" / "objects").glob("*.part")) == []
    assert list((tmp_path / "elsewhere" / "cache" / "objects").glob("*.keras")) == []


def test_with_a_full_disk_an_older_version_of_the_cache_answers(
    embedded: Settings, tmp_path: Path, make_model: MakeModel, no_large_files: Any
) -> None:
    publish(ModelLifecycle(embedded), make_model("small"))
    elsewhere = ModelLifecycle(load_settings(home=tmp_path / "elsewhere", **services(embedded)))
    elsewhere.load()
    published_large(embedded, tmp_path)
    no_large_files()
    loaded = elsewhere.load()
    assert loaded.version.version == 1
    assert "cannot be written" in loaded.notices[0]
    assert "version 1 from the cache" in loaded.notices[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of 256 kB; only root can make one."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_really_full_disk_is_named_and_left_clean(embedded: Settings, tmp_path: Path, small_disk: Path) -> None:
    published_large(embedded, tmp_path)
    (small_disk / "filler").write_bytes(bytes(150_000))
    elsewhere = ModelLifecycle(load_settings(home=small_disk, **services(embedded)))
    with pytest.raises(StoreError, match="No space left on device"):
        elsewhere.load()
    (small_disk / "filler").unlink()
    assert elsewhere.load().version.version == 1


def publish_and_die(facts: dict[str, Any], model: Path) -> None:
    """A process that is killed while it copies the model into the store."""
    from openstack_rca.lifecycle.objects import files

    def copy(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:50])
        os.kill(os.getpid(), signal.SIGKILL)

    files.copy_bytes = copy
    publish(ModelLifecycle(load_settings(**facts)), model)


def test_an_upload_into_a_folder_that_was_killed_leaves_nothing_after_the_next(
    store_only: Settings, make_model: MakeModel
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=publish_and_die, args=(store_only.model_dump(exclude_unset=True), make_model("one"))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = list(store_only.home.rglob("*.part"))
    assert len(left) == 1
    lifecycle = ModelLifecycle(store_only)
    assert lifecycle.store.objects("") == []
    version = publish(lifecycle, make_model("two"))
    assert list(store_only.home.rglob("*.part")) == []
    assert lifecycle.load().version == version


def test_where_a_file_system_has_no_links_objects_are_created_all_the_same(
    store_only: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_names: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_link)
    lifecycle = ModelLifecycle(store_only)
    publish(lifecycle, make_model("one"))
    assert [check.ok for check in lifecycle.verify()] == [True]
    assert list(store_only.home.rglob("*.part")) == []
