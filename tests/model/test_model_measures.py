"""Figures of merit and rivals, against cases worked by hand and an independent implementation."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_events import BEGIN, make_events

from openstack_rca.model.baseline import busiest_minutes
from openstack_rca.model.measures import auroc, binary_measures, class_measures
from openstack_rca.model.rivals import next_template_rivals, rate_rival, unseen_rival
from openstack_rca.model.sequences import encode
from openstack_rca.model.vocabulary import Vocabulary


def test_class_measures_of_a_worked_case() -> None:
    """Truth aab, prediction aba: a is right once of two; b is predicted once, wrongly."""
    figures = class_measures(np.array([0, 0, 1]), np.array([0, 1, 0]))
    assert figures["accuracy"] == pytest.approx(1 / 3)
    assert figures["precision"] == pytest.approx((2 * 0.5 + 1 * 0.0) / 3)
    assert figures["macro_precision"] == pytest.approx(0.25)
    assert figures["macro_recall"] == pytest.approx(0.25)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=50))
def test_recall_weighted_by_frequency_is_accuracy(pairs: list[tuple[int, int]]) -> None:
    """An identity, which is why macro figures stand beside them."""
    truth, predicted = np.array(pairs).T
    figures = class_measures(truth, predicted)
    assert figures["recall"] == pytest.approx(figures["accuracy"])


def test_measures_of_no_events_are_nan() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert np.isnan(class_measures(nothing, nothing)["accuracy"])
    assert np.isnan(auroc(np.ones(3, dtype=bool), np.arange(3)))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auroc_is_the_chance_that_a_positive_is_above_a_negative(pairs: list[tuple[bool, int]]) -> None:
    """By counting all pairs, ties a half."""
    truth, values = np.array([p for p, _ in pairs]), np.array([v for _, v in pairs])
    above = [1.0 if a > b else 0.5 if a == b else 0.0 for a in values[truth] for b in values[~truth]]
    expected = np.mean(above) if above else float("nan")
    assert auroc(truth, values) == pytest.approx(expected, nan_ok=True)


def test_flagging_nothing_is_no_division_by_zero() -> None:
    figures = binary_measures(np.array([True, False]), np.array([False, False]))
    assert figures == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def alternating(count: int) -> object:
    rows = [(BEGIN + timedelta(seconds=i), "h", "s", "INFO", "ab"[i % 2]) for i in range(count)]
    return make_events(list(rows))


def test_the_bigram_rival_knows_an_alternation_and_the_unigram_does_not() -> None:
    frame = alternating(200)
    vocabulary = Vocabulary.learn(frame, 10)
    steps = encode(frame, vocabulary)
    there = steps.target >= 0
    early = there & (steps.target_event < 100)
    late = there & (steps.target_event >= 100)
    figures = next_template_rivals(steps, early, late, vocabulary.class_count)
    assert figures["bigram_accuracy"] == 1.0
    assert figures["unigram_accuracy"] == pytest.approx(0.5)
    assert 0 < figures["bigram_loss"] < 0.1


def test_rivals_meet_a_service_that_they_never_saw() -> None:
    """Nothing to learn from: probabilities fall back to the uniform one, nothing breaks."""
    frame = alternating(10)
    steps = encode(frame, Vocabulary.learn(frame, 10))
    nothing = np.zeros(steps.count, dtype=bool)
    figures = next_template_rivals(steps, nothing, steps.target >= 0, 3)
    assert figures["bigram_loss"] == pytest.approx(np.log(3))


def test_the_unseen_rival_flags_templates_outside_the_baseline() -> None:
    frame = make_events([(BEGIN, "h", "s", "INFO", "a"), (BEGIN, "h", "s", "INFO", "new")])
    assert unseen_rival(frame, busiest_minutes(alternating(4))).tolist() == [False, True]


def test_the_rate_rival_compares_minutes_with_the_busiest_one() -> None:
    """30 'a' in the baseline's busiest minute, 60 now: twice as many; an unknown template counts from one."""
    busiest = busiest_minutes(alternating(60))
    rows = [(BEGIN + timedelta(seconds=i * 0.5), "h", "s", "INFO", "a") for i in range(60)]
    rows += [(BEGIN, "h", "s", "INFO", "new")]
    ratios = rate_rival(make_events(list(rows)), busiest)
    assert ratios[0] == pytest.approx(2.0)
    assert ratios[-1] == pytest.approx(1.0)
