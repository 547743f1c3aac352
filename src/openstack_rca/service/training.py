"""Train on normal logs, publish a version, keep the run."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import require_extra
from openstack_rca.lifecycle.mlflow import RunLogger, Tracking, without_password
from openstack_rca.lifecycle.objects import replacing
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.model.card import TrainingConfig as TrainingConfig
from openstack_rca.model.card import TrainingProgress as TrainingProgress
from openstack_rca.model.model_file import open_model_file
from openstack_rca.model.rivals import DETECTORS, best_step_predictor, best_step_source, best_story_detector
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.service.analysis import events_without_words
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.gate import GateResult, check_model
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_reading import read_given
from openstack_rca.service.places import require_home, require_output
from openstack_rca.service.publishing import publish_trained, saved_model
from openstack_rca.service.run_reports import PROCESS_MEMORY, process_memory_megabytes
from openstack_rca.service.training_steps import TrainingStep
from openstack_rca.service.trouble import find_trouble
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from openstack_rca.model.training import TrainingResult
    from openstack_rca.model.warm_start import Parent


@dataclass(frozen=True)
class TrainOutcome:
    """What one training made.

    Attributes:
        version: the stored version, or None where publishing was impossible.
        kept: where the trained file waits then; the notices say how to go on.
        refused: why it is stored as refused, so that ``latest`` stays what it was; empty if it is not.
        run_id: MLflow run, or None where tracking is off or down.
        tracking_uri: where that run is, without any password.
        metrics: figures on held-out data and of the rivals.
        history: one dict an epoch.
        local_copy: where ``output`` asked for a copy.
        notices: what went wrong without losing anything.
        seconds: wall seconds per step.
        rivals_that_win: where the simplest rival did better than the network on the same data, a sentence each.
    """

    version: ModelVersion | None
    run_id: str | None
    tracking_uri: str | None
    metrics: dict[str, float]
    history: list[dict[str, float]]
    card: dict[str, Any]
    local_copy: Path | None
    notices: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    refused: str = ""
    gate: GateResult = field(default_factory=GateResult)
    kept: Path | None = None
    rivals_that_win: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What it made as values that JSON can hold, without the curve of each epoch."""
        version = self.version
        return {
            "version": version.version if version else None,
            "status": version.status if version else None,
            "compared_with": self.gate.present,
            "comparison": self.gate.metrics,
            "uri": version.uri if version else None,
            "waits_in": str(self.kept) if self.kept else None,
            "sha256": version.sha256 if version else None,
            "run_id": self.run_id,
            "tracking_uri": self.tracking_uri,
            "output": str(self.local_copy) if self.local_copy else None,
            "metrics": self.metrics,
            "rivals_that_win": self.rivals_that_win,
            "seconds": self.seconds,
            "notices": self.notices,
        }


def train(
    paths: Sequence[str | Path],
    *,
    settings: Settings,
    config: TrainingConfig | None = None,
    output: Path | None = None,
    force: bool = False,
    add: str | None = None,
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
) -> TrainOutcome:
    """Learn what normal looks like from logs of a healthy cloud, and store the model as the next version.

    What is worse than the version in use (``gate``) is stored as refused: ``latest`` does not lead to it.

    Args:
        paths: files, folders, globs; ``-`` is standard input.
        output: also write the model file here.
        force: let it be used even if it is worse; the history says so.
        add: train on from this version (``latest``, a number or an alias) instead of from nothing.
        cluster: whose workers read the logs; None: this process does. The network is trained by this process.
        listener: told each step as it begins, each gradient step, and how far reading and uploading are.

    Raises:
        ConfigurationError: the folder of state or ``output`` cannot be written, or nothing could ever be published with
            these settings; said before any work is done.
        LogInputError: the logs cannot be used.
        NotEnoughTrainingData: they are too small, or mostly trouble.
        VersionNotFound, ModelFileError: there is no version ``add``, or it does not open.
        TrainingInterrupted: the user stopped it; nothing was stored and the run is marked as killed.
        PublishInterrupted: the user stopped it when the model was trained; the file waits in the spool.
        PublishFailed: no disk has room for the trained file. An outage is not an error: the file is kept and the notices say
            where.
    """
    require_extra("train", "Training")
    work = _Work(settings, config or TrainingConfig(), listener, cluster)
    return _trained(work, paths, output, force, add)


def _trained(
    work: _Work, paths: Sequence[str | Path], output: Path | None, force: bool, add: str | None
) -> TrainOutcome:
    from openstack_rca.model.training import require_enough, save

    settings = work.settings
    require_home(settings, writable=True)
    if output is not None:
        require_output(output)
    lifecycle = ModelLifecycle(settings)
    lifecycle.check_can_publish()
    with work.step(TrainingStep.READ, "read"):
        events, trouble = _events(work, paths)
        require_enough(events)
        parent = _parent(add, lifecycle) if add is not None else None
    started = time.strftime("training-%Y%m%d-%H%M%S", time.gmtime())
    with Tracking(settings).run("training", started) as run, ExitStack() as stack:
        result = _learn(work, events, trouble, ", ".join(str(path) for path in paths), parent, run)
        with work.step(TrainingStep.SAVE, "save"):
            # The model first: nothing that is told about it may cost it.
            model_file = stack.enter_context(saved_model(lambda path: save(result, path), settings, output))
            if run.run_id:
                _log_result(run, result, model_file.parent / "plots")
        with work.step(TrainingStep.COMPARE, "compare"):
            gate = check_model(model_file, events, work.config, lifecycle)
            run.log_metrics(gate.metrics)
        with work.step(TrainingStep.PUBLISH, "publish"):
            published = publish_trained(
                model_file,
                lifecycle,
                run,
                gate,
                force=force,
                metrics=result.metrics,
                parameters=asdict(work.config),
                card=result.card.as_json(),
                listener=work.listener,
            )
            local_copy = _copy(published.kept or model_file, output, published.version)
    return TrainOutcome(
        version=published.version,
        kept=published.kept,
        run_id=run.run_id,
        tracking_uri=without_password(settings.tracking_uri) if run.run_id else None,
        metrics=result.metrics,
        history=result.history,
        card=result.card.as_json(),
        local_copy=local_copy,
        notices=[*gate.notices, *published.notices, *run.notices],
        rivals_that_win=rivals_that_win(result.metrics),
        seconds=work.seconds,
        refused="" if force else gate.objection,
        gate=gate,
    )


