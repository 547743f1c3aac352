"""Answers that are to become runs: written down on this machine at once, sent to the tracking server afterwards.

MLflow costs seconds of start-up, and a server may be away; neither is the answer's trouble. An entry is one file, named by
the time of its report. Whoever sends holds the lock of the folder, marks an entry before sending it, and removes it once
the server has all of it; an entry that was marked already is looked for on the server first, so that no run is there twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from openstack_rca.errors import ConfigurationError, OpenStackRcaError
from openstack_rca.lifecycle.mlflow import TAG_NOTE, RunLogger, Tracking, without_password
from openstack_rca.lifecycle.objects import locked, write_whole
from openstack_rca.rca.render import render_html, render_json
from openstack_rca.rca.report import Report, markdown_prose
from openstack_rca.settings import Settings

MOST_WAITING = 2000
"""More entries than this are not kept; the oldest go first."""
TAG_REPORT = "openstack_rca.report_id"
SEND = "openstack-rca runs send"
_SUFFIX, _BEGUN, _DAMAGED, _PROBLEM = ".json", ".begun.json", ".damaged", "problem.txt"
_SENDER = "from openstack_rca.service.waiting_runs import main; main()"


class WaitingRun(BaseModel):
    """One entry: the report, and the environment that it is a run of."""

    server: str
    experiment: str
    report: Report


@dataclass(frozen=True)
class Sent:
    """What became of the answers that waited.

    Attributes:
        run_ids: runs that are recorded now, oldest first.
        waiting: how many still wait for this server.
        notices: in words, what could not be recorded, or not yet.
    """

    run_ids: list[str] = field(default_factory=list)
    waiting: int = 0
    notices: list[str] = field(default_factory=list)


def write_down(report: Report, settings: Settings) -> None:
    """Keep an answer until it is sent; nothing where no runs are recorded.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    if not settings.mlflow_enabled:
        return
    folder = _folder(settings)
    head = json.dumps({"server": _server(settings), "experiment": settings.experiment_name})
    path = folder / f"{report.created.astimezone(UTC):%Y%m%dT%H%M%S%f}-{report.id}{_SUFFIX}"
    try:
        write_whole(path, f'{head[:-1]}, "report": {render_json(report)}}}'.encode())
        for old in _entries(folder)[:-MOST_WAITING]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"This answer is not recorded as a run: {folder} cannot be written ({error.strerror}).",
            "Set OPENSTACK_RCA_HOME to a folder that you may write.",
        ) from None


def send_as_configured(settings: Settings) -> Sent:
    """Have what waits sent in the way that the setting ``send_runs`` names.

    A process of its own does it in the background, unless this process is a container's first one, whose end would be the
    sender's too.
    """
    if not settings.mlflow_enabled or not _entries(_folder(settings)):
        return Sent()
    if settings.send_runs == "now" or (settings.send_runs == "background" and os.getpid() == 1):
        return send_waiting_runs(settings)
    told = _problem(settings)
    if settings.send_runs == "background":
        try:
            _start_sender(settings)
        except OSError as error:
            told = [f"The sender cannot be started ({error.strerror})."]
    waiting = len(_entries(_folder(settings)))
    notices = [f"{_those(waiting)} not recorded as runs yet. {text} Later: {SEND}" for text in told]
    return Sent(waiting=waiting, notices=notices)


def send_waiting_runs(settings: Settings) -> Sent:
    """Record every answer that waits for this tracking server, oldest first; whatever stands in the way is a notice."""
    folder = _folder(settings)
    if not settings.mlflow_enabled or not _entries(folder):
        return Sent()
    try:
        with locked(folder / ".lock"):
            return _send_all(folder, settings)
    except OSError as error:
        return Sent(
            [], len(_entries(folder)), [f"What waits in {folder} cannot be sent now: {error.strerror or error}."]
        )


def _send_all(folder: Path, settings: Settings) -> Sent:
    run_ids: list[str] = []
    notices: list[str] = []
    waiting = 0
    away = ""
    for path in _entries(folder):
        entry = _read(path)
        if entry is None:
            path.rename(path.with_suffix(_DAMAGED))
            notices.append(
                f"The waiting answer {path} is damaged; it stays there as {path.with_suffix(_DAMAGED).name}."
            )
        elif entry.server == _server(settings):
            if not away:
                run_id, told, away = _send_one(path, entry, settings)
                notices += told
                run_ids += [run_id] if run_id else []
            waiting += bool(away)
    if waiting:
        notices.append(f"{away} {_those(waiting)} not recorded yet; the next command sends them, or: {SEND}")
    _note_problem(folder, away)
    return Sent(run_ids, waiting, notices)


