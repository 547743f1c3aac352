"""From one report after the other to what is worth telling: a trouble begins, its cause changes, it ends; each once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel

from openstack_rca.rca.report import Cause, Report, one_line
from openstack_rca.rca.vocabulary import Verdict

PROOF_LINES = 3
_SURE = (Verdict.CONFIRMED, Verdict.LIKELY)


class Turn(StrEnum):
    """What happened to a trouble."""

    BEGAN = "began"
    CHANGED = "changed"
    ENDED = "ended"


class Told(BaseModel):
    """One thing that is told, with all that a receiver needs; texts are harmless and on one line each.

    ``fingerprint`` is the same for the same cause at the same place, whenever it comes; ``time`` is that of the turn, by the time
    of the logs, in UTC.
    """

    turn: Turn
    fingerprint: str
    time: datetime
    began: datetime
    verdict: str
    component: str
    host: str | None = None
    category: str
    confidence: float
    statement: str
    evidence: list[str] = []
    checks: list[str] = []
    before: str = ""
    report_id: str = ""


class OpenTrouble(BaseModel):
    """A trouble that goes on: as it was told last, and when it was seen last."""

    told: Told
    last_seen: datetime


class TroubleState(BaseModel):
    """What is remembered of troubles, also over a restart: the open one, and when each that was told ended."""

    open: OpenTrouble | None = None
    ended: dict[str, datetime] = {}


@dataclass
class TroubleBook:
    """Decides what is told.

    A trouble has ended when nothing was seen of it for ``quiet``; one that comes back within ``cool_down`` after its end is not
    told again.
    """

    state: TroubleState
    quiet: timedelta
    cool_down: timedelta

    def note(self, report: Report | None, now: datetime) -> list[Told]:
        """Take in what the logs show ``now``, the time that they have reached; gives what is to be told."""
        cause = report.causes[0] if report and report.verdict in _SURE and report.causes else None
        known = self.state.open
        if report is None or cause is None or (seen := _last_seen(cause, now)) < now - self.quiet:
            return self._end(known, now) if known and now - known.last_seen > self.quiet else []
        mark = fingerprint(cause)
        if known is None:
            return self._begin(report, cause, mark, now)
        known.last_seen = max(known.last_seen, seen)
        if mark == known.told.fingerprint or cause.confidence < known.told.confidence:
            return []
        before = _place(known.told.component, known.told.host)
        known.told = _told(Turn.CHANGED, report, cause, now).model_copy(
            update={"began": known.told.began, "before": before}
        )
        return [known.told]

    def _begin(self, report: Report, cause: Cause, mark: str, now: datetime) -> list[Told]:
        told = _told(Turn.BEGAN, report, cause, now)
        self.state.open = OpenTrouble(told=told, last_seen=now)
        self.state.ended = {name: end for name, end in self.state.ended.items() if now - end <= self.cool_down}
        return [] if mark in self.state.ended else [told]

    def _end(self, known: OpenTrouble, now: datetime) -> list[Told]:
        was_told = known.told.fingerprint not in self.state.ended
        self.state.open = None
        self.state.ended[known.told.fingerprint] = now
        return [known.told.model_copy(update={"turn": Turn.ENDED, "time": now})] if was_told else []


def fingerprint(cause: Cause) -> str:
    """What makes two troubles the same: component, host and kind of fault."""
    told = "\0".join((cause.component, cause.host or "", cause.category.value))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def describe(told: Told) -> str:
    """A few lines for a terminal or a chat."""
    place = _place(told.component, told.host)
    head = {
        Turn.BEGAN: f"TROUBLE BEGAN: {place} ({told.category}), {told.verdict}",
        Turn.CHANGED: f"CAUSE CHANGED: {place} ({told.category}), {told.verdict}; it was {told.before}",
        Turn.ENDED: f"TROUBLE ENDED: {place} ({told.category}), after {_length(told.time - told.began)}",
    }[told.turn]
    lines = [f"{told.time:%Y-%m-%d %H:%M:%S} UTC  {head}"]
    if told.turn is not Turn.ENDED:
        lines += [f"  {told.statement}", *(f"  {text}" for text in told.evidence)]
        lines += [f"  Next: {told.checks[0]}"] if told.checks else []
        lines += [f"  More: openstack-rca report show {told.report_id}"] if told.report_id else []
    return "\n".join(lines)


def _last_seen(cause: Cause, now: datetime) -> datetime:
    """When the logs last showed something of the trouble."""
    times = [item.last or item.time for item in cause.evidence]
    return min(now, max((time for time in times if time is not None), default=now))


def _told(turn: Turn, report: Report, cause: Cause, now: datetime) -> Told:
    evidence = [f"{item.file}:{item.line}  {item.text}" for item in cause.evidence[:PROOF_LINES]]
    return Told(
        turn=turn,
        fingerprint=fingerprint(cause),
        time=now,
        began=cause.onset or now,
        verdict=report.verdict.value,
        component=cause.component,
        host=cause.host,
        category=cause.category.value,
        confidence=cause.confidence,
        statement=one_line(cause.statement),
        evidence=[one_line(text)[:300] for text in evidence],
        checks=[one_line(text) for text in cause.next_checks[:3]],
        report_id=report.id,
    )


def _place(component: str, host: str | None) -> str:
    return f"{component} on {host}" if host else component


def _length(length: timedelta) -> str:
    minutes, seconds = divmod(max(0, round(length.total_seconds())), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
