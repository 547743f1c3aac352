"""What of an answer becomes a run, and the sending of those that wait; see ``waiting_runs``."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from openstack_rca.errors import OpenStackRcaError
from openstack_rca.lifecycle.mlflow import TAG_NOTE, RunLogger, Tracking
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.rca.render import render_html, render_json
from openstack_rca.rca.report import Report, markdown_prose
from openstack_rca.service.waiting_runs import PROBLEM, SEND, SUFFIX, TAG_REPORT, Sent, entries, server, those
from openstack_rca.settings import Settings

_BEGUN, _DAMAGED = ".begun.json", ".damaged"


class WaitingRun(BaseModel):
    """One entry: the report, and the environment that it is a run of."""

    server: str
    experiment: str
    report: Report


def send_all(folder: Path, settings: Settings) -> Sent:
    """Send every entry of the folder that waits for this server, oldest first; the caller holds the folder's lock."""
    run_ids: list[str] = []
    notices: list[str] = []
    waiting = 0
    away = ""
    for path in entries(folder):
        entry = _read(path)
        if entry is None:
            path.rename(path.with_suffix(_DAMAGED))
            notices.append(
                f"The waiting answer {path} is damaged; it stays there as {path.with_suffix(_DAMAGED).name}."
            )
        elif entry.server == server(settings):
            if not away:
                run_id, told, away = _send_one(path, entry, settings)
                notices += told
                run_ids += [run_id] if run_id else []
            waiting += bool(away)
    if waiting:
        notices.append(f"{away} {those(waiting)} not recorded yet; the next command sends them, or: {SEND}")
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
            path = path.rename(path.with_name(path.name.removesuffix(SUFFIX) + _BEGUN))
        tags = {TAG_REPORT: report.id}
        with tracking.run("analysis", f"analysis-{report.created:%Y%m%d-%H%M%S}", report.created, tags) as run:
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


def _read(path: Path) -> WaitingRun | None:
    try:
        return WaitingRun.model_validate_json(path.read_bytes())
    except ValidationError:
        return None


def _note_problem(folder: Path, problem: str) -> None:
    with suppress(OSError):
        if problem:
            write_whole(folder / PROBLEM, " ".join(problem.split()).encode())
        else:
            (folder / PROBLEM).unlink(missing_ok=True)
