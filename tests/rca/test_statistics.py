"""How sure the figures are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.scoring.uncertainty import (
    bootstrap_interval,
    confusion,
    expected_calibration_error,
    paired_difference,
    reliability,
    share_interval,
)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_interval_lies_around_the_mean_and_within_the_values(values: list[float]) -> None:
    low, high = bootstrap_interval(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_more_incidents_make_the_interval_narrower() -> None:
    few, many = bootstrap_interval([0.0, 1.0] * 5), bootstrap_interval([0.0, 1.0] * 100)
    assert many[1] - many[0] < few[1] - few[0]


def test_the_interval_is_the_same_every_time() -> None:
    assert bootstrap_interval([0.0, 1.0, 1.0]) == bootstrap_interval([0.0, 1.0, 1.0])


def test_no_values_give_an_empty_interval() -> None:
    assert bootstrap_interval([]) == (0.0, 0.0)


def test_a_difference_is_taken_incident_by_incident() -> None:
    result = paired_difference([0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0])
    assert (result["wins"], result["losses"], result["difference"]) == (2.0, 1.0, 0.25)
    assert result["low"] <= 0.25 <= result["high"]


def test_values_of_different_incidents_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference([1.0], [1.0, 0.0])


def test_the_reliability_table_tells_how_many_answers_of_a_confidence_were_right() -> None:
    rows = reliability([0.85, 0.9, 0.95, 0.1, 1.0], [True, True, False, False, True])
    assert [(row["from"], row["answers"], row["share_right"]) for row in rows] == [(0.0, 1.0, 0.0), (0.8, 4.0, 0.75)]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_every_answer_is_in_one_bin_of_the_reliability_table(answers: list[tuple[float, bool]]) -> None:
    rows = reliability([confidence for confidence, _ in answers], [right for _, right in answers])
    assert sum(row["answers"] for row in rows) == len(answers)


def test_the_confusion_table_holds_wrong_answers_most_frequent_first() -> None:
    table = confusion(["a", "a", "b", "c"], ["x", "x", "b", "y"])
    assert table == [
        {"expected": "a", "answered": "x", "count": 2},
        {"expected": "c", "answered": "y", "count": 1},
    ]


def test_the_calibration_error_is_the_mean_distance_of_confidence_and_share_right() -> None:
    """Ten answers at 0.9, of which nine are right, are calibrated; ten at 0.9 that are all wrong are off by 0.9."""
    assert expected_calibration_error([0.9] * 10, [True] * 9 + [False]) == 0.0
    assert expected_calibration_error([0.9] * 10, [False] * 10) == 0.9
    assert expected_calibration_error([], []) is None


def test_a_share_of_all_is_not_told_as_certain() -> None:
    """Of six right answers out of six Wilson's interval begins at 0.61; that of none mirrors it."""
    low, high = share_interval(6, 6)
    assert (round(low, 2), high) == (0.61, 1.0)
    assert share_interval(0, 6) == pytest.approx((0.0, 1.0 - low))
    assert share_interval(0, 0) == (0.0, 0.0)
