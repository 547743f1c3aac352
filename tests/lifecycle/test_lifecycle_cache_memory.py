"""The cache to the byte, and what it remembers of versions and answers; no registry and no store is needed for that."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cache_helpers import SIZE, make_cache, put

from openstack_rca.lifecycle.local.cache import ModelCache, Origin, find_origin, open_cache
from openstack_rca.lifecycle.records import ModelVersion, Place
from openstack_rca.settings import load_settings

PLACE = Place("experiment", "model")
VERSION = ModelVersion(
    name="model",
    version=3,
    uri="file:///top/experiment_0003/models/model_v3.keras",
    sha256="ab" * 32,
    size_bytes=7,
    created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    run_id="run",
    experiment="experiment",
    status="ready",
    aliases=("champion", "blue"),
    metrics={"loss": 0.25},
    tags={"by": "me"},
    pinned=True,
)


def test_files_that_fill_the_bound_stay_and_one_byte_more_is_too_much(tmp_path: Path) -> None:
    """The bound is what the files may have in all."""
    for limit, left in ((2 * SIZE, 2), (2 * SIZE - 1, 1)):
        folder = tmp_path / str(limit)
        folder.mkdir()
        roomy = make_cache(folder)
        for letter, age in (("a", 20), ("b", 10)):
            put(roomy, folder, letter, age)
        make_cache(folder, limit).shrink()
        assert len(list(folder.rglob("*.keras"))) == left
        assert roomy.path_for(put(roomy, folder, "b")).exists()


def test_a_damaged_file_is_not_given_out_and_goes(tmp_path: Path) -> None:
    """The digest is taken at every use; the next one that needs the file fetches it."""
    cache = make_cache(tmp_path / "cache")
    sha256 = put(cache, tmp_path, "a")
    cache.path_for(sha256).write_text("b" * SIZE)
    assert cache.verified(sha256) is None
    assert not cache.path_for(sha256).exists()
    fetched: list[Path] = []

    def fetch(temporary: Path) -> None:
        fetched.append(temporary)
        temporary.write_text("a" * SIZE)

    assert [cache.fetched(sha256, fetch)[1] for _ in range(2)] == [False, True]
    assert len(fetched) == 1


def test_a_use_makes_a_file_young(tmp_path: Path) -> None:
    """That is what is looked at when one has to go."""
    cache = make_cache(tmp_path / "cache")
    sha256 = put(cache, tmp_path, "a", age=1000)
    before = cache.path_for(sha256).stat().st_mtime
    assert cache.verified(sha256) is not None
    assert cache.path_for(sha256).stat().st_mtime > before + 500


def test_a_file_that_is_not_what_was_said_is_not_taken(tmp_path: Path) -> None:
    """It changed while it was copied; nothing of it stays."""
    cache = make_cache(tmp_path / "cache")
    (tmp_path / "source").write_text("other")
    for said in ("0" * 64, "f" * 64):
        with pytest.raises(OSError, match="it changed while it was copied"):
            cache.add(tmp_path / "source", said)
    assert list((tmp_path / "cache").rglob("*.keras")) == []


def test_a_version_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every fact of it; and the highest number first where all are asked for."""
    cache = make_cache(tmp_path)
    for number in (2, 10, 3):
        cache.remember_version(replace(VERSION, version=number))
    assert cache.version(3) == VERSION
    assert [version.version for version in cache.versions()] == [10, 3, 2]
    assert cache.version(4) is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"version": 3}', b'{"created": 1, "aliases": []}'])
def test_what_is_no_record_counts_for_nothing(tmp_path: Path, content: bytes) -> None:
    """Damaged by hand or by an older release: as if it had never been there, and the others stand."""
    cache = make_cache(tmp_path)
    cache.remember_version(VERSION)
    cache.remember_version(replace(VERSION, version=2))
    cache.remember_answer("latest", VERSION)
    for name in ("3.json", "latest.json"):
        (path,) = tmp_path.rglob(name)
        path.write_bytes(content)
    assert cache.version(3) is None
    assert cache.answer("latest") is None
    assert [version.version for version in cache.versions()] == [2]


