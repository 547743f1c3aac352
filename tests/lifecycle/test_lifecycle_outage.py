"""Registry or store down: analysis goes on from the cache, training from the spool."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import FACTS, MakeModel, publish, silent_server
from lifecycle_servers import S3Server

from openstack_rca.errors import (
    ConfigurationError,
    DigestMismatch,
    PublishFailed,
    RegistryUnavailable,
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreUnavailable,
    VersionNotFound,
)
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.mlflow.registry_tags import TAG_PINNED, TAG_YANKED
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

NOTHING_THERE = "http://127.0.0.1:9"


def changed(settings: Settings, **changes: Any) -> Settings:
    services = {"mlflow_tracking_uri": settings.tracking_uri, "mlflow_artifact_root": settings.artifact_root}
    return load_settings(**{**settings.model_dump(exclude_unset=True), **services, **changes})


def registry_down(settings: Settings) -> Settings:
    return changed(settings, mlflow_tracking_uri=NOTHING_THERE)


@contextmanager
def store_that_goes_down(settings: Settings) -> Iterator[tuple[Settings, Callable[[str], None]]]:
    """The same settings with a way to the store that can be spoiled: say how, in the words of ``Fault``."""
    assert settings.s3_endpoint_url
    with flaky_proxy(settings.s3_endpoint_url) as proxy:

        def go_down(kind: str) -> None:
            proxy.fault = Fault(kind)

        yield settings.model_copy(update={"s3_endpoint_url": proxy.address}), go_down


def test_with_the_registry_down_the_newest_cached_version_stands_in(embedded: Settings, make_model: MakeModel) -> None:
    model = make_model("two")
    publish(ModelLifecycle(embedded), make_model("one"))
    publish(ModelLifecycle(embedded), model)
    loaded = ModelLifecycle(registry_down(embedded)).load()
    assert (loaded.version.version, loaded.source) == (2, "cache")
    assert loaded.path.read_bytes() == model.read_bytes()
    assert "does not answer" in loaded.notices[0]
    assert "version 2 from the cache" in loaded.notices[0]


def test_with_the_store_down_the_cached_version_stands_in(s3: Settings, make_model: MakeModel) -> None:
    with store_that_goes_down(s3) as (settings, go_down):
        publish(ModelLifecycle(settings), make_model("one"))
        go_down("cut")
        loaded = ModelLifecycle(settings).load()
    assert (loaded.version.version, loaded.source, len(loaded.notices)) == (1, "cache", 1)


def test_a_new_version_that_cannot_be_fetched_is_replaced_by_the_cached_one(
    server_and_s3: Settings, make_model: MakeModel, tmp_path: Path
) -> None:
    """The registry answers, the store does not: the version before is better than none."""
    with store_that_goes_down(server_and_s3) as (settings, go_down):
        publish(ModelLifecycle(settings), make_model("one"))
        publish(ModelLifecycle(changed(settings, home=tmp_path / "another machine")), make_model("two"))
        go_down("cut")
        loaded = ModelLifecycle(settings).load()
    assert (loaded.version.version, loaded.source) == (1, "cache")
    assert "a newer one may exist" in loaded.notices[0]


def test_offline_a_number_means_that_version(embedded: Settings, make_model: MakeModel) -> None:
    for text in ("one", "two"):
        publish(ModelLifecycle(embedded), make_model(text))
    offline = ModelLifecycle(registry_down(embedded))
    assert offline.load("v1").version.version == 1
    with pytest.raises(RegistryUnavailable):
        offline.load(3)


def test_offline_a_yanked_version_is_not_taken(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(embedded)
    for text in ("one", "two"):
        publish(lifecycle, make_model(text))
    connect(embedded).set_model_version_tag(lifecycle.index.registered_name, "2", TAG_YANKED, "bad")
    lifecycle.load()
    assert ModelLifecycle(registry_down(embedded)).load().version.version == 1


def test_offline_a_pin_and_an_alias_hold_as_last_seen(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(embedded)
    for text in ("one", "two", "three"):
        publish(lifecycle, make_model(text))
    client = connect(embedded)
    client.set_registered_model_tag(lifecycle.index.registered_name, TAG_PINNED, "1")
    client.set_registered_model_alias(lifecycle.index.registered_name, "champion", "2")
    lifecycle.load()
    lifecycle.load("@champion")
    offline = ModelLifecycle(registry_down(embedded))
    assert [offline.load(name).version.version for name in ("latest", "@champion")] == [1, 2]
    with pytest.raises(RegistryUnavailable):
        offline.load("@nobody")


def test_offline_another_environment_is_not_taken(embedded: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(embedded), make_model("staging"))
    production = changed(registry_down(embedded), experiment_name="openstack_rca_system_production")
    with pytest.raises(RegistryUnavailable):
        ModelLifecycle(production).load()


def test_offline_a_damaged_cache_is_not_taken(embedded: Settings, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(embedded)
    publish(lifecycle, make_model("one"))
    lifecycle.load().path.write_bytes(b"damaged")
    with pytest.raises(RegistryUnavailable):
        ModelLifecycle(registry_down(embedded)).load()


@pytest.mark.parametrize("part", ["tracking", "store"])
def test_a_server_that_never_answers_is_given_up(s3: Settings, make_model: MakeModel, part: str) -> None:
    """It takes connections and stays silent; the wait is bounded, and then the cache stands in."""
    with silent_server() as address, store_that_goes_down(s3) as (settings, go_down):
        publish(ModelLifecycle(settings), make_model("one"))
        if part == "store":
            go_down("silent")
        changes = {"mlflow_enabled": True, "mlflow_tracking_uri": address} if part == "tracking" else {}
        loaded = ModelLifecycle(changed(settings, network_timeout_seconds=1, **changes)).load()
    assert loaded.source == "cache"
    assert "not answer" in loaded.notices[0]


def test_a_tampered_object_is_not_an_outage(s3: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """The cache must not paper over it: a wrong file is refused, an older one is not put in its place."""
    version = publish(ModelLifecycle(s3), make_model("one"))
    elsewhere = changed(s3, home=tmp_path / "elsewhere")
    ModelLifecycle(elsewhere).load()
    publish(ModelLifecycle(s3), make_model("two"))
    store = ObjectStore(s3)
    key = version.uri.removeprefix(store.root + "/").replace("_0001", "_0002").replace("_v1", "_v2")
    store.delete(key)
    store.put_new_bytes(key, make_model("evil").read_bytes())
    with pytest.raises(DigestMismatch):
        ModelLifecycle(elsewhere).load()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"aws_secret_access_key": "wrong-secret"}, StoreAccessDenied, "AWS_SECRET_ACCESS_KEY"),
        ({"mlflow_artifact_root": "s3://no-such-bucket/rca"}, StoreBucketNotFound, "no-such-bucket"),
        ({"mlflow_artifact_root": "s3://B/rca"}, StoreBucketNotFound, "called B|bucket B does not exist"),
        ({"s3_endpoint_url": NOTHING_THERE}, StoreUnavailable, NOTHING_THERE),
    ],
    ids=["wrong secret", "no bucket", "no bucket can have this name", "endpoint down"],
)
def test_what_is_wrong_with_the_store_is_said(
    s3: Settings, make_model: MakeModel, changes: dict[str, str], error: type[Exception], words: str
) -> None:
    """For loading as it is; for publishing with the file in the spool. The secret is never part of it."""
    lifecycle = ModelLifecycle(changed(s3, **changes))
    with pytest.raises(error, match=words) as loading:
        lifecycle.load()
    with pytest.raises(PublishFailed, match=words) as publishing:
        publish(lifecycle, make_model("one"))
    assert isinstance(publishing.value.__cause__, error)
    for caught in (loading, publishing):
        assert "wrong-secret" not in str(caught.value)
        assert str(s3.aws_secret_access_key.get_secret_value() if s3.aws_secret_access_key else "") not in str(
            caught.value
        )


def test_a_failed_publishing_keeps_the_file_and_says_how_to_go_on(embedded: Settings, make_model: MakeModel) -> None:
    model = make_model("trained for hours")
    with pytest.raises(PublishFailed, match="openstack-rca models publish --spooled") as caught:
        publish(ModelLifecycle(registry_down(embedded)), model)
    (kept,) = embedded.spool_folder.glob("*.keras")
    assert str(kept) in caught.value.hint
    assert kept.read_bytes() == model.read_bytes()
    assert json.loads(kept.with_suffix(".json").read_text())["metrics"] == FACTS["metrics"]


def test_the_spool_is_sent_later_in_order_and_once(embedded: Settings, make_model: MakeModel) -> None:
    offline = ModelLifecycle(registry_down(embedded))
    models = [make_model(text) for text in ("one", "two", "three")]
    for model in models:
        with pytest.raises(PublishFailed):
            publish(offline, model)
    lifecycle = ModelLifecycle(embedded)
    sent = lifecycle.publish_spooled()
    assert [version.version for version in sent] == [1, 2, 3]
    assert [lifecycle.load(number).path.read_bytes() for number in (1, 2, 3)] == [
        model.read_bytes() for model in models
    ]
    assert lifecycle.show(1).metrics == FACTS["metrics"]
    assert lifecycle.publish_spooled() == []
    assert [path.name for path in embedded.spool_folder.glob("[!.]*")] == []


def test_a_crash_after_publishing_from_the_spool_does_not_publish_twice(
    embedded: Settings, make_model: MakeModel
) -> None:
    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(registry_down(embedded)), make_model("one"))

    def at_step(name: str) -> None:
        if name == "ready":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ModelLifecycle(embedded, at_step=at_step).publish_spooled()
    lifecycle = ModelLifecycle(embedded)
    assert [version.version for version in lifecycle.publish_spooled()] == [1]
    assert [version.version for version in lifecycle.list()] == [1]


def test_the_spool_remembers_the_environment(embedded: Settings, make_model: MakeModel) -> None:
    production = changed(registry_down(embedded), experiment_name="openstack_rca_system_production")
    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(production), make_model("one"))
    (version,) = ModelLifecycle(embedded).publish_spooled()
    assert version.experiment == "openstack_rca_system_production"
    with pytest.raises(VersionNotFound):
        ModelLifecycle(embedded).resolve()


def test_the_spool_stays_while_the_outage_lasts(embedded: Settings, make_model: MakeModel) -> None:
    offline = ModelLifecycle(registry_down(embedded))
    with pytest.raises(PublishFailed):
        publish(offline, make_model("one"))
    with pytest.raises(PublishFailed, match="stays in"):
        offline.publish_spooled()
    assert len(list(embedded.spool_folder.glob("*.keras"))) == 1


def test_a_damaged_file_in_the_spool_is_not_published_and_holds_up_no_other(
    embedded: Settings, make_model: MakeModel
) -> None:
    models = [make_model(text) for text in ("one", "two")]
    for model in models:
        with pytest.raises(PublishFailed):
            publish(ModelLifecycle(registry_down(embedded)), model)
    min(embedded.spool_folder.glob("*.keras")).write_bytes(b"damaged")
    with pytest.raises(PublishFailed, match=r"was changed or damaged .* Published before that: version 1\."):
        ModelLifecycle(embedded).publish_spooled()
    assert ModelLifecycle(embedded).load().path.read_bytes() == models[1].read_bytes()
    assert len(list(embedded.spool_folder.glob("*.keras"))) == 1


def test_without_credentials_nothing_hangs(s3_server: S3Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY"):
        ModelLifecycle(
            load_settings(
                home=tmp_path,
                mlflow_enabled=False,
                mlflow_artifact_root="s3://models/rca",
                s3_endpoint_url=s3_server.endpoint,
                aws_access_key_id="only-half",
            )
        ).load()


def test_offline_a_version_known_to_be_yanked_is_passed_over(embedded: Settings, make_model: MakeModel) -> None:
    """It may lie in the cache because somebody asked for it by its number."""
    lifecycle = ModelLifecycle(embedded)
    for text in ("one", "two", "three"):
        publish(lifecycle, make_model(text))
    connect(embedded).set_model_version_tag(lifecycle.index.registered_name, "2", TAG_YANKED, "bad")
    lifecycle.load(2)
    lifecycle.load().path.write_bytes(b"damaged")
    assert ModelLifecycle(registry_down(embedded)).load().version.version == 1
