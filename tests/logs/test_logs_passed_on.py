"""What passing a log on does to it, and is undone: stamps that differ, zones of containers, pages, chats, exports."""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs.events import read_logs

UNSTAMPED = [line.split(" ", 3)[3] for line in STORY]
NOON = datetime(2026, 11, 23, 4, 0, 0, 100000, tzinfo=UTC)


def test_a_traceback_without_stamps_is_joined_although_each_line_was_passed_on_later() -> None:
    lines = [f"1795406400.10000{place} np2 nova-compute[2001]: {line}" for place, line in enumerate(UNSTAMPED)]
    events = rows("\n".join(lines) + "\n", "journal.log")
    assert [event["level"] for event in events] == ["INFO", "WARNING", "ERROR", "INFO"]
    assert events[2]["exception"] == "nova.exception.PortBindingFailed: Binding failed"
    assert events[2]["lines"] == 4


def test_an_error_of_another_second_is_no_part_of_the_one_before() -> None:
    lines = [
        "1795406400.100000 np2 nova-compute[1]: ERROR nova.virt [-] first",
        "1795406405.100000 np2 nova-compute[1]: ERROR nova.virt second",
    ]
    assert [event["message"] for event in rows("\n".join(lines), "journal.log")] == ["first", "second"]


@pytest.mark.parametrize(
    "envelope",
    [
        "2026-11-23T04:00:00.{0}00123Z ",
        "2026-11-23T05:00:00.{0}000+01:00 cmp1 nova-compute[2001]: ",
        "Mon 2026-11-23 05:00:00 CET cmp1 nova-compute.service[2001]: ",
        "Mon 2026-11-23 01:00:00 -03 cmp1 nova-compute.service[2001]: ",
    ],
)
@pytest.mark.parametrize("timezone", ["UTC", "America/New_York"])
def test_a_program_in_another_zone_than_what_passes_its_lines_on_has_the_time_of_that(
    envelope: str, timezone: str
) -> None:
    lines = [envelope.format(line[20:23]) + line.replace(" 04:00:00", " 05:00:00") for line in STORY]
    read = read_text("\n".join(lines) + "\n", timezone=timezone)
    assert read.events.select(STORY_COLUMNS).equals(story())


def test_a_stamp_that_tells_its_zone_is_never_moved() -> None:
    line = "2026-11-23T04:00:00Z 2026-11-23 04:00:00.100+0000: 77: error : virNet:1 : end of file"
    late = line.replace("04:00:00Z", "07:00:00Z")
    assert [event["time"] for event in rows(f"{line}\n{late}\n", "libvirtd.log")] == [NOON, NOON]


def test_a_log_shown_as_a_page_is_read_without_what_surrounds_it() -> None:
    shown = [f"<span class='x'><a name='y' class='date'>{line[:23]}</a>{line[23:]}\n</span>" for line in STORY]
    page = (
        "<html>\n<style>\n.INFO {}\n</style>\n<body>Display level: [ ]\n<pre>\n"
        + "".join(shown)
        + "</pre></body>\n</html>\n"
    )
    read = read_text(page, "logs/screen-n-cpu.txt.html")
    assert read.events.select(STORY_COLUMNS).equals(story())


def test_what_a_terminal_was_told_beside_its_text_is_no_part_of_a_line() -> None:
    prompt = "\x1b[?2004h\x1b]0;root@c1: ~\x07root@c1:~# tail nova-compute.log\r\n\x1b[?2004l\r"
    events = read_text(prompt + "\r\n".join(STORY) + "\r\n", "c1/typescript").events
    assert events.filter(pl.col("request_id").is_not_null()).height == 3


def test_what_syslog_says_was_repeated_is_the_text_itself_and_how_often() -> None:
    begun = "Nov 23 04:00:00 c1 "
    lines = [
        "haproxy[7]: down",
        "haproxy[7]: message repeated 2 times: [ down]",
        "last message repeated 3 times",
        "-- MARK --",
    ]
    events = rows("".join(f"{begun}{line}\n" for line in lines), "syslog")
    assert [event["message"] for event in events] == ["down", "down (repeated 2 times)", *lines[2:]]
    assert {event["host"] for event in events} == {"c1"}


