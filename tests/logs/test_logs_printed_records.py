"""Records that are printed with a field a line."""

import io
import json

import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs import blocks, printed_records
from openstack_rca.logs.documents import splitter_for
from openstack_rca.logs.json_records import ruby_hash
from openstack_rca.logs.pieces import Piece

TRACE = STORY[2:6]


def _ruby(lines: list[str]) -> str:
    text = "\\n".join(lines).replace('"', '\\"').replace("#", "\\#")
    stamp = f"{lines[0][:10]}T{lines[0][11:23]}Z"
    return (
        f'{{\n       "message" => "{text}",\n    "@timestamp" => {stamp},\n          "host" => {{\n        "name" => "cmp1"\n    }},\n'
        '          "tags" => [\n        [0] "oslofmt",\n        [1] "multiline"\n    ],\n         "offset" => nil\n}\n'
    )


def _collector(lines: list[str]) -> str:
    text = "\n".join(lines)
    return (
        "LogRecord #0\nObservedTimestamp: 2026-11-23 05:00:00.28 +0000 UTC\nTimestamp: 1970-01-01 00:00:00 +0000 UTC\n"
        f"SeverityText: \nSeverityNumber: Unspecified(0)\nBody: Str({text})\nAttributes:\n"
        "     -> log.file.path: Str(/var/log/nova/nova-compute.log)\nTrace ID: \nSpan ID: \nFlags: 0\n"
    )


RESOURCE = "ResourceLog #0\nResource SchemaURL: \nResource attributes:\n     -> host.name: Str(cmp1)\nScopeLogs #0\nInstrumentationScope \n"
PRINTED = {
    "Logstash's rubydebug": "".join(map(_ruby, ([STORY[0]], [STORY[1]], TRACE, [STORY[6]]))),
    "the debug exporter of OpenTelemetry's collector": RESOURCE
    + "".join(map(_collector, ([STORY[0]], [STORY[1]], TRACE, [STORY[6]]))),
}


@pytest.mark.parametrize("printer", PRINTED)
def test_a_record_over_several_lines_says_what_its_log_said(printer: str) -> None:
    read = read_text(PRINTED[printer], "output.txt")
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["host"]) == {"cmp1"}
    assert read.events["line"].is_sorted() and read.events["lines"].sum() <= PRINTED[printer].count("\n")


def test_what_the_collector_prints_of_a_resource_counts_for_the_records_behind_it() -> None:
    text = RESOURCE + _collector([STORY[0]]) + RESOURCE.replace("cmp1", "cmp2") + _collector([STORY[6]])
    assert [event["host"] for event in rows(text, "output.txt")] == ["cmp1", "cmp2"]


def test_a_number_tells_the_severity_where_the_collector_has_no_text_for_it() -> None:
    text = "LogRecord #0\nTimestamp: 2026-11-23 04:00:00.1 +0000 UTC\nSeverityText: \nSeverityNumber: Error2(18)\nBody: Str(lost)\n"
    (event,) = rows(text, "output.txt")
    assert (event["level"], event["message"], event["time"].hour) == ("ERROR", "lost", 4)


FAULT = {
    "mysql's \\G": (
        "*************************** {n}. row ***************************\n        id: {n}\ncreated_at: 2026-11-23 04:00:00\n"
        '      host: cmp1\n   message: No start\n   details: Traceback (most recent call last):\n  File "x.py", line 1: in x\n'
        "KeyError: 7\n"
    ),
    "psql's \\x": (
        "-[ RECORD {n} ]--------------\nid         | {n}\ncreated_at | 2026-11-23 04:00:00\nhost       | cmp1\nlevel      | ERROR\n"
        'message    | No start\ndetails    | Traceback (most recent call last):\n           |   File "x.py", line 1: in x\n'
        "           | KeyError: 7\n"
    ),
    "PowerShell's Format-List": (
        "\nTimeCreated      : 2026-11-23 04:00:00\nMachineName      : cmp1\nLevelDisplayName : Error\nId               : {n}\n"
        "Message          : No start\n                   KeyError: 7\n"
    ),
    "names that nobody knows": "\nwhen: 2026-11-23T04:00:00Z\nsev: error\nserver: cmp1\nwhat: No start\n  KeyError: 7\n",
}


@pytest.mark.parametrize("printer", FAULT)
def test_blocks_of_names_and_values_are_events(printer: str) -> None:
    found = rows("".join(FAULT[printer].format(n=number) for number in (1, 2, 3)), "faults.txt")
    told = {(event["time"].hour, event["host"], event["level"], event["message"]) for event in found}
    assert (len(found), told) == (3, {(4, "cmp1", "ERROR", "No start")})
    assert all("KeyError: 7" in (event["exception"] or event["detail"]) for event in found)


QUERY = "# User@Host: nova[nova] @ ctl1 [10.0.0.1]\n# Query_time: 2.1  Lock_time: 0.0\nuse nova;\nSET timestamp={epoch};\nSELECT 1;\n"


