"""The beginning of a line tells which patterns can take it, so that most are never tried, and few look at its end.

A pattern is cut into its head, which is searched, and its tail, which is whatever comes behind: captured, the tail
would cost several times as much as all the rest.
"""

import re
import string
from dataclasses import dataclass
from functools import cache

import polars as pl

_DIGITS = frozenset(string.digits)
_MONTHS = frozenset("JFMASOND")
_DAYS = frozenset("MTWFS")
_FACILITIES = frozenset("kumdaslncf")
_BEGINNINGS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"^(?P<stamp>\d", _DIGITS),
    (r"^(?P<stamp>1", frozenset("1")),
    (r"^\[?(?P<stamp>\d", _DIGITS | {"["}),
    (r"^(?:debug )?(?P<stamp>\d", _DIGITS | {"d"}),
    (r"^(?:(?P<process>\d+):[A-Z]|\[\d", _DIGITS | {"["}),
    (r"^(?:(?P<entity>(?:unit|machine|controller)-[\w-]+): )?(?P<stamp>\d", _DIGITS | frozenset("umc")),
    (r"^(?P<entity>(?:unit|machine|controller)-", frozenset("umc")),
    (r"^(?P<stamp>(?:Jan", _MONTHS),
    (r"^(?P<stamp>(?:Mon", _DAYS),
    (r"^\[?(?P<stamp>(?:Mon", _DAYS | {"["}),
    (r"^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d|audit)", _FACILITIES),
    (r"^(?P<level>[IWEF])", frozenset("IWEF")),
    (r"^(?P<message>WSREP", frozenset("W")),
    (r"^(?P<message>Cloud", frozenset("C")),
    (r"^(?P<message>slab class +\d+: chunk size .*|[<>]", frozenset("s<>")),
    (r"^(?P<message>\*", frozenset("*")),
    (r"^(?P<stamp>\[", frozenset("[")),
    (r"^(?P<source>\{", frozenset("{")),
    (r"^[0-9a-f]", _DIGITS | frozenset("abcdef")),
    (r"^(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)", frozenset("TDINWECF")),
    (r"^\[?(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)", frozenset("[TDINWECF")),
    (r"^\[?", frozenset()),
    (r"^(?P<clock>[*.]?", _MONTHS | _DIGITS | frozenset("*.%")),
    (r"^\[", frozenset("[")),
    (r"^=", frozenset("=")),
    (r"^(?:node=(?P<host>", frozenset("nt")),
    (r"^>", frozenset(">")),
    (r"^<", frozenset("<")),
    (r"^ *\d", _DIGITS | {" "}),
    (r"^(?: *[0-9a-f]", _DIGITS | frozenset("abcdef |")),
    (r"^(?P<priority>\d", _DIGITS),
)
_FEW_LINES = 10_000
_WORD = r"0-9A-Za-z_\x{80}-\x{10FFFF}"
_OPTIONAL_TAIL = re.compile(r"\(\?: \(\?P<(?P<name>\w+)>\.\*\)\)\?\$$")
_GROUP = re.compile(r"\(\?P<(?P<name>\w+)>")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
_CLASSES = (string.digits, string.ascii_uppercase, string.ascii_lowercase, "[", "{", string.whitespace)


@dataclass(frozen=True)
class _Shape:
    """``head`` takes what is before the tail, and the tail's beginning where that has a shape of its own.

    ``behind`` is the part of ``head`` behind which the tail begins; ``optional`` says that the tail may be missing, and
    that a space is before it.
    """

    head: str
    behind: str
    tail: str | None
    optional: bool
    first: frozenset[str] | None


@cache
def _shape_of(pattern: str) -> _Shape:
    first = next((characters for start, characters in _BEGINNINGS if pattern.startswith(start)), None) or None
    pattern = _plain(pattern)
    optional = _OPTIONAL_TAIL.search(pattern)
    if optional is not None:
        head = pattern[: optional.start()] + "(?P<gap_> |$)"
        return _Shape(head, head, optional["name"], True, first)
    if pattern.endswith(".*)$"):
        for group in reversed(list(_GROUP.finditer(pattern))):
            if _closes_at_end(pattern[group.start() : -1]):
                behind, body = pattern[: group.start()], pattern[group.end() : -len(".*)$")]
                return _Shape(f"{behind}(?:{body})" if body else behind, behind, group["name"], False, first)
    return _Shape(pattern, "", None, False, first)


