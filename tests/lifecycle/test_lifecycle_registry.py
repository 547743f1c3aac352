"""What ``latest`` means, and how numbers come from MLflow's registry."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import MakeModel, publish
from mlflow.entities.model_registry import ModelVersion, RegisteredModel, RegisteredModelTag
from mlflow.store.entities import PagedList

from openstack_rca.errors import PublishFailed, RegistryRefused, RegistryUnavailable, VersionNotFound
from openstack_rca.lifecycle.mlflow import registry_reader, turns
from openstack_rca.lifecycle.mlflow.client import connect, without_password
from openstack_rca.lifecycle.mlflow.registry_tags import TAG_PINNED, TAG_STATUS, TAG_YANKED
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

NAME = "lstm_model"


@pytest.fixture(params=["embedded", "server_and_s3"])
def shared(request: pytest.FixtureRequest) -> Settings:
    """A database straight and a server over HTTP: numbers are int in one and text in the other."""
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def three(shared: Settings, make_model: MakeModel) -> ModelLifecycle:
    lifecycle = ModelLifecycle(shared)
    for number in range(3):
        publish(lifecycle, make_model(str(number)))
    return lifecycle


def client_of(lifecycle: ModelLifecycle) -> Any:
    return connect(lifecycle.settings)


def test_who_yanked_every_version_is_told_how_to_take_that_back(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, make_model("a"))
    client_of(lifecycle).set_model_version_tag(lifecycle.index.registered_name, "1", TAG_YANKED, "wrong data")
    with pytest.raises(VersionNotFound) as refused:
        lifecycle.load()
    assert "openstack-rca models unyank 1" in refused.value.hint


def test_a_yanked_version_is_not_latest_but_can_be_named(three: ModelLifecycle) -> None:
    client_of(three).set_model_version_tag(three.index.registered_name, "3", TAG_YANKED, "learned from a bad day")
    assert three.load().version.version == 2
    loaded = three.load(3)
    assert (loaded.version.yanked, loaded.version.yank_reason) == (True, "learned from a bad day")
    assert "learned from a bad day" in loaded.notices[0]


def test_a_pinned_version_wins_over_latest_and_is_shown(three: ModelLifecycle) -> None:
    client_of(three).set_registered_model_tag(three.index.registered_name, TAG_PINNED, "1")
    loaded = three.load("latest")
    assert (loaded.version.version, loaded.version.pinned) == (1, True)
    assert "pinned" in loaded.notices[0]
    assert [version.pinned for version in three.list()] == [False, False, True]


def test_a_pin_to_a_version_that_is_not_ready_is_an_error(three: ModelLifecycle) -> None:
    """Quietly taking another one would hide what the operator asked for."""
    client = client_of(three)
    client.set_registered_model_tag(three.index.registered_name, TAG_PINNED, "2")
    client.set_model_version_tag(three.index.registered_name, "2", TAG_STATUS, "refused")
    with pytest.raises(VersionNotFound, match="refused"):
        three.load()


@pytest.mark.parametrize("status", ["uploading", "refused"])
def test_a_version_that_is_not_ready_is_never_resolved(three: ModelLifecycle, status: str) -> None:
    client_of(three).set_model_version_tag(three.index.registered_name, "3", TAG_STATUS, status)
    assert three.resolve().version == 2
    with pytest.raises(VersionNotFound, match=status):
        three.load(3)
    assert three.show(3).status == status


def test_an_alias_leads_to_its_version(three: ModelLifecycle) -> None:
    client_of(three).set_registered_model_alias(three.index.registered_name, "champion", "2")
    assert three.load("@champion").version.version == 2
    assert [version.aliases for version in three.list()] == [(), ("champion",), ()]
    assert three.show(2).aliases == ("champion",)


def test_versions_that_others_put_under_our_name_are_not_ours(three: ModelLifecycle) -> None:
    """A version made by hand in MLflow has none of our facts; it is not a model that can be verified."""
    source = f"{three.store.root}/elsewhere" if not three.store.is_local else "s3://bucket/elsewhere"
    client_of(three).create_model_version(three.index.registered_name, source)
    assert three.resolve().version == 3
    with pytest.raises(VersionNotFound):
        three.show(4)


def test_a_number_taken_by_another_writer_is_given_back(embedded: Settings, make_model: MakeModel) -> None:
    """Deleted versions keep their number: the registry counts on, and so do we."""
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, make_model("one"))
    client = connect(embedded)
    client.create_model_version(NAME, "s3://bucket/other")
    client.delete_model_version(NAME, "2")
    version = publish(lifecycle, make_model("two"))
    assert version.uri.endswith(f"_{version.version:04d}/models/lstm_model_v{version.version}.keras")
    assert [found.version for found in lifecycle.list()] == [version.version, 1]
    assert all(check.ok for check in lifecycle.verify())


def test_a_turn_that_nobody_ends_is_passed_over(
    server_and_s3: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that died at its turn holds nobody up for long, and leaves nothing behind."""
    monkeypatch.setattr(turns, "STALE_SECONDS", 0.2)
    lifecycle = ModelLifecycle(server_and_s3)
    publish(lifecycle, make_model("one"))
    client, name = connect(server_and_s3), lifecycle.index.registered_name
    client.set_registered_model_tag(name, turns.TAG_TURN, "a writer that is gone")
    assert publish(lifecycle, make_model("two")).version == 2
    assert turns.TAG_TURN not in client.get_registered_model(name).tags


