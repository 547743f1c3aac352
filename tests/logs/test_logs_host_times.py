"""Times that lines do not tell whole: the zone is that of their host, and seconds count from its start."""

import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH

import pytest

from openstack_rca.logs.events import read_collection, read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.inspection import ZoneSource, inspect_read
from openstack_rca.logs.layout import HostFacts, facts_in
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.sources import collect_sources

DMESG = "[    0.000000] Linux version 5.14\n[   12.500000] sd 0:0:0:0: rejecting I/O to offline device\n"
AT_START, LATER = datetime(2026, 11, 23, 4, tzinfo=UTC), datetime(2026, 11, 23, 4, 0, 12, 500000, tzinfo=UTC)
LINE = "2026-11-23 05:00:00.100 7 INFO nova.api [-] up\n"
BERLIN = "      Local time: Mon 2026-11-23 05:00:00 CET\n       Time zone: Europe/Berlin (CET, +0100)\n"
REPORT = {
    "proc/stat": "cpu  1 2 3\nintr 1 2\nbtime 1795406400\nprocesses 7\n",
    "sos_commands/systemd/timedatectl": BERLIN,
    "sos_commands/kernel/dmesg": DMESG,
    "var/log/nova/nova-api.log": LINE,
}
TELLS_BOTH = {
    "the audit system": {"ctl1/dmesg": DMESG + "[   20.000500] audit: type=2000 audit(1795406420.000:1): state=initialized\n"},
    "the hardware's clock": {"ctl1/dmesg": DMESG + "[    2.0] x\n[    2.000000] rtc_cmos 00:01: setting system clock to 2026-11-23T04:00:02 UTC (1795406402)\n"},
    "syslog": {"ctl1/dmesg": DMESG, "ctl1/kern.log": "Nov 23 04:00:19 ctl1 kernel: [   10.000000] a\nNov 23 04:00:30 ctl1 kernel: [   30.000000] b\n"},
    "a journal": {"ctl1/dmesg": DMESG, "ctl1/journal.json": '{"__REALTIME_TIMESTAMP":"1795406430000000","__MONOTONIC_TIMESTAMP":"30000000","_HOSTNAME":"ctl1","MESSAGE":"x"}\n'},
    "callers in brackets": {"ctl1/dmesg": DMESG.replace("] ", "][   T12] ") + "[   20.000000][    T1] audit: type=2000 audit(1795406420.000:1): x\n"},
    "numbers of priorities": {"ctl1/dmesg": DMESG.replace("[ ", "<6>[ ") + "<5>[   20.000000] audit: type=2000 audit(1795406420.000:1): x\n"},
    "a monotonic journal": {"ctl1/dmesg": "[   12.500000] ctl1 kernel: x\n[    0.000000] ctl1 kernel: y\n", "ctl1/kern.log": "Nov 23 04:00:30 ctl1 kernel: [   30.000000] b\n"},
}  # fmt: skip


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def times(read: LogRead, file: str) -> list[datetime | None]:
    return [row["time"] for row in read.events.to_dicts() if row["file"].endswith(file)]


@pytest.mark.parametrize("source", TELLS_BOTH)
def test_seconds_since_the_start_are_dated_by_lines_that_tell_a_time_too(source: str, tmp_path: Path) -> None:
    """The start is a moment that both agree on, within a millisecond."""
    found = times(read_logs([write(tmp_path, TELLS_BOTH[source])], ReadingOptions(year=2026)), "dmesg")
    for moment in (AT_START, LATER):
        assert any(time is not None and abs((time - moment).total_seconds()) < 0.001 for time in found)


