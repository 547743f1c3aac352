"""Exports of log stores: the list of records is found by what it holds, the columns by what their names mean."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs.events import read_logs

TIME = "2026-11-23T04:00:00.100000+00:00"
NANOS = 1795406400100000000
SPLUNK = {"_raw": "down", "_time": TIME, "host": "ctl1", "source": "/var/log/nova/nova-api.log", "level": "ERROR"}
CLOUDWATCH = {"timestamp": NANOS // 10**6, "message": "ERROR: down", "ingestionTime": 1795406401000}
PLACE = [
    {"key": "host.name", "value": {"stringValue": "ctl1"}},
    {"key": "service.name", "value": {"stringValue": "nova-api"}},
]
DOCUMENTS: dict[str, Any] = {
    "CloudWatch filter-log-events": {"events": [{**CLOUDWATCH, "logStreamName": "ctl1/nova-api"}], "searchedLogStreams": []},
    "CloudWatch subscription": {"messageType": "DATA_MESSAGE", "logStream": "ctl1/nova-api", "logEvents": [CLOUDWATCH]},
    "CloudWatch Insights": {
        "status": "Complete",
        "results": [[{"field": "@timestamp", "value": "2026-11-23 04:00:00.100"}, {"field": "@message", "value": "ERROR: down"},
                     {"field": "logStream", "value": "ctl1/nova-api"}]],
    },
    "Kubernetes events": {
        "kind": "List",
        "items": [{"eventTime": None, "lastTimestamp": TIME, "message": "down", "type": "Error", "metadata": {"name": "x"},
                   "involvedObject": {"kind": "Pod", "name": "nova-api-5d8f7c6b9-x7x2k"}, "source": {"host": "ctl1"}}],
    },
    "Datadog": {"data": [{"id": "A", "type": "log", "attributes": {
        "timestamp": TIME, "host": "ctl1", "service": "nova-api", "status": "error", "message": "down", "tags": ["a:b"]}}],
        "meta": {"page": {"after": "x"}}},
    "Splunk results": {"preview": False, "fields": [{"name": "_raw"}], "results": [SPLUNK]},
    "Splunk export": {"preview": False, "offset": 0, "result": SPLUNK},
    "Splunk columns": {"fields": list(SPLUNK), "rows": [list(SPLUNK.values())]},
    "OpenSearch SQL": {"schema": [{"name": name, "type": "text"} for name in ("@timestamp", "Hostname", "programname", "log_level",
        "Payload")], "datarows": [[TIME, "ctl1", "nova-api", "ERROR", "down"]]},
    "ClickHouse in compact form": {"meta": [{"name": name} for name in ("timestamp", "host", "service", "level", "message")],
        "data": [[TIME, "ctl1", "nova-api", "ERROR", "down"]]},
    "Azure": {"tables": [{"name": "PrimaryResult",
        "columns": [{"name": name} for name in ("TimeGenerated", "Computer", "SeverityLevel", "SyslogMessage", "ProcessName")],
        "rows": [[TIME, "ctl1", "err", "down", "nova-api"]]}]},
    "Google Cloud": [{"timestamp": TIME, "severity": "ERROR", "textPayload": "down", "labels": {
        "agent.googleapis.com/log_file_path": "/var/log/nova/nova-api.log", "compute.googleapis.com/resource_name": "ctl1"}}],
    "Grafana": [{"line": "down", "timestamp": str(NANOS), "date": TIME,
                 "fields": {"host": "ctl1", "program": "nova-api", "detected_level": "error"}}],
    "Loki with labels that it set apart": {"data": {"result": [{"stream": {"host": "ctl1"}, "values": [
        [str(NANOS), "ERROR: down", {"structuredMetadata": {"service_name": "nova-api"}}]]}]}},
    "Loki with metadata of an unknown form": {"data": {"result": [{"stream": {"host": "ctl1", "service_name": "nova-api"},
        "values": [[str(NANOS), "ERROR: down", {"structuredMetadata": ["odd"]}]]}]}},
    "OpenTelemetry": {"resourceLogs": [{"resource": {"attributes": PLACE}, "scopeLogs": [{"logRecords": [
        {"timeUnixNano": str(NANOS), "severityText": "ERROR", "body": {"stringValue": "down"}}]}]}]},
    "OpenTelemetry's own names": {"Timestamp": TIME, "SeverityText": "ERROR", "Body": "down",
                                  "Resource": {"service.name": "nova-api", "host.name": "ctl1"}},
    "MySQL 8": {"prio": 1, "label": "Error", "msg": "down", "time": TIME, "ts": NANOS // 10**6, "hostname": "ctl1",
                "service": "nova-api", "subsystem": "InnoDB"},
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_records_of_a_document_are_found_whatever_it_is_called(name: str, indent: int | None) -> None:
    """Time, host, service and level of the one record, in a file that only its content shows to be a log."""
    read = read_text(json.dumps(DOCUMENTS[name], indent=indent) + "\n", "answer.json")
    (event,) = read.events.to_dicts()
    assert event["time"].isoformat() == TIME
    assert (event["host"], event["service"], event["level"]) == ("ctl1", "nova-api", "ERROR")
    assert "down" in event["message"]
    assert event["lines"] == read.files[0].lines


def hits(lines: list[str]) -> dict[str, Any]:
    return {
        "hits": {
            "hits": [{"_source": {"message": line, "@timestamp": line[:23].replace(" ", "T") + "Z"}} for line in lines]
        }
    }


@pytest.mark.parametrize("indent", [None, 1])
def test_an_answer_with_the_newest_line_first_gives_whole_tracebacks(indent: int | None) -> None:
    read = read_text(json.dumps(hits(STORY[::-1]), indent=indent), "search.json")
    assert read.events.select(STORY_COLUMNS).equals(story())


def test_a_record_of_a_document_is_found_at_the_line_where_its_text_stands() -> None:
    text = json.dumps(hits(STORY[:2]), indent=1)
    lines = text.split("\n")
    first, second = rows(text, "search.json")
    assert (first["line"], first["lines"] + second["lines"]) == (1, len(lines))
    assert second["message"] in lines[second["line"] - 1]


def test_the_records_of_a_document_that_is_cut_off_are_read() -> None:
    text = json.dumps(hits(STORY[:3]), indent=1)
    events = rows(text[: text.index("No start")], "search.log")
    assert [event["message"] for event in events][:2] == ["Building", "Disk is slow"]


@pytest.mark.parametrize("text", ['{"name": "cloud", "date": "2026"}', '{"message": "hello", "items": [1]}', "[1, 2]"])
def test_a_document_without_records_is_no_log(text: str) -> None:
    read = read_text_beside_a_log(text)
    assert [file.format for file in read] == ["oslo", "skipped"]


def read_text_beside_a_log(text: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cloud.json").write_text(text + "\n")
        Path(folder, "a.log").write_text(STORY[0] + "\n")
        return sorted(read_logs([folder]).files, key=lambda file: file.format)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffTimeGenerated [UTC],Computer,SeverityLevel,SyslogMessage,ProcessName\r\n"
        '"11/23/2026, 4:00:00.100 AM",ctl1,err,"down, twice",nova-api\r\n',
        'Date,Host,Service,Status,Content\n"2026-11-23T04:00:00.100Z",ctl1,nova-api,error,"down, twice"\n',
        '"_time",host,source,level,"_raw"\n2026-11-23T04:00:00.100+0000,ctl1,/var/log/nova/nova-api.log,ERROR,"down, twice"\n',
        "TIMESTAMP\tHOSTNAME\tPROGRAMNAME\tSEVERITY\tMESSAGE\n2026-11-23 04:00:00.100\tctl1\tnova-api\tERROR\tdown, twice\n",
        "Event Time;Host Name;Service;Level;Log Message\n23.11.2026 04:00:00.100;ctl1;nova-api;Error;down, twice\n",
        'timestamp,container_name,node_name,log_level,message\n1795406400.1,nova-api,ctl1,error,"down, twice"\n',
    ],
    ids=["Azure", "Datadog", "Splunk", "tabs and capitals", "a spreadsheet", "seconds since 1970"],
)
def test_a_table_is_read_by_columns_that_mean_a_time_and_a_text(text: str) -> None:
    (event,) = rows(text, "query_data.csv")
    assert event["time"].isoformat() == TIME
    assert (event["host"], event["service"], event["level"], event["message"]) == (
        "ctl1", "nova-api", "ERROR", "down, twice",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (
            ["11/3/2026, 12:07:44.000 AM", "11/3/2026, 1:02:00.000\u202fPM"],
            ["2026-11-03 00:07:44", "2026-11-03 13:02:00"],
        ),
        (["03/11/2026 10:00:00"], ["2026-11-03 10:00:00"]),
        (["11/03/2026 10:00:00", "11/20/26 08:20:31"], ["2026-11-03 10:00:00", "2026-11-20 08:20:31"]),
        (["Fri, 20 Nov 2026 08:20:31 GMT", "20 déc. 2026 08:20:31"], ["2026-11-20 08:20:31", "2026-12-20 08:20:31"]),
        (["261120 08:20:31", "20261120T082031"], ["2026-11-20 08:20:31", "2026-11-20 08:20:31"]),
        (["2026 Nov 20 8:20:31 PM", "Nov 20, 2026 @ 08:20:31"], ["2026-11-20 20:20:31", "2026-11-20 08:20:31"]),
    ],
)
def test_a_moment_is_read_in_whatever_order_its_parts_stand(stamps: list[str], expected: list[str]) -> None:
    text = "".join(json.dumps({"time": stamp, "message": "x"}) + "\n" for stamp in stamps)
    assert [str(event["time"])[:19] for event in rows(text)] == sorted(expected)


_SYSTEM = (
    "<Event xmlns='urn:x'><System><Provider Name='Hyper-V'/><EventID>{0}</EventID><Level>2</Level>"
    "<TimeCreated SystemTime='2026-11-23T04:00:0{0}.5Z'/><Computer>w1</Computer></System>"
)
WINDOWS = {
    "saved by the viewer": f"<?xml version='1.0'?>\n<Events>{_SYSTEM.format(0)}<RenderingInfo><Message>no &lt;disk&gt;</Message>"
    f"</RenderingInfo></Event>{_SYSTEM.format(1)}<EventData><Data>no</Data><Data>net</Data></EventData></Event></Events>\n",
    "as text": "".join(
        f"Event[{place}]:\n  Log Name: System\n  Source: Hyper-V\n  Date: 2026-11-23T04:00:0{place}.500\n  Level: Error\n"
        f"  Computer: w1\n  Description: \n{text}\n\n"
        for place, text in enumerate(("no <disk>", "no net"))
    ),
    "of PowerShell": '#TYPE System.EventLogRecord\n"Message","ProviderName","MachineName","TimeCreated","LevelDisplayName"\n'
    '"no <disk>","Hyper-V","w1","2026-11-23 04:00:00.5","Error"\n"no net","Hyper-V","w1","2026-11-23 04:00:01.5","Error"\n',
    "of a table": "Level,Date and Time,Source,Event ID,Task Category\nError,11/23/2026 4:00:00.5 AM,Hyper-V,1,None,no <disk>\n"
    'Error,11/23/2026 4:00:01.5 AM,Hyper-V,1,None,"no net"\n',
}


@pytest.mark.parametrize("shown", WINDOWS)
def test_events_of_windows_are_read_in_each_form_of_their_export(shown: str) -> None:
    events = rows(WINDOWS[shown], "w1/events.txt")
    assert [(str(event["time"])[:21], event["host"], event["service"], event["level"], event["message"]) for event in events] == [
        ("2026-11-23 04:00:00.5", "w1", "Hyper-V", "ERROR", "no <disk>"),
        ("2026-11-23 04:00:01.5", "w1", "Hyper-V", "ERROR", "no net"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        {"Type": "container", "Action": "die", "Actor": {"ID": "4f66", "Attributes": {"exitCode": "137", "name": "nova_compute"}}, "timeNano": 1795406400100000000},
        {"Type": "container", "Status": "die", "ID": "4f66", "Name": "nova_compute", "ContainerExitCode": 137, "Time": "2026-11-23T05:00:00.1+01:00"},
    ],
    ids=["docker", "podman"],
)  # fmt: skip
def test_what_a_runtime_tells_of_a_container_in_json_is_an_event_of_what_runs_in_it(record: dict[str, Any]) -> None:
    (event,) = rows(json.dumps(record) + "\n", "events.json")
    assert (str(event["time"])[:21], event["service"]) == ("2026-11-23 04:00:00.1", "nova_compute")
    assert event["message"].startswith("container die 4f66 (") and "exitCode=137" in event["message"]


def test_a_row_of_a_table_of_events_that_is_cut_off_ends_no_reading() -> None:
    assert [event["message"] for event in rows(WINDOWS["of a table"] + "Information\n", "w1/events.txt")][:2] == [
        "no <disk>",
        "no net",
    ]


def test_what_a_record_says_that_only_has_the_keys_of_a_runtime_is_kept() -> None:
    """``Type``, ``Status`` and ``ID`` are anybody's keys."""
    record = {
        "Type": "Attachment",
        "Status": "error",
        "ID": "0f3",
        "Detail": "login failed",
        "time": "2026-11-23T05:00:00Z",
    }
    (event,) = rows(json.dumps(record) + "\n", "events.json")
    assert "login failed" in event["message"]


@pytest.mark.parametrize("said", ["image download failed (name=cirros)", "service start nova (name=x)"])
def test_what_a_service_says_in_the_words_of_a_runtime_stays_its_own(said: str) -> None:
    (event,) = rows(f"Nov 23 04:00:00 c1 nova-compute[7]: {said}\n", "syslog")
    assert (event["service"], event["message"]) == ("nova-compute", said)
