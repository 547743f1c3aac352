"""Yank, pin, roll back, alias, stage, describe; and a history of all that which only grows."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish

from openstack_rca.errors import ConfigurationError, DigestMismatch, PublishFailed, RegistryUnavailable, VersionNotFound
from openstack_rca.lifecycle.history.changes_log import EventLog
from openstack_rca.lifecycle.history.version_state import read_state, replay
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.seen_history import history
from openstack_rca.settings import Settings, load_settings


def with_versions(settings: Settings, make_model: MakeModel, count: int) -> ModelLifecycle:
    lifecycle = ModelLifecycle(settings)
    for number in range(count):
        publish(lifecycle, make_model(str(number)))
    return lifecycle


@pytest.fixture
def three(embedded: Settings, make_model: MakeModel) -> ModelLifecycle:
    return with_versions(embedded, make_model, 3)


def actions(lifecycle: ModelLifecycle, version: int | None = None) -> list[tuple[str, int]]:
    return [(event.action, event.version) for event in history(lifecycle, version)]


def test_the_rules_hold_on_every_registry_and_store(settings: Settings, make_model: MakeModel) -> None:
    """One story told on each way to run it; a second machine (another instance) sees every step."""
    lifecycle = with_versions(settings, make_model, 3)
    changes = VersionChanges(lifecycle)

    def elsewhere() -> ModelLifecycle:
        return ModelLifecycle(settings)

    changes.yank(3, "learned from a bad day")
    assert elsewhere().resolve().version == 2
    assert elsewhere().load(3).notices == ["Version 3 was yanked: learned from a bad day."]
    changes.unyank(3)
    assert elsewhere().resolve().version == 3
    changes.pin(2, "the new one is slow")
    assert (elsewhere().resolve().version, elsewhere().resolve().pinned) == (2, True)
    assert "pinned" in elsewhere().load().notices[0]
    assert changes.rollback("slow as well").version == 1
    assert [version.pinned for version in elsewhere().list()] == [False, False, True]
    assert changes.unpin(1) == 1
    assert elsewhere().resolve().version == 3
    changes.set_alias("champion", 2)
    changes.set_alias("champion", 1)
    assert elsewhere().resolve("@champion").version == 1
    changes.delete_alias("champion")
    with pytest.raises(VersionNotFound):
        elsewhere().resolve("@champion")
    changes.set_stage(1, "production")
    changes.set_stage(2, "Production")
    assert elsewhere().resolve("@production").version == 2
    assert [(version.stage, version.aliases) for version in elsewhere().list()] == [
        ("", ()),
        ("Production", ("production",)),
        ("", ()),
    ]
    assert changes.describe(2, "the quiet week").description == "the quiet week"
    assert elsewhere().show(2).description == "the quiet week"
    assert actions(elsewhere()) == [
        *[("published", number) for number in (1, 2, 3)],
        ("yanked", 3),
        ("unyanked", 3),
        ("pinned", 2),
        ("pinned", 1),
        ("unpinned", 1),
        ("aliased", 2),
        ("aliased", 1),
        ("unaliased", 1),
        ("staged", 1),
        ("staged", 2),
        ("described", 2),
    ]
    assert actions(elsewhere(), 3) == [("published", 3), ("yanked", 3), ("unyanked", 3)]


def test_an_event_says_who_when_what_and_why(three: ModelLifecycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "controller")
    VersionChanges(three).rollback("since Monday it names the wrong service")
    event = history(three)[-1]
    assert (event.who, event.action, event.version) == ("ada@controller", "pinned", 2)
    assert (event.reason, event.details) == ("since Monday it names the wrong service", {"rolled_back_from": "3"})
    assert event.when.utcoffset() is not None


def test_rolling_back_twice_goes_two_versions_back_and_then_there_is_none(three: ModelLifecycle) -> None:
    changes = VersionChanges(three)
    assert [changes.rollback().version, changes.rollback().version] == [2, 1]
    with pytest.raises(VersionNotFound, match="no good version before version 1"):
        changes.rollback()
    assert three.resolve().version == 1


def test_a_rollback_passes_over_what_is_not_good(embedded: Settings, make_model: MakeModel) -> None:
    """Yanked, refused and damaged ones are no place to go back to."""
    lifecycle = with_versions(embedded, make_model, 3)
    refused = lifecycle.publish(make_model("refused"), **FACTS, objection="it is worse")
    newest = publish(lifecycle, make_model("newest"))
    VersionChanges(lifecycle).yank(3, "bad day")
    Path(lifecycle.show(2).uri.removeprefix("file://")).write_bytes(b"damaged")
    assert (refused.version, newest.version) == (4, 5)
    assert VersionChanges(lifecycle).rollback().version == 1


def test_what_makes_no_sense_is_refused_and_leaves_no_trace(three: ModelLifecycle) -> None:
    changes = VersionChanges(three)
    changes.pin(2, "steady")
    changes.yank(1, "old")
    before = actions(three)
    attempts: list[tuple[Any, str]] = [
        (lambda: changes.yank(2, "why not"), "pinned"),
        (lambda: changes.yank(1, "again"), "yanked already"),
        (lambda: changes.yank(3, "  "), "reason"),
        (lambda: changes.unyank(3), "not yanked"),
        (lambda: changes.pin(1, "old times"), "was yanked"),
        (lambda: changes.unpin(3), "Version 2 is pinned"),
        (lambda: changes.describe(3, "x" * 2001), "too long"),
        (lambda: changes.yank(3, "x" * 2001), "too long"),
        (lambda: changes.set_stage(3, "Limbo"), "no stage"),
        *(
            (lambda name=name: changes.set_alias(name, 3), "reserved")
            for name in ("latest", "LATEST", "v15", "V1", "7")
        ),
        *((lambda name=name: changes.set_alias(name, 3), "stage") for name in ("production", "Staging")),
        *((lambda name=name: changes.set_alias(name, 3), "cannot be") for name in ("", "a b", "-x", "a/b", "x" * 101)),
    ]
    for attempt, words in attempts:
        with pytest.raises(ConfigurationError, match=words):
            attempt()
    for attempt in (lambda: changes.yank(9, "x"), lambda: changes.pin(9, "x"), lambda: changes.delete_alias("none")):
        with pytest.raises(VersionNotFound):
            attempt()
    assert actions(three) == before


def test_unpinning_when_nothing_is_pinned_is_said(three: ModelLifecycle) -> None:
    with pytest.raises(ConfigurationError, match="No version is pinned"):
        VersionChanges(three).unpin()


def test_a_refused_version_is_kept_and_never_resolved(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(settings, make_model, 1)
    refused = lifecycle.publish(make_model("worse"), **FACTS, objection="accuracy fell by 30 %")
    assert (refused.version, refused.status, refused.status_reason) == (2, "refused", "accuracy fell by 30 %")
    assert ModelLifecycle(settings).resolve().version == 1
    for reference in (2, "v2"):
        with pytest.raises(VersionNotFound, match="refused"):
            ModelLifecycle(settings).load(reference)
    for change in (VersionChanges(lifecycle).pin, VersionChanges(lifecycle).set_alias):
        with pytest.raises(VersionNotFound):
            change(*((2, "reason") if change.__name__ == "pin" else ("champion", 2)))
    last = history(ModelLifecycle(settings))[-1]
    assert (last.action, last.version, last.reason) == ("refused", 2, "accuracy fell by 30 %")
    assert publish(lifecycle, make_model("better")).version == 3


def test_a_forced_version_is_used_and_the_history_says_against_what(settings: Settings, make_model: MakeModel) -> None:
    lifecycle = with_versions(settings, make_model, 1)
    forced = lifecycle.publish(make_model("worse"), **FACTS, objection="accuracy fell by 30 %", forced=True)
    assert (forced.status, forced.status_reason) == ("ready", "forced, although accuracy fell by 30 %")
    assert ModelLifecycle(settings).resolve().version == 2
    last = history(ModelLifecycle(settings), 2)[-1]
    assert (last.action, last.reason) == ("published", "forced, although accuracy fell by 30 %")


def test_a_refusal_outlives_the_spool(embedded: Settings, make_model: MakeModel) -> None:
    """What was found at training time still holds when it is sent later."""
    away = ModelLifecycle(embedded.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"}))
    with pytest.raises(PublishFailed, match="not published"):
        away.publish(make_model("worse"), **FACTS, objection="it is worse")
    (version,) = ModelLifecycle(embedded).publish_spooled()
    assert (version.status, version.status_reason) == ("refused", "it is worse")
    with pytest.raises(VersionNotFound, match="can be used"):
        ModelLifecycle(embedded).resolve()


def append_many(facts: dict[str, Any], count: int, writer: int) -> None:
    lifecycle = ModelLifecycle(load_settings(**facts))
    for turn in range(count):
        lifecycle.events.append("described", 1, f"{writer} {turn}", {"text": f"{writer} {turn}"})


@pytest.mark.parametrize("settings", ["store_only", "s3"], indirect=True)
def test_processes_that_write_history_at_once_lose_nothing(settings: Settings) -> None:
    """Four writers, ten events each: all there, each writer's own in its order, and none is written twice."""
    facts = {**settings.model_dump(exclude_unset=True), "network_timeout_seconds": 60}
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(append_many, [facts] * 4, [10] * 4, range(4)))
    reasons = [event.reason for event in ModelLifecycle(settings).events.all()]
    assert len(reasons) == 40
    for writer in range(4):
        assert [text for text in reasons if text.startswith(f"{writer} ")] == [f"{writer} {turn}" for turn in range(10)]


