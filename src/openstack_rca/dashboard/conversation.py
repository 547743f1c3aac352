"""The questions of a session and their answers: asked on logs that are read once, kept until the session ends."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from openstack_rca.dashboard.held_model import HeldModel
from openstack_rca.dashboard.prepared_logs import LogChoice, prepared_logs
from openstack_rca.errors import ConfigurationError, HistoryUnavailable
from openstack_rca.service.analysis import AnalysisOutcome, Prepared, ask, record_analysis
from openstack_rca.service.explore import request_window
from openstack_rca.service.history import open_history, remember
from openstack_rca.service.waiting_runs import Sent
from openstack_rca.settings import Settings

MOST_ANSWERS = 10


@dataclass(frozen=True)
class Scope:
    """What a question is narrowed to, as the visitor typed it."""

    since: str = ""
    until: str = ""
    request: str = ""
    fast: bool = False


@dataclass
class Answer:
    """One question with its answer and the logs that it rests on."""

    question: str
    logs: LogChoice
    scope: Scope
    outcome: AnalysisOutcome
    prepared: Prepared
    notices: list[str] = field(default_factory=list)
    recording: Future[Sent] | None = None


def answers() -> list[Answer]:
    """The answers of this session, oldest first."""
    found: list[Answer] = st.session_state.setdefault("answers", [])
    return found


@st.cache_resource(show_spinner=False)
def _recorder() -> ThreadPoolExecutor:
    """One thread that writes runs once their answers are on the screen."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="record-run")


class StepsShown:
    """The steps of an analysis, drawn as they begin."""

    def __init__(self) -> None:
        self._status = st.status("Starting", expanded=True)
        self._bar: DeltaGenerator | None = None

    def step(self, name: str) -> None:
        """A step begins."""
        words = {
            "read logs": "Read the logs",
            "load model": "Open the model",
            "score events": "Score the events",
        }.get(name, f"Find the cause: {name}")
        self._status.update(label=words)
        self._status.text(words)
        self._bar = self._status.progress(0.0) if name == "read logs" else None

    def part(self, done: int, total: int) -> None:
        """How far reading is, in bytes."""
        if self._bar is not None:
            self._bar.progress(min(1.0, done / total) if total else 1.0)

    def end(self, good: bool) -> None:
        """All is done, or something stood in the way."""
        self._status.update(
            label="Done" if good else "Stopped", state="complete" if good else "error", expanded=not good
        )


def put_question(question: str, logs: LogChoice, scope: Scope, held: HeldModel, settings: Settings) -> None:
    """Answer a question, with its steps on the screen, and keep the answer.

    Raises:
        OpenStackRcaError: see ``service.analysis.analyze``.
    """
    since, until = parse_time(scope.since, settings), parse_time(scope.until, settings)
    shown = StepsShown()
    good = False
    try:
        prepared = prepared_logs(logs, held, settings, shown.step, shown.part)
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
            on_step=shown.step,
        )
        good = True
    finally:
        shown.end(good)
    answer = Answer(question, logs, scope, outcome, prepared)
    try:
        remember(outcome.report, open_history(settings))
    except HistoryUnavailable as error:
        answer.notices.append(f"This answer is not in the history, so it cannot be confirmed. {error}")
    answer.recording = _recorder().submit(record_analysis, outcome, settings)
    kept = answers()
    kept.append(answer)
    del kept[:-MOST_ANSWERS]


def parse_time(text: str, settings: Settings) -> datetime | None:
    """A typed time in UTC; without an offset it is in the logs' time zone.

    Raises:
        ConfigurationError: it is no time.
    """
    if not text.strip():
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(
            f"{text.strip()[:60]} is not a time.", "Write it like 2026-11-23T04:17 or 2026-11-23T04:17:00Z."
        ) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(settings.log_timezone))).astimezone(UTC)
