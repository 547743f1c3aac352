"""Score the system on labelled incidents: plain, leave-one-fault-kind-out, ablated, or two models against each other."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError, EmptyWindow, IncidentFormatError, LogInputError
from openstack_rca.rca.engine import ABLATIONS, AnalysisRequest, Omitted
from openstack_rca.rca.knowledge import Catalogue, load_catalogue
from openstack_rca.rca.scoring import IncidentScore, Question, confusion, paired_difference, reliability, share_interval
from openstack_rca.rca.scoring import labelled_incidents as incidents
from openstack_rca.service.analysis import AnalysisOutcome, answer, prepare
from openstack_rca.service.cluster import Cluster, without_secrets
from openstack_rca.service.incident_folders import Incident, incidents_of, placed, with_files
from openstack_rca.service.knowledge import knowledge_for
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.model_choice import OpenModel, open_model
from openstack_rca.settings import Settings

__all__ = ["ABLATIONS", "compare", "evaluate", "record_evaluation"]


@dataclass(frozen=True)
class _Pass:
    """One way to answer all incidents."""

    model: OpenModel
    catalogue: Catalogue
    settings: Settings
    fast: bool
    parts: frozenset[str]
    only_info: bool = False
    cluster: Cluster | None = None


@dataclass(frozen=True)
class Answered:
    """One answer, scored, and what is counted over all of them.

    ``speaking`` are the signatures that found something, each with the component that it accuses; None where the incident could
    not be read.
    """

    score: IncidentScore
    confidence: float | None = None
    speaking: frozenset[tuple[str, str]] | None = None


def evaluate(
    folder: Path | Sequence[Path],
    *,
    settings: Settings,
    model: str = "latest",
    fast: bool = False,
    signatures: Path | None = None,
    leave_one_out: bool = False,
    without: Sequence[str] = (),
    only_info: bool = False,
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
) -> dict[str, Any]:
    """Analyse every incident of one or more folders and compare with its label (DESIGN section 9).

    The label of an incident is read after its answer is made. Beyond the contract's fields the result carries
    Wilson's 95 % interval of top-1, the reliability table of the confidences, and the confusion table.

    Args:
        folder: holds incident folders or ``.jsonl`` files of packed incidents, or is one; several, one for each cloud.
        leave_one_out: also score each incident without the signatures that speak for the right answer in any incident
            of its fault kind (``leave_one_out``), and in any incident of its cloud (``leave_one_cloud_out``): what is left is
            what the system can do about a fault that nobody wrote down.
        without: parts of the engine to leave out (``ABLATIONS``).
        only_info: take every event at WARNING and above out of the logs first: silent cases, a test of its own. Evidence
            is looked for only where a labelled line is left (``citable``: in so many incidents).
        cluster: whose workers answer, an incident each; None: this process does.
        listener: told each incident.

    Raises ConfigurationError: ``without`` names no part. IncidentFormatError: there is no incident. One that cannot be read
    counts as wrong and is named in ``unreadable``.
    """
    unknown = sorted(set(without) - set(ABLATIONS))
    if unknown:
        raise ConfigurationError(f"There is no part called {unknown[0]}.", f"Parts are {', '.join(ABLATIONS)}.")
    catalogue = load_catalogue(signatures or settings.signatures_folder)
    way = _Pass(open_model(model, settings), catalogue, settings, fast, frozenset(without), only_info, cluster)
    with incidents_of([folder] if isinstance(folder, Path) else folder) as found:
        return _evaluated(way, found, leave_one_out, listener)


def _evaluated(way: _Pass, found: Sequence[Incident], leave_one_out: bool, listener: Listener) -> dict[str, Any]:
    passes = 3 if leave_one_out else 1

    def told(number: int) -> None:
        listener.incident(number, passes * len(found), found[number].id)

    answers = list(_answers(way, [(incident, frozenset()) for incident in found], told))
    scores = [answer.score for answer in answers]
    result = incidents.total(scores, way.model.version) | _certainty(answers)
    result["without"] = sorted(way.parts)
    result["only_info"] = way.only_info
    if leave_one_out:
        result |= _each_left_out(way, found, answers, listener)
    listener.incident(passes * len(found), passes * len(found), "")
    return result


def _each_left_out(
    way: _Pass, found: Sequence[Incident], answers: Sequence[Answered], listener: Listener
) -> dict[str, Any]:
    """The scores with the signatures of each kind of fault left out, and with those of each cloud."""
    groupings = {
        "leave_one_out": ("kind", kinds_of_fault([answer.score for answer in answers])),
        "leave_one_cloud_out": ("cloud", [incident.cloud for incident in found]),
    }
    result = {}
    for place, (name, (what, groups)) in enumerate(groupings.items(), 1):

        def told(number: int, what: str = what, begun: int = place * len(found)) -> None:
            listener.incident(begun + number, 3 * len(found), f"{found[number].id}, its {what} left out")

        result[name] = _left_out(way, found, groups, _signatures_by_group(groups, answers), told)
    return result


def kinds_of_fault(scores: Sequence[IncidentScore]) -> list[str]:
    """The kind of each incident: its label's ``fault``, with the component where those of several components share the name."""
    components: dict[str, set[str]] = {}
    for score in scores:
        components.setdefault(score.fault, set()).add(score.expected[0] if score.expected else "")
    return [
        f"{score.fault}: {score.expected[0]}" if score.expected and len(components[score.fault]) > 1 else score.fault
        for score in scores
    ]