def test_the_history_only_grows(three: ModelLifecycle) -> None:
    """No change touches an event that is there already, not even by its bytes."""
    changes, seen = VersionChanges(three), {}
    steps: list[Any] = [
        lambda: changes.yank(3, "bad"),
        lambda: changes.unyank(3),
        lambda: changes.pin(1, "steady"),
        changes.unpin,
        lambda: changes.describe(1, "text"),
        lambda: changes.set_stage(1, "Staging"),
    ]
    for step in steps:
        step()
        now = {
            name.name: three.store.read(three.place.history_key(name.name))
            for name in EventLog(three.store, three.place, three.spool.folder).names()
        }
        assert seen.items() <= now.items()
        assert len(now) > len(seen)
        seen = now


def test_an_event_is_never_before_one_that_its_writer_saw(
    three: ModelLifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is behind must not let an unpin come before the pin that it answers."""
    from datetime import UTC, datetime

    class Behind(datetime):
        @classmethod
        def now(cls, zone: Any = None) -> datetime:
            return datetime(2001, 1, 1, tzinfo=UTC)

    VersionChanges(three).pin(1, "steady")
    monkeypatch.setattr("openstack_rca.lifecycle.history.changes_log.datetime", Behind)
    three.events.append("unpinned", 1)
    assert read_state(EventLog(three.store, three.place, three.spool.folder)).pinned is None


def test_a_damaged_event_is_named_not_passed_over(store_only: Settings, make_model: MakeModel) -> None:
    """Silently forgetting a yank would bring a bad version back."""
    lifecycle = with_versions(store_only, make_model, 2)
    VersionChanges(lifecycle).yank(2, "bad")
    (path,) = (store_only.home / "artifacts").rglob("*-yanked-2.json")
    path.write_text("{}")
    with pytest.raises(DigestMismatch, match=path.name):
        ModelLifecycle(store_only).resolve()


def test_a_version_without_a_told_publishing_has_one_in_the_history(three: ModelLifecycle) -> None:
    """Made by an older release, or cut off right after it was ready."""
    for path in (three.settings.home / "artifacts").rglob("*-published-2.json"):
        path.unlink()
    found = history(ModelLifecycle(three.settings), 2)
    assert [(event.action, event.version, event.who) for event in found] == [("published", 2, "")]
    assert found[0].when == three.show(2).created


def test_the_history_of_an_unknown_version_is_an_error(three: ModelLifecycle) -> None:
    with pytest.raises(VersionNotFound):
        history(three, 9)


def test_a_change_that_the_registry_missed_says_how_to_make_it_take_effect(
    three: ModelLifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise RegistryUnavailable("The registry does not answer.", "Start it.")

    monkeypatch.setattr(three.index, "follow", down)
    with pytest.raises(RegistryUnavailable, match="repair --yes"):
        VersionChanges(three).pin(1, "steady")
    assert ModelLifecycle(three.settings).resolve().version == 3
    assert read_state(ModelLifecycle(three.settings).events).pinned == 1


def test_the_last_of_two_who_change_at_once_wins_in_the_registry_too(three: ModelLifecycle) -> None:
    """The other one's event comes between our event and our change of the registry: the registry ends with the last."""
    slow, quick = ModelLifecycle(three.settings), ModelLifecycle(three.settings)
    real, turns = slow.index.follow, []

    def interrupted(*arguments: Any, **named: Any) -> None:
        if not turns:
            turns.append(VersionChanges(quick).pin(2, "second"))
        real(*arguments, **named)

    slow.index.follow = interrupted  # type: ignore[method-assign]
    VersionChanges(slow).pin(1, "first")
    assert ModelLifecycle(three.settings).index.pinned() == read_state(quick.events).pinned == 2


def test_descriptions_and_stages_are_seen_in_mlflow_itself(three: ModelLifecycle) -> None:
    VersionChanges(three).describe(1, "the quiet week")
    VersionChanges(three).set_stage(1, "Staging")
    found = connect(three.settings).get_model_version_by_alias(three.index.registered_name, "staging")
    assert (int(found.version), found.description) == (1, "the quiet week")
    assert found.tags["openstack_rca.stage"] == "Staging"
    VersionChanges(three).set_stage(1, "")
    assert three.show(1).aliases == ()


def test_a_version_leaves_its_old_stage() -> None:
    from datetime import UTC, datetime

    from openstack_rca.lifecycle.history.changes_log import VersionEvent

    told = [("Staging", 1), ("Staging", 2), ("Production", 2), ("", 2)]
    events = [VersionEvent(datetime.now(UTC), "staged", number, "", "", {"stage": stage}) for stage, number in told]
    states = [replay(events[: count + 1]) for count in range(4)]
    assert [state.stages for state in states] == [{1: "Staging"}, {2: "Staging"}, {2: "Production"}, {}]
    assert [state.aliases for state in states] == [{"staging": 1}, {"staging": 2}, {"production": 2}, {}]
