"""Records that a program prints with a field a line: Logstash, OpenTelemetry's collector, clients of databases, slow queries.

Each becomes a line of JSON, as in ``documents``.
"""

import html
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openstack_rca.logs.json_records import json_in, roles_of, ruby_hash
from openstack_rca.logs.pieces import Piece, Splitter, readable, whole_lines

_Begins = Callable[[str, str], Any]
_Read = Callable[[list[str]], Mapping[str, Any] | Sequence[Mapping[str, Any]] | None]

_RUBY = re.compile(r'\{\r?\n\s*"[^"\n]+" => ')
_LOG_RECORD = re.compile(r"^LogRecord #\d+\s*$", re.MULTILINE)
_SPOKEN = re.compile(
    r"^(ObservedTimestamp|Timestamp|SeverityText|SeverityNumber|EventName|Body|Attributes|Trace ID|Span ID|Flags|"
    r"Resource attributes|ResourceLog|ScopeLogs?|InstrumentationScope)\b[^:]*:? ?(.*)$"
)
_ATTRIBUTE = re.compile(r"^ +-> ([^:]+): \w+\((.*)\)$")
_TYPED = re.compile(r"^[A-Z][a-z]+\((.*)\)$", re.DOTALL)
_ROW = re.compile(r"^(?:\*{5,} *\d+\. row \*{5,}|-\[ RECORD \d+ \][-+]*)\s*$", re.MULTILINE)
_ROW_ENDS = re.compile(r"^(?:\d+ rows? in set|\(\d+ rows?\))")
_SLOW = re.compile(r"^# (?:Time: |User@Host: )", re.MULTILINE)
_SLOW_STAMP = re.compile(r"^# Time: +(\S.*)")
_SHORT_YEAR = re.compile(r"^(\d\d)(\d\d)(\d\d) ")
_SLOW_EPOCH = re.compile(r"^SET timestamp=(\d{9,10})(?:\.\d+)?;")
_FIELD = re.compile(
    r"^(?P<key> *[A-Za-z_@][\w.@/-]*+(?: [A-Za-z][\w.()/-]*+){0,2}) *(?P<sign>[:=|])(?: +(?P<value>.*))?$"
)
_LOOKED_AT = 400
# Log4j's XMLLayout of both versions, and that of Java's own logging.
_XML = re.compile(
    r"^(?:<\?xml[^<>]*>)?(?:[ \t]*<Events[^<>]*>)?[ \t]*(?=<(?:log4j:event|Event|record)(?:\s[^<>]*)?>)", re.MULTILINE
)
_XML_TAG = re.compile(r"<(?:log4j:event|Event|record)(?:\s[^<>]*)?>")
_XML_ATTRIBUTE = re.compile(r"\b(timestamp|timeMillis|level|loggerName|logger)=\"([^\"]*)\"")
_XML_PARTS = {
    "message": ("message", "Message"),
    "traceback": ("throwable", "ExtendedStackTrace", "exception"),
    "timestamp": ("millis",),
    "level": ("level",),
    "logger": ("logger",),
}
# Windows' events: what stands in attributes and elements of theirs.
_WINDOWS = {
    "timestamp": re.compile(r"\bSystemTime=['\"]([^'\"]*)"),
    "service": re.compile(r"<Provider [^<>]*\bName=['\"]([^'\"]*)"),
    "pid": re.compile(r"\bProcessID=['\"](\d*)"),
    "host": re.compile(r"<Computer>([^<>]*)"),
    "level": re.compile(r"<Level>(\d)"),
}
_WINDOWS_LEVELS = {"1": "critical", "2": "error", "3": "warning", "5": "debug"}
_WINDOWS_TEXT = re.compile(r"^Event\[\d+\]:?\s*$", re.MULTILINE)
_SPLUNK_FIELD = re.compile(r"<field k=['\"]([^'\"<>]+)['\"]>((?:(?!<field ).)*?)</field>", re.DOTALL)
_ANY_TAG = re.compile(r"</?[a-z][^<>]*>")
_MACHINE_CHECK = "Hardware event. This is not a software error."
_NOTED = "SEL Record ID"
_MACHINE_CHECKED = re.compile(r"^TIME (\d{9,10}) ")


