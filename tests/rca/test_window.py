"""When it happened: bursts of suspicion in long recordings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.evidence.window import (
    FoundWindow,
    find_windows,
    opened_where_it_began,
    placed_in_time,
    quiet_rates,
    suspicion,
    time_span,
    within,
)
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


def bursts(moments: pl.Series, weights: np.ndarray) -> list[FoundWindow]:
    """Windows of events each of which is of a kind of its own, so that none goes on."""
    return find_windows(moments, weights, pl.int_range(len(moments), eager=True))


def test_the_window_holds_the_burst_and_some_time_before_it() -> None:
    (window,) = bursts(*recording(HOUR, [1800]))
    assert window.start < START + timedelta(seconds=1740)
    assert window.end > START + timedelta(seconds=1820)
    assert (window.end - window.start).total_seconds() < 600


def test_two_bursts_far_apart_are_two_windows_heaviest_first() -> None:
    moments, weights = recording(HOUR, [600, 3000])
    weights[weights.nonzero()[0][-20:]] *= 5
    first, second = bursts(moments, weights)
    assert first.start > second.end
    assert first.weight > second.weight


def test_bursts_close_together_are_one_incident() -> None:
    assert len(bursts(*recording(HOUR, [1800, 1950]))) == 1


def test_bursts_that_follow_one_another_are_one_incident_however_long_it_lasts() -> None:
    """Each is compared with the one before it, not with the first."""
    assert len(bursts(*recording(HOUR, [900, 1080, 1260, 1440, 1620]))) == 1


def test_short_logs_are_one_window_over_all_of_them() -> None:
    moments, weights = recording(current().whole_seconds - 10, [100])
    (window,) = bursts(moments, weights)
    assert (window.start, window.end) == (moments.min(), moments.max())


def test_a_long_quiet_recording_is_looked_at_whole() -> None:
    moments, weights = recording(HOUR, [])
    (window,) = bursts(moments, weights)
    assert (window.start, window.end) == (moments.min(), moments.max())


def test_no_event_no_window() -> None:
    assert bursts(times([]), np.array([])) == []


@given(st.lists(st.tuples(st.floats(0, 7200), st.floats(0, 2)), min_size=1, max_size=60))
def test_windows_lie_within_the_recording(events: list[tuple[float, float]]) -> None:
    moments = times([second for second, _ in sorted(events)])
    for window in bursts(moments, np.array([weight for _, weight in sorted(events)])):
        assert moments.min() <= window.start <= window.end <= moments.max()


def weighed(length: float, weights: dict[int, float]) -> list[tuple[float, float, float]]:
    """Windows of a recording of ``length`` seconds, as seconds of start and end with their weight."""
    moments = sorted({0.0, length, *map(float, weights)})
    found = bursts(times(moments), np.array([weights.get(int(moment), 0.0) for moment in moments]))
    return [((one.start - START).total_seconds(), (one.end - START).total_seconds(), one.weight) for one in found]


def test_a_window_reaches_from_before_the_first_slice_of_a_burst_to_behind_the_last() -> None:
    """Slices are 30 s wide; the margin lies on both sides, and all that is in between counts."""
    margin = current().margin_seconds
    assert weighed(HOUR, {1805: 2.0, 1850: 0.5, 1895: 3.0}) == [(1800 - margin, 1920 + margin, 5.5)]


def test_each_of_several_bursts_has_all_its_slices() -> None:
    """Not only the first of them."""
    margin = current().margin_seconds
    bursts = {600: 3.0, 640: 3.0, 1805: 2.0, 1850: 2.0, 3000: 1.5, 3050: 1.5}
    assert weighed(HOUR, bursts) == [
        (600 - margin, 660 + margin, 6.0),
        (1800 - margin, 1860 + margin, 4.0),
        (3000 - margin, 3060 + margin, 3.0),
    ]


def test_a_window_ends_with_the_recording() -> None:
    """No time before the first event and none after the last."""
    assert weighed(HOUR, {5: 3.0, 3590: 2.0}) == [
        (0, 30 + current().margin_seconds, 3.0),
        (3570 - current().margin_seconds, 3600, 2.0),
    ]


def test_bursts_are_joined_up_to_the_distance_of_the_table_and_not_beyond() -> None:
    """From the start of the last slice of one to the start of the next."""
    near = int(1800 + current().merge_seconds)
    assert len(weighed(HOUR, {1800: 2.0, near: 2.0})) == 1
    assert len(weighed(HOUR, {1800: 2.0, near + 30: 2.0})) == 2


def test_a_slice_is_a_burst_above_the_suspicion_of_the_table_and_not_at_it() -> None:
    """A single error in an hour is one only where it says more than an error."""
    assert weighed(HOUR, {1800: current().burst_suspicion}) == [(0, HOUR, current().burst_suspicion)]
    assert len(weighed(HOUR, {1800: current().burst_suspicion + 0.1, 3000: 0.0})) == 1
    assert weighed(HOUR, {1800: current().burst_suspicion + 0.1})[0][0] > 0


def test_in_a_recording_that_is_never_quiet_only_what_stands_out_is_a_burst() -> None:
    """Three times the spread (median absolute deviation, as of a normal distribution) above the median."""
    noise = {slice_ * 30: 10.0 + (slice_ % 3) for slice_ in range(120)}
    limit = 11 + 3 * 1.4826 * 1
    assert weighed(HOUR, noise | {1800: limit - 0.01})[0][:2] == (0, HOUR)
    assert weighed(HOUR, noise | {1800: limit + 0.01})[0][:2] == (1710, 1920)


def test_slices_of_very_long_recordings_are_wider() -> None:
    """Five thousand at most, so that a year is not a million of them."""
    length = 30.0 * 5000 * 10
    ((start, end, _),) = weighed(length, {750_000: 5.0})
    assert (start, end) == (750_000 - current().margin_seconds, 750_300 + current().margin_seconds)


def test_a_recording_of_exactly_the_shortest_length_is_one_window() -> None:
    """One second more, and bursts are looked for."""
    short = current().whole_seconds
    assert weighed(short, {400: 5.0}) == [(0, short, 5.0)]
    assert weighed(short + 1, {400: 5.0})[0][0] > 0


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


def test_the_weights_of_events_are_those_of_the_table() -> None:
    """An error counts 1; warnings, known lines and surprising ones what the table says; the rest nothing."""
    table = current()
    lines = [*QUIET, (4000.0, "ERROR", 1), (4000.0, "CRITICAL", 4), (4001.0, "WARNING", 2), (4002.0, "ERROR", 3)]
    seen = observed([*lines, (4003.0, "INFO", 5), (4004.0, "INFO", 6)]).with_columns(
        score=pl.when(pl.col("template_id") == 5)
        .then(1.0)
        .when(pl.col("template_id") == 6)
        .then(table.surprising_score)
    )
    rare = 1 - 2 / 121
    expected = [1.0, 1.0, table.warning_suspicion, 0.0, table.warning_suspicion, 0.0]
    assert suspicion(seen, normal([3]))[-6:] == pytest.approx([rare * weight for weight in expected])
    assert not suspicion(seen, normal([3]))[:-6].any()


def test_what_was_seen_in_no_minute_of_normal_logs_is_not_known() -> None:
    """A rate of nothing is no acquaintance."""
    seen = observed([*QUIET, (4000.0, "ERROR", 1)])
    never = normal([1]).with_columns(normal_per_minute=pl.lit(0.0))
    assert suspicion(seen, never)[-1] == suspicion(seen, normal([]))[-1]


def at(*seconds: float | None) -> pl.DataFrame:
    """Events of one file, some without a time."""
    stamps = [None if second is None else START + timedelta(seconds=second) for second in seconds]
    return pl.DataFrame(
        {"time": stamps, "file": ["a.log"] * len(seconds), "row": range(len(seconds))},
        schema={"time": pl.Datetime("us", "UTC"), "file": pl.String, "row": pl.UInt32},
    )


def seconds_of(events: pl.DataFrame) -> list[float]:
    return [(time - START).total_seconds() for time in events["time"]]


@pytest.mark.parametrize(
    ("since", "until", "left"),
    [(None, None, [1, 2, 3]), (2, None, [2, 3]), (None, 2, [1, 2]), (2, 2, [2]), (3, 1, [])],
)
def test_a_given_window_holds_its_first_and_its_last_moment(
    since: float | None, until: float | None, left: list[float]
) -> None:
    """Each of the two bounds may be open."""
    bounds = [None if bound is None else START + timedelta(seconds=bound) for bound in (since, until)]
    assert seconds_of(within(at(1, 2, 3), *bounds)) == left


def test_a_line_without_a_time_has_that_of_the_line_before_it_in_its_file() -> None:
    """At the beginning of a file that of the next one; lines of other files lend nothing, and a file without any comes last."""
    mixed = pl.concat(
        [
            at(None, 5, None, 7, None),
            at(1, None).with_columns(file=pl.lit("b.log")),
            at(None).with_columns(file=pl.lit("c.log")),
        ]
    )
    placed = placed_in_time(mixed)
    assert seconds_of(placed) == [1, 1, 5, 5, 5, 7, 7, 7]
    assert placed["undated"].to_list() == [False] * 7 + [True]


def test_where_no_line_has_a_time_their_order_stands_in_for_it() -> None:
    """A millisecond a line."""
    placed = placed_in_time(at(None, None, None))
    assert placed["time"].diff().drop_nulls().to_list() == [timedelta(milliseconds=1)] * 2


def test_a_recording_spans_from_its_earliest_to_its_latest_event() -> None:
    """In whatever order they come."""
    assert time_span(at(5, 1, 9, 3)) == (START + timedelta(seconds=1), START + timedelta(seconds=9))


def stretch(start: float, end: float) -> FoundWindow:
    return FoundWindow(START + timedelta(seconds=start), START + timedelta(seconds=end), 1.0)


def rate_of(events: pl.DataFrame, windows: list[FoundWindow]) -> float | None:
    rates = quiet_rates(events, windows).templates
    return None if rates.is_empty() else float(rates["normal_per_minute"].sum())


def test_what_is_normal_is_counted_outside_of_all_trouble() -> None:
    """Events and minutes of every window are left out; the window's own bounds belong to it."""
    second = [(float(second), "INFO", 9) for second in range(3601)]
    busy = [(1000.5, "INFO", 9)] * 50 + [(1200.0, "INFO", 9)] * 50 + [(3000.0, "INFO", 9)] * 50
    windows = [stretch(1000, 1200), stretch(2900, 3100)]
    assert rate_of(observed([*second, *busy]), windows) == pytest.approx(60, rel=0.01)


