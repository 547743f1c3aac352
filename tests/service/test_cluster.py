"""Work on a real Dask cluster, a scheduler and two worker processes on loopback, gives the answer of one machine."""

import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from hearing import hearing
from openstack_rca import extras
from openstack_rca.cli.main import cli
from openstack_rca.errors import (
    ClusterMismatch,
    ClusterUnavailable,
    ConfigurationError,
    ExtraMissing,
    NotEnoughTrainingData,
    StoreAccessDenied,
)
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.sources import collect_sources
from openstack_rca.model.baseline import Baseline
from openstack_rca.service import cluster as cluster_module
from openstack_rca.service import cluster_objects, cluster_reading, cluster_scoring
from openstack_rca.service.analysis import ask, events_without_words, prepare
from openstack_rca.service.cluster import Cluster, installed, open_cluster, without_secrets
from openstack_rca.service.drift import model_drift
from openstack_rca.service.evaluation import evaluate
from openstack_rca.service.log_reading import read_given
from openstack_rca.service.stories import expected_steps
from openstack_rca.settings import Settings, load_settings
from trained_environment import SAMPLES, Trained, environment

distributed = pytest.importorskip("distributed", reason="needs the extra dask: pip install 'openstack-rca[dask]'")

INCIDENT = SAMPLES / "incidents" / "INC-009" / "logs"
TAKES_ANOTHER_TIME = {"id", "created", "seconds", "stages"}
"""Parts of a report that differ between any two answers."""
TRACEBACK = "".join(
    f"2026-11-23 04:{number // 60 % 60:02d}:{number % 60:02d}.000 7 ERROR nova.api [-] It failed {number}\n"
    'Traceback (most recent call last):\n  File "a.py", line 1, in b\nValueError: no\n'
    for number in range(600)
)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler, and its two workers, processes of their own."""
    folder = tmp_path_factory.mktemp("workers")
    with distributed.LocalCluster(
        n_workers=0,
        host="127.0.0.1",
        protocol="tcp://",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        silence_logs=50,
    ) as scheduler:
        address = scheduler.scheduler_address
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        command += ["--no-dashboard", "--local-directory", str(folder), "--host", "127.0.0.1"]
        variables = environment(HOME=folder, POLARS_MAX_THREADS="1")
        started = [
            subprocess.Popen(command, env=variables, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        try:
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=120)
            yield address, started
        finally:
            for process in started:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", mlflow_enabled=False, log_cache_bytes=0)


@pytest.fixture
def cluster(workers: tuple[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The open cluster; the smallest logs are shared out."""
    monkeypatch.setattr(cluster_reading, "LEAST_BYTES", 1)
    monkeypatch.setattr(cluster_scoring, "LEAST_SHARED", 0)
    with open_cluster(workers[0], settings) as opened:
        assert opened is not None
        yield opened


