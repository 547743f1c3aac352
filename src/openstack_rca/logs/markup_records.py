"""Records in mark-up: rows of a page's table, results of tests as JUnit writes them.

Each becomes a line of JSON, as in ``documents``.
"""

import html
import re
from collections.abc import Callable, Iterator

from openstack_rca.logs.json_records import in_roles, is_moment, roles_of
from openstack_rca.logs.pieces import Splitter
from openstack_rca.logs.printed_records import by_beginnings

_ROW = re.compile(r"(?=<tr[\s>])", re.IGNORECASE)
_CELL = re.compile(r"<t[dh](?:\s[^<>]*)?>", re.IGNORECASE)
_ROW_END = re.compile(r"</tr>|</t(?:head|body|able)>", re.IGNORECASE)
_BREAK = re.compile(r"<br ?/?>|</p>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_LOOKED_AT = 20
_TEST = re.compile(r"(?=<test(?:case|suite)[\s>])")
_ATTRIBUTE = re.compile(r"\b(name|classname|timestamp|hostname|message)=\"([^\"]*)\"")
_OUTCOME = re.compile(r"<(failure|error|skipped)\b([^<>]*)>")


def records_in_markup(begin: str) -> Splitter | None:
    """The splitter for a page with a table of log records, or for results of tests; None for any other text."""
    if begin.lstrip()[:1] != "<":
        return None
    if "<testcase" in begin:
        return by_beginnings(lambda _before, line: "<testcase" in line or "<testsuite" in line, _of_tests())
    return _table(begin) if "<pre" not in begin else None


def _table(begin: str) -> Splitter | None:
    rows = [_cells(row) for row in _ROW.split(begin, _LOOKED_AT + 1)[1 : _LOOKED_AT + 1]]
    names = rows[0] if rows else []
    if len(names) < 2 or len(set(names)) < len(names) or any(map(is_moment, names)):
        return None
    records = [dict(zip(names, row, strict=True)) for row in rows[1:] if len(row) == len(names)]
    roles = roles_of([{name: cell for name, cell in record.items() if cell} for record in records])
    if roles is None:
        return None

    def read(lines: list[str]) -> list[dict[str, str]]:
        cells = [_cells(row) for row in _ROW.split("\n".join(lines))[1:]]
        return [
            in_roles(dict(zip(names, row, strict=True)), roles)
            for row in cells
            if len(row) == len(names) and row != names
        ]

    return by_beginnings(lambda _before, line: _ROW.search(line), read)


def _cells(row: str) -> list[str]:
    shown = _BREAK.sub("\n", _ROW_END.split(row, 1)[0])
    return [html.unescape(_TAG.sub("", cell)).strip() for cell in _CELL.split(shown)[1:]]


def _of_tests() -> Callable[[list[str]], list[dict[str, str]]]:
    """What a suite tells of its time and host counts for its tests, of which those that failed are errors."""
    suite: dict[str, str] = {}

    def read(lines: list[str]) -> list[dict[str, str]]:
        return list(_outcomes("\n".join(lines), suite))

    return read


def _outcomes(text: str, suite: dict[str, str]) -> Iterator[dict[str, str]]:
    for part in _TEST.split(text):
        told = dict(_ATTRIBUTE.findall(part.partition(">")[0]))
        if part.startswith("<testsuite"):
            suite.clear()
            suite.update(told)
        elif part.startswith("<testcase"):
            outcome = _OUTCOME.search(part)
            inner = part[outcome.end() :].partition(f"</{outcome[1]}>")[0] if outcome and outcome[2][-1:] != "/" else ""
            inner = inner.strip().removeprefix("<![CDATA[").removesuffix("]]>")
            reason = dict(_ATTRIBUTE.findall(outcome[2])).get("message", "") if outcome else ""
            name = ".".join(filter(None, (told.get("classname"), told.get("name"))))
            said = html.unescape(reason or (inner.strip().splitlines() or [""])[-1])
            failed = outcome is not None and outcome[1] != "skipped"
            yield {
                "timestamp": told.get("timestamp") or suite.get("timestamp", ""),
                "host": suite.get("hostname", ""),
                "level": "error" if failed else "info",
                "message": html.unescape(f"{name} {outcome[1] if outcome else 'passed'}")
                + (f": {said}" if said else ""),
                "traceback": html.unescape(inner) if failed else "",
            }
