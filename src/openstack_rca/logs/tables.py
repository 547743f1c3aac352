"""Tables of log records: with a delimiter or with bars between their columns, whatever these are called."""

import csv
import io
import json
import re
from collections.abc import Callable
from functools import partial

from openstack_rca.logs import json_keys
from openstack_rca.logs.json_records import in_roles, is_moment, roles_of
from openstack_rca.logs.pieces import Piece, Splitter, readable, whole_lines

_LOOKED_AT = 20
_BORDER = re.compile(r"^[ \t]*+[+|]?[ :]*+[-=]{3}[-=: ]*+[+|][-=:+| ]*+$", re.MULTILINE)
DELIMITERS = ",;\t"
# What a header says of the zone or the unit of a column's values.
REMARK = re.compile(r" {0,4}[\[(]([^\])]{0,80})[\])]$")


def drawn_table(begin: str) -> Splitter | None:
    """The splitter for tables with bars (Markdown, clients of OpenStack and databases); other lines stay. None without one."""
    lines = begin.split("\n") if _BORDER.search(begin) else []
    barred = [line for line in lines if "|" in line and not _BORDER.match(line)][: _LOOKED_AT + 1]
    names = _cells(barred[0]) if barred else []
    rows = [dict(zip(names, row, strict=True)) for row in map(_cells, barred[1:]) if len(row) == len(names)]
    roles = roles_of([{name: cell for name, cell in row.items() if cell} for row in rows])
    if roles is None or len(set(names)) < len(names):
        return None

    def split(data: bytes, final: bool) -> tuple[list[Piece], int]:
        lines, taken = whole_lines(data, final)
        pieces: list[Piece] = []
        last: dict[str, str] | None = None
        for line in lines:
            cells = _cells(line)
            if _BORDER.match(line) or cells == names:
                pieces.append(Piece("", 1))
            elif len(cells) != len(names) or "|" not in line:
                pieces.append(Piece(readable(line), 1))
            elif last is not None and not cells[names.index(roles["timestamp"])]:
                # A row that goes on below, where its cells were too narrow.
                last = {name: f"{last[name]} {cell}".strip() for name, cell in zip(names, cells, strict=True)}
                pieces[-1] = Piece(json.dumps(in_roles(last, roles)), pieces[-1].lines + 1)
                continue
            else:
                last = dict(zip(names, map(readable, cells), strict=True))
                pieces.append(Piece(json.dumps(in_roles(last, roles)), 1))
                continue
            last = None
        return pieces, taken

    return split


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def cells_of(lines: list[str], delimiter: str = ",") -> list[list[str]]:
    """The cells of each line; empty where one cell is too long, so that these lines are no table."""
    try:
        return list(csv.reader([line.replace("\r", "") for line in lines], delimiter=delimiter))
    except csv.Error:
        return []


def table_of(begin: str) -> Splitter | None:
    """The splitter for columns, whatever they are called, that hold a moment, a level and a text; None for any other text."""
    lines = [line for line in begin.split("\n", _LOOKED_AT + 1)[: _LOOKED_AT + 1] if line.strip()]
    for delimiter in DELIMITERS if lines else "":
        if not all(delimiter in line for line in lines[:2]):
            continue
        cells = cells_of(lines, delimiter)
        if not cells:
            continue
        names, width = cells[0], len(cells[0])
        headed = len(set(names)) == width and not any(map(is_moment, names))
        columns = names if headed else list(map(str, range(width)))
        rows = [dict(zip(columns, row, strict=True)) for row in cells[headed:] if len(row) == width]
        plain = [{name: cell for name, cell in row.items() if cell} for row in rows]
        roles = roles_of(plain, headed) if width > 2 and len(rows) * 10 >= len(cells[headed:]) * 9 else None
        # A level behind a moment at the beginning is a line of many programs, not a table.
        plain_lines = not headed and roles is not None and (roles["timestamp"], roles.get("level")) == ("0", "1")
        if roles is not None and not plain_lines and (headed or len(rows) > 1):
            return csv_rows(columns, delimiter, partial(in_roles, roles=roles))
    return None


def csv_rows(names: list[str], delimiter: str, shaped: Callable[[dict[str, str]], dict[str, str]]) -> Splitter:
    """The splitter for rows with these columns; ``shaped`` turns each row, column to value, into the record to read."""

    def split(data: bytes, final: bool) -> tuple[list[Piece], int]:
        end = len(data) if final else data.rfind(b"\n") + 1
        # A value may hold line ends: a record ends where its quotes do.
        quotes = 0 if final else data.count(b'"', 0, end)
        while quotes % 2:
            whole, end = end, data.rfind(b"\n", 0, end - 1) + 1
            quotes -= data.count(b'"', end, whole)
        text = data[:end].decode("utf-8", "replace").replace("\x00", "")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        pieces: list[Piece] = []
        before = 0
        try:
            for row in rows:
                lines, before = rows.line_num - before, rows.line_num
                told = "".join(row[:1]).startswith("#TYPE ")
                if told or names in (row, [column_name(name) for name in row]):
                    pieces.append(Piece("", lines))
                    continue
                record = {name: value for name, value in zip(names, row, strict=False) if value not in ("", "-")}
                said = shaped(record) if record else {}
                pieces.append(Piece(json.dumps(said) if said else "", lines))
        except csv.Error:
            whole = text.count("\n") + (not text.endswith("\n"))
            pieces.append(Piece("\n".join(text.splitlines()[before:]), max(whole - before, 0)))
        return pieces, end

    return split


def column_name(name: str) -> str:
    """The name of a column as ``json_keys`` knows it, without the header's remarks (zone, unit)."""
    plain = REMARK.sub("", name.strip().strip("\ufeff").strip('"').removeprefix("_source."))
    lower = plain.lower().replace(" ", "_")
    known = {*json_keys.MESSAGES, *json_keys.TIMES, *json_keys.HOSTS, *json_keys.SERVICES, *json_keys.WORD_LEVELS}
    return lower if lower in known else plain
