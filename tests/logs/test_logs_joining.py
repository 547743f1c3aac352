"""A traceback, a table or wrapped SQL is part of one event, whoever writes in between."""

from pathlib import Path

import polars as pl
import pytest
from tests.logs.reading import REQUEST, STORY, rows

from openstack_rca.logs.events import read_logs

STAMP = "2026-11-23 04:00:00.123"
NEXT = "2026-11-23 04:00:00.124"


def events_of(tmp_path: Path, *lines: str, name: str = "nova-api.log") -> pl.DataFrame:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return read_logs([path]).events.sort("line")


def test_traceback_lines_that_repeat_the_prefix_are_one_event_with_its_opener(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        f"{STAMP} 77 ERROR nova.api [-] Request failed",
        f"{STAMP} 77 ERROR nova.api Traceback (most recent call last):",
        f'{STAMP} 77 ERROR nova.api   File "a.py", line 1, in b',
        f"{STAMP} 77 ERROR nova.api     c()",
        f"{STAMP} 77 ERROR nova.api KeyError: 'first'",
        f"{STAMP} 77 ERROR nova.api ",
        f"{STAMP} 77 ERROR nova.api During handling of the above exception, another exception occurred:",
        f"{STAMP} 77 ERROR nova.api Traceback (most recent call last):",
        f'{STAMP} 77 ERROR nova.api   File "d.py", line 1, in e',
        f"{STAMP} 77 ERROR nova.api nova.exception.Fault: it broke",
        f"{STAMP} 77 ERROR nova.api ",
    )
    assert events.height == 1
    event = events.row(0, named=True)
    assert event["message"] == "Request failed"
    assert event["lines"] == 11
    assert event["exception"] == "nova.exception.Fault: it broke"
    assert event["detail"].startswith(
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in b\n    c()\nKeyError: 'first'\n\n"
    )


def test_tracebacks_of_processes_that_interleave_go_to_their_own_openers(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        f"{STAMP} 77 ERROR nova.api [-] first",
        f"{STAMP} 78 ERROR nova.api [-] second",
        f"{STAMP} 77 ERROR nova.api Traceback (most recent call last):",
        f"{STAMP} 78 ERROR nova.api Traceback (most recent call last):",
        f"{NEXT} 79 INFO nova.api [-] between",
        f"{STAMP} 77 ERROR nova.api ValueError: of 77",
        f"{STAMP} 78 ERROR nova.api KeyError: of 78",
    )
    assert events.select("message", "lines", "exception").rows() == [
        ("first", 3, "ValueError: of 77"),
        ("second", 3, "KeyError: of 78"),
        ("between", 1, None),
    ]


def test_a_warning_or_critical_line_owns_the_traceback_that_oslo_writes_in_error(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        f"{STAMP} 77 CRITICAL keystone [-] Unhandled error: ValueError: x",
        f"{STAMP} 77 ERROR keystone Traceback (most recent call last):",
        f"{STAMP} 77 ERROR keystone ValueError: x",
    )
    assert events.select("level", "lines").rows() == [("CRITICAL", 3)]


def test_a_traceback_that_carries_the_instance_again_is_joined(tmp_path: Path) -> None:
    instance = "[instance: 82d2b7bf-0c89-41ae-817d-363d3b1c1a21]"
    events = events_of(
        tmp_path,
        f"{STAMP} 77 ERROR nova.compute.manager [-] {instance} Failed",
        f"{STAMP} 77 ERROR nova.compute.manager {instance} Traceback (most recent call last):",
        f"{STAMP} 77 ERROR nova.compute.manager {instance}     return cctxt.call()",
        f"{STAMP} 77 ERROR nova.compute.manager {instance} ValueError: x",
    )
    assert events.height == 1
    assert events["detail"][0] == "Traceback (most recent call last):\n    return cctxt.call()\nValueError: x"


def test_a_file_that_begins_inside_a_traceback_keeps_it_together(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        f"{STAMP} 77 ERROR nova.api     c()",
        f"{STAMP} 77 ERROR nova.api ValueError: x",
        f"{NEXT} 77 INFO nova.api [-] on",
    )
    assert events.select("message", "lines").rows() == [("    c()", 2), ("on", 1)]


def test_errors_of_a_format_without_context_stay_apart(tmp_path: Path) -> None:
    events = events_of(tmp_path, f"{STAMP} 77 ERROR nova.api first thing", f"{STAMP} 77 ERROR nova.api second thing")
    assert events["message"].to_list() == ["first thing", "second thing"]


