"""Log records in JSON, found by content: what a record says of time, place and severity, whoever shipped it.

oslo.log, journald, Docker, kolla's fluentd, OpenSearch, Loki, Vector, Fluent Bit, rsyslog, Graylog, RabbitMQ, zap and
others name the same things by different keys; the keys are the tables below.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from openstack_rca.logs import json_keys
from openstack_rca.logs.envelopes import (
    CONTINUED,
    ENVELOPE_SCHEMA,
    NO_ENVELOPES,
    PIECE,
    WHOLE,
    WHOLE_EVENT,
    origin_of_label_text,
    origin_of_labels,
    origin_of_path,
    service_of_tag,
)
from openstack_rca.logs.json_levels import level_of
from openstack_rca.logs.json_records import (
    Record,
    is_moment,
    json_in,
    paired,
    record_in,
    records_of,
    ruby_hash,
    says_text,
    says_time,
    untyped,
)
from openstack_rca.logs.levels import COMPLAINTS
from openstack_rca.logs.names import Origin
from openstack_rca.logs.pieces import COLOUR
from openstack_rca.logs.pods import is_made_up, service_of_pod
from openstack_rca.logs.programs import component_of_program
from openstack_rca.logs.records import NESTED_STRIDE, ROW_STRIDE, UUID
from openstack_rca.logs.stamps import NAMED_ZONE, any_times

NAME = "json"
# Where a record may begin: at once, behind `data:` of server-sent events, behind fluentd's time and tag, behind RS.
_START = (
    r"^(?:\x1e|data: ?|@cee: ?|\S+T\S+\t[^\t]*\t|\d\S+ [\d:.]+ [+-]\d{4} [\w.*-]+: |\[\d+\] [\w.@*-]+: |[\w.@*-]+: \[\d+\.\d+, |"
    r"(?:[\w.@-]+[:=])?[\w.@-]{1,60}[ \t])?(\{.*\}|\[.*\])[ ,;\]]*$"
)
# As fluentd writes files, and what it shows on its output.
_FLUENTD = re.compile(
    r"^(?P<stamp>\S{1,20}T\S{1,40}(?=\t)|\d\S{1,20} [\d:.]{1,20} [+-]\d{4}(?= ))[\t ](?P<tag>[^\t{]*?)(?:\t|: )"
)
_FLUENT_BIT = re.compile(
    r"^(?:\[\d+\] )?(?P<tag>[\w.@*-]+): (?=.*\}\]$)\[\[?(?P<stamp>\d+\.\d+)(?:, \{.*?\}\])?, (?P<record>\{.*)"
)

# Null stands for a text of more than 4096 bytes, as tracebacks are.
_LEFT_OUT = "(a text that is longer than journalctl prints without --all)"
# What syslog puts before a text, where a server took only the rest of its line apart.
_TAG = re.compile(r"(?P<program>[A-Za-z][\w./-]{0,60})\[(?P<process>\d{1,9})\]: +")

_DOCKER_KEYS = {"log", "stream", "time", "attrs"}
_PACKED = json_keys.INNER - json_keys.MESSAGE_SET
_JAVA_CLASS = re.compile(r"(?:[a-z]\w*\.)+[A-Z]\w*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unwrap_json(lines: pl.DataFrame, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the lines out that are log records in JSON; arguments and result as for ``wrappers.unwrap``.

    A record whose text has several lines gives several rows, of which all but the first continue it; an answer of a
    search gives a row for each of its records.
    """
    # Looking for a quoted key first costs little.
    keyed = lines.filter(pl.col("text").str.contains_any(['":', '" :', '"=>', '" =>']))
    # To build the pattern takes 15 milliseconds.
    hits = keyed.filter(pl.col("text").str.contains(_START)) if keyed.height else keyed
    if hits.height == 0:
        return NO_ENVELOPES, lines
    rows: list[dict[str, Any]] = []
    taken: list[int] = []
    for row, text in hits.select("row", "text").iter_rows():
        found = list(_envelopes(text))
        if "\\u" in text:
            found = [_without_surrogates(envelope) for envelope in found]
        if not found:
            continue
        taken.append(row)
        if row % NESTED_STRIDE and len(found) > 1:
            found = [{**found[0], "text": "\n".join(envelope["text"] for envelope in found)}]
        step = 1 if row % ROW_STRIDE or len(found) * NESTED_STRIDE >= ROW_STRIDE else NESTED_STRIDE
        rows += [{**envelope, "row": row + position * step} for position, envelope in enumerate(found)]
    schema = {
        name: dtype for name, dtype in ENVELOPE_SCHEMA.items() if not name.startswith(("outer_time", "outer_zoned"))
    }
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in (*schema, "micros", "stamp")},
        schema={**schema, "micros": pl.Int64, "stamp": pl.String},
        strict=False,
    )
    shipped = pl.col("micros").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    # "+0000 UTC" is the collector's own moment of reading, which may be hours after the line's.
    named = pl.col("stamp").str.contains(rf"(?:\d|\s){NAMED_ZONE}$") & ~pl.col("stamp").str.contains(r"[+-]\d{4} \w+$")
    zoned = pl.col("micros").is_not_null() | named | pl.col("stamp").str.contains(r"[+-]\d\d:?\d\d$")
    known = frame.with_columns(
        outer_time=pl.coalesce(shipped, any_times(frame["stamp"], timezone)), outer_zoned=zoned.fill_null(False)
    )
    rest = lines.filter(~pl.col("row").is_in(pl.Series(taken, dtype=pl.UInt64).implode()))
    return known.select(ENVELOPE_SCHEMA.keys()), rest


