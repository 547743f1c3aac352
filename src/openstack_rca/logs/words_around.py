"""What a person wrote around the lines of a log that they fenced off or quoted, in a ticket or an answer to a mail."""

import re
from collections.abc import Callable, Sequence

from openstack_rca.logs.wraps import BEGINS

QUOTES = re.compile(r"^(?:> ?)+")
_SET_IN = re.compile(r"(?: {2,8}|\t)")
_BORDER = re.compile(
    r"^\s*(?:```|~~~|#\+(?:BEGIN|END|begin|end)_\w|-{4}\s*$|\.{4}\s*$|</?(?:syntaxhighlight|source)\b[^<>]*>\s*$|(?:\{(?:noformat|code)(?::[^{}]*)?\}|\[/?code(?:=[^\[\]]*)?\]|</?(?:code|pre)>)\s*$)"
)
# What says something on the cloud, or stands for the name of a value: no words of a person.
_TELLING = re.compile(r"^[\w.-]+:(?:\s|$)|\b(?:ERROR|CRITICAL|WARNING|Traceback)\b|Error: |\d\d:\d\d:\d\d")
_Step = Callable[[str], str]


def without_words(sample: Sequence[str]) -> _Step | None:
    """A function that empties the lines around fences, quotes or what is set in; None where there are none, or log lines
    stand there too.

    Within quotes what stands before the first line of a log is left out as well.
    """
    inside = False
    fenced: list[str] = []
    quoted: list[str] = []
    others: list[str] = []
    for line in sample:
        inside ^= _BORDER.match(line) is not None
        (quoted if line.startswith(">") else fenced if inside else others).append(
            line.lstrip(" `~") if inside else line
        )
    if any(map(BEGINS.match, others)) or not any(line.strip() for line in others):
        return None
    if any(map(BEGINS.match, fenced)):
        return _within_fences()
    if any(BEGINS.match(QUOTES.sub("", line)) for line in quoted):
        return _within_quotes()
    words = [line for line in others if line.strip() and not line[0].isspace()]
    indent = next(
        (match[0] for line in others if (match := _SET_IN.match(line)) and BEGINS.match(line[match.end() :])), ""
    )
    if not words or not indent or fenced or quoted or any(map(_TELLING.search, words)):
        return None
    return lambda line: line[len(indent) :] if line.startswith(indent) else line if BEGINS.match(line) else ""


def _within_fences() -> _Step:
    inside = False

    def kept(line: str) -> str:
        nonlocal inside
        if _BORDER.match(line):
            inside = not inside
            # Chats put the first line right behind the fence.
            text = line.strip(" `~")
            return text if BEGINS.match(text) else ""
        return line if inside or BEGINS.match(line) else ""

    return kept


def _within_quotes() -> _Step:
    begun = False

    def kept(line: str) -> str:
        nonlocal begun
        if not line.startswith(">"):
            return line if BEGINS.match(line) else ""
        text = QUOTES.sub("", line)
        begun = begun or BEGINS.match(text) is not None
        return text if begun else ""

    return kept
