"""Lines of logs that another program showed: Ansible in what it prints of a task, a terminal whose output was recorded."""

import re
from collections.abc import Iterator

from openstack_rca.logs.json_records import json_in
from openstack_rca.logs.pieces import COLOUR, Piece, Splitter, line_by_line, readable, whole_lines
from openstack_rca.logs.wraps import begins_line

_TASK = re.compile(r"^(?:ok|changed|fatal|failed|skipping): \[(?P<host>[\w.-]{1,255}+)[^\]]*\].*=>(?P<told>.*)$")
_QUOTED = re.compile(r'^\s+(?:"[^"]*": *)?("(?:[^"\\]|\\.)*"),?\s*$')
_WRITTEN = re.compile(r"^\s+(?:- )?(?:[\w.]+: )?(?P<quote>['\"]?)(?P<text>.*?)(?P=quote)$")


def recorded_of_terminal(begin: str) -> Splitter | None:
    """The splitter for a recording of asciinema's, whose records hold pieces of the output; None for any other text."""
    head = json_in(begin.partition("\n")[0])
    if not isinstance(head, dict) or head.get("version") not in (2, 3) or not {"width", "term"} & head.keys():
        return None
    parts: list[str] = []
    held = 0

    def ended() -> Piece:
        nonlocal held
        piece = Piece(readable(COLOUR.sub("", "".join(parts)).strip("\r")), held)
        parts.clear()
        held = 0
        return piece

    def split(data: bytes, final: bool) -> tuple[list[Piece], int]:
        nonlocal held
        lines, taken = whole_lines(data, final)
        pieces: list[Piece] = []
        for line in lines:
            held += 1
            record = json_in(line)
            shown = record[2] if isinstance(record, list) and len(record) == 3 and record[1] == "o" else ""
            *whole, begun = str(shown).split("\n")
            for text in whole:
                parts.append(text)
                pieces.append(ended())
            parts.append(begun)
        if final and (held or any(parts)):
            pieces.append(ended())
        return pieces, taken

    return split


def shown_by_ansible(begin: str) -> Splitter | None:
    """The splitter for output of Ansible that shows lines of logs, with the host's name before each; None for other text."""
    if "] => " not in begin and "] =>\n" not in begin:
        return None
    host = ""

    def pieces_of(line: str) -> list[Piece]:
        nonlocal host
        line = line.rstrip("\r")
        task = _TASK.match(line)
        host = task["host"] if task is not None else host if line[:1].isspace() else ""
        texts = list(_texts(task["told"] if task is not None else line)) if host else []
        if not any(map(begins_line, texts)):
            return [Piece(readable(line), 1)]
        told = [f"{host}: {text}" if begins_line(text) else text for text in texts]
        return [Piece(text, not number) for number, text in enumerate(told)]

    shows = any(piece.text != line.rstrip("\r") for line in begin.split("\n") for piece in pieces_of(line))
    return line_by_line(pieces_of) if shows else None


def _texts(line: str) -> Iterator[str]:
    """The lines of text that a line of the output holds."""
    quoted = _QUOTED.match(line)
    written = _WRITTEN.match(line.rstrip())
    value = json_in(quoted[1]) if quoted else json_in(line.strip()) if line.lstrip().startswith("{") else None
    if value is not None:
        yield from _strings(value)
    elif written is not None and not written["text"].startswith('"'):
        yield readable(written["text"].replace("''", "'") if written["quote"] else written["text"])


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.encode("utf-8", "replace").decode().split("\n")
    elif isinstance(value, list | dict):
        # A result has its output twice: as one text and as lines.
        held = value if isinstance(value, list) else [part for key, part in value.items() if not key.endswith("_lines")]
        for part in held:
            yield from _strings(part)
