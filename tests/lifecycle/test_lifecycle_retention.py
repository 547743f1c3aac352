"""What pruning keeps and why, to the version and the hour; and that it may stop anywhere. A store in a folder is enough."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish, stored_file

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.history import VersionState
from openstack_rca.lifecycle.mlflow.registry_tags import TAG_NUMBER
from openstack_rca.lifecycle.records import signature_key
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.retention import (
    DEFAULT_AGE,
    DEFAULT_KEEP,
    LONGEST_UPLOAD,
    ROUNDING,
    PruneStep,
    carry_out,
    parse_age,
    parse_policy,
    plan_pruning,
)
from openstack_rca.settings import Settings

HOUR = timedelta(hours=1)


class Crash(BaseException):
    """Stands for a process that is gone."""


@pytest.fixture
def lifecycle(store_only: Settings, make_model: MakeModel) -> ModelLifecycle:
    """Four versions."""
    made = ModelLifecycle(store_only)
    for number in range(4):
        publish(made, make_model(str(number)))
    return made


def plan(
    lifecycle: ModelLifecycle, keep: int = 1, age: timedelta = timedelta(days=400), **options: Any
) -> list[PruneStep]:
    return plan_pruning(lifecycle, keep, now=datetime.now(UTC) + age, **options)


def why(steps: list[PruneStep]) -> dict[int, tuple[bool, str]]:
    return {step.version: (step.remove, step.why) for step in steps}


def test_ten_versions_and_thirty_days_are_kept_unless_somebody_says_otherwise() -> None:
    """As the help of ``models prune`` says."""
    assert DEFAULT_KEEP == 10
    assert timedelta(days=30) == DEFAULT_AGE


def test_a_step_names_its_objects_and_their_size(lifecycle: ModelLifecycle, make_model: MakeModel) -> None:
    """Highest number first; file and manifest, and what they take together; foreign folders beside them are nobody's business."""
    root = stored_file(lifecycle.show(1)).parents[2]
    for foreign in ("a-folder", "z-folder"):
        (root / foreign).mkdir()
        (root / foreign / "file").write_text("of somebody else")
    steps = plan(lifecycle)
    assert [step.version for step in steps] == [4, 3, 2, 1]
    for step in steps:
        objects = lifecycle.store.objects(lifecycle.place.key(step.version).split("/", 1)[0] + "/")
        assert set(step.keys) == lifecycle.place.own_keys(step.version) - {
            signature_key(lifecycle.place.key(step.version))
        }
        assert step.size_bytes == sum(stored.size_bytes for stored in objects) > 0
        assert step.registered


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (30.6 * HOUR, "only 31 hours old"),
        (47.4 * HOUR, "only 47 hours old"),
        (48 * HOUR, "only 2 days old"),
        (720 * HOUR, "only 30 days old"),
        (-5 * HOUR, "only 0 hours old"),
    ],
)
def test_what_is_younger_than_the_age_stays(lifecycle: ModelLifecycle, age: timedelta, told: str) -> None:
    """Its age is told in hours, from two days on in days; a clock that is behind makes nobody older."""
    now = lifecycle.show(1).created + age
    assert why(plan_pruning(lifecycle, 1, now=now, younger_than=age + HOUR))[1] == (False, told)
    for over in (age, age - HOUR):
        assert why(plan_pruning(lifecycle, 1, now=now, younger_than=over))[1] == (True, "older than what is kept")


def test_what_latest_leads_to_stays_beside_the_newest(lifecycle: ModelLifecycle, make_model: MakeModel) -> None:
    """Yanked and refused versions are not counted among those that are kept, and say why they go."""
    changes = VersionChanges(lifecycle)
    changes.yank(4, "bad")
    changes.yank(2, "worse")
    lifecycle.publish(make_model("worse"), **FACTS, objection="it is worse")
    assert why(plan(lifecycle, keep=0)) == {
        5: (True, "refused"),
        4: (True, "yanked: bad"),
        3: (False, "latest"),
        2: (True, "yanked: worse"),
        1: (True, "older than what is kept"),
    }
    assert why(plan(lifecycle, keep=2))[1] == (False, "among the newest")


def test_what_has_a_name_stays_and_the_name_is_told(lifecycle: ModelLifecycle) -> None:
    """Pins, stages and aliases, each by itself."""
    changes = VersionChanges(lifecycle)
    changes.pin(1, "steady")
    changes.set_stage(2, "Production")
    changes.set_alias("blue", 3)
    changes.set_alias("green", 3)
    told = why(plan(lifecycle))
    assert [told[number] for number in (1, 2, 3)] == [
        (False, "pinned"),
        (False, "in stage Production"),
        (False, "has the alias blue, green"),
    ]
    assert why(plan(lifecycle, keep=0))[4] == (False, "among the newest"), (
        "a pin leads latest elsewhere; one is always kept"
    )


