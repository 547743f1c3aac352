"""Findings that no signature makes: errors that name somebody, new errors, unusual traffic."""

import re
from collections import Counter
from typing import Any

import polars as pl

from openstack_rca.logs.levels import COMPLAINTS, FAILURES
from openstack_rca.rca.evidence.accusations import Accusation, accuse, passes_on
from openstack_rca.rca.evidence.clearance import named_like_project
from openstack_rca.rca.evidence.doubts import PORT_IS_UP
from openstack_rca.rca.evidence.error_kinds import kind_of, kind_of_error, printable_statement, telling_line
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.trouble import callers_mistakes, calm, everyday, outdated, words_of_trouble
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_MISTAKE_IN_TEMPLATE = re.compile(
    r"\b(?:BadRequest|Conflict|StackValidationFailed|OverQuota\w*): resources[.\[]"
    r"|\bForbidden: resources.{0,80}: Quota exceeded\b"
)
"""How heat passes on that a service turned down what a template orders: with the resource's name there."""

MAX_ROWS = 5
"""Events kept per finding for citing; the count tells how many there are."""

TRAFFIC_EVENTS = 20
TRAFFIC_SCORE = 0.999
TRAFFIC_NOVELTY = 0.6
MAX_TRAFFIC = 12
"""Traffic follows the load: it has no weight, is shown beside better evidence and names no cause."""

ERROR_AND_WORSE = (*FAILURES, "TRACE")
_QUOTED_CODE = r"^\s*(?:Traceback \(most recent|File \"|[~^]+\s*$|    )"

# A traceback that the log begins in the middle of starts with a line of code; what was raised stands below it.
FAILING = (
    pl.col("level").is_in(ERROR_AND_WORSE)
    & ~pl.col("message").str.contains(PORT_IS_UP)
    & (~pl.col("message").str.contains(_QUOTED_CODE) | (pl.col("detail").fill_null("") != ""))
) | (
    (pl.col("level") != "DEBUG")
    & pl.col("text").str.contains(r"(?m)^Exit code: (?:-|[1-9])|\bERROR: |^[EF]\d{4} \d\d:")
)
"""Errors by their level or by their own word for it, and commands that failed, which a service may tell at any level."""
ENDS = (pl.col("level") != "DEBUG") & (
    (pl.col("level") == "CRITICAL")
    | pl.col("message").str.contains(
        r"(?i)^(?:CRITICAL|FATAL|EMERG|PANIC)\b|\b(?:unhandled (?:error|exception)|refus\w+ to start|cannot start|can't start"
        r"|(?:could|did) not start|failed to start|unable to start|start-limit-hit|failed with result|status=\d+/[A-Z]+"
        r"|code=(?:dumped|killed)|aborting\b|fatal error|panic:|segfault at|core dumped)"
    )
    # Swift's replicators begin anew with each new ring.
    & ~pl.col("message").str.contains(r"(?i)\baborting (?:the )?current \w+ pass")
)
"""What ends a process, or keeps it from starting, says so in words that every level may carry."""

_SUBJECT = re.compile(
    r"^([\w@.-]+?)(?:\.service)?: |\b(?:start|stop|reload|restart) ([\w@.-]+)\.service\b"
    r"|^Failed to start (?:(?:The )?OpenStack )?([\w][\w .-]*?)\.?$"
)
"""Whom a host's kernel and its manager of services speak of: before a colon, as a unit, or by its description."""

_CLUSTER_LOG = "ceph-mon"
_OF_CLUSTER = re.compile(r"(?i)\b(osd|mds|mgr)(?:s?\b|[._(]\w)|\bpgs?\b|\bPG_|\b(?:deep-)?scrub|\bshard \d")
"""Whom the cluster log is about, which Ceph's monitors write for everybody: daemons, and placement groups, which OSDs hold."""

_OWN_OF_MONITOR = re.compile(r"^mon\.\S+?@-?\d+\([^)]*\)(?:\.\w+(?:\([^)]*\))?)?(?: [ev]\d+)?|\"prefix\": ?\"[^\"]*\"")
"""What names no daemon in a monitor's own lines: the map that the monitor keeps, and a command that it was given."""

_LEVELS = {"WARNING": "a warning", "INFO": "a line"}
"""How a line of a level is called; all others are errors."""

_UNTOLD = {HOST: Category.PROCESS_DOWN, _CLUSTER_LOG: Category.STORAGE}
"""Kinds of what these tell of others without a word for it."""


def volume(count: int) -> float:
    """Factor of a symptom's weight, at most 1, that grows with its count: a single one may be one user's mishap."""
    table = current()
    return min(1.0, table.once + count / table.many)


def expected_text(normal_per_minute: float | None, minutes: float) -> str:
    """How many such events the window would hold if all were well, for the report; empty where nobody knows."""
    if normal_per_minute is None:
        return ""
    expected = normal_per_minute * minutes
    return f"{expected:.0f}" if expected == 0 or expected >= 1 else f"{expected:.1g}"


