"""Writing into one run: parameters, figures, tags, files, and its end."""

import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from openstack_rca.errors import LifecycleError, RegistryFailed, RegistryUnavailable
from openstack_rca.lifecycle.mlflow.client import (
    ONE_CALL,
    is_kept_by_mlflow,
    registry_errors,
    too_slow,
    without_password,
)
from openstack_rca.lifecycle.mlflow.traces import Steps, record_trace
from openstack_rca.lifecycle.objects import ObjectStore, within
from openstack_rca.lifecycle.records import TAG
from openstack_rca.settings import Settings

TAG_VERSION = TAG + "model_version"
TAG_MODEL_URI = TAG + "model_uri"
TAG_NOTE = "mlflow.note.content"
"""What MLflow's page of a run shows on top, in Markdown."""
LONGEST_PARAMETER = 6000
LONGEST_TAG = 5000
MOST_AT_ONCE = 1000
"""Figures that MLflow takes in one request."""
_NOTHING: Mapping[str, Any] = {}


class Part(Enum):
    """A part of what is recorded of a run; when the server stops answering during one part, the others are still tried."""

    FACTS = "parameters, metrics and tags"
    FILES = "files"
    END = "the version and the end"


class RunLogger:
    """Writes into one run. Without a run (``run_id`` None) it takes everything and does nothing.

    Recording never stops the work. Each part of a record is tried on its own, and ``notices`` tells what could not be
    recorded: a server that refuses files still learns the figures, and the end of the run is always tried. ``patience`` is the
    seconds that all the writing together may take.
    """

    def __init__(
        self, settings: Settings, client: Any | None = None, run: Any | None = None, patience: float = math.inf
    ) -> None:
        self._settings = settings
        self._patience = patience
        self._client = client
        self._run = run
        self.run_id: str | None = run.info.run_id if run else None
        self._artifact_uri: str = run.info.artifact_uri if run else ""
        self._notices: list[str] = []
        self._given_up: set[Part] = set()
        self._lost_files: list[str] = []
        self._file_problem = ""

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record parameters; values are shown as text."""
        self.log_facts(params=params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, for an epoch where ``step`` is given."""
        self.log_facts(metrics=metrics, step=step or 0)

    def set_tags(self, tags: Mapping[str, object], part: Part = Part.FACTS) -> None:
        """Set tags of the run; ``part`` is the part of the record that they belong to."""
        self.log_facts(tags=tags, part=part)

    def log_facts(
        self,
        params: Mapping[str, object] = _NOTHING,
        metrics: Mapping[str, float] = _NOTHING,
        tags: Mapping[str, object] = _NOTHING,
        step: int = 0,
        part: Part = Part.FACTS,
    ) -> None:
        """Record parameters, figures and tags together: one request."""
        now = int(time.time() * 1000)

        def write(client: Any) -> None:
            from mlflow.entities import Metric, Param, RunTag

            client.log_batch(
                self.run_id,
                params=[Param(name, str(value)[:LONGEST_PARAMETER]) for name, value in params.items()],
                metrics=[Metric(name, float(value), now, step) for name, value in metrics.items()],
                tags=[RunTag(name, str(value)[:LONGEST_TAG]) for name, value in tags.items()],
            )

        self._do(write, part)

    def log_curves(self, history: Sequence[Mapping[str, float]]) -> None:
        """Record the figures of every epoch, under ``epoch/<name>``: apart from those of the finished model."""
        now = int(time.time() * 1000)
        points = [
            (f"epoch/{name}", value, step) for step, epoch in enumerate(history, 1) for name, value in epoch.items()
        ]

        def write(client: Any) -> None:
            from mlflow.entities import Metric

            for start in range(0, len(points), MOST_AT_ONCE):
                some = points[start : start + MOST_AT_ONCE]
                client.log_batch(
                    self.run_id, metrics=[Metric(name, float(value), now, step) for name, value, step in some]
                )

        self._do(write)

    def describe(self, text: str) -> None:
        """Set the run's description, in Markdown; an empty text changes nothing."""
        if text:
            self.set_tags({TAG_NOTE: text})

    def log_steps(self, name: str, began: datetime, steps: Steps) -> None:
        """Store the steps of the work with their times as a trace; ``began`` is when the first step began."""
        self._do(lambda _client: record_trace(self._settings.tracking_uri, self._run, name, began, steps))

    def log_version(self, version: int, uri: str) -> None:
        """Tag the run with the number and the URI of the model version that it made or used."""
        self.set_tags({TAG_VERSION: version, TAG_MODEL_URI: uri}, Part.END)

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
            if is_kept_by_mlflow(self._artifact_uri):
                client.log_artifact(self.run_id, str(path), folder or None)
                return
            store = ObjectStore(self._settings, self._artifact_uri)
            store.put_new_file(f"{folder}/{path.name}".lstrip("/"), path, {})

        self._do(write, Part.FILES, f"{folder}/{path.name}".lstrip("/"))

    def log_text(self, text: str, name: str) -> None:
        """Store a text as a file of the run; ``name`` may hold folders."""
        folder, _, file_name = name.rpartition("/")
        try:
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / file_name
                path.write_text(text, encoding="utf-8")
                self.log_artifact(path, folder)
        except OSError as error:
            self._tell(f"{error.strerror or error}.", name)

    def finish(self, status: str) -> None:
        """End the run as ``FINISHED``, ``FAILED`` or ``KILLED``."""
        self._do(lambda client: client.set_terminated(self.run_id, status), Part.END)

    @property
    def was_cut_off(self) -> bool:
        """Whether the server stopped answering, so that part of the record is missing and could be sent again later."""
        return bool(self._given_up)

    @property
    def notices(self) -> list[str]:
        """What could not be recorded, in words."""
        if not self._lost_files:
            return list(self._notices)
        names = ", ".join(self._lost_files)
        return [*self._notices, f"Files of this run are not recorded ({names}): {self._file_problem}"]

    def notice(self, text: str) -> None:
        """Add a sentence to ``notices``."""
        self._notices.append(text)

    def _do(self, write: Callable[[Any], None], part: Part = Part.FACTS, file: str = "") -> None:
        if self._client is None:
            return
        if part in self._given_up:
            self._lost_files += [file] if file else []
            return
        # However long the rest took, the end of a run is worth one more wait.
        patience = max(self._patience, self._settings.network_timeout_seconds) if part is Part.END else self._patience
        start = time.monotonic()
        try:
            with registry_errors(self._settings.tracking_uri):
                patiently(self._settings, lambda: write(self._client), patience)
            self._patience -= time.monotonic() - start
        except RegistryFailed as error:
            self._tell(error.message, file)
        except RegistryUnavailable as error:
            # One wait for a dead server is enough, for each part of a record.
            told_before = Part.FACTS in self._given_up
            self._given_up.add(part)
            if file:
                self._tell(error.message, file)
            elif not told_before:
                missing = "The end" if part is Part.END else "The rest"
                self._notices.append(f"{error.message} {missing} of this run is not recorded.")
        except LifecycleError as error:
            self._tell(error.message, file)
        except OSError as error:
            self._tell(f"{error.strerror or error}.", file)

    def _tell(self, problem: str, file: str) -> None:
        if file:
            self._lost_files.append(file)
            self._file_problem = self._file_problem or problem
        else:
            self._notices.append(f"Part of this run is not recorded: {problem}")


def patiently(settings: Settings, work: Callable[[], Any], most: float = math.inf) -> Any:
    """Return what ``work`` returns; raise RegistryUnavailable if a server takes longer than one call may, or ``most`` seconds."""
    if settings.tracking_uri.startswith("sqlite:"):
        return work()
    seconds = min(most, ONE_CALL * settings.network_timeout_seconds)
    return within(seconds, lambda _alive: work(), too_slow(without_password(settings.tracking_uri)))
