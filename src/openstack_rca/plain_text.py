"""Text of others as one harmless line: for terminals, tables and messages, and below every rendering of a report.

What is changed stays visible (``\\x1b``, ``\\u202e``), so that a reader sees that there was something to hide.
"""

import re
import unicodedata

LINE_LIMIT = 2000
"""Characters of one text that a rendering shows; the middle of a longer one is left out."""

_COMBINING_LIMIT = 3
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-9;:]*m")
_MARKED = re.compile(r"`([^`]*)`|\[([^\]]*)\]\([^)]*\)")
_WHITE_SPACE = frozenset("\t\n\r\v\f")
# Letters by their category, yet nothing is seen where they stand.
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")


def one_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as one printable line of about ``limit`` characters at most.

    Colour codes are dropped, white space becomes spaces, and every other character that is not seen or that acts on its
    surroundings (control characters, escapes, bidirectional overrides, zero-width characters, long stacks of
    combining marks) becomes its Python escape.
    """
    text = shorten(text, limit)
    if text.isascii() and text.isprintable():
        return text
    # An escape is up to ten characters long, hence the second cut.
    return shorten(_visible(_COLOUR.sub("", text)), limit)


def shorten(text: str, limit: int) -> str:
    """Return ``text``, where longer than ``limit`` characters with its middle replaced by how much was left out.

    The end is kept because the class and the text of an exception stand there. The result is never longer than
    ``limit``, except that for a tiny ``limit`` it is the plain beginning of the text.
    """
    if len(text) <= limit:
        return text
    gap = f" [... {len(text) - limit} more characters ...] "
    kept = limit - len(gap) - 2
    if kept < len(gap):
        return text[:limit]
    head = kept * 2 // 3
    tail = kept - head
    return f"{text[:head]} [... {len(text) - head - tail} more characters ...] {text[-tail:]}"


def _visible(text: str) -> str:
    shown: list[str] = []
    combining = 0
    for character in text:
        if character in _WHITE_SPACE:
            shown.append(" ")
            continue
        if unicodedata.category(character) in ("Mn", "Me"):
            combining += 1
            # Variation selectors choose how the character before them is drawn.
            acts = (
                combining > _COMBINING_LIMIT
                or "\ufe00" <= character <= "\ufe0f"
                or "\U000e0100" <= character <= "\U000e01ef"
            )
        else:
            combining = 0
            acts = False
        if unicodedata.category(character) == "Zs":
            shown.append(" ")
        elif acts or character in _INVISIBLE_LETTERS or not character.isprintable():
            shown.append(character.encode("unicode_escape").decode("ascii"))
        else:
            shown.append(character)
    return "".join(shown)


def without_markdown(text: str) -> str:
    """A Markdown text without the marks of code and links."""
    return _MARKED.sub(r"\1\2", text)


def called(log: str) -> str:
    """Name of a log for people: "standard input" for ``-``, any other path as it is."""
    return "standard input" if log == "-" else log


def counted(number: int, noun: str) -> str:
    """How many there are of something: "1 file", "1,200 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def sized(size_bytes: int) -> str:
    """A size as people say it: "1.2 MB", "28 kB"; what is not empty has at least 1 kB."""
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 1e5 else f"{-(-size_bytes // 1000)} kB"


def times(count: int, normal: str) -> str:
    """How often something happened against what is normal ("" where nobody knows): "20 times, normally never"."""
    often = {0: "none", 1: "once"}.get(count, f"{count:,} times")
    return f"{often}, normally {'never' if normal == '0' else normal}" if normal else often