def test_a_quiet_part_shorter_than_the_table_says_does_not_show_what_is_normal() -> None:
    """Nor does one without an event."""
    second = observed([(float(second), "INFO", 9) for second in range(3601)])
    least = current().quiet_seconds
    assert rate_of(second, [stretch(least, 3600)]) is not None
    assert rate_of(second, [stretch(least - 1, 3600)]) is None
    only = observed([(0.0, "INFO", 9), (3600.0, "INFO", 9)])
    assert rate_of(only, [stretch(0, 0), stretch(3600, 3600)]) is None


@pytest.mark.parametrize(
    ("earlier", "opens"),
    [
        pytest.param((100.0, "ERROR", 7), 60, id="the same error came first there"),
        pytest.param((100.0, "ERROR", 8), 900, id="another error came there"),
        pytest.param((100.0, "WARNING", 7), 900, id="only a warning came there"),
    ],
)
def test_of_a_fault_that_comes_back_the_window_opens_at_its_first_time(
    earlier: tuple[float, str, int], opens: float
) -> None:
    events = observed([earlier, (1000.0, "ERROR", 7), (1001.0, "ERROR", 7)])
    windows = [stretch(900, 1100), stretch(60, 160)]
    assert opened_where_it_began(windows, events, np.ones(3))[0].start == START + timedelta(seconds=opens)


