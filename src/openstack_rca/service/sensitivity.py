"""What each number of the table and each rule is worth: every incident is read once and asked again with one of them changed."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openstack_rca.errors import EmptyWindow, IncidentFormatError, LogInputError
from openstack_rca.rca.engine import AnalysisRequest, Case, RepeatableInvestigation
from openstack_rca.rca.knowledge import RememberingCatalogue, load_catalogue, load_topology
from openstack_rca.rca.report import build_cause
from openstack_rca.rca.scoring import (
    ChangedAnswer,
    ShortAnswer,
    Truth,
    read_question,
    read_truth,
    sensitivity_table,
    tells,
)
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.rca.weights import numbers, scaled
from openstack_rca.service.analysis import prepare
from openstack_rca.service.incident_folders import Incident, incidents_of
from openstack_rca.service.knowledge import knowledge_for
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.model_choice import OpenModel, open_model
from openstack_rca.settings import Settings

FACTORS = {"halved": 0.5, "doubled": 2.0}


def measure_sensitivity(
    folders: Sequence[Path],
    *,
    settings: Settings,
    model: str = "latest",
    fast: bool = False,
    signatures: Path | None = None,
    listener: Listener = SILENT,
) -> dict[str, Any]:
    """How answers change where each weight is halved and doubled, and each rule that found something left out, one at a time.

    An incident is read once; of its analysis only the stages are repeated that come after the first one that reads the number.

    Returns as ``sensitivity_table``, with ``incidents`` (how many were asked) and ``unreadable`` (ids of those that could not
    be). Raises IncidentFormatError: there is no incident.
    """
    with incidents_of(folders) as found:
        return _measured(found, settings, model, fast, signatures, listener)


def _measured(
    found: Sequence[Incident], settings: Settings, model: str, fast: bool, signatures: Path | None, listener: Listener
) -> dict[str, Any]:
    rules = load_catalogue(signatures or settings.signatures_folder).signatures
    opened = open_model(model, settings)
    changes: list[ChangedAnswer] = []
    matched: Counter[str] = Counter()
    unreadable = []
    for done, incident in enumerate(found):
        listener.incident(done, len(found), incident.id)
        try:
            catalogue = RememberingCatalogue(rules)
            asked = _investigation(incident, catalogue, opened, settings, fast)
            truth = read_truth(incident.folder)
        except (LogInputError, EmptyWindow, IncidentFormatError):
            unreadable.append(incident.id)
            continue
        matched.update(asked.rules)
        changes += changed_answers(asked, truth, incident.id)
    listener.incident(len(found), len(found), "")
    table = sensitivity_table(numbers(), dict(matched), changes)
    return {"incidents": len(found) - len(unreadable), "unreadable": unreadable} | table


def changed_answers(asked: RepeatableInvestigation, truth: Truth, incident: str) -> list[ChangedAnswer]:
    """Every answer about one incident that differs from the one with all weights and rules unchanged."""
    before = _short(asked.first, truth)
    changes = []

    def compare(subject: str, how: str, case: Case) -> None:
        after = _short(case, truth)
        if after != before:
            gained = _right(after, truth) - _right(before, truth)
            changes.append(ChangedAnswer(subject, how, incident, before, after, gained))

    for name in sorted(asked.numbers):
        for how, factor in FACTORS.items():
            compare(name, how, asked.with_weights(scaled(name, factor), [name]))
    for rule in sorted(asked.rules):
        compare(rule, "off", asked.without_rule(rule))
    return changes


def _investigation(
    incident: Incident, catalogue: RememberingCatalogue, opened: OpenModel, settings: Settings, fast: bool
) -> RepeatableInvestigation:
    question = read_question(incident.folder)
    prepared = prepare([question.logs], settings=settings, model=opened)
    request = AnalysisRequest(
        issue=question.issue, logs=[str(question.logs)], fast=fast, knowledge=knowledge_for(settings, fast=fast)
    )
    case = Case(
        request, prepared.read.table, prepared.scores, prepared.rates, catalogue, load_topology(), prepared.expected
    )
    return RepeatableInvestigation(case)


def _right(answer: ShortAnswer, truth: Truth) -> int:
    """Whether the first answer is right; for a healthy window: whether no failure is found."""
    return int(answer.first in truth.expected if truth.expected else answer.verdict == Verdict.NO_FAILURE_FOUND)


def _short(case: Case, truth: Truth) -> ShortAnswer:
    if case.verdict is Verdict.NO_FAILURE_FOUND or not case.candidates:
        return ShortAnswer(None, None, case.verdict.value, False if truth.facts else None)
    cause = build_cause(case.candidates[0], case.told, case.topology, case.catalogue)
    told = tells(cause, truth.facts) if truth.facts else None
    return ShortAnswer(cause.component, cause.category.value, case.verdict.value, told)