def test_seconds_since_an_unknown_start_are_no_times(tmp_path: Path) -> None:
    files = {"ctl1/dmesg": DMESG, "ctl2/kern.log": "Nov 23 04:00:30 ctl2 kernel: [   30.000000] b\n"}
    assert times(read_logs([write(tmp_path, files)], ReadingOptions(year=2026)), "dmesg") == [None, None]


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
def test_a_sosreport_tells_start_and_zone_of_its_host(packed: bool, tmp_path: Path) -> None:
    """In an archive, whatever the order of its files."""
    write(tmp_path / "report" / "sosreport-ctl1-2026-11-23-abcdefg", REPORT)
    given = tmp_path / "report"
    if packed:
        given = tmp_path / "report.tar"
        with tarfile.open(given, "w") as archive:
            for name in sorted(REPORT, reverse=True):
                archive.add(
                    tmp_path / "report/sosreport-ctl1-2026-11-23-abcdefg" / name,
                    f"sosreport-ctl1-2026-11-23-abcdefg/{name}",
                )
    read = read_logs([given])
    assert times(read, "dmesg") == [AT_START, LATER]
    assert times(read, "nova-api.log") == [AT_START.replace(microsecond=100000)]
    assert set(read.events["host"]) == {"ctl1"}
    told = {
        file.file.rpartition("/")[2]: (file.zone, file.zone_from)
        for file in inspect_read(read, "UTC").files
        if file.events
    }
    assert told["nova-api.log"] == ("Europe/Berlin", ZoneSource.HOST)