def test_a_time_of_which_only_half_the_errors_are_of_the_same_kinds_is_another_trouble() -> None:
    """On either side."""
    two_kinds, one_kind = [(100.0, "ERROR", 7), (101.0, "ERROR", 8)], [(1000.0, "ERROR", 7), (1001.0, "ERROR", 7)]
    windows = [stretch(900, 1100), stretch(60, 160)]
    assert opened_where_it_began(windows, observed([*two_kinds, *one_kind]), np.ones(4)) == windows
    turned = [(second - 900, *rest) for second, *rest in one_kind] + [
        (second + 900, *rest) for second, *rest in two_kinds
    ]
    assert opened_where_it_began(windows, observed(turned), np.ones(4)) == windows


def test_a_time_long_before_is_another_trouble() -> None:
    late = current().cause_before_seconds + 500
    events = observed([(100.0, "ERROR", 7), (late, "ERROR", 7)])
    windows = [stretch(late - 10, late + 90), stretch(60, 160)]
    assert opened_where_it_began(windows, events, np.ones(2)) == windows


def test_what_came_only_since_the_trouble_began_is_not_normal() -> None:
    """A fault that goes on after its window is no habit of the cloud; a kind too rare to have been missed before may be."""
    begun = 2 * current().quiet_seconds
    usual = [(float(second), "INFO", 9) for second in range(0, int(3 * begun), 60)]
    goes_on = [(begun + 10.0 + 60 * minute, "ERROR", 7) for minute in range(int(begun / 60))]
    rare = [(3 * begun - 1, "INFO", 5)]
    kinds = quiet_rates(observed([*usual, *goes_on, *rare]), [stretch(begun, begun + 200)]).templates["template_id"]
    assert set(kinds.to_list()) == {9, 5}


