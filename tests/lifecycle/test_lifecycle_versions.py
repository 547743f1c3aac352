"""A version's life, the same on every kind of registry and store."""

import json
import zipfile
from pathlib import Path

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish, stored_file

from openstack_rca.errors import DigestMismatch, ModelFileDamaged, VersionNotFound
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.records import Place
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings


def test_versions_are_numbered_from_one_and_live_under_a_readable_path(
    settings: Settings, make_model: MakeModel
) -> None:
    lifecycle = ModelLifecycle(settings)
    versions = [publish(lifecycle, make_model(text)) for text in ("first", "second")]
    prefix = settings.experiment_name.replace("_", "-")
    assert [version.version for version in versions] == [1, 2]
    assert [version.uri for version in versions] == [
        f"{settings.artifact_root}/{prefix}_0001/models/lstm_model_v1.keras",
        f"{settings.artifact_root}/{prefix}_0002/models/lstm_model_v2.keras",
    ]


def test_a_published_version_keeps_its_facts(settings: Settings, make_model: MakeModel) -> None:
    model = make_model("facts")
    version = publish(ModelLifecycle(settings), model)
    assert (version.sha256, version.size_bytes) == (file_digest(model), model.stat().st_size)
    assert (version.status, version.experiment, version.metrics) == ("ready", settings.experiment_name, {"loss": 0.25})


def test_latest_is_the_highest_number_as_an_integer(settings: Settings, make_model: MakeModel) -> None:
    """Ten comes after nine, also where numbers are text."""
    lifecycle = ModelLifecycle(settings)
    for number in range(10):
        publish(lifecycle, make_model(str(number)))
    assert ModelLifecycle(settings).resolve("latest").version == 10
    assert [version.version for version in lifecycle.list(limit=3)] == [10, 9, 8]


@pytest.mark.parametrize("reference", [1, "1", "v1", "V01"])
def test_a_version_is_named_by_its_number(embedded: Settings, make_model: MakeModel, reference: str | int) -> None:
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, make_model("one"))
    publish(lifecycle, make_model("two"))
    assert lifecycle.resolve(reference).version == 1


@pytest.mark.parametrize("reference", ["7", "v7", "@nobody", "lstm", "", "-1", "0"])
def test_an_unknown_version_is_a_clear_error(settings: Settings, make_model: MakeModel, reference: str) -> None:
    lifecycle = ModelLifecycle(settings)
    publish(lifecycle, make_model("one"))
    with pytest.raises(VersionNotFound):
        lifecycle.load(reference)


def test_before_the_first_training_the_error_says_to_train(settings: Settings) -> None:
    with pytest.raises(VersionNotFound, match="openstack-rca train"):
        ModelLifecycle(settings).load()


