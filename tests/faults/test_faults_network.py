"""Services that cut, delay, truncate, corrupt and answer nonsense: success or a clear error in bounded time."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, FlakyProxy, flaky_proxy
from lifecycle_helpers import PATIENCE, MakeModel, publish

from openstack_rca.errors import LifecycleError, OpenStackRcaError, PublishFailed, StoreUnavailable
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.objects.s3_request import ask_bucket
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

HANG = 25.0
"""Seconds after which a wait of a budget of one second is a hang and no longer a slow machine."""


def changed(settings: Settings, **changes: Any) -> Settings:
    services = {"mlflow_tracking_uri": settings.tracking_uri, "mlflow_artifact_root": settings.artifact_root}
    return load_settings(**{**settings.model_dump(exclude_unset=True), **services, **changes})


@pytest.fixture
def store(s3: Settings) -> Iterator[FlakyProxy]:
    """Stands before Swift."""
    assert s3.s3_endpoint_url
    with flaky_proxy(s3.s3_endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def tracking(server: str) -> Iterator[FlakyProxy]:
    """Stands before the MLflow server."""
    with flaky_proxy(server) as proxy:
        yield proxy


@pytest.fixture
def flaky(server_and_s3: Settings, store: FlakyProxy, tracking: FlakyProxy) -> Settings:
    """An MLflow server and Swift, both behind proxies that do no harm yet."""
    return changed(
        server_and_s3,
        s3_endpoint_url=store.address,
        mlflow_tracking_uri=tracking.address,
        network_timeout_seconds=1,
        upload_attempts=3,
    )


LOADING = ["silent", "cut", "lost", "delay", "truncate", "trickle", "500", "503", "403", "429"]
OF_BOTH = ["silent", "cut", "500"]


def fault_of(kind: str, **changes: Any) -> Fault:
    return Fault(kind, seconds={"delay": 4.0, "trickle": 0.5}.get(kind, 0.0), **changes)


@pytest.mark.parametrize("parts", ["tracking", "store", "both"])
def test_an_analysis_gets_its_model_from_the_cache(
    flaky: Settings, store: FlakyProxy, tracking: FlakyProxy, make_model: MakeModel, parts: str
) -> None:
    """Version 1 is in the cache, version 2 only in the store: 1 answers, with a notice, whatever the services do."""
    models = [make_model(text) for text in ("one", "two")]
    publish(ModelLifecycle(flaky), models[0])
    publish(
        ModelLifecycle(changed(flaky, home=flaky.home / "another machine", network_timeout_seconds=PATIENCE)), models[1]
    )
    for kind in OF_BOTH if parts == "both" else LOADING:
        tracking.fault = fault_of(kind) if parts != "store" else None
        store.fault = fault_of(kind) if parts != "tracking" else None
        start = time.monotonic()
        loaded = ModelLifecycle(flaky).load()
        assert time.monotonic() - start < HANG, kind
        assert loaded.path.read_bytes() == models[0].read_bytes(), kind
        assert (loaded.version.version, len(loaded.notices)) == (1, 1), kind
        assert "version 1 from the cache" in loaded.notices[0]


@pytest.mark.parametrize("kind", ["cut", "503", "truncate"])
def test_one_lost_answer_does_no_harm_to_loading(
    flaky: Settings, store: FlakyProxy, make_model: MakeModel, kind: str
) -> None:
    """The store's library tries again: the answer comes from the store, or says that it is an older one."""
    model = make_model("one")
    publish(ModelLifecycle(flaky), model)
    store.fault = fault_of(kind, times=1)
    elsewhere = changed(flaky, home=flaky.home / "elsewhere", network_timeout_seconds=PATIENCE)
    try:
        assert ModelLifecycle(elsewhere).load().path.read_bytes() == model.read_bytes()
    except LifecycleError as error:
        assert kind == "truncate", error
    assert store.fault.hits == 1


def test_a_download_that_was_corrupted_on_the_way_is_not_used(
    flaky: Settings, store: FlakyProxy, make_model: MakeModel, tmp_path: Path
) -> None:
    publish(ModelLifecycle(flaky), make_model("one" * 1000))
    store.fault = Fault("corrupt", method="GET", path=".keras")
    elsewhere = ModelLifecycle(changed(flaky, home=tmp_path / "elsewhere", network_timeout_seconds=PATIENCE))
    with pytest.raises(LifecycleError, match="not what was published"):
        elsewhere.load()
    with pytest.raises(LifecycleError):
        elsewhere.download(1, tmp_path / "out.keras")
    assert not (tmp_path / "out.keras").exists()
    assert [check.ok for check in elsewhere.verify()] == [False]
    store.fault = None
    assert elsewhere.load().version.version == 1


@pytest.mark.parametrize("what", [".keras", ".json"])
def test_an_upload_is_tried_again(flaky: Settings, store: FlakyProxy, make_model: MakeModel, what: str) -> None:
    """Also where the first attempt went through and only its answer was lost: one version a file, no number left out."""
    lifecycle = ModelLifecycle(changed(flaky, network_timeout_seconds=PATIENCE))
    for number, kind in enumerate(("cut", "lost", "503", "500", "429"), 1):
        store.fault = fault_of(kind, method="PUT", path=what, times=1)
        assert publish(lifecycle, make_model(kind)).version == number, kind
        assert store.fault.hits == 1, kind
    assert [check.problem for check in lifecycle.verify()] == [""] * 5


