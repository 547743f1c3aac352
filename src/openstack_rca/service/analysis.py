"""Answer an issue from logs; keep the answer as a run."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from openstack_rca.errors import ConfigurationError, VersionNotFound
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.logs.events import LogRead, read_logs
from openstack_rca.model.model_file import ModelFile, open_model_file
from openstack_rca.rca.baseline import NormalRates
from openstack_rca.rca.catalogue import load_catalogue
from openstack_rca.rca.components import load_topology
from openstack_rca.rca.engine import AnalysisRequest, analyze_events
from openstack_rca.rca.report import FileSummary, ModelUsed, Report
from openstack_rca.settings import Settings

StepCallback = Callable[[str], None]


@dataclass(frozen=True)
class OpenModel:
    """A model ready to score, and the words that the report uses for it."""

    file: ModelFile | None
    used: ModelUsed
    version: str | None = None
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AnalysisOutcome:
    """A report and what is needed to record it."""

    report: Report
    model: OpenModel


def open_model(reference: str, settings: Settings) -> OpenModel:
    """Open a model by version, alias or file.

    Args:
        reference: ``latest``, a number, ``@alias``, the path of a ``.keras`` file, or ``none`` for no model.

    Raises:
        VersionNotFound: a version was asked for by name and does not exist. That nothing was trained yet is no
            error for ``latest``: the answer is then made without a model, and says so.
        ModelFileError: the file is damaged, unsafe or of another format.
    """
    if reference == "none":
        return OpenModel(None, ModelUsed(name="none", source="none"))
    if reference.endswith(".keras"):
        file = open_model_file(Path(reference))
        used = ModelUsed(name=Path(reference).name, digest=_digest(Path(reference)), source="file")
        return OpenModel(file, used)
    try:
        loaded = ModelLifecycle(settings).load(reference)
    except VersionNotFound as error:
        if reference != "latest":
            raise
        notice = f"Answered without a model: {error.message} Train one with: openstack-rca train PATH_TO_NORMAL_LOGS"
        return OpenModel(None, ModelUsed(name="none", source="none", notices=[notice]), notices=[notice])
    version = loaded.version
    used = ModelUsed(
        name=version.name,
        version=str(version.version),
        digest=version.sha256,
        source=loaded.source,
        notices=loaded.notices,
    )
    return OpenModel(open_model_file(loaded.path), used, str(version.version), loaded.notices)


def analyze(
    paths: Sequence[str | Path],
    issue: str,
    *,
    settings: Settings,
    model: str | OpenModel = "latest",
    fast: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    signatures: Path | None = None,
    on_step: StepCallback | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> AnalysisOutcome:
    """Find the root cause of an issue in logs.

    Args:
        paths: files, folders, globs; ``-`` is standard input.
        issue: what is wrong, in the operator's words.
        settings: see ``openstack_rca.settings``.
        model: reference for ``open_model``, or a model that is already open.
        fast: lexical retrieval only.
        since, until: look only at this stretch of time (UTC).
        signatures: folder of the user's own signatures; the setting applies where it is None.
        on_step: told each step as it begins.
        on_progress: told bytes done and bytes in all while reading.

    Raises:
        ConfigurationError: the issue is empty, or the window is upside down.
        LogInputError, LifecycleError, ModelError, AnalysisError: see ``openstack_rca.errors``.
    """
    if not issue.strip():
        raise ConfigurationError(
            "The issue is empty.", 'Say what is wrong, for example --issue "Instances stay in BUILD".'
        )
    if since is not None and until is not None and since >= until:
        raise ConfigurationError("The window ends before it begins.", "Give --since earlier than --until.")
    step = on_step or (lambda name: None)
    seconds: dict[str, float] = {}
    catalogue = load_catalogue(signatures or settings.signatures_folder)
    step("read logs")
    started = time.monotonic()
    read = read_logs(paths, timezone=settings.log_timezone, on_progress=on_progress)
    seconds["read"] = time.monotonic() - started
    step("load model")
    started = time.monotonic()
    opened = model if isinstance(model, OpenModel) else open_model(model, settings)
    seconds["load model"] = time.monotonic() - started
    step("score events")
    started = time.monotonic()
    scores, rates = score_events(opened, read.events)
    seconds["score"] = time.monotonic() - started
    report = analyze_events(
        AnalysisRequest(
            issue=issue.strip(),
            logs=[str(path) for path in paths],
            since=since,
            until=until,
            fast=fast,
            command=_command(paths, issue, opened, fast, since, until),
        ),
        read.events,
        scores,
        rates,
        catalogue,
        load_topology(),
        files=_files(read),
        model=opened.used,
        seconds=seconds,
        on_step=step,
    )
    return AnalysisOutcome(report, opened)


def score_events(opened: OpenModel, events: pl.DataFrame) -> tuple[pl.DataFrame | None, NormalRates]:
    """Anomaly scores of the events and the normal rates, or nothing of both without a model."""
    if opened.file is None:
        return None, NormalRates.empty()
    topology = load_topology()
    return opened.file.score(events), NormalRates.from_baseline(opened.file.baseline, topology.canonical)


def record_analysis(outcome: AnalysisOutcome, settings: Settings) -> str | None:
    """Log the analysis as an MLflow run, with the report as artifact; called once the answer is on the screen.

    Returns:
        The run's id, or None where tracking is disabled.

    Raises:
        RegistryUnavailable: the tracking server does not answer; the answer itself is not affected.
    """
    from openstack_rca.lifecycle.tracking import Tracking

    tracking = Tracking(settings)
    if not tracking.enabled:
        return None
    report = outcome.report
    with tracking.analysis_run(f"analysis-{report.created:%Y%m%d-%H%M%S}") as run:
        run.log_params(
            {"issue": report.issue[:500], "fast": report.fast, "logs": ", ".join(report.logs)[:500]}
            | {"model_version": report.model.version or "none"}
        )
        run.set_tags(
            {
                "openstack_rca.verdict": report.verdict.value,
                "openstack_rca.model_version": report.model.version or "none",
                "openstack_rca.component": report.causes[0].component if report.causes else "none",
            }
        )
        timings = {f"seconds_{name.replace(' ', '_')}": value for name, value in report.seconds.items()}
        run.log_metrics(
            timings
            | {
                "events": float(report.events),
                "lines": float(report.lines),
                "confidence": report.causes[0].confidence if report.causes else 0.0,
            }
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            path.write_text(report.model_dump_json(indent=2), encoding="utf-8")
            run.log_artifact(path, "report")
        return run.run_id


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(read: LogRead) -> list[FileSummary]:
    return [
        FileSummary(
            file=file.file, lines=file.lines, events=file.events, unknown_lines=file.unknown_lines, format=file.format
        )
        for file in read.files
    ]


def _command(
    paths: Sequence[str | Path],
    issue: str,
    opened: OpenModel,
    fast: bool,
    since: datetime | None,
    until: datetime | None,
) -> str:
    words = ["openstack-rca", "analyze", *(str(path) for path in paths), "--issue", issue.strip()]
    words += ["--model", opened.version] if opened.version else []
    words += ["--fast"] if fast else []
    words += ["--since", since.isoformat()] if since else []
    words += ["--until", until.isoformat()] if until else []
    return shlex.join(words)
