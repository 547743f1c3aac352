"""How much a pattern demands of a line: of several rules that match one line, the one that says more decides."""

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+\)))?"
    r"|\{\d*,?\d*\}\??|[*+?]\??|[|)^$.]|[^\\]",
    re.S,
)
_NO_LITERAL = frozenset("dDwWsSbBAz")


@lru_cache(maxsize=2048)
def alternatives(pattern: str) -> tuple[tuple[str, int], ...]:
    """The top-level alternatives of a pattern, the most demanding first, each with the literal characters that it demands.

    Of the branches of a group the one that demands least counts; what may be absent counts nothing.
    """
    tokens = _TOKEN.findall(pattern)
    flags = tokens[0] if tokens and tokens[0].startswith("(?") and tokens[0].endswith(")") else ""
    parts: list[list[str]] = [[]]
    depth = 0
    for piece in tokens[1:] if flags else tokens:
        depth += _step(piece)
        if piece == "|" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(piece)
    found = [(flags + "".join(part), _least(part)) for part in parts]
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _step(piece: str) -> int:
    opens = piece.startswith("(") and not piece.endswith(")")
    return 1 if opens else -1 if piece == ")" else 0


def _least(tokens: list[str]) -> int:
    """Least number of literal characters over the branches of a sequence of tokens."""
    stack: list[tuple[list[int], int]] = []
    branches: list[int] = []
    total = last = 0
    for piece in tokens:
        if _step(piece) > 0:
            stack.append((branches, total))
            branches, total, last = [], 0, 0
        elif piece == "|":
            branches.append(total)
            total = last = 0
        elif piece == ")":
            last = min([*branches, total])
            if not stack:
                return last
            branches, total = stack.pop()
            total += last
        elif piece[0] in "*?" or (piece[0] == "{" and piece[1:2] in {"0", ","}):
            total -= last
            last = 0
        elif piece[0] == "+" or (piece[0] == "{" and len(piece) > 1):
            last = 0
        else:
            last = _worth(piece)
            total += last
    return min([*branches, total])


def _worth(piece: str) -> int:
    if len(piece) > 1:
        return int(piece.startswith("\\") and len(piece) == 2 and piece[1] not in _NO_LITERAL)
    return int(piece not in ".^$ ")
