"""What publishing does on each kind of S3 server and whatever is lost on the way; a server from memory is enough for that."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish, stored_file
from signing_helpers import Keys
from small_s3 import BUCKET, Conditions, Kept, SmallS3, small_s3

from openstack_rca.errors import (
    DigestMismatch,
    LifecycleError,
    ModelFileDamaged,
    PublishFailed,
    StoreError,
    StoreObjectExists,
    StoreObjectNotFound,
    StoreUnavailable,
)
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.records import signature_key
from openstack_rca.lifecycle.versions import publishing
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

EVERY_SERVER = pytest.mark.parametrize("remote", list(Conditions), indirect=True, ids=lambda kind: kind.name.lower())


@pytest.fixture
def remote(request: pytest.FixtureRequest) -> Iterator[SmallS3]:
    """One kind of server; without a mark the one that keeps its word."""
    with small_s3(getattr(request, "param", Conditions.HONOURED)) as server:
        yield server


@pytest.fixture
def small(remote: SmallS3, tmp_path: Path) -> Settings:
    """An environment on it, without a registry."""
    return load_settings(
        home=tmp_path / "home",
        mlflow_enabled=False,
        mlflow_artifact_root=f"s3://{BUCKET}/rca",
        s3_endpoint_url=remote.endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        network_timeout_seconds=60,
    )


def model_keys(remote: SmallS3) -> list[str]:
    return sorted(key for key in remote.objects if key.endswith(".keras"))


@EVERY_SERVER
def test_a_file_comes_back_with_its_attributes_and_a_taken_key_stays(
    remote: SmallS3, small: Settings, tmp_path: Path
) -> None:
    """Whether the server honours "create only", refuses it or does not know what it is."""
    store, source = ObjectStore(small), tmp_path / "source"
    source.write_bytes(b"content" * 1000)
    steps: list[tuple[int, int]] = []
    store.put_new_file("a/file", source, {"sha256": "0123", "writer": "me"}, lambda *done: steps.append(done))
    assert store.fetch("a/file")[:2] == (file_digest(source), 7000)
    assert store.attributes("a/file").items() >= {"sha256": "0123", "writer": "me"}.items()
    assert (steps[0], steps[-1]) == ((0, 7000), (7000, 7000))
    with pytest.raises(StoreObjectExists, match="nothing was overwritten"):
        store.put_new_file("a/file", source, {})
    assert store.attributes("a/file")["writer"] == "me"
    if remote.conditions is not Conditions.IGNORED:
        with pytest.raises(StoreObjectExists):
            store.put_new_bytes("a/file", b"other")
        assert store.read("a/file") == source.read_bytes()


@EVERY_SERVER
def test_objects_are_listed_and_deleted(remote: SmallS3, small: Settings) -> None:
    """Folders by name, objects with their size; what is gone is no error."""
    store = ObjectStore(small)
    for key in ("one/x", "one/y", "two/z"):
        store.put_new_bytes(key, key.encode())
    assert sorted(store.folders()) == ["one", "two"]
    assert sorted((found.key, found.size_bytes) for found in store.objects("one/")) == [("one/x", 5), ("one/y", 5)]
    store.delete("one/x")
    store.delete("one/x")
    assert (store.exists("one/x"), store.exists("one/y")) == (False, True)
    with pytest.raises(StoreObjectNotFound):
        store.read("one/x")


@EVERY_SERVER
def test_versions_are_published_and_found_on_every_server(
    remote: SmallS3, small: Settings, make_model: MakeModel
) -> None:
    """File first and manifest last, so that no reader sees a version that is not whole."""
    published = [publish(ModelLifecycle(small), make_model(name)) for name in ("first", "second")]
    fresh = ModelLifecycle(small)
    assert [version.version for version in fresh.list()] == [2, 1]
    assert fresh.resolve() == published[1]
    assert [check.ok for check in fresh.verify()] == [True, True]
    own = [key for key in remote.writes if fresh.place.key(1) in key or fresh.place.manifest_key(1) in key]
    assert own == [f"rca/{fresh.place.key(1)}", f"rca/{fresh.place.manifest_key(1)}"]


@pytest.mark.parametrize(
    "remote", [Conditions.HONOURED, Conditions.IGNORED], indirect=True, ids=["honoured", "ignored"]
)
@pytest.mark.parametrize("lost", [1, 3])
def test_an_answer_that_is_lost_on_the_way_makes_no_second_version(
    remote: SmallS3, small: Settings, make_model: MakeModel, lost: int
) -> None:
    """What was written is known as one's own by its writer."""
    lifecycle = ModelLifecycle(small)
    publish(lifecycle, make_model("first"))
    remote.lost_answers = lost
    assert publish(lifecycle, make_model("second")).version == 2
    assert remote.lost_answers == 0
    assert [check.ok for check in ModelLifecycle(small).verify()] == [True, True]


