"""A report as a few lines of Markdown to paste into a ticket."""

from openstack_rca.logs.records import SkipReason
from openstack_rca.plain_text import called
from openstack_rca.rca.render.excerpts import excerpt
from openstack_rca.rca.render.headline import headline, simultaneous
from openstack_rca.rca.render.wording import confirm_command, moment, place, spot
from openstack_rca.rca.report import Report, markdown_code, markdown_prose

MOST_LINES = 30
_PROOFS = 4
_OTHERS = 3
_CHECKS = 4
_TEXT = 300
_NO_LOSS = (SkipReason.NOT_A_LOG, SkipReason.BINARY, SkipReason.SPECIAL_FILE)


def render_ticket(report: Report) -> str:
    """The answer in at most ``MOST_LINES`` lines of Markdown: cause, proof, what to do, checks."""
    point = headline(report)
    head = f"**{report.verdict.value}**"
    if point.cause:
        head += f" {markdown_prose(point.subject)} ({point.cause.category.value})"
        head += f", since {moment(point.cause.onset)}" if point.cause.onset else ""
    lines = [head, "", markdown_prose(point.why)]
    if report.issue:
        lines += ["", f"Reported as: {markdown_prose(report.issue[:_TEXT])}"]
    if point.cause and point.cause.evidence:
        lines += ["", "Proof:"]
        for item in point.cause.evidence[:_PROOFS]:
            lines.append(f"- {markdown_code(spot(item))} {markdown_code(excerpt(item.text, _TEXT, item.matched))}")
    lines += ["", f"To do: {markdown_prose(point.action)}"]
    if point.cause and point.cause.next_checks:
        lines += ["", "Checks that change nothing:"]
        lines += [f"- {markdown_code(check)}" for check in point.cause.next_checks[:_CHECKS]]
    if point.also:
        lines += ["", f"Also: {markdown_prose(point.also)}"]
    own = simultaneous(report)
    less = [cause for cause in report.causes[1:] if cause not in own]
    if others := [markdown_prose(place(cause.component, cause.host)) for cause in less[:_OTHERS]]:
        lines += ["", f"Less likely: {', '.join(others)}"]
    unread = [file for file in report.files if file.skip not in (None, *_NO_LOSS)]
    if named := [f"{markdown_code(called(file.file))} ({file.skip})" for file in unread[:_OTHERS]]:
        more = f" and {len(unread) - len(named)} more" if len(unread) > len(named) else ""
        lines += ["", f"Not read, or only in part: {', '.join(named)}{more}"]
    lines += ["", f"Report {markdown_code(report.id)}; once you know: {markdown_code(confirm_command(report))}"]
    return "\n".join(lines) + "\n"