@pytest.fixture
def logs(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample recording with a plain file that is read in several parts, and a file that is none."""
    monkeypatch.setattr(cluster_reading, "BLOCKS_OF_A_PART", 1)
    monkeypatch.setattr("openstack_rca.logs.stretches.BLOCK_BYTES", 16 * 1024)
    folder = shutil.copytree(trained.logs, tmp_path / "logs")
    (folder / "controller" / "nova-novncproxy.log").write_text(TRACEBACK)
    (folder / "notes.txt").write_text("nothing that a service wrote\n" * 5)
    return folder


def test_a_worker_that_is_killed_while_logs_are_read_changes_no_event(
    workers: tuple[str, list[subprocess.Popen[bytes]]], cluster: Cluster, logs: Path, settings: Settings
) -> None:
    """What it had read and was reading is read again by the other one: the same events, said of the same files."""
    expected = read_given([logs], settings)
    victim = workers[1][0]
    told: list[tuple[int, int]] = []

    def kill(done: int, total: int) -> None:
        told.append((done, total))
        if 0 < done < total and victim.poll() is None:
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()

    found = read_given([logs], settings, hearing(part=kill), cluster)
    assert victim.returncode == -signal.SIGKILL and told[-1][0] == told[-1][1]
    assert found.events.equals(expected.events)
    assert found.files == expected.files and found.roots == expected.roots


def test_the_answer_of_a_cluster_is_that_of_one_machine(
    cluster: Cluster, trained: Trained, logs: Path, settings: Settings
) -> None:
    """Scores, expected steps and the whole report, with a model."""
    paths = [logs, INCIDENT]
    one, many = (
        prepare(paths, settings=settings, model=str(trained.model_file), cluster=each) for each in (None, cluster)
    )
    assert one.scores is not None and many.scores is not None
    for name in ("surprise", "score"):
        assert many.scores[name].to_numpy() == pytest.approx(one.scores[name].to_numpy(), abs=1e-4)
    assert many.scores["unseen"].equals(one.scores["unseen"])
    assert many.expected.steps.drop("within_seconds").equals(one.expected.steps.drop("within_seconds"))
    assert many.expected.rows.equals(one.expected.rows)
    reports = [ask(prepared, paths, "", settings=settings).report.model_dump(mode="json") for prepared in (one, many)]
    differing = {name for name in reports[0] if reports[0][name] != reports[1][name]}
    assert differing <= TAKES_ANOTHER_TIME


def test_requests_are_shared_out_with_every_step_that_is_expected_of_them(cluster: Cluster, settings: Settings) -> None:
    """By the follow rules of a recording, in the same with a pause in which nothing was logged and with lines missing."""
    read = read_given([SAMPLES / "incidents" / "HEALTHY-001" / "logs"], settings)
    events = events_without_words(read.table)
    first, last = events["time"][0], events["time"][-1]
    late = pl.when(pl.col("time") > first + (last - first) * 0.8).then(pl.duration(minutes=30)).otherwise(pl.duration())
    judged = events.with_columns(pl.col("time") + late)
    judged = judged.filter((pl.col("service") != "cinder-volume") | (pl.int_range(pl.len()) % 3 > 0))
    baseline = Baseline.learn(read.events)
    one, many = (expected_steps(baseline, judged, None, each) for each in (None, cluster))
    assert one.steps.height > 100 and one.rows.height > 0
    assert many.steps.equals(one.steps) and many.rows.equals(one.rows)
    assert (many.missing_rates, many.late_rates, many.foreign) == (one.missing_rates, one.late_rates, one.foreign)


def test_incidents_and_drift_are_measured_alike(
    cluster: Cluster, trained: Trained, logs: Path, settings: Settings, tmp_path: Path
) -> None:
    """An evaluation, also of packed incidents, and a drift: every figure but the seconds."""
    shutil.copytree(SAMPLES / "incidents" / "INC-003", tmp_path / "cases" / "INC-003")
    packed = Path(__file__).resolve().parents[1] / "rca" / "reports"
    few = "".join(sorted(packed.glob("*.jsonl"))[0].read_text().splitlines(keepends=True)[:2])
    (tmp_path / "packed.jsonl").write_text(few)
    folders = [tmp_path / "cases", tmp_path / "packed.jsonl"]
    one, many = (evaluate(folders, settings=settings, model="none", cluster=each) for each in (None, cluster))
    for result in (one, many):
        result.pop("seconds_median")
        for item in result["per_incident"]:
            item.pop("seconds")
    assert many == one
    drifts = [
        model_drift([logs], settings=settings, model=str(trained.model_file), cluster=each).as_json()
        for each in (None, cluster)
    ]
    assert drifts[0] == drifts[1]


@pytest.mark.usefixtures("cluster")
def test_the_logs_of_a_training_are_read_by_the_workers(
    workers: tuple[str, Any], tmp_path: Path, empty_home: Path
) -> None:
    """``train --scheduler``: they find every event; here these are too few to learn from, so that nothing is trained."""
    log = tmp_path / "logs" / "nova-api.log"
    log.parent.mkdir()
    log.write_text(TRACEBACK.partition("2026-11-23 04:00:30")[0])
    words = ["train", str(log.parent), "--scheduler", workers[0], "--disable-mlflow"]
    with distributed.Client(workers[0], set_as_default=False) as client:
        with distributed.get_task_stream(client=client) as done:
            refused = CliRunner().invoke(cli, words, env={"OPENSTACK_RCA_HOME": str(empty_home)}).exception
        assert done.data
    assert isinstance(refused, NotEnoughTrainingData)
    assert "hold 30 events" in str(refused)


def test_another_version_on_a_worker_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is mixed from two versions; the error crosses the wire with its hint."""
    monkeypatch.setattr(cluster_module, "installed", lambda: {**installed(), "polars": "0.1"})
    with pytest.raises(ClusterMismatch, match=r"polars .* this machine has 0\.1.*Install the same"):
        list(cluster.results(len, [("abc",)]))


def test_what_a_worker_raises_ends_the_work_and_stopping_it_leaves_nothing(cluster: Cluster) -> None:
    """The error is the worker's own; Ctrl-C while it is waited for ends at once."""
    with pytest.raises(ValueError, match="bad"):
        list(cluster.results(int, [("bad",)] * 20))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(cluster.results(len, [("abc",)] * 20, stop))
    assert list(cluster.results(len, [("abc",), ("a",)])) == [3, 1]


def test_a_scheduler_that_does_not_answer_is_waited_for_as_long_as_is_said(settings: Settings) -> None:
    """Nobody listens on port 9; the address stands in the error."""
    impatient = settings.model_copy(update={"network_timeout_seconds": 0.2})
    with (
        pytest.raises(ClusterUnavailable, match=r"tcp://127\.0\.0\.1:9 does not answer"),
        open_cluster("tcp://127.0.0.1:9", impatient),
    ):
        pass


def test_own_workers_start_without_a_warning_where_another_program_has_the_port_of_dask(settings: Settings) -> None:
    with socket.socket() as another:
        with suppress(OSError):
            another.bind(("127.0.0.1", 8787))
            another.listen()
        with open_cluster("local:1", settings) as opened:
            assert opened is not None
            assert list(opened.results(len, [("abc",)])) == [3]


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://scheduler", "local:many", "ftp://a:1", ""])
def test_what_is_no_address_is_refused_before_dask_is_loaded(address: str, settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="not the address of a scheduler"), open_cluster(address, settings):
        pass


def test_without_the_extra_the_command_says_which_line_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras.MODULES, "dask", ("no_such_module",))
    with pytest.raises(ExtraMissing, match=re.escape("pip install 'openstack-rca[dask]'")):
        CliRunner().invoke(
            cli, ["analyze", str(INCIDENT), "--scheduler", "local:2"], catch_exceptions=False, standalone_mode=False
        )


