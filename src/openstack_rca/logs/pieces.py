"""Pieces of a text: what stands for one line to read, and how bytes become such."""

import re
from collections.abc import Callable
from dataclasses import dataclass

# As a terminal takes them, and as `cat -v`, rsyslog and programs that print their own bytes show them.
_ESCAPE = r"(?:\x1b|\^\[|#033|\\x1b|\\033|\\u001b|\\e)"
COLOUR = re.compile(
    r"(?m:^)(?:\x1b\[[0-9;?]*[A-Za-z])*\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|"
    rf"{_ESCAPE}\[[0-9;?]*[A-Za-z]|\x1b\([A-Z]|\[(?:00?|[01]{{1,2}};[0-9]{{2}})m"
)
"""Escape sequences that colour a text or name a window, also where their escape was written out or lost."""


@dataclass(frozen=True)
class Piece:
    """One line to read, made of ``lines`` lines of the file."""

    text: str
    lines: int


Splitter = Callable[[bytes, bool], tuple[list[Piece], int]]
"""From bytes, and whether they are the last, to pieces and how many of the bytes they took."""


def line_by_line(read: Callable[[str], list[Piece]]) -> Splitter:
    """The splitter for a text of which ``read`` turns each line into its own pieces."""

    def split(data: bytes, final: bool) -> tuple[list[Piece], int]:
        lines, taken = whole_lines(data, final)
        return [piece for line in lines for piece in read(line)], taken

    return split


def readable(text: str) -> str:
    """The text with U+FFFD for bytes that are not UTF-8, which it holds as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def whole_lines(data: bytes, final: bool) -> tuple[list[str], int]:
    """The complete lines of ``data``, and how many bytes they take; if ``final``, the last one needs no line end."""
    end = len(data) if final else data.rfind(b"\n") + 1
    text = data[:end].decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n") if text else [], end
