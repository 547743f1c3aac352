"""What passing a log on does to it, and is undone: stamps that differ, zones of containers, pages, chats, exports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

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
    "envelope", ["2026-11-23T04:00:00.{0}00123Z ", "2026-11-23T05:00:00.{0}000+01:00 cmp1 nova-compute[2001]: "]
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