def test_a_version_whose_manifest_cannot_be_read_stays(lifecycle: ModelLifecycle) -> None:
    """Nobody knows what it is."""
    manifest = stored_file(lifecycle.show(1)).parents[1] / lifecycle.place.manifest_key(1).split("/", 1)[1]
    manifest.write_text("{")
    assert why(plan(lifecycle))[1] == (False, "its manifest cannot be read")


def test_a_file_under_another_root_is_not_ours_to_remove(
    lifecycle: ModelLifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version's address leads elsewhere since the artifact root was changed."""
    listed = [replace(version, uri="file:///elsewhere/x.keras") for version in lifecycle.list()]
    monkeypatch.setattr(lifecycle, "list", lambda: listed)
    assert set(why(plan(lifecycle)).values()) == {(False, "its file lies under another artifact root")}


@pytest.mark.parametrize("removals", range(6))
def test_pruning_may_stop_after_any_removal(
    lifecycle: ModelLifecycle, store_only: Settings, monkeypatch: pytest.MonkeyPatch, removals: int
) -> None:
    """No version without its file is ever listed, every one that is can be loaded, and the next pruning takes the rest."""
    delete, done = lifecycle.store.delete, []

    def until_crash(key: str) -> None:
        if len(done) == removals:
            raise Crash
        done.append(key)
        delete(key)

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle.store, "delete", until_crash)
        steps = plan(lifecycle)
        with pytest.raises(Crash):
            carry_out(lifecycle, steps)
    fresh = ModelLifecycle(store_only)
    assert all(check.ok for check in fresh.verify())
    assert {version.version for version in fresh.list()} >= {4}
    carry_out(fresh, plan(fresh))
    assert [version.version for version in fresh.list()] == [4]
    assert [number for number in (1, 2, 3) if fresh.store.objects(fresh.place.key(number).split("/", 1)[0] + "/")] == []