def stretches_of(errors: Sequence[float], length: float = 2 * HOUR) -> list[tuple[float, float]]:
    """Windows of a recording with a line every ten seconds, and an error of one kind at each of these seconds."""
    usual = [(float(second), "INFO", 9) for second in range(0, int(length) + 1, 10)]
    events = observed(sorted([*usual, *((second, "ERROR", 7) for second in errors)]))
    weights = suspicion(events, normal([]))
    found = find_windows(events["time"], weights, events["template_id"])
    return [((one.start - START).total_seconds(), (one.end - START).total_seconds()) for one in found]


def test_a_trouble_that_begins_and_goes_on_evenly_is_one_window_from_its_beginning() -> None:
    """No slice of it stands out, as each holds an error."""
    begun, margin = 1800.0, current().margin_seconds
    errors = [begun + 20.0 * number for number in range(240)]
    assert stretches_of(errors) == [
        (pytest.approx(begun - margin, abs=30), pytest.approx(begun + 4800 + margin, abs=30))
    ]


def test_what_comes_every_few_minutes_may_have_begun_as_long_before_it_was_told_first() -> None:
    begun, margin = 1800.0, current().margin_seconds
    ((start, _),) = stretches_of([begun + 200.0 * number for number in range(20)])
    assert start == pytest.approx(begun - 200 - margin, abs=30)


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param([10.0 + 20.0 * number for number in range(350)], id="since the recording began"),
        pytest.param([1800.0, 3600.0, 5400.0], id="now and then"),
    ],
)
def test_errors_that_did_not_begin_within_the_recording_open_no_window(errors: list[float]) -> None:
    assert stretches_of(errors) == [(0, 2 * HOUR)]
