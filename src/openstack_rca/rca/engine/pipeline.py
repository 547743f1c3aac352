"""The way of a case through the stages: once over the whole recording, then once over each stretch of trouble."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.engine.case import PARTS, AnalysisRequest, Case, Omitted, Stage
from openstack_rca.rca.engine.kept_cases import as_table, from_table, key_of
from openstack_rca.rca.engine.stages import ANSWERING_STAGES, FINDING_STAGES, RECORDING_STAGES, STAGES
from openstack_rca.rca.evidence import ExpectedSteps, FoundWindow, NormalRates, in_window, why_unclear
from openstack_rca.rca.knowledge import Catalogue, Topology
from openstack_rca.rca.report import deployment_of
from openstack_rca.rca.vocabulary import Unclear, Verdict

ABLATIONS = tuple(dict.fromkeys((*PARTS, *(stage.name for stage in STAGES if not stage.needed))))
"""What an ablation may leave out: a part, or a single stage by its name."""


Keeper = Callable[[str, Callable[[], pl.DataFrame]], pl.DataFrame]
"""Gives the table that was made under this key for an earlier question about the same logs, else has it made and keeps it."""


def investigate(
    request: AnalysisRequest,
    events: EventTable | pl.DataFrame,
    scores: pl.DataFrame | None,
    rates: NormalRates,
    catalogue: Catalogue,
    topology: Topology,
    on_step: Callable[[str], None] | None = None,
    expected: ExpectedSteps | None = None,
    keeper: Keeper | None = None,
) -> Case:
    """Find the causes of trouble; ``build_report`` makes the report of the result.

    Args:
        events: the events table, or the events as one frame.
        scores: row-aligned ``score``, ``unseen`` and ``awaited`` of a model, or None.
        expected: steps that a model expected of the requests in the logs; None: nothing is expected.
        keeper: keeps what was found for later questions with the same logs, rates, scores and expected steps; None:
            nothing is kept.
        on_step: called with the name of each stage before it runs.

    Returns the case of the stretch of trouble that has the best cause, with the other ones in ``others``. Raises
    EmptyWindow: no event lies in the window that was asked for.
    """
    events = EventTable.of(events) if isinstance(events, pl.DataFrame) else events
    recording = Case(request, events, scores, rates, catalogue, topology, expected or ExpectedSteps())
    cases: list[Case] = []

    def find() -> pl.DataFrame:
        cases.extend(_found(recording, on_step))
        return as_table(cases)

    if keeper is not None and request.omitted == Omitted():
        table = keeper(key_of(recording), find)
        cases = cases or from_table(table, recording)
    cases = cases or _found(recording, on_step)
    for case in cases:
        if not case.observed.is_empty():
            _pass(case, ANSWERING_STAGES, on_step)
    return best_of(recording, cases)


def _found(recording: Case, on_step: Callable[[str], None] | None) -> list[Case]:
    """The cases of the stretches of trouble in a recording, with what speaks against somebody in each."""
    _pass(recording, RECORDING_STAGES, on_step)
    with_doubt(recording)
    recording.deployment = deployment_of(recording.events, recording.request.logs)
    cases = [case_of(recording, window) for window in recording.windows]
    for case in cases:
        if not case.observed.is_empty():
            _pass(case, FINDING_STAGES, on_step)
    return cases


def case_of(recording: Case, window: FoundWindow) -> Case:
    """A copy of the recording's case for one stretch of trouble, with that stretch's events alone."""
    return replace(recording, window=window, observed=in_window(recording.observed, window))


def best_of(recording: Case, cases: Sequence[Case]) -> Case:
    """The case that has the best cause, with the other ones in ``others``; the recording's own where there is none."""
    if not cases:
        return _without_false_clearance(recording)
    best, *others = sorted(cases, key=lambda case: -(case.candidates[0].score if case.candidates else 0.0))
    best.others = others
    return _without_false_clearance(best)


def with_doubt(recording: Case) -> Case:
    """Set the recording's ``unclear``, and return the recording itself."""
    recording.unclear = _why_unclear(recording)
    return recording


def _why_unclear(recording: Case) -> Unclear | None:
    if recording.observed.is_empty():
        return None
    known = frozenset(recording.topology.components) - {"host", "network", "storage"}
    return why_unclear(recording.observed, known, recording.events.take)


def _without_false_clearance(case: Case) -> Case:
    """Where the logs cannot show that nothing failed the answer is open; where none is of a cloud it is so in any case."""
    if case.unclear is not None and (case.verdict is Verdict.NO_FAILURE_FOUND or case.unclear is Unclear.NOTHING_KNOWN):
        case.verdict = Verdict.INCONCLUSIVE
    return case


def _pass(case: Case, stages: tuple[Stage, ...], on_step: Callable[[str], None] | None) -> None:
    for stage in stages:
        if stage.name not in case.request.omitted.stages:
            if on_step:
                on_step(stage.name)
            begun = time.monotonic()
            stage.run(case)
            case.seconds[stage.name] = case.seconds.get(stage.name, 0.0) + time.monotonic() - begun
