"""Records that reach over several lines of a file, made one line each: journald's exports, indented JSON, CSV.

Every record becomes a line of JSON, which ``json_lines`` understands; how many lines of the file it stands for is kept.
"""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from openstack_rca.logs.client_rows import is_listed_by_client
from openstack_rca.logs.frames import counted_frames
from openstack_rca.logs.json_records import (
    holds_record,
    is_moment,
    records_of,
    says_text,
    says_time,
    text_of,
)
from openstack_rca.logs.kubectl import reader_of_events
from openstack_rca.logs.markup_records import records_in_markup
from openstack_rca.logs.pieces import Piece, Splitter, line_by_line, readable
from openstack_rca.logs.printed_records import by_beginnings, printed_records
from openstack_rca.logs.records import level_name
from openstack_rca.logs.shown_logs import recorded_of_terminal, shown_by_ansible
from openstack_rca.logs.stamps import SURE_BEGINNING
from openstack_rca.logs.tables import DELIMITERS, REMARK, cells_of, column_name, csv_rows, drawn_table, table_of
from openstack_rca.logs.wraps import begins_line
from openstack_rca.logs.yaml_records import records_in_yaml

_HEAD = 64 * 1024
# From one opening bracket past keys and plain values to the next, inside of a document that is cut off.
_OPENED = re.compile(r"[\[{](?:[^\[\]{}\"]|\"(?:[^\"\\]|\\.)*\")*[\[{]")
_ENTERED = 8
# A part of a text that looks the same in JSON, however that is written; and how often a document may be searched for such.
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9 .:,=-]{8,80}")
_LOOKED_THROUGH = 4
_VERBOSE = re.compile(
    r"^\w{1,4}\.? (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{1,5}| [+-]\d\d(?::?\d\d)?)?) "
    r"\[(?=s=\w+;|[^\]]*i=)[^\]]*\]$",
)
_FIELD = re.compile(r"^ +(?P<name>[A-Z_][A-Z0-9_]*)=(?P<value>.*)$", re.DOTALL)
_POWERSHELL = re.compile(rb"^#TYPE .*\n")
_SEPARATORS = " \t\r\n,[]\x00\x1e\ufeff"
_POSTGRESQL = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z+\d:-]{1,6},(?:\"[^\"]*\"|[^,\"]*),(?:\"[^\"]*\"|[^,\"]*),\d*,"
    r"(?:(?:\"[^\"]*\"|[^,\"]*),){7}(?:DEBUG[1-5]|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC),"
)
_POSTGRESQL_COLUMNS = [
    "log_time", "user_name", "database_name", "process_id", "connection_from", "session_id", "session_line_num",
    "command_tag", "session_start_time", "virtual_transaction_id", "transaction_id", "error_severity", "sql_state_code",
    "message", "detail", "hint", "internal_query", "internal_query_pos", "context", "query", "query_pos", "location",
    "application_name", "backend_type",
]  # fmt: skip
# Windows' viewer of events names no column for the text, in any language, and its source of an event is a program.
_WINDOWS_COLUMNS = ["level", "timestamp", "service", "event_id", "task", "message"]
_LISTED = re.compile(r"\[\s*(\"(?:[^\"\\]|\\.)*\")")
_FOUND_RECORDS = 2
# A text that was copied as JSON writes it, in one line.
_ESCAPED = re.compile(r"\\r?\\n|\\n")
# The same where a page made spaces of the ends of lines.
_JOINED = re.compile(rf"{_ESCAPED.pattern}| (?={SURE_BEGINNING})")
_LONGEST_ROW = 64 * 1024