def test_what_somebody_pins_in_the_moment_of_its_removal_is_pinned_no_more(
    embedded: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else ``latest`` would lead to what is gone."""
    lifecycle = ModelLifecycle(embedded)
    for content in "ab":
        publish(lifecycle, make_model(content))
    remove = lifecycle.index.remove

    def pinned_and_removed(number: int) -> None:
        registry = ModelLifecycle(embedded).registry
        assert registry is not None
        registry.follow(VersionState(pinned=number), pin=True)
        remove(number)

    monkeypatch.setattr(lifecycle.index, "remove", pinned_and_removed)
    carry_out(lifecycle, plan(lifecycle))
    assert lifecycle.registry is not None
    assert lifecycle.registry.pinned() is None
    assert [lifecycle.resolve("latest").version, len(lifecycle.list())] == [2, 1]


def test_who_reads_the_store_without_the_registry_never_sees_a_version_whose_file_is_gone(
    embedded: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest, which makes files a version there, is the first that goes; the registry forgot the version before."""
    lifecycle = ModelLifecycle(embedded)
    for content in "ab":
        publish(lifecycle, make_model(content))
    delete = lifecycle.store.delete

    def last_act(key: str) -> None:
        delete(key)
        raise Crash

    monkeypatch.setattr(lifecycle.store, "delete", last_act)
    with pytest.raises(Crash):
        carry_out(lifecycle, plan(lifecycle))
    reader = ModelLifecycle(embedded.model_copy(update={"mlflow_enabled": False}))
    assert [check.version.version for check in reader.verify() if check.ok] == [2]
    assert [version.version for version in reader.list()] == [2]


def test_what_a_pruning_left_goes_with_the_next_whether_orphans_are_asked_for_or_not(
    lifecycle: ModelLifecycle, store_only: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history says that it was pruned; what lies there since longer is a leftover, what came later is somebody's."""

    def gone(_key: str) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(lifecycle.store, "delete", gone)
        with pytest.raises(Crash):
            carry_out(lifecycle, [step for step in plan(lifecycle) if step.version == 1])
    fresh = ModelLifecycle(store_only)
    file = stored_file(fresh.list()[0]).parents[2] / fresh.place.key(1)
    assert file.exists()
    assert [version.version for version in fresh.list()] == [4, 3, 2, 1]
    manifest = file.parents[2] / fresh.place.manifest_key(1)
    manifest.unlink()
    (pruned,) = [name.when for name in fresh.events.names() if name.action == "pruned"]
    for late, told in (
        (ROUNDING + timedelta(seconds=1), None),
        (ROUNDING - timedelta(seconds=1), (True, "left by a pruning that was cut off")),
    ):
        moment = (pruned + late).timestamp()
        os.utime(file, (moment, moment))
        assert why(plan(fresh)).get(1) == told


def test_what_another_environment_put_under_a_pruned_number_is_not_what_the_pruning_left(
    store_only: Settings, make_model: MakeModel
) -> None:
    """Their folders have one name; a record that cannot be read may be theirs too."""
    settings = store_only.model_copy(update={"experiment_name": "same_name"})
    lifecycle = ModelLifecycle(settings)
    file, _ = (stored_file(publish(lifecycle, make_model(content))) for content in "ab")
    manifest = file.with_suffix(".json")
    theirs = manifest.read_text().replace("same_name", "same-name")
    assert [step.version for step in carry_out(lifecycle, plan(lifecycle))] == [1]
    file.parent.mkdir(parents=True, exist_ok=True)
    for content in (theirs, "{"):
        for path, written in ((manifest, content), (file, "theirs")):
            path.write_text(written)
            os.utime(path, (0, 0))
        assert not any(step.remove for step in plan(ModelLifecycle(settings)))


def test_a_file_without_a_record_is_an_orphan_after_a_day_and_only_where_asked_for(
    lifecycle: ModelLifecycle, store_only: Settings
) -> None:
    """Until then somebody may be uploading it; whatever else the history tells of that number, it was not pruned."""
    changes = VersionChanges(lifecycle)
    changes.pin(1, "steady")
    changes.unpin()
    changes.yank(1, "bad")
    manifest = stored_file(lifecycle.show(1)).parents[2] / lifecycle.place.manifest_key(1)
    manifest.unlink()
    fresh = ModelLifecycle(store_only)
    orphan = {1: (True, "an orphan: no manifest, and no registry knows it")}
    gone = LONGEST_UPLOAD + timedelta(minutes=1)
    assert 1 not in why(plan(fresh))
    assert 1 not in why(plan(fresh, orphans=True, age=LONGEST_UPLOAD - timedelta(minutes=1)))
    assert orphan.items() <= why(plan(fresh, orphans=True, age=gone)).items()
    (step,) = [step for step in plan(fresh, orphans=True, age=gone) if step.version == 1]
    assert not step.registered
    assert timedelta(days=1) == LONGEST_UPLOAD


def test_a_rule_decides_by_age_what_is_not_in_use(lifecycle: ModelLifecycle) -> None:
    """What latest leads to and what is pinned stays, whatever the rule says; of the others those go whose time is over."""
    VersionChanges(lifecycle).yank(4, "bad")
    now = lifecycle.show(3).created + timedelta(days=9)
    over = plan_pruning(lifecycle, 10, now=now, policy={"": timedelta(days=8)})
    assert why(over) == {
        4: (True, "yanked: bad"),
        3: (False, "latest"),
        2: (True, "older than what is kept"),
        1: (True, "older than what is kept"),
    }
    exactly = plan_pruning(lifecycle, 10, now=lifecycle.show(2).created + HOUR, policy={"": HOUR})
    assert why(exactly)[2] == (True, "older than what is kept")
    running = plan_pruning(lifecycle, 1, now=now, policy={"": timedelta(days=10)})
    assert why(running)[2] == (False, "only 9 days old, the rule keeps it for 10 days")
    VersionChanges(lifecycle).pin(1, "steady")
    pinned = why(plan_pruning(lifecycle, 10, now=now, policy={"": timedelta(days=8)}))
    assert (pinned[1], pinned[3]) == ((False, "pinned"), (True, "older than what is kept"))


@pytest.mark.parametrize("policy", [None, {"": HOUR}], ids=["by number", "by a rule"])
def test_what_is_being_published_stays_for_a_day(
    lifecycle: ModelLifecycle, monkeypatch: pytest.MonkeyPatch, policy: dict[str, timedelta] | None
) -> None:
    """Somebody may be at it; a repair that was cut off is finished first, however long ago that was."""
    shown = lifecycle.show(1)
    for tags, age, told in (
        ({}, LONGEST_UPLOAD - HOUR, (False, "its publishing may still be going on")),
        ({}, LONGEST_UPLOAD, (True, "its publishing was never finished")),
        ({TAG_NUMBER: "1"}, 9 * LONGEST_UPLOAD, (False, "a repair was cut off at it; finish that first")),
    ):
        listed = [replace(shown, status="uploading", tags=tags)]
        monkeypatch.setattr(lifecycle, "list", lambda listed=listed: listed)
        steps = plan_pruning(lifecycle, 1, HOUR, now=shown.created + age, policy=policy)
        assert why(steps)[1] == told


def test_an_alias_protects_from_a_rule_unless_it_is_that_of_the_stage(lifecycle: ModelLifecycle) -> None:
    """Every stage gives its version an alias of its own name."""
    changes = VersionChanges(lifecycle)
    changes.set_stage(1, "Staging")
    changes.set_alias("blue", 2)
    told = why(plan(lifecycle, policy={"": HOUR, "Staging": HOUR}))
    assert told[1] == (True, "older than what is kept")
    assert told[2] == (False, "has the alias blue")


CHANGES: dict[str, Callable[[VersionChanges], object]] = {
    "an alias": lambda changes: changes.set_alias("blue", 1),
    "a stage": lambda changes: changes.set_stage(1, "Production"),
    "a pin": lambda changes: changes.pin(1, "steady"),
    "taken back": lambda changes: changes.unyank(1),
    "all others yanked": lambda changes: [changes.yank(number, "bad") for number in (2, 3, 4)],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_came_to_be_used_since_the_plan_stays(
    lifecycle: ModelLifecycle, store_only: Settings, change: str
) -> None:
    """Whatever made it so; a version that nobody touched goes."""
    if change == "taken back":
        VersionChanges(lifecycle).yank(1, "bad")
    steps = [step for step in plan(lifecycle) if step.version == 1]
    CHANGES[change](VersionChanges(ModelLifecycle(store_only)))
    assert carry_out(ModelLifecycle(store_only), steps) == []
    assert ModelLifecycle(store_only).show(1).version == 1


@pytest.mark.parametrize("stage", ["Development", "Production", ""])
def test_a_version_that_left_the_stage_whose_rule_lets_it_go_stays(
    lifecycle: ModelLifecycle, store_only: Settings, stage: str
) -> None:
    """Whatever stage it went to: the plan was made for the one it was in."""
    VersionChanges(lifecycle).set_stage(1, "Staging")
    steps = [step for step in plan(lifecycle, policy={"Staging": HOUR}) if step.version == 1]
    assert [(step.remove, step.stage) for step in steps] == [(True, "Staging")]
    VersionChanges(lifecycle).set_stage(1, stage)
    assert carry_out(ModelLifecycle(store_only), steps) == []


def test_what_was_removed_since_the_plan_is_not_removed_twice(lifecycle: ModelLifecycle, store_only: Settings) -> None:
    """Two prunings at once: the second one does nothing and writes nothing."""
    steps = plan(lifecycle)
    assert [step.version for step in carry_out(lifecycle, steps)] == [3, 2, 1]
    fresh = ModelLifecycle(store_only)
    before = len(list(fresh.events.names()))
    assert carry_out(fresh, steps) == []
    assert len(list(fresh.events.names())) == before


@pytest.mark.parametrize(
    ("text", "hours"),
    [("12h", 12), ("30d", 720), (" 4W ", 672), ("3", 72), ("0d", 0), ("soon", None), ("-1d", None), ("", None)],
)
def test_an_age_is_hours_days_or_weeks_and_without_a_unit_days(text: str, hours: int | None) -> None:
    assert parse_age(text) == (None if hours is None else hours * HOUR)


def test_a_rule_names_stages_and_what_is_in_none(lifecycle: ModelLifecycle) -> None:
    """In any case and with blanks around; a stage that it does not name keeps its versions."""
    policy = parse_policy(" staging = 90d ,none=2w,, ")
    assert policy == {"Staging": timedelta(days=90), "": timedelta(weeks=2)}
    VersionChanges(lifecycle).set_stage(2, "Production")
    assert why(plan(lifecycle, policy=policy))[2] == (False, "in stage Production")


@pytest.mark.parametrize("text", ["", " , ", "Staging", "Staging=soon", "Live=3d", "Staging=-1d"])
def test_a_rule_that_nobody_understands_is_refused(text: str) -> None:
    """With the names that it may use, and an example."""
    with pytest.raises(ConfigurationError, match=r"OPENSTACK_RCA_RETENTION|No retention rule") as refused:
        parse_policy(text)
    assert "Staging=90d" in refused.value.hint
