"""The report: one data model that every rendering (text, JSON, Markdown, HTML) reads.

The JSON form is ``Report.model_dump_json()``; its schema is ``Report.model_json_schema()`` and carries
``schema_version``. A field is only ever added within one major version.
"""

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from openstack_rca.logs.records import SkipReason
from openstack_rca.rca.report.sanitise import mask_secrets
from openstack_rca.rca.vocabulary import Category, EvidenceSort, Verdict

REPORT_SCHEMA_VERSION = "1.5"

LoggedText = Annotated[str, AfterValidator(mask_secrets)]
"""Text that may quote a log or what an operator typed: a part of a report cannot be made with a known secret in it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceItem(_Part):
    """One cited event, with what makes it evidence."""

    file: str = Field(description="Path relative to the log folder that was given.")
    line: int = Field(ge=1, description="1-based line that proves it; of a longer event the one that matched.")
    lines: int = Field(default=1, ge=1, description="How many lines of the event there are from this one on.")
    event_line: int | None = Field(
        default=None, description="1-based first line of the event, where the proof is below it."
    )
    text: LoggedText = Field(description="First line as logged, secrets masked.")
    matched: LoggedText = Field(default="", description="The words of it that a signature knows.")
    time: datetime | None = None
    host: str | None = None
    service: str | None = None
    sort: EvidenceSort
    accuses: str = Field(description="Canonical component that this event speaks against.")
    accused_host: str | None = None
    why: LoggedText = Field(description="Why the event accuses that component.")
    count: int = Field(default=1, ge=0, description="Events like this inside the window.")
    last: datetime | None = Field(default=None, description="When the last of them came, or the silence ended.")
    baseline: str = Field(default="", description="The same events outside the window or in training: '0', '35/min'.")
    score: float | None = Field(default=None, description="Calibrated anomaly score of the LSTM in [0, 1].")
    signature: str | None = None


class ConfidencePart(_Part):
    """One named contribution to a confidence."""

    name: str
    value: float
    note: str = ""


class Cause(_Part):
    """A ranked root-cause candidate."""

    component: str
    host: str | None = None
    category: Category
    statement: LoggedText = Field(description="One sentence: what is wrong.")
    confidence: float = Field(ge=0, le=1)
    confidence_parts: list[ConfidencePart] = []
    onset: datetime | None = None
    evidence: list[EvidenceItem] = []
    independent: bool = Field(
        default=False,
        description="True if it is a fault of its own, not a weaker explanation of the first one's trouble.",
    )
    explains: list[str] = Field(default=[], description="Components whose trouble this cause accounts for.")
    remedy: LoggedText = ""
    next_checks: list[LoggedText] = Field(default=[], description="Read-only commands that would confirm or refute.")


class Hop(_Part):
    """One step of the causal chain: ``source`` troubles ``target``."""

    source: str
    target: str
    supported: bool = Field(description="True if a log line states it; False if only the dependency graph does.")
    note: LoggedText = ""


class TimelineEntry(_Part):
    """Something worth knowing, in time order."""

    time: datetime
    component: str
    host: str | None = None
    text: LoggedText
    kind: str = Field(description="onset, evidence, silence, gap, recovery or window")


class RuledOut(_Part):
    """A component that was accused, and why it is not the root."""

    component: str
    reason: LoggedText


class RequestStep(_Part):
    """One event on the path of a request."""

    time: datetime
    component: str
    host: str | None = None
    file: str
    line: int
    level: str
    text: LoggedText


class RequestPath(_Part):
    """The path of a failed request through the services."""

    request_id: str
    instance_id: str | None = None
    steps: list[RequestStep] = []


class StoryStep(_Part):
    """A step of a request, as it usually comes and as it came this time."""

    component: str
    text: LoggedText = Field(description="Template of the event that is usual there.")
    normal_seconds: float = Field(description="Since the request's first step, in the middle of normal requests.")
    within_seconds: float | None = Field(default=None, description="After this time the step is overdue.")
    seconds: float | None = Field(default=None, description="This time; null: it never came.")


class StoryPicture(_Part):
    """A request that did not go on, or was late, beside what is normal."""

    name: str = Field(description="Id of the request.")
    begun: datetime
    like_it: int = Field(ge=1, description="Requests that stopped alike.")
    steps: list[StoryStep] = []
    last: LoggedText = Field(default="", description="The last line before the gap.")


class Episode(_Part):
    """Another stretch of trouble in the same logs, answered on its own."""

    start: datetime
    end: datetime
    verdict: Verdict
    component: str
    host: str | None = None
    category: Category
    confidence: float = Field(ge=0, le=1)
    statement: LoggedText
    evidence: list[EvidenceItem] = []


class ActivityRow(_Part):
    """What one component logged over time, in bins of equal length: the rows of the timeline plot."""

    component: str
    start: datetime = Field(description="Begin of the first bin; the same for all rows.")
    bin_seconds: float = Field(gt=0, description="Length of a bin; the same for all rows.")
    counts: list[int] = Field(description="Events in each bin.")
    errors: list[int] = Field(description="Of these, events of level ERROR or CRITICAL.")
    scores: list[float | None] = Field(
        description="Highest anomaly score in each bin, in [0, 1]; null where the bin is empty or no model scored."
    )


class Window(_Part):
    """The stretch of time that the analysis looked at."""

    start: datetime | None = None
    end: datetime | None = None
    found: bool = Field(default=False, description="True if found from the logs, False if given.")


class FileSummary(_Part):
    """What was read from one file."""

    file: str
    lines: int
    events: int
    unknown_lines: int
    format: str
    skip: SkipReason | None = None


class ModelUsed(_Part):
    """Which model scored the events."""

    name: str
    version: str | None = None
    digest: str = ""
    source: str = Field(default="", description="store, cache, file or none")
    notices: list[str] = []


class Fingerprint(_Part):
    """What the evidence of an analysis looks like, free of times and places: what later ones are compared with."""

    signatures: list[str] = Field(default=[], description="Signatures that matched.")
    accused: list[str] = Field(default=[], description="Components that something speaks against.")
    templates: list[str] = Field(default=[], description="Template ids of the strongest evidence, in hex.")
    began: AwareDatetime | None = Field(default=None, description="Time of the first evidence.")


class SimilarIncident(_Part):
    """A past incident whose evidence and issue resemble those of this analysis."""

    id: str = Field(description="Report id, or id of the imported incident.")
    time: datetime
    issue: LoggedText
    component: str = Field(description="The cause that was confirmed; the one that was answered where none was.")
    category: Category | None = None
    confirmed: bool = Field(description="True if a person said what it really was.")
    similarity: float = Field(ge=0, le=1)
    verdict: str = Field(default="", description="Verdict of the report of that time.")
    source: str = Field(default="analysis", description="analysis, or incident for a labelled one.")
    note: LoggedText = Field(default="", description="What the person who confirmed it wrote.")
    shared: list[str] = Field(default=[], description="What both have in common, rarest first.")


REPORT_ID_LENGTH = 12


def _report_id(data: dict[str, Any]) -> str:
    told = json.dumps([data["created"].isoformat(), data["issue"], data["logs"]])
    return hashlib.sha256(told.encode()).hexdigest()[:REPORT_ID_LENGTH]


class Report(_Part):
    """Everything that one analysis found."""

    schema_version: str = REPORT_SCHEMA_VERSION
    created: datetime
    issue: LoggedText
    logs: list[str] = Field(description="Paths as given.")
    id: str = Field(
        default_factory=_report_id, description="Stable short id: a digest of created, issue and logs. See confirm."
    )
    verdict: Verdict
    summary: LoggedText = Field(description="One or two sentences; the point of it all.")
    window: Window
    causes: list[Cause] = []
    chain: list[Hop] = []
    timeline: list[TimelineEntry] = []
    activity: list[ActivityRow] = Field(
        default=[], description="Events, errors and anomaly scores over time; involved components first."
    )
    requests: list[RequestPath] = Field(default=[], description="Failed requests, followed across services.")
    stories: list[StoryPicture] = Field(
        default=[], description="Requests that did not go on, step by step, beside what is normal."
    )
    episodes: list[Episode] = Field(default=[], description="Further, separate stretches of trouble in the same logs.")
    blast_radius: list[str] = Field(default=[], description="Components (and hosts) in trouble.")
    ruled_out: list[RuledOut] = []
    missing: list[LoggedText] = Field(default=[], description="What the analysis could not see.")
    similar: list[SimilarIncident] = Field(
        default=[], description="Similar past incidents of the local history, confirmed ones first."
    )
    fingerprint: Fingerprint = Fingerprint()
    events: int = 0
    lines: int = 0
    files: list[FileSummary] = []
    model: ModelUsed
    fast: bool = False
    seconds: dict[str, float] = Field(default={}, description="Wall seconds per step.")
    stages: dict[str, float] = Field(default={}, description="Wall seconds of each stage of the last step.")
    command: LoggedText = Field(default="", description="Command that reproduces this report.")
