"""Train on normal logs, publish a version, keep the run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from openstack_rca.errors import PublishFailed, RegistryUnavailable
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.tracking import RunLogger, Tracking
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.logs.events import read_logs
from openstack_rca.model.card import TrainingConfig, TrainingProgress
from openstack_rca.settings import Settings

__all__ = [
    "TrainOutcome",
    "TrainingConfig",
    "TrainingProgress",
    "train",
]


@dataclass(frozen=True)
class TrainOutcome:
    """What one training made.

    Attributes:
        version: the published version, or None where publishing was impossible (the notices say where the file is).
        run_id: MLflow run, or None where tracking is off or down.
        metrics: figures on held-out data and of the rivals.
        history: one dict an epoch.
        local_copy: where ``output`` asked for a copy.
        notices: what went wrong without losing anything.
        seconds: wall seconds per step.
    """

    version: ModelVersion | None
    run_id: str | None
    metrics: dict[str, float]
    history: list[dict[str, float]]
    card: dict[str, Any]
    local_copy: Path | None
    notices: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def train(
    paths: Sequence[str | Path],
    *,
    settings: Settings,
    config: TrainingConfig | None = None,
    output: Path | None = None,
    on_step: Callable[[str], None] | None = None,
    on_read: Callable[[int, int], None] | None = None,
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> TrainOutcome:
    """Learn what normal looks like from logs of a healthy cloud, and store the model as the next version.

    Args:
        paths: files, folders, globs; ``-`` is standard input.
        settings: see ``openstack_rca.settings``.
        config: how to train.
        output: also write the model file here.
        on_step: told each step as it begins.
        on_read: told bytes done and bytes in all while reading.
        on_progress: told each training step.

    Raises:
        LogInputError: the logs cannot be used.
        NotEnoughTrainingData: they are too small.
        TrainingInterrupted: the user stopped it; nothing was stored and the run is marked as killed.
        PublishFailed: never for an outage (the file is spooled and the notices say so).
    """
    from openstack_rca.model.plots import training_plots
    from openstack_rca.model.training import save
    from openstack_rca.model.training import train as fit

    step = on_step or (lambda name: None)
    config = config or TrainingConfig()
    seconds: dict[str, float] = {}
    notices: list[str] = []
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name] = round(time.monotonic() - clock, 3)
        clock = time.monotonic()

    step("read logs")
    read = read_logs(paths, timezone=settings.log_timezone, on_progress=on_read)
    lap("read")
    with _run(settings, notices) as run, tempfile.TemporaryDirectory() as folder:
        if run:
            run.log_params(asdict(config) | {"logs": ", ".join(str(path) for path in paths)[:500]})
        step("train")
        result = fit(read.events, config, source=", ".join(str(path) for path in paths), on_progress=on_progress)
        lap("train")
        step("save")
        model_file = Path(folder) / f"{settings.model_name}.keras"
        save(result, model_file)
        card = result.card.as_json()
        if run:
            _log_result(run, result, training_plots(result, Path(folder) / "plots"))
        lap("save")
        step("publish")
        version = None
        try:
            version = ModelLifecycle(settings).publish(
                model_file,
                run_id=run.run_id if run else None,
                metrics=result.metrics,
                parameters=asdict(config),
                card=card,
            )
        except PublishFailed as error:
            notices.append(str(error))
        if run and version:
            run.set_tags({"openstack_rca.version": str(version.version), "openstack_rca.uri": version.uri})
        local_copy = _copy(model_file, output)
        lap("publish")
        return TrainOutcome(
            version=version,
            run_id=run.run_id if run else None,
            metrics=result.metrics,
            history=result.history,
            card=card,
            local_copy=local_copy,
            notices=notices,
            seconds=seconds,
        )


def _run(settings: Settings, notices: list[str]) -> AbstractContextManager[RunLogger | None]:
    """The tracking run, or nothing where tracking is off or down: training goes on without it."""
    tracking = Tracking(settings)
    if not tracking.enabled:
        return nullcontext()
    try:
        return tracking.training_run(time.strftime("training-%Y%m%d-%H%M%S", time.gmtime()))
    except RegistryUnavailable as error:
        notices.append(f"This training is not tracked as a run. {error}")
        return nullcontext()


def _log_result(run: RunLogger, result: Any, plots: Sequence[Path]) -> None:
    for number, epoch in enumerate(result.history, 1):
        run.log_metrics(epoch, step=number)
    run.log_metrics(result.metrics)
    run.log_text(result.summary, "model_summary.txt")
    card = result.card
    run.set_tags({"openstack_rca.data_fingerprint": card.data_fingerprint})
    run.log_params({"events": card.events, "lines": card.lines, "templates": card.templates})
    for plot in plots:
        run.log_artifact(plot, "plots")


def _copy(model_file: Path, output: Path | None) -> Path | None:
    """Write a copy beside its destination and rename it, so that no reader sees half a file."""
    if output is None:
        return None
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    partial.write_bytes(model_file.read_bytes())
    partial.replace(output)
    return output