def splitter_for(head: bytes) -> Splitter | None:
    """The function that cuts a file with this beginning into records; ``None`` where each line is a record, as in most logs."""
    begin = head[:_HEAD].lstrip(b"\xef\xbb\xbf\r\n")
    if begin.startswith((b"__CURSOR=", b"__REALTIME_TIMESTAMP=")):
        return _journal_export
    framed = counted_frames(begin, len(head) <= _HEAD)
    if framed is not None:
        return framed
    # PowerShell says above a table of what kind its rows are.
    first = _POWERSHELL.sub(b"", begin).split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    if _VERBOSE.match(first):
        return by_beginnings(lambda _before, line: _VERBOSE.match(line), _verbose_entry)
    text = _decoded(begin)
    ends = _JOINED if re.match(SURE_BEGINNING, first) else _ESCAPED
    if first[:1].isdigit() and "\n" not in text.strip() and sum(map(begins_line, ends.split(first))) > 1:
        return line_by_line(lambda line: [*(Piece(part, 0) for part in ends.split(line)), Piece("", 1)])
    if _listed_texts(text):
        return _texts_of_list
    printed = (
        printed_records(text)
        or records_in_markup(text)
        or records_in_yaml(text)
        or shown_by_ansible(text)
        or recorded_of_terminal(text)
    )
    if printed is not None:
        return printed
    if first[:1] in ("{", "[", "\x1e"):
        return _json_documents if _is_document(text.lstrip("\x1e"), first.strip("\x1e ,")) else None
    if _is_of_windows_viewer(text):
        named = first.split(",")[1]
        return csv_rows(_WINDOWS_COLUMNS, ",", lambda row: {} if row.get("timestamp") == named else row)
    if _POSTGRESQL.match(first):
        return csv_rows(_POSTGRESQL_COLUMNS, ",", _postgresql_record)
    delimiter = _csv_delimiter(first)
    return _csv(first, delimiter) if delimiter else _printed_events(text) or drawn_table(text) or table_of(text)


def holds_records(head: bytes) -> bool:
    """Whether a file with this beginning is an export of log records: from journald, as CSV with a header, or as JSON."""
    begin = head[:_HEAD].lstrip(b"\xef\xbb\xbf\r\n \t\x1e")
    text = _decoded(begin)
    if not begin.startswith((b"{", b"[")) or printed_records(text) is not None:
        return splitter_for(head) is not None
    values = (value for _, _, value in _values(text, final=len(text) < _HEAD - 16) if value is not None)
    return any(
        is_listed_by_client(value) or any(map(holds_record, records_of(value)))
        for value in itertools.islice(values, 20)
    )


def _is_of_windows_viewer(text: str) -> bool:
    """Whether rows hold a level, a moment, a program and a number, and a text behind what the first line names."""
    lines = [line.replace("\r", "") for line in text.split("\n", 2)[:2]]
    if lines[0].count(",") != len(_WINDOWS_COLUMNS) - 2 or len(lines[-1]) > _LONGEST_ROW:
        return False
    header, *rows = cells_of(lines) or [[]]
    if len(header) != len(_WINDOWS_COLUMNS) - 1 or not rows or len(rows[0]) != len(_WINDOWS_COLUMNS):
        return False
    level, moment, _, number, *_ = rows[0]
    return level_name(level) is not None and is_moment(moment) and number.isdigit()


def _is_document(text: str, first: str) -> bool:
    """Whether a JSON text has records that span several lines, or several records in its first line."""
    try:
        value = json.loads(first, strict=False)
    except (ValueError, RecursionError):
        return next((value for _, _, value in _values(text, final=True)), None) is not None
    return len(list(itertools.islice(records_of(value), _FOUND_RECORDS))) == _FOUND_RECORDS


def _journal_export(data: bytes, final: bool) -> tuple[list[Piece], int]:
    """The Journal Export Format: ``NAME=value`` lines, or a name, a length and bytes; a blank line ends an entry."""
    pieces: list[Piece] = []
    entry: dict[str, str] = {}
    start = position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        if end < 0:
            if not final:
                break
            end = len(data)
        line = data[position:end]
        if b"=" in line:
            name, _, value = line.partition(b"=")
            entry[_decoded(name)] = _decoded(value.rstrip(b"\r"))
            position = end + 1
        elif not line.strip():
            position = end + 1
            # Blank lines belong to the entry before them.
            pieces.append(_piece(entry, data[start:position]))
            entry, start = {}, position
        else:
            size = int.from_bytes(data[end + 1 : end + 9], "little")
            stop = end + 9 + size
            if stop > len(data):
                if not final:
                    break
                stop = len(data)
            entry[_decoded(line)] = _decoded(data[end + 9 : stop])
            position = stop + 1
    if final and start < len(data):
        pieces.append(_piece(entry, data[start:]))
        start = len(data)
    return pieces, start