@pytest.mark.parametrize(
    ("begun", "host"),
    [
        ("Mon 2026-11-23 05:00:00 CET nova-compute[2001]: ", None),
        ("n1.example Nov 23 04:00:00 n1.example nova-compute[2001]: ", "n1.example"),
        ("[nova_compute]  | ", None),
    ],
    ids=["journalctl --no-hostname", "oc adm node-logs", "podman-compose"],
)
def test_what_is_before_a_line_is_known_without_a_host_or_with_it_twice(begun: str, host: str | None) -> None:
    read = read_text("".join(f"{begun}{line}\n" for line in STORY))
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["host"]) == {host}


def test_a_log_in_a_message_of_a_chats_export_is_read_without_its_fences() -> None:
    message = {"type": "message", "ts": "1795406500.000100", "text": "```" + "\n".join(STORY) + "```"}
    assert read_text(json.dumps([message], indent=1), "2026-11-23.json").events.select(STORY_COLUMNS).equals(story())


def test_records_that_end_with_a_zero_byte_are_records() -> None:
    sent = [
        json.dumps({"short_message": f"text {place}", "timestamp": 1795406400 + place, "level": 6})
        for place in range(3)
    ]
    assert [event["message"] for event in rows("\x00".join(sent), "gelf.dump")] == ["text 0", "text 1", "text 2"]


def test_a_severity_that_stands_for_the_program_is_in_front_of_its_lines() -> None:
    lines = [f"2026-11-23T04:00:00.502100+00:00 {line.split()[3].lower()}:  {line}" for line in STORY]
    assert read_text("\n".join(lines) + "\n").events.select(STORY_COLUMNS).equals(story())


@pytest.mark.parametrize("above", ["alice  2:41 PM", "bob.b [14:41]", "Carol \u2014 Today at 14:41"])
def test_who_wrote_a_line_in_a_chat_and_when_is_no_event(above: str) -> None:
    text = "\n".join([above, *STORY[:2], "", above, *STORY[2:]])
    assert read_text(text, "paste.txt").events.select(STORY_COLUMNS).equals(story())


def test_ends_of_logs_in_a_supportconfig_are_read_each_below_its_path() -> None:
    text = "\n".join(
        [
            "#==[ Command ]======================================#",
            "# /usr/bin/date",
            "Mon Nov 23 04:00:00 UTC 2026",
            "#==[ Log File ]=====================================#",
            "# /var/log/nova/nova-compute.log - Last 500 Lines",
            *STORY,
            "",
        ]
    )
    events = read_text(text, "scc_cmp7_261123_0400/openstack.txt").events
    assert events.select(STORY_COLUMNS).equals(story())
    assert events["service"].unique().to_list() == ["nova-compute"]
    assert events["host"].unique().to_list() == ["cmp7"]


def test_a_message_of_syslog_in_json_begins_behind_its_space() -> None:
    record = (
        '{{"msg":" {0}","timereported":"2026-11-23T04:00:00+00:00","hostname":"c1","syslogtag":"nova-compute[1]:"}}'
    )
    lines = [record.format(line.replace('"', '\\"')) for line in STORY]
    assert read_text("\n".join(lines), "x.json").events.select(STORY_COLUMNS).equals(story())


