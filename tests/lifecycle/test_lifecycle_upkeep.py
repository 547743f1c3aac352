"""Pruning, repairing and promoting: what may go goes, what was lost comes back, what moves stays the same."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish

from openstack_rca.errors import ConfigurationError, DigestMismatch, VersionNotFound
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.records import signature_key
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import promote
from openstack_rca.lifecycle.versions.repair import find_repairs, repair
from openstack_rca.lifecycle.versions.retention import carry_out, plan_pruning
from openstack_rca.lifecycle.versions.seen_history import history
from openstack_rca.settings import Settings

LATER = datetime.now(UTC) + timedelta(days=400)
"""Far enough ahead that no age protects anything."""


def with_versions(settings: Settings, make_model: MakeModel, count: int) -> ModelLifecycle:
    lifecycle = ModelLifecycle(settings)
    for number in range(count):
        publish(lifecycle, make_model(str(number)))
    return lifecycle


def removed(lifecycle: ModelLifecycle, keep: int = 1, **options: Any) -> list[int]:
    steps = plan_pruning(lifecycle, keep, **{"now": LATER, **options})
    return [step.version for step in steps if step.remove]


def prune(lifecycle: ModelLifecycle, keep: int = 1, **options: Any) -> list[int]:
    return [step.version for step in carry_out(lifecycle, plan_pruning(lifecycle, keep, **{"now": LATER, **options}))]


class Crash(BaseException):
    """Stands for a process that is gone."""


def cut_off(settings: Settings, make_model: MakeModel, step: str) -> None:
    def at_step(name: str) -> None:
        if name == step:
            raise Crash(step)

    with pytest.raises(Crash):
        publish(ModelLifecycle(settings, at_step=at_step), make_model("cut off"))


def test_pruning_frees_registry_and_store_alike(settings: Settings, make_model: MakeModel) -> None:
    """On each way to run it; the plan alone changes nothing, and a number is not used again."""
    lifecycle = with_versions(settings, make_model, 4)
    VersionChanges(lifecycle).yank(4, "bad")
    assert removed(lifecycle) == [4, 2, 1]
    assert [version.version for version in lifecycle.list()] == [4, 3, 2, 1]
    assert prune(lifecycle) == [4, 2, 1]
    fresh = ModelLifecycle(settings)
    assert [version.version for version in fresh.list()] == [3]
    keys = {stored.key for number in range(1, 5) for stored in fresh.store.objects(folder_of(fresh, number))}
    assert keys == fresh.place.own_keys(3) - {signature_key(fresh.place.key(3))}
    with pytest.raises(VersionNotFound):
        fresh.load(2)
    assert [(event.action, event.reason) for event in history(fresh, 4)][-1] == ("pruned", "yanked: bad")
    assert publish(fresh, make_model("next")).version == 5
    assert all(check.ok for check in fresh.verify())


def folder_of(lifecycle: ModelLifecycle, number: int) -> str:
    return lifecycle.place.key(number).split("/", 1)[0] + "/"


def test_pruning_never_touches_what_is_in_use(embedded: Settings, make_model: MakeModel) -> None:
    """Pinned, in a stage, aliased, the newest ones; and each step says why."""
    lifecycle = with_versions(embedded, make_model, 7)
    changes = VersionChanges(lifecycle)
    changes.pin(1, "steady")
    changes.set_alias("champion", 2)
    changes.set_stage(3, "Production")
    changes.yank(7, "bad")
    why = {step.version: (step.remove, step.why) for step in plan_pruning(lifecycle, 1, now=LATER)}
    assert why == {
        7: (True, "yanked: bad"),
        6: (False, "among the newest"),
        5: (True, "older than what is kept"),
        4: (True, "older than what is kept"),
        3: (False, "in stage Production"),
        2: (False, "has the alias champion"),
        1: (False, "pinned"),
    }


def test_age_and_number_protect(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 4)
    assert removed(lifecycle, keep=2) == [2, 1]
    assert removed(lifecycle, keep=1, now=datetime.now(UTC)) == []
    assert removed(lifecycle, keep=1, younger_than=timedelta(0), now=datetime.now(UTC)) == [3, 2, 1]
    assert removed(lifecycle, keep=0) == [3, 2, 1]
    assert removed(lifecycle, keep=9) == []


def test_what_became_used_after_the_plan_stays(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 3)
    plan = plan_pruning(lifecycle, 1, now=LATER)
    VersionChanges(ModelLifecycle(embedded)).set_alias("champion", 2)
    VersionChanges(ModelLifecycle(embedded)).pin(1, "steady")
    assert carry_out(lifecycle, plan) == []
    assert all(check.ok for check in lifecycle.verify())


@pytest.mark.parametrize("step", ["allocated", "uploaded", "described"])
def test_pruning_clears_what_was_never_finished(embedded: Settings, make_model: MakeModel, step: str) -> None:
    """But not what somebody may still be uploading."""
    lifecycle = with_versions(embedded, make_model, 1)
    cut_off(embedded, make_model, step)
    assert removed(lifecycle, younger_than=timedelta(0), now=datetime.now(UTC)) == []
    assert prune(lifecycle) == [2]
    assert [version.version for version in lifecycle.list()] == [1]
    assert lifecycle.store.objects(folder_of(lifecycle, 2)) == []


def test_files_without_any_record_are_removed_only_when_asked_for(store_only: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(store_only, make_model, 1)
    cut_off(store_only, make_model, "uploaded")
    assert removed(lifecycle) == []
    assert removed(lifecycle, orphans=True, now=datetime.now(UTC)) == []
    assert prune(lifecycle, orphans=True) == [2]
    assert not (store_only.home / "artifacts" / folder_of(lifecycle, 2) / "models" / "lstm_model_v2.keras").exists()


def test_files_of_others_in_our_folders_are_not_touched(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 2)
    foreign = embedded.home / "artifacts" / folder_of(lifecycle, 1) / "models" / "notes.txt"
    foreign.write_text("mine")
    assert prune(lifecycle, orphans=True) == [1]
    assert foreign.read_text() == "mine"


def test_a_pruning_that_was_cut_off_is_finished_by_the_next(
    settings: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off between registry and store: nothing resolves to the rest, repair does not bring it back."""
    lifecycle = with_versions(settings, make_model, 2)

    def gone(_key: str) -> None:
        raise Crash

    plan = plan_pruning(lifecycle, 1, now=LATER)
    with monkeypatch.context() as patch:
        patch.setattr(lifecycle.store, "delete", gone)
        with pytest.raises(Crash):
            carry_out(lifecycle, plan)
    fresh = ModelLifecycle(settings)
    if settings.mlflow_enabled:
        assert [version.version for version in fresh.list()] == [2]
        assert [(found.kind, found.version) for found in find_repairs(fresh)] == [("named", 1)]
        assert not repair(fresh)[0].done
    assert prune(fresh) == [1]
    assert fresh.store.objects(folder_of(fresh, 1)) == []
    assert find_repairs(fresh) == []