def test_a_worker_that_does_not_see_the_files_as_we_do_reads_nothing(tmp_path: Path) -> None:
    """Neither where the file is missing nor where another one lies under its name."""
    log = tmp_path / "nova-api.log"
    log.write_text("2026-11-23 04:17:01.000 7 ERROR nova.api [-] no\n")
    [source] = collect_sources([log]).sources
    assert cluster_reading.read_here([source], ReadingOptions(), Bounds()).logs[0].lines == 1
    with pytest.raises(ClusterMismatch, match=r"sees another file .*nova-api\.log.*Mount the folder"):
        cluster_reading.read_here([replace(source, size=source.size + 1)], ReadingOptions(), Bounds())
    log.unlink()
    with pytest.raises(ClusterMismatch, match=r"does not see .*nova-api\.log"):
        cluster_reading.read_here([source], ReadingOptions(), Bounds())


def test_a_worker_without_credentials_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own are good: it has listed the objects."""

    def refused(*_: object) -> None:
        raise StoreAccessDenied("The object store refused the credentials for s3://logs.", "Check AWS_ACCESS_KEY_ID.")

    monkeypatch.setattr(cluster_objects, "fetch_keys", refused)
    with pytest.raises(StoreAccessDenied) as told:
        cluster_objects.read_objects_here("s3://logs/04", ["04/nova-api.log"], ReadingOptions(), Bounds())
    assert platform.node() in told.value.message and "refused the credentials" in told.value.message
    assert "started with" in told.value.hint


def test_no_secret_goes_to_a_worker(settings: Settings) -> None:
    """Not in the settings that an evaluation sends along."""
    full = load_settings(home=settings.home, aws_secret_access_key="s3cret", mlflow_tracking_password="s3cret")
    sent = without_secrets(full)
    assert sent.aws_secret_access_key is None and sent.mlflow_tracking_password is None
    assert sent.home == full.home