def as_of_another(content: bytes, writer: str | None = "another") -> Kept:
    return Kept(content, {"x-amz-meta-writer": writer} if writer else {})


WHOEVER = pytest.mark.parametrize("writer", ["0", "z"], ids=["before ours", "after ours"])
"""Names of other writers, before and behind any of our own in the order of the letters."""


@pytest.mark.parametrize("writer", ["0", "z", None], ids=["before ours", "after ours", "without a name"])
@EVERY_SERVER
def test_a_key_that_another_writer_took_first_means_the_next_number(
    remote: SmallS3, small: Settings, make_model: MakeModel, writer: str | None
) -> None:
    """Whose file is there stays there, on every server."""
    lifecycle = ModelLifecycle(small)
    key = f"rca/{lifecycle.place.key(1)}"

    def before_it_is_looked_for(step: str) -> None:
        if step == "allocated" and key not in remote.objects:
            remote.objects[key] = as_of_another(b"theirs", writer)

    version = publish(ModelLifecycle(small, at_step=before_it_is_looked_for), make_model("ours"))
    assert version.version == 2
    assert remote.objects[key].content == b"theirs"
    assert ModelLifecycle(small).resolve() == version


def test_a_manifest_whose_answer_was_lost_is_known_as_ones_own(
    remote: SmallS3, small: Settings, make_model: MakeModel
) -> None:
    """It is there when it is written again, with our writer in it; the version keeps its number."""
    manifest = f"rca/{ModelLifecycle(small).place.manifest_key(1)}"

    def lose(key: str) -> None:
        remote.lost_answers = int(key == manifest and manifest not in remote.objects)

    remote.before_write = lose
    assert publish(ModelLifecycle(small), make_model("first")).version == 1
    assert remote.writes.count(manifest) == 1


@WHOEVER
def test_a_manifest_of_another_writer_in_its_place_means_the_next_number(
    remote: SmallS3, small: Settings, make_model: MakeModel, writer: str
) -> None:
    """Nothing is overwritten, whichever of the two names comes first."""
    lifecycle = ModelLifecycle(small)
    publish(lifecycle, make_model("first"))
    first = json.loads(remote.objects[f"rca/{lifecycle.place.manifest_key(1)}"].content)
    manifest = f"rca/{lifecycle.place.manifest_key(2)}"
    theirs = Kept(json.dumps(first | {"writer": writer, "version": 2}).encode(), {})

    def in_between(step: str) -> None:
        if step == "verified":
            remote.objects.setdefault(manifest, theirs)

    assert publish(ModelLifecycle(small, at_step=in_between), make_model("second")).version == 3
    assert remote.objects[manifest] is theirs


@pytest.mark.parametrize("remote", [Conditions.IGNORED], indirect=True)
@pytest.mark.parametrize("moment", ["uploaded", "verified"])
@WHOEVER
def test_a_server_that_lets_another_writer_in_between_is_found_out(
    remote: SmallS3, small: Settings, make_model: MakeModel, moment: str, writer: str
) -> None:
    """Before or after the reading back: the file that is there decides, and ours takes the next number."""
    lifecycle = ModelLifecycle(small)
    key, manifest = f"rca/{lifecycle.place.key(1)}", f"rca/{lifecycle.place.manifest_key(1)}"
    seen: list[str] = []

    def at_step(step: str) -> None:
        if step == moment and not seen:
            seen.append(step)
            remote.objects[key] = as_of_another(b"theirs", writer)

    version = publish(ModelLifecycle(small, at_step=at_step), make_model("ours"))
    assert version.version == 2
    assert remote.objects[key].content == b"theirs"
    assert manifest not in remote.objects
    assert [version.version for version in ModelLifecycle(small).list()] == [2]


