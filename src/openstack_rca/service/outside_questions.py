"""Questions of other programs (agents, the HTTP API): within the open folders, answered as plain values for JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from openstack_rca.errors import ConfigurationError
from openstack_rca.rca.render import headline, render_json
from openstack_rca.rca.report import Report, mask_secrets, one_line
from openstack_rca.service.analysis import analyze
from openstack_rca.service.explore import EventFilter
from openstack_rca.service.history import open_history
from openstack_rca.service.kept_reports import keep_report, list_reports, open_kept
from openstack_rca.service.log_choice import allowed_paths
from openstack_rca.service.log_events import event_table
from openstack_rca.service.models import list_models
from openstack_rca.service.moments import parse_moment
from openstack_rca.settings import Settings

MOST_EVENTS = 200
SHOWN_CAUSES = 3
SHOWN_EVIDENCE = 3
TEXT_LIMIT = 400


def ask_logs(logs: str, issue: str, settings: Settings, since: str = "", until: str = "") -> Report:
    """Analyse logs (paths or globs, one a line) below the open folders and keep the report; times as ``analyze --since``.

    Raises ConfigurationError: a path outside of the open folders, or no time. LogInputError, AnalysisError.
    """
    report = analyze(
        allowed_paths(logs, settings),
        issue[:2000],
        settings=settings,
        since=_moment(since, settings),
        until=_moment(until, settings),
        history=open_history(settings),
    ).report
    keep_report(report, settings)
    return report


def brief(report: Report) -> dict[str, Any]:
    """What matters of a report: verdict, why, what to do, the first causes with their proof, checks, and its id."""
    point = headline(report)
    return {
        "id": report.id,
        "created": report.created.isoformat(),
        "verdict": report.verdict.value,
        "why": point.why,
        "what_to_do": point.action,
        "causes": [
            {
                "component": cause.component,
                "host": cause.host,
                "category": cause.category.value,
                "confidence": round(cause.confidence, 3),
                "onset": cause.onset.isoformat() if cause.onset else None,
                "statement": cause.statement,
                "checks": list(cause.next_checks),
                "evidence": [
                    {"file": item.file, "line": item.line, "text": one_line(item.text, TEXT_LIMIT), "why": item.why}
                    for item in cause.evidence[:SHOWN_EVIDENCE]
                ],
            }
            for cause in report.causes[:SHOWN_CAUSES]
        ],
        "missing": list(report.missing),
        "model_version": report.model.version,
    }


def report_json(report_id: str, settings: Settings) -> str:
    """The whole report by its id, in JSON. Raises ReportNotFound: there is none."""
    return render_json(open_kept(report_id, settings))


def kept(settings: Settings, limit: int = 20) -> list[dict[str, Any]]:
    """The newest reports (1 to 200 of them), a few facts each."""
    return [
        {
            "id": report.id,
            "created": report.created.isoformat(),
            "verdict": report.verdict,
            "component": report.component,
            "host": report.host,
            "issue": report.issue,
        }
        for report in list_reports(settings, min(max(limit, 1), 200))
    ]


def search_logs(
    logs: str,
    settings: Settings,
    text: str = "",
    levels: Sequence[str] = (),
    since: str = "",
    until: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """Events that hold a text or an id: ``found`` and ``shown`` (numbers), ``events``; logs and errors as in ``ask_logs``."""
    wanted = EventFilter(
        since=_moment(since, settings),
        until=_moment(until, settings),
        levels=[level.upper() for level in levels],
        text=text,
    )
    events = event_table(allowed_paths(logs, settings), wanted, settings)
    shown = events.head(min(max(limit, 1), MOST_EVENTS))
    rows = [
        {
            "time": row["time"].isoformat() if row["time"] else None,
            "host": row["host"],
            "service": row["service"],
            "level": str(row["level"]),
            "message": mask_secrets(one_line(row["message"] or "", TEXT_LIMIT)),
            "request_id": row["request_id"],
            "file": row["file"],
            "line": row["line"],
        }
        for row in shown.iter_rows(named=True)
    ]
    return {"found": events.height, "shown": len(rows), "events": rows}


def versions(settings: Settings, limit: int = 20) -> list[dict[str, Any]]:
    """Model versions of the environment, newest first. Raises RegistryUnavailable, StoreUnavailable."""
    return [
        {
            "version": version.version,
            "status": version.status,
            "created": version.created.isoformat(),
            "sha256": version.sha256,
            "pinned": version.pinned,
        }
        for version in list_models(settings, min(max(limit, 1), 200))
    ]


def _moment(text: str, settings: Settings) -> datetime | None:
    if not text.strip():
        return None
    if len(text) > 60:
        raise ConfigurationError("This is too long to be a time.", "Write it like 2026-11-23T04:17:00Z or 10m.")
    return parse_moment(text, timezone=settings.log_timezone, now=datetime.now(UTC)).astimezone(UTC)