@pytest.fixture
def lose_registry(empty_database: Path) -> Callable[[Settings], Settings]:
    """Settings with an empty registry beside the same store.

    The database gets another name, because MLflow keeps one that is deleted open; the tests of the command line
    delete it for good.
    """

    def lose(settings: Settings) -> Settings:
        shutil.copy(empty_database, settings.home / "new.db")
        return settings.model_copy(update={"mlflow_tracking_uri": f"sqlite:///{settings.home / 'new.db'}"})

    return lose


@pytest.mark.parametrize("settings", ["embedded", "server_and_s3"], indirect=True)
def test_a_lost_registry_is_made_again_from_the_store(
    settings: Settings, make_model: MakeModel, lose_registry: Callable[[Settings], Settings]
) -> None:
    """Same numbers, digests and states; a refused one stays refused, a pruned one stays gone."""
    lifecycle = with_versions(settings, make_model, 4)
    lifecycle.publish(make_model("worse"), **FACTS, objection="it is worse")
    changes = VersionChanges(lifecycle)
    changes.yank(4, "bad")
    changes.pin(1, "steady")
    changes.set_alias("champion", 3)
    changes.set_stage(3, "Production")
    changes.describe(3, "the quiet week")
    carry_out(lifecycle, [step for step in plan_pruning(lifecycle, 1, now=LATER) if step.version == 2])
    before = lifecycle.list()
    assert [version.version for version in before] == [5, 4, 3, 1]
    if settings.tracking_uri.startswith("sqlite"):
        settings = lose_registry(settings)
    else:
        connect(settings).delete_registered_model(lifecycle.index.registered_name)
    fresh = ModelLifecycle(settings)
    assert fresh.list() == []
    plan = find_repairs(fresh)
    assert [(found.kind, found.version, found.done) for found in plan] == [
        ("register", number, False) for number in (1, 3, 4, 5)
    ]
    assert fresh.list() == []
    done = repair(fresh)
    assert all(found.done for found in done)
    assert [told(version) for version in fresh.list()] == [told(version) for version in before]
    assert fresh.resolve().version == 1
    assert fresh.resolve("@production").version == 3
    assert all(check.ok for check in fresh.verify())
    assert find_repairs(fresh) == []
    assert publish(fresh, make_model("next")).version == 6
    assert [(event.action, event.version) for event in history(fresh)[-2:]] == [("registered", 5), ("published", 6)]