def test_a_deleted_registered_model_overwrites_nothing(embedded: Settings, make_model: MakeModel) -> None:
    """MLflow counts from 1 again; what the store holds stays, and the next free number is taken."""
    lifecycle = ModelLifecycle(embedded)
    old = [publish(lifecycle, make_model(text)) for text in ("one", "two", "three")]
    before = [Path(version.uri.removeprefix("file://")).read_bytes() for version in old]
    connect(embedded).delete_registered_model(NAME)
    version = publish(ModelLifecycle(embedded), make_model("four"))
    assert version.version == 4
    assert [Path(found.uri.removeprefix("file://")).read_bytes() for found in old] == before


def test_all_pages_of_the_listing_are_read(
    shared: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_reader, "PAGE", 2)
    lifecycle = ModelLifecycle(shared)
    for number in range(5):
        publish(lifecycle, make_model(str(number)))
    for number in (5, 4, 3):
        connect(shared).set_model_version_tag(lifecycle.index.registered_name, str(number), TAG_YANKED, "")
    assert [version.version for version in lifecycle.list()] == [5, 4, 3, 2, 1]
    assert lifecycle.resolve().version == 2


def test_reading_the_database_and_asking_mlflow_give_the_same(embedded: Settings, make_model: MakeModel) -> None:
    """The short way round MLflow's import must not tell anything else than MLflow does."""
    lifecycle = ModelLifecycle(embedded)
    for number in range(4):
        publish(lifecycle, make_model(str(number)))
    client = connect(embedded)
    client.delete_model_version(NAME, "2")
    client.set_model_version_tag(NAME, "3", TAG_YANKED, "bad")
    client.set_registered_model_tag(NAME, TAG_PINNED, "1")
    client.set_registered_model_alias(NAME, "champion", "3")
    asking = registry_reader.RegistryReader(lambda: client, "", NAME)
    reading = registry_reader.SqliteReader(embedded.home / "mlflow.db", 1, unreachable, "", NAME)
    assert list(reading.newest_first()) == list(asking.newest_first())
    assert reading.model() == asking.model()
    assert [reading.version(number) for number in range(1, 7)] == [asking.version(number) for number in range(1, 7)]
    assert [found.version for found in reading.newest_first()] == [4, 3, 1]


def unreachable() -> Any:
    """Stands where MLflow would be asked, and must not be."""
    raise AssertionError("MLflow was asked")


def test_a_database_of_another_shape_is_left_to_mlflow(tmp_path: Path) -> None:
    """Tables that we do not know are no reason to fail."""
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE model_versions (something TEXT)")
    connection.close()
    found = PagedList([ModelVersion(NAME, "7", 0, current_stage="None")], token=None)

    class Mlflow:
        def get_registered_model(self, name: str) -> RegisteredModel:
            return RegisteredModel(name, tags=[RegisteredModelTag("asked", "mlflow")])

        def search_model_versions(self, *_: object, **__: object) -> PagedList[ModelVersion]:
            return found

    reader = registry_reader.SqliteReader(tmp_path / "other.db", 1, Mlflow, "", NAME)
    assert reader.model().tags == {"asked": "mlflow"}
    assert [version.version for version in reader.newest_first()] == [7]


def test_loading_from_the_embedded_default_does_not_wait_for_mlflow(embedded: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    command = (
        "import sys; from openstack_rca.settings import load_settings; "
        "from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle; "
        "lifecycle = ModelLifecycle(load_settings()); "
        "print(lifecycle.load().version.version, len(lifecycle.list()), 'mlflow' in sys.modules)"
    )
    environment = {**os.environ, "OPENSTACK_RCA_HOME": str(embedded.home)}
    answer = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, check=True, text=True
    )
    assert answer.stdout.split() == ["1", "1", "False"]


def test_asking_an_embedded_default_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    lifecycle = ModelLifecycle(load_settings(home=tmp_path / "new"))
    with pytest.raises(VersionNotFound, match="openstack-rca train"):
        lifecycle.load()
    assert lifecycle.list() == []
    assert not (tmp_path / "new").exists()


def test_a_server_needs_an_object_store(server: str, tmp_path: Path, make_model: MakeModel) -> None:
    """An MLflow server refuses ``file://`` sources: say so before anything is sent."""
    settings = load_settings(home=tmp_path / "home", mlflow_tracking_uri=server)
    with pytest.raises(PublishFailed, match="s3://") as caught:
        publish(ModelLifecycle(settings), make_model("one"))
    assert "refuses versions in a folder" in caught.value.message


def test_metadata_becomes_tags_of_the_version(three: ModelLifecycle, make_model: MakeModel) -> None:
    version = three.publish(
        make_model("tagged"), run_id=None, metrics={}, parameters={}, card={}, tags={"trained_on": "zed"}
    )
    assert three.show(version.version).tags["trained_on"] == "zed"


def test_an_address_that_cannot_work_is_named_without_its_password(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, mlflow_tracking_uri="postgresql+psycopg2://rca:hush@127.0.0.1:1/mlflow")
    with pytest.raises(RegistryUnavailable) as caught:
        ModelLifecycle(settings).list()
    assert "hush" not in str(caught.value)
    assert "rca:***@127.0.0.1:1" in str(caught.value)
    assert without_password("http://host/path") == "http://host/path"


def test_a_damaged_database_is_an_error_in_words(embedded: Settings) -> None:
    (embedded.home / "mlflow.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises((RegistryUnavailable, RegistryRefused), match=r"mlflow\.db"):
        ModelLifecycle(embedded).list()


def test_a_home_that_is_a_file_is_an_error_in_words(embedded: Settings) -> None:
    shutil.rmtree(embedded.home)
    embedded.home.write_text("")
    with pytest.raises(RegistryUnavailable):
        ModelLifecycle(embedded).list()
