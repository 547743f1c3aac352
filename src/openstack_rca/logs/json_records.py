"""Log records in a value of JSON: found by what they hold, a text and a time, whatever the documents around them are called."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from openstack_rca.logs import json_keys
from openstack_rca.logs.client_rows import row_in_json
from openstack_rca.logs.programs import component_of_program
from openstack_rca.logs.records import level_name
from openstack_rca.logs.shown_objects import container_event, ended_container, failed_server
from openstack_rca.logs.task_results import results_of_task

Record = Mapping[str, Any]

_DEEPEST = 12
_SCALAR_DEPTH = 3
_LONGEST_MOMENT = 45
_TEXT_ENDS = ("message", "msg", "payload", "_raw", "rawstring")
_TELLING_ENDS = ("reason", "description", "summary", "details", "text")
_TIME_PARTS = ("time", "date", "stamp")
_DATED = re.compile(r"^\D{0,12}\d{1,4}\W.{0,40}\d:\d\d|^\d{9,19}(?:[.,]\d+)?$|^\d{8}T?\d{6}|^/Date\(\d+")
_LEVEL_PARTS = ("lev", "sev", "prio", "stat", "type")
_HOST_PARTS = (
    *("host", "node", "machine", "computer", "server", "instance", "device"),
    # German, French, Spanish, Italian, Portuguese, Japanese, Chinese.
    *(
        "rechner",
        "knoten",
        "maschine",
        "hôte",
        "hote",
        "serveur",
        "ordinateur",
        "servidor",
        "equipo",
        "nodo",
        "ホスト",
        "主机",
    ),
)
_HOST = re.compile(r"^(?=.*[A-Za-z])[A-Za-z0-9][\w.-]{0,252}(?::\d{2,5}|\[\d+\])?$")
_LIKE_HOST = re.compile(r"^[a-z]\w*+(?:-[\w-]+|(?<=\d)|\.[\w.-]+)$")
_EPOCH = re.compile(r"^1[4-9]\d{8}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?$")
_DAY = re.compile(r"\d[-/]\d|\d\.\d+\.\d|[A-Za-z]{3}|\d{8}")
_LINE = re.compile(r":\d\d.{0,200} (?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL) ")
_IDENTIFIER = re.compile(r"^[0-9a-f-]{8,}$")
_PAIR_NAMES = ("field", "key", "name", "Name", "@Name")
_PAIR_VALUES = ("value", "Value", "#text")
# Texts, arrows, places in a list, and what no JSON has, of Ruby's hashes. What is opened and never closed matches to the
# end, so that it is not looked for again behind each further beginning.
_RUBY = re.compile(
    r'"(?:[^"\\]|\\(?s:.))*+["\\]?|=>|\[\d+\] |\bnil\b|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|#<[^>\n]*+>?'
)
_RUBY_ESCAPE = re.compile(r'\\(?=[^"\\/bfnrtu])')
_RUBY_TEXT = re.compile(
    r'(?P<key>"[^"=]*") ?=> ?"(?P<value>.*?)(?:(?P<closed>"(?=, "[^"=]*" ?=>|\}[,}\]]|\}$))|(?=\n|\Z))'
)
_LONGEST_QUOTED = 64 * 1024
_QUOTED_PAIR = re.compile(r"'((?:[^'\\]|\\.){0,400}+)' ?: ?'((?:[^'\\]|\\.){0,4000}+)'")
_TYPED = frozenset(("stringValue", "intValue", "doubleValue", "boolValue"))
_LINES_OF = frozenset((*json_keys.HOSTS, *json_keys.SERVICES, *json_keys.PATHS, *json_keys.PODS, "labels"))


@lru_cache(maxsize=4096)
def says_text(key: str) -> bool:
    """Whether a key names the text of a record."""
    lower = key.lower().removeprefix("_")
    return lower in json_keys.MESSAGE_SET or lower.endswith(_TEXT_ENDS)


@lru_cache(maxsize=4096)
def says_time(key: str) -> bool:
    """Whether a key names a moment."""
    lower = key.lower()
    return lower.removeprefix("_") in json_keys.TIME_SET or any(part in lower for part in _TIME_PARTS)


def is_moment(value: Any) -> bool:
    """Whether a value can be a moment: a date with a clock, or a number of seconds or smaller units since 1970."""
    if isinstance(value, str):
        return _DATED.match(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 10**8


def records_of(value: Any, around: Record | None = None, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The log records in a value of JSON, in their order.

    A record is an object with a text and a time, its own or those of an inner record that shippers use. Any other value is
    searched for records: the answers of OpenSearch, Loki, Splunk, Graylog, Datadog, CloudWatch, Azure, lists of Kubernetes.
    Where none is found, an object with a text or a level, at ``depth`` 0 or 1, is a record.

    Args:
        around: what the documents around ``value`` say of host, service and file; each record gets it.
        depth: how deep ``value`` lies in the documents around it.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        record = paired(value)
        for element in value if record is None else [record]:
            yield from records_of(element, around, depth + 1)
    elif isinstance(value, dict):
        if isinstance(text := value.get("userData"), str):
            # What Coralogix' queries find.
            told = {**(paired(value.get("metadata") or ()) or {}), **(paired(value.get("labels") or ()) or {})}
            value = {**(record_in(text) or {"text": text}), **told}
        value = failed_server(value) or ended_container(value) or value
        if holds_record(value):
            yield {**around, **value} if around else value
            return
        found = False
        for record in _inner_records(value, around, depth):
            found = True
            yield record
        known = None if found else container_event(value) or row_in_json(value) or said_by_content(value)
        if known is not None:
            yield {**around, **known} if around else known
        elif not found and depth < 2 and _says_something(value):
            yield value


def holds_record(value: Record) -> bool:
    """Whether a value of JSON is a log record for sure: it has a text and a time."""
    text = time = False
    for key, inner in value.items():
        if text and time:
            break
        if isinstance(inner, dict) and not _is_text(key, inner):
            if key in json_keys.LEVELLED:
                for deeper, deepest in inner.items():
                    text = text or _is_text(deeper, deepest)
                    time = time or (says_time(deeper) and is_moment(deepest))
            elif not time and says_time(key) and isinstance(inner.get("$date", inner.get("seconds")), str | int):
                time = True
        else:
            text = text or _is_text(key, inner)
            time = time or (says_time(key) and is_moment(inner[0] if isinstance(inner, list) and inner else inner))
    return text and time


def said_by_content(value: Record) -> dict[str, Any] | None:
    """A record whose keys are unknown, with its time, level, text, program and host under keys that are known.

    None where it has no moment, or no text, or neither a level nor a key that names the text.
    """
    flat = dict(_scalars(value))
    roles = roles_of([flat])
    return None if roles is None else {**value, **in_roles(flat, roles)}


def in_roles(flat: Record, roles: Mapping[str, str]) -> dict[str, Any]:
    """Role to value, for a record whose keys have these ``roles`` (see ``roles_of``); empty values are left out."""
    found = {role: flat[key] for role, key in roles.items() if flat.get(key) not in (None, "")}
    if "host" in found:
        found["host"] = found["host"].partition(":")[0]
    return found


def roles_of(records: Sequence[Record], keyed: bool = True) -> dict[str, str] | None:
    """Which keys of records of one sort hold what, judged by their values.

    A value may look like a moment, a severity, words with spaces between them, a known program's or a host's name.

    Args:
        records: with plain values only.
        keyed: whether the keys mean something.

    Returns:
        ``timestamp``, ``message`` and perhaps ``level``, ``service``, ``host`` with their keys; None as ``said_by_content``.
    """
    values: dict[str, list[Any]] = {}
    for record in records:
        for key, inner in record.items():
            values.setdefault(key, []).append(inner)
    times = [key for key, found in values.items() if all(is_moment(one) and _may_be_date(one) for one in found)]
    if len(times) > 1:
        # A whole line of a log begins with a moment too.
        times = [key for key in times if not all(_LINE.search(str(one)) for one in values[key])] or times
    words = {key: found for key, found in values.items() if key not in times and isinstance(found[0], str)}
    levels = [
        key
        for key, found in words.items()
        if all((len(one) > 2 or not one.isascii()) and level_name(one) for one in map(str, found))
    ]
    texts = {
        key: sum(map(len, map(str, found)))
        for key, found in words.items()
        if key not in levels and not all(_IDENTIFIER.match(str(one)) for one in found)
    }
    said = [key for key in texts if keyed and key.lower().endswith((*_TEXT_ENDS, *_TELLING_ENDS))]
    spoken = [key for key in texts if any(" " in str(one).strip() for one in words[key])]
    unnamed = [key for key in texts if not all(component_of_program(str(one)) for one in words[key])]
    if not times or not texts or not (levels or (said and spoken)):
        return None
    roles = {
        "timestamp": min(times, key=lambda key: (str(values[key][0]).isdigit(), not says_time(key))),
        "message": max(said or spoken or unnamed or texts, key=lambda key: (keyed and says_text(key), texts[key])),
    }
    if levels:
        roles["level"] = min(levels, key=lambda key: not any(part in key.lower() for part in _LEVEL_PARTS))
    return roles | _names(roles, {key: words[key] for key in texts}, keyed)


def _names(roles: Mapping[str, str], texts: Mapping[str, list[Any]], keyed: bool) -> dict[str, str]:
    """Which keys tell ``service`` and ``host``, of those with texts."""
    tokens = [
        key for key, found in texts.items() if key != roles["message"] and all(_HOST.match(str(one)) for one in found)
    ]
    hosts = [key for key in tokens if keyed and any(part in key.lower() for part in _HOST_PARTS)]
    programs = {
        key: sum(component_of_program(str(one).partition("[")[0]) is not None for one in texts[key])
        for key in tokens
        if key not in hosts
    }
    named: dict[str, str] = {}
    if any(programs.values()):
        named["service"] = max(programs, key=lambda key: programs[key])
    foreign = not says_time(roles["timestamp"]) and not says_text(roles["message"])
    if not hosts and (foreign or not keyed):
        hosts = [
            key
            for key, known in programs.items()
            if key != named.get("service") and all(_LIKE_HOST.match(str(one)) for one in texts[key])
            if not (keyed and known)
        ]
    if hosts:
        named["host"] = hosts[0]
    return named


def _may_be_date(value: Any) -> bool:
    text = str(value)
    if text.replace(".", "", 1).isdigit():
        return _EPOCH.match(text) is not None
    return len(text) <= _LONGEST_MOMENT and _DAY.search(text) is not None


def _scalars(value: Record, depth: int = 0, before: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < _SCALAR_DEPTH:
            yield from _scalars(inner, depth + 1, f"{before}{key}.")
        elif isinstance(inner, str | int | float) and not isinstance(inner, bool):
            yield f"{before}{key}", inner


def text_of(value: Record) -> str:
    """The text of a record or of a record inside it; empty where it is not a plain string."""
    inner = (value[key] for key in value if key in json_keys.LEVELLED and isinstance(value[key], dict))
    texts = (text for flat in (value, *inner) for key, text in flat.items() if isinstance(text, str) and says_text(key))
    return next(texts, "")


def _is_text(key: str, value: Any) -> bool:
    return (
        (isinstance(value, str | list) and says_text(key))
        # The journal's own mark of a text that it left out.
        or (value is None and key == "MESSAGE")
        or (key == "body" and isinstance(value, dict) and not _TYPED.isdisjoint(value))
    )


def _says_something(value: Record) -> bool:
    flats = [value, *(inner for key in json_keys.LEVELLED if isinstance(inner := value.get(key), dict))]
    return any(
        key in ("level", "levelname", "severity")
        or (key.lower() in json_keys.MESSAGE_SET and isinstance(inner, str | list))
        for flat in flats
        for key, inner in flat.items()
    )


def _inner_records(value: Record, around: Record | None, depth: int) -> Iterator[dict[str, Any]]:
    labels = value.get("stream", value.get("metric"))
    if isinstance(value.get("values"), list) and isinstance(labels, dict):
        for entry in value["values"]:
            if isinstance(entry, list) and len(entry) >= 2:
                more = entry[2].get("structuredMetadata") if len(entry) > 2 and isinstance(entry[2], dict) else None
                told = {**labels, **more} if isinstance(more, dict) else labels
                yield {"labels": told, "ts": entry[0], "line": entry[1]}
        return
    table = _table(value)
    if table is not None:
        for row in table:
            yield from records_of(row, around, depth + 1)
        return
    results = list(results_of_task(value))
    if results:
        yield from results
        return
    told = {**(around or {}), **_place(value)}
    for inner in value.values():
        if isinstance(inner, list | dict) and inner:
            yield from (record for record in records_of(inner, told, depth + 2) if record)


def _place(value: Record) -> dict[str, Any]:
    """What a document says of the place of the records in it."""
    told = {key: inner for key, inner in value.items() if key.lower() in _LINES_OF and isinstance(inner, str | dict)}
    resource = value.get("resource")
    if isinstance(resource, dict) and isinstance(resource.get("attributes"), list):
        told |= paired(resource["attributes"]) or {}
    return told


def _table(value: Record) -> list[dict[str, Any]] | None:
    """The rows of a table, whose columns are named once: answers of Insights, OpenSearch SQL, ClickHouse, Trino, InfluxDB."""
    rows = next(
        (value[key] for key in ("rows", "datarows", "data", "values") if isinstance(value.get(key), list)), None
    )
    columns = next(
        (value[key] for key in ("columns", "fields", "schema", "meta") if isinstance(value.get(key), list)), None
    )
    if rows is None or columns is None:
        return None
    names = [column.get("name") if isinstance(column, dict) else column for column in columns]
    return [dict(zip(map(str, names), row, strict=False)) for row in rows if isinstance(row, list)]


def paired(value: Sequence[Any]) -> dict[str, Any] | None:
    """The record that is written as a list of name and value pairs; None for any other list."""
    if not value or not all(isinstance(pair, dict) and 2 <= len(pair) <= 4 for pair in value):
        return None
    found: dict[str, Any] = {}
    for pair in value:
        name = next((pair[key] for key in _PAIR_NAMES if isinstance(pair.get(key), str)), None)
        values = [pair[key] for key in _PAIR_VALUES if key in pair]
        if name is None or not values:
            return None
        found[name.removeprefix("@")] = untyped(values[0])
    return found


def untyped(value: Any) -> Any:
    """The value inside OpenTelemetry's ``{"stringValue": "x"}`` and the like; any other value as it is."""
    if isinstance(value, dict) and len(value) == 1:
        (key, inner), *_ = value.items()
        return inner if key in _TYPED else value
    return value