LONGEST_RECORD = 32 * 1024 * 1024
"""Of text without the beginning of a further record no more is held back: then its lines are given as they stand."""


def printed_records(begin: str) -> Splitter | None:
    """The splitter for a text whose records are each printed over several lines; None for any other text."""
    # Looking for words costs little.
    if _RUBY.match(begin):
        return by_beginnings(lambda _before, line: line.rstrip() == "{", lambda lines: ruby_hash("\n".join(lines)))
    if "<result offset=" in begin:
        return by_beginnings(lambda _before, line: line.lstrip().startswith("<result offset="), _of_splunk)
    if "LogRecord #" in begin and _LOG_RECORD.search(begin):
        return by_beginnings(lambda _before, line: _LOG_RECORD.match(line), _of_collector())
    if (". row ***" in begin or "-[ RECORD " in begin) and _ROW.search(begin):
        return by_beginnings(lambda _before, line: _ROW.match(line), lambda lines: _fields(lines[1:], aligned=True))
    if begin.lstrip()[:1] == "<" and _XML.search(begin):
        return by_beginnings(lambda _before, line: _XML.match(line), _of_xml)
    if begin.startswith("Event[") and _WINDOWS_TEXT.match(begin):
        return by_beginnings(lambda _before, line: _WINDOWS_TEXT.match(line), _of_windows)
    if "Start-Date: " in begin and "\nEnd-Date: " in begin:
        return by_beginnings(lambda _before, line: line.startswith("Start-Date: "), _of_packages)
    if _MACHINE_CHECK in begin:
        return by_beginnings(lambda _before, line: line.startswith(_MACHINE_CHECK), _of_machine_check)
    if begin.lstrip().startswith(_NOTED):
        return by_beginnings(lambda _before, line: line.startswith(_NOTED), _of_controller)
    if "\n# Query_time: " in begin and _SLOW.search(begin):
        return by_beginnings(_begins_slow_query, _of_slow_queries())
    return _blocks(begin)


def by_beginnings(begins: _Begins, read: _Read) -> Splitter:
    """The splitter for a text whose records begin with certain lines and reach to the next such line.

    Args:
        begins: takes the line before and a line; whether that line begins a record.
        read: takes the lines of a record, or those before the first one, and returns what they say, as one or several records;
            None where the lines stay as they are.
    """

    def split(data: bytes, final: bool) -> tuple[list[Piece], int]:
        lines, taken = whole_lines(data, final)
        starts = [number for number, line in enumerate(lines) if begins(lines[number - 1] if number else "", line)]
        if not starts or starts[0] > 0:
            starts = [0, *starts]
        if not final and len(starts) < 2:
            return ([Piece(readable(line), 1) for line in lines], taken) if len(data) > LONGEST_RECORD else ([], 0)
        ends = [*starts[1:], len(lines)] if final else starts[1:]
        pieces = [piece for start, end in zip(starts, ends, strict=False) for piece in _pieces(lines[start:end], read)]
        used = ends[-1]
        if used == len(lines):
            return pieces, taken
        return pieces, sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in lines[:used])

    return split


def _pieces(lines: list[str], read: _Read) -> list[Piece]:
    said = read([line.rstrip("\r") for line in lines]) if lines else None
    if said is None:
        return [Piece(readable(line), 1) for line in lines]
    found = [said] if isinstance(said, Mapping) else said or [{}]
    # Where several stand in the same lines, the last one counts these.
    return [
        Piece(json.dumps(one) if one else "", len(lines) if number == len(found) else 0)
        for number, one in enumerate(found, 1)
    ]


def _of_splunk(lines: list[str]) -> dict[str, str]:
    """A result of a search, with marks around the words that were searched for."""
    fields = _SPLUNK_FIELD.findall("\n".join(lines))
    return {name: html.unescape(_ANY_TAG.sub("", value)).strip() for name, value in fields}


