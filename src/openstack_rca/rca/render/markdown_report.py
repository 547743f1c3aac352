"""The report as Markdown, for tickets.

Log lines and commands stand in fenced code, excerpts of log lines in code spans. Everything else that comes from
outside (names, sentences that may quote a log) is written by the ``markdown_*`` functions of
:mod:`openstack_rca.rca.report.sanitise`, so that nothing in it is interpreted. Long parts come last.
"""

from collections.abc import Iterable

from openstack_rca.plain_text import called
from openstack_rca.rca.render import wording
from openstack_rca.rca.render.excerpts import EvidenceGroup, excerpt, grouped, like_text
from openstack_rca.rca.render.headline import headline, lacks, simultaneous, since_and_record
from openstack_rca.rca.render.text_pictures import ChainLine, chain_lines, chain_rows, story_lines, story_title
from openstack_rca.rca.report import (
    Cause,
    Episode,
    Report,
    RequestPath,
    StoryPicture,
    markdown_cell,
    markdown_code,
    markdown_fence,
    markdown_prose,
)

LOG_LIMIT = 1000
"""Characters of a log line that a ticket shows."""

_PROOF_LIMIT = 240
_STEP_LIMIT = 160


def render_markdown(report: Report) -> str:
    """Return the report as CommonMark with tables, ended by a line break."""
    parts = [_head(report), _causes(report), _similar(report)]
    parts += [_cause(number, cause, report) for number, cause in enumerate(report.causes, start=1)]
    parts += [
        _chain(report),
        _timeline(report),
        _requests(report.requests),
        _stories(report.stories),
        _episodes(report.episodes),
        _list("Blast radius", (markdown_prose(value) for value in report.blast_radius)),
        _list(
            "Ruled out",
            (f"{markdown_code(entry.component)}: {markdown_prose(entry.reason)}" for entry in report.ruled_out),
        ),
        _list("What is missing", (markdown_prose(value) for value in report.missing)),
        _origin(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> str:
    """The point in a few lines: a title and a list right below it."""
    point = headline(report)
    title = f"# {point.verdict.value}"
    if point.cause:
        guess = "" if point.sure else "best guess "
        title += ", ".join([f": {guess}{_place(point.cause.component, point.cause.host)}", *since_and_record(point)])
    facts = [f"**Why:** {markdown_prose(f'{point.why} {point.reach}')}"]
    if point.proof and point.cause:
        proof = markdown_code(excerpt(point.proof.text, _PROOF_LIMIT, point.proof.matched))
        facts.append(f"**Proof:** {markdown_code(wording.spot(point.proof))} {proof}")
    facts.append(f"**Do:** {markdown_prose(point.action)}")
    if point.also:
        facts.append(f"**Also:** {markdown_prose(point.also)}")
    if report.missing and not point.sure:
        facts.append(f"**Missing:** {markdown_prose(lacks(report))}")
    return f"{title}\n{_bullets(facts)}"


def _causes(report: Report) -> str:
    if not report.causes:
        return ""
    rows = [
        f"| {number} | {_cell(wording.place(cause.component, cause.host))} | {wording.category_text(report, cause)} "
        f"| {wording.moment(cause.onset)} |"
        for number, cause in enumerate(report.causes, start=1)
    ]
    header = ["| # | component | category | onset |", "| --- | --- | --- | --- |"]
    return "## Causes, most likely first\n\n" + "\n".join(header + rows)


def _similar(report: Report) -> str:
    lines = []
    for entry in report.similar:
        note = f" Note: {markdown_prose(entry.note)}" if entry.note else ""
        lines.append(
            f"{markdown_prose(wording.similar_text(entry))}; {wording.moment(entry.time)}, {markdown_code(entry.id)}: "
            f"{markdown_prose(entry.issue)}{note} ({markdown_prose(wording.similar_facts(entry))})"
        )
    return _list("Similar past incidents", lines)


def _cause(number: int, cause: Cause, report: Report) -> str:
    parts = [f"## Cause {number}: {_place(cause.component, cause.host)}", markdown_prose(cause.statement)]
    if any(cause is own for own in simultaneous(report)):
        parts.append("**Failed on its own account.**")
    if cause.explains:
        parts.append("Explains: " + ", ".join(markdown_code(name) for name in cause.explains))
    sides = [
        f"{side}: {', '.join(markdown_prose(wording.confidence_text(part)) for part in found)}"
        for side, found in wording.confidence_sides(cause)
    ]
    if sides:
        parts.append(_bullets(sides))
    if cause.remedy:
        parts.append(f"**Remedy:** {markdown_prose(cause.remedy)}")
    if cause.next_checks:
        parts.append("**Checks that change nothing:**\n\n" + markdown_fence("\n".join(cause.next_checks), "sh"))
    if cause.evidence:
        parts.append("**Evidence:**")
    else:
        parts.append("No log line is cited for this cause.")
    told: set[str] = set()
    for position, group in enumerate(grouped(cause.evidence), start=1):
        parts.append(_evidence(f"{number}.{position}", group, wording.reason(group.item, cause, told)))
    return "\n\n".join(parts)


def _evidence(number: str, group: EvidenceGroup, why: str) -> str:
    item = group.item
    facts = [f"({number}) {markdown_code(wording.spot(item))}"]
    if item.time:
        facts.append(f"{wording.clock(item.time)} UTC")
    if item.lines > 1:
        facts.append(f"{item.lines} lines")
    facts += [markdown_prose(wording.counts(item)), markdown_prose(wording.kind_text(item))]
    # The text is one line by contract; a line break in it would be shown as a space.
    parts = [", ".join(facts), markdown_prose(why), markdown_fence(item.text.replace(chr(10), " "), limit=LOG_LIMIT)]
    if group.like:
        parts.append(markdown_prose(like_text(group)))
    return "\n\n".join(part for part in parts if part)


def _chain(report: Report) -> str:
    if not report.chain:
        return ""
    note = "" if all(hop.supported for hop in report.chain) else "A step with `?` is not stated by any log line.\n\n"
    lines = chain_lines(chain_rows(report.chain))
    return "## Causal chain\n\n" + note + "\n".join(_chain_line(line) for line in lines)


def _chain_line(line: ChainLine) -> str:
    indent = "  " * line.depth
    components = ", ".join(markdown_code(component) for component in line.components)
    if line.hop is None:
        return f"{indent}- {components}"
    arrow = "`->`" if line.hop.supported else "`->?`"
    note = f": {markdown_prose(line.hop.note)}" if line.hop.note else ""
    return f"{indent}- {arrow} {components}{note}"


def _timeline(report: Report) -> str:
    if not report.timeline:
        return ""
    rows = [
        f"| {wording.moment(entry.time)[:10]} {wording.clock(entry.time)} | {_cell(entry.kind)} "
        f"| {_cell(wording.place(entry.component, entry.host))} | {_cell(entry.text)} |"
        for entry in report.timeline
    ]
    header = ["| UTC | kind | component | what |", "| --- | --- | --- | --- |"]
    return "## Timeline\n\n" + "\n".join(header + rows)


def _requests(paths: list[RequestPath]) -> str:
    parts = []
    for path in paths:
        rows = [
            f"| {wording.clock(step.time)} | {_cell(step.level)} | {_cell(wording.place(step.component, step.host))} "
            f"| {_cell(wording.spot(step))} | {_cell(excerpt(step.text, _STEP_LIMIT))} |"
            for step in path.steps
        ]
        header = ["| UTC | level | component | where | what |", "| --- | --- | --- | --- | --- |"]
        parts += [f"Request {markdown_prose(wording.request_text(path))}", "\n".join(header + rows)]
    return "\n\n".join(["## Failed requests, followed across the services", *parts]) if parts else ""


def _stories(stories: list[StoryPicture]) -> str:
    parts = []
    for story in stories:
        lines = [*story_lines(story), *(["the last line before the gap:", story.last] if story.last else [])]
        parts += [f"Request {markdown_prose(story_title(story))}", markdown_fence("\n".join(lines))]
    return "\n\n".join(["## Requests that did not go on", *parts]) if parts else ""


def _episodes(episodes: list[Episode]) -> str:
    parts = []
    for episode in episodes:
        place = _place(episode.component, episode.host)
        told = (
            f"**{episode.verdict.value}: {place}**, {wording.certainty(episode.verdict, episode.confidence)}, "
            f"{episode.category.value}, {wording.span(episode)}. {markdown_prose(episode.statement)}"
        )
        parts += [told, f"To look at it alone, add {markdown_code(wording.alone(episode))}."]
        for item in episode.evidence[:1]:
            parts += [
                f"Proof: {markdown_code(wording.spot(item))}",
                markdown_fence(item.text.replace(chr(10), " "), limit=LOG_LIMIT),
            ]
    return "\n\n".join(["## Further trouble in the same logs, at other times", *parts]) if parts else ""


def _origin(report: Report) -> str:
    facts = [
        f"Issue: {markdown_prose(report.issue or wording.NO_ISSUE)}",
        f"Logs: {', '.join(markdown_code(called(path)) for path in report.logs)}",
        f"Read: {wording.reading_text(report)}",
        f"Window: {wording.window_text(report)}",
        f"Model: {markdown_prose(wording.model_text(report))}",
    ]
    if report.model.digest:
        facts.append(f"SHA-256: {markdown_code(report.model.digest)}")
    facts += [f"Notice: {markdown_prose(notice)}" for notice in report.model.notices]
    facts += [f"Mode: {'fast' if report.fast else 'hybrid'}", f"Made: {wording.moment(report.created)}"]
    if report.seconds:
        facts.append(f"Took: {markdown_prose(wording.seconds_text(report))}")
    parts = ["## How this was found", _bullets(facts)]
    if report.files:
        header = ["| file | events | lines | not known | format |", "| --- | --- | --- | --- | --- |"]
        rows = [
            f"| {_cell(called(file.file))} | {file.events} | {file.lines} | {file.unknown_lines} | {_cell(file.format)} |"
            for file in report.files
        ]
        parts.append("\n".join(header + rows))
    if report.command:
        parts += ["Reproduce with:", markdown_fence(report.command.replace("\n", " "), "sh")]
    parts += [
        f"Report {markdown_code(report.id)}. To say what it really was:",
        markdown_fence(wording.confirm_command(report).replace("\n", " "), "sh"),
    ]
    return "\n\n".join(parts)


def _list(title: str, values: Iterable[str]) -> str:
    bullets = _bullets(values)
    return f"## {title}\n\n{bullets}" if bullets else ""


def _bullets(values: Iterable[str]) -> str:
    return "\n".join(f"- {value}" for value in values)


def _place(component: str, host: str | None) -> str:
    return markdown_code(component) + (f" on {markdown_code(host)}" if host else "")


def _cell(text: str) -> str:
    return markdown_cell(text, limit=300)
