"""The report as text for a terminal, a pipe or a file.

The first lines are for a person under pressure: verdict, component and host; why, how sure, since when; the first line
that proves it; what to do. Everything behind that is in the rest. No line is wider than the console. Colours are
rich's business: none with ``NO_COLOR`` or where the output is not a terminal, and the text says the same without them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from openstack_rca.rca.render_common import (
    ChainRow,
    accusation,
    chain_rows,
    clock,
    confirm_command,
    counts,
    essence,
    headline,
    model_text,
    moment,
    one_day,
    percent,
    place,
    reading_text,
    ruled_out_text,
    seconds_text,
    similar_facts,
    similar_text,
    spot,
    window_text,
)
from openstack_rca.rca.report import Cause, ConfidencePart, EvidenceItem, Report, Verdict
from openstack_rca.rca.sanitise import LINE_LIMIT, one_line

EVIDENCE_IN_FULL = 5
"""Pieces of evidence of a cause that are shown with their log line; the others are listed with place and counts."""

_LOG_LINES = 5
_BAR_WIDTH = 10
_HEAD_LINES = 5
_TABLE_WIDTH = 72
_VERDICT_STYLES = {
    Verdict.CONFIRMED: "bold white on red",
    Verdict.LIKELY: "bold black on yellow",
    Verdict.INCONCLUSIVE: "bold black on cyan",
    Verdict.NO_FAILURE_FOUND: "bold black on green",
}
_KIND_STYLES = {"onset": "bold red", "silence": "magenta", "recovery": "green", "window": "dim"}


def render_text(report: Report, console: Console) -> None:
    """Print the report to ``console``, at most as wide as it."""
    page = _Page(console)
    _head(page, report)
    _causes(page, report.causes)
    _similar(page, report)
    for number, cause in enumerate(report.causes, start=1):
        _evidence(page, number, cause)
    _chain(page, report)
    _timeline(page, report)
    page.list("Blast radius", report.blast_radius)
    page.list("Ruled out", [ruled_out_text(entry) for entry in report.ruled_out])
    page.list("What is missing", report.missing)
    for number, cause in enumerate(report.causes, start=1):
        _remedy(page, number, cause)
    _origin(page, report)


def render_text_plain(report: Report, width: int = 100) -> str:
    """Return the report as text without colours, lines at most ``width`` characters."""
    output = io.StringIO()
    render_text(
        report, Console(file=output, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    )
    return output.getvalue()


class _Page:
    """A console that only ever gets harmless text, in lines without trailing blanks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii = console.options.ascii_only
        self.width = console.width
        self.coloured = console.color_system is not None and not console.no_color

    def text(self, value: str, style: str = "", limit: int = LINE_LIMIT) -> Text:
        """Return ``value`` made harmless; ``rich`` never reads a ``Text`` for markup."""
        safe = one_line(value, limit)
        if self._ascii:
            safe = safe.encode("ascii", "backslashreplace").decode("ascii")
        return Text(safe, style=style, overflow="fold")

    def join(self, *parts: Text | str | tuple[str, str]) -> Text:
        return Text.assemble(*parts, overflow="fold")

    def bar(self, share: float) -> Text:
        full, empty = ("#", "-") if self._ascii else ("\u2588", "\u2591")
        filled = round(share * _BAR_WIDTH)
        return Text.assemble((full * filled, _confidence_style(share)), (empty * (_BAR_WIDTH - filled), "dim"))

    def show(self, renderable: RenderableType, indent: int = 0) -> None:
        indent = min(indent, max(0, self.width // 4))
        options = self._console.options.update(width=max(1, self.width - indent))
        for line in self._console.render_lines(renderable, options, pad=False):
            segments = [Segment(" " * indent), *line]
            while (
                segments and not segments[-1].text.strip() and not (segments[-1].style and segments[-1].style.bgcolor)
            ):
                segments.pop()
            if segments and not (segments[-1].style and segments[-1].style.bgcolor):
                segments[-1] = Segment(segments[-1].text.rstrip(), segments[-1].style)
            self._console.print(Segments([*segments, Segment.line()]), end="")

    def clipped(self, text: Text, lines: int) -> tuple[int, bool]:
        """Print at most ``lines`` lines of ``text``; return how many, and whether something was cut off."""
        wrapped = text.wrap(self._console, self.width)
        kept = list(wrapped[:lines])
        cut = len(wrapped) > lines
        if cut:
            last = text.copy() if lines == 1 else kept[-1]
            last.truncate(max(1, self.width - 4), overflow="crop")
            last.rstrip()
            last.append(" ...")
            kept[-1] = last
        for line in kept:
            self.show(line)
        return len(kept), cut

    def title(self, value: str) -> None:
        self._console.print()
        self.show(self.text(value, "bold underline"))

    def list(self, title: str, values: Sequence[str]) -> None:
        if values:
            self.title(title)
            for value in values:
                self.item("-", self.text(value))

    def item(self, mark: str, text: Text, indent: int = 2) -> None:
        """Print ``text`` behind ``mark``, its further lines aligned with its first."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(min_width=len(mark), overflow="fold")
        grid.add_column(overflow="fold")
        grid.add_row(self.text(mark), text)
        self.show(grid, indent)


def _head(page: _Page, report: Report) -> None:
    """Print the point of the report in five lines, then what these could not hold."""
    point = headline(report)
    badge = f" {point.verdict.value} " if page.coloured else point.verdict.value
    first = page.join(page.text(badge, _VERDICT_STYLES[point.verdict]))
    if point.cause:
        first.append_text(page.join("  " if point.sure else "  best guess: ", page.text(point.subject, "bold")))
        first.append(f"  {percent(point.cause.confidence)}", _confidence_style(point.cause.confidence))
        if point.cause.onset:
            first.append(f"  since {moment(point.cause.onset)}")
    used, _ = page.clipped(first, 1 if page.width >= 80 else 2)
    why, why_cut = page.clipped(page.join(("Why:   ", "bold"), page.text(point.why)), 2 if used == 1 else 1)
    used += why
    if point.proof and point.sure:
        proof = page.join(page.text(spot(point.proof), "cyan"), "  ", page.text(essence(point.proof.text), limit=400))
        used += page.clipped(page.join(("Proof: ", "bold"), proof), 1)[0]
    elif report.missing:
        used += page.clipped(page.join(("Lacks: ", "bold"), page.text("; ".join(report.missing))), 1)[0]
    page.clipped(page.join(("Do:    ", "bold"), page.text(point.action)), max(1, _HEAD_LINES - used))
    if report.summary != point.why or why_cut:
        page.title("Summary")
        page.show(page.text(report.summary), 2)


def _causes(page: _Page, causes: Sequence[Cause]) -> None:
    if not causes:
        return
    page.title("Causes, most likely first")
    if page.width < _TABLE_WIDTH:
        for number, cause in enumerate(causes, start=1):
            share = f"{percent(cause.confidence)}, {cause.category.value}, since {moment(cause.onset)}"
            page.item(str(number), page.join(page.text(place(cause.component, cause.host), "bold"), f": {share}"))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(6):
        table.add_column(overflow="fold")
    table.add_row(*(Text(name, "dim") for name in ("#", "component", "category", "confidence", "", "onset (UTC)")))
    for number, cause in enumerate(causes, start=1):
        table.add_row(
            Text(str(number)),
            page.text(place(cause.component, cause.host), "bold"),
            page.text(cause.category.value),
            page.bar(cause.confidence),
            Text(percent(cause.confidence)),
            Text(moment(cause.onset).removesuffix(" UTC")),
        )
    page.show(table, 2)


def _similar(page: _Page, report: Report) -> None:
    if not report.similar:
        return
    page.title("Similar past incidents")
    for entry in report.similar:
        page.item(
            "-", page.join(page.text(similar_text(entry), "bold"), f"  {moment(entry.time)}  ", page.text(entry.id))
        )
        page.show(page.text(entry.issue, limit=200), 4)
        if entry.note:
            page.show(page.text(f"Note: {entry.note}", limit=400), 4)
        page.show(page.text(similar_facts(entry), "dim"), 4)


def _evidence(page: _Page, number: int, cause: Cause) -> None:
    page.title(f"Cause {number}: {place(cause.component, cause.host)}")
    page.show(page.text(cause.statement), 2)
    if cause.explains:
        page.item("Explains:", page.text(", ".join(cause.explains)))
    if cause.confidence_parts:
        parts = "; ".join(_confidence_part(part) for part in cause.confidence_parts)
        page.item(f"Confidence {percent(cause.confidence)}:", page.text(parts))
    if not cause.evidence:
        page.show(page.text("No log line is cited for this cause.", "italic"), 2)
    for position, item in enumerate(cause.evidence, start=1):
        _evidence_item(page, f"{number}.{position}", item, in_full=position <= EVIDENCE_IN_FULL)


def _evidence_item(page: _Page, number: str, item: EvidenceItem, *, in_full: bool) -> None:
    place_and_time = page.join(page.text(spot(item), "cyan"), f"  {clock(item.time)}" if item.time else "")
    if item.lines > 1:
        place_and_time.append(f"  ({item.lines} lines)", "dim")
    page.item(number, place_and_time)
    facts = [counts(item), item.sort.value]
    if item.score is not None:
        facts.append(f"score {item.score:.3f}")
    if item.signature:
        facts.append(f"signature {item.signature}")
    indent = 3 + len(number)
    page.show(page.join(page.text(facts[0], "bold"), page.text("; " + "; ".join(facts[1:]))), indent)
    if in_full:
        page.show(page.text(accusation(item)), indent)
        room = max(40, _LOG_LINES * (page.width - indent - 4))
        page.item("|", page.text(item.text, limit=min(LINE_LIMIT, room)), indent)


def _confidence_part(part: ConfidencePart) -> str:
    return f"{part.value:+.2f} {part.name}" + (f" ({part.note})" if part.note else "")


def _chain(page: _Page, report: Report) -> None:
    if not report.chain:
        return
    rows = chain_rows(report.chain)
    page.title("Causal chain" + ("" if all(hop.supported for hop in report.chain) else " (?: no log line states it)"))
    for row in rows:
        page.item(*_chain_row(page, row))


def _chain_row(page: _Page, row: ChainRow) -> tuple[str, Text, int]:
    if row.hop is None:
        return "*", page.text(row.component, "bold"), 2
    note = f": {row.hop.note}" if row.hop.note else ""
    text = page.join(page.text(row.component, "bold"), page.text(note))
    return ("->" if row.hop.supported else "->?"), text, 2 + 2 * row.depth


def _timeline(page: _Page, report: Report) -> None:
    if not report.timeline:
        return
    entries = sorted(report.timeline, key=lambda entry: moment(entry.time) + clock(entry.time))
    day = one_day([entry.time for entry in entries])
    page.title(f"Timeline (UTC{', ' + day if day else ''})")
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(overflow="fold")
    for entry in entries:
        at = clock(entry.time) if day else f"{moment(entry.time)[:10]} {clock(entry.time)}"
        style = _KIND_STYLES.get(entry.kind, "")
        who = place(entry.component, entry.host)
        table.add_row(Text(at), page.text(entry.kind, style), page.text(who), page.text(entry.text, limit=300))
    page.show(table, 2)


def _remedy(page: _Page, number: int, cause: Cause) -> None:
    if not (cause.remedy or cause.next_checks):
        return
    page.title(f"What to do about cause {number}: {place(cause.component, cause.host)}")
    if cause.remedy:
        page.show(page.text(cause.remedy), 2)
    if cause.next_checks:
        page.show(page.text("Checks that change nothing:"), 2)
    for check in cause.next_checks:
        page.item("$", page.text(check), 4)


def _origin(page: _Page, report: Report) -> None:
    page.title("How this was found")
    page.item("Issue:  ", page.text(report.issue))
    page.item("Logs:   ", page.text(", ".join(report.logs)))
    page.item("Read:   ", page.text(reading_text(report)))
    page.item("Window: ", page.text(window_text(report)))
    page.item("Model:  ", page.text(model_text(report)))
    if report.model.digest:
        page.item("SHA-256:", page.text(report.model.digest))
    for notice in report.model.notices:
        page.item("Notice: ", page.text(notice, "yellow"))
    page.item("Mode:   ", page.text("fast" if report.fast else "hybrid"))
    for file in report.files:
        unknown = f", {file.unknown_lines} lines not known" if file.unknown_lines else ""
        read = f"{file.file}: {file.events} events, {file.lines} lines, {file.format}{unknown}"
        page.item("File:   ", page.text(read))
    page.item("Made:   ", page.text(moment(report.created)))
    if report.seconds:
        page.item("Took:   ", page.text(seconds_text(report)))
    if report.command:
        page.item("Again:  ", page.text(report.command))
    page.item("Report: ", page.text(report.id))
    page.item("Confirm:", page.text(f"{confirm_command(report)}  (says what it really was)"))


def _confidence_style(share: float) -> str:
    return "green" if share >= 0.75 else "yellow" if share >= 0.4 else "red"