def _of_collector() -> _Read:
    """The collector's debug exporter: what it prints of a resource counts for the records behind it."""
    resource: dict[str, Any] = {}

    def read(lines: list[str]) -> dict[str, Any]:
        said: dict[str, str] = {}
        attributes, target, name = dict(resource), {}, ""
        printed: list[str] = []
        for line in lines:
            attribute, spoken = _ATTRIBUTE.match(line), _SPOKEN.match(line)
            if attribute is not None:
                target[attribute[1]] = attribute[2]
            elif spoken is not None:
                name = spoken[1]
                said[name] = spoken[2]
                printed = [spoken[2]] if name == "Body" else printed
                target = {"Attributes": attributes, "Resource attributes": resource}.get(name, {})
                if target is resource:
                    resource.clear()
            elif name == "Body":
                printed.append(line)
        if "Body" not in said:
            return {}
        body = _TYPED.sub(r"\1", "\n".join(printed))
        held = json_in(body) if printed[0].startswith("Map(") else None
        unset = said.get("Timestamp", "").startswith("1970-")
        return {
            **attributes,
            **(held if isinstance(held, dict) else {"body": body}),
            "timestamp": said.get("ObservedTimestamp" if unset else "Timestamp", ""),
            "severity_text": said.get("SeverityText") or re.sub(r"\W.*|\d", "", said.get("SeverityNumber", "")),
        }

    return read


def _of_xml(lines: list[str]) -> list[dict[str, str]]:
    """Events in XML; what stands before the first one says nothing."""
    events = re.split(rf"(?={_XML_TAG.pattern})", "\n".join(lines))
    return [_event_in_xml(event) for event in events[1:]]


def _event_in_xml(text: str) -> dict[str, str]:
    """What attributes of its tag, or elements, say of one event."""
    opening = _XML_TAG.match(text)
    said = dict(_XML_ATTRIBUTE.findall(opening[0] if opening else ""))
    if "</System>" in text:
        said = {key: html.unescape(found[1]) for key, part in _WINDOWS.items() if (found := part.search(text))}
        values = re.findall(r">([^<>]+)<", text.partition("</System>")[2])
        shown = _element(text, "Message") or html.unescape(" ".join(filter(None, map(str.strip, values))))
        level = _WINDOWS_LEVELS.get(said.get("level", ""), "info")
        return {**said, "level": level, "message": shown or f"event {_element(text, 'EventID')}"}
    said = {"timestamp": said.pop("timeMillis", ""), "logger": said.pop("loggerName", ""), **said}
    for key, names in _XML_PARTS.items():
        told = next((part for name in names if (part := _element(text, name))), "")
        said[key] = told.strip("\n") or said.get(key, "")
    return {key: value for key, value in said.items() if value}


def _of_windows(lines: list[str]) -> dict[str, str]:
    """What `wevtutil` prints of one of Windows' events as text: its description comes last."""
    stripped = [line.strip() for line in lines[1:]]
    end = next((number for number, line in enumerate(stripped) if line.startswith("Description:")), len(stripped))
    said = _fields(stripped[:end])
    text = "\n".join(stripped[end:]).removeprefix("Description:").strip()
    names = {"Date": "timestamp", "Level": "level", "Computer": "host", "Source": "service"}
    return {name: said.get(key, "") for key, name in names.items()} | {"message": text}


def _of_packages(lines: list[str]) -> dict[str, str] | None:
    """What apt's history tells of one run."""
    if not lines[0].startswith("Start-Date: "):
        return {} if not any(map(str.strip, lines)) else None
    level = "error" if any(line.startswith("Error: ") for line in lines) else "info"
    stamp = re.sub(" +", " ", lines[0].partition(": ")[2])
    return {"timestamp": stamp, "service": "apt", "level": level, "message": "; ".join(filter(None, lines[1:]))}


def _element(text: str, name: str) -> str:
    """What the first element of a name holds, as plain text."""
    for tag in (f"log4j:{name}", name):
        _, opened, behind = text.partition(f"<{tag}>")
        inner, closed, _ = behind.partition(f"</{tag}>")
        if opened and closed and inner.startswith("<![CDATA["):
            return inner.removeprefix("<![CDATA[").removesuffix("]]>")
        if opened and closed:
            return html.unescape(inner)
    return ""


