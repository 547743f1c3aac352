"""What the cache remembers belongs to one registry and store: offline it never stands in for another's."""

import shutil
from pathlib import Path

import pytest
from lifecycle_helpers import MakeModel, publish

from openstack_rca.errors import LifecycleError
from openstack_rca.lifecycle.local.cache import find_origin
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

NOTHING_THERE = "http://127.0.0.1:9"
REFERENCES = ["1", "latest", "@champion"]


def pointed_at(settings: Settings, tracking_uri: str, root: str) -> Settings:
    """The same machine, with the same cache, at another registry and store."""
    services = {"mlflow_tracking_uri": tracking_uri, "mlflow_artifact_root": root}
    return settings.model_copy(update={**services, "network_timeout_seconds": 5})


def load_each(settings: Settings) -> list[bytes]:
    return [ModelLifecycle(settings).load(reference).path.read_bytes() for reference in REFERENCES]


def publish_champion(settings: Settings, model: Path) -> None:
    """Version 1, with an alias, remembered by every reference."""
    lifecycle = ModelLifecycle(settings)
    publish(lifecycle, model)
    VersionChanges(lifecycle).set_alias("champion", 1)
    load_each(settings)


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_version_of_another_registry_and_store_does_not_stand_in(
    embedded: Settings, make_model: MakeModel, tmp_path: Path, reference: str
) -> None:
    publish_champion(embedded, make_model("of the first"))
    other = ModelLifecycle(pointed_at(embedded, NOTHING_THERE, str(tmp_path / "other root")))
    with pytest.raises(LifecycleError, match="does not answer"):
        other.load(reference)


def test_a_version_of_the_same_bucket_at_another_endpoint_does_not_stand_in(
    s3: Settings, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(s3), make_model("of the first"))
    ModelLifecycle(s3).load()
    other = ModelLifecycle(s3.model_copy(update={"s3_endpoint_url": NOTHING_THERE}))
    with pytest.raises(LifecycleError, match="does not answer"):
        other.load()


def test_two_stores_used_in_turn_keep_what_was_remembered_of_each(
    embedded: Settings, empty_database: Path, make_model: MakeModel, tmp_path: Path
) -> None:
    shutil.copy(empty_database, tmp_path / "second.db")
    roots = [str(tmp_path / name) for name in ("first root", "second root")]
    models = [make_model(name) for name in ("of the first", "of the second")]
    for uri, root, model in zip((embedded.tracking_uri, f"sqlite:///{tmp_path}/second.db"), roots, models, strict=True):
        publish_champion(pointed_at(embedded, uri, root), model)
    for root, model in zip(roots, models, strict=True):
        assert load_each(pointed_at(embedded, NOTHING_THERE, root)) == [model.read_bytes()] * 3


@pytest.fixture
def published_in_an_earlier_root(
    embedded: Settings, empty_database: Path, make_model: MakeModel, tmp_path: Path
) -> Settings:
    """Where versions go now; version 1 lies in the artifact root before, and was loaded from there."""
    (tmp_path / "registry").mkdir()
    shutil.copy(empty_database, tmp_path / "registry" / "mlflow.db")
    first, later = (
        pointed_at(embedded, f"sqlite:///{tmp_path}/registry/mlflow.db", str(tmp_path / name))
        for name in ("earlier root", "later root")
    )
    publish(ModelLifecycle(first), make_model("one"))
    assert ModelLifecycle(later).load().version.version == 1
    return later


def test_a_version_of_an_earlier_artifact_root_stands_in_for_its_registry(
    published_in_an_earlier_root: Settings, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "registry")
    (tmp_path / "registry").write_text("in its place")
    loaded = ModelLifecycle(published_in_an_earlier_root).load("1")
    assert loaded.version.version == 1
    assert file_digest(loaded.path) == loaded.version.sha256
    assert "version 1 from the cache" in loaded.notices[0]


def test_a_version_of_an_earlier_artifact_root_does_not_stand_in_for_another_registry(
    published_in_an_earlier_root: Settings,
) -> None:
    later = published_in_an_earlier_root
    other = ModelLifecycle(pointed_at(later, NOTHING_THERE, later.artifact_root))
    with pytest.raises(LifecycleError, match="does not answer"):
        other.load("1")


def test_a_home_that_was_moved_with_its_stores_keeps_what_it_remembers(tmp_path: Path) -> None:
    before, after = (find_origin(load_settings(home=tmp_path / name)) for name in ("before", "after"))
    assert (before.folder, before.registry) == (after.folder, after.registry)


def test_a_password_of_the_registry_is_not_remembered(tmp_path: Path) -> None:
    origin = find_origin(load_settings(home=tmp_path, mlflow_tracking_uri="http://rca:hush@registry:5000"))
    assert "hush" not in repr(origin)