def json_in(body: str) -> Any:
    """The value of a text in JSON; None for any other text."""
    try:
        return json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None


def record_in(text: str) -> Any:
    """As ``json_in``; also reads ``{'key': 'text'}`` in single quotes, as ClickHouse and Python print it."""
    if text.startswith("{'") and len(text) < _LONGEST_QUOTED:
        return {key.replace("\\'", "'"): value.replace("\\'", "'") for key, value in _QUOTED_PAIR.findall(text)}
    return json_in(text)


def ruby_hash(text: str) -> dict[str, Any] | None:
    """A record as Fluent Bit and Logstash print it: ``{"log"=>"text", "pid" => 7}``; None for any other text."""
    value = json_in(_RUBY.sub(_ruby_token, text))
    if value is None:
        # Some versions leave quotes inside of a value as they are.
        value = json_in(_RUBY.sub(_ruby_token, _RUBY_TEXT.sub(_ruby_text, text)))
    return value if isinstance(value, dict) else None


def _ruby_text(found: re.Match[str]) -> str:
    return f"{found['key']}=>{json.dumps(found['value'])}" if found["closed"] else found[0]


def _ruby_token(found: re.Match[str]) -> str:
    token = found[0]
    if token.startswith('"'):
        return _RUBY_ESCAPE.sub("", token)
    return {"=>": ":", "nil": "null"}.get(token, "" if token.startswith("[") else json.dumps(token))