def told(version: Any) -> tuple[Any, ...]:
    """What must be the same of a version after the registry came back."""
    states = (version.status, version.status_reason, version.yanked, version.yank_reason, version.pinned)
    facts = (version.version, version.uri, version.sha256, version.size_bytes, version.metrics)
    return (*facts, *states, version.aliases, version.stage, version.description)


def test_a_registry_from_an_old_backup_catches_up(embedded: Settings, make_model: MakeModel) -> None:
    """Versions and changes since the backup come back; the ones before are left as they are."""
    lifecycle = with_versions(embedded, make_model, 2)
    VersionChanges(lifecycle).pin(1, "steady")
    shutil.copy(embedded.home / "mlflow.db", embedded.home / "backup.db")
    publish(lifecycle, make_model("third"))
    VersionChanges(lifecycle).unpin()
    VersionChanges(lifecycle).yank(2, "bad")
    shutil.copy(embedded.home / "backup.db", embedded.home / "mlflow.db")
    fresh = ModelLifecycle(embedded)
    assert fresh.resolve().version == 1
    kinds = [(found.kind, found.version) for found in find_repairs(fresh)]
    assert kinds == [("register", 3), ("restore", 0), ("restore", 2)]
    repair(fresh)
    assert [(version.version, version.yanked, version.pinned) for version in fresh.list()] == [
        (3, False, False),
        (2, True, False),
        (1, False, False),
    ]
    assert find_repairs(fresh) == []


def test_a_number_that_mlflow_cannot_give_any_more_is_mapped(
    embedded: Settings, make_model: MakeModel, lose_registry: Callable[[Settings], Settings]
) -> None:
    """The registry was lost and the next training came before the repair: MLflow is past the old numbers."""
    lifecycle = with_versions(embedded, make_model, 3)
    before = [told(version) for version in lifecycle.list()]
    embedded = lose_registry(embedded)
    after = ModelLifecycle(embedded)
    assert publish(after, make_model("too early")).version == 4
    outcomes = [found.outcome for found in repair(after)]
    assert outcomes == [
        f"MLflow could not give number {number} any more: there it is {number + 4}, here it stays {number}"
        for number in (1, 2, 3)
    ]
    fresh = ModelLifecycle(embedded)
    assert [version.version for version in fresh.list()] == [4, 3, 2, 1]
    assert [told(version) for version in fresh.list()][1:] == before
    assert fresh.resolve().version == 4
    assert [fresh.load(number).version.version for number in (1, "v2", 3)] == [1, 2, 3]
    changes = VersionChanges(fresh)
    changes.set_alias("champion", 2)
    changes.yank(4, "bad")
    changes.describe(1, "old")
    assert fresh.resolve("@champion").version == 2
    assert fresh.show(2).aliases == ("champion",)
    assert (fresh.resolve().version, fresh.show(1).description) == (3, "old")
    assert changes.rollback().version == 2
    with pytest.raises(VersionNotFound):
        fresh.show(7)
    changes.unpin()
    assert prune(fresh) == [4, 1]
    assert [version.version for version in fresh.list()] == [3, 2]
    assert publish(fresh, make_model("next")).version > 4
    assert fresh.resolve().version > 4
    assert all(check.ok for check in fresh.verify())
    assert find_repairs(fresh) == []


@pytest.mark.parametrize("step", ["allocated", "uploaded", "verified", "described"])
def test_half_published_versions_are_named_and_left_alone(embedded: Settings, make_model: MakeModel, step: str) -> None:
    lifecycle = with_versions(embedded, make_model, 1)
    cut_off(embedded, make_model, step)
    for found in (*find_repairs(lifecycle), *repair(lifecycle)):
        assert (found.kind, found.version, found.done) == ("named", 2, False)
        assert "half-published" in found.what
    assert lifecycle.resolve().version == 1


def test_orphans_and_damaged_files_are_named(
    embedded: Settings, make_model: MakeModel, lose_registry: Callable[[Settings], Settings]
) -> None:
    """A file without its manifest, one that is not what its manifest says, a manifest that is none, a registered one
    that is gone."""
    lifecycle = with_versions(embedded, make_model, 4)
    files = {number: Path(lifecycle.show(number).uri.removeprefix("file://")) for number in range(1, 5)}
    embedded = lose_registry(embedded)
    files[1].with_suffix(".json").unlink()
    files[2].write_bytes(b"damaged")
    files[3].with_suffix(".json").write_text("{}")
    fresh = ModelLifecycle(embedded)
    found = {finding.version: finding for finding in repair(fresh)}
    assert [found[number].kind for number in range(1, 5)] == ["named", "named", "named", "register"]
    assert "orphan" in found[1].what
    assert "not what was published" in found[2].what
    assert "cannot be read" in found[3].what
    files[4].unlink()
    (gone,) = [finding for finding in find_repairs(fresh) if finding.version == 4]
    assert (gone.kind, "not in the store" in gone.what) == ("named", True)


