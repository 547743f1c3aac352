"""A terminal page: harmless text in lines that fit, for :mod:`openstack_rca.rca.render.text_report`."""

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.text import Text

from openstack_rca.rca.render.excerpts import excerpt
from openstack_rca.rca.report import LINE_LIMIT, one_line

HEAD_INDENT = 9
"""Columns of the labels of the first lines."""

_LOG_LINES = 3
_NARROW_INDENT = 2
_WORD_OF_A_COMMAND = re.compile(r"""(?:'[^']*'|"[^"]*"|\S)+\s*""")
_GOES_ON = " \\"
_FURTHER = "  "


class Page:
    """A console that only ever gets harmless text, in lines without trailing blanks; in one piece, when ``print`` is called."""

    def __init__(self, console: Console) -> None:
        self._console, self._options = console, console.options
        self._shown: list[Segment] = []
        self._ascii = self._options.ascii_only
        self._plain = console.color_system is None
        self.width = console.width
        self.cuts = console.is_terminal
        self.coloured = console.color_system is not None and not console.no_color

    def text(self, value: str, style: str = "", limit: int = LINE_LIMIT) -> Text:
        """Return ``value`` made harmless and cut to ``limit`` characters; nothing in it is read as markup."""
        safe = one_line(value, limit)
        if self._ascii:
            safe = safe.encode("ascii", "backslashreplace").decode("ascii")
        return Text(safe, style=style, overflow="fold")

    def join(self, *parts: Text | str | tuple[str, str]) -> Text:
        """Return the parts as one text."""
        return Text.assemble(*parts, overflow="fold")

    def print(self) -> None:
        """Print what was shown; each printing has a price of its own."""
        self._console.print(Segments(self._shown), end="")

    def show(self, renderable: RenderableType, indent: int = 0) -> None:
        """Put ``renderable`` on the page, in lines without trailing blanks."""
        indent = min(indent, max(0, self.width // 4))
        options = self._options.update(width=max(1, self.width - indent))
        for line in self._fitting(renderable, options.max_width) or self._console.render_lines(
            renderable, options, pad=False
        ):
            segments = [Segment(" " * indent), *line]
            while (
                segments and not segments[-1].text.strip() and not (segments[-1].style and segments[-1].style.bgcolor)
            ):
                segments.pop()
            if segments and not (segments[-1].style and segments[-1].style.bgcolor):
                segments[-1] = Segment(segments[-1].text.rstrip(), segments[-1].style)
            self._shown += [*segments, Segment.line()]

    def _fitting(self, renderable: RenderableType, width: int) -> list[list[Segment]]:
        """The lines of a text of which none need be wrapped, which takes Rich longest; none where one may have to be."""
        if not isinstance(renderable, Text) or "\t" in renderable.plain:
            return []
        lines = list(renderable.split("\n", allow_blank=True))
        if any(line.cell_len > width for line in lines):
            return []
        if self._plain:
            # No style shows, and so none need be worked out.
            return [[Segment(line.plain)] for line in lines]
        return [list(self.join(line).render(self._console)) for line in lines]

    def labelled(self, label: str, text: Text, lines: int) -> None:
        """Print ``text`` behind ``label`` in at most ``lines`` lines; further lines are indented."""
        if self._is_narrow(HEAD_INDENT):
            text, label = self.join((f"{label} ", "bold"), text), ""
        indent = self._indent
        for number, line in enumerate(self.cut(text, lines, self.width - indent)):
            if number == 0 and label:
                self.show(self.join((label.ljust(indent), "bold"), line))
            else:
                self.show(line, indent if label or number else 0)

    def lines_of(self, text: Text) -> int:
        """Return how many lines ``text`` takes behind a label."""
        return len(self._wrapped(text, self.width - self._indent))

    @property
    def _indent(self) -> int:
        """Columns before what stands behind a label of the first lines, and before its further lines."""
        return _NARROW_INDENT if self._is_narrow(HEAD_INDENT) else HEAD_INDENT

    def _is_narrow(self, front: int) -> bool:
        """Whether so many columns of labels would leave words no room behind them."""
        return front > self.width // 3

    def cut(self, text: Text, lines: int, width: int) -> list[Text]:
        """Return ``text`` wrapped to ``width`` columns, at most ``lines`` lines; dots end it where the rest was left out."""
        wrapped = self._wrapped(text, width)
        kept = list(wrapped[:lines])
        if len(wrapped) > lines:
            last = text.copy() if lines == 1 else kept[-1]
            last.truncate(max(1, width - 4), overflow="crop")
            last.rstrip()
            last.append(" ...")
            kept[-1] = last
        return kept

    def _wrapped(self, text: Text, width: int) -> Sequence[Text]:
        """Return ``text`` in lines of ``width`` columns; one that fits need not be taken apart, which most do."""
        if "\n" not in text.plain and "\t" not in text.plain and text.cell_len <= width:
            return [text.copy()]
        return list(text.wrap(self._console, width))

    @property
    def height(self) -> int:
        """How many lines are on the page."""
        return sum(segment.text == "\n" for segment in self._shown)

    def command(self, value: str, indent: int) -> list[Text]:
        """A command in lines that the width holds; where one ends at a sign of the shell that it goes on, it can be copied whole.

        It is broken between words outside of quotes; a word that is too long for a line stays in one piece.
        """
        safe, room = self.text(value).plain, max(1, self.width - indent)
        if cell_len(safe) <= room:
            return [self.text(safe)]
        lines = [""]
        for word in _WORD_OF_A_COMMAND.findall(safe):
            if lines[-1] and cell_len(f"{lines[-1]}{word}".rstrip()) > room - len(_GOES_ON):
                lines.append(_FURTHER)
            lines[-1] += word
        rest = [f"{line.rstrip()}{_GOES_ON}" for line in lines[:-1]]
        return [self.text(line) for line in [*rest, lines[-1].rstrip()]]

    def title(self, value: str) -> None:
        """Print a heading, with a blank line before it."""
        self._shown.append(Segment.line())
        self.show(self.text(value, "bold underline"))

    def list(self, title: str, values: Sequence[str]) -> None:
        """Print values as a list below a heading; nothing without values."""
        if values:
            self.title(title)
            for value in values:
                self.item("-", self.text(value))

    def item(self, mark: str, text: Text, indent: int = 2) -> None:
        """Print ``text`` behind ``mark``; its further lines are aligned with its first where the mark leaves them room."""
        indent = min(indent, max(0, self.width // 4))
        front = self.text(f"{mark} ")
        if self._is_narrow(indent + len(front)):
            text, front = self.join(self.text(f"{mark.rstrip()} "), text), self.text(" " * _NARROW_INDENT)
            lines = self._wrapped(text, max(1, self.width - indent - len(front)))
            self.show(Text("\n" + front.plain).join(lines), indent)
            return
        lines = self._wrapped(text, max(1, self.width - indent - len(front)))
        rows = [line if number else front + line for number, line in enumerate(lines)]
        self.show(Text("\n" + " " * len(front)).join(rows), indent)

    def log_line(self, value: str, indent: int, matched: str = "") -> None:
        """Print the telling part of a log line, which includes the words ``matched``."""
        room = max(40, _LOG_LINES * (self.width - indent - 4))
        self.item("|", self.text(excerpt(value, min(LINE_LIMIT, room), matched)), indent)
