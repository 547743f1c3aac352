"""What is said of logs before anything is concluded from them; clocks that disagree."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.logs.reading import STORY

from openstack_rca.logs import clocks
from openstack_rca.logs.clocks import ClockSkew, correct_skew, estimate_skew
from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.events import read_collection, read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.inspection import FileFacts, Inspection, LevelsKnown, ZoneSource, inspect_read
from openstack_rca.logs.records import HostSource, SkipReason
from openstack_rca.logs.sources import collect_sources

START = datetime(2026, 11, 23, 4, tzinfo=UTC)


def oslo(second: float, text: str, level: str = "INFO", request: str = "-", logger: str = "nova.x") -> str:
    moment = START + timedelta(seconds=second)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    return f"{stamp} 7 {level} {logger} [{request}] {text}\n"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def inspected(*paths: Path, host: str | None = None) -> Inspection:
    return inspect_read(read_logs(paths, ReadingOptions(host=host)), "UTC")


def the(inspection: Inspection, name: str) -> FileFacts:
    return next(file for file in inspection.files if file.file == name)


def test_a_file_is_told_with_format_service_host_times_and_levels(tmp_path: Path) -> None:
    """And where host and zone were taken from."""
    write(tmp_path / "compute1" / "nova-compute.log", oslo(0, "up") + oslo(9, "down", "ERROR"))
    facts = the(inspected(tmp_path), "compute1/nova-compute.log")
    assert (facts.format, facts.known_share, facts.services, facts.hosts) == (
        "oslo",
        1.0,
        ["nova-compute"],
        ["compute1"],
    )
    assert (facts.host_from, facts.levels, facts.lines, facts.events) == (HostSource.PATH, LevelsKnown.STATED, 2, 2)
    assert (facts.first, facts.last) == (START, START + timedelta(seconds=9))
    assert (facts.zone, facts.zone_from) == ("UTC", ZoneSource.SETTING)


@pytest.mark.parametrize(
    ("files", "given", "source"),
    [
        ({"nova-api.log": oslo(0, "up")}, "ctl7", HostSource.OPTION),
        ({"x/hostname": "ctl7\n", "x/var/log/nova/nova-api.log": oslo(0, "up")}, None, HostSource.HOSTNAME_FILE),
        ({"messages": "Nov 23 04:00:00 ctl7 nova-api[7]: up\n"}, None, HostSource.LINES),
    ],
)
def test_it_is_said_where_a_host_was_taken_from(
    tmp_path: Path, files: dict[str, str], given: str | None, source: HostSource
) -> None:
    """The line, the option, a hostname file, the path."""
    for name, text in files.items():
        write(tmp_path / name, text)
    (facts,) = [file for file in inspected(tmp_path, host=given).files if file.events]
    assert (facts.hosts, facts.host_from) == (["ctl7"], source)


@pytest.mark.parametrize("stamp", ["2026-11-23T05:00:00.123+01:00", "2026-11-23 05:00:00.123 CET"])
def test_an_offset_in_the_stamps_is_told_as_the_zone(stamp: str, tmp_path: Path) -> None:
    """Then no setting matters."""
    line = f"{stamp} 7 INFO nova.x [-] up\n"
    facts = the(inspected(write(tmp_path / "nova-api.log", line * 3)), "nova-api.log")
    assert (facts.zone, facts.zone_from, facts.first) == ("+01:00", ZoneSource.LINES, START.replace(microsecond=123000))


def test_an_offset_behind_a_long_text_is_told_as_the_zone(tmp_path: Path) -> None:
    """Records of JSON tell their time where they like."""
    line = f'{{"message": "{"slow " * 60}", "level": "INFO", "time": "2026-11-23T05:00:00.123+01:00"}}\n'
    facts = the(inspected(write(tmp_path / "nova-api.log", line)), "nova-api.log")
    assert (facts.zone, facts.zone_from) == ("+01:00", ZoneSource.LINES)


def test_lines_whose_level_nobody_knows_are_counted_and_shown(tmp_path: Path) -> None:
    """With three examples and their line numbers, and advice."""
    write(tmp_path / "nova-api.log", oslo(0, "up"))
    write(tmp_path / "odd.log", "".join(f"2026-11-23 04:00:0{number} thing number {number}\n" for number in range(5)))
    inspection = inspected(tmp_path)
    facts = the(inspection, "odd.log")
    assert (facts.levels, facts.unparsed_share) == (LevelsKnown.UNKNOWN, 1.0)
    assert [(example.line, example.text) for example in facts.unparsed][:1] == [(1, "thing number 0")]
    assert len(facts.unparsed) == 3
    assert any("odd.log" in text and "--log-format" in text for text in inspection.advice)


def test_what_was_not_read_is_told_with_the_reason_and_what_would_help(tmp_path: Path) -> None:
    """Skipped as a whole, or its rest."""
    write(tmp_path / "nova-api.log", oslo(0, "up"))
    write(tmp_path / "a.rar", b"Rar!\x1a\x07\x01\x00" + bytes(50))
    write(
        tmp_path / "cut.log.gz",
        gzip.compress("".join(oslo(n, f"line {n * 7919}") for n in range(9000)).encode())[:-900],
    )
    inspection = inspected(tmp_path)
    assert the(inspection, "a.rar").skip is SkipReason.UNKNOWN_PACKING
    cut = the(inspection, "cut.log.gz")
    assert cut.skip is SkipReason.DAMAGED and cut.events > 100 and "cut.log.gz" in cut.detail
    assert any("a.rar" in text for text in inspection.advice) and any(
        "cut.log.gz" in text for text in inspection.advice
    )


def test_a_long_silence_of_a_busy_file_is_a_gap(tmp_path: Path) -> None:
    """A short one, and one of a file that is always quiet, is none."""
    busy = "".join(oslo(second, "tick") for second in [*range(100), *range(800, 900)])
    quiet = "".join(oslo(second, "tick") for second in range(0, 7200, 600))
    write(tmp_path / "busy.log", busy)
    write(tmp_path / "quiet.log", quiet)
    inspection = inspected(tmp_path)
    assert [(gap.start, gap.seconds) for gap in the(inspection, "busy.log").gaps] == [
        (START + timedelta(seconds=99), 701)
    ]
    assert the(inspection, "quiet.log").gaps == []


def requests(tmp_path: Path, ahead: float, number: int = 8, delay: float = 0.4, status: int = 200) -> pl.DataFrame:
    """Requests that begin at ctl1 and go on at compute1, whose clock is so many seconds ahead."""
    ids = [f"req-6c1d34a0-5f7a-4c3c-9a51-{n:012d}" for n in range(number)]
    api = "".join(
        oslo(20 * n + 1.5, f'10.0.0.1 "POST /servers" status: {status} len: 9 time: 1.5', request=f"{one} u p")
        for n, one in enumerate(ids)
    )
    compute = "".join(oslo(20 * n + delay + ahead, "Starting", request=f"{one} u p") for n, one in enumerate(ids))
    write(tmp_path / "ctl1" / "nova-api.log", api)
    write(tmp_path / "compute1" / "nova-compute.log", compute)
    return read_logs([tmp_path]).events


@pytest.mark.parametrize("ahead", [-30.0, -3.0, 30.0])
def test_a_clock_that_disagrees_is_told_by_shared_requests(tmp_path: Path, ahead: float) -> None:
    """To within the time that a request needs to get there."""
    (skew,) = estimate_skew(EventTable.of(requests(tmp_path, ahead)))
    assert (skew.host, skew.against, skew.requests) == ("compute1", "ctl1", 8)
    assert skew.seconds == pytest.approx(ahead, abs=0.5)


@pytest.mark.parametrize(("ahead", "number", "delay"), [(0, 8, 0.4), (0, 8, 4.0), (-30, 4, 0.4)])
def test_agreeing_clocks_slow_requests_and_few_requests_tell_nothing(
    tmp_path: Path, ahead: float, number: int, delay: float
) -> None:
    """An access line is written when its request ends, which is no sign of a clock."""
    assert estimate_skew(EventTable.of(requests(tmp_path, ahead, number, delay))) == []


@pytest.mark.parametrize("status", [202, 204])
def test_what_is_done_behind_the_reply_is_elapsed_time_and_no_sign_of_a_clock(tmp_path: Path, status: int) -> None:
    """A delete is handed to a host, which tells others when it is done; reached before its call it is behind all the same."""
    assert estimate_skew(EventTable.of(requests(tmp_path, 0, delay=6.0, status=status))) == []
    (skew,) = estimate_skew(EventTable.of(requests(tmp_path / "behind", -30, status=status)))
    assert skew.seconds == pytest.approx(-30, abs=0.5)


def test_requests_that_do_not_agree_on_a_clock_tell_of_none(tmp_path: Path) -> None:
    """Slow work takes as long as it takes; a clock is ahead by the same for all."""
    every = [requests(tmp_path / str(delay), 0, 8, delay) for delay in (6.0, 12.0, 24.0, 48.0)]
    told = [events.with_columns(request_id=pl.col("request_id") + f"-{n}") for n, events in enumerate(every)]
    assert estimate_skew(EventTable.of(pl.concat(told).sort("time", "file", "line"))) == []


def test_of_long_logs_the_requests_with_the_lowest_ids_are_looked_at_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones, whether or not the share of the ids that is looked at first holds enough."""
    table = EventTable.of(requests(tmp_path, -3.0, 40))
    monkeypatch.setattr(clocks, "_MOST_REQUESTS", 10)
    found = []
    for enough in (80, 40, 1):
        monkeypatch.setattr(clocks, "_ENOUGH_EVENTS", enough)
        found.append(estimate_skew(table))
    assert [skew.requests for (skew,) in found] == [10, 10, 10] and found[0] == found[1] == found[2]


def test_a_skew_is_corrected_on_the_host_that_has_it(tmp_path: Path) -> None:
    """Its events come back into order with those of the others."""
    events = requests(tmp_path, -30)
    corrected = correct_skew(events, estimate_skew(EventTable.of(events)))
    assert estimate_skew(EventTable.of(corrected)) == []
    assert corrected.schema == events.schema and corrected["time"].is_sorted()
    ctl1 = pl.col("host") == "ctl1"
    assert corrected.filter(ctl1)["time"].to_list() == events.filter(ctl1)["time"].to_list()
    assert correct_skew(events, []) is events
    assert correct_skew(events, [ClockSkew("other", "ctl1", 5.0, 9)]).height == events.height


def test_what_is_only_inspected_is_read_without_templates_and_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "nova-compute.log").write_text("\n".join(STORY) + "\n")
    whole, bare = (
        read_collection(collect_sources([tmp_path]), ReadingOptions(templates=templates)) for templates in (True, False)
    )
    assert set(bare.events["template"]) == {""}
    assert bare.events.drop("template", "template_id").equals(whole.events.drop("template", "template_id"))
    assert inspect_read(bare, "UTC") == inspect_read(whole, "UTC")