def _of_machine_check(lines: list[str]) -> dict[str, str] | None:
    """What mcelog prints of one error of the hardware: what was corrected is a warning."""
    times = [found[1] for line in lines if (found := _MACHINE_CHECKED.match(line))]
    if not times or not lines[0].startswith(_MACHINE_CHECK):
        return None
    telling = [
        line for line in lines[1:] if re.match(r"MCA: |Transaction: |.*\b(?:[Cc]orrected|[Uu]ncorrected) ", line)
    ]
    corrected = any("orrected" in line and "ncorrected" not in line for line in lines)
    return {
        "timestamp": times[0],
        "service": "mcelog",
        "level": "warning" if corrected else "error",
        "message": "\n".join(["; ".join(["Hardware event", *telling]), *lines[1:]]),
    }


def _of_controller(lines: list[str]) -> dict[str, str] | None:
    """What `ipmitool -v sel elist` prints of one entry, as the line that it is without `-v`."""
    said = _fields(lines)
    if not said.get(_NOTED):
        return None
    gone = "Deasserted" if said.get("Event Direction", "").startswith("Deassertion") else "Asserted"
    sensor = f"{said.get('Sensor Type', '')} #{said.get('Sensor Number', '')}"
    told = said.get("Description") or said.get("Event Data", "")
    stamp = said.get("Timestamp", "").partition("Pre-Init")
    return {
        "message": f"{said[_NOTED]} | {stamp[0].replace(' ', ' | ', 1) or 'Pre-Init | 0'} | {sensor} | {told} | {gone}"
    }


def _begins_slow_query(before: str, line: str) -> bool:
    """The time stands before a query only where it is another second than that of the query before."""
    return line.startswith("# Time: ") or (line.startswith("# User@Host: ") and not before.startswith("# Time: "))


def _of_slow_queries() -> _Read:
    latest = ""

    def read(lines: list[str]) -> dict[str, Any] | None:
        nonlocal latest
        times = [found[1].rstrip() for line in lines if (found := _SLOW_STAMP.match(line))]
        if not _SLOW.match(lines[0]):
            return None
        latest = _SHORT_YEAR.sub(r"20\1-\2-\3 ", times[0]).replace("  ", " 0") if times else latest
        begun = next((found[1] for line in lines if (found := _SLOW_EPOCH.match(line))), "")
        text = "\n".join(line for line in lines if not line.startswith(("# Time: ", "SET timestamp=")))
        return {"timestamp": latest or begun, "service": "mariadb", "level": "info", "message": text}

    return read


def _blocks(begin: str) -> Splitter | None:
    """Blocks of names and values that all begin with the same name, whatever that is."""
    lines = begin.lstrip("\r\n").split("\n", _LOOKED_AT)[:_LOOKED_AT]
    first = _FIELD.match(lines[0].rstrip("\r"))
    if first is None:
        return None
    opening = re.compile(rf"^{re.escape(first['key'])} *{re.escape(first['sign'])}(?: |\r?$)")
    starts = [number for number, line in enumerate(lines) if opening.match(line)]
    records = [_fields([line.rstrip("\r") for line in lines[a:b]]) for a, b in itertools.pairwise(starts)]
    if (
        not records
        or roles_of([{name: value for name, value in record.items() if value} for record in records]) is None
    ):
        return None
    return by_beginnings(lambda _before, line: opening.match(line), _fields)


def _fields(lines: list[str], aligned: bool = False) -> dict[str, str]:
    """Names and values; ``aligned`` where the sign between them stands in one column. Any other line goes on with a value."""
    found: dict[str, list[str]] = {}
    name, column = "", -1
    for line in lines:
        field = _FIELD.match(line)
        if field is not None and (column in (-1, field.start("sign")) or not (aligned or line[0].isspace())):
            name, column = field["key"].strip(), field.start("sign")
            found[name] = [field["value"] or ""]
        elif name and line.strip() and not _ROW_ENDS.match(line):
            found[name].append(line if line[: column + 1].strip(" |") else line[column + 2 :])
    return {name: "\n".join(value).rstrip() for name, value in found.items()}
