"""Reports that were made here, and what was asked about each: kept by its id, the oldest go first, and each opens again."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from openstack_rca.errors import ConfigurationError, ReportNotFound
from openstack_rca.lifecycle.objects import not_kept_in, write_whole
from openstack_rca.rca.render import render_json
from openstack_rca.rca.report import REPORT_ID_LENGTH, Report, mask_secrets
from openstack_rca.service.history import read_report
from openstack_rca.service.places import where_nothing_is
from openstack_rca.service.run_reports import report_of_run
from openstack_rca.settings import Settings

_NAME = re.compile(r"(?P<created>\d{8}T\d{6})Z_(?P<id>[0-9a-f]+)\.json")
_ID = re.compile(rf"[0-9a-f]{{{REPORT_ID_LENGTH}}}")


@dataclass(frozen=True)
class KeptReport:
    """One kept report: what a list shows of it."""

    id: str
    created: datetime
    verdict: str
    component: str | None
    host: str | None
    issue: str
    logs: list[str]


def keep_report(report: Report, settings: Settings) -> None:
    """Keep a report under its id; of more than ``reports_kept`` the oldest go. Raises ConfigurationError: not writable."""
    folder = settings.reports_folder
    path = folder / f"{report.created.astimezone(UTC):%Y%m%dT%H%M%S}Z_{report.id}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, render_json(report).encode())
        for old in _files(settings)[settings.reports_kept :]:
            old.unlink(missing_ok=True)
            questions_file(_id_of(old), settings).unlink(missing_ok=True)
    except OSError as error:
        reason, way = not_kept_in(folder, error)
        raise ConfigurationError(f"The report is not kept: {reason}.", f"Save it with --output FILE. {way}") from None


def open_report(reference: str, settings: Settings) -> Report:
    """A kept report by its id or the beginning of one, ``last``, or the path of a report saved as JSON.

    Raises ReportNotFound: nothing, or more than one report, answers to the reference.
    """
    if reference.endswith(".json") or "/" in reference:
        return read_report(Path(reference))
    files = _files(settings)
    if reference == "last":
        if not files:
            raise ReportNotFound(
                "No report is kept here yet.", where_nothing_is(settings, "Make one with: openstack-rca analyze LOGS")
            )
        return read_report(files[0])
    found = [path for path in files if _id_of(path).startswith(reference.lower())]
    if len(found) != 1:
        raise ReportNotFound(
            f"The ids of {len(found)} kept reports begin with {reference!r}."
            if found
            else f"No kept report has an id that begins with {reference!r}.",
            "See: openstack-rca report list",
        )
    return read_report(found[0])


def open_kept(report_id: str, settings: Settings) -> Report:
    """A report by its whole id, as in a link: kept on this machine, else with its recorded run. Raises ReportNotFound."""
    if _ID.fullmatch(report_id):
        for path in _files(settings):
            if _id_of(path) == report_id:
                return read_report(path)
        recorded = report_of_run(report_id, settings)
        if recorded is not None:
            return recorded
    raise ReportNotFound(f"There is no report {report_id[:40]!r}.", "It may have been made elsewhere, or too long ago.")


def reports_about(logs: Sequence[str], settings: Settings) -> list[Report]:
    """Kept reports about the same logs, newest first; files that are not reports are passed over."""
    return [report for report in _reports(settings) if sorted(report.logs) == sorted(logs)]


def list_reports(settings: Settings, limit: int) -> list[KeptReport]:
    """The newest ``limit`` reports; files that are not reports are passed over."""
    kept = []
    for report in _reports(settings, limit):
        first = report.causes[0] if report.causes else None
        kept.append(
            KeptReport(
                id=report.id,
                created=report.created,
                verdict=report.verdict.value,
                component=first.component if first else None,
                host=first.host if first else None,
                issue=report.issue,
                logs=list(report.logs),
            )
        )
    return kept


def _reports(settings: Settings, limit: int | None = None) -> Iterator[Report]:
    for path in _files(settings)[:limit]:
        with suppress(OSError, ValidationError):
            yield Report.model_validate_json(path.read_bytes())


def _files(settings: Settings) -> list[Path]:
    """Files of kept reports, newest first: their names begin with the time."""
    folder = settings.reports_folder
    names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(names, key=lambda path: path.name, reverse=True)


def _id_of(path: Path) -> str:
    matched = _NAME.fullmatch(path.name)
    return matched["id"] if matched else ""


MOST_QUESTIONS = 50
LONGEST_QUESTION = 500


def questions_about(report_id: str, settings: Settings) -> list[str]:
    """The questions that were asked about a report, oldest first; none where nothing readable is kept."""
    try:
        found = json.loads(questions_file(report_id, settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def keep_question(report_id: str, question: str, settings: Settings) -> None:
    """Add a question; its answer is made from the report each time. Raises ConfigurationError: it cannot be written."""
    asked = [*questions_about(report_id, settings), mask_secrets(question.strip())[:LONGEST_QUESTION]]
    path = questions_file(report_id, settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asked[-MOST_QUESTIONS:]).encode())
    except OSError as error:
        reason, way = not_kept_in(path.parent, error)
        raise ConfigurationError(f"The question is not kept: {reason}.", way) from None


def questions_file(report_id: str, settings: Settings) -> Path:
    """Where the questions about a report are kept."""
    return settings.reports_folder / f"{report_id}.questions"