def _without_surrogates(envelope: dict[str, Any]) -> dict[str, Any]:
    """JSON may name halves of characters, which no text can hold."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in envelope.items()
    }


def _envelopes(text: str) -> Iterator[dict[str, Any]]:
    """The envelopes of one line; none where it is not a log record."""
    for record in _records(text):
        yield from _record_envelopes(record)


def _records(text: str) -> Iterator[dict[str, Any]]:
    """The log records that a line of JSON holds: itself, or those of a search's answer."""
    bare = text.startswith("{")
    bit = None if bare else _FLUENT_BIT.match(text)
    if bit is not None:
        told = bit["record"].removesuffix("]")
        record = ruby_hash(told) or json_in(told)
        if isinstance(record, dict):
            yield {"tag": bit["tag"], "date": bit["stamp"], **record}
        return
    shipped = None if bare else _FLUENTD.match(text)
    begins = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=0)
    body = text[begins if shipped is None else shipped.end() :].rstrip(" ,;")
    value = json_in(body)
    if value is None and body.endswith("]"):
        value = json_in(body[:-1])
    if isinstance(value, dict) and shipped is not None:
        value = {"time": shipped["stamp"], "tag": shipped["tag"], **value}
    yield from records_of(value)


def _flat(record: Record) -> dict[str, Any]:
    """A record with what stands in its inner records beside its own keys; the outer key wins."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        name = _plain_key(key)
        kind = type(value)
        if kind is list and key in json_keys.INNER and (listed := paired(value)) is not None:
            value, kind = listed, dict
        if kind is str and value[:1] == "{" and key in _PACKED and isinstance(read := record_in(value), dict):
            value, kind = read, dict
        if kind is list and len(value) == 1 and not isinstance(value[0], dict | list):
            value = value[0]
        elif kind is dict:
            if key in json_keys.INNER:
                levelled = key in json_keys.LEVELLED
                for inner_key, inner_value in _flat(value).items():
                    flat.setdefault(f"{key}.{inner_key}", inner_value)
                    if levelled:
                        flat.setdefault(inner_key, inner_value)
            if name in flat:
                continue
        flat[name] = value
    return flat


@lru_cache(maxsize=4096)
def _plain_key(key: str) -> str:
    """A key without what stands before it: an underscore of Graylog, an address of Google Cloud."""
    key = key.rsplit("googleapis.com/", 1)[-1]
    added = key.startswith("_") and key[1:2].islower() and key not in ("_source", "_path", "_raw", "_time")
    return key.lstrip("_") if added else key


_Held = Mapping[str, list[str]]
"""Which keys a record has of each table of ``json_keys``, and of those that say the same in ``IDS``, by the table's name."""


@lru_cache(maxsize=1024)
def _held(names: tuple[str, ...]) -> _Held:
    """The keys of a flat record by what they say; messages and times end with those that only look like it.

    Records of one program share their keys, so it is asked once of them.
    """

    written: dict[str, list[str]] = {}
    for name in names:
        written.setdefault(name.lower(), []).append(name)

    def among(keys: Sequence[str]) -> list[str]:
        return [name for key in keys for name in written.get(key, ())]

    texts = [key for key in names if key.lower() not in json_keys.MESSAGE_SET and says_text(key)]
    moments = [key for key in names if key.lower() not in json_keys.TIME_SET and says_time(key)]
    return {
        **{name: among(keys) for name, keys in vars(json_keys).items() if name.isupper() and isinstance(keys, tuple)},
        "MESSAGES": among(("full_message", *json_keys.MESSAGES)) + texts,
        "TIMES": among(json_keys.TIMES) + moments,
        **{column: found for column, keys in json_keys.IDS.items() if (found := among(keys))},
    }


