"""Compression: smaller, the same inside, whatever happens on the way."""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifecycle_helpers import MakeModel, publish

from openstack_rca.errors import ModelFileDamaged, PublishFailed
from openstack_rca.lifecycle.local.compression import compress
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings


def compressed(settings: Settings) -> Settings:
    return settings.model_copy(update={"enable_compression": True})


def content_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_published_version_is_smaller_and_holds_the_same(settings: Settings, make_model: MakeModel) -> None:
    """The digest is that of the compressed file, which is what is stored."""
    model = make_model("".join(f"template {number} of nova\n" for number in range(2000)))
    lifecycle = ModelLifecycle(compressed(settings))
    version = publish(lifecycle, model)
    loaded = lifecycle.load()
    assert version.size_bytes == loaded.path.stat().st_size < model.stat().st_size / 2
    assert version.sha256 == file_digest(loaded.path)
    assert content_of(loaded.path) == content_of(model)
    assert [check.ok for check in lifecycle.verify()] == [True]
    assert not list((settings.home / "work").iterdir())


def test_keras_opens_a_compressed_file(embedded: Settings, tmp_path: Path) -> None:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
    import numpy as np

    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(64), keras.layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    lifecycle = ModelLifecycle(compressed(embedded))
    publish(lifecycle, tmp_path / "model.keras")
    loaded = keras.saving.load_model(lifecycle.load().path, compile=False, safe_mode=True)
    for before, after in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path, make_model: MakeModel) -> None:
    model = make_model("content" * 100)
    for name in ("one", "two"):
        compress(model, tmp_path / name)
    os.utime(model, (0, 0))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@given(members=st.dictionaries(st.text("abc./", min_size=1, max_size=9), st.binary(max_size=3000), max_size=4))
def test_whatever_is_inside_comes_out_again(members: dict[str, bytes], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("pack")
    with zipfile.ZipFile(folder / "in", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    compress(folder / "in", folder / "out")
    assert content_of(folder / "out") == members


def test_no_member_unpacks_to_what_a_reader_takes_for_a_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in", "w") as archive:
        archive.writestr("zeros", bytes(1_000_000))
    compress(tmp_path / "in", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out") as archive:
        (member,) = archive.infolist()
    assert (member.filename, member.file_size) == ("zeros", 1_000_000)
    assert member.file_size <= 100 * member.compress_size


def test_what_would_not_shrink_goes_as_it_is(embedded: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    compress(make_model("x" * 1000), tmp_path / "small.keras")
    version = publish(ModelLifecycle(compressed(embedded)), tmp_path / "small.keras")
    assert version.sha256 == file_digest(tmp_path / "small.keras")


def test_a_broken_zip_is_not_published(embedded: Settings, tmp_path: Path) -> None:
    (tmp_path / "broken.keras").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ModelFileDamaged):
        publish(ModelLifecycle(compressed(embedded)), tmp_path / "broken.keras")


def test_where_no_copy_can_be_written_the_file_goes_as_it_is(embedded: Settings, make_model: MakeModel) -> None:
    (embedded.home / "work").write_text("a file where the folder should be")
    model = make_model("x" * 1000)
    assert publish(ModelLifecycle(compressed(embedded)), model).sha256 == file_digest(model)


def test_an_outage_spools_the_compressed_file(embedded: Settings, make_model: MakeModel) -> None:
    model = make_model(str(list(range(2000))))
    down = compressed(embedded).model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(down), model)
    (version,) = ModelLifecycle(embedded).publish_spooled()
    assert version.size_bytes < model.stat().st_size
    assert content_of(ModelLifecycle(embedded).load().path) == content_of(model)