@pytest.mark.parametrize("below", [True, False])
def test_other_bytes_than_were_sent_are_refused(
    remote: SmallS3, small: Settings, make_model: MakeModel, below: bool
) -> None:
    """Something before the store changed them: no version is made of it."""

    def spoil(step: str) -> None:
        if step == "uploaded":
            kept = remote.objects[model_keys(remote)[0]]
            sent = hashlib.sha256(kept.content).hexdigest()
            others = (str(number).encode() for number in range(1000))
            kept.content = next(other for other in others if (hashlib.sha256(other).hexdigest() < sent) is below)

    with pytest.raises(PublishFailed, match="holds other bytes than were sent") as failed:
        publish(ModelLifecycle(small, at_step=spoil), make_model("ours"))
    assert isinstance(failed.value.__cause__, DigestMismatch)
    assert ModelLifecycle(small).list() == []


def test_numbers_that_are_taken_are_tried_so_often_and_no_more(
    remote: SmallS3, small: Settings, make_model: MakeModel
) -> None:
    """A store in which somebody takes every key first is given up, in words."""
    lifecycle = ModelLifecycle(small)
    tried: list[str] = []

    def take_next(step: str) -> None:
        if step == "allocated":
            number = len(tried) + 1
            tried.append(step)
            remote.objects[f"rca/{lifecycle.place.key(number)}"] = as_of_another(b"theirs")

    with pytest.raises(PublishFailed, match="Every version number that was tried is taken"):
        publish(ModelLifecycle(small, at_step=take_next), make_model("ours"))
    assert len(tried) == publishing.TAKEN_KEYS == 20


def test_a_number_beyond_all_that_are_taken_is_tried_next(
    remote: SmallS3, small: Settings, make_model: MakeModel
) -> None:
    """A store that is far ahead costs two attempts, not as many as it has versions."""
    lifecycle = ModelLifecycle(small)
    steps: list[str] = []

    def far_ahead(step: str) -> None:
        if step == "allocated" and step not in steps:
            for number in (1, 2, 40):
                remote.objects[f"rca/{lifecycle.place.key(number)}"] = as_of_another(b"theirs")
        steps.append(step)

    assert publish(ModelLifecycle(small, at_step=far_ahead), make_model("ours")).version == 41
    assert steps.count("allocated") == 2


