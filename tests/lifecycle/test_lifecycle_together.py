"""Two at work at once, or one cut off in the middle: nothing is lost, doubled, or taken for something else.

The other one is let in at a chosen moment, by way of the call that stands there.
"""

import errno
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import MakeModel, publish

from openstack_rca.errors import (
    ConfigurationError,
    LifecycleError,
    PublishFailed,
    PublishInterrupted,
    RegistryUnavailable,
    StoreUnavailable,
    VersionNotFound,
)
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.objects import files
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.repair import find_repairs, repair
from openstack_rca.lifecycle.versions.retention import carry_out, plan_pruning
from openstack_rca.settings import Settings

LATER = datetime(2100, 1, 1, tzinfo=UTC)
AT_ONCE = timedelta(0)


class Crash(BaseException):
    """Stands for a process that is gone."""


def several(settings: Settings, make_model: MakeModel, count: int) -> ModelLifecycle:
    lifecycle = ModelLifecycle(settings)
    for number in range(count):
        publish(lifecycle, make_model(f"model {number}"))
    return lifecycle


def before_appending(lifecycle: ModelLifecycle, action: str, other: Callable[[], object]) -> None:
    """Let somebody else do something right before this event is written, once."""
    append, waiting = lifecycle.events.append, [other]

    def appending(written: str, *arguments: Any, **named: Any) -> Any:
        if written == action and waiting:
            waiting.pop()()
        return append(written, *arguments, **named)

    lifecycle.events.append = appending  # type: ignore[method-assign]


def elsewhere(lifecycle: ModelLifecycle) -> VersionChanges:
    """Somebody else, in the same environment."""
    return VersionChanges(ModelLifecycle(lifecycle.settings))


def lost_registry(settings: Settings) -> Settings:
    return settings.model_copy(update={"mlflow_tracking_uri": f"sqlite:///{settings.home / 'new.db'}"})


# Publishing


def test_a_file_that_the_store_gave_back_changed_is_published_from_the_spool(
    embedded: Settings, make_model: MakeModel
) -> None:
    lifecycle = several(embedded, make_model, 1)
    fetch, changed = lifecycle.store.fetch, ["0" * 64]

    def fetching(*arguments: Any) -> Any:
        sha256, *rest = fetch(*arguments)
        return (changed.pop() if changed else sha256, *rest)

    lifecycle.store.fetch = fetching  # type: ignore[method-assign]
    good = make_model("good")
    with pytest.raises(PublishFailed):
        publish(lifecycle, good)
    again = ModelLifecycle(embedded)
    (sent,) = again.publish_spooled()
    assert sent.status == "ready"
    assert again.load().path.read_bytes() == good.read_bytes()


def test_a_registry_that_answers_late_takes_nothing_back(embedded: Settings, make_model: MakeModel) -> None:
    """Whatever was asked of it while the first attempt failed, and comes to pass after the second one went through."""
    lifecycle = several(embedded, make_model, 1)
    late: list[Callable[[], object]] = []
    void, put = lifecycle.index.void, lifecycle.store.put_new_bytes

    def slow(number: int) -> None:
        late.append(lambda: void(number))
        raise RegistryUnavailable("too slow")

    def down(key: str, data: bytes) -> None:
        if key.endswith("_v2.json"):
            raise StoreUnavailable("down")
        put(key, data)

    lifecycle.index.void = slow  # type: ignore[method-assign]
    lifecycle.store.put_new_bytes = down  # type: ignore[method-assign]
    with pytest.raises(PublishFailed):
        publish(lifecycle, make_model("second"))
    again = ModelLifecycle(embedded)
    (sent,) = again.publish_spooled()
    for call in late:
        call()
    assert ModelLifecycle(embedded).resolve().version == sent.version


def test_an_interrupted_upload_keeps_the_trained_file(embedded: Settings, make_model: MakeModel) -> None:
    def interrupt(step: str) -> None:
        if step == "allocated":
            raise KeyboardInterrupt

    model = make_model("one")
    with pytest.raises(PublishInterrupted, match=r"interrupted.*publish --spooled"):
        publish(ModelLifecycle(embedded, at_step=interrupt), model)
    (sent,) = ModelLifecycle(embedded).publish_spooled()
    assert ModelLifecycle(embedded).load(sent.version).path.read_bytes() == model.read_bytes()