def _send_one(path: Path, entry: WaitingRun, settings: Settings) -> tuple[str | None, list[str], str]:
    """Send one entry; gives its run, what of it is lost, and, where it has to wait, why."""
    report = entry.report
    tracking = Tracking(settings.model_copy(update={"experiment_name": entry.experiment}))
    try:
        if path.name.endswith(_BEGUN):
            if tracking.has_finished_run(TAG_REPORT, report.id):
                path.unlink()
                return None, [], ""
        else:
            path = path.rename(path.with_name(path.name.removesuffix(_SUFFIX) + _BEGUN))
        tags = {TAG_REPORT: report.id}
        with tracking.analysis_run(f"analysis-{report.created:%Y%m%d-%H%M%S}", report.created, tags) as run:
            _log_report(run, report)
    except OpenStackRcaError as error:
        return None, [], str(error)
    if run.run_id is None or run.was_cut_off:
        return None, [], " ".join(run.notices)
    path.unlink()
    return run.run_id, list(run.notices), ""


def _log_report(run: RunLogger, report: Report) -> None:
    version = report.model.version or "none"
    timings = {f"seconds_{name.replace(' ', '_')}": value for name, value in report.seconds.items()}
    run.log_facts(
        params={
            "issue": report.issue[:500],
            "fast": report.fast,
            "logs": ", ".join(report.logs)[:500],
            "model_version": version,
        },
        metrics=timings
        | {
            "events": float(report.events),
            "lines": float(report.lines),
            "confidence": report.causes[0].confidence if report.causes else 0.0,
        },
        tags={
            "openstack_rca.verdict": report.verdict.value,
            "openstack_rca.model_version": version,
            "openstack_rca.component": report.causes[0].component if report.causes else "none",
            TAG_NOTE: _description(report),
        },
    )
    steps: dict[str, Any] = dict(report.seconds)
    if report.stages:
        # The rest of the step is spent on building the report.
        rest = max(0.0, steps.get("analyze", 0.0) - sum(report.stages.values()))
        steps["analyze"] = {**report.stages, "report": rest}
    if steps:
        run.log_steps("analysis", report.created - timedelta(seconds=sum(report.seconds.values())), steps)
    run.log_text(render_json(report), "report/report.json")
    run.log_text(render_html(report), "report/report.html")


def _description(report: Report) -> str:
    """What MLflow's page of the run says on top, in Markdown."""
    lines = [f"**{report.verdict.value}**"]
    lines += [f"Issue: {markdown_prose(report.issue)}"] if report.issue else []
    lines += [f"{markdown_prose(cause.component)}: {markdown_prose(cause.statement)}" for cause in report.causes[:1]]
    return "\n\n".join([*lines, "The whole answer: report/report.html among the artifacts."])


def _start_sender(settings: Settings) -> None:
    """Start a process that outlives this one; its secrets come with the environment, the rest through its input."""
    given: dict[str, str | bool | None] = {"home": str(settings.home), "mlflow_enabled": True}
    given |= {
        "mlflow_tracking_uri": settings.mlflow_tracking_uri,
        "mlflow_artifact_root": settings.mlflow_artifact_root,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SENDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=settings.home,
        start_new_session=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(json.dumps(given).encode())
    # Nobody waits for it.
    process.returncode = 0


def main() -> None:
    """The process that sends in the background."""
    from openstack_rca.settings import load_settings

    os.nice(5)
    given = json.load(sys.stdin)
    send_waiting_runs(load_settings(**given | {"home": Path(given["home"])}))


def _folder(settings: Settings) -> Path:
    return settings.spool_folder / "runs"


def _entries(folder: Path) -> list[Path]:
    """Files of the entries, oldest first."""
    return sorted(folder.glob(f"2*{_SUFFIX}"))


def _read(path: Path) -> WaitingRun | None:
    try:
        return WaitingRun.model_validate_json(path.read_bytes())
    except ValidationError:
        return None


def _server(settings: Settings) -> str:
    """The tracking server; empty for the embedded one, whose home may be moved."""
    return without_password(settings.mlflow_tracking_uri or "")


def _those(number: int) -> str:
    return "1 answer is" if number == 1 else f"{number} answers are"


def _problem(settings: Settings) -> list[str]:
    """Why the last sender could not send, as a list of one sentence or none."""
    with suppress(OSError, UnicodeDecodeError):
        return [text for text in (_folder(settings) / _PROBLEM).read_text(encoding="utf-8").splitlines() if text]
    return []


def _note_problem(folder: Path, problem: str) -> None:
    with suppress(OSError):
        if problem:
            write_whole(folder / _PROBLEM, " ".join(problem.split()).encode())
        else:
            (folder / _PROBLEM).unlink(missing_ok=True)
