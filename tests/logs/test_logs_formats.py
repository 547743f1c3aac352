"""Which fields each shape of a line gives."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.log_read import LogRead

REQUEST = "req-63780b89-efb0-4dd3-9546-99dc7e6f45ee"
CALLER = "req-5ff998c6-b208-4474-b7cd-474973d9bf29"
INSTANCE = "82d2b7bf-0c89-41ae-817d-363d3b1c1a21"
USER = "b54a46ac216f4ccbbb6448c2d39ca0af"
PROJECT = "45cd636b79684524855a956aa5b637d1"
HEAD = "2026-11-23 04:00:00.123 77 INFO nova.api"


def read(tmp_path: Path, text: str, name: str = "nova-api.log", timezone: str = "UTC") -> LogRead:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_logs([path], ReadingOptions(timezone))


def only(tmp_path: Path, text: str, name: str = "nova-api.log", timezone: str = "UTC") -> dict[str, Any]:
    events = read(tmp_path, text, name, timezone).events
    assert events.height == 1
    return events.row(0, named=True)


def at(hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, second, microsecond, tzinfo=UTC)


def test_the_table_has_exactly_the_columns_of_its_schema(tmp_path: Path) -> None:
    events = read(tmp_path, f"{HEAD} [-] up\n").events
    assert dict(events.schema) == EVENT_SCHEMA


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("[-]", (None, None, None, None)),
        (f"[{REQUEST}]", (None, REQUEST, None, None)),
        (f"[{REQUEST} {USER} {PROJECT} - - -]", (None, REQUEST, USER, PROJECT)),
        (f"[None {REQUEST} - - - - - -]", (None, REQUEST, None, None)),
        (f"[None {REQUEST} {USER} {PROJECT} - - default default]", (None, REQUEST, USER, PROJECT)),
        (f"[{CALLER} {REQUEST} {USER} {PROJECT} - - default default]", (CALLER, REQUEST, USER, PROJECT)),
        (f"[None {REQUEST}  {USER} {PROJECT} - - -]", (None, REQUEST, USER, PROJECT)),
        (f"[{REQUEST} admin demo]", (None, REQUEST, "admin", "demo")),
    ],
)
def test_an_oslo_context_has_no_one_or_two_request_ids_and_any_number_of_identities(
    tmp_path: Path, context: str, expected: tuple[str | None, ...]
) -> None:
    event = only(tmp_path, f"{HEAD} {context} [instance: {INSTANCE}] Terminating instance\n")
    found = (event["global_request_id"], event["request_id"], event["user_id"], event["project_id"])
    assert found == expected
    assert event["message"] == "Terminating instance"
    assert event["instance_id"] == INSTANCE


def test_brackets_that_are_no_context_belong_to_the_message(tmp_path: Path) -> None:
    assert only(tmp_path, f"{HEAD} [SQL: SELECT 1] slow\n")["message"] == "[SQL: SELECT 1] slow"


@pytest.mark.parametrize(
    ("line", "time", "host"),
    [
        ("2026-11-23 04:00:00.123 77 INFO nova.api [-] up", at(4, microsecond=123000), None),
        ("2026-11-23T04:00:00Z 77 INFO nova.api [-] up", at(4), None),
        ("2026-11-23T04:00:00.5+02:00 77 INFO nova.api [-] up", at(2, microsecond=500000), None),
        ("2026-11-23 04:00:00,123 77 INFO nova.api [-] up", at(4, microsecond=123000), None),
        ("2026-11-23 04:00:00.123 compute7 77 INFO nova.api [-] up", at(4, microsecond=123000), "compute7"),
        ("nova-api.log.1.2017-05-16_13:53:08 2026-11-23 04:00:00.123 77 INFO nova.api [-] up",
         at(4, microsecond=123000), None),
        ("/var/log/ctl1/nova-api.log:2026-11-23 04:00:00.123 77 INFO nova.api [-] up",
         at(4, microsecond=123000), "ctl1"),
        ("Nov 23 04:00:09 ctl1 nova-api[77]: 2026-11-23 04:00:00.123 77 INFO nova.api [-] up",
         at(4, microsecond=123000), "ctl1"),
        ("2026-11-23T04:00:00.5Z ctl1 nova-api[77]: INFO nova.api [-] up", at(4, microsecond=500000), "ctl1"),
        ("Mon 2026-11-23 04:00:00 UTC ctl1 nova-api[77]: INFO nova.api [-] up", at(4), "ctl1"),
        ("<13>1 2026-11-23T04:00:00Z ctl1 nova-api 77 - - INFO nova.api [-] up", at(4), "ctl1"),
        ("2026-11-23T04:00:00.5Z stderr F 2026-11-23 04:00:00.123 77 INFO nova.api [-] up",
         at(4, microsecond=123000), None),
        ("[Mon Nov 23 04:00:00.5 2026] [wsgi:error] [pid 9:tid 1] [client 10.0.0.1:5] "
         "2026-11-23 04:00:00.123 77 INFO nova.api [-] up", at(4, microsecond=123000), None),
    ],
)  # fmt: skip
def test_an_oslo_line_reads_the_same_whatever_stands_before_it(
    tmp_path: Path, line: str, time: datetime, host: str | None
) -> None:
    event = only(tmp_path, line + "\n")
    assert (event["time"], event["host"], event["service"]) == (time, host, "nova-api")
    assert (event["process"], event["level"], event["logger"], event["message"]) == (77, "INFO", "nova.api", "up")


@pytest.mark.parametrize(
    ("line", "time", "level", "message"),
    [
        ("2026-11-23 03:51:21.006248+00:00 [info] <0.289.0> up", at(3, 51, 21, 6248), "INFO", "up"),
        ("2026-11-23 03:51:21.006 [warning] <0.289.0> up", at(3, 51, 21, 6000), "WARNING", "up"),
        ("2026-11-23 03:51:21 [error] <0.289.0> up", at(3, 51, 21), "ERROR", "up"),
        ("2026-11-23  4:17:22 0 [Note] up", at(4, 17, 22), "INFO", "up"),
        ("2026-11-23 14:17:22 0 [ERROR] up", at(14, 17, 22), "ERROR", "up"),
        ("2026-11-23T04:17:22.123456Z 0 [ERROR] [MY-010119] [Server] up", at(4, 17, 22, 123456), "ERROR",
         "[MY-010119] [Server] up"),
        ("261123  4:17:22 [Warning] up", at(4, 17, 22), "WARNING", "up"),
        ("[pid: 9168|app: 0|req: 218/434] 127.0.0.1 () {34 vars in 662 bytes} [Mon Nov 23 03:54:09 2026] "
         "PATCH /v3/users => generated 3 bytes (HTTP/1.1 200)", at(3, 54, 9), "INFO",
         "127.0.0.1 PATCH /v3/users => generated 3 bytes (HTTP/1.1 200)"),
        ("Mon Nov 23 04:06:29 2026 - graceful shutdown triggered...", at(4, 6, 29), "INFO",
         "graceful shutdown triggered..."),
        ('10.0.0.5 - - [23/Nov/2026:04:00:08 +0200] "GET /v3 HTTP/1.1" 500 12', at(2, 0, 8), "INFO",
         '10.0.0.5 "GET /v3 HTTP/1.1" 500 12'),
        ("ctl1:5000 10.0.0.5 - bob [23/Nov/2026:04:00:08 +0000] \"GET /v3 HTTP/1.1\" 200 12 \"-\" \"curl\"",
         at(4, 0, 8), "INFO", '10.0.0.5 "GET /v3 HTTP/1.1" 200 12 "-" "curl"'),
        ("[Mon Nov 23 04:00:07.123456 2026] [mpm_event:notice] [pid 1:tid 2] up", at(4, 0, 7, 123456), "INFO", "up"),
        ("[Mon Nov 23 04:00:07 2026] [error] [client 10.0.0.1] up", at(4, 0, 7), "ERROR", "up"),
        ("2026-11-23 04:00:05.123+0000: 1234: error : virNet:18 : up", at(4, 0, 5, 123000), "ERROR", "virNet:18 : up"),
        ("2026-11-23 04:00:05.123+0000: shutting down, reason=crashed", at(4, 0, 5, 123000), "INFO",
         "shutting down, reason=crashed"),
        ("2026-11-23T04:00:05.123Z|00012|reconnect|WARN|up", at(4, 0, 5, 123000), "WARNING", "up"),
        ("2026-11-23T04:00:05.123+0000 7f0011223344 -1 osd.1 up", at(4, 0, 5, 123000), "ERROR", "osd.1 up"),
        ("2026-11-23T04:00:05.123+0000 mon.a (mon.0) 12 : cluster [WRN] up", at(4, 0, 5, 123000), "WARNING", "up"),
        ("2026-11-23T04:00:00Z ctl1 systemd[1]: nova-compute.service: code=killed", at(4), "INFO",
         "nova-compute.service: code=killed"),
        ("2026-11-23 04:00:00,123 INFO spawned: 'x'", at(4, microsecond=123000), "INFO", "spawned: 'x'"),
        ('10.0.0.1:50 [23/Nov/2026:04:00:08.123] front back/ctl1 0/0/1/2/3 503 "GET / HTTP/1.1"', at(4, 0, 8), "INFO",
         '10.0.0.1:50 [23/Nov/2026:04:00:08.123] front back/ctl1 0/0/1/2/3 503 "GET / HTTP/1.1"'),
        ("Nov 23 04:00:09 ctl1 haproxy[9]: 10.0.0.1:50 [23/Nov/2026:04:00:08.123] front x", at(4, 0, 9), "INFO",
         "10.0.0.1:50 [23/Nov/2026:04:00:08.123] front x"),
        ("[Mon Nov 23 04:00:11 2026] Out of memory: Killed process 1", at(4, 0, 11), "INFO",
         "Out of memory: Killed process 1"),
    ],
)  # fmt: skip
def test_each_service_stamps_its_lines_in_its_own_way(
    tmp_path: Path, line: str, time: datetime, level: str, message: str
) -> None:
    event = only(tmp_path, line + "\n")
    assert (event["time"], event["level"], event["message"]) == (time, level, message)


def test_stamps_without_an_offset_are_wall_clock_time_of_the_given_zone(tmp_path: Path) -> None:
    event = only(tmp_path, "2026-11-23 04:00:00.000 77 INFO nova.api [-] up\n", timezone="Europe/Paris")
    assert event["time"] == at(3)


def test_stamps_with_an_offset_keep_it_whatever_the_zone(tmp_path: Path) -> None:
    event = only(tmp_path, "2026-11-23T04:00:00Z 77 INFO nova.api [-] up\n", timezone="Europe/Paris")
    assert event["time"] == at(4)


def test_an_hour_that_the_clock_skips_or_repeats_still_has_a_time(tmp_path: Path) -> None:
    text = "2026-03-29 02:30:00.000 1 INFO a.b [-] skipped\n2026-10-25 02:30:00.000 1 INFO a.b [-] twice\n"
    times = read(tmp_path, text, timezone="Europe/Paris").events["time"].to_list()
    assert times == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_a_syslog_line_takes_its_year_from_the_dated_lines_of_the_read(tmp_path: Path) -> None:
    text = (
        "Dec 31 23:59:59 ctl1 kernel: Out of memory\n2027-01-01 00:00:01.000 1 INFO a.b [-] dated\n"
        "Jan  1 00:00:02 ctl1 kernel: again\n"
    )
    years = read(tmp_path, text).events["time"].dt.year().to_list()
    assert years == [2026, 2027, 2027]


def test_an_impossible_date_is_no_reason_to_lose_the_line(tmp_path: Path) -> None:
    text = "2026-11-23 04:00:00.000 1 INFO a.b [-] first\n2026-13-45 04:00:00.000 1 INFO a.b [-] second\n"
    events = read(tmp_path, text).events
    assert events["message"].to_list() == ["first", "second"]
    assert events["time"].to_list() == [at(4), at(4)]


def test_a_syslog_tag_names_the_service_and_the_line_the_host(tmp_path: Path) -> None:
    event = only(tmp_path, "2026-11-23T04:00:00Z ctl1 devstack@n-api.service[7]: plain words\n", name="syslog")
    assert (event["service"], event["host"], event["process"]) == ("n-api", "ctl1", 7)


def test_an_instance_named_in_the_text_is_known(tmp_path: Path) -> None:
    event = only(tmp_path, f"{HEAD} [-] Deleted allocations for instance {INSTANCE}\n")
    assert event["instance_id"] == INSTANCE


def test_lines_of_no_known_format_at_the_start_are_kept_as_unknown_and_counted(tmp_path: Path) -> None:
    result = read(tmp_path, f"who knows\n  indented\nor this\n{HEAD} [-] up\n")
    assert result.events.sort("line").select("level", "message", "line", "lines").rows() == [
        ("UNKNOWN", "who knows", 1, 2),
        ("UNKNOWN", "or this", 3, 1),
        ("INFO", "up", 4, 1),
    ]
    assert result.files[0].unknown_lines == 3
    assert result.files[0].format == "oslo"
