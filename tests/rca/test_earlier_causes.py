"""What a component tells of its own end before the trouble begins is a cause of the trouble."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, Omitted, build_report, investigate
from openstack_rca.rca.evidence import NormalRates
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.report import Report
from openstack_rca.rca.vocabulary import Category

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FAILED = "tgt.service: Main process exited, code=exited, status=22/n/a"
ATTACH = "Failed to create iscsi target for Volume ID: volume-{:08d}-d84d-43d6-a55a-faa50b6cec42"


def logs(folder: Path, told_at: float, failure: str = ATTACH, *kernel: str) -> Path:
    """A storage host's logs of an hour: the target daemon fails after so many minutes, attachments fail from minute 40 on.

    Args:
        kernel: what the kernel tells instead of the daemon's end, a minute after each other.
    """
    cinder = [
        (minute, f"1 INFO cinder.volume.manager [-] Volume stats updated, round {minute}") for minute in range(60)
    ]
    cinder += [(40 + k / 10, f"1 ERROR cinder.volume.targets.tgt [-] {failure.format(k)}") for k in range(8)]
    system = [(minute, "CRON[77]: (root) CMD (true)") for minute in range(0, 60, 5)]
    system += [(told_at + k, f"kernel: {line}") for k, line in enumerate(kernel)] or [
        (told_at, f"systemd[1]: {FAILED}")
    ]
    for name, lines, form in (
        ("blk-01/cinder-volume.log", cinder, "%Y-%m-%d %H:%M:%S.000 "),
        ("blk-01/syslog", system, "%Y-%m-%dT%H:%M:%S+00:00 blk-01 "),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ordered = sorted(lines, key=lambda line: line[0])
        path.write_text("".join(f"{START + timedelta(minutes=at):{form}}{text}\n" for at, text in ordered))
    return folder


def answer(folder: Path, omitted: Omitted | None = None, since: datetime | None = None) -> Report:
    """What is told of these logs without a model."""
    request = AnalysisRequest("Attaching volumes fails", [str(folder)], since=since, omitted=omitted or Omitted())
    events = read_logs([folder]).events
    return build_report(investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology()))


def test_a_daemon_that_ended_before_its_first_victim_complained_is_the_cause(tmp_path: Path) -> None:
    """Its end was told half an hour earlier, at no higher level than anything else, and nothing told that it is back."""
    report = answer(logs(tmp_path, 10.0))
    assert report.causes[0].component == "storage"
    assert report.causes[0].category is Category.PROCESS_DOWN
    assert report.causes[0].onset == START + timedelta(minutes=10)
    assert report.causes[0].host == "blk-01"
    first = report.causes[0].evidence[0]
    assert (first.file, first.text) == ("blk-01/syslog", FAILED)


STALE = "Exception during mounting [Errno 116] Stale file handle: '/mnt/vol{:08d}'"
SILENT = "nfs: server nas1.example.org not responding, still trying"


def test_a_fault_that_was_over_before_the_trouble_is_told_behind_one_that_was_not(tmp_path: Path) -> None:
    """The server of the share answers again, as the kernel says; what it lost meanwhile is what is wrong."""
    over = answer(logs(tmp_path / "over", 10.0, STALE, SILENT, "nfs: server nas1.example.org OK"))
    assert "stale" in over.causes[0].statement
    other = answer(logs(tmp_path / "other", 10.0, STALE, SILENT, "nfs: server nas2.example.org OK"))
    assert "nas1.example.org, which does not answer" in other.causes[0].statement


def test_in_a_few_picked_lines_a_cause_may_be_told_hours_before(tmp_path: Path) -> None:
    """Whoever picks lines leaves nothing out that happened between; where all lines are there an hour is enough."""
    folder = logs(tmp_path, -400.0)
    assert answer(folder).causes[0].onset == START - timedelta(minutes=400)
    ordinary = (
        f"{START + timedelta(seconds=10 * n):%Y-%m-%dT%H:%M:%S}+00:00 blk-01 CRON[7]: job {n}\n" for n in range(200)
    )
    with (folder / "blk-01/syslog").open("a") as syslog:
        syslog.writelines(ordinary)
    assert answer(folder).causes[0].onset > START


@pytest.mark.parametrize(
    "asked",
    [
        {"omitted": Omitted(frozenset({"look_back"}))},
        {"since": START + timedelta(minutes=38)},
    ],
    ids=["stage left out", "window asked for"],
)
def test_without_that_look_only_the_victims_are_read(tmp_path: Path, asked: dict[str, object]) -> None:
    """An ablation leaves the stage out; whoever asks for a window gets an answer from that window."""
    report = answer(logs(tmp_path, 10.0), **asked)  # type: ignore[arg-type]
    assert report.causes[0].onset >= START + timedelta(minutes=38)
