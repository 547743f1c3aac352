"""The report as text for a terminal, a pipe or a file.

The first lines are for a person under pressure: verdict, component and host; why, how sure, since when; the line
that proves it; what to do. Everything behind that is in the rest. No line is wider than the console. Colours are
rich's business: none with ``NO_COLOR`` or where the output is not a terminal, and the text says the same without them.
"""

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from openstack_rca.logs.levels import FAILURES
from openstack_rca.plain_text import called, counted
from openstack_rca.rca.render import wording
from openstack_rca.rca.render.excerpts import EvidenceGroup, excerpt, grouped, like_text
from openstack_rca.rca.render.headline import Headline, headline, lacks, simultaneous, since_and_record
from openstack_rca.rca.render.page import HEAD_INDENT, Page
from openstack_rca.rca.render.text_pictures import ChainLine, chain_lines, chain_rows, story_lines, story_title
from openstack_rca.rca.report import Cause, Episode, EvidenceItem, FileSummary, Report, RequestPath, StoryPicture
from openstack_rca.rca.vocabulary import Verdict

EVIDENCE_IN_FULL = 5
"""Pieces of evidence of a cause that are shown with their log line; the others are listed with place and counts."""

LESS_IN_FULL = 2
"""The same for a cause that only competes with the first one."""

_FILES = 20
_HEAD_LINES = 3
_ALSO_LINES = 2
_UNCUT_LINES = 8
_LEAST_PROOF = 40
_UNCUT = 1000
_USUAL_WIDTH = 80
_TABLE_WIDTH = 72
_VERDICT_STYLES = {
    Verdict.CONFIRMED: "bold white on red",
    Verdict.LIKELY: "bold black on yellow",
    Verdict.INCONCLUSIVE: "bold black on cyan",
    Verdict.NO_FAILURE_FOUND: "bold black on green",
}
_KIND_STYLES = {"onset": "bold red", "silence": "magenta", "gap": "magenta", "recovery": "green", "window": "dim"}


def render_text(report: Report, console: Console) -> None:
    """Print the report to ``console``, at most as wide as it."""
    page = Page(console)
    own = simultaneous(report)
    head(page, report, cut=page.cuts)
    _causes(page, report, own)
    for number, cause in enumerate(report.causes[:1], start=1):
        _remedy(page, cause, f"What to do about {wording.place(cause.component, cause.host)}")
        _cause(page, number, cause, EVIDENCE_IN_FULL, own=cause in own)
    _chain(page, report)
    _timeline(page, report)
    _requests(page, report.requests)
    _stories(page, report.stories)
    _episodes(page, report.episodes)
    _similar(page, report)
    for number, cause in enumerate(report.causes[1:], start=2):
        shown = EVIDENCE_IN_FULL if cause in own else LESS_IN_FULL
        _cause(page, number, cause, shown, own=cause in own)
        _remedy(page, cause)
    if report.blast_radius:
        page.title("Blast radius")
        page.show(page.text(", ".join(report.blast_radius)), 2)
    page.list("Ruled out", [wording.ruled_out_text(entry) for entry in report.ruled_out])
    page.list("What is missing", report.missing)
    _origin(page, report)
    page.print()


