"""The case: everything that one analysis knows, and what each stage may read and write of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.evidence import ExpectedSteps, Finding, FoundWindow, NormalRates, no_rows
from openstack_rca.rca.judgement import Candidate
from openstack_rca.rca.knowledge import Catalogue, Deployment, Topology
from openstack_rca.rca.relevance import Knowledge, Recall
from openstack_rca.rca.report import Fingerprint
from openstack_rca.rca.vocabulary import Unclear, Verdict

PARTS = {
    "lstm": ("score", "awaited"),
    "signatures": ("look_back", "match"),
    "silence": ("silence", "rhythm"),
    "stories": ("steps",),
    "graph": ("infer", "explain"),
    "retrieval": ("fit", "recall"),
}
"""Parts of the engine that an ablation can leave out, each with the stages that it is made of."""


@dataclass(frozen=True)
class Omitted:
    """What an ablation or a leave-one-out leaves out: some of ``PARTS`` or single stages, and ids of signatures."""

    parts: frozenset[str] = frozenset()
    signatures: frozenset[str] = frozenset()

    @property
    def stages(self) -> frozenset[str]:
        """Names of the stages that are skipped."""
        return frozenset(stage for part in self.parts for stage in PARTS.get(part, (part,)))


@dataclass(frozen=True)
class AnalysisRequest:
    """What is asked of one analysis.

    ``since`` and ``until`` (with time zone, both included) bound the window; where both are None it is found. ``logs`` are
    the paths as given, for the report; ``fast`` means lexical retrieval only; ``knowledge`` holds past
    incidents and semantic search, where they are to be used.
    """

    issue: str
    logs: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None
    fast: bool = False
    command: str = ""
    omitted: Omitted = field(default_factory=Omitted)
    knowledge: Knowledge = field(default_factory=Knowledge)


@dataclass
class Case:
    """One analysis on its way through the stages; a recording with several stretches of trouble has a case for each.

    Attributes:
        request, events, scores, rates, catalogue, topology, expected: the input, see ``investigate``.
        normal: the given rates, together with what the same logs show outside the stretches of trouble.
        observed: the events with what the analysis adds to them, cut to the window; ``row`` is their index. Of the whole
            recording it holds what is counted (``observe``). Of a stretch of trouble it holds the words too (``gather``); where
            there are too many, of some events only, so that nothing is counted here but by ``stands_for``.
        counted: all events of the stretch, with the text of those in ``observed`` (``cite``).
        surroundings: what the logs hold beyond the window too: the columns that the plot of the report reads, and those
            by which a cause before the window is found.
        earlier: events before the window in which a component tells a fault of its own.
        picked: somebody picked these lines for their errors.
        untimed: no event has a time; their order stands in for it, and the report tells no times.
        stopped: findings against the components of which a task stopped, anywhere in the recording.
        windows: stretches of trouble, heaviest first.
        window: the one that this case is about.
        minutes: time from the window's first event to its last.
        explained_rows: events that a signature accounts for, by index.
        noted_rows: events that a signature knows, or that a finding from addresses, frames and names cites, by index.
        findings: all evidence, each against one component.
        relevance: fit of each component to the issue, in [0, 1].
        doubtful: even without a sure cause the verdict must not be that no failure was found.
        candidates: the accused components, best first.
        unclear: why finding nothing would not show that nothing failed; None where it would.
        deployment: the tool that installed the cloud; None where nobody asked the logs for it.
        others: the cases of the other stretches of trouble.
        seconds: wall seconds of each stage, over all stretches of trouble.
    """

    request: AnalysisRequest
    events: EventTable
    scores: pl.DataFrame | None
    rates: NormalRates
    catalogue: Catalogue
    topology: Topology
    expected: ExpectedSteps = field(default_factory=ExpectedSteps)
    normal: NormalRates = field(default_factory=NormalRates.empty)
    observed: pl.DataFrame = field(default_factory=pl.DataFrame)
    counted: pl.DataFrame = field(default_factory=pl.DataFrame)
    surroundings: pl.DataFrame = field(default_factory=pl.DataFrame)
    earlier: pl.DataFrame = field(default_factory=pl.DataFrame)
    picked: bool = False
    untimed: bool = False
    stopped: list[Finding] = field(default_factory=list)
    windows: list[FoundWindow] = field(default_factory=list)
    window: FoundWindow | None = None
    minutes: float = 0.1
    explained_rows: pl.Series = field(default_factory=no_rows)
    noted_rows: pl.Series = field(default_factory=no_rows)
    findings: list[Finding] = field(default_factory=list)
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    relevance: dict[str, float] = field(default_factory=dict)
    recalled: Recall = field(default_factory=Recall)
    candidates: list[Candidate] = field(default_factory=list)
    doubtful: bool = False
    verdict: Verdict = Verdict.NO_FAILURE_FOUND
    unclear: Unclear | None = None
    deployment: Deployment | None = None
    others: list[Case] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def told(self) -> pl.DataFrame:
        """The events that a finding may rest on: those before the window, and those of the window."""
        return pl.concat([self.earlier, self.observed], how="diagonal_relaxed")

    @property
    def matched_rules(self) -> frozenset[str]:
        """Ids of the signatures that a finding rests on."""
        return frozenset(finding.signature for finding in self.findings if finding.signature is not None)


@dataclass(frozen=True)
class Stage:
    """One step of an analysis.

    ``reads`` and ``writes`` name fields of the case (a test checks them); an ablation cannot skip a ``needed`` stage.
    """

    name: str
    reads: frozenset[str]
    writes: frozenset[str]
    run: Callable[[Case], None]
    needed: bool = False


def stage(
    name: str, *, reads: Iterable[str], writes: Iterable[str], needed: bool = False
) -> Callable[[Callable[[Case], None]], Stage]:
    """Decorator: make a ``Stage`` of a function that works on a case."""

    def make(function: Callable[[Case], None]) -> Stage:
        return Stage(name, frozenset(reads), frozenset(writes), function, needed)

    return make
