"""Words that every rendering of a report shares, so that text, Markdown and HTML say the same thing.

Nothing here makes text harmless: each rendering does that for the place where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from openstack_rca.rca.report import Cause, EvidenceItem, Hop, Report, RuledOut, SimilarIncident, Verdict

# The parts of an oslo.log line before its message: time, process, level, logger, request context, instance.
_OSLO_PREFIX = re.compile(
    r"\d{4}-\d\d-\d\d[ T][\d:.,]+\S* (?:\d+ )?(?:[A-Z]+ )?(?:\S+ )?\[[^\]]*\] (?:\[instance: [^\]]*\] )?"
)

ACTION_WHEN_HEALTHY = (
    "Nothing in these logs asks for action. If the trouble goes on, add the logs of further hosts or a longer stretch."
)
ACTION_WHEN_UNSURE = "Add what is missing (see below) and analyse again."


@dataclass(frozen=True)
class Headline:
    """The point of a report, for its first lines."""

    verdict: Verdict
    sure: bool
    """True if the first cause is an answer, not a guess."""
    subject: str
    """Component and host of the first cause; empty if there is none."""
    cause: Cause | None
    why: str
    proof: EvidenceItem | None
    action: str
    others: int
    """How many further causes the report ranks."""


@dataclass(frozen=True)
class ChainRow:
    """One row of the causal chain drawn as a tree."""

    depth: int
    component: str
    hop: Hop | None
    """The step that leads here; None for a component where the trouble starts."""


def headline(report: Report) -> Headline:
    """Return what a reader must know first."""
    cause = report.causes[0] if report.causes else None
    healthy = report.verdict is Verdict.NO_FAILURE_FOUND
    sure = report.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)
    if healthy:
        action = ACTION_WHEN_HEALTHY
    elif cause and sure and cause.remedy:
        action = cause.remedy
    elif cause and cause.next_checks:
        action = f"Check: {cause.next_checks[0]}"
    else:
        action = (cause.remedy if cause else "") or ACTION_WHEN_UNSURE
    return Headline(
        verdict=report.verdict,
        sure=sure,
        subject=place(cause.component, cause.host) if cause else "",
        cause=cause,
        why=cause.statement if cause and sure else report.summary,
        proof=cause.evidence[0] if cause and cause.evidence else None,
        action=action,
        others=max(0, len(report.causes) - 1),
    )


def as_utc(time: datetime) -> datetime:
    """Return ``time`` in UTC; a time without a zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def moment(time: datetime | None) -> str:
    """Return date and time in UTC to the second, or "unknown"."""
    return f"{as_utc(time):%Y-%m-%d %H:%M:%S} UTC" if time else "unknown"


def clock(time: datetime | None) -> str:
    """Return the time of day in UTC to the millisecond, or "" for None."""
    return as_utc(time).strftime("%H:%M:%S.%f")[:-3] if time else ""


def one_day(times: Sequence[datetime]) -> str:
    """Return the common UTC date of ``times`` as text, or "" if there are several (or no times)."""
    days = {as_utc(time).date() for time in times}
    return days.pop().isoformat() if len(days) == 1 else ""


def percent(share: float) -> str:
    """Return a share of [0, 1] in per cent; 100 % only for certainty itself."""
    return f"{round(share * 100) if share >= 1 else min(99, round(share * 100))} %"


def place(component: str, host: str | None) -> str:
    """Return a component with its host, where that is known."""
    return f"{component} on {host}" if host else component


def spot(item: EvidenceItem) -> str:
    """Return where a person finds the event: ``file:line``."""
    return f"{item.file}:{item.line}"


def counts(item: EvidenceItem) -> str:
    """Return the count in the window against the baseline: ``0 -> 412``."""
    if item.baseline:
        return f"{item.baseline} -> {item.count}"
    return "once" if item.count == 1 else f"{item.count} times"


def accusation(item: EvidenceItem) -> str:
    """Return whom the event speaks against, and why."""
    return f"accuses {place(item.accuses, item.accused_host)}: {item.why}"


def essence(text: str) -> str:
    """Return a log line without the oslo.log parts before its message; the whole line if it has none."""
    found = _OSLO_PREFIX.match(text)
    return (text[found.end() :] if found else text) or text


def window_text(report: Report) -> str:
    """Return the window in words, with how it was come by."""
    window = report.window
    if window.start is None and window.end is None:
        return "the whole of the logs"
    origin = "found from the logs" if window.found else "given"
    return f"{moment(window.start)} to {moment(window.end)} ({origin})"


def reading_text(report: Report) -> str:
    """Return how much was read, and how much of it no format knew."""
    unknown = sum(file.unknown_lines for file in report.files)
    files = f"{len(report.files)} file" + ("" if len(report.files) == 1 else "s")
    read = f"{report.events:,} events, {report.lines:,} lines, {files}"
    if not unknown:
        return read
    share = 100 * unknown / max(1, report.lines)
    return f"{read}; {unknown:,} lines ({share:.1f} %) in a format that is not known"


def model_text(report: Report) -> str:
    """Return the model that scored the events: name, version, source. The digest is shown apart, it is long."""
    model = report.model
    parts = [model.name, f"version {model.version}" if model.version else "no version"]
    if model.source:
        parts.append(f"from {model.source}")
    return ", ".join(part for part in parts if part)


def seconds_text(report: Report) -> str:
    """Return the wall time of each step, or "" if none was taken."""
    return ", ".join(f"{name} {value:.2f} s" for name, value in report.seconds.items())


def ruled_out_text(entry: RuledOut) -> str:
    """Return a component that is not the root, and why."""
    return f"{entry.component}: {entry.reason}"


def similar_text(entry: SimilarIncident) -> str:
    """Return what a past incident was, as far as anybody knows."""
    kind = f" ({entry.category.value})" if entry.category else ""
    if entry.confirmed:
        return f"it was {entry.component}{kind}, confirmed"
    return f"{entry.component}{kind} was answered, nobody confirmed it"


def similar_facts(entry: SimilarIncident) -> str:
    """Return how similar a past incident is, and by what."""
    shared = f"; both have {', '.join(entry.shared)}" if entry.shared else ""
    return f"{percent(entry.similarity)} similar{shared}"


def confirm_command(report: Report) -> str:
    """Return the command that records what it really was."""
    return f"openstack-rca confirm {report.id} --cause COMPONENT"


def chain_rows(hops: Sequence[Hop]) -> list[ChainRow]:
    """Return the hops as rows of a tree, each hop exactly once, whatever shape the graph has.

    A tree starts at every component that nothing troubles; a component with several troublers has its own followers
    below the first one only. What is left then is cycles: each is entered at the first hop left.
    """
    targets = {hop.target for hop in hops}
    starts = [hop.source for hop in hops if hop.source not in targets] + [hop.source for hop in hops]
    waiting: dict[str, list[Hop]] = {}
    for hop in hops:
        waiting.setdefault(hop.source, []).append(hop)
    rows: list[ChainRow] = []
    for start in starts:
        if not waiting.get(start):
            continue
        rows.append(ChainRow(0, start, None))
        stack = [(1, hop) for hop in reversed(waiting.pop(start))]
        while stack:
            depth, hop = stack.pop()
            rows.append(ChainRow(depth, hop.target, hop))
            stack.extend((depth + 1, following) for following in reversed(waiting.pop(hop.target, [])))
    return rows