def test_a_taken_key_that_the_stores_listing_does_not_show_yet_costs_one_more_attempt(
    remote: SmallS3, small: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer's object may be there before a listing has it."""
    lifecycle = ModelLifecycle(small)
    steps: list[str] = []

    def take_first(step: str) -> None:
        if step == "allocated" and step not in steps:
            remote.objects[f"rca/{lifecycle.place.key(1)}"] = as_of_another(b"theirs")
        steps.append(step)

    late = ModelLifecycle(small, at_step=take_first)
    monkeypatch.setattr(type(late.store), "folders", lambda _: [])
    assert publish(late, make_model("ours")).version == 2
    assert steps.count("allocated") == 2


def test_a_refused_draft_is_stored_and_never_resolved(store_only: Settings, make_model: MakeModel) -> None:
    """With its reason, in the version and in the history; the next one takes the next number."""
    lifecycle = ModelLifecycle(store_only)
    version = lifecycle.publish(make_model("worse"), **FACTS, objection="it is worse " + "x" * 2000)
    assert (version.status, version.status_reason[:11]) == ("refused", "it is worse")
    with pytest.raises(LifecycleError):
        lifecycle.resolve()
    ((action, reason),) = [(event.action, event.reason) for event in lifecycle.events.all()]
    assert action == "refused"
    assert 0 < len(reason) <= publishing.LONGEST_TEXT
    good = publish(lifecycle, make_model("good"))
    assert (lifecycle.resolve().version, good.version) == (2, 2)
    assert [event.action for event in lifecycle.events.all()] == ["refused", "published"]


def test_the_steps_come_in_their_order(store_only: Settings, make_model: MakeModel) -> None:
    """Each is told once it is done; a version is whole before it is ready."""
    steps: list[str] = []
    publish(ModelLifecycle(store_only, at_step=steps.append), make_model("first"))
    assert steps == ["validated", "allocated", "uploaded", "verified", "described", "ready"]


def test_a_description_that_another_writer_took_back_costs_a_number(
    store_only: Settings, make_model: MakeModel
) -> None:
    """Without a registry a writer of the same instant may replace it and take it back: the next number is tried."""
    made: list[ModelLifecycle] = []

    def another_writer(step: str) -> None:
        (lifecycle,) = made
        if step == "ready" and lifecycle.store.exists(lifecycle.place.manifest_key(1)):
            lifecycle.store.delete(lifecycle.place.manifest_key(1))

    made.append(ModelLifecycle(store_only, at_step=another_writer))
    assert publish(made[0], make_model("one")).version == 2
    assert [version.version for version in made[0].list()] == [2]


def test_every_draft_has_a_writer_of_its_own_unless_one_is_given(make_model: MakeModel) -> None:
    """By that token a writer knows its own objects from those of another one with the same file."""
    path = make_model("one")
    one, other = (publishing.make_draft(path, None, {}, {}, {}, {}) for _ in range(2))
    assert one.writer and other.writer and one.writer != other.writer
    assert publishing.make_draft(path, None, {}, {}, {}, {}, "token").writer == "token"


def test_a_published_version_waits_in_the_cache(store_only: Settings, make_model: MakeModel) -> None:
    """Whoever trained it needs no download."""
    lifecycle = ModelLifecycle(store_only)
    version = publish(lifecycle, make_model("first"))
    assert lifecycle.cache.verified(version.sha256) is not None
    assert lifecycle.cache.version(1) == version


def test_the_manifest_says_what_the_version_is(remote: SmallS3, small: Settings, make_model: MakeModel) -> None:
    """Its number, digest and writer: the writer is that of the file beside it. MLflow's own tools find theirs there too."""
    lifecycle = ModelLifecycle(small)
    version = publish(lifecycle, make_model("first"))
    manifest: dict[str, Any] = json.loads(remote.objects[f"rca/{lifecycle.place.manifest_key(1)}"].content)
    kept = remote.objects[f"rca/{lifecycle.place.key(1)}"].attributes
    assert (manifest["version"], manifest["sha256"]) == (1, version.sha256)
    assert manifest["writer"] == kept["x-amz-meta-writer"]
    assert kept["x-amz-meta-sha256"] == version.sha256
    folder = f"rca/{lifecycle.place.key(1)}".rsplit("/", 1)[0]
    assert {f"{folder}/MLmodel", f"{folder}/requirements.txt"} <= set(remote.objects)


def test_a_signature_whose_answer_was_lost_is_known_as_ones_own(
    remote: SmallS3, small: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """It is there when it is written again, made with our key for this very file and number."""
    settings = keys.both(small)
    signature = f"rca/{signature_key(ModelLifecycle(settings).place.key(1))}"

    def lose(key: str) -> None:
        remote.lost_answers = int(key == signature and signature not in remote.objects)

    remote.before_write = lose
    version = publish(ModelLifecycle(settings), make_model("first"))
    assert remote.writes.count(signature) == 1
    assert (version.version, version.status) == (1, "ready")
    assert [check.ok for check in ModelLifecycle(settings).verify()] == [True]


def test_a_signature_of_somebody_else_in_its_place_means_the_next_number(
    remote: SmallS3, small: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """Nothing is overwritten, and what is there does not count as ours."""
    settings = keys.both(small)
    signature = f"rca/{signature_key(ModelLifecycle(settings).place.key(1))}"
    remote.objects[signature] = Kept(b"{}", {})
    assert publish(ModelLifecycle(settings), make_model("first")).version == 2
    assert remote.objects[signature].content == b"{}"


@pytest.mark.parametrize(
    ("order", "theirs"), [(("theirs", "ours"), 9), (("ours", "theirs"), 9), (("ours", "theirs"), 1)]
)
def test_what_broke_off_is_finished_under_its_own_number(
    embedded: Settings,
    make_model: MakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[str, str],
    theirs: int,
) -> None:
    """The number that another writer began is left alone, whatever became of that writer, and whoever was first."""

    def break_off(step: str) -> None:
        if step == "uploaded":
            raise StoreError("the store went away")

    spool, kept = embedded.home / "spool", tmp_path / "kept"
    for name in order:
        token = UUID(int={"ours": 5, "theirs": theirs}[name])
        monkeypatch.setattr(publishing, "uuid4", lambda token=token: token)
        with pytest.raises(PublishFailed):
            publish(ModelLifecycle(embedded, at_step=break_off), make_model(name))
        if name == "ours":
            shutil.copytree(spool, kept)
        shutil.rmtree(spool)
    shutil.move(kept, spool)
    (version,) = ModelLifecycle(embedded).publish_spooled()
    number = order.index("ours") + 1
    assert (version.version, version.status) == (number, "ready")
    listed = {one.version: one.status for one in ModelLifecycle(embedded).list()}
    assert listed == {number: "ready", 3 - number: "uploading"}


def test_what_the_store_spoiled_is_published_anew_under_the_next_number(
    embedded: Settings, make_model: MakeModel
) -> None:
    """The spoiled version is refused for good; the file waits in the spool and is not lost."""
    lifecycle = ModelLifecycle(embedded)

    def spoil(step: str) -> None:
        if step == "uploaded":
            Path(lifecycle.store.uri(lifecycle.place.key(1)).removeprefix("file://")).write_bytes(b"spoiled")

    with pytest.raises(PublishFailed, match="other bytes than were sent"):
        publish(ModelLifecycle(embedded, at_step=spoil), make_model("first"))
    (version,) = lifecycle.publish_spooled()
    assert [(one.version, one.status) for one in lifecycle.list()] == [(2, "ready"), (1, "refused")]
    assert version.version == 2


@pytest.mark.parametrize("count", [1, 2])
def test_a_number_that_the_history_knows_is_not_given_again(
    store_only: Settings, make_model: MakeModel, count: int
) -> None:
    """Also where the files of the version are gone from the store."""
    for number in range(count):
        version = publish(ModelLifecycle(store_only), make_model(str(number)))
    VersionChanges(ModelLifecycle(store_only)).yank(version.version, "bad")
    shutil.rmtree(stored_file(version).parents[1])
    assert publish(ModelLifecycle(store_only), make_model("next")).version == count + 1


def test_a_folder_without_room_is_not_asked_again(
    store_only: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may answer the next time; waiting makes no room on a disk of this machine."""
    lifecycle = ModelLifecycle(store_only)
    asked: list[str] = []

    def full(key: str, *_arguments: object) -> None:
        asked.append(key)
        raise StoreUnavailable("No space is left.", "Free some.")

    monkeypatch.setattr(lifecycle.store, "put_new_file", full)
    with pytest.raises(PublishFailed, match="No space is left"):
        publish(lifecycle, make_model("first"))
    assert asked == [lifecycle.place.key(1)]


BROKEN: dict[str, Callable[[Path], object]] = {
    "there is no such file": lambda path: None,
    "File is not a zip file": lambda path: path.write_text("text"),
    "Is a directory": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("told", BROKEN)
def test_what_is_no_model_file_is_told_before_anything_is_asked(
    store_only: Settings, tmp_path: Path, told: str
) -> None:
    """Nothing is allocated for it."""
    BROKEN[told](tmp_path / "x.keras")
    steps: list[str] = []
    with pytest.raises(ModelFileDamaged, match=told):
        publish(ModelLifecycle(store_only, at_step=steps.append), tmp_path / "x.keras")
    assert steps == []
