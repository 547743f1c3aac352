"""Messages behind the number of their octets, records of /dev/kmsg, and what a machine's BMC notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logs.reading import STORY, STORY_COLUMNS, read_text, rows, story

from openstack_rca.logs.documents import splitter_for

BEFORE = "1 2026-11-23T04:00:00.100000Z cmp1 nova-compute 2001 - - "


def counted(*messages: str) -> bytes:
    """Messages of RFC 5424, each behind the number of its octets, with nothing between them."""
    framed = [
        f"<{priority}>{BEFORE}{text}".encode() for priority, text in zip((134, 132, 131) * 9, messages, strict=False)
    ]
    return b"".join(b"%d %s" % (len(frame), frame) for frame in framed)


TRACEBACK = 'ERROR nova.api [-] broken\nTraceback (most recent call last):\n  File "x", line 1\nValueError: \u00e9'


def test_messages_that_only_their_counts_part_are_events_of_their_own() -> None:
    """Line ends inside of one belong to it, and digits at its end to its text."""
    read = read_text(
        counted("INFO nova.api [-] port 8775", TRACEBACK, "INFO nova.api [-] 10", "WARNING nova.api [-] end")
    )
    told = read.events.select("level", "message", "host", "line").rows()
    assert told == [
        ("INFO", "port 8775", "cmp1", 1),
        ("ERROR", "broken", "cmp1", 1),
        ("INFO", "10", "cmp1", 4),
        ("WARNING", "end", "cmp1", 4),
    ]
    assert read.events["exception"][1] == "ValueError: \u00e9"


@pytest.mark.parametrize("lost", [1, 5, 30, 118, 140])
def test_a_dump_may_begin_and_end_in_the_middle_of_a_message(lost: int) -> None:
    data = counted(
        "INFO nova.api [-] tries: 12", "INFO nova.api [-] tries: 34", TRACEBACK, "INFO nova.api [-] cut here"
    )
    messages = read_text(data[lost:-4]).events["message"].to_list()
    assert messages[-2:] == ["broken", "cut "]
    assert "tries: 34" in messages or lost > 90


def test_a_story_over_relp_is_that_of_its_file() -> None:
    framed = [f"<134>{BEFORE}{line.partition(' 2001 ')[2]}" for line in STORY]
    text = "\n".join(f"{number} syslog {len(line)} {line}" for number, line in enumerate(framed, 1)) + "\n"
    columns = [name for name in STORY_COLUMNS if name != "time"]
    assert read_text(text).events.select(columns).equals(story().select(columns))


@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 40))
def test_no_byte_and_no_line_of_counted_messages_is_lost(noise: bytes, place: int, cut: int) -> None:
    """Whatever stands between them, read at once or in two reads."""
    whole = counted("a 1", TRACEBACK, "b 22", "c\n\n")
    data = whole + whole[:place] + noise + whole[place:]
    splitter = splitter_for(data)
    assert splitter is not None
    begun, taken = splitter(data[: len(data) - cut], False)
    rest, more = splitter(data[taken:], True)
    assert taken + more == len(data)
    assert sum(piece.lines for piece in (*begun, *rest)) == data.count(b"\n") + (not data.endswith(b"\n"))


KMSG = (
    "6,100,5000000,-;hrtimer: interrupt took 5 ns\n"
    "3,101,61234567890,-,caller=T77;blk_update_request: I/O error, dev sdq\\x5c, \\xc3\\xa9\\x0aend\n SUBSYSTEM=scsi\n DEVICE=+scsi:1\n"
    "30,102,61234567900,-;multipathd[812]: sdq: mark as failed\n"
    "4,103,61234567910,c;Modules linked in:\n"
    "4,104,61234567911,+; dm_mod\n"
)


def test_records_of_kmsg_are_the_kernels_or_those_of_whom_they_name() -> None:
    """Severity and facility stand in one number; fields below a record and pieces of a line belong to it."""
    events = rows(KMSG, "hv7/kmsg.txt")
    assert [(event["level"], event["service"], event["process"]) for event in events] == [
        ("INFO", "kernel", None),
        ("ERROR", "kernel", None),
        ("INFO", "multipathd", 812),
        ("WARNING", "kernel", None),
    ]
    assert events[1]["message"] == "blk_update_request: I/O error, dev sdq\\, \u00e9 end"
    assert events[1]["detail"] == " SUBSYSTEM=scsi\n DEVICE=+scsi:1"
    assert (events[3]["detail"], {event["host"] for event in events}) == (" dm_mod", {"hv7"})


def test_records_of_kmsg_are_dated_by_one_that_names_the_moment() -> None:
    text = KMSG + '5,105,62000000000,-;audit: type=1400 audit(1795406400.000:33): apparmor="DENIED"\n'
    assert str(rows(text, "hv7/kmsg.txt")[0]["time"]).startswith("2026-11-22 10:46:45")


LISTED = {
    "list": (
        "   1 | 11/23/2026 | 03:58:41 | Power Supply #0x65 | Power Supply AC lost | Asserted\n"
        "   2 | 11/23/2026 | 03:59:02 | Memory #0x02 | Correctable ECC | Asserted\n"
        "   a | 11/23/2026 | 04:00:08 | Temperature #0x01 | Upper Critical going high | Asserted\n"
        "   b | 11/23/2026 | 04:00:18 | Temperature #0x01 | Upper Critical going high | Deasserted\n"
    ),
    "-c elist": (
        "1,11/23/2026,03:58:41,Power Supply PS1,Power Supply AC lost,Asserted\n"
        "2,11/23/2026,03:59:02,Memory ECC,Correctable ECC,Asserted,DIMM A1\n"
        "a,11/23/2026,04:00:08,Temperature CPU1,Upper Critical going high,Asserted,Reading 95 > Threshold 93 degrees C\n"
        "b,11/23/2026,04:00:18,Temperature CPU1,Upper Critical going high,Deasserted,Reading 80 > Threshold 93 degrees C\n"
    ),
    "-v list": "".join(
        f"SEL Record ID          : 000{number}\n Record Type           : 02\n Timestamp             : 11/23/2026 {clock}\n"
        f" Generator ID          : 0020\n Sensor Type           : {sensor}\n Sensor Number         : 01\n"
        f" Event Direction       : {way} Event\n Event Data            : 03ffff\n Description           : {text}\n\n"
        for number, clock, sensor, way, text in (
            (1, "03:58:41", "Power Supply", "Assertion", "Power Supply AC lost"),
            (2, "03:59:02", "Memory", "Assertion", "Correctable ECC"),
            (3, "04:00:08", "Temperature", "Assertion", "Upper Critical going high"),
            (4, "04:00:18", "Temperature", "Deassertion", "Upper Critical going high"),
        )
    ),
    "ipmi-sel": (
        "ID  | Date        | Time     | Name        | Type         | Event\n"
        "1   | Nov-23-2026 | 03:58:41 | PS1 Status  | Power Supply | Power Supply input lost (AC/DC)\n"
        "2   | Nov-23-2026 | 03:59:02 | ECC Corr    | Memory       | Correctable memory error\n"
        "3   | Nov-23-2026 | 04:00:08 | CPU1 Temp   | Temperature  | Upper Critical - going high\n"
        "4   | Nov-23-2026 | 04:00:18 | CPU1 Temp   | Temperature  | OK\n"
    ),
}


@pytest.mark.parametrize("form", LISTED)
def test_what_a_bmc_noted_is_the_hosts_hardware_and_its_words_tell_the_level(form: str) -> None:
    """A state that is over is information."""
    events = rows(LISTED[form], "bm7/sel.txt")
    told = [(str(event["time"])[11:19], event["level"]) for event in events]
    assert told == [("03:58:41", "ERROR"), ("03:59:02", "WARNING"), ("04:00:08", "CRITICAL"), ("04:00:18", "INFO")]
    assert {(event["host"], event["service"]) for event in events} == {("bm7", "ipmi")}


def test_entries_before_a_bmcs_clock_was_set_and_of_its_manufacturer_are_kept() -> None:
    text = (
        "   1 |  Pre-Init  |0000000021| System Boot Initiated #0x40 | Initiated by warm reset | Asserted\n"
        "   2 | OEM record c1 | 11/23/2026 | 04:00:20 | 000137 | 0a0b0c0d0e0f\n"
        "   3 | OEM record e0 | 000137a1b2c3d4\n"
        "   4 | 11/23/2026 | 04:00:21 | Processor #0x01 | IERR | Asserted\n"
    )
    events = rows(text, "bm7/sel.txt")
    assert [event["line"] for event in events] == [1, 2, 3, 4]
    assert (events[0]["level"], events[3]["level"]) == ("INFO", "CRITICAL")


def test_an_entry_of_redfish_is_the_bmcs() -> None:
    text = (
        "Id,Created,EntryType,Severity,SensorType,Message\n"
        "1,2026-11-23T03:58:41+00:00,SEL,Critical,Fan,Fan 3 has stopped.\n"
        "2,2026-11-23T03:59:41+00:00,SEL,OK,Fan,Fan 3 turns.\n"
    )
    assert [(event["service"], event["level"]) for event in rows(text, "sel.csv")] == [
        ("ipmi", "CRITICAL"),
        ("ipmi", "INFO"),
    ]
