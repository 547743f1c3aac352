"""Words that every rendering of a report shares, so that text, Markdown and HTML say the same thing.

Nothing here makes text harmless: each rendering does that for the place where it is read.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from openstack_rca.plain_text import called, counted, times
from openstack_rca.rca.report import (
    Cause,
    ConfidencePart,
    Episode,
    EvidenceItem,
    Report,
    RequestPath,
    RequestStep,
    RuledOut,
    SimilarIncident,
)
from openstack_rca.rca.vocabulary import ConfidenceSource, EvidenceSort, Verdict

NO_ISSUE = "none given"

MAX_NAMES = 3
"""Names of a list that a sentence holds; the others are counted."""

MAX_HOSTS = 4

_STATEMENTS = (ConfidenceSource.OWN_WORDS, ConfidenceSource.ACCUSED)
_ONLY_SYMPTOMS = "only follow-up trouble"
"""Said of a cause of which nobody, not even itself, says that it failed, where another is surely the first."""

SURE = (Verdict.CONFIRMED, Verdict.LIKELY)
"""Verdicts whose first cause is an answer."""


def category_text(report: Report, cause: Cause) -> str:
    """Return the category, and what speaks against a cause behind the first one, so that nobody begins with a symptom."""
    first, kind = report.causes[0], cause.category.value
    if cause is first or cause.independent:
        return kind
    if cause.component in first.explains:
        return f"{kind}, follows from {first.component}"
    parts = {part.name: part for part in cause.confidence_parts}
    if away := parts.get(ConfidenceSource.EXPLAINED_AWAY):
        return f"{kind}, explained away {away.note}"
    said = any(parts[name].value for name in _STATEMENTS if name in parts)
    return kind if said or not parts or report.verdict not in SURE else f"{kind}, {_ONLY_SYMPTOMS}"


def names(values: Sequence[str], limit: int = MAX_NAMES) -> str:
    """Return values as a list in a sentence: "a, b and c", or "a, b, c and 9 more"."""
    if len(values) > limit + 1:
        return f"{', '.join(values[:limit])} and {len(values) - limit} more"
    return " and ".join(part for part in (", ".join(values[:-1]), "".join(values[-1:])) if part)


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


def certainty(verdict: Verdict, share: float) -> str:
    """Return how far a first cause may be trusted: how many answers like it were right, unless the verdict is a guess."""
    return f"{percent(share)} of such answers right" if verdict in SURE else "a guess"


def place(component: str, host: str | None) -> str:
    """Return a component with its host or hosts, where they are known; of many hosts the first ones."""
    if not host:
        return component
    hosts = [name.strip() for name in host.split(",")]
    more = f" and {len(hosts) - MAX_HOSTS + 1} more hosts" if len(hosts) > MAX_HOSTS else ""
    return f"{component} on {', '.join(hosts[: MAX_HOSTS - 1] if more else hosts)}{more}"


def spot(item: EvidenceItem | RequestStep) -> str:
    """Return where a person finds the event: ``file:line``."""
    return f"{called(item.file)}:{item.line}"


def logs_text(report: Report) -> str:
    """Return the logs that were read, as the user named them."""
    return ", ".join(map(called, report.logs))


def counts(item: EvidenceItem) -> str:
    """Return how often it was in the window against the baseline: "412 times, normally never"."""
    return times(item.count, item.baseline)


def accusation(item: EvidenceItem) -> str:
    """Return whom the event speaks against, and why."""
    return f"accuses {place(item.accuses, item.accused_host)}: {item.why}"


RARE = 0.9
"""What a model gives a lower score is not worth a word."""
_PLAIN_SORTS = {
    EvidenceSort.NEW_TEMPLATE: "a new kind of line",
    EvidenceSort.MODEL_ANOMALY: "unexpected by the model",
}


def kind_text(item: EvidenceItem) -> str:
    """Return how the event was found, the signature by its name, else the sort of evidence, and how little it was expected."""
    words = _PLAIN_SORTS.get(item.sort, item.sort.value)
    kinds = [] if item.sort is EvidenceSort.SIGNATURE and item.signature else [words]
    if item.signature:
        kinds.append(f"signature {item.signature}")
    if item.score is not None and item.score >= RARE:
        # Rounded down: nothing is less expected than all.
        kinds.append(f"less expected than {math.floor(item.score * 1000) / 10:g} % of normal lines")
    return ", ".join(kinds)


def reason(item: EvidenceItem, cause: Cause, told: set[str]) -> str:
    """Return why an event speaks against a cause, and add it to ``told``; "" if it is there already."""
    own = item.accuses == cause.component and item.accused_host in (None, cause.host)
    text = item.why if own else accusation(item)
    if text.rstrip(".") in told:
        return ""
    told.add(text.rstrip("."))
    return text


def confidence_text(part: ConfidencePart) -> str:
    """Return a contribution to a confidence in words: "accused by others (strong)"."""
    size = abs(part.value)
    strength = "strong" if size >= 0.75 else "fair" if size >= 0.35 else "weak"
    return f"{part.name} ({strength}{'; ' + part.note if part.note else ''})"


def confidence_sides(cause: Cause) -> list[tuple[str, list[ConfidencePart]]]:
    """Return what speaks for a cause and what against it, without the parts that add nothing."""
    weighty = [part for part in cause.confidence_parts if abs(part.value) >= 0.005]
    sides = [
        ("Speaks for it", [part for part in weighty if part.value > 0]),
        ("Speaks against it", [part for part in weighty if part.value < 0]),
    ]
    return [(name, parts) for name, parts in sides if parts]


def request_text(path: RequestPath) -> str:
    """Return the id of the request, and of its instance if known."""
    return path.request_id + (f" (instance {path.instance_id})" if path.instance_id else "")


def span(episode: Episode) -> str:
    """Return from when to when a stretch of trouble lasted; the day once if it is one."""
    day = one_day([episode.start, episode.end])
    return f"{moment(episode.start).removesuffix(' UTC')} to {clock(episode.end)[:8] if day else moment(episode.end)[:19]} UTC"


def alone(episode: Episode) -> str:
    """Return ``--since`` and ``--until`` of ``analyze`` for this stretch of trouble, widened to whole seconds."""
    since = as_utc(episode.start).replace(microsecond=0)
    until = as_utc(episode.end)
    until += timedelta(microseconds=math.ceil(until.microsecond / 1e6) * 1_000_000 - until.microsecond)
    return f"--since {since:%Y-%m-%dT%H:%M:%SZ} --until {until:%Y-%m-%dT%H:%M:%SZ}"


def window_text(report: Report) -> str:
    """Return the window in words, and whether it was given or found."""
    window = report.window
    if window.start is None and window.end is None:
        return "the whole of the logs"
    origin = "found from the logs" if window.found else "given"
    return f"{moment(window.start)} to {moment(window.end)} ({origin})"


def reading_text(report: Report) -> str:
    """Return how much was read, and how much of it no format knew."""
    unknown = sum(file.unknown_lines for file in report.files)
    read = ", ".join(
        counted(number, what)
        for number, what in ((report.events, "event"), (report.lines, "line"), (len(report.files), "file"))
    )
    if not unknown:
        return read
    share = 100 * unknown / max(1, report.lines)
    return f"{read}; {counted(unknown, 'line')} ({share:.1f} %) in a format that is not known"


def model_text(report: Report) -> str:
    """Return the model that scored the events: name, version, source. The digest is shown apart, it is long."""
    model = report.model
    if model.source == "none":
        return "none"
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
    """Return the command with which a person records the real cause."""
    return f"openstack-rca confirm {report.id} --cause COMPONENT"