def _left_out(
    way: _Pass,
    found: Sequence[Incident],
    groups: Sequence[str],
    known: dict[str, frozenset[str]],
    told: Callable[[int], None],
) -> dict[str, Any]:
    """The figures where each incident is answered without what its group's signatures know."""
    asked = [(incident, known.get(group, frozenset())) for incident, group in zip(found, groups, strict=True)]
    scores = [answer.score for answer in _answers(way, asked, told)]
    result = incidents.total(scores, way.model.version)
    return result | {"signatures_left_out": {group: sorted(ids) for group, ids in known.items()}}


def compare(
    folder: Path | Sequence[Path],
    first: str,
    second: str,
    *,
    settings: Settings,
    only_info: bool = False,
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
) -> dict[str, Any]:
    """Two models, or a model and a mode (``:fast`` behind its reference), on the same incidents.

    Returns ``first`` and ``second`` (results as of ``evaluate``), and ``differences``: for each figure the mean of second minus
    first over the incidents, its 95 % bootstrap interval, wins and losses.
    """
    results = []
    for reference in (first, second):
        name, _, mode = reference.partition(":")
        results.append(
            evaluate(
                folder,
                settings=settings,
                model=name,
                fast=mode == "fast",
                only_info=only_info,
                cluster=cluster,
                listener=listener,
            )
        )
    figures: dict[str, Callable[[dict[str, Any]], float]] = {
        "top1": lambda item: float(item["rank"] == 1),
        "top3": lambda item: float(item["rank"] is not None and item["rank"] <= 3),
        "category_top1": lambda item: float(item["category_ok"]),
        "evidence_at_10": lambda item: float(item["evidence_hit"]),
    }
    rows = [[item for item in result["per_incident"] if item["expected"]] for result in results]
    differences = {
        name: paired_difference([figure(item) for item in rows[0]], [figure(item) for item in rows[1]])
        for name, figure in figures.items()
    }
    return {"first": results[0], "second": results[1], "differences": differences}


def record_evaluation(result: dict[str, Any], folders: Sequence[Path], settings: Settings) -> str | None:
    """Log an evaluation as a run, its result as artifact; returns its id, None: tracking is off. Raises RegistryUnavailable."""
    from openstack_rca.service.run_reports import record_measurement

    names = ("top1", "top3", "category_top1", "evidence_at_10", "false_alarms", "seconds_median")
    metrics = {name: float(result[name]) for name in names}
    for way in ("leave_one_out", "leave_one_cloud_out"):
        if way in result:
            metrics |= {f"{way}_{name}": float(result[way][name]) for name in names}
    params = {"incidents": ", ".join(map(str, folders))[:500], "model_version": result["model_version"] or "none"}
    params |= {"without": ",".join(result["without"]), "only_info": result["only_info"]}
    return record_measurement("evaluation", result, settings, params, metrics)