def test_a_loaded_model_is_the_published_file(settings: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """From the store on a machine that never saw it, from the cache the second time."""
    model = make_model("content")
    publish(ModelLifecycle(settings), model)
    elsewhere = settings.model_copy(
        update={
            "home": tmp_path / "elsewhere",
            "mlflow_tracking_uri": settings.tracking_uri,
            "mlflow_artifact_root": settings.artifact_root,
        }
    )
    first, second = ModelLifecycle(elsewhere).load(), ModelLifecycle(elsewhere).load("v1")
    assert (first.source, second.source) == ("store", "cache")
    assert first.path.read_bytes() == second.path.read_bytes() == model.read_bytes()
    assert first.notices == second.notices == []


def test_a_tampered_object_is_refused_everywhere(settings: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """Not loaded, not downloaded, named by verify; the cache cannot hide it from verify."""
    lifecycle = ModelLifecycle(settings)
    version = publish(lifecycle, make_model("good"))
    replace_object(settings, version.uri, make_model("evil").read_bytes())
    fresh = ModelLifecycle(settings.model_copy(update={"home": settings.home / "fresh", **same_services(settings)}))
    output = tmp_path / "out.keras"
    with pytest.raises(DigestMismatch, match="not what was published"):
        fresh.load()
    with pytest.raises(DigestMismatch):
        lifecycle.download(1, output)
    assert not output.exists()
    assert [check.ok for check in lifecycle.verify()] == [False]


def test_a_truncated_object_is_refused(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(settings)
    version = publish(lifecycle, make_model("x" * 5000))
    whole = ObjectStore(settings).read(version.uri.removeprefix(settings.artifact_root + "/"))
    replace_object(settings, version.uri, whole[:-100])
    fresh = ModelLifecycle(settings.model_copy(update={"home": settings.home / "fresh", **same_services(settings)}))
    with pytest.raises(DigestMismatch):
        fresh.load()


def test_a_missing_object_is_named_by_verify(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(settings)
    version = publish(lifecycle, make_model("one"))
    publish(lifecycle, make_model("two"))
    lifecycle.store.delete(version.uri.removeprefix(lifecycle.store.root + "/"))
    checks = {check.version.version: check for check in lifecycle.verify()}
    assert (checks[2].ok, checks[1].ok) == (True, False)
    assert version.uri in checks[1].problem


def test_download_writes_the_verified_file(settings: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    model = make_model("content")
    lifecycle = ModelLifecycle(settings)
    publish(lifecycle, model)
    progress: list[tuple[int, int]] = []
    path = lifecycle.download("latest", tmp_path / "new folder" / "model.keras", lambda *step: progress.append(step))
    assert path.read_bytes() == model.read_bytes()
    assert progress[-1] == (model.stat().st_size, model.stat().st_size)
    assert [item.name for item in path.parent.iterdir()] == ["model.keras"]


def test_environments_and_model_names_count_for_themselves(settings: Settings, make_model: MakeModel) -> None:
    """Staging and production, two models, and names that differ only by - and _ in one place never mix."""
    base = settings.experiment_name
    places = [(base, "lstm_model"), (f"{base}_production", "lstm_model"), (base, "other_model")]
    for experiment, name in places:
        lifecycle = ModelLifecycle(settings.model_copy(update={"experiment_name": experiment, "model_name": name}))
        publish(lifecycle, make_model(f"{experiment} {name}"))
        assert [(found.experiment, found.name) for found in lifecycle.list()] == [(experiment, name)]
        assert lifecycle.load().path.read_bytes() == ModelLifecycle(lifecycle.settings).load().path.read_bytes()


def test_experiments_that_share_a_folder_name_take_different_numbers(settings: Settings, make_model: MakeModel) -> None:
    first, second = (
        ModelLifecycle(settings.model_copy(update={"experiment_name": name})) for name in ("same_name", "same-name")
    )
    assert publish(first, make_model("first")).version == 1
    assert publish(second, make_model("second")).version == 2
    assert [[found.version for found in lifecycle.list()] for lifecycle in (first, second)] == [[1], [2]]
    assert all(check.ok for lifecycle in (first, second) for check in lifecycle.verify())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_what_is_not_a_model_file_is_not_published(embedded: Settings, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.keras"
    path.write_bytes(content)
    with pytest.raises(ModelFileDamaged):
        publish(ModelLifecycle(embedded), path)
    assert ModelLifecycle(embedded).list() == []
    assert not embedded.spool_folder.exists()


def test_a_zip_of_something_else_is_not_published(embedded: Settings, tmp_path: Path) -> None:
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", "")
    with pytest.raises(ModelFileDamaged, match=r"config\.json"):
        publish(ModelLifecycle(embedded), path)


def test_a_damaged_cache_entry_is_fetched_anew(embedded: Settings, make_model: MakeModel) -> None:
    model = make_model("content")
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, model)
    lifecycle.load().path.write_bytes(b"damaged")
    loaded = lifecycle.load()
    assert (loaded.source, loaded.path.read_bytes()) == ("store", model.read_bytes())


def test_the_manifest_tells_what_the_registry_knows(settings: Settings, make_model: MakeModel) -> None:
    """The store alone is enough to know a version again."""
    lifecycle = ModelLifecycle(settings)
    version = publish(lifecycle, make_model("content"))
    place = Place(settings.experiment_name, settings.model_name)
    facts = json.loads(lifecycle.store.read(place.manifest_key(1)))
    assert (facts["sha256"], facts["version"], facts["experiment"]) == (version.sha256, 1, settings.experiment_name)
    assert (facts["metrics"], facts["parameters"], facts["card"]) == (
        FACTS["metrics"],
        FACTS["parameters"],
        FACTS["card"],
    )


def test_versions_made_with_the_registry_are_found_without_it(embedded: Settings, make_model: MakeModel) -> None:
    published = publish(ModelLifecycle(embedded), make_model("content"))
    alone = ModelLifecycle(embedded.model_copy(update={"mlflow_enabled": False}))
    assert alone.load().version.sha256 == published.sha256


def test_a_version_stays_loadable_after_the_artifact_root_moved_on(embedded: Settings, make_model: MakeModel) -> None:
    model = make_model("old root")
    publish(ModelLifecycle(embedded), model)
    moved = embedded.model_copy(update={"mlflow_artifact_root": (embedded.home / "new").as_uri()})
    ModelLifecycle(embedded).load().path.unlink()
    assert ModelLifecycle(moved).load().path.read_bytes() == model.read_bytes()
    assert [check.ok for check in ModelLifecycle(moved).verify()] == [True]


def test_files_left_by_the_user_are_not_touched(store_only: Settings, make_model: MakeModel) -> None:
    """A key that is taken is never overwritten."""
    lifecycle = ModelLifecycle(store_only)
    foreign = store_only.home / "artifacts" / "openstack-rca-system-staging_0001" / "models" / "lstm_model_v1.keras"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("somebody's")
    version = publish(lifecycle, make_model("ours"))
    assert foreign.read_text() == "somebody's"
    assert version.version == 2
    assert stored_file(version).exists()


def replace_object(settings: Settings, uri: str, content: bytes) -> None:
    store = ObjectStore(settings)
    key = uri.removeprefix(store.root + "/")
    store.delete(key)
    store.put_new_bytes(key, content)


def same_services(settings: Settings) -> dict[str, str]:
    return {"mlflow_tracking_uri": settings.tracking_uri, "mlflow_artifact_root": settings.artifact_root}
