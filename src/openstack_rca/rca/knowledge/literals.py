"""Literals that any text must hold for a regular expression to match it.

One Aho-Corasick pass over all texts for the literals of all signatures tells which few expressions are worth running.
The derivation is careful: where it is not sure, it names no literal, and the expression runs over everything.
"""

from __future__ import annotations

_SHORTEST = 3
_CLASS_ESCAPES = frozenset("dDwWsSpPxuU")
_EMPTY_ESCAPES = frozenset("bBAz")
_CONTROL_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class _NotUnderstoodError(Exception):
    """The expression uses syntax that this module does not follow."""


def required_literals(pattern: str) -> tuple[str, ...]:
    """Lower-case literals of which every matching text holds at least one, whatever its case.

    Returns:
        The literals, or an empty tuple where none can be named for sure.
    """
    try:
        found, end = _alternatives(pattern, 0)
    except (_NotUnderstoodError, IndexError):
        return ()
    return tuple(sorted(found)) if found and end == len(pattern) else ()


def _alternatives(pattern: str, at: int) -> tuple[frozenset[str] | None, int]:
    """Literals of ``a|b|c`` from ``at`` up to the closing parenthesis or the end: all branches must name some."""
    together: frozenset[str] | None = frozenset()
    while True:
        branch, at = _sequence(pattern, at)
        together = None if branch is None or together is None else together | branch
        if at >= len(pattern) or pattern[at] == ")":
            return together, at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[frozenset[str] | None, int]:
    best: frozenset[str] | None = None
    run = ""

    def better(candidate: frozenset[str] | None) -> frozenset[str] | None:
        if not candidate or min(map(len, candidate)) < _SHORTEST:
            return best
        if best is None or min(map(len, candidate)) > min(map(len, best)):
            return candidate
        return best

    while at < len(pattern) and pattern[at] not in "|)":
        literal, group, at, is_empty = _atom(pattern, at)
        optional, repeated, at = _quantifier(pattern, at)
        if is_empty:
            continue
        if literal is not None and not optional:
            run += literal
            if not repeated:
                continue
        best = better(frozenset({run}) if run else None)
        run = ""
        if group is not None and not optional:
            best = better(group)
    return better(frozenset({run}) if run else None), at


def _atom(pattern: str, at: int) -> tuple[str | None, frozenset[str] | None, int, bool]:
    """One atom: its literal character, or the literals of a group, where it ends, and whether it matches nothing."""
    character = pattern[at]
    if character == "(":
        return _group(pattern, at + 1)
    if character == "[":
        return None, None, _end_of_class(pattern, at), False
    if character == "\\":
        escaped = pattern[at + 1]
        if escaped in _EMPTY_ESCAPES:
            return None, None, at + 2, True
        if escaped in _CLASS_ESCAPES:
            if escaped in "pPxuU":
                raise _NotUnderstoodError
            return None, None, at + 2, False
        if escaped.isalnum() and escaped not in _CONTROL_ESCAPES:
            raise _NotUnderstoodError
        return _CONTROL_ESCAPES.get(escaped, escaped), None, at + 2, False
    if character in "^$":
        return None, None, at + 1, True
    if character == "." or not character.isascii():
        return None, None, at + 1, False
    return character.lower(), None, at + 1, False


def _group(pattern: str, at: int) -> tuple[None, frozenset[str] | None, int, bool]:
    if pattern[at] == "?":
        at += 1
        if pattern[at] == "P" or pattern[at] == "<":
            at = pattern.index(">", at) + 1 if ">" in pattern[at:] else len(pattern)
        else:
            while pattern[at] in "imsU-":
                at += 1
            if pattern[at] == ")":
                return None, None, at + 1, True
            if pattern[at] != ":":
                raise _NotUnderstoodError
            at += 1
    found, end = _alternatives(pattern, at)
    if pattern[end] != ")":
        raise _NotUnderstoodError
    return None, found, end + 1, False


def _end_of_class(pattern: str, at: int) -> int:
    at += 1
    if pattern[at] == "^":
        at += 1
    if pattern[at] == "]":
        at += 1
    while pattern[at] != "]":
        if pattern[at] == "[":
            raise _NotUnderstoodError
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _quantifier(pattern: str, at: int) -> tuple[bool, bool, int]:
    """Whether the atom before ``at`` may be absent, whether it may repeat, and where the quantifier ends."""
    if at >= len(pattern) or pattern[at] not in "*?+{":
        return False, False, at
    sign = pattern[at]
    if sign == "{":
        end = pattern.index("}", at) if "}" in pattern[at:] else len(pattern)
        optional = not pattern[at + 1 : end].split(",")[0].strip().strip("0")
        at = end + 1
    else:
        optional = sign in "*?"
        at += 1
    if at < len(pattern) and pattern[at] == "?":
        at += 1
    if at < len(pattern) and pattern[at] in "*+{":
        raise _NotUnderstoodError
    return optional, True, at