def _piece(entry: dict[str, Any], taken: bytes) -> Piece:
    lines = taken.count(b"\n") + (not taken.endswith(b"\n"))
    return Piece(json.dumps(entry) if entry else "", lines)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _verbose_entry(lines: list[str]) -> dict[str, str] | None:
    """``journalctl -o verbose``: a line with the time, then one indented field a line; values may go on, deeper."""
    header = _VERBOSE.match(lines[0])
    if header is None:
        return None
    entry = {"timestamp": [header["time"]]}
    name = ""
    for line in lines[1:]:
        field = _FIELD.match(line)
        if field is not None:
            name = field["name"]
            entry[name] = [field["value"]]
        elif name and line.strip():
            entry[name].append(line.strip())
    entry.pop("_SOURCE_REALTIME_TIMESTAMP", None)
    return {name: "\n".join(value) for name, value in entry.items()}


def _json_documents(data: bytes, final: bool) -> tuple[list[Piece], int]:
    """Records of JSON, one after the other, in a list or anywhere in a document; what is not JSON is kept line by line."""
    text = data.decode("utf-8", "surrogateescape")
    pieces: list[Piece] = []
    done = 0
    for position, end, value in _values(text, final):
        # Separators belong to the record behind them, the end of a line to the one before it.
        end += text[end : end + 1] == "\n"
        lines = text.count("\n", done, end) + (final and end == len(text) and not text.endswith("\n"))
        found = list(records_of(value)) if value is not None else []
        if value is None or (not found and not done):
            pieces.append(
                Piece(readable(text[position:end].rstrip("\n")) if value is None else json.dumps(value), lines)
            )
        else:
            pieces += _placed(found, text, position, end, lines) if found else [Piece(json.dumps(value), lines)]
        done = end
    if final and done < len(text):
        rest = text[done:]
        lines = rest.count("\n") + (not rest.endswith("\n"))
        last = pieces.pop() if pieces else Piece(readable(rest.strip()), 0)
        pieces.append(Piece(last.text, last.lines + lines))
        done = len(text)
    return pieces, len(text[:done].encode("utf-8", "surrogateescape"))


def _listed_texts(text: str) -> bool:
    """Whether a text is a list of JSON whose first element is a line of a log."""
    begun = _LISTED.match(text)
    try:
        return begun is not None and begins_line(json.loads(begun[1]))
    except ValueError:
        return False


