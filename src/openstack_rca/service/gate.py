"""May a freshly trained model become the version that everyone uses? Asked before it is published.

It has to open, to score, and to predict the latest part of its own logs, which it has not learned from, not worse than
the version in use by more than a margin.
"""

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from openstack_rca.errors import LifecycleError, ModelFileError, OpenStackRcaError, VersionNotFound
from openstack_rca.lifecycle.records import LoadedModel, ModelKind
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.logs.events import read_logs
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.model_file import ModelFile, open_model_file
from openstack_rca.model.quality import (
    MEASURED_LEAST,
    Changes,
    Figures,
    accuracy_drift,
    changes,
    check_scores,
    figures,
    held_out,
)


@dataclass(frozen=True)
class GateResult:
    """The judgement of the gate on a trained model.

    Attributes:
        objection: why the model should not be used; empty if nothing speaks against it.
        present: the version that it was compared with; None where it was compared with none.
        metrics: for the run: ``gate_*`` of both on the same events, ``performance_delta`` and ``loss_delta`` (the new one's
            accuracy and loss less the present one's), ``accuracy_drift`` (what the present one has lost since its training).
        notices: what a person should know of the comparison.
    """

    objection: str = ""
    present: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


PROBE = "2026-11-23 04:17:00.000 7 INFO nova.compute.manager [-] probe of the gate\n"


def kind_of(path: Path) -> ModelKind:
    """``ENGINE`` if the analysis can use a model file of unknown origin (it opens and scores a line), else ``OTHER``."""
    try:
        model = open_model_file(path)
    except ModelFileError:
        return ModelKind.OTHER
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "nova-compute.log"
        lines.write_text(PROBE)
        problem = check_scores(model.predict(read_logs([lines]).events))
    return ModelKind.OTHER if problem else ModelKind.ENGINE


def check_model(
    model_file: Path, events: pl.DataFrame, config: TrainingConfig, lifecycle: ModelLifecycle
) -> GateResult:
    """Judge a trained file on those of its ``events`` that training held back; ``model_margin`` of the settings applies."""
    try:
        new = open_model_file(model_file)
    except ModelFileError as error:
        return GateResult(f"the file does not open: {error.message}")
    predicted = new.predict(events)
    if problem := check_scores(predicted):
        return GateResult(problem)
    chosen = held_out(events, config.validation_fraction, config.test_fraction)
    if int(chosen.sum()) < MEASURED_LEAST:
        notice = f"Not compared with the version in use: only {int(chosen.sum())} events were held back."
        return GateResult(notices=(notice,))
    after = figures(predicted, chosen)
    metrics = {f"gate_{name}": value for name, value in after.as_json().items()}
    try:
        loaded, present = _present(lifecycle)
    except VersionNotFound:
        return GateResult(metrics=metrics)
    except OpenStackRcaError as error:
        return GateResult(metrics=metrics, notices=(f"Not compared with the version in use: {error.message}",))
    margin = lifecycle.settings.model_margin
    before = figures(present.predict(events), chosen)
    change, drift = changes(before, after, margin), accuracy_drift(present, before)
    metrics |= _metrics(before, change, drift)
    number = loaded.version.version
    objection = f"{change.objection} of version {number} on the same held-out logs" if change.objection else ""
    notices = _notices(present, number, drift, events.filter(chosen), new, margin)
    return GateResult(objection, number, metrics, tuple(notices))


def _present(lifecycle: ModelLifecycle) -> tuple[LoadedModel, ModelFile]:
    """The version in use; a registry or store that is down leaves the cached one. Raises LifecycleError, ModelFileError."""
    try:
        loaded = lifecycle.load("latest")
        return loaded, open_model_file(loaded.path)
    except OSError as error:
        raise LifecycleError(
            f"The cache {lifecycle.settings.cache_folder} cannot be read: {error.strerror}."
        ) from error


def _metrics(before: Figures, change: Changes, drift: float) -> dict[str, float]:
    found = {f"present_{name}": value for name, value in before.as_json().items()}
    found |= {"performance_delta": change.accuracy, "loss_delta": change.loss, "accuracy_drift": drift}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _notices(
    present: ModelFile, number: int, drift: float, judged: pl.DataFrame, new: ModelFile, margin: float
) -> list[str]:
    notices = []
    if drift > margin:
        notices.append(
            f"The accuracy of version {number} is {drift:.2f} lower here than on its own training logs: the cloud has moved on."
        )
    card = present.card
    last = judged["time"].min()
    if card.data_fingerprint != new.card.data_fingerprint and card.last and last is not None and last < card.last:  # type: ignore[operator]
        notices.append(
            f"Version {number} may have learned from a part of the logs that both were compared on, which favours it."
        )
    return notices