@dataclass
class _Work:
    """What one training carries from step to step."""

    settings: Settings
    config: TrainingConfig
    listener: Listener
    cluster: Cluster | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, step: TrainingStep, name: str) -> Iterator[None]:
        """Tell that a step begins; keep its wall seconds under a name."""
        self.listener.step(step)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 3)


def _parent(reference: str, lifecycle: ModelLifecycle) -> Parent:
    loaded = lifecycle.load(reference)
    return open_model_file(loaded.path).as_parent(f"version {loaded.version.version}")


def _events(work: _Work, paths: Sequence[str | Path]) -> tuple[pl.DataFrame, npt.NDArray[np.bool_]]:
    """What is learned from, and (events,) what the rules call a failure; the words, the largest part, end here."""
    table = read_given(paths, work.settings, work.listener, work.cluster).table
    trouble = find_trouble(table, load_catalogue(work.settings.signatures_folder))
    return events_without_words(table, objects=True), trouble


def _learn(
    work: _Work,
    events: pl.DataFrame,
    trouble: npt.NDArray[np.bool_],
    source: str,
    parent: Parent | None,
    run: RunLogger,
) -> TrainingResult:
    from openstack_rca.model.training import train as fit

    run.log_params(asdict(work.config) | {"logs": source[:500]} | ({"parent": parent.name} if parent else {}))
    with work.step(TrainingStep.TRAIN, "train"):
        return fit(
            events, work.config, source=source, trouble=trouble, parent=parent, on_progress=work.listener.gradient_step
        )


def rivals_that_win(metrics: Mapping[str, float]) -> list[str]:
    """A sentence for each measure in which a simple rival does better than the network."""
    notices = []
    if best_step_predictor(metrics) == "bigram":
        notices.append(
            f"The LSTM predicts the next event of these logs no better than a count of pairs does: loss"
            f" {metrics['test_loss']:.3f} against {metrics['rival_bigram_test_loss']:.3f} nats per event."
        )
    best = best_story_detector(metrics)
    if best not in ("", "lstm"):
        notices.append(
            f"A simple rule ({best.replace('_', ' ')}) finds spoilt stories better than the LSTM: area under the curve"
            f" {metrics[f'rival_{best}_story_auroc']:.3f} against {metrics['story_auroc']:.3f}."
        )
    alarms = {name: metrics[key] for name in DETECTORS[1:] if (key := f"rival_{name}_story_f1") in metrics}
    surest = max(alarms, key=lambda name: alarms[name], default="")
    if surest and alarms[surest] > metrics.get("story_f1", math.inf):
        notices.append(
            f"At the threshold of its alarms, which one normal story in a thousand passes, the LSTM does worse on spoilt stories"
            f" than a simple rule ({surest.replace('_', ' ')}): F1 {metrics['story_f1']:.3f} against {alarms[surest]:.3f}."
        )
    for state in ("missing", "late", "within_missing", "within_late"):
        if best_step_source(metrics, state) == "follow_rule":
            where = "within a service" if state.startswith("within_") else "between services"
            notices.append(
                f"Follow rules find {state.removeprefix('within_')} steps {where} better than the LSTM: F1"
                f" {metrics[f'rival_follow_rule_story_{state}_f1']:.3f} against {metrics[f'story_{state}_f1']:.3f}."
            )
    return notices


def _log_result(run: RunLogger, result: TrainingResult, folder: Path) -> None:
    # matplotlib costs a second: only for a run that is kept.
    from openstack_rca.model.plots import training_plots

    run.log_curves(result.history)
    card = result.card
    counts = {"events": card.events, "lines": card.lines, "templates": card.templates}
    figures = {**result.metrics, PROCESS_MEMORY: process_memory_megabytes()}
    run.log_facts(counts, figures, {"openstack_rca.data_fingerprint": card.data_fingerprint})
    run.log_dataset("training logs", card.data_fingerprint, card.source, counts)
    run.log_text(result.summary, "model_summary.txt")
    try:
        for plot in training_plots(result, folder):
            run.log_artifact(plot, "plots")
    except OSError as error:
        run.notice(f"The plots of this run are not drawn: {error.strerror or error}.")


def _copy(model_file: Path, output: Path | None, version: ModelVersion | None) -> Path | None:
    if output is None:
        return None
    try:
        with replacing(output) as partial:
            shutil.copyfile(model_file, partial)
    except OSError as error:
        way = f"models download {version.version} --output FILE" if version else "models publish --spooled"
        raise ConfigurationError(
            f"{output} cannot be written: {error.strerror}.", f"The model is kept: openstack-rca {way}"
        ) from error
    return output
