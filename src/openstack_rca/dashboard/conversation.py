"""The questions of a session and their answers: asked on logs that are read once, kept until the session ends."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from openstack_rca.dashboard.held_model import HeldModel, held_model
from openstack_rca.dashboard.prepared_logs import LogChoice, prepared_logs
from openstack_rca.errors import ConfigurationError, HistoryUnavailable, LogInputError, OpenStackRcaError
from openstack_rca.service.analysis import Prepared, PreparingStep, ask, record_analysis
from openstack_rca.service.earlier import COMPARED, Earlier
from openstack_rca.service.explore import request_window
from openstack_rca.service.history import open_history
from openstack_rca.service.kept_reports import (
    MOST_QUESTIONS,
    keep_question,
    keep_report,
    open_kept,
    questions_about,
    reports_about,
)
from openstack_rca.service.language_model import Narrative
from openstack_rca.service.listener import Listener
from openstack_rca.service.log_choice import logs_by_reference, reference_of
from openstack_rca.service.moments import parse_moment
from openstack_rca.service.showing import Report
from openstack_rca.service.waiting_runs import Sent
from openstack_rca.settings import Settings

MOST_ANSWERS = 10
_SHOWN_AS: dict[str, str] = {
    PreparingStep.READ: "Read the logs",
    PreparingStep.LOAD: "Open the model",
    PreparingStep.SCORE: "Score the events",
}


@dataclass(frozen=True)
class Scope:
    """What a question is narrowed to, as the visitor typed it."""

    since: str = ""
    until: str = ""
    request: str = ""
    fast: bool = False


@dataclass
class Answer:
    """One question with its report.

    Attributes:
        logs: what was read; None for a report that was opened by its link and whose logs are not open here.
        prepared: those logs, read and scored; None until they are needed.
        notices: what could not be kept.
        recording: the outcome of recording its run, once that is done.
        asked: what was asked about the report since.
        narratives: what a language model said, by question.
    """

    question: str
    report: Report
    logs: LogChoice | None = None
    scope: Scope = field(default_factory=Scope)
    prepared: Prepared | None = None
    notices: list[str] = field(default_factory=list)
    recording: Future[Sent] | None = None
    asked: list[str] = field(default_factory=list)
    narratives: dict[str, Narrative] = field(default_factory=dict)


def answers() -> list[Answer]:
    """The answers of this session, oldest first."""
    found: list[Answer] = st.session_state.setdefault("answers", [])
    return found


@st.cache_resource(show_spinner=False)
def _recorder() -> ThreadPoolExecutor:
    """One thread that writes runs once their answers are on the screen."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="record-run")


class StepsShown(Listener):
    """The steps of an analysis, drawn as they begin."""

    def __init__(self) -> None:
        self._status = st.status("Starting", expanded=True)
        self._bar: DeltaGenerator | None = None

    def step(self, name: str) -> None:
        """A step begins."""
        words = _SHOWN_AS.get(name, f"Find the cause: {name}")
        self._status.update(label=words)
        self._status.text(words)
        self._bar = self._status.progress(0.0) if name == PreparingStep.READ else None

    def part(self, done: int, total: int) -> None:
        """How far reading is, in bytes."""
        if self._bar is not None:
            self._bar.progress(min(1.0, done / total) if total else 1.0)

    def end(self, good: bool) -> None:
        """Mark the analysis as done (``good``) or as stopped by an error."""
        self._status.update(
            label="Done" if good else "Stopped", state="complete" if good else "error", expanded=not good
        )


def put_question(question: str, logs: LogChoice, scope: Scope, held: HeldModel, settings: Settings) -> Answer:
    """Answer a question, with its steps on the screen, and keep the answer; raises as ``service.analysis.analyze``."""
    since, until = parse_time(scope.since, settings), parse_time(scope.until, settings)
    shown = StepsShown()
    good = False
    try:
        prepared = prepared_logs(logs, held, settings, shown)
        if scope.request.strip():
            since, until = request_window(prepared, scope.request)
        outcome = ask(
            prepared,
            logs.paths,
            question,
            settings=settings,
            fast=scope.fast,
            since=since,
            until=until,
            history=open_history(settings),
            listener=shown,
        )
        good = True
    finally:
        shown.end(good)
    answer = Answer(question, outcome.report, logs, scope, prepared)
    try:
        keep_report(outcome.report, settings)
    except ConfigurationError as error:
        answer.notices.append(f"This answer has no link that lasts. {error}")
    try:
        open_history(settings).remember(outcome.report)
    except HistoryUnavailable as error:
        answer.notices.append(f"This answer is not in the history, so it cannot be confirmed. {error}")
    answer.recording = _recorder().submit(record_analysis, outcome, settings)
    _add(answer)
    return answer


def _add(answer: Answer) -> None:
    kept = answers()
    kept.append(answer)
    del kept[:-MOST_ANSWERS]


def open_answer(report_id: str, settings: Settings) -> Answer:
    """The answer behind a link: of this session, else as it was kept. Raises ReportNotFound: there is none."""
    for answer in answers():
        if answer.report.id == report_id:
            return answer
    report = open_kept(report_id, settings)
    try:
        paths = tuple(logs_by_reference("\n".join(report.logs), settings))
        logs = LogChoice("path", reference_of(paths), paths)
    except (ConfigurationError, LogInputError):
        # The report stands without its logs; only the lines around its evidence cannot be shown.
        logs = None
    answer = Answer(report.issue, report, logs, asked=questions_about(report_id, settings))
    _add(answer)
    return answer


def logs_of(answer: Answer, settings: Settings) -> Prepared | None:
    """The logs of an answer, read on first use; None where they may not be read here. Errors as ``prepared_logs``."""
    if answer.prepared is None and answer.logs is not None:
        with st.spinner("Reading the logs"):
            answer.prepared = prepared_logs(answer.logs, held_model(settings), settings)
    return answer.prepared


def past_of(answer: Answer, settings: Settings) -> Earlier:
    """What an answer can be compared with: its logs where they are open here, and kept reports about the same ones."""

    def events() -> pl.DataFrame | None:
        with suppress(OpenStackRcaError):
            prepared = logs_of(answer, settings)
            return prepared.read.table.take(columns=COMPARED) if prepared else None
        return None

    return Earlier(events, lambda: reports_about(answer.report.logs, settings))


def ask_about(answer: Answer, question: str, settings: Settings) -> None:
    """Add a question about an answer to its conversation; its reply is drawn from the report."""
    answer.asked.append(question)
    del answer.asked[:-MOST_QUESTIONS]
    with suppress(ConfigurationError):
        keep_question(answer.report.id, question, settings)


def parse_time(text: str, settings: Settings) -> datetime | None:
    """Parse a typed time, see ``service.moments``, to UTC; None if it is empty. Raises ConfigurationError."""
    if not text.strip():
        return None
    return parse_moment(text.strip()[:60], timezone=settings.log_timezone, now=datetime.now(UTC)).astimezone(UTC)
