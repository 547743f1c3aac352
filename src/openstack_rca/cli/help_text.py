"""Help that fits the terminal: below some width, terms stand above their descriptions and examples go on in a second line."""

import re
import shutil
import textwrap
from collections.abc import Iterable

import click

_NARROW = 60
"""Columns below which two columns of words leave neither of them room."""
_LEAST = 20
_PREFORMATTED = "\b\n"
_WORD = re.compile(r"(?:\"[^\"]*\"|\S)+")


class HelpFormatter(click.HelpFormatter):
    """Click's formatter, made to fit narrow terminals: Click alone never writes lines of less than 50 columns."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns - 2
        if width is None and columns < _NARROW:
            width = max(columns, _LEAST)
        super().__init__(indent_increment, width, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms and their descriptions, beside or below each other."""
        if self.width >= _NARROW:
            super().write_dl(list(rows), col_max, col_spacing)
            return
        for term, description in rows:
            self.write_text(term)
            with self.indentation():
                self.write_text(description)

    def write_text(self, text: str) -> None:
        """Write paragraphs; preformatted commands that do not fit are continued with backslashes."""
        if self.width < _NARROW:
            paragraphs = text.split("\n\n")
            text = "\n\n".join(self._fitted(one) if one.startswith(_PREFORMATTED) else one for one in paragraphs)
        super().write_text(text)

    def _fitted(self, paragraph: str) -> str:
        room = self.width - self.current_indent
        lines = paragraph.removeprefix(_PREFORMATTED).split("\n")
        return _PREFORMATTED + "\n".join(part for line in lines for part in _broken(line, room))


def _broken(line: str, room: int) -> list[str]:
    """A line in parts that fit: a sentence at its blanks, a command with backslashes, its explanation below it."""
    if len(line) <= room:
        return [line]
    bare = line.lstrip()
    indent = " " * (len(line) - len(bare))
    if not indent:
        return textwrap.wrap(bare, room)
    command, _, explanation = bare.partition("   ")
    parts: list[str] = []
    for word in _WORD.findall(command):
        if parts and len(parts[-1]) + len(word) + 3 <= room:
            parts[-1] += f" {word}"
        else:
            parts.append(f"{indent}{'  ' if parts else ''}{word}")
    told = textwrap.wrap(explanation.strip(), max(1, room - len(indent) - 4))
    return [*(f"{part} \\" for part in parts[:-1]), parts[-1], *(f"{indent}    {part}" for part in told)]
