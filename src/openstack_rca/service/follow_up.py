"""Questions about a report, understood by their words alone: the answer is what the report holds, nothing is guessed.

A question is of one of the sorts in ``Asked``; what fits none of them is told what can be asked instead.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from openstack_rca.plain_text import counted
from openstack_rca.rca.render import as_utc, certainty, clock, confidence_sides, confidence_text, moment, place
from openstack_rca.rca.report import Cause, EvidenceItem, Report
from openstack_rca.service.asked import (
    Asked,
    accused,
    cited,
    clocks_in,
    hosts,
    is_small_talk,
    request_in,
    understand,
    unknown_host_in,
)
from openstack_rca.service.earlier import Earlier, compare_with_earlier

MOST_LINES = 12
MOST_EVIDENCE = 6
AROUND = timedelta(minutes=1)
NO_PAST = Earlier()
Beside = Callable[[datetime], str]


@dataclass(frozen=True)
class Reply:
    """The answer to a question about a report, with log lines and commands that only read; its text is not sanitised yet."""

    asked: Asked
    lines: list[str]
    evidence: list[EvidenceItem] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def what_can_be_asked(report: Report | None = None) -> list[str]:
    """Examples of questions, as sentences; for a report, with names that occur in it."""
    if report is None:
        return ["Choose logs and say what is wrong, for example: Instances stay in BUILD."]
    begun = report.causes[0].onset if report.causes else None
    at = f"what happened at {clock(begun or report.window.start or report.created)[:5]}"
    if not report.causes:
        return [f"About this report you can ask: {at}; which requests failed; could it be rabbitmq; what to check."]
    first = report.causes[0].component
    others = [name for name in accused(report) if name != first]
    why_not = f"why not {others[0]}; " if others else ""
    only = "".join(f"; only host {host}" for host in hosts(report)[:1])
    return [
        f"About this report you can ask: why {first}; {why_not}show the evidence of {[*others, first][0]}; {at}; "
        f"since when; which requests failed; what to check{only}."
    ]


def follow_up(question: str, report: Report, earlier: Earlier = NO_PAST, beside: Beside = lambda when: "") -> Reply:
    """Answer a question about a report from the report; a comparison uses the reports before it (``earlier``).

    ``beside`` takes a time and gives the text to put after it, such as the same time in the reader's zone. A question of no
    known sort is answered with examples of what can be asked.
    """
    if is_small_talk(question):
        return Reply(Asked.GREETING, what_can_be_asked(report))
    about = understand(question, report)
    asked, names, host = about.asked, about.components, about.host
    answers: dict[Asked, Callable[[], Reply]] = {
        Asked.WHY: lambda: _why(report, names, asked),
        Asked.WHY_NOT: lambda: _why(report, names, asked),
        Asked.EVIDENCE: lambda: _evidence(report, names, host),
        Asked.AT: lambda: _at(report, question, beside),
        Asked.SINCE: lambda: _since(report, names, beside),
        Asked.REQUESTS: lambda: _requests(report, question, beside),
        Asked.CHECKS: lambda: _checks(report, names, host),
        Asked.HOST: lambda: _on_host(report, host or "", beside),
        Asked.COMPARE: lambda: Reply(asked, compare_with_earlier(question, report, earlier)),
    }
    strange = unknown_host_in(question, report)
    if strange and asked in (Asked.HOST, Asked.CHECKS, Asked.EVIDENCE, Asked.UNKNOWN):
        told = ", ".join(hosts(report)[:MOST_LINES])
        asked = Asked.HOST if asked is Asked.UNKNOWN else asked
        return Reply(asked, [f"This report tells of no host {strange}.", *([f"It tells of {told}."] if told else [])])
    if asked in answers:
        return answers[asked]()
    return Reply(Asked.UNKNOWN, ["This report does not tell that.", *what_can_be_asked(report)])


def _why(report: Report, names: list[str], asked: Asked) -> Reply:
    first = report.causes[0].component if report.causes else ""
    wanted = names or ([first] if first and asked is Asked.WHY else [item.component for item in report.ruled_out[:4]])
    lines: list[str] = []
    evidence: list[EvidenceItem] = []
    for name in wanted:
        told, items = _about(report, name)
        lines += told
        evidence += items
    if not lines:
        lines = [report.summary]
        lines += ["No other component was accused."] if asked is Asked.WHY_NOT else []
    return Reply(asked, lines[:MOST_LINES], evidence[:MOST_EVIDENCE])


def _about(report: Report, name: str) -> tuple[list[str], list[EvidenceItem]]:
    """What the report says of a component: a cause, ruled out, in trouble by another one, or nothing."""
    for number, cause in enumerate(report.causes, 1):
        if cause.component == name:
            return _about_cause(report, cause, number), cause.evidence[:3]
    items = [item for item in cited(report) if item.accuses == name]
    reasons = [f"{item.component} was ruled out: {item.reason}" for item in report.ruled_out if item.component == name]
    if reasons:
        return reasons, items[:3]
    explained = [cause for cause in report.causes if name in cause.explains]
    if explained:
        by = place(explained[0].component, explained[0].host)
        return [
            f"{name} is in trouble, and {by} accounts for that; nothing says that it failed on its own account."
        ], items[:3]
    logged = [item for item in cited(report) if item.service == name]
    if logged:
        return [f"{name} complains about others; no line of these logs speaks against {name} itself."], logged[:3]
    return [f"No line of these logs speaks against {name}."], []


def _about_cause(report: Report, cause: Cause, number: int) -> list[str]:
    where = place(cause.component, cause.host)
    rank = f"is cause {number} of {len(report.causes)}, not the first"
    if number == 1:
        rank = f"is the first cause ({certainty(report.verdict, cause.confidence)})"
    lines = [f"{where} {rank}: {cause.statement}"]
    for side, parts in confidence_sides(cause):
        lines.append(f"{side}: {', '.join(confidence_text(part) for part in parts)}.")
    if cause.explains:
        lines.append(f"It accounts for the trouble of {', '.join(cause.explains)}.")
    if number > 1:
        first = report.causes[0]
        told = certainty(report.verdict, first.confidence)
        lines.append(f"{place(first.component, first.host)} comes before it ({told}): {first.statement}")
    return lines


def _evidence(report: Report, names: list[str], host: str | None) -> Reply:
    items = cited(report)
    if names:
        of_cause = [item for cause in report.causes if cause.component in names for item in cause.evidence]
        against = [item for item in items if item.accuses in names or item.service in names]
        items = list({(item.file, item.line): item for item in [*of_cause, *against]}.values())
    elif report.causes and host is None:
        items = report.causes[0].evidence
    if host:
        items = [item for item in items if host in (item.host, item.accused_host)]
    subject = " and ".join(names) or (report.causes[0].component if report.causes else "a failure")
    more = f", the first {MOST_EVIDENCE} below" if len(items) > MOST_EVIDENCE else ""
    line = (
        f"{counted(len(items), 'line')} of evidence about {subject}{more}."
        if items
        else f"The report cites no line about {subject}."
    )
    return Reply(Asked.EVIDENCE, [line], items[:MOST_EVIDENCE])


def _at(report: Report, question: str, beside: Beside) -> Reply:
    told = sorted([(as_utc(when), text) for when, text in _happenings(report)], key=lambda item: item[0])
    if not told:
        return Reply(Asked.AT, ["The report holds no times."])
    named = clocks_in(question, as_utc(report.window.start or told[0][0]))
    if named:
        start, end = (named[0], named[1]) if len(named) > 1 else (named[0] - AROUND, named[0] + AROUND)
        near = [(when, text) for when, text in told if start <= when <= end]
        if not near:
            nearest = min(told, key=lambda item: abs(item[0] - named[0]))
            return Reply(
                Asked.AT,
                [
                    f"The report tells of nothing within a minute of {named[0]:%H:%M:%S} UTC; nearest to it:",
                    _timed(*nearest, beside),
                ],
            )
        told = near
    items = [item for item in cited(report) if named and item.time and start <= as_utc(item.time) <= end]
    return Reply(Asked.AT, [_timed(when, text, beside) for when, text in told[:MOST_LINES]], items[:3])


def _happenings(report: Report) -> Iterable[tuple[datetime, str]]:
    yield from ((entry.time, f"{place(entry.component, entry.host)}: {entry.text}") for entry in report.timeline)
    if not report.timeline:
        yield from ((item.time, f"{item.file}:{item.line} {item.text}") for item in cited(report) if item.time)


def _timed(when: datetime, text: str, beside: Beside) -> str:
    return f"{when:%H:%M:%S} UTC{beside(when)}  {text}"


def _since(report: Report, names: list[str], beside: Beside) -> Reply:
    causes = [cause for cause in report.causes if not names or cause.component in names] or report.causes[:1]
    lines = [
        f"{place(cause.component, cause.host)}: since {moment(cause.onset)}{beside(cause.onset)}" if cause.onset else
        f"{place(cause.component, cause.host)}: the logs do not tell when it began."
        for cause in causes[:3]
    ]  # fmt: skip
    last = max((as_utc(entry.time) for entry in report.timeline), default=None)
    lines += [f"The last thing that the timeline tells of is at {moment(last)}{beside(last)}."] if last else []
    back = [entry for entry in report.timeline if entry.kind == "recovery"]
    lines += [
        f"Recovered: {place(entry.component, entry.host)} at {moment(entry.time)}{beside(entry.time)}."
        for entry in back[:3]
    ]
    return Reply(Asked.SINCE, lines or ["Nothing failed in these logs."])


def _requests(report: Report, question: str, beside: Beside) -> Reply:
    named = request_in(question)
    paths = report.requests
    if named:
        paths = [path for path in paths if path.request_id.lower().startswith(named.lower())]
        if not paths:
            return Reply(Asked.REQUESTS, [f"The report does not follow {named}; search for it in Explore."])
    lines = []
    for path in paths[:4]:
        lines.append(path.request_id + (f", instance {path.instance_id}" if path.instance_id else ""))
        shown = path.steps if named else path.steps[-1:]
        lines += [
            f"  {clock(step.time)[:8]} UTC{beside(step.time)} {place(step.component, step.host)} {step.level}: {step.text}"
            for step in shown
        ]
    lines += [
        f"{story.name}: begun {clock(story.begun)[:8]} UTC{beside(story.begun)}, and it did not go on."
        for story in report.stories[:2]
    ]
    lines += [f"{len(paths) - 4} more in the report."] if len(paths) > 4 else []
    return Reply(Asked.REQUESTS, lines or ["No failed request could be followed in these logs."])


def _checks(report: Report, names: list[str], host: str | None) -> Reply:
    if not report.causes:
        return Reply(Asked.CHECKS, ["Nothing failed in these logs, so there is nothing to check."])
    wanted = [cause for cause in report.causes if not names or cause.component in names]
    there = [cause for cause in wanted if host is not None and host in (cause.host or "").split(",")]
    causes = there or (wanted if names else report.causes[:1]) or report.causes[:1]
    elsewhere = [f"No cause{' of this kind' if names else ''} lies on {host}; the checks are of what lies elsewhere."]
    lines = [
        *(elsewhere if host is not None and not there else []),
        *(
            f"{place(cause.component, cause.host)}: {cause.remedy or 'what to do depends on these checks.'}"
            for cause in causes
        ),
    ]
    return Reply(Asked.CHECKS, lines, checks=[check for cause in causes for check in cause.next_checks])


def _on_host(report: Report, host: str, beside: Beside) -> Reply:
    causes = [cause for cause in report.causes if host in (cause.host or "")]
    lines = [f"Cause: {place(cause.component, cause.host)}: {cause.statement}" for cause in causes]
    lines += [
        _timed(as_utc(entry.time), f"{entry.component}: {entry.text}", beside)
        for entry in report.timeline
        if entry.host == host
    ]
    items = [item for item in cited(report) if host in (item.host, item.accused_host)]
    return Reply(Asked.HOST, lines[:MOST_LINES] or [f"The report tells of no fault on {host}."], items[:MOST_EVIDENCE])
