"""Training runs and analyses as MLflow runs.

Run artifacts go where the tracking server keeps them; beside the embedded database they live in
``<home>/mlruns-artifacts``, and a shared database without a server puts them under ``<artifact root>/run-artifacts``.
What lands in an object store is sent by our own store, so MLflow's boto3 is not needed.
"""

import getpass
import math
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from openstack_rca.errors import LifecycleError, PublishInterrupted, RegistryUnavailable, TrainingInterrupted
from openstack_rca.lifecycle.mlflow.client import (
    connect,
    is_kept_by_mlflow,
    is_server,
    registry_errors,
    sqlite_file,
    without_password,
)
from openstack_rca.lifecycle.mlflow.run_logger import RunLogger, patiently
from openstack_rca.lifecycle.mlflow.run_reader import TAG_KIND, RunSummary, read_runs, summary_of
from openstack_rca.lifecycle.objects import ObjectStore
from openstack_rca.settings import Settings

SYSTEM_METRICS_SECONDS = 5
PAGE = 100
EXPERIMENT_KIND = "mlflow.experimentKind"
"""Tells MLflow's pages which of them an experiment opens with: that of training runs."""
ONE_ANALYSIS = 4
"""Network time limits that recording a whole analysis may take; nobody waits longer for that."""


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

    def has_finished_run(self, tag: str, value: str) -> bool:
        """Whether a finished run has this tag; deletes unfinished runs that have it. Raises RegistryUnavailable."""
        with self._errors():
            for run in self._tagged(tag, value):
                if run.info.status == "FINISHED":
                    return True
                self._client.delete_run(run.info.run_id)
        return False

    @contextmanager
    def run(
        self, kind: str, name: str | None = None, began: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Iterator[RunLogger]:
        """A run of a kind (training, analysis, evaluation); it ends with the block, as failed if the block raises.

        A training also records what the machine's processors and memory do. ``began`` is the start time, None for now.
        """
        logger, status = RunLogger(self.settings), "FAILED"
        try:
            if self._is_reached(logger):
                with _interrupts_held_back():
                    logger = self._start(kind, name, began, tags)
            with self._system_metrics(logger) if kind == "training" else nullcontext():
                yield logger
            status = "FINISHED"
        except (KeyboardInterrupt, TrainingInterrupted, PublishInterrupted):
            status = "KILLED"
            raise
        finally:
            with _interrupts_held_back():
                logger.finish(status)

    def _is_reached(self, logger: RunLogger) -> bool:
        """Import MLflow and make its tables, which takes seconds and which Ctrl-C may cut; ``logger`` is told of a failure."""
        try:
            return self.enabled and self._client is not None
        except LifecycleError as error:
            logger.notice(f"{error.message} This run is not recorded.")
            return False

    def _start(
        self, kind: str, run_name: str | None, began: datetime | None, further: Mapping[str, str] | None
    ) -> RunLogger:
        start_time = int(began.timestamp() * 1000) if began else None
        tags = {TAG_KIND: kind, "mlflow.source.name": "openstack-rca", **(further or {})}
        with suppress(OSError, KeyError):
            tags["mlflow.user"] = getpass.getuser()
        client, given_up, start = self._client, threading.Event(), time.monotonic()

        def begin() -> Any:
            made = client.create_run(self._experiment_id(), start_time, tags, run_name)
            if given_up.is_set():
                # Nobody would ever end it.
                client.set_terminated(made.info.run_id, "FAILED")
            return made

        try:
            with self._errors():
                run = patiently(self.settings, begin)
        except LifecycleError as error:
            given_up.set()
            logger = RunLogger(self.settings)
            logger.notice(f"{error.message} This run is not recorded.")
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
                return str(
                    self._client.create_experiment(
                        name,
                        artifact_location=artifact_location(self.settings),
                        tags={EXPERIMENT_KIND: "custom_model_development"},
                    )
                )
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            experiment = self._client.get_experiment_by_name(name)
        if experiment.lifecycle_stage == "deleted":
            self._client.restore_experiment(experiment.experiment_id)
        return str(experiment.experiment_id)

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
                patiently(self.settings, monitor.finish)

    def list_runs(self, limit: int = 50, kind: str | None = None) -> list[RunSummary]:
        """The newest runs of the experiment, of one kind or of all, newest first. Raises RegistryUnavailable."""
        if not self.enabled:
            return []
        database = sqlite_file(self.settings.tracking_uri)
        if database is not None:
            # What cannot be read here, MLflow's client reads, or says why not.
            with suppress(sqlite3.Error):
                seconds = self.settings.network_timeout_seconds
                return read_runs(database, self.settings.experiment_name, limit, kind, seconds)
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
                found += [summary_of(run) for run in page]
                token = page.token
                if not token:
                    break
        return found

    def artifact_of_tagged_run(self, tag: str, value: str, name: str) -> str | None:
        """The text of a file of the newest run with this tag; None where there is none. Raises LifecycleError."""
        if not self.enabled:
            return None
        with self._errors():
            runs = self._tagged(tag, value)
            if not runs:
                return None
            uri = runs[0].info.artifact_uri
            if not is_kept_by_mlflow(uri):
                return ObjectStore(self.settings, uri).read(name).decode("utf-8")
            with tempfile.TemporaryDirectory() as folder:
                path = Path(self._client.download_artifacts(runs[0].info.run_id, name, folder))
                return path.read_text(encoding="utf-8")

    def _tagged(self, tag: str, value: str) -> list[Any]:
        """MLflow's runs of this experiment with a tag, newest first."""
        experiment = self._client.get_experiment_by_name(self.settings.experiment_name)
        found = f"tags.`{tag}` = '{value}'"
        return list(self._client.search_runs([experiment.experiment_id], found)) if experiment else []

    def run_page(self, run_id: str) -> str | None:
        """Address of a run in the pages of the tracking server; None where there is no server. Raises RegistryUnavailable."""
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


def artifact_location(settings: Settings) -> str | None:
    """Where a new experiment keeps the files of its runs; ``None`` leaves it to the tracking server."""
    uri = settings.tracking_uri
    if is_server(uri):
        return None
    if uri.startswith("sqlite:"):
        return (settings.home / "mlruns-artifacts" / settings.experiment_name).as_uri()
    return ObjectStore(settings).uri(f"run-artifacts/{settings.experiment_name}")


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let Ctrl-C take effect at the end of the block: a run that was just made, and not yet known, would never be ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