def _plain(pattern: str) -> str:
    """The same pattern with the digits of ASCII, and with every character beyond ASCII as part of a word.

    All of Unicode's letters and digits make a pattern take milliseconds to build, of which a read builds a hundred.
    """
    found, in_class = [], False
    for part in re.findall(r"\\.|[^\\]", pattern):
        inner = {r"\w": _WORD, r"\d": "0-9"}.get(part)
        found.append(part if inner is None else inner if in_class else f"[{inner}]")
        in_class = part == "[" or (in_class and part != "]")
    return "".join(found)


def _closes_at_end(text: str) -> bool:
    """Whether the parenthesis that opens a part of a pattern is the one that ends it."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end() == len(text)
    return False


def matching(lines: pl.DataFrame, pattern: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lines (column ``text``) that a pattern matches, and the others, both in their order."""
    if lines.height == 0:
        return lines, lines
    found = lines["text"].str.contains(_shape_of(pattern).head)
    number = found.sum()
    if number == 0:
        return lines.clear(), lines
    if number == lines.height:
        return lines, lines.clear()
    return lines.filter(found), lines.filter(~found)


def matching_unless(lines: pl.DataFrame, pattern: str, unless: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """As ``matching``, but lines that the pattern ``unless`` (if not empty) matches count as others; needs a column ``row``."""
    hits, others = matching(lines, pattern)
    if hits.height and unless:
        refused, hits = matching(hits, unless)
        others = pl.concat([others, refused]).sort("row") if refused.height else others
    return hits, others


def parts_of(lines: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """The column ``row`` and one column for each named group of a pattern, of lines (``row``, ``text``) that it matches."""
    shape = _shape_of(pattern)
    text = pl.col("text")
    if shape.tail is None:
        return lines.select("row", text.str.extract_groups(pattern).struct.unnest())
    whole = f"^(?P<head_>{shape.behind[1:]}){shape.head[len(shape.behind) :]}"
    parts = lines.with_columns(text.str.extract_groups(whole).struct.unnest())
    tail = text.str.strip_prefix(pl.col("head_"))
    if shape.optional:
        tail = pl.when(pl.col("gap_") == " ").then(tail)
    return parts.with_columns(tail.alias(shape.tail)).drop("text", "head_", "gap_", strict=False)


def by_first_character(lines: pl.DataFrame) -> list[tuple[frozenset[str], pl.DataFrame]]:
    """Group lines (``text``) by the class of the character that they begin with: digits, capitals, braces ...

    Few lines stay one group: trying a pattern on them costs less than building it anew for each group.

    Returns:
        for each group, the characters that its lines begin with, and these lines in their order.
    """
    first = lines["text"].str.slice(0, 1)
    begun = frozenset(first.unique().to_list())
    classes = [begun & frozenset(characters) for characters in _CLASSES]
    classes.append(begun - frozenset().union(*classes))
    present = [characters for characters in classes if characters]
    if len(present) < 2 or lines.height < _FEW_LINES:
        return [(begun, lines)]
    return [(characters, lines.filter(first.is_in(sorted(characters)))) for characters in present]


def may_match(pattern: str, begun: frozenset[str]) -> bool:
    """Whether a pattern can match a line that begins by one of these characters."""
    possible = _shape_of(pattern).first
    return possible is None or not possible.isdisjoint(begun)


@cache
def any_of(patterns: tuple[str, ...]) -> str:
    """A pattern without named groups that matches what any of the patterns matches."""
    heads = (_shape_of(pattern).head for pattern in patterns)
    return "^(?:" + "|".join(re.sub(r"\(\?P<\w+>", "(?:", head.removeprefix("^")) for head in heads) + ")"