def test_rows_of_postgresql_are_events_also_where_a_text_has_several_lines() -> None:
    begin = "2026-11-23 04:00:00.100 UTC,nova,nova,77,10.0.0.1:5,6921.1,1,INSERT,2026-11-23 03:00:00 UTC,3/12,0,"
    end = ",,,,,,,,client backend,,0"
    text = f'{begin}LOG,00000,ready,,{end}\n{begin}FATAL,53300,"slots are\nreserved","Key (id)=(7).",{end}\n'
    events = rows(text, "db2/postgresql/postgresql-Sun.csv")
    assert [(event["level"], event["service"], event["line"], event["lines"]) for event in events] == [
        ("INFO", "postgresql", 1, 1),
        ("CRITICAL", "postgresql", 2, 2),
    ]
    assert events[1]["message"] == "slots are"
    assert events[1]["time"] == NOON


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("nova-compute.net-2.log", "net-2"),
        ("nova-compute.sto02.log", "sto02"),
        ("nova-compute-2.log", None),
        ("nova-compute.log-20261123", None),
        ("nova-compute-7x2kq.log", None),
    ],
)
def test_the_number_behind_a_hosts_last_dash_belongs_to_its_name(name: str, host: str | None) -> None:
    assert {event["host"] for event in rows("\n".join(STORY), name)} == {host}


def test_a_zone_named_before_the_milliseconds_counts() -> None:
    lines = [line.replace(" 04:00:00.", " 05:00:00 CET.") for line in STORY]
    assert read_text("\n".join(lines)).events.select(STORY_COLUMNS).equals(story())


def test_the_hour_that_happens_twice_is_told_by_the_order_of_the_lines() -> None:
    """On 25 October 2026 clocks in Paris went back at 3 o'clock."""
    clocks = ["02:10:00", "02:50:00", "02:05:00", "02:55:00", "03:05:00"]
    lines = [f"2026-10-25 {clock}.000 7 INFO nova.api [-] up" for clock in clocks]
    found = [f"{event['time']:%H:%M}" for event in rows("\n".join(lines), timezone="Europe/Paris")]
    assert found == ["00:10", "00:50", "01:05", "01:55", "02:05"]


@pytest.mark.parametrize(
    ("record", "service"),
    [
        ({"Name": "/nova_compute"}, "nova_compute"),
        ({"Name": "/x", "Config": {"Labels": {"com.docker.compose.service": "nova-compute"}}}, "nova-compute"),
        ({"Name": 7, "Config": None}, None),
    ],
)
def test_dockers_record_beside_a_log_names_the_service(
    tmp_path: Path, record: dict[str, object], service: str | None
) -> None:
    folder = tmp_path / "cmp1" / "containers" / ("ab" * 32)
    folder.mkdir(parents=True)
    (folder / "config.v2.json").write_text(json.dumps(record))
    line = json.dumps({"log": "odd\n", "stream": "stdout", "time": "2026-11-23T04:00:00Z"})
    (folder / f"{'ab' * 32}-json.log").write_text(f"{line}\n" * 3)
    events = read_logs([tmp_path]).events
    assert events["service"].unique().to_list() == [service]
    assert events["host"].unique().to_list() == ["cmp1"]


PODS = "must-gather.local.1/quay-io-x/namespaces/openstack/pods/nova-compute-x7x2k/nova-compute/nova-compute/logs/current.log"
CRASHDUMP = "juju-crashdump-1/nova-compute_0/var/log/nova/nova-compute.log"


