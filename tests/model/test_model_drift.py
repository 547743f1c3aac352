"""Drift of new logs from a training, and two models' figures on the same events."""

import dataclasses
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.model.drift import Drift, Thresholds, js_distance, measure_drift, uniform_distance
from openstack_rca.model.drift_plot import draw_drift
from openstack_rca.model.model_file import ModelFile, open_model_file
from openstack_rca.model.quality import Figures, accuracy_drift, changes, check_scores, figures, held_out, relative

COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=8).filter(any)


@given(COUNTS, st.integers(1, 50))
def test_a_mix_has_no_distance_from_itself_whatever_its_size(counts: list[int], factor: int) -> None:
    mix = np.array(counts)
    assert js_distance(mix, mix * factor) == pytest.approx(0.0, abs=1e-6)


@given(
    st.integers(2, 6).flatmap(
        lambda size: st.tuples(*[st.lists(st.integers(0, 99), min_size=size, max_size=size).filter(any)] * 2)
    )
)
def test_the_distance_is_the_same_both_ways_and_between_0_and_1(mixes: tuple[list[int], list[int]]) -> None:
    first, second = map(np.array, mixes)
    assert js_distance(first, second) == pytest.approx(js_distance(second, first), abs=1e-9)
    assert 0.0 <= js_distance(first, second) <= 1.0


def test_mixes_with_nothing_in_common_are_one_apart() -> None:
    assert js_distance(np.array([3, 0]), np.array([0, 9])) == pytest.approx(1.0)


def test_the_distance_is_the_root_of_the_divergence_in_bits() -> None:
    """Worked by hand: (1/2, 1/2) against (1, 0) have the middle (3/4, 1/4)."""
    divergence = 0.5 * (0.5 * math.log2(0.5 / 0.75) + 0.5 * math.log2(0.5 / 0.25)) + 0.5 * math.log2(1 / 0.75)
    assert js_distance(np.array([1, 1]), np.array([1, 0])) == pytest.approx(math.sqrt(divergence))


def test_an_empty_mix_has_no_distance() -> None:
    with pytest.raises(ValueError, match="nothing"):
        js_distance(np.array([0, 0]), np.array([1, 2]))


def test_uniform_scores_are_near_the_uniform_distribution_and_constant_ones_are_not() -> None:
    assert uniform_distance(np.linspace(0.0005, 0.9995, 1000)) < 0.01
    assert uniform_distance(np.full(10, 0.25)) == pytest.approx(0.75)
    assert uniform_distance(np.array([0.0, 1.0])) == pytest.approx(0.5)


def measure(name: str, drift: Drift) -> float:
    return next(found.value for found in drift.measures if found.name == name)


@pytest.fixture
def opened(model_path: Path) -> ModelFile:
    return open_model_file(model_path)


def test_the_training_logs_have_not_drifted(opened: ModelFile, events: pl.DataFrame) -> None:
    drift = measure_drift(opened, events, Thresholds())
    assert not drift.drifted
    assert measure("unseen_share", drift) == 0.0
    assert measure("template_distance", drift) == pytest.approx(0.0, abs=1e-6)
    assert measure("service_distance", drift) == pytest.approx(0.0, abs=1e-6)
    assert [found.name for found in drift.measures] == [field.name for field in dataclasses.fields(Thresholds)]
    assert drift.score_shares.sum() == pytest.approx(1.0)


def test_templates_that_training_never_held_are_counted(opened: ModelFile, events: pl.DataFrame) -> None:
    """Every second event becomes something new: half of the events are unseen, and that is drift."""
    number = pl.int_range(pl.len()) % 2 == 0
    changed = events.with_columns(
        template_id=pl.when(number).then(pl.lit(12345, pl.UInt64)).otherwise("template_id"),
        template=pl.when(number).then(pl.lit("something new")).otherwise("template"),
    )
    drift = measure_drift(opened, changed, Thresholds())
    assert measure("unseen_share", drift) == pytest.approx(0.5, abs=0.01)
    assert drift.drifted
    top = drift.templates.row(0, named=True)
    assert (top["template"], top["unseen"], top["before"]) == ("something new", True, 0.0)


def test_a_service_that_fell_silent_changes_the_mix(opened: ModelFile, events: pl.DataFrame) -> None:
    gone = events["service"].value_counts(sort=True)["service"][0]
    drift = measure_drift(opened, events.filter(pl.col("service") != gone), Thresholds())
    assert measure("service_distance", drift) > 0.2
    row = drift.services.filter(pl.col("service") == gone).row(0, named=True)
    assert row["before"] > 0.0
    assert row["now"] == 0.0


