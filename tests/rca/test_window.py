"""When it happened: bursts of suspicion in long recordings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.evidence.window import find_windows, suspicion
from openstack_rca.rca.weights import current

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600.0


def times(seconds: list[float]) -> pl.Series:
    return pl.Series([START + timedelta(seconds=second) for second in seconds], dtype=pl.Datetime("us", "UTC"))


def recording(length: float, bursts: list[float]) -> tuple[pl.Series, np.ndarray]:
    """An ordinary event every second, and twenty suspicious ones within 20 s of every burst."""
    moments = [(float(second), 0.0) for second in range(int(length))]
    moments += [(burst + number, 1.0) for burst in bursts for number in range(20)]
    moments.sort()
    return times([moment for moment, _ in moments]), np.array([weight for _, weight in moments])


def test_the_window_holds_the_burst_and_some_time_before_it() -> None:
    (window,) = find_windows(*recording(HOUR, [1800]))
    assert window.start < START + timedelta(seconds=1740)
    assert window.end > START + timedelta(seconds=1820)
    assert (window.end - window.start).total_seconds() < 600


def test_two_bursts_far_apart_are_two_windows_heaviest_first() -> None:
    moments, weights = recording(HOUR, [600, 3000])
    weights[weights.nonzero()[0][-20:]] *= 5
    first, second = find_windows(moments, weights)
    assert first.start > second.end
    assert first.weight > second.weight


def test_bursts_close_together_are_one_incident() -> None:
    assert len(find_windows(*recording(HOUR, [1800, 1950]))) == 1


def test_short_logs_are_one_window_over_all_of_them() -> None:
    moments, weights = recording(current().whole_seconds - 10, [100])
    (window,) = find_windows(moments, weights)
    assert (window.start, window.end) == (moments.min(), moments.max())


def test_a_long_quiet_recording_is_looked_at_whole() -> None:
    moments, weights = recording(HOUR, [])
    (window,) = find_windows(moments, weights)
    assert (window.start, window.end) == (moments.min(), moments.max())


def test_no_event_no_window() -> None:
    assert find_windows(times([]), np.array([])) == []


@given(st.lists(st.tuples(st.floats(0, 7200), st.floats(0, 2)), min_size=1, max_size=60))
def test_windows_lie_within_the_recording(events: list[tuple[float, float]]) -> None:
    moments = times([second for second, _ in sorted(events)])
    for window in find_windows(moments, np.array([weight for _, weight in sorted(events)])):
        assert moments.min() <= window.start <= window.end <= moments.max()


def observed(lines: list[tuple[float, str, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": times([line[0] for line in lines]),
            "component": ["nova-api"] * len(lines),
            "level": [line[1] for line in lines],
            "template_id": pl.Series([line[2] for line in lines], dtype=pl.UInt64),
            "score": pl.Series([None] * len(lines), dtype=pl.Float32),
        }
    )


def normal(known: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"component": ["nova-api"] * len(known), "template_id": known, "normal_per_minute": [1.0] * len(known)},
        schema={"component": pl.String, "template_id": pl.UInt64, "normal_per_minute": pl.Float64},
    )


QUIET = [(float(second), "INFO", 9) for second in range(0, 3600, 10)]


def test_errors_weigh_more_than_warnings_and_known_errors_little() -> None:
    lines = [*QUIET, (4000.0, "ERROR", 1), (4001.0, "WARNING", 2), (4002.0, "ERROR", 3)]
    *_, error, warning, known = suspicion(observed(lines), normal([3]))
    assert error > warning > 0
    assert known < 0.2 * error


def test_what_goes_on_all_the_time_is_not_suspicious() -> None:
    lines = [(float(second), "ERROR", 1) for second in range(0, 3600, 20)]
    assert suspicion(observed(lines), normal([])).max() == 0
