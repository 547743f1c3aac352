"""Which model answers: what cannot be used is kept and never becomes ``latest``, and an answer comes all the same."""

import os
import shutil
import socket
import zipfile
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.errors import ConfigurationError, DigestMismatch, StoreObjectNotFound, VersionNotFound
from openstack_rca.lifecycle.records import ModelKind
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.service.manual import MLflowManager
from openstack_rca.service.model_choice import open_model
from openstack_rca.settings import Settings, load_settings
from trained_environment import Trained


@pytest.fixture
def settings(home: Path) -> Settings:
    """An environment with the trained version 1 in it."""
    return load_settings()


@pytest.fixture(scope="module")
def plain_model() -> Any:
    """A Keras model that knows nothing of logs."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


def test_a_plain_keras_model_is_a_version_and_never_latest(settings: Settings, plain_model: Any) -> None:
    """The manual's log_model takes any model; analyses go on with the one that they can use."""
    manager = MLflowManager()
    logged = manager.log_model(plain_model)
    assert (logged.version, logged.status, logged.kind) == (2, "ready", ModelKind.OTHER)
    assert manager.load_model_with_versioning(version=2).count_params() == plain_model.count_params()
    assert ModelLifecycle(settings).resolve("latest").version == 1
    assert manager.find_latest_model().endswith("_0001")
    opened = open_model("latest", settings)
    assert (opened.version, opened.notices) == ("1", [])
    with pytest.raises(ConfigurationError, match="is not a model that the analysis can use"):
        VersionChanges(ModelLifecycle(settings)).pin(2, "for a test")


def test_our_own_model_passes_the_gate_at_the_manuals_door(settings: Settings) -> None:
    """What load_model_with_versioning gives can be logged again, and becomes latest."""
    manager = MLflowManager()
    logged = manager.log_model(manager.load_model_with_versioning(version=1))
    assert (logged.version, logged.kind) == (2, ModelKind.ENGINE)
    assert open_model("latest", settings).version == "2"


def test_where_there_is_only_a_plain_model_the_manager_finds_it_and_analyses_do_without(
    tmp_path: Path, plain_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manual's own example, in an environment where nothing was trained."""
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "home"))
    manager = MLflowManager()
    manager.log_model(plain_model)
    assert manager.load_model_with_versioning(version="latest").count_params() == plain_model.count_params()
    opened = open_model("latest", load_settings())
    assert opened.file is None
    assert opened.notices[0].startswith("Answered without a model")
    with pytest.raises(VersionNotFound):
        ModelLifecycle(load_settings()).resolve("latest")


def test_a_latest_that_cannot_be_opened_gives_way_to_the_newest_usable_one(
    settings: Settings, trained: Trained, tmp_path: Path
) -> None:
    """As an older release has published it, before any gate: the answer names both versions."""
    strange = tmp_path / "strange.keras"
    shutil.copyfile(trained.model_file, strange)
    facts: dict[str, Any] = {"run_id": None, "metrics": {}, "parameters": {}, "card": {}}
    lifecycle = ModelLifecycle(settings)
    lifecycle.publish(strange, **facts)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    lifecycle.publish(tmp_path / "other.keras", **facts)
    opened = open_model("latest", settings)
    assert opened.version == "2"
    assert "Version 3 cannot be used" in opened.notices[0]
    assert "Version 2 answers instead" in opened.notices[0]
    assert opened.used.notices == opened.notices
    VersionChanges(lifecycle).yank(2, "for a test")
    VersionChanges(lifecycle).yank(1, "for a test")
    alone = open_model("latest", settings)
    assert alone.file is None
    assert "No other version can be used" in alone.notices[0]


def test_with_registry_and_store_down_and_nothing_cached_the_answer_is_made_without_a_model(tmp_path: Path) -> None:
    """An outage takes the model away, not the answer; the notice says what is down."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
    settings = load_settings(home=tmp_path, mlflow_tracking_uri=closed, mlflow_artifact_root="s3://models/rca")
    opened = open_model("latest", settings)
    assert opened.file is None
    assert "does not answer" in opened.notices[0] and closed in opened.notices[0]


@pytest.mark.parametrize("damage", [b"changed", None], ids=["changed", "gone"])
def test_a_latest_that_the_store_changed_or_lost_takes_the_model_away_and_not_the_answer(
    tmp_path: Path, damage: bytes | None
) -> None:
    """The notice says which file it is; the older version does not take its place, and a version by name is refused."""
    settings = load_settings(home=tmp_path / "home", mlflow_enabled=False)
    facts: dict[str, Any] = {"run_id": None, "metrics": {}, "parameters": {}, "card": {}}
    for content in ("older", "newer"):
        file = tmp_path / f"{content}.keras"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("config.json", f'{{"name": "{content}"}}')
        latest = ModelLifecycle(settings).publish(file, **facts)
    stored = Path(latest.uri.removeprefix("file://"))
    stored.unlink() if damage is None else stored.write_bytes(damage)
    shutil.rmtree(settings.home / "cache", ignore_errors=True)
    opened = open_model("latest", settings)
    assert (opened.file, opened.version) == (None, None)
    assert opened.notices[0].startswith("Answered without a model") and stored.name in opened.notices[0]
    with pytest.raises((DigestMismatch, StoreObjectNotFound)):
        open_model("2", settings)


def test_versions_from_before_mlflow_was_switched_on_are_found(trained: Trained, tmp_path: Path) -> None:
    """Trained with --disable-mlflow, then with the registry: the advice is to take them in, and that works."""
    from openstack_rca.service.models import where_versions_come_from
    from openstack_rca.service.versions import repair_models

    facts: dict[str, Any] = {"run_id": None, "metrics": {}, "parameters": {}, "card": {}}
    without = load_settings(home=tmp_path / "home", mlflow_enabled=False)
    assert "models repair" not in where_versions_come_from(load_settings(home=tmp_path / "home"))
    ModelLifecycle(without).publish(trained.model_file, **facts)
    settings = load_settings(home=tmp_path / "home")
    assert "models repair" in open_model("latest", settings).notices[0]
    assert "models repair" in where_versions_come_from(settings)
    repair_models(settings, apply=True)
    assert open_model("latest", settings).version == "1"


def test_a_home_that_cannot_be_made_costs_the_model_and_not_the_answer(tmp_path: Path) -> None:
    """Which version was named is another matter: no other answer may pass for its."""
    (tmp_path / "file").touch()
    settings = load_settings(home=tmp_path / "file" / "home")
    opened = open_model("latest", settings)
    assert opened.file is None
    assert "OPENSTACK_RCA_HOME" in opened.notices[0]
    with pytest.raises(ConfigurationError, match="cannot be used"):
        open_model("3", settings)
