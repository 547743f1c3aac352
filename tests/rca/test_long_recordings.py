"""Recordings of an hour and more with two troubles in them, built from the sample recordings: each trouble is found and told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, build_report, investigate
from openstack_rca.rca.evidence import NormalRates
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.report import Report
from openstack_rca.rca.vocabulary import Category, Verdict

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "incidents"
START = datetime(2026, 11, 24, tzinfo=UTC)


def moved(events: pl.DataFrame, minutes: float) -> pl.DataFrame:
    """The same events, so that the first one comes so long after the start."""
    return events.with_columns(time=pl.col("time") - pl.col("time").min() + pl.lit(START + timedelta(minutes=minutes)))


def recording(*troubles: str) -> Report:
    """What is told of 70 minutes of a healthy cloud, one in eight of its lines, with troubles after 20 and after 50 minutes."""
    quiet = read_logs([SAMPLES / "HEALTHY-001" / "logs"]).events.gather_every(8)
    parts = [moved(quiet, 2.4 * number) for number in range(29)]
    parts += [
        moved(read_logs([SAMPLES / name / "logs"]).events, at) for name, at in zip(troubles, (20.0, 50.0), strict=False)
    ]
    events = pl.concat(parts).sort("time", maintain_order=True)
    request = AnalysisRequest("Users complain", ["logs"])
    return build_report(investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology()))


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("INC-002", "INC-009", {20: ("rabbitmq", Category.CAPACITY), 50: ("mariadb", Category.PROCESS_DOWN)}),
        ("INC-003", "INC-010", {20: ("keystone", Category.AUTH), 50: ("nova-conductor", Category.HANG)}),
    ],
)
def test_each_of_two_troubles_is_told_with_its_own_time(
    first: str, second: str, told: dict[int, tuple[str, Category]]
) -> None:
    """Neither is hidden behind the heavier one, and each window begins shortly before its trouble and ends soon after it."""
    report = recording(first, second)
    best = report.causes[0]
    found = [(report.window.start, report.window.end, best.component, best.category)]
    found += [(other.start, other.end, other.component, other.category) for other in report.episodes]
    for minute, answer in told.items():
        begins = START + timedelta(minutes=minute)
        (window,) = [each for each in found if each[0] <= begins + timedelta(minutes=2) and each[1] >= begins]
        assert window[2:] == answer
        assert begins - timedelta(minutes=3) < window[0]
        assert window[1] < begins + timedelta(minutes=5)
    assert len(found) == len(told)


def test_where_nothing_failed_the_answer_is_about_all_of_the_logs() -> None:
    """What stood out most for a few minutes, and did no harm, is not all that was looked at."""
    report = recording("HEALTHY-001")
    assert report.verdict is Verdict.NO_FAILURE_FOUND
    assert report.window.start is not None and report.window.end is not None
    assert report.window.end - report.window.start > timedelta(minutes=65)