def test_what_was_set_by_hand_in_mlflow_is_not_undone(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 2)
    client, name = connect(embedded), lifecycle.index.registered_name
    client.set_registered_model_alias(name, "by-hand", "1")
    client.set_model_version_tag(name, "2", "openstack_rca.yanked", "by hand")
    client.set_registered_model_tag(name, "openstack_rca.pinned", "1")
    assert repair(ModelLifecycle(embedded)) == []
    assert ModelLifecycle(embedded).resolve("@by-hand").version == 1


def test_versions_of_a_time_without_registry_are_taken_in(embedded: Settings, make_model: MakeModel) -> None:
    alone = ModelLifecycle(embedded.model_copy(update={"mlflow_enabled": False}))
    publish(alone, make_model("alone"))
    VersionChanges(alone).set_alias("champion", 1)
    lifecycle = ModelLifecycle(embedded)
    repair(lifecycle)
    assert lifecycle.resolve("@champion").version == 1


def test_without_a_registry_there_is_nothing_to_register(store_only: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(store_only, make_model, 1)
    cut_off(store_only, make_model, "uploaded")
    assert [(found.kind, found.version) for found in repair(lifecycle)] == [("named", 2)]


def test_a_promoted_version_is_the_same_file_with_its_origin(settings: Settings, make_model: MakeModel) -> None:
    model = make_model("good")
    production = f"{settings.experiment_name}_production"
    staging = ModelLifecycle(settings)
    publish(staging, make_model("first"))
    publish(staging, model)
    promotion = promote(staging, "latest", production, reason="a week without a false alarm")
    target = ModelLifecycle(settings.model_copy(update={"experiment_name": production}))
    assert (promotion.made, promotion.version.version, promotion.source.version) == (True, 1, 2)
    assert target.resolve().sha256 == file_digest(model)
    assert target.load().path.read_bytes() == model.read_bytes()
    manifest = target.store.read(target.place.manifest_key(1)).decode()
    assert f"{settings.experiment_name}/lstm_model version 2" in manifest
    assert target.show(1).metrics == FACTS["metrics"]
    assert [(event.action, event.reason) for event in history(target)][-1] == (
        "promoted",
        "a week without a false alarm",
    )
    assert history(staging)[-1].details["to"] == f"{production}/lstm_model version 1"
    again = promote(staging, 2, production)
    assert (again.made, again.version.version) == (False, 1)


def test_a_damaged_file_does_not_count_as_there_already(embedded: Settings, make_model: MakeModel) -> None:
    """Who takes the good file in again gets a version that can be used, not the word that all is well."""
    lifecycle = with_versions(embedded, make_model, 1)
    promote(lifecycle, 1, "production")
    target = ModelLifecycle(embedded.model_copy(update={"experiment_name": "production"}))
    Path(target.show(1).uri.removeprefix("file://")).write_bytes(b"damaged")
    again = promote(lifecycle, 1, "production")
    assert (again.made, again.version.version) == (True, 2)
    assert target.load("2").path.read_bytes() == lifecycle.load("1").path.read_bytes()


def test_what_may_not_be_promoted_is_refused(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 2)
    lifecycle.publish(make_model("worse"), **FACTS, objection="it is worse")
    VersionChanges(lifecycle).yank(1, "bad")
    for reference, place, error, words in (
        (1, "production", ConfigurationError, "was yanked"),
        (2, embedded.experiment_name, ConfigurationError, "already"),
        (2, "no spaces please", ConfigurationError, "MLFLOW_EXPERIMENT_NAME"),
        (3, "production", VersionNotFound, "refused"),
        (9, "production", VersionNotFound, "9"),
    ):
        with pytest.raises(error, match=words):
            promote(lifecycle, reference, place)
    assert ModelLifecycle(embedded.model_copy(update={"experiment_name": "production"})).list() == []


def test_a_version_can_be_promoted_under_another_name(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 1)
    made = promote(lifecycle, 1, embedded.experiment_name, "approved").version
    assert (made.name, made.version) == ("approved", 1)
    assert made.uri.endswith(f"_{made.version:04d}/models/approved_v{made.version}.keras")


def test_a_damaged_version_is_not_promoted(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(embedded, make_model, 1)
    shutil.rmtree(embedded.home / "cache")
    Path(lifecycle.show(1).uri.removeprefix("file://")).write_bytes(b"damaged")
    with pytest.raises(DigestMismatch, match="not what was published"):
        promote(lifecycle, 1, "production")
    assert ModelLifecycle(embedded.model_copy(update={"experiment_name": "production"})).list() == []
