"""Log records in JSON, whoever shipped them."""

import json
from typing import Any

import pytest
from tests.logs.reading import INSTANCE, REQUEST, STORY, rows

TIME = "2026-11-23T04:00:00.100000+00:00"


def only(record: dict[str, Any], name: str = "x.log") -> dict[str, Any]:
    (event,) = rows(json.dumps(record) + "\n", name)
    return event


def test_a_record_of_oslo_log_says_what_its_text_form_says() -> None:
    """``use_json``: level, logger, process, context, instance, traceback; the host is the folder's where there is one."""
    record = {
        "message": "No start", "asctime": "2026-11-23 04:00:00", "msecs": 100.0, "name": "nova.compute.manager",
        "levelname": "ERROR", "levelno": 40, "filename": "manager.py", "lineno": 7, "funcname": "x", "process": 77,
        "process_name": "MainProcess", "hostname": "container1", "error_summary": "ValueError: 7",
        "traceback": "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: 7",
        "context": {"request_id": REQUEST, "global_request_id": None, "user": "u", "project": "p"},
        "extra": {"instance": {"uuid": INSTANCE}},
    }  # fmt: skip
    event = only(record, "compute1/nova-compute.log")
    assert (event["time"].isoformat(), event["host"], event["service"]) == (TIME, "compute1", "nova-compute")
    assert (event["level"], event["logger"], event["process"]) == ("ERROR", "nova.compute.manager", 77)
    assert (event["request_id"], event["user_id"], event["project_id"]) == (REQUEST, "u", "p")
    assert (event["instance_id"], event["exception"], event["lines"]) == (INSTANCE, "ValueError: 7", 1)
    assert only(record)["host"] == "container1"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"Hostname": "ctl1", "programname": "nova-api", "log_level": "WARNING", "Pid": "7", "python_module": "nova.x",
          "Payload": "slow", "@timestamp": TIME}, ("ctl1", "nova-api", "WARNING", 7, "nova.x", "slow")),
        ({"_index": "flog", "_source": {"Hostname": "ctl1", "programname": "nova-api", "log_level": "INFO", "Payload": "up",
          "@timestamp": TIME}}, ("ctl1", "nova-api", "INFO", None, None, "up")),
        ({"time": "2026-11-23 04:00:00.100000+00:00", "level": "error", "msg": "closing", "pid": "<0.500.0>",
          "domain": "rabbitmq.connection", "node": "ctl1"}, ("ctl1", "rabbitmq", "ERROR", None, "rabbitmq.connection",
          "closing")),
        ({"version": "1.1", "host": "ctl1", "short_message": "slow", "timestamp": 1795406400.1, "level": 4,
          "_application_name": "nova-api"}, ("ctl1", "nova-api", "WARNING", None, None, "slow")),
        ({"ts": 1795406400.1, "level": "error", "logger": "setup", "msg": "bad", "error": "no disk"},
         (None, "x", "ERROR", None, "setup", "bad: no disk")),
        ({"_SOURCE_REALTIME_TIMESTAMP": "1795406400100000", "PRIORITY": "3", "_HOSTNAME": "ctl1", "_PID": "7",
          "SYSLOG_IDENTIFIER": "haproxy", "MESSAGE": "down"}, ("ctl1", "haproxy", "ERROR", 7, None, "down")),
        ({"__REALTIME_TIMESTAMP": "1795406400100000", "PRIORITY": "6", "_HOSTNAME": "ctl1", "SYSLOG_IDENTIFIER": "haproxy",
          "MESSAGE": [100, 111, 119, 110]}, ("ctl1", "haproxy", "INFO", None, None, "down")),
        ({"@timestamp": TIME, "message": "down", "log": {"file": {"path": "/var/log/haproxy/haproxy.log"}, "level": "warn"},
          "host": {"name": "ctl1"}}, ("ctl1", "haproxy", "WARNING", None, None, "down")),
        ({"HOST": "ctl1", "PROGRAM": "haproxy", "PRIORITY": "err", "FACILITY": "local1", "PID": "7", "MESSAGE": "down",
          "ISODATE": TIME, "DATE": "Nov 23 05:00:00"}, ("ctl1", "haproxy", "ERROR", 7, None, "down")),
        ({"_messagetime": TIME, "_raw": "down", "_collector": "c1", "_source": "files", "_sourceHost": "ctl1",
          "_sourceCategory": "prod/cloud", "_sourceName": "/var/log/haproxy.log"},
         ("ctl1", "haproxy", "UNKNOWN", None, None, "down")),
        ({"ts": 1795406400100.0, "caller": "node/controller.go:878", "msg": "down", "node": "worker7", "v": 0},
         (None, "x", "UNKNOWN", None, "node/controller.go:878", "down")),
        ({"level": "info", "ts": TIME, "caller": "fileutil/purge.go:96", "msg": "purged", "path": "/var/lib/etcd/wal/00a1.wal"},
         (None, "x", "INFO", None, "fileutil/purge.go:96", "purged")),
        ({"logStreamName": "ctl1", "timestamp": 1795406400100, "message": "down", "ingestionTime": 1795406401000},
         ("ctl1", "x", "UNKNOWN", None, None, "down")),
        ({"timestamp": TIME, "source": "ctl1", "filebeat_log_file_path": "/var/log/haproxy/haproxy.log", "message": "down"},
         ("ctl1", "haproxy", "UNKNOWN", None, None, "down")),
        ({"date": 1795406400.1, "log": "down", "kubernetes": {"pod_name": "nova-api-0", "container_name": "nova-api",
          "host": "node1"}}, ("node1", "nova-api", "UNKNOWN", None, None, "down")),
    ],
)  # fmt: skip
def test_a_record_is_understood_by_its_keys(record: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """kolla's fluentd, OpenSearch, RabbitMQ, Graylog, zap, journald, Filebeat, Fluent Bit."""
    event = only(record)
    assert event["time"].isoformat() == TIME
    assert tuple(event[key] for key in ("host", "service", "level", "process", "logger", "message")) == expected


def test_what_a_complaint_of_zap_is_about_stands_beside_its_text() -> None:
    """etcd says in a key of its own which alarm it raised."""
    record = {
        "level": "warn",
        "ts": TIME,
        "caller": "etcdserver/apply.go:756",
        "msg": "alarm raised",
        "alarm": "NOSPACE",
    }
    assert only(record)["message"] == "alarm raised (alarm: NOSPACE)"
    assert only({**record, "level": "info"})["message"] == "alarm raised"


def test_colours_of_a_journalled_message_are_taken_off() -> None:
    """The journal hands a text with control characters on as an array of bytes."""
    text = "\x1b[00;32m2026-11-24 04:00:00.000 7 ERROR nova.compute.manager [\x1b[01;36m-\x1b[00;32m] no disk\x1b[00m"
    record = {"__REALTIME_TIMESTAMP": "1795492800000000", "_HOSTNAME": "c1", "MESSAGE": list(text.encode())}
    assert (only(record)["level"], only(record)["message"]) == ("ERROR", "no disk")


def test_the_answer_of_a_search_is_its_records() -> None:
    """OpenSearch's ``_search`` and Loki's ``query_range`` in one line each."""
    hit = {"_source": {"message": "up", "@timestamp": TIME, "log_level": "INFO"}}
    search = {"took": 1, "hits": {"total": {"value": 2}, "hits": [hit, hit]}}
    stream = {"stream": {"host": "ctl1"}, "values": [["1795406400100000000", "up"], ["1795406400100000000", "up"]]}
    loki = {"status": "success", "data": {"resultType": "streams", "result": [stream]}}
    for answer in (search, loki, [hit, hit], {"messages": [{"message": hit["_source"]}, {"message": hit["_source"]}]}):
        found = rows(json.dumps(answer) + "\n", "x.log")
        assert [(event["message"], event["time"].isoformat()) for event in found] == [("up", TIME)] * 2


def test_a_message_of_several_lines_is_one_event() -> None:
    """What follows the first line is the detail; a traceback in it gives the exception."""
    trace = "bad\nTraceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'a'"
    event = only({"@timestamp": TIME, "level": "error", "message": trace})
    assert (event["message"], event["exception"], event["lines"]) == ("bad", "KeyError: 'a'", 1)


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "[1, 2]", '{"message": }', "{}", '{"log": {"x": []}}', "[[[[", '{"message": null}']
)
def test_what_is_no_record_is_kept_as_it_stands(text: str) -> None:
    """JSON that is no log record, and what only looks like JSON, is an unknown line."""
    events = rows(f"{text}\n2026-11-23 04:00:00.100 7 INFO nova.api [-] up\n")
    assert [(event["message"], event["level"]) for event in events] == [(text, "UNKNOWN"), ("up", "INFO")]


def test_a_record_that_its_shipper_calls_graver_than_the_one_before_is_an_event() -> None:
    """Among lines of oslo.log's a plain one of the same program is a part of the line before, unless its record tells more."""
    said = [("DEFAULT", STORY[0]), ("ERROR", "out of disk"), ("WARNING", "half the disk"), ("WARNING", "  of two")]
    text = "".join(json.dumps({"timestamp": TIME, "severity": level, "message": line}) + "\n" for level, line in said)
    found = [(event["level"], event["message"], event["lines"]) for event in rows(text, "x.json")]
    assert found == [("INFO", "Building", 1), ("ERROR", "out of disk", 1), ("WARNING", "half the disk", 2)]


def test_the_events_in_the_text_of_one_record_stay_apart() -> None:
    """A traceback in it explains the event with its stamp, not the last one before it."""
    record = {"created": TIME, "description": "\n".join((STORY[0], STORY[6], *STORY[2:6]))}
    found = [(event["level"], event["exception"] is not None) for event in rows(json.dumps(record) + "\n", "x.json")]
    assert found == [("INFO", False), ("ERROR", True), ("INFO", False)]