def _first(record: Record, keys: Sequence[str]) -> Any:
    for key in keys:
        value = record.get(key)
        if value not in (None, "", "-", {}):
            return value
    return None


def _record_envelopes(record: Record) -> Iterator[dict[str, Any]]:
    flat = _flat(record)
    held = _held(tuple(flat))
    text = _text(flat, held)
    left_out = not text and any(flat[key] is None for key in held["MESSAGES"])
    text = _LEFT_OUT if left_out else text
    envelope: dict[str, Any] = {"wrapper": NAME, "part": WHOLE}
    envelope.update(_time(flat, held))
    envelope["outer_level"], states_level = level_of(flat, held)
    origin = _origin(flat, held)
    # oslo.log asks its own machine for a name, which in a container is the container's.
    told_by_itself = "funcname" in flat and "lineno" in flat
    envelope["outer_hostname" if told_by_itself else "outer_host"] = origin.host
    envelope["outer_service"] = origin.service
    process = _first(flat, held["PROCESSES"])
    tag = _TAG.match(text)
    if tag is not None and (tagged := service_of_tag(tag["program"])) and origin.service in (None, tagged):
        envelope["outer_service"], process, text = tagged, tag["process"], text[tag.end() :]
    envelope["outer_process"] = int(process) if re.fullmatch(r"\d{1,9}", str(process)) else None
    logger = _first(flat, held["LOGGERS"])
    envelope["outer_logger"] = logger if isinstance(logger, str) else None
    for name in json_keys.IDS.keys() & held.keys():
        value = _first(flat, held[name])
        if isinstance(value, dict):
            value = value.get("uuid") or value.get("id")
        if (
            isinstance(value, str)
            and value not in ("None", "unknown")
            and (name != "outer_instance_id" or re.fullmatch(UUID, value))
        ):
            envelope[name] = value
    envelope["outer_pipe"] = flat["stream"] if isinstance(flat.get("stream"), str) else None
    if _goes_on(flat, text):
        envelope["part"] = PIECE
    elif left_out or states_level or envelope.get("outer_request_id") or envelope["outer_logger"]:
        envelope["part"] = WHOLE_EVENT
    trace = _trace(flat, held)
    error = _first(flat, held["ERRORS"])
    body = text.rstrip("\n")
    if isinstance(error, str) and error not in body and error not in trace:
        body = f"{body}: {error}" if body else error
    if json_keys.is_of_zap(flat) and envelope["outer_level"] in COMPLAINTS:
        body += json_keys.beside(flat)
    if "syslogtag" in flat or (body.startswith(" ") and not body.startswith("  ")):
        # A message of syslog begins behind the tag with a space.
        body = body.removeprefix(" ")
    lines = body.split("\n") + (trace.split("\n") if trace and trace not in body else [])
    yield {**envelope, "text": lines[0].rstrip("\r")}
    for line in lines[1:]:
        yield {**envelope, "text": line.rstrip("\r"), "part": CONTINUED}


def _goes_on(flat: Record, text: str) -> bool:
    """Whether a runtime cut the line here: a tag of CRI says so, in docker's own files the line feed is missing."""
    if "true" in (flat.get("CONTAINER_PARTIAL_MESSAGE"), flat.get("partial_message")):
        return flat.get("partial_last") != "true"
    tag = _first(flat, ("_p", "logtag"))
    if tag is not None:
        return bool(tag == "P")
    return text == flat.get("log") and not text.endswith("\n") and "stream" in flat and flat.keys() <= _DOCKER_KEYS


def _text(flat: Record, held: _Held) -> str:
    for key in held["MESSAGES"]:
        value = untyped(flat[key])
        if isinstance(value, str) and value:
            # A chat shows a log between fences.
            plain = value.replace("```", "\n").strip("\n") if "```" in value else value
            return COLOUR.sub("", plain) if "\x1b" in plain else plain
        if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
            # The journal writes an array where a text holds control characters, such as colours.
            return COLOUR.sub("", bytes(value).decode("utf-8", "replace"))
        if isinstance(value, list) and value and isinstance(value[0], str):
            return "\n".join(map(str, value))
    return ""