def test_lines_without_a_stamp_belong_to_the_line_before_them(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        f"{STAMP} 77 WARNING neutron.db [-] Agent healthcheck: found 1 dead agents out of 3:",
        "                Type       Last heartbeat host",
        "       Macvtap agent  2026-11-23 04:24:44 compute3",
        f"{NEXT} 77 ERROR oslo_db [-] Query failed: sqlalchemy.exc.OperationalError: (1040, 'x')",
        "[SQL: SELECT 1]",
        "(Background on this error at: https://sqlalche.me/e/14/e3q8)",
    )
    assert events["lines"].to_list() == [3, 3]
    assert events["detail"][1] == "[SQL: SELECT 1]\n(Background on this error at: https://sqlalche.me/e/14/e3q8)"
    assert events["exception"][1] == "sqlalchemy.exc.OperationalError: (1040, 'x')"


def test_blank_lines_belong_to_the_event_before_them_and_to_none_at_the_start(tmp_path: Path) -> None:
    events = events_of(tmp_path, "", "", f"{STAMP} 77 INFO nova.api [-] up", "", f"{NEXT} 77 INFO nova.api [-] on")
    assert events.select("line", "lines").rows() == [(3, 2), (5, 1)]


def test_rabbitmq_lines_of_one_report_are_one_event_that_says_what_happened(tmp_path: Path) -> None:
    prefix = "2026-11-23 03:51:58.365217+00:00 [warning] <0.2412.0>"
    events = events_of(
        tmp_path,
        f"{prefix} closing AMQP connection <0.2412.0> (127.0.0.1:55368 -> 127.0.0.1:5672):",
        f"{prefix} client unexpectedly closed TCP connection",
        "2026-11-23 03:51:58.365217+00:00 [info] <0.9.0> another process",
        name="rabbit@ctl1.log",
    )
    assert events["lines"].to_list() == [2, 1]
    assert events["message"][0].endswith(
        "(127.0.0.1:55368 -> 127.0.0.1:5672): client unexpectedly closed TCP connection"
    )
    assert events.select("service", "host").row(0) == ("rabbitmq", "ctl1")


def test_an_old_rabbitmq_report_takes_its_text_from_the_lines_below(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        "=ERROR REPORT==== 23-Nov-2026::03:51:21 ===",
        "closing AMQP connection <0.1.0>:",
        "missed heartbeats from client, timeout: 60s",
        "",
        "=INFO REPORT==== 23-Nov-2026::03:51:22 ===",
        "accepting AMQP connection",
    )
    assert events.select("level", "message").rows() == [
        ("ERROR", "ERROR REPORT: closing AMQP connection <0.1.0>: missed heartbeats from client, timeout: 60s"),
        ("INFO", "INFO REPORT: accepting AMQP connection"),
    ]


def test_uwsgi_writes_lines_of_its_own_and_backtraces_between_requests(tmp_path: Path) -> None:
    events = events_of(
        tmp_path,
        "[pid: 9|app: 0|req: 1/1] 10.0.0.1 () {3 vars in 6 bytes} [Mon Nov 23 03:54:09 2026] GET / => generated 3 bytes",
        "Gracefully killing worker 2 (pid: 9169)...",
        "!!! uWSGI process 9168 got Segmentation Fault !!!",
        "*** backtrace of 9168 ***",
        "uwsgi_python3(uwsgi_backtrace+0x2f) [0x55e13e9a34df]",
        "/lib/x86_64-linux-gnu/libc.so.6(+0x3c050) [0x7f64bcaae050]",
        "*** end of backtrace ***",
        "worker 2 buried after 1 seconds",
        name="keystone-uwsgi.log",
    )
    assert events["lines"].to_list() == [1, 1, 1, 4, 1]
    assert events["time"].n_unique() == 1
    assert events["level"].to_list() == ["INFO", "INFO", "WARNING", "INFO", "INFO"]


def test_in_a_syslog_a_traceback_goes_to_its_own_writer(tmp_path: Path) -> None:
    api, other = "Nov 23 04:00:02 ctl1 nova-api[77]:", "Nov 23 04:00:02 ctl1 dnsmasq[5]:"
    events = events_of(
        tmp_path,
        f"{api} {STAMP} 77 ERROR nova.api [-] bad",
        f"{other} DHCPDISCOVER(tap1)",
        f"{api} {STAMP} 77 ERROR nova.api Traceback (most recent call last):",
        f"{api} {STAMP} 77 ERROR nova.api ValueError: x",
        f"{other} DHCPOFFER(tap1)",
        f"{api} (Background on this error at: somewhere)",
        name="syslog",
    )
    assert events.select("service", "message", "lines").rows() == [
        ("nova-api", "bad", 4),
        ("dnsmasq", "DHCPDISCOVER(tap1)", 1),
        ("dnsmasq", "DHCPOFFER(tap1)", 1),
    ]


PRINTED_ALONE = 'Traceback (most recent call last):\n  File "x.py", line 1, in x\nKeyError: 7\n'


