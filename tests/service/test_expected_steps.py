"""Missing steps on real recordings: healthy windows have none, and a dead worker is found without an error line."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.events import read_logs
from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.evidence import Finding, missing_steps, observe, with_words
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.service.analysis import events_without_words
from openstack_rca.service.stories import as_table, expected_steps, from_table

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WINDOW = timedelta(minutes=2)


@pytest.fixture(scope="module")
def normal() -> pl.DataFrame:
    """The recording without faults."""
    return read_logs([SAMPLES / "normal" / "logs"]).events


def found(baseline: Baseline, events: pl.DataFrame) -> list[Finding]:
    """Missing and late steps of some logs."""
    topology = load_topology()
    table = EventTable.of(events)
    observed = with_words(observe(table, topology), table).filter(pl.col("time").is_not_null())
    return missing_steps(expected_steps(baseline, events_without_words(table)), observed, topology)


def test_no_window_of_a_normal_recording_misses_a_step(normal: pl.DataFrame) -> None:
    """Each half is judged in windows of two minutes by rules that the other half taught."""
    first, last = normal["time"][0], normal["time"][-1]
    middle = first + (last - first) / 2
    for taught, judged, begin in (
        (normal.filter(pl.col("time") < middle), normal.filter(pl.col("time") >= middle), middle),
        (normal.filter(pl.col("time") >= middle), normal.filter(pl.col("time") < middle), first),
    ):
        baseline = Baseline.learn(taught)
        assert baseline.follow.rules.height > 5
        while begin < judged["time"][-1]:
            window = judged.filter(pl.col("time").is_between(begin, begin + WINDOW))
            assert [finding.title for finding in found(baseline, window)] == []
            begin += WINDOW


def test_a_healthy_window_of_another_day_misses_no_step(normal: pl.DataFrame) -> None:
    """The same cloud, later."""
    (healthy,) = SAMPLES.glob("incidents/HEALTHY-*")
    assert found(Baseline.learn(normal), read_logs([healthy / "logs"]).events) == []


def test_without_a_word_of_complaint_the_silent_worker_is_found(normal: pl.DataFrame) -> None:
    """From the healthy window every line of cinder-volume after the first minute is taken away: nobody logs an error."""
    (healthy,) = SAMPLES.glob("incidents/HEALTHY-*")
    events = read_logs([healthy / "logs"]).events.filter(pl.col("level") < "WARNING")
    dead = events["time"][0] + timedelta(seconds=60)
    events = events.filter((pl.col("service") != "cinder-volume") | (pl.col("time") < dead))
    accused = [finding.accused for finding in found(Baseline.learn(normal), events)]
    assert accused == ["cinder-volume"]


def test_a_model_of_another_cloud_expects_only_what_held_here(normal: pl.DataFrame) -> None:
    """Hosts that the model never saw make its rules prove themselves first."""
    (healthy,) = SAMPLES.glob("incidents/HEALTHY-*")
    events = read_logs([healthy / "logs"]).events
    baseline = Baseline.learn(normal)
    assert not expected_steps(baseline, events).foreign
    assert expected_steps(baseline, events.with_columns(host=pl.lit("elsewhere"))).foreign


def test_expected_steps_come_back_from_a_file_as_they_were(normal: pl.DataFrame, tmp_path: Path) -> None:
    """Every column and type, also where no request was made."""
    baseline = Baseline.learn(normal)
    for events in (normal, normal.clear()):
        expected = expected_steps(baseline, events)
        assert expected.steps.is_empty() == events.is_empty()
        as_table(expected).write_parquet(tmp_path / "steps.parquet")
        back = from_table(pl.read_parquet(tmp_path / "steps.parquet"))
        for name in ("steps", "rows", "proofs"):
            assert_frame_equal(getattr(back, name), getattr(expected, name))
        assert (back.missing_rates, back.late_rates) == (expected.missing_rates, expected.late_rates)
        assert back.foreign == expected.foreign


def test_logs_without_a_baseline_expect_nothing() -> None:
    """Too few stories teach no rule."""
    (healthy,) = SAMPLES.glob("incidents/HEALTHY-*")
    events = read_logs([healthy / "logs"]).events
    assert found(Baseline.learn(events.head(50)), events) == []
