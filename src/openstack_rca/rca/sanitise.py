"""Log text made harmless before it is shown.

A log line is written by whoever can make a service log: it may carry terminal escapes, text that is displayed
backwards, markup of the place where it will be read, or be a megabyte long. Every rendering of a report passes
every text it was given through :func:`one_line`, and the Markdown one through the ``markdown_*`` functions too. What is
changed stays visible (``\\x1b``, ``\\u202e``), so that a reader sees that there was something to hide.

Terminal markup and HTML need no function here: the text rendering builds ``rich.text.Text`` objects, which are never
parsed for markup, and the HTML rendering escapes every value of its template.
"""

from __future__ import annotations

import re
import unicodedata

LINE_LIMIT = 2000
"""Characters of one text that a rendering shows; the middle of a longer one is left out."""

_COMBINING_LIMIT = 3
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-9;:]*m")
_WHITE_SPACE = frozenset("\t\n\r\v\f")
# Letters by their category, yet nothing is seen where they stand.
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_BACKTICKS = re.compile(r"`+")
# A word that means nothing but itself in every Markdown dialect: letters and digits, joined by - / ' or ,
# (no dot or colon inside: host names, URLs, addresses and short codes such as :name: get a code span).
_PLAIN_WORD = re.compile(r"[(\"']*[^\W_]+(?:[-/',]+[^\W_]+)*[\"')]*[.,:;?!%]*[\"')]*")
_PLAIN_NUMBER = re.compile(r"[(\"']*\d+\.\d+[\"')]*[.,:;?!%]*")
_LIST_MARKER = re.compile(r"\d+[.)]")


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
            acts = combining > _COMBINING_LIMIT or _is_variation_selector(character)
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


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def markdown_code(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as a Markdown code span, with delimiters longer than any run of backticks in it."""
    safe = one_line(text, limit).strip()
    if not safe:
        return ""
    delimiter = "`" * (_longest_run(safe) + 1)
    padding = " " if "`" in safe else ""
    return f"{delimiter}{padding}{safe}{padding}{delimiter}"


def markdown_cell(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as code for a cell of a Markdown table, where even in a code span ``|`` would end the cell."""
    pieces = one_line(text, limit).split("|")
    return "&#124;".join(markdown_code(piece, limit) for piece in pieces)


def markdown_fence(text: str, language: str = "text", limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as a fenced code block; its lines are kept, each made harmless by :func:`one_line`.

    The fence is longer than any run of backticks inside, so that nothing in ``text`` can close it.
    """
    body = "\n".join(one_line(line, limit) for line in text.split("\n"))
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def markdown_prose(text: str, limit: int = LINE_LIMIT) -> str:
    """Return ``text`` as Markdown running text in which nothing is interpreted.

    Plain words stay as they are; every word that some Markdown dialect could take for markup, a link, a mention or
    a short code is put in a code span, together with its neighbours of the same kind.
    """
    parts: list[str] = []
    code: list[str] = []
    for position, word in enumerate(one_line(text, limit).split()):
        if _is_plain(word, first=position == 0):
            if code:
                parts.append(_closed_by_prose(code, limit))
                code = []
            parts.append(word)
        else:
            code.append(word)
    if code:
        parts.append(_closed_by_prose(code, limit))
    return " ".join(parts)


def _closed_by_prose(words: list[str], limit: int) -> str:
    """Return ``words`` as one code span, punctuation that ends a sentence behind it."""
    text = " ".join(words)
    bare = text.rstrip(".,;:?!")
    return markdown_code(bare, limit) + text[len(bare) :] if bare else markdown_code(text, limit)


def _is_plain(word: str, *, first: bool) -> bool:
    if first and _LIST_MARKER.fullmatch(word):
        return False
    if _PLAIN_NUMBER.fullmatch(word):
        return True
    return word[:4].lower() != "www." and _PLAIN_WORD.fullmatch(word) is not None


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
