"""What a question about a report asks, by its words: its sort, and the components, host, times and request that it names."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from itertools import pairwise

from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.report import EvidenceItem, Report


class Asked(StrEnum):
    """What a question is about."""

    GREETING = "greeting"
    WHY_NOT = "why not"
    EVIDENCE = "evidence"
    REQUESTS = "requests"
    COMPARE = "compare"
    SINCE = "since when"
    AT = "what happened at"
    CHECKS = "what to check"
    HOST = "only one host"
    WHY = "why"
    UNKNOWN = "unknown"


_GREETING = re.compile(
    r"\s*(?:hi|hello|hey|hallo|moin|good (?:morning|day|afternoon|evening)|thanks?|thank you|ok(?:ay)?|cheers|bye|test|"
    r"help|who are you|what (?:are you|can (?:i|you) (?:ask|do))|how are you)(?: (?:there|all|you|very much|so much|a lot))*"
    r"[\s.!?]*",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])")
_REQUEST = re.compile(r"req-[0-9a-f]{8}[0-9a-f-]*", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PLAIN_WORDS = {"host", "network", "storage"}
"""Components whose names are words of many questions; they count where one asks for a reason, or the report names them."""
_SORTS: tuple[tuple[Asked, str], ...] = (
    (Asked.COMPARE, r"\bcompare\b|\byesterday\b|\blast week\b|\bdifferent from\b"),
    (Asked.WHY_NOT, r"\bwhy not\b|\bwhy (?:is|was)(?:n't| it not| not)\b|\bcould (?:it|this) (?:also )?be\b|\bruled? out\b"
                    r"|^\s*(?:is|was) (?:it|this)\b|^\s*not\b|\bwhat about\b|\binstead of\b"),
    (Asked.EVIDENCE, r"\bevidence\b|\bproofs?\b|\bprove[sn]?\b|\bshow (?:me )?(?:the )?(?:log )?lines?\b|\bwhich lines?\b"),
    (Asked.REQUESTS, r"\brequests?\b.*\bfail|\bfail\w*\b.*\brequests?\b|\breq-[0-9a-f]{8}"),
    (Asked.SINCE, r"\bsince when\b|\bhow long\b|\bonset\b|\bwhen (?:did|does|was|has)\b.*\b(?:start|beg[ai]n|fail|happen|break)"),
    (Asked.AT, r"\bwhat (?:else )?(?:happened|happens|was going on|went on|was logged)\b|\btimeline\b|\bin (?:what )?order\b"),
    (Asked.CHECKS, r"\bwhat\b.*\b(?:check|do|try|look at)\b|\bhow\b.*\b(?:fix|repair|verify|confirm|check|solve)\b"
                   r"|\bnext (?:steps?|checks?)\b|\bremedy\b|\bchecks?\b"),
    (Asked.HOST, r"\bonly\b|\bjust\b|\bon (?:the )?host\b"),
    (Asked.WHY, r"\bwhy\b|\bhow (?:do you know|sure|certain|come)\b|\breasons?\b|\bwhat makes\b|\bexplain\b"),
)  # fmt: skip
_PATTERNS = tuple((asked, re.compile(pattern, re.IGNORECASE)) for asked, pattern in _SORTS)


_BEHIND_ON = re.compile(r"\b(?:on|host)\s+(?:the\s+|host\s+)*(?P<name>[A-Za-z0-9][\w.-]{1,80})", re.IGNORECASE)


def is_small_talk(text: str) -> bool:
    """Whether this is a greeting or the like, which asks nothing of any logs."""
    return not text.strip() or _GREETING.fullmatch(text) is not None


def accused(report: Report) -> list[str]:
    """Components that the report says something about, those that it ranks first."""
    found = [cause.component for cause in report.causes] + [item.component for item in report.ruled_out]
    found += [item.accuses for item in cited(report)]
    return list(dict.fromkeys(found))


def hosts(report: Report) -> list[str]:
    """Hosts that the report names, those of its causes first."""
    named = [name.strip() for cause in report.causes for name in (cause.host or "").split(",")]
    named += [name for item in cited(report) for name in (item.host, item.accused_host) if name]
    named += [entry.host for entry in report.timeline if entry.host]
    return list(dict.fromkeys(name for name in named if name))


def cited(report: Report) -> list[EvidenceItem]:
    """Every piece of evidence once, of the first cause first."""
    found = {(item.file, item.line): item for cause in report.causes for item in cause.evidence}
    return list(found.values())


def _components_in(question: str, report: Report, asked: Asked) -> list[str]:
    known = (
        set(accused(report)) | {hop.target for hop in report.chain} | {name.split()[0] for name in report.blast_radius}
    )
    known |= _PLAIN_WORDS - {"host"} if asked in (Asked.WHY, Asked.WHY_NOT) else set()
    canonical = load_topology().canonical
    words = _WORD.findall(question)
    # Names of two words, "nova compute", before their parts.
    pairs = [f"{first}-{second}" for first, second in pairwise(words)]
    found: list[str] = []
    for word in [*pairs, *words]:
        name = word.lower() if word.lower() in known else canonical(word)
        if (
            name is None
            or (name in _PLAIN_WORDS and name not in known)
            # Part of a pair that named somebody.
            or (word in words and any(word in pair.split("-") and canonical(pair) in found for pair in pairs))
        ):
            continue
        found.append(name)
    return list(dict.fromkeys(found))


def _host_in(question: str, report: Report) -> str | None:
    words = {word.lower() for word in _WORD.findall(question)}
    return next((host for host in hosts(report) if host.lower() in words or host.split(".")[0].lower() in words), None)


def unknown_host_in(question: str, report: Report) -> str:
    """The host that a question names behind "on" or "host" and that the report does not tell of; empty if none.

    Only a name with a digit or a dot inside is taken for one: other words behind "on" are no hosts as a rule.
    """
    for found in _BEHIND_ON.finditer(question):
        name = found["name"].rstrip(".-")
        is_name = (
            re.search(r"\d|\w\.\w", name) and re.search("[A-Za-z]", name) and load_topology().canonical(name) is None
        )
        if is_name and _host_in(name, report) is None:
            return name
    return ""


def clocks_in(question: str, day: datetime) -> list[datetime]:
    """The times of day that a question names, on the day of ``day``."""
    found = []
    for hour, minute, second in _CLOCK.findall(question):
        if int(hour) < 24 and int(minute) < 60 and int(second or 0) < 60:
            found.append(datetime.combine(day.date(), time(int(hour), int(minute), int(second or 0)), day.tzinfo))
    return found


def request_in(question: str) -> str:
    """The id of a request, or its beginning, that a question names; empty if none."""
    found = _REQUEST.search(question)
    return found[0] if found else ""


@dataclass(frozen=True)
class Understood:
    """A question's sort, the components that it names, and a host of the report, if it names one."""

    asked: Asked
    components: list[str]
    host: str | None


def understand(question: str, report: Report) -> Understood:
    """Make out what is asked about a report."""
    asked = next((asked for asked, pattern in _PATTERNS if pattern.search(question)), Asked.UNKNOWN)
    names, host = _components_in(question, report, asked), _host_in(question, report)
    if asked in (Asked.UNKNOWN, Asked.WHY_NOT) and host and not names:
        asked = Asked.HOST
    if asked is Asked.UNKNOWN and _CLOCK.search(question) and len(_WORD.findall(question)) <= 4:
        asked = Asked.AT
    if asked is Asked.HOST and host is None:
        asked = Asked.UNKNOWN
    return Understood(asked, names, host)
