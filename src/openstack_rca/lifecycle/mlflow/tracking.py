"""Training runs and analyses as MLflow runs.

Recording never stops the work: when the tracking server is down or goes down, the run logger keeps quiet after one
plain notice. Run artifacts go where the tracking server keeps them; beside the embedded database they live in
``<home>/mlruns-artifacts``, and a shared database without a server puts them under ``<artifact root>/run-artifacts``.
What lands in an object store is sent by our own store, so MLflow's boto3 is not needed.
"""

from __future__ import annotations

import getpass
import json
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from openstack_rca.errors import LifecycleError, PublishInterrupted, RegistryUnavailable, TrainingInterrupted
from openstack_rca.lifecycle.mlflow.client import ONE_CALL, connect, is_server, registry_errors, without_password
from openstack_rca.lifecycle.mlflow.patient_client import too_slow
from openstack_rca.lifecycle.mlflow.registry import TAG
from openstack_rca.lifecycle.objects import ObjectStore, within
from openstack_rca.settings import Settings

TAG_KIND = TAG + "kind"
TAG_VERSION = TAG + "model_version"
TAG_MODEL_URI = TAG + "model_uri"
LONGEST_PARAMETER = 6000
LONGEST_TAG = 5000
SYSTEM_METRICS_SECONDS = 5
PAGE = 100
ONE_ANALYSIS = 4
"""Network time limits that recording a whole analysis may take; nobody waits longer for that."""


