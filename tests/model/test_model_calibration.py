"""A score of 0.99 means that 1 % of held-out normal events score as high."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openstack_rca.model.calibration import (
    MINIMUM_OWN_EVENTS,
    POOLED,
    Calibration,
    QuantileTable,
    calibration_error,
)

SURPRISES = arrays.arrays(np.float32, st.integers(1, 300), elements=st.floats(0, 40, width=32))


def test_the_share_of_later_normal_events_above_a_score_is_what_the_score_says() -> None:
    """Learned on one half, checked on the other: 10 % score 0.9 or more, 1 % score 0.99 or more."""
    random = np.random.default_rng(0)
    table = QuantileTable.learn(random.exponential(2.0, 20_000))
    scores = table.score(random.exponential(2.0, 20_000))
    assert (scores >= 0.9).mean() == pytest.approx(0.1, abs=0.01)
    assert (scores >= 0.99).mean() == pytest.approx(0.01, abs=0.003)
    assert calibration_error(scores) < 0.01


def test_the_calibration_error_of_scores_that_promise_too_much_is_large() -> None:
    """Scores squeezed towards one are far from uniform."""
    random = np.random.default_rng(1)
    assert calibration_error(random.uniform(0.9, 1.0, 1000)) > 0.1


@given(SURPRISES, SURPRISES)
def test_scores_stay_in_bounds_and_never_fall_where_surprise_rises(held_out: np.ndarray, later: np.ndarray) -> None:
    scores = QuantileTable.learn(held_out).score(np.sort(later))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores) >= 0).all()


def test_order_is_kept_beyond_anything_seen() -> None:
    """Two events that surprise more than all held-out ones still differ."""
    table = QuantileTable.learn(np.linspace(0, 5, 100))
    low, high = table.score(np.array([6.0, 9.0]))
    assert 0.99 < low < high < 1.0


def test_a_service_with_enough_events_has_a_table_of_its_own() -> None:
    """The same surprise is usual for a talkative service and rare for the others."""
    loud, quiet = np.linspace(4, 8, MINIMUM_OWN_EVENTS), np.linspace(0, 4, MINIMUM_OWN_EVENTS - 1)
    services = ["loud"] * len(loud) + ["quiet"] * len(quiet)
    calibration = Calibration.learn(np.concatenate([loud, quiet]), services)
    assert set(calibration.tables) == {POOLED, "loud"}
    of_loud, of_quiet, of_none = calibration.score(np.array([5.0, 5.0, 5.0]), ["loud", "quiet", None])
    assert of_loud < of_quiet == of_none


@given(SURPRISES)
def test_a_calibration_survives_its_json_form(held_out: np.ndarray) -> None:
    calibration = Calibration.learn(held_out, [None] * len(held_out))
    again = Calibration.from_dict(calibration.as_dict())
    assert np.allclose(
        again.score(held_out, [None] * len(held_out)), calibration.score(held_out, [None] * len(held_out)), atol=1e-3
    )


@pytest.mark.parametrize(
    "change",
    [{"surprises": [2.0, 1.0]}, {"shares": [0.9, 0.1]}, {"shares": [0.0, 1.0]}, {"tail": 0.0}, {"surprises": [1.0]}],
)
def test_a_table_that_is_no_rising_map_is_refused(change: dict[str, object]) -> None:
    facts: dict[str, object] = {"surprises": [1.0, 2.0], "shares": [0.1, 0.9], "tail": 1.0, "events": 2}
    with pytest.raises(ValueError, match="rising"):
        QuantileTable.from_dict(facts | change)