def _answers(
    way: _Pass, asked: Sequence[tuple[Incident, frozenset[str]]], told: Callable[[int], None]
) -> Iterator[Answered]:
    """The answer to each incident without the signatures beside it."""
    if way.cluster is None:
        answers: Iterator[Answered] = (scored(way, incident, left_out) for incident, left_out in asked)
    else:
        # Workers keep nothing, and what is secret stays here.
        alone = replace(way, cluster=None, settings=without_secrets(way.settings))
        shared = way.cluster.shared(alone)
        calls = ((shared, with_files(incident), left_out) for incident, left_out in asked)
        answers = way.cluster.results(scored_here, calls, lambda: told(done))
    for done in range(len(asked)):
        told(done)
        yield next(answers)


def scored_here(way: _Pass, incident: Incident, left_out: frozenset[str]) -> Answered:
    """Run on a worker: answer one incident, whose folder this machine sees or whose files were sent along."""
    with placed(incident) as seen:
        return scored(way, seen, left_out)


def scored(way: _Pass, incident: Incident, left_out: frozenset[str]) -> Answered:
    """Answer one incident and read its label only then; one whose logs or label cannot be read counts as wrong."""
    started = time.monotonic()
    path = incident.folder
    try:
        question = replace(incidents.read_question(path), id=incident.id)
        outcome = _answer(way, question, left_out)
        seconds = time.monotonic() - started
        truth = incidents.read_truth(path)
        if way.only_info:
            truth = incidents.with_lines_left(truth, outcome.case.events.counted)
        found = incidents.score(question, truth, outcome.report, seconds)
        found = replace(found, citable=bool(truth.evidence) or not way.only_info)
    except (LogInputError, EmptyWindow, IncidentFormatError) as error:
        unreadable = incidents.score_unreadable(path, str(error), time.monotonic() - started)
        return Answered(replace(unreadable, id=incident.id))
    best = outcome.case.candidates[0].score if outcome.case.candidates else 0.0
    causes = outcome.report.causes
    return Answered(
        replace(found, score=round(best, 4)),
        causes[0].confidence if causes else None,
        frozenset(
            (finding.signature, finding.accused) for finding in outcome.case.findings if finding.signature is not None
        ),
    )


def _answer(way: _Pass, question: Question, left_out: frozenset[str]) -> AnalysisOutcome:
    network = "lstm" not in way.parts
    prepared = prepare(
        [question.logs], settings=way.settings, model=way.model, only_info=way.only_info, network=network
    )
    request = AnalysisRequest(
        issue=question.issue,
        logs=[str(question.logs)],
        fast=way.fast,
        omitted=Omitted(way.parts, left_out),
        knowledge=knowledge_for(way.settings, fast=way.fast),
    )
    return answer(prepared, request, way.catalogue)


def _signatures_by_group(groups: Sequence[str], answers: Sequence[Answered]) -> dict[str, frozenset[str]]:
    """For each group of incidents, the signatures that accuse the right component in one of them."""
    known: dict[str, set[str]] = {}
    for group, given in zip(groups, answers, strict=True):
        if given.score.healthy or given.speaking is None:
            continue
        right = {signature for signature, accused in given.speaking if accused in given.score.expected}
        known.setdefault(group, set()).update(right)
    return {group: frozenset(ids) for group, ids in known.items()}


def _certainty(answers: Sequence[Answered]) -> dict[str, Any]:
    failed = [answer.score for answer in answers if not answer.score.healthy]
    read = [answer for answer in answers if answer.speaking is not None and not answer.score.healthy]
    sure = [(answer.confidence or 0.0, answer.score.rank == 1) for answer in read if answer.score.ranked]
    low, high = share_interval(sum(score.rank == 1 for score in failed), len(failed))
    return {
        "top1_interval": [round(low, 4), round(high, 4)],
        "reliability": reliability([confidence for confidence, _ in sure], [right for _, right in sure]),
        "confusion": confusion(
            [answer.score.expected[0] for answer in read],
            [
                answer.score.expected[0]
                if answer.score.rank == 1
                else (answer.score.ranked[0] if answer.score.ranked else "no failure found")
                for answer in read
            ],
        ),
    }