@pytest.mark.parametrize(
    ("member", "change"),
    [(PODS, lambda line: f"{line[:10]}T{line[11:23]}000000Z {line}"), (CRASHDUMP, str)],
    ids=["must-gather", "juju-crashdump"],
)
def test_what_collectors_pack_is_read(tmp_path: Path, member: str, change: Callable[[str], str]) -> None:
    data = "".join(f"{change(line)}\n" for line in STORY).encode()
    with tarfile.open(tmp_path / "collected.tar.gz", "w:gz") as archive:
        root = member.partition("/")[0]
        begun = b"2026-11-23 03:58:11.120034 +0000 UTC m=+0.101\n"
        for name, content in ((member, data), (f"{root}/version", b"4.18\n"), (f"{root}/timestamp", begun)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    events = read_logs([tmp_path]).events
    assert events.select(STORY_COLUMNS).equals(story())
    assert events["service"].unique().to_list() == ["nova-compute"]


REMOTE = shutil.which("systemd-journal-remote", path="/lib/systemd:/usr/lib/systemd:/usr/bin")


@pytest.mark.skipif(
    REMOTE is None or shutil.which("journalctl") is None,
    reason="journalctl or systemd-journal-remote (a package of that name) is not installed",
)
def test_a_real_binary_journal_holds_the_story(tmp_path: Path) -> None:
    entries = [
        f"__CURSOR=s=1;i={place}\n__REALTIME_TIMESTAMP={1795406400100000 + place}\n__MONOTONIC_TIMESTAMP={place + 1}\n"
        f"_BOOT_ID=0b0b0b0b0b0b4b0b8b0b0b0b0b0b0b0b\n_HOSTNAME=cmp1\nSYSLOG_IDENTIFIER=nova-compute\n_PID=2001\nMESSAGE={line}\n\n"
        for place, line in enumerate(STORY)
    ]
    journal = tmp_path / "logs" / "system.journal"
    journal.parent.mkdir()
    assert REMOTE is not None
    subprocess.run(
        [REMOTE, f"--output={journal}", "-"], input="".join(entries).encode(), check=True, capture_output=True
    )
    events = read_logs([tmp_path / "logs"]).events
    assert events.select(STORY_COLUMNS).equals(story())
    assert events.select(pl.col("host", "service").unique()).row(0) == ("cmp1", "nova-compute")


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 04:00:00.1\u0661\u0662 7 INFO nova.api [-] up",
        "Nov 23 04:00:00.\u0661 c1 x[1]: up",
        "\u0661/2/2026 04:00:00 7 INFO a [-] x",
    ],
)
def test_digits_of_other_scripts_are_no_stamp_and_no_harm(line: str) -> None:
    assert "Building" in [event["message"] for event in rows(f"{STORY[0]}\n{line}\n")]