def test_an_answer_is_remembered_with_its_pin_and_its_moment(tmp_path: Path) -> None:
    """Of each reference the last one."""
    cache = make_cache(tmp_path)
    assert cache.answer("latest") is None
    cache.remember_answer("latest", replace(VERSION, version=2, pinned=False))
    cache.remember_answer("latest", VERSION)
    cache.remember_answer("@champion", replace(VERSION, version=1, pinned=False))
    answer, other = cache.answer("latest"), cache.answer("@champion")
    assert answer is not None and other is not None
    assert (answer.version, answer.pinned, other.version, other.pinned) == (3, True, 1, False)
    assert timedelta(0) <= datetime.now(UTC) - answer.when < timedelta(minutes=5)


def test_a_signature_is_kept_of_each_version(tmp_path: Path) -> None:
    """The last one; of a version without one there is none."""
    cache = make_cache(tmp_path)
    cache.remember_signature(3, b"first")
    cache.remember_signature(3, b"second")
    assert (cache.signature(3), cache.signature(2)) == (b"second", None)


@pytest.mark.parametrize(
    ("uri", "registry", "known"),
    [
        ("file:///top/x.keras", "other", True),
        ("file:///elsewhere/x.keras", "registry", True),
        ("file:///elsewhere/x.keras", "other", False),
        ("file:///topless/x.keras", "other", False),
    ],
)
def test_a_number_is_that_of_a_store_or_of_a_registry(uri: str, registry: str, known: bool, tmp_path: Path) -> None:
    """What neither tells of is somebody else's version of that number."""
    assert Origin("file:///top", "store", "registry").knows(uri, registry) is known
    writer = ModelCache(tmp_path, PLACE, Origin("file:///top", "store", registry), SIZE, 1.0)
    writer.remember_version(replace(VERSION, uri=uri))
    reader = ModelCache(tmp_path, PLACE, Origin("file:///top", "store", "registry"), SIZE, 1.0)
    assert (reader.version(3) is not None) is known


def test_environments_and_models_remember_apart(tmp_path: Path) -> None:
    """Files are shared by their digest; numbers are not."""
    origin = Origin("file:///top", "store", "")
    first = ModelCache(tmp_path, PLACE, origin, SIZE, 1.0)
    first.remember_version(VERSION)
    for place in (Place("other", "model"), Place("experiment", "other")):
        assert ModelCache(tmp_path, place, origin, SIZE, 1.0).version(3) is None
        assert ModelCache(tmp_path, place, origin, SIZE, 1.0).path_for("a") == first.path_for("a")


def test_a_store_is_known_by_its_server_and_its_root(tmp_path: Path) -> None:
    """A bucket of the same name elsewhere is another one; a slash at the end of an address is none of its name."""

    def store(**changes: object) -> str:
        return find_origin(load_settings(home=tmp_path, mlflow_artifact_root="s3://bucket/rca", **changes)).store

    assert store(s3_endpoint_url="http://one") != store(s3_endpoint_url="http://two")
    assert store(s3_endpoint_url="http://one/") == store(s3_endpoint_url="http://one")
    assert store(aws_profile="one") != store(aws_profile="two")
    assert find_origin(load_settings(home=tmp_path, mlflow_enabled=False)).registry == ""
    assert find_origin(load_settings(home=tmp_path)).registry != ""


def test_another_download_is_waited_for_half_of_the_time_that_a_load_may_take(tmp_path: Path) -> None:
    """The other half is left for one's own."""
    cache = open_cache(load_settings(home=tmp_path, network_timeout_seconds=8, cache_size_bytes=123), PLACE)
    assert (cache._patience, cache._limit) == (4.0, 123)
    assert os.fspath(cache.path_for("a")).startswith(os.fspath(tmp_path))
