"""What every component logged over time."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.rca.evidence.window import FoundWindow
from openstack_rca.rca.report.activity import MAX_BINS, MAX_ROWS, activity

START = datetime(2026, 3, 9, 14, tzinfo=UTC)

EVENTS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=3e6),
        st.sampled_from([f"c{number}" for number in range(20)]),
        st.sampled_from(["INFO", "ERROR", "CRITICAL"]),
        st.none() | st.floats(min_value=0, max_value=1, width=32),
    ),
    max_size=60,
)


def observed(*events: tuple[float, str, str, float | None]) -> pl.DataFrame:
    """Return observed events: seconds after ``START``, component, level, score."""
    return pl.DataFrame(
        {
            "time": [START + timedelta(seconds=seconds) for seconds, *_ in events],
            "component": [component for _, component, *_ in events],
            "level": [level for *_, level, _ in events],
            "score": [score for *_, score in events],
        },
        schema={
            "time": pl.Datetime("us", "UTC"),
            "component": pl.String,
            "level": pl.String,
            "score": pl.Float32,
        },
    )


def window(first: float, last: float) -> FoundWindow:
    return FoundWindow(START + timedelta(seconds=first), START + timedelta(seconds=last), 1.0)


def test_events_errors_and_the_highest_score_are_told_per_bin() -> None:
    """Counts of all events, of errors among them, and the highest score; no score where nothing was scored."""
    events = observed(
        (0.0, "nova-api", "INFO", 0.5),
        (0.9, "nova-api", "ERROR", 0.91),
        (2.5, "nova-api", "CRITICAL", None),
        (2.6, "keystone", "INFO", 0.1),
    )
    api, keystone = activity(events, None)
    assert (api.component, api.start, api.bin_seconds) == ("nova-api", START, 1.0)
    assert (api.counts, api.errors, api.scores) == ([2, 0, 1], [1, 0, 1], [0.91, None, None])
    assert (keystone.counts, keystone.scores) == ([0, 0, 1], [None, None, 0.1])


def test_involved_components_come_first_then_the_busiest() -> None:
    """Who is named stands on top in that order, unless it logged nothing; ties are in alphabetical order."""
    events = observed(*[(float(number), "busy", "INFO", None) for number in range(5)], (1.0, "b", "INFO", None))
    events = pl.concat([events, observed((1.0, "a", "INFO", None), (2.0, "cause", "INFO", None))])
    assert [row.component for row in activity(events, None, ["cause", "network"])] == ["cause", "busy", "a", "b"]
    assert len(activity(observed(*[(0.0, f"c{n}", "INFO", None) for n in range(30)]), None)) == MAX_ROWS


def test_the_window_is_shown_with_what_went_before() -> None:
    """The bins cover the window and its length again on both sides, not the whole day around it."""
    events = observed(*[(float(second), "nova-api", "INFO", None) for second in range(0, 86400, 10)])
    (row,) = activity(events, window(40000, 40060))
    end = row.start + timedelta(seconds=row.bin_seconds * len(row.counts))
    assert START + timedelta(seconds=39938) < row.start <= START + timedelta(seconds=39940)
    assert START + timedelta(seconds=40120) < end <= START + timedelta(seconds=40122)


def test_nothing_gives_no_rows() -> None:
    """Without events, or without any in the window, there is nothing to draw."""
    assert activity(pl.DataFrame(), None) == []
    assert activity(observed(), None) == []
    assert activity(observed((0.0, "nova-api", "INFO", None)), window(1000, 1001)) == []


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_no_event_is_lost_and_bins_are_few(events: list[tuple[float, str, str, float | None]]) -> None:
    """Whatever the times: all rows have the same bins, at most the limit, and hold every event of their component."""
    table = observed(*events)
    rows = activity(table, None, max_rows=20)
    assert sum(sum(row.counts) for row in rows) == len(events)
    assert sum(sum(row.errors) for row in rows) == sum(level != "INFO" for _, _, level, _ in events)
    assert len({(row.start, row.bin_seconds, len(row.counts)) for row in rows}) <= 1
    for row in rows:
        assert len(row.counts) == len(row.errors) == len(row.scores) <= MAX_BINS
        assert row.counts[0] + sum(other.counts[0] for other in rows) > 0