def packed(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w") as made:
        for path in sorted(folder.rglob("*"), reverse=True):
            made.add(path, path.relative_to(folder), recursive=False)
    return archive


@pytest.mark.parametrize("kind", ["link", "link that leads nowhere", "file"])
def test_the_local_time_of_a_report_is_the_zone_of_its_host(kind: str, tmp_path: Path) -> None:
    """A link is not followed: what it leads to here is another machine's. A file holds no name, but the rule of its zone."""
    report = write(tmp_path / "reports", {"sosreport-ctl1-2026-11-23-abcdefg/var/log/nova/nova-api.log": LINE})
    clock = report / "sosreport-ctl1-2026-11-23-abcdefg/etc/localtime"
    clock.parent.mkdir()
    if kind == "file":
        clock.write_bytes(Path(TZPATH[0], "Europe/Berlin").read_bytes())
    else:
        clock.symlink_to(
            "../usr/share/zoneinfo/Europe/Berlin" if "nowhere" in kind else "/usr/share/zoneinfo/Europe/Berlin"
        )
    for given in (report, packed(report, tmp_path / "report.tar")):
        assert times(read_logs([given]), "nova-api.log") == [AT_START.replace(microsecond=100000)]


UPTIMES = {
    "sos_commands/host/uptime": " 05:10:00 up 3 days,  2:31,  1 user,  load average: 0.00, 0.01, 0.05\n",
    "sos_commands/general/uptime": " 05:10:00 up 1 day, 5 min,  2 users,  load average: 0.00, 0.01, 0.05\n",
    "proc/uptime": "270660.50 540000.11\n",
}
DATES = {"date/date": "Mon Nov 23 05:10:00 CET 2026\n", "date/date_--utc": "Mon 23 Nov 2026 04:10:00 AM UTC\n"}


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("uptime", UPTIMES)
def test_a_report_dates_the_kernel_by_when_it_was_made_and_for_how_long_the_host_ran(
    uptime: str, date: str, tmp_path: Path
) -> None:
    ran = {"host": timedelta(days=3, hours=2, minutes=31), "general": timedelta(days=1, minutes=5)}
    start = datetime(2026, 11, 23, 4, 10, tzinfo=UTC) - ran.get(uptime.split("/")[1], timedelta(seconds=270660.5))
    files = {"sos_commands/kernel/dmesg": DMESG, uptime: UPTIMES[uptime], f"sos_commands/{date}": DATES[date]}
    report = write(
        tmp_path / "reports", {f"sosreport-ctl1-2026-11-23-abcdefg/{name}": text for name, text in files.items()}
    )
    for given in (report, packed(report, tmp_path / "report.tar")):
        assert times(read_logs([given]), "dmesg") == [start, start + (LATER - AT_START)]


def test_links_of_a_report_to_what_tells_of_its_host_hide_nothing(tmp_path: Path) -> None:
    """At its top a sosreport links to what lies below ``sos_commands``, and the links are met first."""
    top = "sosreport-ctl1-2026-11-23-abcdefg"
    told = {"host/uptime": UPTIMES["sos_commands/host/uptime"], "date/date": DATES["date/date"], "kernel/dmesg": DMESG}
    report = write(tmp_path / "reports", {f"{top}/sos_commands/{name}": text for name, text in told.items()})
    for name in ("host/uptime", "date/date"):
        (report / top / Path(name).name).symlink_to(Path("sos_commands", name))
    assert None not in times(read_logs([report]), "dmesg")


@pytest.mark.parametrize("date", ["Mon Nov 23 05:10:00 CST 2026\n", "no date: command not found\n", ""])
def test_a_date_in_a_zone_of_several_offsets_dates_nothing(date: str, tmp_path: Path) -> None:
    files = {"dmesg": DMESG, "proc/uptime": UPTIMES["proc/uptime"], "sos_commands/date/date": date}
    assert times(read_logs([write(tmp_path, files)]), "dmesg") == [None, None]


@pytest.mark.parametrize(
    "up", ["99999999999 days, 1:00", "9" * 400 + " days, 1:00", "99999 days, 1:00", "9" * 400 + ":00,"]
)
def test_an_uptime_that_no_host_can_have_dates_nothing(up: str, tmp_path: Path) -> None:
    """A report is anybody's: what is asked of it never ends the reading."""
    files = {
        "dmesg": DMESG,
        "sos_commands/host/uptime": f" 10:00:00 up {up}  1 user\n",
        "sos_commands/date/date": DATES["date/date"],
    }
    assert times(read_logs([write(tmp_path, files)]), "dmesg") == [None, None]


def test_before_the_first_year_no_host_started() -> None:
    asked = datetime(200, 1, 1, tzinfo=UTC)
    assert HostFacts(asked=asked, up=timedelta(days=99999)).start is None


@pytest.mark.parametrize("name", ["host/uptime", "systemd/timedatectl", "date/date", "host/hostname"])
@pytest.mark.parametrize("piece", [b"9", b"\n", b" ", b" up ", b"up 9", b"Time zone: A/", b"9.99 "])
def test_what_tells_of_a_host_is_looked_through_once(name: str, piece: bytes) -> None:
    """One piece again and again does not keep the reader busy for hours."""
    parts = ("sos_commands", *name.split("/"))
    assert facts_in(parts, piece * (1024 * 1024 // len(piece))) is None


def test_the_rules_of_zones_are_read_once() -> None:
    """A report may hold any number of clocks of zones that nobody knows."""
    told = {facts_in(("etc", "localtime"), b"TZif2\nXYZ%d\n" % number) for number in range(3_000)}
    assert told == {None}


def test_hosts_may_have_zones_of_their_own(tmp_path: Path) -> None:
    """Stamps with an offset are not touched."""
    zoned = LINE.replace(" 05:00:00.100", "T05:00:00.100+01:00")
    write(tmp_path, {"cmp-a/nova-compute.log": LINE, "ctl1/nova-api.log": LINE, "cmp-b/nova-compute.log": zoned})
    read = read_collection(collect_sources([tmp_path]), ReadingOptions(host_zones={"cmp-*": "Europe/Berlin"}))
    hours = {row["host"]: row["time"].hour for row in read.events.to_dicts()}
    assert hours == {"cmp-a": 4, "ctl1": 5, "cmp-b": 4}


def test_a_zone_that_does_not_exist_is_no_zone(tmp_path: Path) -> None:
    write(tmp_path, {"ctl1/etc/timezone": "Mars/Base\n", "ctl1/nova-api.log": LINE})
    assert times(read_logs([tmp_path]), "nova-api.log") == [datetime(2026, 11, 23, 5, 0, 0, 100000, tzinfo=UTC)]
