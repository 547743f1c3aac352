"""Literals that any text must hold for a regular expression to match it.

One Aho-Corasick pass over all texts for the literals of all signatures tells which few expressions are worth running.
The derivation is careful: where it is not sure, it names no literal, and the expression runs over everything.
"""

import re
from dataclasses import dataclass

_SHORTEST = 3
_LONGEST = 24
_MOST = 48
_WIDEST_CLASS = 4
_CLASS_ESCAPES = frozenset("dDwWsSpPxuU")
_PLAIN_RUN = re.compile(r"[\w \"#%&',/:;<=>@_`~!-]{2,12}(?![*?+{])", re.ASCII)
"""Characters that stand for themselves, and of which none is repeated or optional."""
_EMPTY_ESCAPES = frozenset("bBAz")
_CONTROL_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_NOTHING = frozenset({""})
_EVERYDAY = frozenset(
    {
        *("http", "http/1.", "/v3/", "get", "put", "post", "delete", "request", "server", "service", "version", "info"),
        *(
            "resource",
            "placement",
            "error",
            "failed",
            "warning",
            "agent",
            "started",
            "creating",
            "connect",
            "connection",
        ),
        *("instance", "volume", "network", "port", "host", "node", "status", "state", "message"),
    }
)
"""Words that healthy logs are full of; a longer or rarer literal is better."""


class _NotUnderstoodError(Exception):
    """The expression uses syntax that this module does not follow."""


@dataclass(frozen=True)
class _Part:
    """What is known of a part of an expression.

    Attributes:
        exact: all texts that it matches, in lower case; None where they are too many to name.
        needed: literals of which every match holds at least one; None where none can be named.
    """

    exact: frozenset[str] | None
    needed: frozenset[str] | None = None


_ANYTHING = _Part(None)
_EMPTY = _Part(_NOTHING)


def required_literals(pattern: str) -> tuple[str, ...]:
    """Lower-case literals of which every matching text holds at least one, whatever its case."""
    try:
        found, end = _alternatives(pattern, 0)
    except (_NotUnderstoodError, IndexError):
        return ()
    needed = _better(found.exact, found.needed)
    if not needed or end != len(pattern):
        return ()
    return tuple(sorted(text for text in needed if not any(other in text for other in needed - {text})))


def _better(some: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The set of literals that fewer texts hold."""
    usable = [literals for literals in (some, other) if literals and min(map(len, literals)) >= _SHORTEST]
    return max(usable, key=_rarity) if usable else None


def _rarity(literals: frozenset[str]) -> float:
    worst = min(len(text) - 4 * (text.strip(' "/:') in _EVERYDAY) for text in literals)
    return min(worst, 14) - len(literals) / _MOST


def _alternatives(pattern: str, at: int) -> tuple[_Part, int]:
    """``a|b|c`` from ``at`` up to the closing parenthesis or the end."""
    branches = []
    while True:
        branch, at = _sequence(pattern, at)
        branches.append(branch)
        if at >= len(pattern) or pattern[at] == ")":
            return _any_of(branches), at
        at += 1


def _any_of(branches: list[_Part]) -> _Part:
    if len(branches) == 1:
        return branches[0]
    exact: frozenset[str] | None = frozenset()
    needed: frozenset[str] | None = frozenset()
    for branch in branches:
        exact = None if exact is None or branch.exact is None else exact | branch.exact
        best = _better(branch.exact, branch.needed)
        needed = None if needed is None or best is None else needed | best
    return _Part(exact if exact is not None and len(exact) <= _MOST else None, needed)


def _sequence(pattern: str, at: int) -> tuple[_Part, int]:
    """One branch: literals that stand side by side are joined, as far as they stay few and short."""
    run, needed, whole = _NOTHING, None, True
    while at < len(pattern) and pattern[at] not in "|)":
        part, at = _atom(pattern, at)
        part, repeated, at = _quantified(part, pattern, at)
        joined = None if part.exact is None else _product(run, part.exact)
        if joined is None or repeated:
            needed = _better(needed, _better(run if joined is None else joined, part.needed))
            run, whole = (part.exact if part.exact and not repeated else _NOTHING), False
        else:
            run = joined
    return (_Part(run) if whole else _Part(None, _better(needed, run))), at


def _product(some: frozenset[str], other: frozenset[str]) -> frozenset[str] | None:
    if len(some) * len(other) > _MOST:
        return None
    joined = frozenset(left + right for left in some for right in other)
    return joined if max(map(len, joined)) <= _LONGEST else None


def _quantified(part: _Part, pattern: str, at: int) -> tuple[_Part, bool, int]:
    """The part with the quantifier that follows it, whether it may repeat, and where that ends."""
    optional, repeated, at = _quantifier(pattern, at)
    if not optional:
        return part, repeated, at
    if repeated or part.exact is None:
        return _ANYTHING, False, at
    return _Part(part.exact | _NOTHING), False, at


def _atom(pattern: str, at: int) -> tuple[_Part, int]:
    """Some plain characters, one other, a class or a group, and where it ends."""
    if plain := _PLAIN_RUN.match(pattern, at):
        return _Part(frozenset({plain[0].lower()})), plain.end()
    character = pattern[at]
    if character == "(":
        return _group(pattern, at + 1)
    if character == "[":
        return _class(pattern, at)
    if character == "\\":
        return _escape(pattern[at + 1]), at + 2
    if character in "^$":
        return _EMPTY, at + 1
    if character == "." or not character.isascii():
        return _ANYTHING, at + 1
    return _Part(frozenset({character.lower()})), at + 1


def _escape(escaped: str) -> _Part:
    if escaped in _EMPTY_ESCAPES:
        return _EMPTY
    if escaped in _CLASS_ESCAPES:
        if escaped in "pPxuU":
            raise _NotUnderstoodError
        return _ANYTHING
    if escaped.isalnum() and escaped not in _CONTROL_ESCAPES:
        raise _NotUnderstoodError
    return _Part(frozenset({_CONTROL_ESCAPES.get(escaped, escaped)}))


def _group(pattern: str, at: int) -> tuple[_Part, int]:
    if pattern[at] == "?":
        at += 1
        if pattern[at] == "P" or pattern[at] == "<":
            at = pattern.index(">", at) + 1 if ">" in pattern[at:] else len(pattern)
        else:
            while pattern[at] in "imsU-":
                at += 1
            if pattern[at] == ")":
                return _EMPTY, at + 1
            if pattern[at] != ":":
                raise _NotUnderstoodError
            at += 1
    found, end = _alternatives(pattern, at)
    if pattern[end] != ")":
        raise _NotUnderstoodError
    return found, end + 1


def _class(pattern: str, at: int) -> tuple[_Part, int]:
    """A character class: its characters where they are few and plain."""
    end = _end_of_class(pattern, at)
    inside = pattern[at + 1 : end - 1]
    if inside.isascii() and not set(inside) & set("^-\\[]&~") and len(inside) <= _WIDEST_CLASS:
        return _Part(frozenset(inside.lower())), end
    return _ANYTHING, end


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
        repeated, at = True, end + 1
    else:
        optional, repeated = sign in "*?", sign != "?"
        at += 1
    if at < len(pattern) and pattern[at] == "?":
        at += 1
    if at < len(pattern) and pattern[at] in "*+{":
        raise _NotUnderstoodError
    return optional, repeated, at
