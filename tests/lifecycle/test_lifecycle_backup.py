"""Copies of the embedded tracking database: made while others write, checked, put back, never half."""

import json
import multiprocessing
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from lifecycle_helpers import MakeModel, publish

from openstack_rca.errors import BackupDamaged, BackupFailed, ConfigurationError
from openstack_rca.lifecycle.mlflow.database_backup import back_up, restore
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings


def numbers(settings: Settings) -> list[int]:
    return [version.version for version in ModelLifecycle(settings).list()]


def test_a_restored_copy_brings_versions_and_runs_back(
    embedded: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    with Tracking(embedded).run("training", "before"):
        pass
    facts = back_up(embedded, tmp_path / "copy.db")
    assert (facts.versions, facts.runs, facts.path) == (1, 1, tmp_path / "copy.db")
    publish(ModelLifecycle(embedded), make_model("two"))
    done = restore(embedded, tmp_path / "copy.db")
    assert numbers(embedded) == [1]
    assert [run.name for run in Tracking(embedded).list_runs()] == ["before"]
    assert ModelLifecycle(embedded).load().version.version == 1
    assert done.replaced is not None
    restore(embedded, done.replaced)
    assert numbers(embedded) == [2, 1]


def test_after_restoring_no_number_is_used_twice(embedded: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """The store still holds version 2, which the restored registry knows nothing of."""
    models = [make_model(text) for text in ("one", "two", "three")]
    publish(ModelLifecycle(embedded), models[0])
    back_up(embedded, tmp_path / "copy.db")
    second = publish(ModelLifecycle(embedded), models[1])
    restore(embedded, tmp_path / "copy.db")
    third = publish(ModelLifecycle(embedded), models[2])
    assert third.version == 3
    assert Path(second.uri.removeprefix("file://")).read_bytes() == models[1].read_bytes()


def write_runs(facts: str, count: int) -> None:
    tracking = Tracking(load_settings(**json.loads(facts)))
    for number in range(count):
        with tracking.run("analysis", f"run {number}") as run:
            run.log_metrics({"loss": 0.5})


def test_a_copy_made_while_others_write_is_whole(embedded: Settings, tmp_path: Path) -> None:
    facts = json.dumps({"home": str(embedded.home)})
    # An executor, not a Pool: a Pool starts a worker that died again and again, and never says so.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        writing = pool.submit(write_runs, facts, 12)
        copies = []
        while not writing.done():
            copies.append(back_up(embedded, tmp_path / "copy.db").runs)
        writing.result()
    assert copies == sorted(copies)
    assert back_up(embedded, tmp_path / "last.db").runs == 12


def test_restoring_under_an_open_connection_is_seen_by_it(
    embedded: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    """A server or another process that has the database open works on with the restored one."""
    back_up(embedded, tmp_path / "copy.db")
    publish(ModelLifecycle(embedded), make_model("one"))
    with closing(sqlite3.connect(embedded.home / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM model_versions").fetchone() == (1,)
        restore(embedded, tmp_path / "copy.db")
        assert connection.execute("SELECT count(*) FROM model_versions").fetchone() == (0,)


@pytest.mark.parametrize("damage", ["truncated", "garbage inside", "not a database", "empty", "another program's"])
def test_a_damaged_copy_is_refused_and_nothing_changes(
    embedded: Settings, make_model: MakeModel, tmp_path: Path, damage: str
) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    copy = tmp_path / "copy.db"
    back_up(embedded, copy)
    whole = copy.read_bytes()
    if damage == "truncated":
        copy.write_bytes(whole[: len(whole) // 2])
    elif damage == "garbage inside":
        copy.write_bytes(whole[:8192] + b"\xff" * 40_000 + whole[48_192:])
    elif damage == "another program's":
        copy.unlink()
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("CREATE TABLE birds (name TEXT)")
    else:
        copy.write_bytes(b"" if damage == "empty" else b"not a database")
    before = (embedded.home / "mlflow.db").read_bytes()
    with pytest.raises(BackupDamaged, match=r"copy\.db"):
        restore(embedded, copy)
    assert (embedded.home / "mlflow.db").read_bytes() == before
    assert list(embedded.home.glob("mlflow.db.*")) == []


def test_a_damaged_database_can_be_replaced_and_is_kept(
    embedded: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    back_up(embedded, tmp_path / "copy.db")
    (embedded.home / "mlflow.db").write_bytes(b"lost" * 5000)
    with pytest.raises((BackupDamaged, BackupFailed)):
        back_up(embedded, tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()
    done = restore(embedded, tmp_path / "copy.db")
    assert numbers(embedded) == [1]
    assert done.replaced is not None
    assert done.replaced.read_bytes() == b"lost" * 5000


def test_a_home_without_a_database_can_be_filled(embedded: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    publish(ModelLifecycle(embedded), make_model("one"))
    back_up(embedded, tmp_path / "copy.db")
    new = load_settings(home=tmp_path / "new", mlflow_artifact_root=embedded.artifact_root)
    with pytest.raises(BackupFailed, match="no tracking database"):
        back_up(new, tmp_path / "other.db")
    assert restore(new, tmp_path / "copy.db").replaced is None
    assert ModelLifecycle(new).load().version.version == 1


def test_an_address_with_options_is_an_embedded_database_too(
    embedded: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    address = f"sqlite:///{embedded.home / 'mlflow.db'}"
    with_options = embedded.model_copy(update={"mlflow_tracking_uri": f"{address}?timeout=30"})
    publish(ModelLifecycle(with_options), make_model("one"))
    assert ModelLifecycle(with_options).resolve() == ModelLifecycle(embedded).resolve()
    assert back_up(with_options, tmp_path / "copy.db").versions == 1


def test_a_server_is_not_an_embedded_database(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, mlflow_tracking_uri="postgresql+psycopg2://rca:hush@127.0.0.1/mlflow")
    for call in (back_up, restore):
        with pytest.raises(ConfigurationError, match="pg_dump") as caught:
            call(settings, tmp_path / "copy.db")
        assert "hush" not in str(caught.value)


def test_the_database_is_no_copy_of_itself(embedded: Settings) -> None:
    for call in (back_up, restore):
        with pytest.raises(BackupFailed, match="itself"):
            call(embedded, embedded.home / "mlflow.db")


def test_a_copy_that_cannot_be_written_or_found_is_an_error_in_words(embedded: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="cannot be written"):
        back_up(embedded, tmp_path / "file" / "copy.db")
    with pytest.raises(BackupFailed, match="no file"):
        restore(embedded, tmp_path / "nowhere.db")