def generic_accusations(rest: pl.DataFrame, topology: Topology, minutes: float) -> list[Finding]:
    """Accusations read from addresses and traceback frames of errors that no signature explains."""
    troubled = rest.filter(pl.col("level").is_in(COMPLAINTS))
    found: dict[tuple[str, str, str | None], list[tuple[dict[str, Any], Accusation]]] = {}
    for event in troubled.select(
        *("row", "time", "component", "host", "text", "logger", "level", "novelty", "normal_per_minute"),
        *("message", "exception", "detail", "stands_for"),
    ).iter_rows(named=True):
        told = telling_line(event["message"], event["exception"], event["detail"])
        accusation = accuse(event["text"], event["component"], topology, event["logger"], told)
        if accusation is not None and not (accusation.vague and event["level"] == "WARNING"):
            key = (accusation.component, event["component"], event["host"])
            found.setdefault(key, []).append((event, accusation))
    findings = []
    for (accused, accuser, host), items in found.items():
        clear = [item for item in items if not item[1].vague]
        weight = max(item[1].weight for item in clear or items)
        if not clear:
            weight *= min(1.0, sum(item[0]["stands_for"] for item in items) / current().many)
        kinds = Counter(item[1].category for item in clear or items)
        kind = max(kinds, key=lambda category: kinds[category])
        leading = [item for item in clear or items if item[1].category is kind]
        event, accusation = leading[0]
        words = printable_statement(event["message"], event["exception"], event["detail"])
        times = [item[0]["time"] for item in items]
        findings.append(
            Finding(
                sort=EvidenceSort.NEW_TEMPLATE,
                directness=Directness.ACCUSATION,
                accused=accused,
                accuser=accuser,
                accuser_host=host,
                category=accusation.category,
                title=f"{accuser} says that {accusation.why}: {words}",
                why=accusation.why,
                weight=weight,
                rows=tuple(item[0]["row"] for item in leading[:MAX_ROWS]),
                count=sum(item[0]["stands_for"] for item in items),
                first=min(times),
                last=max(times),
                novelty=max(item[0]["novelty"] for item in items),
                baseline=expected_text(event["normal_per_minute"], minutes),
                unexplained=any(item[0]["level"] != "WARNING" for item in items),
                # Who repeats what the server that it called was told knows the kind of fault least.
                vague=not clear or all(one.quoted for _, one in items),
            )
        )
    return findings


def of_one_kind(events: pl.DataFrame, **further: pl.Expr) -> pl.DataFrame:
    """One row for each template of a component on a host: ``rows`` (the first), ``count``, ``first``, ``last``, ``novelty``,
    ``normal`` (events a minute) and the aggregations ``further``.

    ``events`` are events with words, or all that are counted.
    """
    return (
        events.sort("time", "row")
        .group_by("component", "host", "template_id", maintain_order=True)
        .agg(
            rows=pl.col("row").head(MAX_ROWS),
            count=pl.col("stands_for").sum() if "stands_for" in events.columns else pl.len(),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            novelty=pl.col("novelty").max(),
            normal=pl.col("normal_per_minute").max(),
            **further,
        )
    )


def new_errors(
    rest: pl.DataFrame, minutes: float, picked: bool = False, topology: Topology | None = None, few: bool = False
) -> list[Finding]:
    """Errors (and surprising warnings) that no signature knows, told in their own words.

    What ends a process, or keeps it from starting, is the component's own statement of a cause, whatever the level of the
    line; any other error is a symptom of the component that logged it. In lines that somebody picked a warning counts too.
    """
    # What else a warning of what is to be removed one day tells counts by itself.
    besides = pl.col("message").str.replace_all(r"(?i)[^.;\n]*\bdeprecated\b[^.;\n]*", "")
    surprising = (
        (pl.col("level") == "WARNING")
        & (pl.lit(picked) | (pl.col("score").fill_null(0.0) >= current().surprising_score))
        & ~(pl.col("message").str.contains(outdated()) & ~besides.str.contains(words_of_trouble()))
    )
    troubled = (
        ~pl.col("level").is_in(("DEBUG", *ERROR_AND_WORSE))
        & (pl.col("novelty") >= current().new)
        & ~FAILING
        & pl.col("message").str.replace_all(calm(), "").str.contains(words_of_trouble())
        & ~pl.col("message").str.contains(callers_mistakes())
        & pl.lit(few)
    )
    below = ~pl.col("component").str.contains(named_like_project()) | pl.col("component").str.starts_with("ovn-")
    harmless = below & pl.col("message").str.contains(everyday())
    errors = rest.with_columns(ends=ENDS, troubled=troubled).filter(
        pl.any_horizontal("ends", FAILING, surprising, "troubled") & ~harmless.fill_null(value=False)
    )
    groups = of_one_kind(
        errors,
        message=pl.col("message").first(),
        exception=pl.col("exception").first(),
        detail=pl.col("detail").first(),
        level=pl.col("level").first(),
        ends=pl.col("ends").any(),
        troubled=pl.col("troubled").any(),
        surprising=(pl.col("score") >= current().expected_score).mean(),
    )
    return [_unknown_error(group, minutes, topology) for group in groups.iter_rows(named=True)]