BARE_TRACEBACK = [
    STORY[2],
    "Traceback (most recent call last):",
    '  File "/nova/manager.py", line 1, in x',
    "ValueError: q",
]
SHOWN = {
    "stern": "\n".join(f"nova-compute-default-x7x2k nova-compute {line}" for line in BARE_TRACEBACK),
    "grep -n -A, of one file": "\n".join(
        f"{place}{'-' if place > 100 else ':'}{line}" for place, line in enumerate(BARE_TRACEBACK, 100)
    )
    + "\n--\n",
    "wrapped at 80 columns": "\n".join(
        line[place : place + 80]
        for line in [STORY[0], *BARE_TRACEBACK]
        for place in range(0, len(line), 80)
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", SHOWN)
def test_a_bare_traceback_belongs_to_its_error_however_it_was_shown(way: str) -> None:
    """Its lines begin with no stamp by which they could be told."""
    found = rows(SHOWN[way] + "\n", "nova-compute.txt")[-1]
    told = (found["level"], found["request_id"] is not None, found["exception"])
    assert told == ("ERROR", True, "ValueError: q")


PASSED = {
    "a container that ended": ("kolla-nova-compute-1 exited with code 137", None),
    "two spaces behind syslog's program": (f"Nov 23 04:00:00 c1 nova-compute:  {STORY[2]}", "c1"),
    "fluentd's output": (
        '2026-11-23 04:00:00.100000000 +0000 openstack.nova: {"Hostname": "c1", "programname": "nova-compute", '
        '"log_level": "ERROR", "Payload": "No"}',
        "c1",
    ),
    "a file of Fluent Bit's": (
        'nova-compute: [1795406400.1, {"log": "ERROR nova.compute.manager [-] No", "hostname": "c1"}]',
        "c1",
    ),
    "LogScale": ('{"@timestamp": 1795406400100, "@rawstring": "nova-compute: ERROR no", "#host": "c1"}', "c1"),
    "a stream of CloudWatch that is called by its host": (f"2026-11-23T04:00:00.400000+00:00 c1 {STORY[2]}", "c1"),
    "a stream of CloudWatch that is called by a pod": (
        f"2026-11-23T04:00:00+00:00 nova-compute-6d4cf56db6-x7x2k {STORY[2]}",
        None,
    ),
    "labels of a stream as text": (
        json.dumps({"_msg": STORY[2], "_stream": '{host="c1",app="nova-compute"}', "_time": "2026-11-23T04:00:00.4Z"}),
        "c1",
    ),
    "a port behind Loki's host": (json.dumps({"labels": {"instance": "c1:9100"}, "line": STORY[2]}), "c1"),
}


@pytest.mark.parametrize("way", PASSED)
def test_what_passes_a_line_on_tells_host_service_and_level(way: str) -> None:
    line, host = PASSED[way]
    (found,) = rows(line + "\n")
    assert (found["host"], found["service"], found["level"]) == (host, "nova-compute", "ERROR")


@pytest.mark.parametrize("text", ["3600.111 | sdb: no path", "12 | sdb: no path"])
def test_a_number_before_a_bar_is_no_service(text: str) -> None:
    (found,) = rows(f"Nov 23 04:00:00 c1 multipathd[7]: {text}\n", "messages")
    assert (found["service"], found["message"]) == ("multipathd", text)


def test_a_record_whose_further_lines_repeat_a_prefix_is_one_event() -> None:
    """The first line lost it to the record's keys."""
    text = "\n".join(["No start", *STORY[3:6]])
    record = {
        "@timestamp": "2026-11-23T04:00:00.400Z",
        "log_level": "ERROR",
        "programname": "nova-compute",
        "Payload": text,
    }
    (found,) = rows(json.dumps(record) + "\n")
    assert (found["message"], found["exception"]) == ("No start", "nova.exception.PortBindingFailed: Binding failed")


def test_words_around_what_jira_fences_are_no_lines_of_a_log() -> None:
    shown = [
        "Hi all",
        "{code:java|title=x.log}",
        *STORY[:2],
        "{code}",
        "and later",
        "{noformat}",
        STORY[6],
        "{noformat}",
        "Thx",
    ]
    assert [event["message"] for event in rows("\n".join(shown), "paste.txt")] == [
        "Building",
        "Disk is slow",
        "Periodic task",
    ]


def test_a_recorded_session_leaves_only_what_was_shown() -> None:
    prompt = "\x1b[?2004h\x1b]0;root@c1: ~\x07\x1b[01;32mroot@c1\x1b[00m:\x1b[01;34m~\x1b[00m# "
    lines = [
        'Script started on 2026-11-23 05:00:00+01:00 [TERM="xterm"]',
        f"{prompt}grep ERROR x | tai\x08\x1b[K\x08\x1b[Ktail",
        f"\x1b[?2004l\r{STORY[0]}",
        f"{prompt}exit",
        "\x1b[?2004l\rexit",
        "",
        "Script done on 2026-11-23 05:00:09+01:00",
    ]
    (found,) = rows("\r\n".join(lines) + "\r\n", "typescript")
    assert (found["message"], found["detail"]) == ("Building", None)


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("2026-11-23T04:00:00+00:00 c1/192.0.2.5 nova-api[7]: no\n", "c1"),
        (
            '{"@timestamp":"2026-11-23T04:00:00Z","host":{"name":"filebeat-x"},"kubernetes":{"node":{"name":"c1"}},"message":"no"}\n',
            "c1",
        ),
    ],
)
def test_a_relay_or_a_collector_is_not_the_host_of_a_line(line: str, host: str) -> None:
    assert rows(line, "x.log")[0]["host"] == host


def test_lines_copied_out_of_json_with_their_escapes_are_lines_again() -> None:
    lines = [f"2026-11-23 04:00:0{second}.000 7 ERROR nova.api [-] No" for second in (1, 2)]
    assert [event["level"] for event in rows("\\n".join(lines), "x.log")] == ["ERROR", "ERROR"]
    assert len(rows("\n".join([*lines, "\\n".join(lines)]), "x.log")) == 3, "a line that quotes others is one"
