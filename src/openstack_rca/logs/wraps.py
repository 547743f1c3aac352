"""Where a log's lines begin, and lines that were wrapped at a width, which are made whole again."""

import itertools
import re
from collections.abc import Sequence

from openstack_rca.logs.pieces import Piece
from openstack_rca.logs.stamps import DAY, ISO, MONTH
from openstack_rca.logs.tracebacks import EXCEPTION_LINE

_WIDEST = 250
_NARROWEST = 40
# One line that goes on behind the longest one is not a sign of a wrap, unless that is as long as terminals are wide.
_TERMINALS = (72, 76, 78, 79, 80, 100, 120, 132)
# What stands below an error and is not the rest of its line, whatever the length of that.
_EXPLAINS = re.compile(r"Traceback |Caused by: |(?:[A-Za-z_$][\w$]*\.)*[A-Z]\w*(?:Error|Exception)\b")
_RAISED = re.compile(EXCEPTION_LINE)
_MAIL_WIDTHS = (60, 130)
BEGINS = re.compile(
    rf"^(?:\[?{ISO}|\d{{4}}/\d\d/\d\d \d\d:|<\d{{1,3}}>|{MONTH} [ \d]\d \d\d:|\[?{DAY} {MONTH} |\{{\"|=[A-Z]+ REPORT|"
    r"\d{6} +\d{1,2}:\d\d:\d\d |[IWEF]\d{4} \d\d:|\[pid: |"
    r"(?:TRACE|DEBUG|INFO|AUDIT|WARNING|ERROR|CRITICAL)\b)"
)
"""What a line of a log begins with; a line that does not may be the rest of one."""


def begins_line(text: str) -> bool:
    """Whether a text looks like the beginning of a log's line."""
    return BEGINS.match(text) is not None


def wrapped_at(sample: Sequence[str]) -> tuple[int, bool] | None:
    """The width at which lines were wrapped, and whether in the middle of words; ``None`` where they were not.

    Every line that begins nothing must follow a line too full to hold its first word. A word that is longer than the
    width stands alone. What was written around the lines, before the first of them and behind the last, does not count.
    """
    begun = [number for number, line in enumerate(sample) if BEGINS.match(line)]
    lines = sample[begun[0] :] if begun else []
    blank = next((number for number, line in enumerate(lines) if not line.strip() and number > 1), len(lines))
    if not any(BEGINS.match(line) for line in lines[blank:]):
        lines = lines[:blank]
    longest = max((len(line) for line in lines), default=0)
    width = max((len(line) for line in lines if len(line.split()) > 1), default=0)
    if width < _NARROWEST or len(lines) < 2:
        return None
    told = [
        (before, line)
        for before, line in itertools.pairwise(lines)
        if line.strip() and not BEGINS.match(line) and (len(before) == longest or not line.startswith((" ", "\t")))
    ]
    # A traceback's own lines tell nothing beside others that do.
    pairs = [pair for pair in told if not _explains(*pair)] or told
    pairs = pairs if len(pairs) > 1 else told
    if not pairs:
        return None
    if longest <= _WIDEST and all(len(before) == longest for before, _ in pairs):
        sure = len(pairs) > 1 or (longest in _TERMINALS and not _EXPLAINS.match(pairs[0][1]))
        return (longest, True) if sure else None
    if not _MAIL_WIDTHS[0] <= width <= _MAIL_WIDTHS[1]:
        return None
    soft = all(len(before) + 1 + len(line.split()[0]) > width - 2 for before, line in pairs)
    return (width, False) if soft and len(pairs) > 1 else None


def _explains(before: str, line: str) -> bool:
    return _EXPLAINS.match(line) is not None or (before.startswith((" ", "\t")) and _RAISED.match(line) is not None)


def unwrapped(lines: Sequence[str], width: int, hard: bool) -> list[Piece]:
    """Join lines that were wrapped at a width, ``hard`` in the middle of words; see ``wrapped_at``."""
    pieces: list[Piece] = []
    before = ""
    for line in lines:
        full = (
            len(before) == width if hard else bool(line.strip()) and len(before) + 1 + len(line.split()[0]) > width - 2
        )
        goes_on = bool(pieces) and bool(line.strip()) and full and not BEGINS.match(line)
        if goes_on and (hard or not line.startswith((" ", "\t"))):
            last = pieces[-1]
            pieces[-1] = Piece(last.text + ("" if hard else " ") + line, last.lines + 1)
        else:
            pieces.append(Piece(line, 1))
        before = line
    return pieces