def subject_of(logger: str, message: str, topology: Topology) -> str | None:
    """The component that a line of a host, or of a cluster's monitor, is about, where the line names one."""
    if logger == _CLUSTER_LOG and (of_cluster := _OF_CLUSTER.search(_OWN_OF_MONITOR.sub("", message))):
        return topology.canonical(of_cluster[1] or "osd")
    if logger != HOST:
        return None
    found = _SUBJECT.search(message)
    if found is None:
        return None
    named = next(name for name in found.groups() if name)
    words = re.sub(r"(?i)\bopen vswitch\b", "openvswitch", named).lower().replace(" ", "-")
    if not found[3]:
        return topology.canonical(words)
    # A description that begins with a plain word for a part of the cloud is of a program that has to do with it.
    described = topology.component_of_backend(words)
    return None if described in (HOST, NETWORK, STORAGE) else described


def _unknown_error(group: dict[str, Any], minutes: float, topology: Topology | None) -> Finding:
    """The finding of one kind of error, in its own words."""
    known, warning = (
        group["normal"] is not None,
        not group["ends"] and (group["level"] == "WARNING" or group["troubled"]),
    )
    by_model = known and (group["normal"] > 0 or warning)
    why = "not seen in normal logs" if not group["normal"] else "much more frequent than normal"
    told = telling_line(group["message"], group["exception"], group["detail"])
    texts = (told, group["message"], group["detail"] or "")
    table = current()
    weight = table.telling if group["ends"] else (table.warning if warning else table.error) * volume(group["count"])
    if by_model and not warning and group["surprising"] is not None:
        # There is more of it, but where it came the network expected it: there is more of what it follows from.
        weight *= table.foreseen + (1.0 - table.foreseen) * group["surprising"]
    if not group["ends"] and any(passes_on(text) for text in texts):
        weight *= table.left
    words = printable_statement(group["message"], group["exception"], group["detail"])
    managed = subject_of(group["component"], group["message"], topology) if topology else None
    return Finding(
        sort=EvidenceSort.MODEL_ANOMALY if by_model else EvidenceSort.NEW_TEMPLATE,
        directness=Directness.CAUSE if group["ends"] else Directness.SYMPTOM,
        accused=managed or group["component"],
        accused_host=group["host"],
        accuser=group["component"],
        accuser_host=group["host"],
        category=kind_of_error(group["component"], *texts, untold=_UNTOLD[group["component"]] if managed else None),
        vague=kind_of(*texts) is None,
        title=f"{managed or group['component']}: {words}",
        why=why if known else f"{_LEVELS.get(group['level'], 'an error')}, on a cloud whose normal logs are not known",
        weight=weight * (1.0 if known or group["ends"] else table.unknown_normal),
        rows=tuple(group["rows"]),
        proofs=(told,),
        count=group["count"],
        first=group["first"],
        last=group["last"],
        novelty=group["novelty"],
        baseline=expected_text(group["normal"], minutes),
        unexplained=(not warning or group["troubled"]) and not _turned_down(group["component"], told),
    )


def _turned_down(component: str, told: str) -> bool:
    """Whether heat tells that a service turned down what a user's template orders."""
    return component == "heat-engine" and _MISTAKE_IN_TEMPLATE.search(told) is not None


def unusual_traffic(rest: pl.DataFrame, minutes: float) -> list[Finding]:
    """Ordinary lines that come far more often than normal, or that the model finds most surprising: context, no proof."""
    more = pl.col("familiar") & (pl.col("novelty") >= TRAFFIC_NOVELTY)
    ordinary = rest.filter(more & ~pl.col("level").is_in(COMPLAINTS))
    groups = (
        of_one_kind(ordinary, score=pl.col("score").max())
        .filter((pl.col("count") >= TRAFFIC_EVENTS) | (pl.col("score").fill_null(0.0) >= TRAFFIC_SCORE))
        .sort("count", descending=True)
        .head(MAX_TRAFFIC)
    )
    findings = []
    for group in groups.iter_rows(named=True):
        by_model = group["count"] < TRAFFIC_EVENTS
        findings.append(
            Finding(
                sort=EvidenceSort.MODEL_ANOMALY if by_model else EvidenceSort.RATE_CHANGE,
                directness=Directness.SYMPTOM,
                accused=group["component"],
                accused_host=group["host"],
                accuser=group["component"],
                accuser_host=group["host"],
                category=Category.PROCESS_DOWN,
                title=f"Unusual lines of {group['component']}"
                if by_model
                else f"Far more lines of one kind in {group['component']}",
                why="the model did not expect it here" if by_model else "far more frequent than normal",
                weight=0.0,
                rows=tuple(group["rows"]),
                count=group["count"],
                first=group["first"],
                last=group["last"],
                novelty=group["novelty"],
                baseline=expected_text(group["normal"], minutes),
            )
        )
    return findings