def test_a_slow_query_without_a_time_is_of_the_second_of_the_one_before() -> None:
    """The server writes a time only where the second is another; before the first one the query itself tells it."""
    query = QUERY.format(epoch=1795406405)
    text = f"{query}# Time: 261123  4:00:07\n{query}{query}# Time: 2026-11-23T04:00:12.5Z\n{query}"
    found = rows(text, "mysql/mariadb-slow.log")
    assert [f"{event['time']:%M:%S.%f}" for event in found] == [
        "00:05.000000",
        "00:07.000000",
        "00:07.000000",
        "00:12.500000",
    ]
    assert {event["service"] for event in found} == {"mariadb"}
    assert all(event["detail"].endswith("SELECT 1;") for event in found)


def test_a_line_of_the_audit_of_a_database_has_time_and_host() -> None:
    (event,) = rows("20261123 04:00:01,db-2,nova,10.3.0.66,813,0,FAILED_CONNECT,,,1045\n", "server_audit.log")
    assert (event["time"].hour, event["host"], event["service"]) == (4, "db-2", "mariadb")


@pytest.mark.parametrize("piece", ['\\"', "#<", '"a"=>"', '"a" => "b" ', '"\\\n', '", "', "[1"])
@pytest.mark.parametrize("opening", ['{"log"=>"', '{"log"=>'])
def test_a_hash_of_ruby_that_is_never_closed_is_looked_through_once(opening: str, piece: str) -> None:
    """Many beginnings without an end would keep a search for each of them busy for hours."""
    assert ruby_hash(opening + piece * (128 * 1024 // len(piece))) is None


def test_quotes_that_ruby_left_as_they_are_belong_to_the_text() -> None:
    said = ruby_hash('{"log"=>"he said "no" and left", "ran" => "twice", "of"=>#<Class:0x1>, "n"=>nil}')
    assert said == {"log": 'he said "no" and left', "ran": "twice", "of": "#<Class:0x1>", "n": None}


LONG = {
    "a field": ("time: 2026-11-23 04:00:00\nlevel: ERROR\nmessage: all is lost\n\n" * 2, "message"),
    "a row": ("*************************** 1. row ***************************\ncreated_at: 2026-11-23 04:00:00\n   message: lost\n", "message"),
    "a body": ("LogRecord #0\nTimestamp: 2026-11-23 04:00:00.1 +0000 UTC\nBody: Str(lost\n", "body"),
    "an entry of a journal": ("Mon 2026-11-23 04:00:00 UTC [s=1;i=1;b=2]\n    MESSAGE=lost\n", "MESSAGE"),
}  # fmt: skip


@pytest.mark.parametrize("what", LONG)
def test_a_value_of_many_lines_is_put_together_once(what: str) -> None:
    """To copy what was read with each further line would take minutes here."""
    begin, key = LONG[what]
    data = (begin + ("x" * 149 + "\n") * 20_000).encode()
    splitter = splitter_for(data)
    assert splitter is not None
    pieces, taken = splitter(data, True)
    assert taken == len(data) and json.loads(pieces[-1].text)[key].count("x") == 149 * 20_000


@pytest.mark.parametrize("begin", [LONG["a field"][0], "timestamp,message\n", '{"message": "lost",\n'])
def test_records_that_never_end_do_not_fill_the_memory(begin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no record ends for long, lines are given as they stand, before the end of the file is reached."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 64 * 1024)
    monkeypatch.setattr(blocks, "_LONGEST_LINE", 256 * 1024)
    monkeypatch.setattr(printed_records, "LONGEST_RECORD", 128 * 1024)
    text = io.BytesIO((begin + '"' + f"{'x' * 99}\n" * 10_000).encode())
    reading = blocks.read_blocks(text, 0)
    assert next(reading).line_count and next(reading).line_count and text.tell() < 700 * 1024


@pytest.mark.parametrize("piece", [b" ", b"=", b"-", b"| ", b"\t", b"+-"])
def test_a_line_of_one_sign_is_looked_through_once(piece: bytes) -> None:
    """Programs draw lines across their output; the border of a table is looked for in them."""
    assert splitter_for(piece * (60_000 // len(piece)) + b".") is None


def test_a_quote_that_is_never_closed_is_looked_for_once() -> None:
    splitter = splitter_for(b"timestamp,message\n")
    assert splitter is not None
    data = b'timestamp,message\n2026-11-23 04:00:00,"' + b"x\n" * 300_000
    assert splitter(data, False) == ([Piece("", 1)], len("timestamp,message\n"))


def test_blank_lines_before_a_record_of_xml_cost_no_more_than_they_are() -> None:
    """Looked at from each of them to the last, those of one sample of a file took minutes."""
    assert printed_records.printed_records("<x>" + "\n" * 60_000) is None
