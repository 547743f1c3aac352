"""Past incidents: a file of events that is only appended to, and today's state computed from it.

One line of JSON is one event: ``analysis`` (what was found) or ``confirmed`` (what a person says it really was). The last
confirmation of a report wins; no event is ever changed or deleted, so it can always be told how the state came about.
(The idea is that of GTO, whose registry is such a list.)

Writers append under an exclusive lock, readers read under a shared one, so no line is torn between two processes. A process that
dies in the middle of a line leaves a torn one: the next writer ends it, readers skip and count it.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from openstack_rca.errors import HistoryUnavailable, ReportNotFound
from openstack_rca.rca.report import Fingerprint, Report, mask_secrets, shorten
from openstack_rca.rca.vocabulary import Category

TEXT_LIMIT = 2000
"""Characters of an issue or a note that are kept."""

FILE_MODE = 0o600
"""Issues and notes are for whoever ran the analysis."""


class _Event(BaseModel):
    # Fields of later releases are ignored, so that an older one can still read the file.
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=100)
    recorded: AwareDatetime


class AnalysisEvent(_Event):
    """An analysis was made, or a labelled incident imported.

    Attributes:
        time: when the trouble began; when it was analysed, where that is not known.
        component, category: the first cause that was answered, None if there was none.
        source: ``analysis``, or ``incident`` for a labelled one.
    """

    event: Literal["analysis"] = "analysis"
    time: AwareDatetime
    issue: str
    fingerprint: Fingerprint = Fingerprint()
    component: str | None = None
    category: Category | None = None
    verdict: str = ""
    source: str = "analysis"


class ConfirmedEvent(_Event):
    """A person said what it really was."""

    event: Literal["confirmed"] = "confirmed"
    component: str = Field(min_length=1)
    category: Category | None = None
    note: str = ""


Event = AnalysisEvent | ConfirmedEvent
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


@dataclass(frozen=True)
class PastIncident:
    """One analysis or labelled incident, with its last confirmation."""

    analysis: AnalysisEvent
    confirmation: ConfirmedEvent | None = None

    @property
    def id(self) -> str:
        """Report id, or id of the imported incident."""
        return self.analysis.id

    @property
    def confirmed(self) -> bool:
        """True if a person said what it was."""
        return self.confirmation is not None

    @property
    def component(self) -> str | None:
        """The confirmed cause, else the answered one."""
        return self.confirmation.component if self.confirmation else self.analysis.component

    @property
    def category(self) -> Category | None:
        """Category of ``component``."""
        return self.confirmation.category if self.confirmation else self.analysis.category

    @property
    def note(self) -> str:
        """What was written at the confirmation."""
        return self.confirmation.note if self.confirmation else ""


@dataclass(frozen=True)
class HistoryState:
    """What the events come to: incidents in the order of their first record, and how many lines could not be read."""

    incidents: list[PastIncident] = field(default_factory=list)
    skipped: int = 0


class History:
    """The history in one file; it and its folder are made with the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def state(self) -> HistoryState:
        """Compute the state; a file that is not there is an empty history. Raises HistoryUnavailable: it cannot be read."""
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                content = file.read()
        except FileNotFoundError:
            return HistoryState()
        except OSError as error:
            raise self._unavailable("read", error) from None
        return state_of(content)

    def append(self, events: Sequence[Event]) -> None:
        """Add events, all or none, also where other processes write too. Raises HistoryUnavailable: it cannot be written."""
        lines = b"".join(event.model_dump_json().encode() + b"\n" for event in events)
        if not lines:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked() as handle:
                end = os.lseek(handle, 0, os.SEEK_END)
                torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
                try:
                    _write_all(handle, (b"\n" if torn else b"") + lines)
                    os.fsync(handle)
                except OSError:
                    # A full disk took a part of it; half an event helps nobody.
                    with suppress(OSError):
                        os.ftruncate(handle, end)
                    raise
        except OSError as error:
            raise self._unavailable("written", error) from None

    def remember(self, report: Report) -> PastIncident:
        """Keep a report. Raises HistoryUnavailable: the file cannot be written."""
        event = event_of(report)
        self.append([event])
        return PastIncident(event)

    def confirm(self, report_id: str, component: str, category: Category | None = None, note: str = "") -> PastIncident:
        """Record what an incident of the history really was.

        Args:
            report_id: a full id, or the beginning of exactly one.
            component: canonical component.
            category: kind of fault; that of the answer applies where the answer named the same component.
            note: anything worth reading when it happens again.

        Raises:
            ReportNotFound: no id, or more than one, begins so.
            HistoryUnavailable: the file cannot be read or written.
        """
        past = self.find(report_id)
        if category is None and past.analysis.component == component:
            category = past.analysis.category
        event = ConfirmedEvent(
            id=past.id, recorded=datetime.now(UTC), component=component, category=category, note=storable(note)
        )
        self.append([event])
        return PastIncident(past.analysis, event)

    def find(self, report_id: str) -> PastIncident:
        """The incident whose id is, or alone begins with, ``report_id``. Raises ReportNotFound: there is none, or several."""
        incidents = self.state().incidents
        wanted = report_id.strip()
        matches = [past for past in incidents if past.id == wanted]
        matches = matches or [past for past in incidents if wanted and past.id.startswith(wanted)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            some = ", ".join(past.id for past in matches[:4])
            raise ReportNotFound(f"{len(matches)} reports begin with {wanted}: {some}.", "Give more of the id.")
        raise ReportNotFound(
            f"No report {storable(report_id)[:60]!r} is in the history.",
            "The id stands at the end of a report and in: openstack-rca history list. A saved report .json works too.",
        )

    @contextmanager
    def _locked(self) -> Iterator[int]:
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _unavailable(self, verb: str, error: OSError) -> HistoryUnavailable:
        return HistoryUnavailable(
            f"The history {self.path} cannot be {verb}: {error.strerror or error}.",
            "OPENSTACK_RCA_HOME names the folder that holds it.",
        )


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def state_of(content: bytes) -> HistoryState:
    """Compute the state from the bytes of a history file.

    A confirmation of something that is not there counts as a line that could not be read.
    """
    analyses: dict[str, AnalysisEvent] = {}
    confirmations: dict[str, ConfirmedEvent] = {}
    skipped = 0
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            event = _EVENT.validate_json(line)
        except ValidationError:
            skipped += 1
            continue
        if isinstance(event, AnalysisEvent):
            analyses.setdefault(event.id, event)
        elif event.id in analyses:
            confirmations[event.id] = event
        else:
            skipped += 1
    return HistoryState([PastIncident(event, confirmations.get(id_)) for id_, event in analyses.items()], skipped)


def event_of(report: Report) -> AnalysisEvent:
    """The event that keeps a report."""
    cause = report.causes[0] if report.causes else None
    return AnalysisEvent(
        id=report.id,
        recorded=datetime.now(UTC),
        time=report.fingerprint.began or (cause and cause.onset) or report.created,
        issue=storable(report.issue),
        fingerprint=report.fingerprint,
        component=cause.component if cause else None,
        category=cause.category if cause else None,
        verdict=report.verdict.value,
    )


def storable(text: str) -> str:
    """Text fit to be kept: known secrets masked, cut to ``TEXT_LIMIT`` characters, ``?`` for each lone surrogate."""
    return shorten(mask_secrets(text.encode("utf-8", "replace").decode("utf-8")), TEXT_LIMIT)