@pytest.mark.parametrize(
    ("part", "kind"),
    [("tracking", kind) for kind in ("silent", "lost", "truncate", "trickle", "500", "403")]
    + [("store", kind) for kind in ("silent", "cut", "lost", "trickle", "500", "403")],
)
def test_what_cannot_be_published_now_is_sent_later_and_once(
    flaky: Settings, store: FlakyProxy, tracking: FlakyProxy, make_model: MakeModel, kind: str, part: str
) -> None:
    """Where the service refuses at once two files wait, and are sent in their order."""
    models = [make_model(text) for text in (("one", "two") if kind in ("500", "403") else ("one",))]
    lifecycle = ModelLifecycle(flaky)
    proxy = tracking if part == "tracking" else store
    proxy.fault = fault_of(kind, method="P")
    start = time.monotonic()
    for model in models:
        with pytest.raises(PublishFailed, match="publish --spooled"):
            publish(lifecycle, model)
    assert time.monotonic() - start < 4 * HANG
    proxy.fault = None
    patient = ModelLifecycle(changed(flaky, network_timeout_seconds=PATIENCE))
    sent = patient.publish_spooled()
    assert [patient.load(version.version).path.read_bytes() for version in sent] == [
        model.read_bytes() for model in models
    ]
    assert patient.publish_spooled() == []
    ready = [version for version in patient.list() if version.status == "ready"]
    assert [version.version for version in ready] == sorted((version.version for version in sent), reverse=True)


def test_a_version_whose_last_step_was_lost_is_finished_and_not_doubled(
    flaky: Settings, tracking: FlakyProxy, make_model: MakeModel
) -> None:
    """Uploaded, verified, described, and then the registry went away: the same number becomes ready later."""

    def at_step(name: str) -> None:
        if name == "described":
            tracking.fault = Fault("503")

    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(flaky, at_step=at_step), make_model("one"))
    tracking.fault = None
    lifecycle = ModelLifecycle(changed(flaky, network_timeout_seconds=PATIENCE))
    assert [version.version for version in lifecycle.publish_spooled()] == [1]
    assert [(version.version, version.status) for version in lifecycle.list()] == [(1, "ready")]


RECORDING = ["silent", "cut", "lost", "truncate", "trickle", "delay", "500", "403"]


@pytest.mark.parametrize("kind", RECORDING)
def test_recording_a_run_never_hangs_and_never_breaks_the_work(
    flaky: Settings, tracking: FlakyProxy, kind: str
) -> None:
    with Tracking(flaky).run("analysis", "analysis") as run:
        tracking.fault = fault_of(kind)
        start = time.monotonic()
        for number in range(20):
            run.log_metrics({"loss": 0.5}, step=number)
    assert time.monotonic() - start < HANG
    assert run.notices


@pytest.mark.parametrize("kind", RECORDING)
def test_a_run_that_cannot_be_begun_is_not_recorded(flaky: Settings, tracking: FlakyProxy, kind: str) -> None:
    tracking.fault = fault_of(kind)
    start = time.monotonic()
    with Tracking(flaky).run("analysis", "analysis") as run:
        run.log_metrics({"loss": 0.5})
    assert time.monotonic() - start < HANG
    assert run.run_id is None
    assert run.notices


@pytest.mark.parametrize("kind", ["silent", "trickle"])
def test_a_training_ends_also_where_its_last_measurements_cannot_be_sent(
    flaky: Settings, tracking: FlakyProxy, kind: str
) -> None:
    with Tracking(flaky).run("training", "training") as run:
        tracking.fault = fault_of(kind)
        start = time.monotonic()
    assert time.monotonic() - start < HANG
    assert run.notices


@pytest.mark.parametrize("part", ["tracking", "store"])
def test_looking_at_versions_ends_in_an_answer_or_an_error(
    flaky: Settings, store: FlakyProxy, tracking: FlakyProxy, make_model: MakeModel, part: str
) -> None:
    publish(ModelLifecycle(flaky), make_model("one"))
    for kind in ("silent", "truncate", "corrupt", "trickle", "500", "403"):
        (tracking if part == "tracking" else store).fault = fault_of(kind)
        lifecycle = ModelLifecycle(flaky)
        start = time.monotonic()
        for look in (lifecycle.list, lifecycle.resolve, lifecycle.verify):
            try:
                look()
            except OpenStackRcaError as error:
                assert error.hint, kind
        assert time.monotonic() - start < 3 * HANG, kind


def test_asking_a_bucket_for_its_rules_ends_in_an_answer_or_an_error(flaky: Settings, store: FlakyProxy) -> None:
    bucket = flaky.artifact_root.removeprefix("s3://").split("/")[0]
    for kind in ("silent", "trickle", "cut"):
        store.fault = fault_of(kind)
        start = time.monotonic()
        with pytest.raises(StoreUnavailable):
            ask_bucket(flaky, bucket, "lifecycle")
        assert time.monotonic() - start < HANG, kind


@pytest.mark.parametrize("part", ["tracking", "store"])
def test_the_doctor_comes_to_an_end_and_names_what_is_slow(
    flaky: Settings, store: FlakyProxy, tracking: FlakyProxy, part: str
) -> None:
    (tracking if part == "tracking" else store).fault = fault_of("trickle")
    start = time.monotonic()
    checks = {check.name: check.ok for check in check_connections(flaky)}
    assert time.monotonic() - start < 3 * HANG
    assert not checks["tracking" if part == "tracking" else "store write"]
    assert checks["store write" if part == "tracking" else "tracking"]
