"""The report as Markdown, for tickets.

Log lines and commands stand in fenced code only. Everything else that comes from outside (names, sentences that may
quote a log) is written by the ``markdown_*`` functions of :mod:`openstack_rca.rca.sanitise`, so that nothing in it is
interpreted. Long parts come last.
"""

from __future__ import annotations

from collections.abc import Iterable

from openstack_rca.rca.render_common import (
    ChainRow,
    chain_rows,
    clock,
    confirm_command,
    counts,
    headline,
    model_text,
    moment,
    percent,
    place,
    reading_text,
    seconds_text,
    similar_facts,
    similar_text,
    spot,
    window_text,
)
from openstack_rca.rca.report import Cause, EvidenceItem, Report
from openstack_rca.rca.sanitise import markdown_cell, markdown_code, markdown_fence, markdown_prose


def render_markdown(report: Report) -> str:
    """Return the report as CommonMark with tables, ended by a line break."""
    parts = [_head(report), _causes(report.causes), _similar(report)]
    parts += [_cause(number, cause) for number, cause in enumerate(report.causes, start=1)]
    parts += [
        _chain(report),
        _timeline(report),
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
    point = headline(report)
    title = f"# {point.verdict.value}"
    if point.cause:
        guess = "" if point.sure else "best guess "
        title += f": {guess}{_place(point.cause.component, point.cause.host)}, {percent(point.cause.confidence)}"
    lines = [title, f"**Why:** {markdown_prose(point.why)}"]
    if point.cause and point.cause.onset:
        lines.append(f"**Since:** {moment(point.cause.onset)}")
    if point.proof:
        lines.append(f"**Proof:** {markdown_code(spot(point.proof))}")
    if report.missing and not point.sure:
        lines.append(f"**Lacks:** {markdown_prose('; '.join(report.missing))}")
    lines.append(f"**Do:** {markdown_prose(point.action)}")
    if report.summary != point.why:
        lines.append(f"**Summary:** {markdown_prose(report.summary)}")
    return "\n\n".join(lines)


def _causes(causes: list[Cause]) -> str:
    if not causes:
        return ""
    rows = [
        f"| {number} | {_cell(place(cause.component, cause.host))} | {cause.category.value} "
        f"| {percent(cause.confidence)} | {moment(cause.onset)} |"
        for number, cause in enumerate(causes, start=1)
    ]
    header = ["| # | component | category | confidence | onset |", "| --- | --- | --- | --- | --- |"]
    return "## Causes, most likely first\n\n" + "\n".join(header + rows)


def _similar(report: Report) -> str:
    lines = []
    for entry in report.similar:
        note = f" Note: {markdown_prose(entry.note)}" if entry.note else ""
        lines.append(
            f"{markdown_prose(similar_text(entry))}; {moment(entry.time)}, {markdown_code(entry.id)}: "
            f"{markdown_prose(entry.issue)}{note} ({markdown_prose(similar_facts(entry))})"
        )
    return _list("Similar past incidents", lines)


def _cause(number: int, cause: Cause) -> str:
    parts = [f"## Cause {number}: {_place(cause.component, cause.host)}", markdown_prose(cause.statement)]
    if cause.explains:
        parts.append("Explains: " + ", ".join(markdown_code(name) for name in cause.explains))
    if cause.confidence_parts:
        parts.append(
            f"Confidence {percent(cause.confidence)}:\n\n"
            + _bullets(
                f"`{part.value:+.2f}` {markdown_prose(part.name)}"
                + (f" ({markdown_prose(part.note)})" if part.note else "")
                for part in cause.confidence_parts
            )
        )
    if cause.remedy:
        parts.append(f"**Remedy:** {markdown_prose(cause.remedy)}")
    if cause.next_checks:
        parts.append("**Checks that change nothing:**\n\n" + markdown_fence("\n".join(cause.next_checks), "sh"))
    if cause.evidence:
        parts.append("**Evidence:**")
    else:
        parts.append("No log line is cited for this cause.")
    parts += [_evidence(f"{number}.{position}", item) for position, item in enumerate(cause.evidence, start=1)]
    return "\n\n".join(parts)


def _evidence(number: str, item: EvidenceItem) -> str:
    facts = [f"({number}) {markdown_code(spot(item))}"]
    if item.time:
        facts.append(f"{clock(item.time)} UTC")
    if item.lines > 1:
        facts.append(f"{item.lines} lines")
    facts += [f"counts {markdown_code(counts(item))}", item.sort.value]
    if item.score is not None:
        facts.append(f"score {item.score:.3f}")
    if item.signature:
        facts.append(f"signature {markdown_code(item.signature)}")
    accused = f"Accuses {_place(item.accuses, item.accused_host)}: {markdown_prose(item.why)}"
    # The text is one line by contract; a line break in it would be shown as a space.
    return f"{', '.join(facts)}\n\n{accused}\n\n{markdown_fence(item.text.replace(chr(10), ' '))}"


def _chain(report: Report) -> str:
    if not report.chain:
        return ""
    note = "" if all(hop.supported for hop in report.chain) else "A step with `?` is not stated by any log line.\n\n"
    return "## Causal chain\n\n" + note + "\n".join(_chain_row(row) for row in chain_rows(report.chain))


def _chain_row(row: ChainRow) -> str:
    indent = "  " * row.depth
    if row.hop is None:
        return f"{indent}- {markdown_code(row.component)}"
    arrow = "`->`" if row.hop.supported else "`->?`"
    note = f": {markdown_prose(row.hop.note)}" if row.hop.note else ""
    return f"{indent}- {arrow} {markdown_code(row.component)}{note}"


def _timeline(report: Report) -> str:
    if not report.timeline:
        return ""
    rows = [
        f"| {moment(entry.time)[:10]} {clock(entry.time)} | {_cell(entry.kind)} "
        f"| {_cell(place(entry.component, entry.host))} | {_cell(entry.text)} |"
        for entry in report.timeline
    ]
    header = ["| UTC | kind | component | what |", "| --- | --- | --- | --- |"]
    return "## Timeline\n\n" + "\n".join(header + rows)


def _origin(report: Report) -> str:
    facts = [
        f"Issue: {markdown_prose(report.issue)}",
        f"Logs: {', '.join(markdown_code(path) for path in report.logs)}",
        f"Read: {reading_text(report)}",
        f"Window: {window_text(report)}",
        f"Model: {markdown_prose(model_text(report))}",
    ]
    if report.model.digest:
        facts.append(f"SHA-256: {markdown_code(report.model.digest)}")
    facts += [f"Notice: {markdown_prose(notice)}" for notice in report.model.notices]
    facts += [f"Mode: {'fast' if report.fast else 'hybrid'}", f"Made: {moment(report.created)}"]
    if report.seconds:
        facts.append(f"Took: {markdown_prose(seconds_text(report))}")
    parts = ["## How this was found", _bullets(facts)]
    if report.files:
        header = ["| file | events | lines | not known | format |", "| --- | --- | --- | --- | --- |"]
        rows = [
            f"| {_cell(file.file)} | {file.events} | {file.lines} | {file.unknown_lines} | {_cell(file.format)} |"
            for file in report.files
        ]
        parts.append("\n".join(header + rows))
    if report.command:
        parts += ["Reproduce with:", markdown_fence(report.command.replace("\n", " "), "sh")]
    parts += [
        f"Report {markdown_code(report.id)}. To say what it really was:",
        markdown_fence(confirm_command(report).replace("\n", " "), "sh"),
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