def render_text_plain(report: Report, width: int = 100) -> str:
    """Return the report as text without colours, lines at most ``width`` characters."""
    output = io.StringIO()
    render_text(
        report, Console(file=output, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    )
    return output.getvalue()


def head(page: Page, report: Report, *, cut: bool) -> None:
    """Print the point of a report, the same on one screen and above all of it; with ``cut`` in the room that a screen has."""
    point = headline(report)
    for line in verdict_lines(page, point):
        page.show(line)
    most = _HEAD_LINES if cut else _UNCUT
    why = page.text(f"{point.why} {point.reach}".strip())
    page.labelled("Why:", why if page.lines_of(why) <= most else page.text(point.why), most)
    if point.proof and point.cause:
        page.labelled("Proof:", *_proof(page, point.proof, cut=cut))
    page.labelled("Do:", page.text(point.action), most)
    if point.also:
        page.labelled("Also:", page.text(point.also), _ALSO_LINES if cut else _UNCUT)
    if not point.sure and report.missing:
        page.labelled("Missing:", page.text(lacks(report)), most)


def _proof(page: Page, proof: EvidenceItem, *, cut: bool) -> tuple[Text, int]:
    """The line that proves an answer, and how many lines it has at most."""
    # A narrow screen holds the same words in more lines.
    lines = max(_HEAD_LINES, _HEAD_LINES * _USUAL_WIDTH // page.width) if cut else _UNCUT_LINES
    where = page.text(wording.spot(proof), "cyan")
    # A word that does not fit any more leaves a gap at the end of a line; the end of the excerpt must not be cut off for that.
    room = max(_LEAST_PROOF, lines * (page.width - HEAD_INDENT - 8) - len(where))
    while True:
        told = page.join(where, "  ", page.text(excerpt(proof.text, room, proof.matched)))
        if room == _LEAST_PROOF or page.lines_of(told) <= lines:
            return told, lines
        room = max(_LEAST_PROOF, room - 20)


def verdict_lines(page: Page, point: Headline) -> list[Text]:
    """The top of every terminal report: verdict, component and host, since when, how many such answers were right.

    Only names are ever cut; what does not fit behind them stands on a line of its own.
    """
    badge = f" {point.verdict.value} " if page.coloured else point.verdict.value
    first = page.join(page.text(badge, _VERDICT_STYLES[point.verdict]))
    if point.cause:
        first.append_text(page.join("  " if point.sure else "  best guess: ", page.text(point.subject, "bold")))
    lines = page.cut(first, 2, page.width)
    for fact in since_and_record(point):
        if len(lines[-1]) + 2 + len(fact) <= page.width:
            lines[-1].append(f"  {fact}")
        else:
            lines.append(page.text(fact))
    return lines


def _causes(page: Page, report: Report, own: Sequence[Cause]) -> None:
    causes = report.causes
    if not causes:
        return
    page.title("Causes, most likely first")
    if page.width < _TABLE_WIDTH:
        for number, cause in enumerate(causes, start=1):
            share = f"{wording.category_text(report, cause)}, since {wording.moment(cause.onset)}"
            page.item(
                str(number), page.join(page.text(wording.place(cause.component, cause.host), "bold"), f": {share}")
            )
    else:
        onsets = [cause.onset for cause in causes if cause.onset]
        day = wording.one_day(onsets)
        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(4):
            table.add_column(overflow="fold")
        onset = f"onset{', ' + day if day else ' (UTC)'}"
        table.add_row(*(Text(name, "dim") for name in ("#", "component", "category", onset)))
        for number, cause in enumerate(causes, start=1):
            table.add_row(
                Text(str(number)),
                page.text(wording.place(cause.component, cause.host), "bold"),
                page.text(wording.category_text(report, cause)),
                Text(
                    f"{wording.clock(cause.onset)[:8]} UTC" if day and cause.onset else wording.moment(cause.onset)[:19]
                ),
            )
        page.show(table, 2)
    if own:
        places = ", ".join(wording.place(cause.component, cause.host) for cause in own)
        page.show(page.text(f"Each failed on its own account: {places}."), 2)


def _cause(page: Page, number: int, cause: Cause, in_full: int, *, own: bool) -> None:
    page.title(f"Cause {number}: {wording.place(cause.component, cause.host)}")
    if own:
        page.show(page.text("Failed on its own account.", "bold"), 2)
    page.show(page.text(cause.statement), 2)
    if cause.explains:
        page.item("Explains:", page.text(", ".join(cause.explains)))
    for side, parts in wording.confidence_sides(cause):
        page.item(f"{side}:", page.text(", ".join(wording.confidence_text(part) for part in parts)))
    if not cause.evidence:
        page.show(page.text("No log line is cited for this cause.", "italic"), 2)
    told = {cause.statement.rstrip(".")}
    for position, group in enumerate(grouped(cause.evidence), start=1):
        why = wording.reason(group.item, cause, told)
        _evidence(page, f"{number}.{position}", group, why, in_full=position <= in_full)


def _evidence(page: Page, number: str, group: EvidenceGroup, why: str, *, in_full: bool) -> None:
    item = group.item
    place_and_time = page.join(
        page.text(wording.spot(item), "cyan"), f"  {wording.clock(item.time)}" if item.time else ""
    )
    if item.lines > 1:
        place_and_time.append(f"  ({item.lines} lines)", "dim")
    page.item(number, place_and_time)
    indent = 3 + len(number)
    page.show(page.join(page.text(wording.counts(item), "bold"), page.text(f", {wording.kind_text(item)}")), indent)
    if why:
        page.show(page.text(why), indent)
    if in_full:
        page.log_line(item.text, indent, item.matched)
    if group.like:
        page.show(page.text(like_text(group), "dim"), indent)


def _chain(page: Page, report: Report) -> None:
    if not report.chain:
        return
    page.title("Causal chain" + ("" if all(hop.supported for hop in report.chain) else " (?: no log line states it)"))
    for line in chain_lines(chain_rows(report.chain)):
        page.item(*_chain_line(page, line))


def _chain_line(page: Page, line: ChainLine) -> tuple[str, Text, int]:
    components = page.text(", ".join(line.components), "bold")
    if line.hop is None:
        return "*", components, 2
    note = f": {line.hop.note}" if line.hop.note else ""
    return ("->" if line.hop.supported else "->?"), page.join(components, page.text(note)), 2 + 2 * line.depth


def _timeline(page: Page, report: Report) -> None:
    if not report.timeline:
        return
    entries = sorted(report.timeline, key=lambda entry: wording.moment(entry.time) + wording.clock(entry.time))
    day = wording.one_day([entry.time for entry in entries])
    page.title(f"Timeline (UTC{', ' + day if day else ''})")
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for entry in entries:
        at = wording.clock(entry.time) if day else f"{wording.moment(entry.time)[:10]} {wording.clock(entry.time)}"
        style = _KIND_STYLES.get(entry.kind, "")
        who = page.text(f"{wording.place(entry.component, entry.host)}: ", "bold")
        what = page.join("" if entry.kind == "window" else who, page.text(entry.text, limit=400))
        if page.width < _TABLE_WIDTH:
            page.item(at.rstrip(), what)
        else:
            table.add_row(Text(at), page.text(entry.kind, style), what)
    page.show(table, 2)


def _requests(page: Page, paths: Sequence[RequestPath]) -> None:
    if not paths:
        return
    page.title("Failed requests, followed across the services (UTC)")
    for path in paths:
        page.item("-", page.text(wording.request_text(path), "bold"))
        for step in path.steps:
            style = "red" if step.level in FAILURES else "dim"
            where = page.text(wording.spot(step), "cyan")
            who = page.text(wording.place(step.component, step.host), "bold")
            page.item(wording.clock(step.time), page.join(page.text(step.level, style), " ", who, "  ", where), 4)
            lines = 2 if style == "red" else 1
            room = lines * (page.width - 6) - 6 * (lines - 1)
            page.show(page.text(excerpt(step.text, max(20, room))), 6)


def _stories(page: Page, stories: Sequence[StoryPicture]) -> None:
    if not stories:
        return
    page.title("Requests that did not go on (UTC)")
    for story in stories:
        page.item("-", page.text(story_title(story), "bold"))
        for line in story_lines(story):
            page.show(page.text(line), 4)
        if story.last:
            page.show(page.text("The last line before the gap:"), 4)
            page.log_line(story.last, 4)


def _episodes(page: Page, episodes: Sequence[Episode]) -> None:
    if not episodes:
        return
    page.title("Further trouble in the same logs, at other times")
    for number, episode in enumerate(episodes, start=1):
        who = page.text(wording.place(episode.component, episode.host), "bold")
        share = f"  {wording.certainty(episode.verdict, episode.confidence)}, {episode.category.value}"
        page.item(str(number), page.join(page.text(episode.verdict.value, "bold"), "  ", who, share))
        page.show(page.text(wording.span(episode)), 4)
        page.show(page.text(episode.statement), 4)
        for item in episode.evidence[:1]:
            page.show(page.join("Proof: ", page.text(wording.spot(item), "cyan")), 4)
            page.log_line(item.text, 4, item.matched)
        page.show(page.text(f"To look at it alone: {wording.alone(episode)}"), 4)


def _similar(page: Page, report: Report) -> None:
    if not report.similar:
        return
    page.title("Similar past incidents")
    for entry in report.similar:
        page.item(
            "-",
            page.join(
                page.text(wording.similar_text(entry), "bold"), f"  {wording.moment(entry.time)}  ", page.text(entry.id)
            ),
        )
        page.show(page.text(entry.issue, limit=200), 4)
        if entry.note:
            page.show(page.text(f"Note: {entry.note}", limit=400), 4)
        page.show(page.text(wording.similar_facts(entry), "dim"), 4)


def _remedy(page: Page, cause: Cause, title: str = "") -> None:
    if not (cause.remedy or cause.next_checks):
        return
    if title:
        page.title(title)
    if cause.remedy:
        page.show(page.text(cause.remedy if title else f"To do: {cause.remedy}"), 2)
    if cause.next_checks:
        page.show(page.text("Checks that change nothing:"), 2)
    for check in cause.next_checks:
        for number, line in enumerate(page.command(check, 6)):
            page.show(page.join("  " if number else "$ ", line), 4)


def _origin(page: Page, report: Report) -> None:
    page.title("How this was found")
    page.item("Issue:  ", page.text(report.issue or wording.NO_ISSUE))
    page.item("Logs:   ", page.text(wording.logs_text(report)))
    page.item("Read:   ", page.text(wording.reading_text(report)))
    page.item("Window: ", page.text(wording.window_text(report)))
    page.item("Model:  ", page.text(wording.model_text(report)))
    if report.model.digest:
        page.item("SHA-256:", page.text(report.model.digest))
    for notice in report.model.notices:
        page.item("Notice: ", page.text(notice, "yellow"))
    page.item("Mode:   ", page.text("fast" if report.fast else "hybrid"))
    page.item("Made:   ", page.text(wording.moment(report.created)))
    if report.seconds:
        page.item("Took:   ", page.text(wording.seconds_text(report)))
    if report.command:
        page.item("Again:  ", page.text(report.command))
    page.item("Report: ", page.text(report.id))
    page.item("Confirm:", page.text(f"{wording.confirm_command(report)}  (says what it really was)"))
    if report.files:
        page.show(page.text("Files, with their events, lines, lines not known and format:"), 2)
    # Those with lines of no known format say what was not seen, so they come first.
    for file in sorted(report.files, key=lambda file: -file.unknown_lines)[:_FILES]:
        page.show(page.text(_file_text(file)), 4)
    if len(report.files) > _FILES:
        page.show(page.text(f"and {len(report.files) - _FILES} more; the JSON form lists all"), 4)


def _file_text(file: FileSummary) -> str:
    unknown = f", {counted(file.unknown_lines, 'line')} not known" if file.unknown_lines else ""
    return (
        f"{called(file.file)}: {counted(file.events, 'event')}, {counted(file.lines, 'line')}, {file.format}{unknown}"
    )
