"""Labelled incidents and the strict score of DESIGN section 9.

``incident.json`` holds the truth. The analysis is given the issue and the logs and nothing else; the truth is read by a
second function, after the answer.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from openstack_rca.errors import IncidentFormatError
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.report import Cause, Report
from openstack_rca.rca.scoring.uncertainty import expected_calibration_error
from openstack_rca.rca.vocabulary import Verdict

INCIDENT_FILE = "incident.json"
UNREADABLE = "UNREADABLE"
"""Stands for the verdict on an incident whose logs or label cannot be read: that is never right."""

_COMPRESSION = (".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True)
class Question:
    """What the analysis may know of an incident."""

    id: str
    issue: str
    logs: Path


@dataclass(frozen=True)
class Truth:
    """What the score compares with. ``expected`` is empty for a healthy window; ``facts`` where the label names none."""

    fault: str
    expected: tuple[str, ...]
    category: str | None
    evidence: tuple[tuple[str, int], ...]
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class IncidentScore:
    """One incident's answer against its truth."""

    id: str
    fault: str
    expected: tuple[str, ...]
    healthy: bool
    rank: int | None
    ranked: tuple[str, ...]
    verdict: str
    category: str | None
    category_ok: bool
    evidence_hit: bool
    seconds: float
    unreadable: str = ""
    confidence: float | None = None
    told: bool | None = None
    score: float = 0.0
    citable: bool = True

    @property
    def confidently_wrong(self) -> bool:
        """Whether a wrong component was named as confirmed or likely."""
        return not self.healthy and self.rank != 1 and self.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)

    def as_json(self) -> dict[str, Any]:
        """The ``per_incident`` entry of the contract."""
        return {
            "id": self.id,
            "fault": self.fault,
            "expected": list(self.expected),
            "rank": self.rank,
            "ranked": list(self.ranked),
            "verdict": self.verdict,
            "category": self.category,
            "category_ok": self.category_ok,
            "evidence_hit": self.evidence_hit,
            "seconds": self.seconds,
        }


def find_incidents(folder: Path) -> list[Path]:
    """Incident folders below ``folder``, by name; ``folder`` itself if it is one.

    Raises IncidentFormatError: there is none.
    """
    if not folder.is_dir():
        raise IncidentFormatError(f"{folder} is not a folder.", "Give a folder that holds incident folders.")
    if (folder / INCIDENT_FILE).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{INCIDENT_FILE}"))
    if not found:
        raise IncidentFormatError(
            f"{folder} holds no incident.", f"An incident is a folder with {INCIDENT_FILE} and logs/ in it."
        )
    return found


def read_question(folder: Path) -> Question:
    """Read the issue, and where the logs are.

    Raises IncidentFormatError: the file is not JSON, or has no issue, or there is no ``logs`` folder.
    """
    issue = _read(folder).get("issue")
    if not isinstance(issue, str) or not issue.strip():
        raise IncidentFormatError(f"{folder / INCIDENT_FILE} has no issue.", "Add the text that the operator typed.")
    logs = folder / "logs"
    if not logs.is_dir():
        raise IncidentFormatError(f"{folder} has no logs folder.", "Put the incident's logs into logs/<host>/.")
    return Question(folder.name, issue, logs)


def read_truth(folder: Path) -> Truth:
    """Read the label. Raises IncidentFormatError: ``root_cause`` is missing or has no service."""
    data = _read(folder)
    if "root_cause" not in data:
        raise IncidentFormatError(f"{folder / INCIDENT_FILE} has no root_cause.", "Use null for a healthy window.")
    cause = data["root_cause"]
    fault = str(data.get("fault", ""))
    if cause is None:
        return Truth(fault, (), None, ())
    if not isinstance(cause, dict) or not cause.get("service"):
        raise IncidentFormatError(f"{folder / INCIDENT_FILE}: root_cause names no service.", "Add root_cause.service.")
    labels = [str(cause["service"]), *(str(name) for name in cause.get("accepted") or ())]
    canonical = load_topology().canonical
    # A label may call a component as its daemon is called: who is right by that name is right.
    expected = tuple(dict.fromkeys((*labels, *(found for name in labels if (found := canonical(name))))))
    lines = tuple((_plain(str(item["file"])), int(item["line"])) for item in data.get("evidence") or ())
    facts = tuple(str(word) for word in data.get("facts") or cause.get("facts") or ())
    return Truth(fault, expected, cause.get("category"), lines, facts)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / INCIDENT_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise IncidentFormatError(
            f"{path} cannot be read: {error}.", "Mend the file, or leave the folder out."
        ) from None
    if not isinstance(data, dict):
        raise IncidentFormatError(f"{path} is not a JSON object.", "See docs/evaluate.md for the format.")
    return data


def _plain(file: str) -> str:
    """A log file's name without its compression suffix: samples are compressed, labels name the original."""
    for suffix in _COMPRESSION:
        file = file.removesuffix(suffix)
    return file