def _trace(flat: Record, held: _Held) -> str:
    value = _first(flat, held["TRACES"])
    if isinstance(value, list):
        value = "\n".join(str(part) for part in value)
    return value.strip("\n") if isinstance(value, str) and ("\n" in value or value.startswith("Traceback")) else ""


def _time(flat: Record, held: _Held) -> dict[str, Any]:
    for key in held["TIMES"]:
        value = flat[key]
        if isinstance(value, dict):
            value = value.get("$date", value.get("seconds"))
        micros = _epoch_micros(value)
        if micros is not None:
            return {"micros": micros}
        if isinstance(value, str) and is_moment(value):
            if key == "asctime" and isinstance(flat.get("msecs"), int | float) and re.search(r":\d\d$", value):
                value = f"{value}.{int(flat['msecs']) % 1000:03d}"
            return {"stamp": value}
    return {}


def _epoch_micros(value: Any) -> int | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size, as microseconds."""
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).removeprefix("/Date(").removesuffix(")/")
    text = re.sub(r"^(\d{9,11}),(\d+)$", r"\1.\2", text)
    if not re.fullmatch(r"\d{9,19}(?:\.\d+)?(?:[eE][+]?\d+)?", text):
        return None
    number = int(text) if text.isdigit() else float(text)
    for limit, factor in ((10**11, 10**6), (10**14, 10**3), (10**17, 1)):
        if number < limit:
            micros = round(number * factor)
            break
    else:
        micros = int(number) // 1000
    return micros if _EPOCH + timedelta(microseconds=micros) < datetime(9000, 1, 1, tzinfo=UTC) else None


def _origin(flat: Record, held: _Held) -> Origin:
    labels = next((flat[key] for key in ("labels", "fields") if isinstance(flat.get(key), dict)), flat.get("stream"))
    labelled = origin_of_labels(labels) if isinstance(labels, dict) else origin_of_label_text(str(labels))
    path = Origin(None, None)
    # A record of klog's or zap's own holds what its text is about, beside where its code is.
    about = json_keys.is_of_zap(flat)
    if "levelname" not in flat and "lineno" not in flat and not about:
        for key in held["PATHS"]:
            value = flat[key]
            if isinstance(value, str) and re.search(r"/|\.log", value) and not value.endswith((".py", ".go", ".c")):
                path = origin_of_path(value)
                break
    pod = _first(flat, held["PODS"])
    of_node = "Node" in (flat.get("involvedObject.kind"), flat.get("regarding.kind"))
    node, pod = (pod, None) if of_node else (None, pod)
    in_pod = None
    if isinstance(pod, str):
        container = _first(flat, held["CONTAINERS"])
        in_pod = service_of_pod(pod, container if isinstance(container, str) else None)
    named = [
        service_of_tag(value.rstrip(":").split("[")[0])
        for key in held["SERVICES"]
        # Python's own name for a process says nothing of the program, nor does a class of Java.
        if isinstance(value := _program_in(flat[key]) if key == "cmdline" else flat[key], str)
        and (component_of_program(value) or not (key.lower() in json_keys.KNOWN_ONLY or _JAVA_CLASS.fullmatch(value)))
    ]
    known = next((name for name in named if name and component_of_program(name)), None)
    hosts = [key for key in held["HOSTS"] if not (about and key.lower() in json_keys.ABOUT)]
    host = next((str(flat[key]) for key in hosts if _is_host(key, flat[key])), None)
    signed = (program for key, sign, program in json_keys.SIGNS if re.fullmatch(sign, str(flat.get(key, ""))))
    service = in_pod or known or path.service or labelled.service
    service = service or next(signed, None) or next(filter(None, named), None)
    return Origin(
        service or json_keys.ENTRIES.get(str(flat.get("EntryType", flat.get("entrytype")))),
        host or node or labelled.host or path.host,
    )


def _program_in(command: Any) -> str | None:
    """The known program that a command line runs, perhaps by an interpreter."""
    return next((word for word in str(command).split()[:3] if component_of_program(word)), None)


def _is_host(key: str, value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[\w.:-]{1,253}", value):
        return False
    if key.lower() in json_keys.MAY_BE_HOSTS:
        return (
            not re.search(r"/|\.log\b", value) and not component_of_program(value) and value not in json_keys.NO_SOURCES
        )
    return value not in ("localhost", "127.0.0.1") and not is_made_up(value)
