"""By which character a line can begin that a pattern takes: what rules most patterns out before they are tried."""

from __future__ import annotations

import re
import string
from functools import cache

import polars as pl

_DIGITS = frozenset(string.digits)
_BEGINNINGS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"^(?P<stamp>\d", _DIGITS),
    (r"^\[?(?P<stamp>\d", _DIGITS | {"["}),
    (r"^(?P<stamp>(?:Jan", frozenset("JFMASOND")),
    (r"^(?P<stamp>(?:Mon", frozenset("MTWFS")),
    (r"^\[?(?P<stamp>(?:Mon", frozenset("MTWFS[")),
    (r"^[0-9a-f]", _DIGITS | frozenset("abcdef")),
    (r"^(?P<level>[IWEF])", frozenset("IWEF")),
    (r"^\[?", frozenset()),
    (r"^\[", frozenset("[")),
    (r"^=", frozenset("=")),
    (r"^>", frozenset(">")),
    (r"^<", frozenset("<")),
    (r"^ *\d", _DIGITS | {" "}),
)


@cache
def _first_characters(pattern: str) -> frozenset[str] | None:
    found = next((characters for start, characters in _BEGINNINGS if pattern.startswith(start)), None)
    return found or None


def first_characters(lines: pl.DataFrame) -> frozenset[str]:
    """The characters by which lines (``text``) begin."""
    return frozenset(lines["text"].str.slice(0, 1).unique().to_list())


def may_match(pattern: str, begun: frozenset[str]) -> bool:
    """Whether a pattern can match a line that begins by one of these characters."""
    possible = _first_characters(pattern)
    return possible is None or not possible.isdisjoint(begun)


def begins_with_digit(pattern: str) -> bool:
    """Whether a pattern only takes lines that begin with a digit, perhaps behind a bracket: those with a date first."""
    possible = _first_characters(pattern)
    return possible is not None and _DIGITS <= possible <= _DIGITS | {"["}


@cache
def any_of(patterns: tuple[str, ...]) -> str:
    """A pattern that takes what any of the patterns takes; it names no parts."""
    return "|".join(f"(?:{re.sub(r'[(][?]P<[a-z_]+>', '(?:', pattern)})" for pattern in patterns)