@pytest.mark.parametrize("prefix", ["", "Nov 23 04:00:00 cmp1 nova-compute[2001]: "])
def test_a_traceback_below_a_line_that_tells_of_no_trouble_is_an_error_of_its_own(prefix: str) -> None:
    """Nobody caught it: its level is told by the text, and marked as that; a chain of exceptions is one event."""
    chain = PRINTED_ALONE + "\nDuring handling of the above exception, another exception occurred:\n\n" + PRINTED_ALONE
    text = f"{STORY[6]}\n{chain}{STORY[0]}\n{PRINTED_ALONE}"
    written = "".join(f"{prefix}{line}\n" for line in text.splitlines())
    found = sorted(rows(written, year=2026), key=lambda event: event["line"])
    assert [(event["level"], event["level_guessed"]) for event in found] == [
        ("INFO", False),
        ("ERROR", True),
        ("INFO", False),
        ("ERROR", True),
    ]
    assert [(event["exception"], event["service"]) for event in found[1::2]] == [("KeyError: 7", "nova-compute")] * 2
    assert all(event["time"] is not None for event in found)


@pytest.mark.parametrize("line", [STORY[1], STORY[6].replace("Periodic task", "Failed, next try in 5 seconds")])
def test_a_traceback_below_a_line_that_tells_of_trouble_explains_that(line: str) -> None:
    (event,) = rows(f"{line}\n{PRINTED_ALONE}")
    assert (event["exception"], event["level"]) == ("KeyError: 7", line.split()[3])


@pytest.mark.parametrize(
    "below", ["[FAILED] Failed to start x", "fatal: [ctl1]: FAILED! => {}", "ERROR:root:no", "status | ACTIVE"]
)
def test_what_a_command_printed_below_a_line_of_oslo_log_is_no_event_of_its_own(below: str) -> None:
    text = "\n".join([STORY[1], "Stdout follows", below, below, *([STORY[-1]] * 4)])
    event = rows(text)[0]
    assert (event["lines"], event["detail"]) == (4, f"Stdout follows\n{below}\n{below}")


def test_what_a_container_prints_when_it_starts_again_is_its_own_event() -> None:
    text = "\n".join([*[STORY[-1]] * 4, "+ sudo -E kolla_set_configs", "ERROR:__main__:MissingRequiredSource"])
    assert [event["message"] for event in rows(text)][-1] == "MissingRequiredSource"


def test_below_a_line_with_a_time_nothing_opens_an_event_however_many_others_have_none() -> None:
    dated = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager [-] Failed:\nname x\nuuid y\n"
    found = rows(dated + "INFO nova.api [-] undated\n" * 3 + "told below\n" + dated)
    assert [event["detail"] for event in found] == ["name x\nuuid y", None, None, None, None, "name x\nuuid y"]


def test_a_traceback_belongs_to_the_error_above_it_without_times_too() -> None:
    raised = 'Traceback (most recent call last):\n  File "x", line 1, in y\nValueError: no\n'
    found = rows(f"CRITICAL nova [-] Unhandled error\n{raised}CRITICAL nova [-] Again\n")
    assert [(event["message"], event["exception"]) for event in found] == [
        ("Unhandled error", "ValueError: no"),
        ("Again", None),
    ]


@pytest.mark.parametrize(
    ("line", "exception"),
    [
        ("ValueError: bad value", "ValueError: bad value"),
        ("libvirt.libvirtError: internal error: x", "libvirt.libvirtError: internal error: x"),
        ("Exception: boom", None),
        ("NoValidHost: No valid host was found.", None),
        ("MessagingTimeout_Remote: Timed out", None),
        (f"No valid host was found. (HTTP 500) (Request-ID: {REQUEST})", None),
    ],
)
def test_what_was_raised_is_an_error_where_it_stands_alone(line: str, exception: str | None) -> None:
    """As the last line of a traceback, or as a client shows it."""
    (event,) = rows(f"{line}\n", "paste.txt")
    assert (event["level"], event["level_guessed"], event["exception"]) == ("ERROR", True, exception)


@pytest.mark.parametrize("line", ["HealthFailed: 0", "Timeout: none", "lookupNotFound:1", "Building PortFound: x"])
def test_a_name_with_a_value_is_no_exception(line: str) -> None:
    found = rows(f"2026-11-23 04:00:00 some text\n2026-11-23 04:00:00 {line}\n", "paste.txt")
    assert found[-1]["level"] == "UNKNOWN"


def test_what_was_raised_is_no_part_of_a_line_that_tells_of_no_trouble() -> None:
    """A search for errors leaves the traceback's last line below another line."""
    first, second = rows(f"{STORY[0]}\nValueError: x\n")
    assert (first["level"], second["level"], second["exception"]) == ("INFO", "ERROR", "ValueError: x")