def with_lines_left(truth: Truth, events: pl.DataFrame) -> Truth:
    """The truth without the lines that are no longer in the logs: nobody can cite what was taken out.

    Args:
        events: what is left (``file``, ``line``, ``lines``).
    """
    labelled = pl.DataFrame(truth.evidence, schema={"named": pl.String, "number": pl.Int64}, orient="row")
    files = events.select(pl.col("file").cast(pl.String).unique())
    names = files.with_columns(named=pl.col("file").map_elements(_plain, return_dtype=pl.String))
    left = labelled.join(names, on="named").join(events.with_columns(pl.col("file").cast(pl.String)), on="file")
    left = left.filter(pl.col("number").is_between("line", pl.col("line") + pl.col("lines") - 1))
    return replace(truth, evidence=tuple(left.select("named", "number").unique(maintain_order=True).iter_rows()))


def score(question: Question, truth: Truth, report: Report, seconds: float) -> IncidentScore:
    """Compare one answer, which took ``seconds``, with the truth; a name is right only if it equals one of ``expected``."""
    found_nothing = report.verdict is Verdict.NO_FAILURE_FOUND
    ranked = () if found_nothing else tuple(dict.fromkeys(cause.component for cause in report.causes))
    rank = next((place for place, name in enumerate(ranked, 1) if name in truth.expected), None)
    category = report.causes[0].category.value if ranked else None
    cited = [item for cause in report.causes for item in cause.evidence][:10] if ranked else []
    hit = any(
        _plain(item.file) == file and (item.event_line or item.line) <= line < item.line + item.lines
        for item in cited
        for file, line in truth.evidence
    )
    return IncidentScore(
        id=question.id,
        fault=truth.fault,
        expected=truth.expected,
        healthy=not truth.expected,
        rank=rank,
        ranked=ranked,
        verdict=report.verdict.value,
        category=category,
        category_ok=bool(truth.expected) and category == truth.category,
        evidence_hit=hit,
        seconds=round(seconds, 3),
        confidence=report.causes[0].confidence if ranked else None,
        told=bool(ranked and tells(report.causes[0], truth.facts)) if truth.facts else None,
    )


def tells(cause: Cause, facts: Sequence[str]) -> bool:
    """Whether one of the words stands in a cause's statement or its first evidence line, in any case."""
    words = " ".join([cause.statement, *(item.text for item in cause.evidence[:1])]).lower()
    return any(fact.lower() in words for fact in facts)


def score_unreadable(folder: Path, why: str, seconds: float) -> IncidentScore:
    """The score of an incident that could not be answered, and why: wrong in every respect."""
    try:
        truth = read_truth(folder)
        healthy = not truth.expected
    except IncidentFormatError:
        truth, healthy = Truth("", (), None, ()), False
    return IncidentScore(
        id=folder.name,
        fault=truth.fault,
        expected=truth.expected,
        healthy=healthy,
        rank=None,
        ranked=(),
        verdict=UNREADABLE,
        category=None,
        category_ok=False,
        evidence_hit=False,
        seconds=round(seconds, 3),
        unreadable=why,
    )


def total(scores: Sequence[IncidentScore], model_version: str | None) -> dict[str, Any]:
    """The JSON object of the contract: shares over the incidents, false alarms over the healthy windows.

    Whatever is named in a healthy window is wrong, and counts so for the calibration.
    """
    incidents = [item for item in scores if not item.healthy]
    healthy = [item for item in scores if item.healthy]
    answered = [item for item in scores if item.confidence is not None and item.verdict != Verdict.NO_FAILURE_FOUND]

    def share(hits: list[bool]) -> float:
        return round(sum(hits) / len(hits), 4) if hits else 0.0

    return {
        "incidents": len(incidents),
        "top1": share([item.rank == 1 for item in incidents]),
        "top3": share([item.rank is not None and item.rank <= 3 for item in incidents]),
        "category_top1": share([item.category_ok for item in incidents]),
        "evidence_at_10": share([item.evidence_hit for item in incidents if item.citable]),
        "citable": sum(item.citable for item in incidents),
        "told": share(told) if (told := [bool(item.told) for item in incidents if item.told is not None]) else None,
        "confidently_wrong": share([item.confidently_wrong for item in incidents]),
        "expected_calibration_error": expected_calibration_error(
            [item.confidence or 0.0 for item in answered], [item.rank == 1 for item in answered]
        ),
        "healthy_windows": len(healthy),
        "false_alarms": sum(item.verdict != Verdict.NO_FAILURE_FOUND.value for item in healthy),
        "seconds_median": round(statistics.median(item.seconds for item in scores), 3) if scores else 0.0,
        "model_version": model_version,
        "unreadable": [item.id for item in scores if item.unreadable],
        "unreadable_because": {item.id: item.unreadable for item in scores if item.unreadable},
        "answered": [
            {
                "group": f"{item.fault}: {item.id if item.healthy else item.expected[0]}",
                "verdict": item.verdict,
                "score": item.score,
                "right": item.rank == 1,
                "healthy": item.healthy,
            }
            for item in answered
        ],
        "per_incident": [item.as_json() for item in scores],
    }
