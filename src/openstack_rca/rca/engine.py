"""One analysis: events, scores and an issue in; a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from openstack_rca.errors import EmptyWindow
from openstack_rca.rca.evidence import (
    Finding,
    FoundWindow,
    NormalRates,
    add_novelty,
    collect_findings,
    find_windows,
    goes_on_failing,
    is_picked,
    observe,
    suspicion,
)
from openstack_rca.rca.judgement import (
    MIN_GUILT,
    Candidate,
    attribute_to_network,
    attribute_to_target,
    attribute_to_way,
    discount_clean_restarts,
    discount_the_awakened,
    infer_shared,
    rank,
)
from openstack_rca.rca.knowledge import Catalogue, Topology
from openstack_rca.rca.relevance import Knowledge, Recall, boosted, fingerprint_of, fit_to_issue, noted, recall
from openstack_rca.rca.report import (
    COLUMNS,
    Episode,
    FileSummary,
    Fingerprint,
    ModelUsed,
    Report,
    Window,
    activity,
    blast_radius,
    build_cause,
    causal_chain,
    failed_requests,
    missing,
    ruled_out,
    summary,
    timeline,
)
from openstack_rca.rca.vocabulary import Directness, EvidenceSort, Verdict

MAX_CAUSES = 5
FAILURE_SCORE = 0.25
"""A best score below this is what healthy clouds show too."""

LIKELY_GUILT = 0.5
CONFIRMED_DIRECT = 0.7
MAX_EPISODES = 4
EPISODE_SHARE = 0.1
"""A further stretch of trouble is answered on its own if it weighs at least this share of the heaviest."""

MIN_QUIET_MINUTES = 5.0


@dataclass(frozen=True)
class AnalysisRequest:
    """What is asked of one analysis.

    Attributes:
        issue: what the operator typed.
        logs: paths as given, for the report.
        since, until: the window, if the operator gave one.
        fast: lexical retrieval only.
        knowledge: past incidents and semantic search, where they are to be used.
    """

    issue: str
    logs: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None
    fast: bool = False
    command: str = ""
    omitted: Omitted = field(default_factory=lambda: Omitted())
    knowledge: Knowledge = field(default_factory=Knowledge)


PARTS = ("lstm", "signatures", "silence", "graph", "retrieval")
"""Parts of the engine that an ablation can leave out."""


@dataclass(frozen=True)
class Omitted:
    """What an ablation or a leave-one-out leaves out; nothing, in daily use.

    Attributes:
        parts: some of ``PARTS``.
        signatures: ids of signatures that are not to be known.
    """

    parts: frozenset[str] = frozenset()
    signatures: frozenset[str] = frozenset()


@dataclass
class Analysis:
    """Intermediate results of one analysis, kept for tests and plots."""

    window: FoundWindow | None
    observed: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    relevance: dict[str, float] = field(default_factory=dict)
    recalled: Recall = field(default_factory=Recall)
    others: list[Analysis] = field(default_factory=list)
    surroundings: pl.DataFrame = field(default_factory=pl.DataFrame)
    """What the logs hold beyond the window too: the columns that the plot of the report reads."""

    doubtful: bool = False
    """Whatever the causes are worth, the answer is not that all is well."""


def analyze_events(
    request: AnalysisRequest,
    events: pl.DataFrame,
    scores: pl.DataFrame | None,
    rates: NormalRates,
    catalogue: Catalogue,
    topology: Topology,
    *,
    files: Sequence[FileSummary] = (),
    model: ModelUsed | None = None,
    seconds: dict[str, float] | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Report:
    """Find the root cause.

    Args:
        request: issue, paths and window.
        events: the events table.
        scores: row-aligned ``score`` and ``unseen`` of a model, or None.
        rates: normal rates of the model's training logs.
        catalogue: signatures.
        topology: dependency graph.
        files: what was read from each file.
        model: which model scored, for the report.
        seconds: wall seconds of the steps before this one.
        on_step: told the name of each step as it begins.
    """
    started = time.monotonic()
    if on_step:
        on_step("find evidence")
    analysis = investigate(request, events, scores, rates, catalogue, topology)
    timings = dict(seconds or {}) | {"analyze": time.monotonic() - started}
    return tell(request, analysis, events, rates, topology, files=files, model=model, seconds=timings)


def tell(
    request: AnalysisRequest,
    analysis: Analysis,
    events: pl.DataFrame,
    rates: NormalRates,
    topology: Topology,
    *,
    files: Sequence[FileSummary] = (),
    model: ModelUsed | None = None,
    seconds: dict[str, float] | None = None,
) -> Report:
    """Make the report of an analysis; arguments as for ``analyze_events``."""
    verdict = judge(analysis.candidates, analysis.doubtful)
    named = [] if verdict is Verdict.NO_FAILURE_FOUND else _named(analysis.candidates)
    causes = [build_cause(candidate, analysis.observed, topology) for candidate in named]
    causes = noted(causes, analysis.relevance, analysis.recalled)
    window = analysis.window
    return Report(
        created=datetime.now(UTC),
        issue=request.issue,
        logs=list(request.logs),
        verdict=verdict,
        summary=summary(verdict, causes, request.issue),
        window=Window(
            start=window.start if window else None,
            end=window.end if window else None,
            found=request.since is None and request.until is None,
        ),
        causes=causes,
        chain=causal_chain(named, analysis.findings, topology) if causes else [],
        timeline=timeline(named, analysis.observed, window),
        activity=activity(analysis.surroundings, window, _involved(named)),
        blast_radius=blast_radius(named[0]) if causes else [],
        requests=failed_requests(named, analysis.observed) if causes else [],
        episodes=_episodes(analysis, topology),
        ruled_out=ruled_out(analysis.candidates, named),
        missing=[*missing(events, files, analysis.observed, rates), *request.knowledge.notices],
        similar=analysis.recalled.similar,
        fingerprint=analysis.fingerprint,
        events=events.height,
        lines=int(events["lines"].sum()),
        files=list(files),
        model=model or ModelUsed(name="none", source="none"),
        fast=request.fast,
        seconds={name: round(value, 4) for name, value in (seconds or {}).items()},
        command=request.command,
    )


def _involved(named: Sequence[Candidate]) -> list[str]:
    """Components that the plot shows first: the causes, then what the first one explains."""
    return [candidate.component for candidate in named] + (named[0].explains if named else [])


def _episodes(analysis: Analysis, topology: Topology) -> list[Episode]:
    """Further stretches of trouble, each with its best candidate."""
    episodes = []
    for other in analysis.others:
        verdict = judge(other.candidates, other.doubtful)
        if verdict is Verdict.NO_FAILURE_FOUND or other.window is None:
            continue
        cause = build_cause(other.candidates[0], other.observed, topology)
        episodes.append(
            Episode(
                start=other.window.start,
                end=other.window.end,
                verdict=verdict,
                component=cause.component,
                host=cause.host,
                category=cause.category,
                confidence=cause.confidence,
                statement=cause.statement,
                evidence=cause.evidence[:3],
            )
        )
    return sorted(episodes, key=lambda episode: episode.start)


def investigate(
    request: AnalysisRequest,
    events: pl.DataFrame,
    scores: pl.DataFrame | None,
    rates: NormalRates,
    catalogue: Catalogue,
    topology: Topology,
) -> Analysis:
    """The analysis without its telling: window, findings and ranked candidates."""
    observed = observe(events, scores, topology).filter(pl.col("time").is_not_null())
    if observed.is_empty():
        return Analysis(None, observed)
    covered = f"{_first(observed):%Y-%m-%d %H:%M:%S} to {_last(observed):%Y-%m-%d %H:%M:%S} UTC"
    surroundings = observed.select(COLUMNS)
    observed = _within(observed, request.since, request.until)
    if observed.is_empty():
        raise EmptyWindow(
            "No event lies in the window that was given.",
            f"The logs cover {covered}; times without an offset are in the logs' time zone (OPENSTACK_RCA_LOG_TIMEZONE).",
        )
    if "lstm" in request.omitted.parts:
        observed = observed.with_columns(score=pl.lit(None, dtype=pl.Float32))
    picked = is_picked(observed, rates)
    if request.since is not None or request.until is not None:
        window = FoundWindow(request.since or _first(observed), request.until or _last(observed), 0.0)
        analysis = _investigate_window(request, observed, window, rates, catalogue, topology, picked)
        analysis.surroundings = surroundings
        return analysis
    windows = find_windows(observed["time"], suspicion(observed, rates.templates))
    if not picked:
        rates = rates.merged_with(_quiet_rates(observed, windows))
    heavy = [window for window in windows if window.weight >= EPISODE_SHARE * windows[0].weight][:MAX_EPISODES]
    analyses = [_investigate_window(request, observed, window, rates, catalogue, topology, picked) for window in heavy]
    best, *others = sorted(
        analyses, key=lambda analysis: -(analysis.candidates[0].score if analysis.candidates else 0.0)
    )
    best.others = others
    best.surroundings = surroundings
    return best


def _quiet_rates(observed: pl.DataFrame, windows: Sequence[FoundWindow]) -> NormalRates:
    """What the same logs show outside every stretch of trouble; nothing where that part is too short to tell."""
    quiet = observed
    for window in windows:
        quiet = quiet.filter(~pl.col("time").is_between(window.start, window.end))
    seconds = (_last(observed) - _first(observed)).total_seconds()
    minutes = (seconds - sum((window.end - window.start).total_seconds() for window in windows)) / 60.0
    if quiet.is_empty() or minutes < MIN_QUIET_MINUTES:
        return NormalRates.empty()
    return NormalRates.of_events(quiet, minutes)


def _investigate_window(
    request: AnalysisRequest,
    observed: pl.DataFrame,
    window: FoundWindow,
    rates: NormalRates,
    catalogue: Catalogue,
    topology: Topology,
    picked: bool,
) -> Analysis:
    """Findings and ranked candidates of one stretch of time."""
    omitted = request.omitted
    observed = _within(observed, window.start, window.end)
    if observed.is_empty():
        return Analysis(window, observed)
    # A window may reach beyond the logs; only the time that they cover can hold events.
    minutes = max((_last(observed) - _first(observed)).total_seconds() / 60.0, 0.1)
    observed = add_novelty(observed, rates, minutes, picked)
    known = Catalogue(() if "signatures" in omitted.parts else catalogue.without(omitted.signatures).signatures)
    findings = collect_findings(observed, known, topology, rates, minutes)
    if "silence" in omitted.parts:
        findings = [finding for finding in findings if finding.sort is not EvidenceSort.SILENCE]
    findings = discount_clean_restarts(discount_the_awakened(findings), known)
    findings = attribute_to_way(attribute_to_network(findings, observed, topology), observed)
    findings = attribute_to_target(findings, observed)
    if "graph" not in omitted.parts:
        findings = infer_shared(findings, observed, topology)
    knowledge = Knowledge() if "retrieval" in omitted.parts else request.knowledge
    relevance = {} if "retrieval" in omitted.parts else fit_to_issue(request.issue, topology, findings, knowledge)
    explain, doubtful = "graph" not in omitted.parts, picked or goes_on_failing(observed)
    candidates = rank(findings, topology, relevance, explain=explain)
    least_guilt = MIN_GUILT
    if doubtful and judge(candidates) is Verdict.NO_FAILURE_FOUND:
        least_guilt = 0.0
        candidates = rank(findings, topology, relevance, explain=explain, least_guilt=least_guilt)
    fingerprint = fingerprint_of(findings, observed)
    recalled = recall(request.issue, fingerprint, knowledge)
    # What happened before may decide between causes, not whether there is a failure at all.
    if recalled.bonus and judge(candidates, doubtful) is not Verdict.NO_FAILURE_FOUND:
        relevant = boosted(relevance, recalled.bonus)
        candidates = rank(findings, topology, relevant, explain=explain, least_guilt=least_guilt)
    return Analysis(window, observed, findings, candidates, fingerprint, relevance, recalled, doubtful=doubtful)


def _within(observed: pl.DataFrame, since: datetime | None, until: datetime | None) -> pl.DataFrame:
    if since is not None:
        observed = observed.filter(pl.col("time") >= since)
    if until is not None:
        observed = observed.filter(pl.col("time") <= until)
    return observed


def _first(observed: pl.DataFrame) -> datetime:
    value = observed["time"].min()
    assert isinstance(value, datetime)
    return value


def _last(observed: pl.DataFrame) -> datetime:
    value = observed["time"].max()
    assert isinstance(value, datetime)
    return value


def judge(candidates: list[Candidate], doubtful: bool = False) -> Verdict:
    """How far the best candidate can be trusted, or that there is nothing to trust.

    Args:
        candidates: best first.
        doubtful: thin evidence leaves a doubt, it does not clear.
    """
    if not candidates or candidates[0].score < FAILURE_SCORE:
        return Verdict.INCONCLUSIVE if candidates and doubtful else Verdict.NO_FAILURE_FOUND
    best = candidates[0]
    own_words = (finding.strength for finding in best.findings if finding.directness is Directness.CAUSE)
    if max(own_words, default=0.0) >= CONFIRMED_DIRECT:
        return Verdict.CONFIRMED
    kinds = {finding.directness for finding in best.findings}
    if best.guilt >= LIKELY_GUILT and kinds != {Directness.SYMPTOM}:
        return Verdict.LIKELY
    return Verdict.INCONCLUSIVE


def _named(candidates: list[Candidate]) -> list[Candidate]:
    return candidates[:MAX_CAUSES]