def test_a_lock_that_cannot_be_had_stops_no_publishing(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = several(embedded, make_model, 1)
    (lock,) = embedded.home.glob(".*lstm_model*.lock")
    lock.unlink()
    lock.mkdir()
    assert publish(lifecycle, make_model("two")).version == 2


def test_a_lock_that_somebody_else_keeps_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with files.locked(tmp_path / "lock"), pytest.raises(TimeoutError) as caught, files.locked(tmp_path / "lock", 0.0):
        pass
    assert caught.value.errno == errno.ETIMEDOUT


def test_names_that_share_folders_do_not_overwrite_each_other(s3: Settings, make_model: MakeModel) -> None:
    """Also on a server that ignores "create only"; Swift is one."""
    models = {name: make_model(name) for name in ("feature_x", "feature-x")}
    for name, model in models.items():
        publish(ModelLifecycle(s3.model_copy(update={"experiment_name": name})), model)
    for name, model in models.items():
        settings = s3.model_copy(update={"experiment_name": name, "home": s3.home / "another machine"})
        assert ModelLifecycle(settings).load().path.read_bytes() == model.read_bytes()


def test_a_file_that_another_writer_replaced_before_it_was_described_takes_another_number(
    s3: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    """As Swift lets it happen, without a registry, to two uploads that begin at the same instant."""
    ours, theirs = make_model("ours"), make_model("theirs")

    def replace(step: str) -> None:
        first, second = lifecycle.place.key(1), lifecycle.place.key(2)
        if step == "verified" and not lifecycle.store.exists(second):
            lifecycle.store.delete(first)
            lifecycle.store.put_new_file(first, theirs, {"writer": "somebody else"})

    lifecycle = ModelLifecycle(s3, at_step=replace)
    assert publish(lifecycle, ours).version == 2
    there = ModelLifecycle(s3.model_copy(update={"home": tmp_path / "another machine"}))
    assert [(version.version, version.status) for version in there.list()] == [(2, "ready")]
    assert there.load().path.read_bytes() == ours.read_bytes()


# Pruning


def test_what_another_environment_put_where_a_pruned_version_was_stays(
    settings: Settings, make_model: MakeModel
) -> None:
    """``feature_x`` and ``feature-x`` share the names of their folders."""
    first, second = (settings.model_copy(update={"experiment_name": name}) for name in ("feature_x", "feature-x"))
    lifecycle = several(first, make_model, 2)
    carry_out(lifecycle, plan_pruning(lifecycle, 1, AT_ONCE, now=LATER))
    published = publish(ModelLifecycle(second), make_model("theirs"))
    lifecycle = ModelLifecycle(first)
    assert published.version not in [step.version for step in carry_out(lifecycle, plan_pruning(lifecycle))]
    there = ModelLifecycle(second)
    assert there.store.exists(there.place.key(published.version))


def test_a_version_that_got_an_alias_while_pruning_stays(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = several(settings, make_model, 2)
    for number in (1, 2):
        VersionChanges(lifecycle).yank(number, "bad")
    steps = plan_pruning(lifecycle, 1, AT_ONCE, now=LATER)
    elsewhere(lifecycle).set_alias("champion", 1)
    assert [step.version for step in carry_out(lifecycle, steps)] == [2]


def test_a_version_that_was_taken_back_while_pruning_stays(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = several(settings, make_model, 3)
    VersionChanges(lifecycle).yank(2, "bad")
    steps = plan_pruning(lifecycle, 10, AT_ONCE, now=LATER)
    assert [step.version for step in steps if step.remove] == [2]
    elsewhere(lifecycle).unyank(2)
    assert carry_out(lifecycle, steps) == []


def test_a_version_that_is_finished_while_pruning_stays(embedded: Settings, make_model: MakeModel) -> None:
    def gone(step: str) -> None:
        if step == "described":
            raise StoreUnavailable("gone")

    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(embedded, at_step=gone), make_model("one"))
    lifecycle = several(embedded, make_model, 1)
    steps = plan_pruning(lifecycle, 10, now=datetime.now(UTC) + timedelta(days=31))
    assert [step.version for step in steps if step.remove] == [1]
    assert [version.version for version in ModelLifecycle(embedded).publish_spooled()] == [1]
    assert carry_out(lifecycle, steps) == []


def test_a_version_that_is_pinned_in_the_moment_of_its_removal_leaves_no_dead_pin(
    settings: Settings, make_model: MakeModel
) -> None:
    lifecycle = several(settings, make_model, 3)
    steps = plan_pruning(lifecycle, 1, AT_ONCE, now=LATER)
    before_appending(lifecycle, word.PRUNED, lambda: elsewhere(lifecycle).pin(2, "good"))
    carry_out(lifecycle, steps)
    assert ModelLifecycle(settings).resolve().version == 3


def test_pinning_what_is_removed_in_that_moment_is_an_error_and_leaves_no_dead_pin(
    settings: Settings, make_model: MakeModel
) -> None:
    lifecycle = several(settings, make_model, 3)
    other = ModelLifecycle(settings)
    steps = plan_pruning(other, 1, AT_ONCE, now=LATER)
    before_appending(lifecycle, word.PINNED, lambda: carry_out(other, steps))
    with pytest.raises(VersionNotFound):
        VersionChanges(lifecycle).pin(2, "good")
    assert ModelLifecycle(settings).resolve().version == 3


# Changing


def test_of_a_pin_and_a_yank_at_once_the_yank_counts(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = several(settings, make_model, 2)
    before_appending(lifecycle, word.PINNED, lambda: elsewhere(lifecycle).yank(1, "broken"))
    with pytest.raises(ConfigurationError, match="yanked at the same moment"):
        VersionChanges(lifecycle).pin(1, "good")
    assert ModelLifecycle(settings).resolve().version == 2


def test_of_two_that_move_versions_to_one_stage_at_once_one_is_in_it(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = several(settings, make_model, 2)
    before_appending(lifecycle, word.STAGED, lambda: elsewhere(lifecycle).set_stage(1, "Production"))
    VersionChanges(lifecycle).set_stage(2, "Production")
    assert [version.version for version in ModelLifecycle(settings).list() if version.stage] == [2]


def test_a_change_that_others_keep_from_taking_effect_is_told(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = several(embedded, make_model, 1)
    changes, names = VersionChanges(lifecycle), lifecycle.events.names

    def never_the_same() -> Any:
        ModelLifecycle(embedded).events.append(word.DESCRIBED, 1, details={"text": "theirs"})
        return names()

    lifecycle.events.names = never_the_same  # type: ignore[method-assign]
    with pytest.raises(LifecycleError, match="has not taken effect"):
        changes.set_alias("champion", 1)


# Repairing


def test_a_repair_that_is_killed_is_finished_by_the_next(embedded: Settings, make_model: MakeModel) -> None:
    several(embedded, make_model, 3)
    lost = lost_registry(embedded)
    lifecycle = ModelLifecycle(lost)
    tag = lifecycle.index._tag  # type: ignore[attr-defined]

    def killed(number: int, *rest: str) -> None:
        if number == 2:
            raise Crash
        tag(number, *rest)

    lifecycle.index._tag = killed  # type: ignore[attr-defined]
    with pytest.raises(Crash):
        repair(lifecycle)
    steps = plan_pruning(ModelLifecycle(lost), 10, now=datetime.now(UTC) + timedelta(days=31))
    assert [step.version for step in steps if step.remove] == []
    repair(ModelLifecycle(lost))
    held = [(version.version, version.status) for version in ModelLifecycle(lost).list()]
    assert held == [(3, "ready"), (2, "ready"), (1, "ready")]
    assert find_repairs(ModelLifecycle(lost)) == []


def test_what_is_published_during_a_repair_is_not_registered_twice(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = several(embedded, make_model, 1)
    folders, waiting = lifecycle.store.folders, ["two"]

    def looking() -> list[str]:
        if waiting:
            publish(ModelLifecycle(embedded), make_model(waiting.pop()))
        return folders()

    lifecycle.store.folders = looking  # type: ignore[method-assign]
    repair(lifecycle)
    VersionChanges(ModelLifecycle(embedded)).yank(2, "bad")
    assert [version.version for version in ModelLifecycle(embedded).list()] == [2, 1]
    assert ModelLifecycle(embedded).resolve().version == 1


def test_two_repairs_at_once_register_each_version_once(embedded: Settings, make_model: MakeModel) -> None:
    several(embedded, make_model, 3)
    lost = lost_registry(embedded)
    lifecycle = ModelLifecycle(lost)
    register, waiting = lifecycle.index.register, [ModelLifecycle(lost)]

    def registering(manifest: Any) -> int:
        if waiting:
            repair(waiting.pop())
        return register(manifest)

    lifecycle.index.register = registering  # type: ignore[method-assign]
    repair(lifecycle)
    assert publish(ModelLifecycle(lost), make_model("next")).version == 4
