"""From a case to its report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from openstack_rca.rca.engine.case import Case
from openstack_rca.rca.evidence import FoundWindow
from openstack_rca.rca.relevance import with_history_notes
from openstack_rca.rca.report import (
    Cause,
    Episode,
    FileSummary,
    ModelUsed,
    Report,
    Window,
    activity,
    build_cause,
    causal_chain,
    failed_requests,
    missing,
    ruled_out,
    story_pictures,
    summary,
    timeline,
    unexplained,
)
from openstack_rca.rca.vocabulary import Verdict

MAX_CAUSES = 5


def build_report(
    case: Case,
    *,
    files: Sequence[FileSummary] = (),
    model: ModelUsed | None = None,
    seconds: dict[str, float] | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """The report of a case.

    ``seconds`` are wall seconds by name of a step; ``notes`` are sentences on what else the analysis could not see.
    """
    request, window, untimed = case.request, _window(case), case.events.counted["time"].null_count()
    named = [] if case.verdict is Verdict.NO_FAILURE_FOUND else case.candidates[:MAX_CAUSES]
    # The plot shows these components first: the causes, then what the first one explains.
    involved = [candidate.component for candidate in named] + (named[0].explains if named else [])
    stories = [] if case.untimed else story_pictures(named, case.expected, case.observed)
    told = case.told
    causes = _no_surer_than_the_first([build_cause(one, told, case.topology, case.catalogue) for one in named])
    causes = with_history_notes(causes, case.relevance, case.recalled)
    if case.untimed:
        causes = [_without_times(cause) for cause in causes]
    return Report(
        created=datetime.now(UTC),
        issue=request.issue,
        logs=list(request.logs),
        verdict=case.verdict,
        summary=summary(case.verdict, causes, case.unclear, normal_known=case.rates.known),
        window=Window(
            start=window.start if window else None,
            end=window.end if window else None,
            found=request.since is None and request.until is None,
        ),
        causes=causes,
        chain=causal_chain(named, case.findings, case.topology) if causes else [],
        timeline=timeline(named, window, stories),
        activity=[] if case.untimed else activity(case.surroundings, window, involved),
        blast_radius=[named[0].component, *named[0].explains] if causes else [],
        requests=failed_requests(named, told) if causes and not case.untimed else [],
        stories=stories,
        episodes=_episodes(case),
        ruled_out=ruled_out(case.candidates, named),
        missing=[
            *(unexplained(case.findings, told) if not causes else []),
            *missing(untimed, files, case.observed, case.rates, _logged(case), case.expected.foreign),
            *notes,
            *request.knowledge.notices,
        ],
        similar=case.recalled.similar,
        fingerprint=case.fingerprint,
        events=case.events.height,
        lines=int(case.events.counted["lines"].sum()),
        files=list(files),
        model=model or ModelUsed(name="none", source="none"),
        fast=request.fast,
        seconds=_rounded(seconds or {}),
        stages=_rounded(case.seconds),
        command=request.command,
    )


def _window(case: Case) -> FoundWindow | None:
    """The stretch that the answer is about: all of the logs where none was asked for and nothing failed in any."""
    asked = case.request.since is not None or case.request.until is not None
    if case.untimed or case.window is None or asked or case.verdict is not Verdict.NO_FAILURE_FOUND:
        return None if case.untimed else case.window
    times = case.events.counted["time"]
    first, last = times.min(), times.max()
    assert isinstance(first, datetime) and isinstance(last, datetime)
    return replace(case.window, start=first, end=last)


def _logged(case: Case) -> frozenset[str]:
    """The components of which the logs hold a line, within the stretch of the answer or not."""
    services = case.events.counted["service"].unique()
    return frozenset(
        "unknown" if name is None else case.topology.canonical(str(name)) or str(name) for name in services
    )


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in seconds.items()}


def _without_times(cause: Cause) -> Cause:
    """The cause of logs that tell no times: the order of the lines stood in for them."""
    evidence = [item.model_copy(update={"time": None, "last": None}) for item in cause.evidence]
    return cause.model_copy(update={"onset": None, "evidence": evidence})


def _no_surer_than_the_first(causes: Sequence[Cause]) -> list[Cause]:
    """The causes, none with more confidence than one before it: what is proven better and still ranks behind is a consequence."""
    told: list[Cause] = []
    for cause in causes:
        most = told[-1].confidence if told else 1.0
        told.append(cause.model_copy(update={"confidence": min(cause.confidence, most)}))
    return told


def _episodes(case: Case) -> list[Episode]:
    """Further stretches of trouble, each with its best candidate."""
    episodes = []
    for other in case.others:
        if other.verdict is Verdict.NO_FAILURE_FOUND or other.window is None:
            continue
        cause = build_cause(other.candidates[0], other.told, case.topology, case.catalogue)
        episodes.append(
            Episode(
                start=other.window.start,
                end=other.window.end,
                verdict=other.verdict,
                component=cause.component,
                host=cause.host,
                category=cause.category,
                confidence=cause.confidence,
                statement=cause.statement,
                evidence=cause.evidence[:3],
            )
        )
    return sorted(episodes, key=lambda episode: episode.start)
