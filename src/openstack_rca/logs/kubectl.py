"""Events of Kubernetes as kubectl prints them: a table of ``get events``, the end of ``describe``.

How long ago an event was is not a time, so its order has to do.
"""

import json
import re
from collections.abc import Callable

_TABLE = re.compile(r"^(?=.*\bLAST SEEN\b)(?=.*\bTYPE\b)(?=.*\bREASON\b)(?=.*\bMESSAGE\b)[A-Z ]+$")
_DESCRIBED = re.compile(r"^ +Type +Reason +Age +From +Message *$", re.MULTILINE)
_FIELD = re.compile(r"^(Name|Node): +(\S+)")
_COLUMN = re.compile(r"[A-Za-z]+(?: [A-Z]+)*")


def reader_of_events(head: str) -> Callable[[str], str] | None:
    """How to read events that kubectl printed.

    Args:
        head: the beginning of the text.

    Returns:
        a function that takes the lines in order and returns each event as JSON, other lines empty; None for any other text.
    """
    first = head.partition("\n")[0].rstrip("\r")
    if _TABLE.match(first):
        columns = _columns(first)
        return lambda line: _event(line, columns)
    return _described() if _DESCRIBED.search(head) else None


def _described() -> Callable[[str], str]:
    """``kubectl describe``: what is told of the object above its events says whose they are."""
    told: dict[str, str] = {}
    columns: list[tuple[str, int]] = []

    def read(line: str) -> str:
        nonlocal columns
        field = _FIELD.match(line)
        if field is not None:
            if field[1] == "Name":
                told.clear()
            told[field[1]] = field[2].partition("/")[0]
        if _DESCRIBED.match(line):
            columns = _columns(line)
            return ""
        if not line.startswith(" "):
            columns = []
        if not columns or not line.strip("- "):
            return ""
        return _event(line, columns, told.get("Name", ""), told.get("Node", ""))

    return read


def _columns(header: str) -> list[tuple[str, int]]:
    return [(match[0].lower(), match.start()) for match in _COLUMN.finditer(header)]


def _event(line: str, columns: list[tuple[str, int]], called: str = "", node: str = "") -> str:
    """A row as the event's own JSON has it; a row whose cells do not begin where the header's do is cut at its gaps."""
    starts = [start for _, start in columns]
    if any(line[start - 1 : start] not in (" ", "") for start in starts[1:]):
        cells = re.split(r" {2,}", line.strip(), maxsplit=len(starts) - 1)
    else:
        cells = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
    cell = dict(zip((name for name, _ in columns), cells, strict=False))
    if not cell.get("message") or cell["type"] == "TYPE":
        return ""
    kind, _, name = cell.get("object", cell.get("name", called)).rpartition("/")
    of_node = (kind or cell.get("kind", "")).lower() == "node"
    host = cell.get("source", "").partition(", ")[2] or (name if of_node else node)
    event = {key: cell[key] for key in ("type", "reason", "message")}
    return json.dumps({**event, "host": host, "pod_name": "" if of_node else name})
