"""Training runs and analyses as MLflow runs; recording never stops the work."""

import logging
import math
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import PATIENCE, silent_server

from openstack_rca.errors import RegistryUnavailable, TrainingInterrupted
from openstack_rca.lifecycle.mlflow.client import connect, registry_errors
from openstack_rca.lifecycle.mlflow.run_reader import summary_of
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.settings import Settings, load_settings


@pytest.fixture(params=["embedded", "server_and_s3"])
def shared(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


def artifacts_of(settings: Settings, run_id: str, folder: str = "") -> list[str]:
    return [found.path for found in connect(settings).list_artifacts(run_id, folder)]


def test_a_training_run_holds_what_was_logged(shared: Settings, tmp_path: Path) -> None:
    tracking = Tracking(shared)
    (tmp_path / "loss.png").write_bytes(b"png")
    with tracking.run("training", "first") as run:
        run.log_params({"epochs": 2, "dropout_rate": 0.2, "long": "x" * 10_000})
        for epoch, loss in enumerate([0.9, 0.4]):
            run.log_metrics({"loss": loss}, step=epoch)
        run.log_metrics({"test_accuracy": 0.8})
        run.log_artifact(tmp_path / "loss.png", "plots")
        run.log_text("layers", "model/summary.txt")
        run.log_dataset("samples/normal", "f" * 64, "/logs", {"events": 20_000})
        run.log_version(15, "s3://bucket/model.keras")
        assert run.notices == []
    (summary,) = tracking.list_runs()
    assert (summary.name, summary.kind, summary.status) == ("first", "training", "FINISHED")
    assert summary.params["dropout_rate"] == "0.2"
    assert summary.metrics == {"loss": 0.4, "test_accuracy": 0.8}
    assert summary.tags["openstack_rca.model_version"] == "15"
    assert summary.seconds is not None
    client = connect(shared)
    assert [point.value for point in client.get_metric_history(summary.run_id, "loss")] == [0.9, 0.4]
    assert artifacts_of(shared, summary.run_id, "plots") == ["plots/loss.png"]
    assert artifacts_of(shared, summary.run_id, "model") == ["model/summary.txt"]
    (dataset,) = client.get_run(summary.run_id).inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("samples/normal", "f" * 36)


def test_the_runs_of_the_embedded_default_stay_below_its_home(embedded: Settings) -> None:
    with Tracking(embedded).run("training") as run:
        run.log_text("text", "note.txt")
    (note,) = embedded.home.rglob("note.txt")
    assert note.is_relative_to(embedded.home / "mlruns-artifacts" / embedded.experiment_name)


def test_run_artifacts_reach_a_bucket_without_boto3(s3: Settings) -> None:
    """A tracking server that hands out ``s3://`` addresses: our own store sends the files there."""
    settings = s3.model_copy(update={"mlflow_enabled": True})
    location = f"{s3.artifact_root}/runs"
    connect(settings).create_experiment(settings.experiment_name, artifact_location=location)
    with Tracking(settings).run("analysis") as run:
        run.log_text("report", "reports/report.txt")
        assert run.notices == []
    from openstack_rca.lifecycle.objects.store import ObjectStore

    assert ObjectStore(settings, location).read(f"{run.run_id}/artifacts/reports/report.txt") == b"report"


def test_system_metrics_are_recorded_while_training(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    tracking, client = Tracking(embedded), connect(embedded)
    with tracking.run("training") as run:
        for _ in range(2000):
            if any(name.startswith("system/") for name in client.get_run(run.run_id).data.metrics):
                break
    (summary,) = tracking.list_runs()
    assert "system/cpu_utilization_percentage" in summary.metrics


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("broken"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (TrainingInterrupted("stopped"), "KILLED")],
)
def test_a_run_that_ends_badly_says_so(embedded: Settings, error: BaseException, status: str) -> None:
    tracking = Tracking(embedded)
    with pytest.raises(type(error)), tracking.run("analysis"):
        raise error
    assert [run.status for run in tracking.list_runs()] == [status]


def test_an_interrupt_while_a_run_is_made_ends_it(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows the run yet whose beginning Ctrl-C cuts: it is ended as killed all the same."""
    tracking = Tracking(embedded)
    client = tracking._client
    make = client.create_run

    def made_and_interrupted(*arguments: object) -> object:
        made = make(*arguments)
        signal.raise_signal(signal.SIGINT)
        return made

    monkeypatch.setattr(client, "create_run", made_and_interrupted)
    with pytest.raises(KeyboardInterrupt), tracking.run("analysis"):
        raise AssertionError("the work began")
    assert [run.status for run in tracking.list_runs()] == ["KILLED"]


def test_an_interrupt_while_mlflow_is_imported_takes_effect_at_once(
    embedded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That and the tables of a new database take many seconds, in which there is no run yet."""

    def interrupted(_settings: Settings) -> None:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")

    monkeypatch.setattr("openstack_rca.lifecycle.mlflow.tracking.connect", interrupted)
    with pytest.raises(KeyboardInterrupt), Tracking(embedded).run("training"):
        raise AssertionError("the work began")


def test_runs_are_listed_newest_first_by_kind_and_up_to_a_limit(embedded: Settings) -> None:
    tracking = Tracking(embedded)
    for number in range(3):
        with tracking.run("analysis", f"analysis {number}"):
            pass
    with tracking.run("training", "training"):
        pass
    assert len(tracking.list_runs()) == 4
    assert {run.name for run in tracking.list_runs(kind="analysis")} == {"analysis 0", "analysis 1", "analysis 2"}
    assert [run.name for run in tracking.list_runs(kind="training")] == ["training"]
    starts = [run.start for run in tracking.list_runs(limit=3)]
    assert len(starts) == 3
    assert starts == sorted(starts, reverse=True)


def test_the_embedded_database_tells_of_runs_what_mlflow_tells(embedded: Settings) -> None:
    """It is read without MLflow: figures that are no numbers, tags and times alike."""
    tracking = Tracking(embedded)
    with tracking.run("training", "trained", tags={"mine": "1"}) as run:
        run.log_params({"epochs": 2})
        run.log_metrics({"loss": 0.5, "broken": math.nan})
    with tracking.run("analysis", "asked"):
        pass
    read = tracking.list_runs()
    told = [summary_of(connect(embedded).get_run(found.run_id)) for found in read]
    assert [found.name for found in read] == ["asked", "trained"]
    assert math.isnan(read[1].metrics.pop("broken")) and math.isnan(told[1].metrics.pop("broken"))
    assert read == told


def test_a_database_with_other_tables_is_left_to_mlflow(embedded: Settings) -> None:
    """What reading cannot do, MLflow's own client does: here it makes the tables that are missing."""
    (embedded.home / "mlflow.db").unlink()
    (embedded.home / "mlflow.db").touch()
    assert Tracking(embedded).list_runs() == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk without room: no file of this process can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_the_database_has_no_room_for_is_told_in_words_alone(
    embedded: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """MLflow would also write a traceback on the screen."""
    client, size = connect(embedded), (embedded.home / "mlflow.db").stat().st_size
    logging.getLogger("mlflow").addHandler(caplog.handler)
    refused = pytest.raises(RegistryUnavailable, match="no space is left")
    with files_of_at_most(size), refused, registry_errors(embedded.tracking_uri):
        client.create_registered_model("large", description="x" * 100_000)
    logging.getLogger("mlflow").removeHandler(caplog.handler)
    assert caplog.records == []


def test_tables_that_found_no_room_leave_no_database_behind(tmp_path: Path) -> None:
    """MLflow cannot go on with tables that were made half; so the next one begins anew, once there is room."""
    settings = load_settings(home=tmp_path / "new")
    with files_of_at_most(100_000), pytest.raises(RegistryUnavailable, match=r"mlflow\.db cannot be written: no space"):
        connect(settings)
    assert [path.name for path in settings.home.iterdir()] == [".mlflow.db.lock"]


def test_before_the_first_run_the_list_is_empty(embedded: Settings) -> None:
    assert Tracking(embedded).list_runs() == []


def test_a_deleted_experiment_is_restored(embedded: Settings) -> None:
    tracking = Tracking(embedded)
    with tracking.run("training", "before"):
        pass
    client = connect(embedded)
    client.delete_experiment(client.get_experiment_by_name(embedded.experiment_name).experiment_id)
    with tracking.run("training", "after") as run:
        pass
    assert run.notices == []
    assert "after" in {found.name for found in tracking.list_runs()}


def test_with_mlflow_switched_off_nothing_is_recorded_and_nothing_breaks(store_only: Settings) -> None:
    tracking = Tracking(store_only)
    with tracking.run("training") as run:
        run.log_params({"epochs": 1})
        run.log_text("text", "note.txt")
    assert (tracking.enabled, run.run_id, run.notices, tracking.list_runs()) == (False, None, [], [])
    assert not store_only.home.exists()


def test_with_the_server_down_training_goes_on_with_a_notice(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, mlflow_tracking_uri="http://127.0.0.1:9")
    with Tracking(settings).run("training") as run:
        run.log_metrics({"loss": 0.1}, step=0)
    assert run.run_id is None
    assert len(run.notices) == 1
    assert "is not recorded" in run.notices[0]
    with pytest.raises(RegistryUnavailable):
        Tracking(settings).list_runs()


def test_a_server_that_goes_down_is_noticed_once(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = Tracking(embedded)
    with tracking.run("analysis") as run:
        run.log_params({"epochs": 1})
        with silent_server() as address:
            monkeypatch.setattr(run, "_client", connect_without_knocking(address))
            monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
            run.log_metrics({"loss": 0.1})
            run.log_metrics({"loss": 0.2})
    assert len(run.notices) == 1
    assert "The rest of this run is not recorded" in run.notices[0]


def test_what_the_server_refuses_costs_only_that_part(embedded: Settings) -> None:
    """A parameter cannot be changed; what comes after is still recorded."""
    tracking = Tracking(embedded)
    with tracking.run("analysis") as run:
        run.log_params({"epochs": 1})
        run.log_params({"epochs": 2})
        run.log_metrics({"loss": 0.5})
    (summary,) = tracking.list_runs()
    assert (summary.params["epochs"], summary.metrics) == ("1", {"loss": 0.5})
    assert len(run.notices) == 1


def test_a_missing_artifact_is_noticed(embedded: Settings, tmp_path: Path) -> None:
    with Tracking(embedded).run("analysis") as run:
        run.log_artifact(tmp_path / "nowhere.png")
    assert len(run.notices) == 1


@pytest.mark.parametrize("kind", ["500", "503", "cut"])
def test_files_that_the_server_cannot_store_cost_the_run_nothing_else(server: str, tmp_path: Path, kind: str) -> None:
    """A server without boto3 before a bucket answers 500 to every file; figures, version and end are recorded."""
    with flaky_proxy(server) as proxy:
        settings = load_settings(
            home=tmp_path,
            mlflow_tracking_uri=proxy.address,
            experiment_name=f"files_{kind}",
            network_timeout_seconds=PATIENCE,
        )
        proxy.fault = Fault(kind, "PUT", "mlflow-artifacts")
        with Tracking(settings).run("training", "learns") as run:
            run.log_metrics({"loss": 0.5})
            run.log_text("layers", "model_summary.txt")
            run.log_text("more", "notes.txt")
            run.log_params({"epochs": 3})
            run.log_version(7, "s3://models/x.keras")
        (summary,) = Tracking(settings).list_runs()
    assert (summary.status, summary.metrics["loss"], summary.params) == ("FINISHED", 0.5, {"epochs": "3"})
    assert summary.tags["openstack_rca.model_version"] == "7"
    (notice,) = run.notices
    assert "model_summary.txt, notes.txt" in notice


def test_the_end_and_the_version_are_tried_even_when_the_rest_was_given_up(server: str, tmp_path: Path) -> None:
    """A server that was away for a moment does not leave a run that looks as if it were still going on."""
    with flaky_proxy(server) as proxy:
        settings = load_settings(
            home=tmp_path, mlflow_tracking_uri=proxy.address, experiment_name="away", network_timeout_seconds=PATIENCE
        )
        with Tracking(settings).run("training", "learns") as run:
            proxy.fault = Fault("cut", "POST", "log-batch")
            run.log_metrics({"loss": 0.5})
            proxy.fault = None
            run.log_metrics({"accuracy": 0.5})
            run.log_version(7, "s3://models/x.keras")
        (summary,) = Tracking(settings).list_runs()
    assert (summary.status, summary.tags["openstack_rca.model_version"]) == ("FINISHED", "7")
    assert len(run.notices) == 1


def test_mlflow_keeps_quiet_and_calls_nobody(embedded: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    (embedded.home / "mlflow.db").unlink()
    with Tracking(embedded).run("training") as run:
        run.log_metrics({"loss": 0.1})
    assert capfd.readouterr() == ("", "")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def connect_without_knocking(address: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=address, registry_uri=address)