def test_what_so_few_events_show_by_chance_is_no_drift(opened: ModelFile, events: pl.DataFrame) -> None:
    """Thirty events of the same logs are far from the mix of all, but not farther than any thirty are."""
    drift = measure_drift(opened, events.sample(30, seed=0).sort("time"), Thresholds(template_distance=0.0))
    (found,) = [found for found in drift.measures if found.name == "template_distance"]
    assert found.value > 0.2
    assert found.value == pytest.approx(found.by_chance, rel=0.5)
    assert not found.drifted


def test_what_chance_cannot_explain_is_a_drift_however_few_the_events(opened: ModelFile, events: pl.DataFrame) -> None:
    """Thirty events of one template alone: farther from the mix than any thirty drawn from it."""
    one = events.filter(pl.col("template") == events["template"][0]).head(30)
    drift = measure_drift(opened, one, Thresholds(template_distance=0.0))
    (found,) = [found for found in drift.measures if found.name == "template_distance"]
    assert found.value > found.by_chance
    assert found.drifted


def test_no_events_are_refused(opened: ModelFile, events: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="no event"):
        measure_drift(opened, events.clear(), Thresholds())


def test_the_picture_is_a_png(opened: ModelFile, events: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "below" / "drift.png"
    draw_drift(measure_drift(opened, events, Thresholds()), path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_prediction_has_the_scores_and_says_what_was_predicted(opened: ModelFile, events: pl.DataFrame) -> None:
    """The scores are those of ``score``, which also adds up what is awaited; what is named is right; the share that is right is the card's accuracy."""
    predicted = opened.predict(events)
    assert predicted.drop("right", "named").equals(opened.score(events).drop("awaited"))
    assert predicted.filter(pl.col("named") & ~pl.col("right")).is_empty()
    config = opened.card.config
    chosen = held_out(events, config["validation_fraction"], config["test_fraction"])
    found = figures(predicted, chosen)
    assert found.class_accuracy == pytest.approx(opened.card.metrics["test_accuracy"])
    assert accuracy_drift(opened, found) == pytest.approx(0.0)
    assert found.events == int(chosen.sum())


def test_only_the_latest_events_are_held_out(events: pl.DataFrame) -> None:
    chosen = held_out(events, 0.1, 0.2)
    border = events.filter(chosen)["time"].min()
    assert events.filter(~chosen)["time"].max() < border  # type: ignore[operator]
    assert chosen.mean() == pytest.approx(0.2, abs=0.02)


GOOD = Figures(events=1000, accuracy=0.6, class_accuracy=0.6, loss=1.2, alarm_share=0.01, unseen_share=0.0)


@pytest.mark.parametrize(
    ("accuracy", "loss", "words"),
    [
        (0.6, 1.2, ""),
        (0.58, 1.25, ""),
        (0.9, 0.1, ""),
        (0.56, 1.2, "accuracy 0.560 is 6.7% below 0.600"),
        (0.6, 1.3, "loss 1.300 is 8.3% above 1.200"),
        (0.3, 2.4, "accuracy 0.300 is 50.0% below 0.600 and its loss 2.400 is 100.0% above 1.200"),
    ],
)
def test_worse_by_more_than_the_margin_is_an_objection(accuracy: float, loss: float, words: str) -> None:
    found = changes(GOOD, dataclasses.replace(GOOD, accuracy=accuracy, loss=loss), 0.05)
    assert words in found.objection
    assert bool(found.objection) == bool(words)


def test_a_rise_of_almost_nothing_is_no_objection() -> None:
    """From 0.010 to 0.015 nats is half as much again, and means nothing."""
    before = dataclasses.replace(GOOD, loss=0.010)
    assert changes(before, dataclasses.replace(GOOD, loss=0.015), 0.05).objection == ""


def test_relative_changes_of_nothing_are_defined() -> None:
    assert (relative(0.0, 0.0), relative(0.0, 3.0), relative(2.0, 1.0)) == (0.0, 1.0, -0.5)


def test_scores_that_cannot_be_are_named(opened: ModelFile, events: pl.DataFrame) -> None:
    predicted = opened.predict(events.head(300))
    assert check_scores(predicted) == ""
    assert "not numbers" in check_scores(predicted.with_columns(surprise=pl.lit(math.nan, pl.Float32)))
    assert "between 0 and 1" in check_scores(predicted.with_columns(score=pl.lit(1.5, pl.Float32)))


def test_logs_of_another_time_of_day_alone_are_no_drift(opened: ModelFile, events: pl.DataFrame) -> None:
    later = events.with_columns(pl.col("time") + timedelta(hours=7))
    assert not measure_drift(opened, later, Thresholds()).drifted
