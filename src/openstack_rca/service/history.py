"""Past incidents: keep answers, record what it really was, bring in labelled incidents, list them."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from openstack_rca.errors import IncidentFormatError, ReportNotFound, UnknownComponent
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.relevance import ConfirmedEvent, Event, event_of, storable
from openstack_rca.rca.relevance import History as History
from openstack_rca.rca.relevance import PastIncident as PastIncident
from openstack_rca.rca.report import REPORT_ID_LENGTH, Report
from openstack_rca.rca.vocabulary import Category
from openstack_rca.service.analysis import analyze
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.model_choice import open_model
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from openstack_rca.rca.scoring import Question, Truth

HISTORY_FILE = "history.jsonl"
LAST = "last"


@dataclass(frozen=True)
class Import:
    """Names of the labelled incidents of an import: added, known before, and left out as healthy."""

    added: list[str]
    known: list[str]
    healthy: list[str]


def open_history(settings: Settings) -> History:
    """The history of past incidents below the home folder of the settings."""
    return History(settings.state_folder / HISTORY_FILE)


def as_category(name: str | None) -> Category | None:
    """The category of this name, one of ``CATEGORIES``; None for no name. Raises ValueError: another name."""
    return Category(name) if name else None


def confirm(
    reference: str, cause: str, settings: Settings, category: Category | None = None, note: str = ""
) -> PastIncident:
    """Record what an incident really was.

    Args:
        reference: id of a report, the beginning of one, ``last`` for the newest that is kept, or the path of a report saved as
            JSON. A saved report that the history does not hold (it was made elsewhere) is added.

    Raises UnknownComponent: ``cause`` is not a component. ReportNotFound: no report, or more than one, is meant, or the
    file is not a report. HistoryUnavailable: the history cannot be read or written.
    """
    component = known_component(cause)
    history = open_history(settings)
    past = _incident(reference, history, settings)
    if all(known.id != past.id for known in history.state().incidents):
        history.append([past.analysis])
    return history.confirm(past.id, component, category, note)


def accused_in(reference: str, settings: Settings) -> list[str]:
    """The components that an incident's evidence speaks against, the answer first; reference and errors as for ``confirm``."""
    analysis = _incident(reference, open_history(settings), settings).analysis
    answered = [analysis.component] if analysis.component else []
    return list(dict.fromkeys([*answered, *analysis.fingerprint.accused]))


def _incident(reference: str, history: History, settings: Settings) -> PastIncident:
    path = Path(reference)
    if path.suffix == ".json":
        return PastIncident(event_of(read_report(path)))
    if reference == LAST and (known := history.state().incidents):
        # As report list and report show count: one that found no room to be kept was never the last that anybody can open.
        kept = {path.stem.rpartition("_")[2] for path in settings.reports_folder.glob("*_*.json")}
        return max(known, key=lambda past: (past.id in kept, past.analysis.recorded))
    return history.find(reference)


def component_names() -> list[str]:
    """Every component that is known here, by name."""
    return sorted(load_topology().components)


def known_component(name: str) -> str:
    """Canonical name of a component. Raises UnknownComponent: there is none; the hint names the nearest."""
    topology = load_topology()
    found = topology.canonical(name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), topology.components, n=3, cutoff=0.4)
    raise UnknownComponent(
        f"{storable(name)[:60]!r} is not a known component.",
        f"Did you mean {', '.join(near)}?"
        if near
        else "Name one such as mariadb, rabbitmq, nova-compute, network, host.",
    )


def read_report(path: Path) -> Report:
    """Read a report that was saved as JSON. Raises ReportNotFound: there is no such file, or it holds no report."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReportNotFound(f"{path} cannot be read: {error.strerror}.", "Give the id or a saved report.") from None
    except ValidationError:
        raise ReportNotFound(
            f"{path} is not a report.", "Save one with: openstack-rca analyze ... --output report.json"
        ) from None


def import_incidents(folder: Path, *, settings: Settings, model: str = "latest", listener: Listener = SILENT) -> Import:
    """Bring labelled incidents (``incident.json`` and ``logs/``) into the history, with their labels as confirmed causes.

    Each is analysed, so that its evidence can be compared; healthy windows are left out, and so is what the history
    holds already. ``listener`` is told each incident.

    Raises IncidentFormatError: no incident, or a broken one; nothing is imported then. HistoryUnavailable.
    """
    # An answer reads the history, and no labels.
    from openstack_rca.rca.scoring import labelled_incidents as incidents

    folders = incidents.find_incidents(folder)
    labelled = [(incidents.read_question(path), incidents.read_truth(path)) for path in folders]
    causes = [_cause(question, truth) for question, truth in labelled]
    history = open_history(settings)
    present = {past.id for past in history.state().incidents}
    opened = open_model(model, settings)
    result = Import([], [], [])
    for number, ((question, truth), cause) in enumerate(zip(labelled, causes, strict=True)):
        listener.incident(number, len(labelled), question.id)
        id_ = _incident_id(question, truth)
        if cause is None:
            result.healthy.append(question.id)
        elif id_ in present:
            result.known.append(question.id)
        else:
            outcome = analyze([question.logs], question.issue, settings=settings, model=opened, fast=True)
            history.append(_events(id_, question, truth, cause, outcome.report))
            present.add(id_)
            result.added.append(question.id)
    listener.incident(len(labelled), len(labelled), "")
    return result


def _cause(question: Question, truth: Truth) -> str | None:
    if not truth.expected:
        return None
    component = load_topology().canonical(truth.expected[0])
    if component is None:
        raise IncidentFormatError(
            f"{question.id}: {truth.expected[0]!r} is not a known component.", "Correct root_cause.service."
        )
    return component


def _incident_id(question: Question, truth: Truth) -> str:
    told = json.dumps([question.id, question.issue, truth.fault, truth.expected, truth.category])
    return hashlib.sha256(told.encode()).hexdigest()[:REPORT_ID_LENGTH]


def _events(id_: str, question: Question, truth: Truth, cause: str, report: Report) -> list[Event]:
    told = {"id": id_, "issue": storable(question.issue), "source": "incident"}
    analysis = event_of(report).model_copy(update=told)
    category = Category(truth.category) if truth.category in list(Category) else None
    note = storable(f"{question.id}: {truth.fault}" if truth.fault else question.id)
    return [analysis, ConfirmedEvent(id=id_, recorded=analysis.recorded, component=cause, category=category, note=note)]