def _texts_of_list(data: bytes, final: bool) -> tuple[list[Piece], int]:
    """Lines of a log as a list of texts; one that is cut off is kept line by line."""
    if not final:
        return [], 0
    text = _decoded(data)
    lines = text.count("\n") + (not text.endswith("\n"))
    try:
        texts = [str(element) for element in json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return [Piece(line.strip(' \t,[]"\r'), 1) for line in text.split("\n")[:lines]], len(data)
    each = int(lines >= len(texts) + 2)
    return [Piece("", each), *(Piece(one, each) for one in texts), Piece("", lines - each * (len(texts) + 1))], len(
        data
    )


def _placed(records: list[dict[str, Any]], text: str, start: int, end: int, lines: int) -> list[Piece]:
    """The records of one document; each counts the lines from its own text to the text of the next one."""
    places = []
    place, passed, budget = start, 0, _LOOKED_THROUGH * (end - start)
    for record in records:
        plain = _PLAIN_TEXT.search(text_of(record))
        if plain is not None and budget > 0:
            found = text.find(plain[0], place, end)
            # A text that is written with escapes is not found: the search went to the end.
            budget -= (end if found < 0 else found) - place
            if found >= 0:
                passed += text.count("\n", place, found)
                place = found
        places.append(passed)
        place += len(plain[0]) if plain is not None and text.startswith(plain[0], place) else 0
    # What is before the first text belongs to the first record.
    borders = [0, *places[1:], lines]
    return [
        Piece(json.dumps(record), max(borders[number + 1] - borders[number], 0))
        for number, record in enumerate(records)
    ]


def _values(text: str, final: bool) -> Iterator[tuple[int, int, Any]]:
    """The JSON objects of a text, each with its beginning and end; ``None`` stands for a line that is not JSON.

    An object that is cut off is looked into: the records inside of it may be whole.
    """
    decoder = json.JSONDecoder(strict=False)
    position = 0
    entered = 0
    while (position := _skipped(text, position)) < len(text):
        value, end = _decoded_at(decoder, text, position)
        if value is None:
            if not final:
                return
            opened = _OPENED.match(text, position) if entered < _ENTERED else None
            if opened is not None and text[position] in "{[":
                entered += 1
                position = opened.end() - 1
                continue
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
        yield position, end, value
        position = end


def _decoded_at(decoder: json.JSONDecoder, text: str, position: int) -> tuple[Any, int]:
    """The object that begins at a position, and where it ends; ``None`` where there is none."""
    if text[position] != "{":
        return None, position
    try:
        return decoder.raw_decode(text, position)
    except (ValueError, RecursionError):
        return None, position


def _skipped(text: str, position: int) -> int:
    """Past separators; a bracket only counts as one where it opens or closes the list of records."""
    while position < len(text) and text[position] in _SEPARATORS:
        if text[position] == "[" and not re.match(r"\[\s*[{\]]", text[position : position + 200]):
            break
        position += 1
    return position


def _csv_delimiter(header: str) -> str | None:
    """What stands between the columns, if a line is the header of exported logs: it names a time and a text."""
    for delimiter in DELIMITERS:
        names = [column_name(name.strip('"')) for name in header.split(delimiter)]
        of_words = all(re.fullmatch(r"[\w@.\[\] ()/-]{0,60}", name) for name in names)
        texts = [name for name in names if says_text(name) or name.lower() == "_source"]
        times = [name for name in names if says_time(name) and name not in texts]
        if len(names) > 1 and of_words and texts and times and not any(map(is_moment, names)):
            return delimiter
    return None


def _csv(header: str, delimiter: str) -> Splitter:
    """Exports of Kibana, Graylog, Grafana, Datadog, Splunk, Azure and others: the first line names the columns."""
    shown = (cells_of([header], delimiter) or [[header]])[0]
    zones = {column_name(name): match[1] for name in shown if (match := REMARK.search(name.strip())) is not None}
    zoned = {name: zone for name, zone in zones.items() if zone in ("UTC", "GMT", "Z")}

    def shaped(record: dict[str, str]) -> dict[str, str]:
        return record | {name: f"{record[name]} {zone}" for name, zone in zoned.items() if name in record}

    return csv_rows([column_name(name) for name in shown], delimiter, shaped)


def _postgresql_record(record: dict[str, str]) -> dict[str, str]:
    """A row of PostgreSQL's csvlog by the keys of ``json_keys``; what explains the message stands below it."""
    further = [f"{name.upper()}:  {record[name]}" for name in ("detail", "hint", "context", "query") if name in record]
    return {
        "timestamp": record.get("log_time", ""),
        "level": record.get("error_severity", "").rstrip("12345"),
        "pid": record.get("process_id", ""),
        "service": "postgresql",
        "message": "\n".join([record.get("message", ""), *further]),
    }


def _printed_events(head: str) -> Splitter | None:
    read = reader_of_events(head)
    return None if read is None else line_by_line(lambda line: [Piece(read(line), 1)])