@dataclass(frozen=True)
class RunSummary:
    """One recorded run.

    ``kind`` is ``training``, ``analysis`` or empty; ``start`` is in UTC; ``seconds`` is ``None`` while it runs.
    """

    run_id: str
    name: str
    kind: str
    status: str
    start: datetime
    seconds: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class RunLogger:
    """Writes into one run. Without a run (``run_id`` None) it takes everything and does nothing.

    ``notices`` tells in words what could not be recorded.

    Args:
        settings: where the server is, how long an answer may take.
        client, run: MLflow's; ``None`` for no run.
        patience: seconds that all the writing together may take.
    """

    def __init__(
        self, settings: Settings, client: Any | None = None, run: Any | None = None, patience: float = math.inf
    ) -> None:
        self._settings = settings
        self._patience = patience
        self._client = client
        self.run_id: str | None = run.info.run_id if run else None
        self._artifact_uri: str = run.info.artifact_uri if run else ""
        self.notices: list[str] = []

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record parameters; values are shown as text."""
        from_text = {name: str(value)[:LONGEST_PARAMETER] for name, value in params.items()}

        def write(client: Any) -> None:
            from mlflow.entities import Param

            client.log_batch(self.run_id, params=[Param(name, value) for name, value in from_text.items()])

        self._do(write)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, for an epoch where ``step`` is given."""
        now = int(time.time() * 1000)

        def write(client: Any) -> None:
            from mlflow.entities import Metric

            rows = [Metric(name, float(value), now, step or 0) for name, value in metrics.items()]
            client.log_batch(self.run_id, metrics=rows)

        self._do(write)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags of the run."""

        def write(client: Any) -> None:
            from mlflow.entities import RunTag

            rows = [RunTag(name, str(value)[:LONGEST_TAG]) for name, value in tags.items()]
            client.log_batch(self.run_id, tags=rows)

        self._do(write)

    def log_version(self, version: int, uri: str) -> None:
        """Tie the run to the model version that it made or used."""
        self.set_tags({TAG_VERSION: version, TAG_MODEL_URI: uri})

    def log_dataset(self, name: str, fingerprint: str, source: str, facts: Mapping[str, object]) -> None:
        """Record what the run learned from: a digest of the data, where it came from, counts."""

        def write(client: Any) -> None:
            from mlflow.entities import Dataset, DatasetInput, InputTag

            # MLflow keeps 36 characters of a digest; the whole one is in the profile.
            profile = json.dumps({"fingerprint": fingerprint, **facts}, default=str)
            dataset = Dataset(name, fingerprint[:36], "local", json.dumps({"uri": source}), profile=profile)
            client.log_inputs(self.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])

        self._do(write)

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Store a file with the run, in ``folder``."""

        def write(client: Any) -> None:
            if urlparse(self._artifact_uri).scheme in ("", "file", "mlflow-artifacts", "http", "https"):
                client.log_artifact(self.run_id, str(path), folder or None)
                return
            store = ObjectStore(self._settings, self._artifact_uri)
            store.put_new_file(f"{folder}/{path.name}".lstrip("/"), path, {})

        self._do(write)

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of the run; ``name`` may hold folders."""
        folder, _, file_name = name.rpartition("/")
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / file_name
            path.write_text(text, encoding="utf-8")
            self.log_artifact(path, folder)

    def finish(self, status: str) -> None:
        """End the run as ``FINISHED``, ``FAILED`` or ``KILLED``."""
        self._do(lambda client: client.set_terminated(self.run_id, status))

    def _do(self, write: Callable[[Any], None]) -> None:
        if self._client is None:
            return
        start = time.monotonic()
        try:
            client = self._client
            with registry_errors(self._settings.tracking_uri):
                _patiently(self._settings, lambda: write(client), self._patience)
            self._patience -= time.monotonic() - start
        except RegistryUnavailable as error:
            # One wait for a dead server is enough.
            self._client = None
            self.notices.append(f"{error.message} The rest of this run is not recorded.")
        except LifecycleError as error:
            self.notices.append(f"Part of this run is not recorded: {error.message}")
        except OSError as error:
            self.notices.append(f"Part of this run is not recorded: {error.strerror or error}.")


class Tracking:
    """The runs of the experiment ``settings.experiment_name``."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def enabled(self) -> bool:
        """Whether runs are recorded at all."""
        return self.settings.mlflow_enabled

    @cached_property
    def _client(self) -> Any:
        return connect(self.settings)

    @contextmanager
    def training_run(self, run_name: str | None = None) -> Iterator[RunLogger]:
        """A run of kind ``training`` with system metrics; it ends with the block, as failed if the block raises."""
        with self._run("training", run_name) as logger, self._system_metrics(logger):
            yield logger

    @contextmanager
    def analysis_run(self, run_name: str | None = None) -> Iterator[RunLogger]:
        """A run of kind ``analysis``."""
        with self._run("analysis", run_name) as logger:
            yield logger

    @contextmanager
    def evaluation_run(self, run_name: str | None = None) -> Iterator[RunLogger]:
        """A run of kind ``evaluation``."""
        with self._run("evaluation", run_name) as logger:
            yield logger

    @contextmanager
    def _run(self, kind: str, run_name: str | None) -> Iterator[RunLogger]:
        logger = self._start(kind, run_name)
        status = "FAILED"
        try:
            yield logger
            status = "FINISHED"
        except (KeyboardInterrupt, TrainingInterrupted, PublishInterrupted):
            status = "KILLED"
            raise
        finally:
            logger.finish(status)

    def _start(self, kind: str, run_name: str | None) -> RunLogger:
        if not self.enabled:
            return RunLogger(self.settings)
        tags = {TAG_KIND: kind, "mlflow.source.name": "openstack-rca"}
        with suppress(OSError, KeyError):
            tags["mlflow.user"] = getpass.getuser()
        given_up = threading.Event()
        try:
            client = self._client
            # From here on: the import of MLflow is this machine's own time.
            start = time.monotonic()

            def begin() -> Any:
                made = client.create_run(self._experiment_id(), tags=tags, run_name=run_name)
                if given_up.is_set():
                    # Nobody would ever end it.
                    client.set_terminated(made.info.run_id, "FAILED")
                return made

            with self._errors():
                run = _patiently(self.settings, begin)
        except LifecycleError as error:
            given_up.set()
            logger = RunLogger(self.settings)
            logger.notices.append(f"{error.message} This run is not recorded.")
            return logger
        patience = math.inf if kind == "training" else ONE_ANALYSIS * self.settings.network_timeout_seconds
        return RunLogger(self.settings, client, run, patience - (time.monotonic() - start))

    def _experiment_id(self) -> str:
        """The experiment, made where it is missing and restored where it was deleted."""
        from mlflow.exceptions import MlflowException

        name = self.settings.experiment_name
        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            try:
                return str(self._client.create_experiment(name, artifact_location=self._artifact_location()))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            experiment = self._client.get_experiment_by_name(name)
        if experiment.lifecycle_stage == "deleted":
            self._client.restore_experiment(experiment.experiment_id)
        return str(experiment.experiment_id)

    def _artifact_location(self) -> str | None:
        uri = self.settings.tracking_uri
        if is_server(uri):
            return None
        if uri.startswith("sqlite:"):
            return (self.settings.home / "mlruns-artifacts" / self.settings.experiment_name).as_uri()
        return ObjectStore(self.settings).uri(f"run-artifacts/{self.settings.experiment_name}")

    @contextmanager
    def _system_metrics(self, logger: RunLogger) -> Iterator[None]:
        if logger.run_id is None:
            yield
            return
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        # What start_run(log_system_metrics=True) starts, without MLflow's process-wide active run.
        monitor = SystemMetricsMonitor(
            logger.run_id, sampling_interval=SYSTEM_METRICS_SECONDS, tracking_uri=self.settings.tracking_uri
        )
        monitor.start()
        try:
            yield
        finally:
            with suppress(RegistryUnavailable):
                _patiently(self.settings, monitor.finish)

    def list_runs(self, limit: int = 50, kind: str | None = None) -> list[RunSummary]:
        """The newest runs of the experiment, newest first.

        Args:
            limit: how many at most.
            kind: only ``training`` or only ``analysis``.

        Raises:
            RegistryUnavailable: the tracking server cannot be asked.
        """
        if not self.enabled:
            return []
        with self._errors():
            experiment = self._client.get_experiment_by_name(self.settings.experiment_name)
            if experiment is None:
                return []
            found: list[RunSummary] = []
            token = None
            while len(found) < limit:
                page = self._client.search_runs(
                    [experiment.experiment_id],
                    filter_string=f"tags.`{TAG_KIND}` = '{kind}'" if kind else "",
                    max_results=min(PAGE, limit - len(found)),
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                found += [_summary(run) for run in page]
                token = page.token
                if not token:
                    break
        return found

    def run_page(self, run_id: str) -> str | None:
        """Address of a run in the pages of the tracking server; None where there is no server.

        Raises:
            RegistryUnavailable: the server cannot be asked.
        """
        if not self.enabled or not is_server(self.settings.tracking_uri):
            return None
        with self._errors():
            experiment = self._client.get_experiment_by_name(self.settings.experiment_name)
        if experiment is None:
            return None
        server = without_password(self.settings.tracking_uri).rstrip("/")
        return f"{server}/#/experiments/{experiment.experiment_id}/runs/{run_id}"

    def _errors(self) -> Any:
        return registry_errors(self.settings.tracking_uri)


def _patiently(settings: Settings, work: Callable[[], Any], most: float = math.inf) -> Any:
    """Do what may ask a server several times, within the time that one call may take."""
    if settings.tracking_uri.startswith("sqlite:"):
        return work()
    seconds = min(most, ONE_CALL * settings.network_timeout_seconds)
    return within(seconds, lambda _alive: work(), too_slow(without_password(settings.tracking_uri)))


def _summary(run: Any) -> RunSummary:
    ended = run.info.end_time
    return RunSummary(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        kind=run.data.tags.get(TAG_KIND, ""),
        status=run.info.status,
        start=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        seconds=(ended - run.info.start_time) / 1000 if ended else None,
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags={name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")},
    )
