"""A model that was trained on a recording with stories: its file, its scores of stories, what it left out, training on."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from model_events import SMALL, STORY, told_recording
from test_model_file import change_json, pack, unpack

from openstack_rca.errors import ModelFileDamaged, ModelFormatUnsupported, NotEnoughTrainingData
from openstack_rca.model.audit import ASSET_FOLDER
from openstack_rca.model.baseline import Baseline
from openstack_rca.model.calibration import STORY_ALARM_SCORE
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.lessons import TRAIN, VALIDATION, cut_up
from openstack_rca.model.model_file import ModelFile, open_model_file
from openstack_rca.model.network_steps import network_steps
from openstack_rca.model.rivals import DETECTORS, best_step_predictor, best_step_source, best_story_detector
from openstack_rca.model.scoring import Forward
from openstack_rca.model.sequences import encode, encode_stories
from openstack_rca.model.stories import build_stories
from openstack_rca.model.story_scoring import StoryScores, story_scores
from openstack_rca.model.story_truth import INJECTIONS
from openstack_rca.model.training import TrainingResult, save, train
from openstack_rca.model.vocabulary import Vocabulary
from openstack_rca.model.warm_start import carried_over, extended

CONFIG = dataclasses.replace(SMALL, epochs=10)


@pytest.fixture(scope="module")
def recording() -> pl.DataFrame:
    return told_recording()


@pytest.fixture(scope="module")
def told(recording: pl.DataFrame) -> TrainingResult:
    """A recording of 700 stories; its twentieth event is called a failure."""
    trouble = np.zeros(recording.height, dtype=np.bool_)
    trouble[20] = True
    return train(recording, CONFIG, source="stories", trouble=trouble)


@pytest.fixture(scope="module")
def opened(told: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    path = tmp_path_factory.mktemp("told") / "told.keras"
    save(told, path)
    return open_model_file(path)


def test_the_file_knows_stories_and_the_card_says_how_many(opened: ModelFile, recording: pl.DataFrame) -> None:
    assert opened.knows_stories
    assert opened.card.stories == len(build_stories(recording)) == 700
    assert opened.card.format_version == 2
    assert opened.card.notes == ()


def test_the_truth_about_stories_stands_beside_its_rivals(told: TrainingResult) -> None:
    """On stories of the test part, spoilt in four ways; the network learned enough to beat chance by far."""
    names = {"story_auroc", "story_f1", "story_precision", "story_recall", "story_false_alarm_share"}
    names |= {f"story_{injection}_auroc" for injection in INJECTIONS}
    states = ("missing", "late", "within_missing", "within_late")
    names |= {f"{who}story_{state}_f1" for who in ("", "rival_follow_rule_") for state in states}
    names |= {f"rival_{name}_story_{figure}" for name in DETECTORS[1:] for figure in ("auroc", "f1")}
    assert names <= set(told.metrics)
    assert all(np.isfinite(told.metrics[name]) for name in names)
    assert told.metrics["story_auroc"] > 0.8
    assert told.metrics["story_truncated_auroc"] > 0.9
    assert told.metrics["story_false_alarm_share"] < 0.1


def test_where_a_story_stands_and_what_should_have_come_is_said(opened: ModelFile) -> None:
    """A server that was accepted and never taken up: the scheduler's step was expected, and soon."""
    events = told_recording(40, seed=5, minutes=3.0)
    first = events.filter(pl.col("template") == STORY["instance"][0][1]).head(1)
    moment = events["time"].max() + timedelta(seconds=1)  # type: ignore[operator]
    stopped = first.with_columns(
        pl.lit(moment).cast(pl.Datetime("us", "UTC")).alias("time"), pl.lit("req-1").alias("request_id")
    )
    later = first.with_columns(
        pl.lit(moment + timedelta(seconds=90)).cast(pl.Datetime("us", "UTC")).alias("time"),
        pl.lit("req-2").alias("request_id"),
    )
    frame = pl.concat([events, stopped, later])
    scores = story_scores(opened, frame, build_stories(frame))
    found = scores.stories.filter(pl.col("name") == "req-1").row(0, named=True)
    expected = found["expected_next"][0]
    assert (expected["service"], expected["template"], expected["end"]) == ("nova-scheduler", "Chose a host", False)
    assert expected["probability"] > 0.5
    assert 0.05 < found["wait_p99"] < 5.0
    assert found["open_seconds"] == pytest.approx(90.0)
    assert found["ended"] and found["score"] > STORY_ALARM_SCORE
    assert found["last_row"] == frame.height - 2
    going_on = scores.stories.filter(pl.col("name") == "req-2").row(0, named=True)
    assert not going_on["ended"]
    assert going_on["score"] < STORY_ALARM_SCORE


def stopping(opened: ModelFile, events: pl.DataFrame, after: int, until: str = "") -> pl.DataFrame:
    """What the network expects of a server's request that stops after some steps, ninety seconds before the logs end."""
    whole = told_recording(40, seed=5, minutes=3.0)
    name = whole.filter(pl.col("template") == STORY["instance"][0][1])["request_id"][0]
    own = whole.filter(pl.col("request_id") == name)
    moved = own.head(after).with_columns(pl.lit("req-stopped").alias("request_id"))
    if until:
        moved = moved.with_columns(pl.lit("ERROR").alias("level").cast(own["level"].dtype))
    frame = pl.concat([events, moved]).sort("time")
    steps = network_steps(opened.forward, opened.vocabulary, opened.baseline.templates, frame, build_stories(frame))
    return steps.filter(pl.col("name") == "req-stopped")


def test_a_request_that_stops_lacks_the_step_that_the_network_is_sure_of(opened: ModelFile) -> None:
    """The scheduler's line should have followed the acceptance, within a time that was learnt."""
    found = stopping(opened, told_recording(60, seed=6), after=1)
    (step,) = found.filter(pl.col("state") == "missing").iter_rows(named=True)
    assert (step["service"], step["follower"]) == (STORY["instance"][0][0], STORY["instance"][1][0])
    assert step["follower_template"] == STORY["instance"][1][1]
    assert 0.0 < step["median_seconds"] < step["within_seconds"] < 30.0
    assert step["came_row"] is None and step["unsure"] == 0.0


def test_what_follows_an_error_is_not_waited_for(opened: ModelFile) -> None:
    """A request that was refused did not get lost."""
    assert stopping(opened, told_recording(60, seed=6), after=1, until="refused").is_empty()


def test_normal_requests_lack_no_step(opened: ModelFile) -> None:
    """Of new normal requests nearly all expected steps came."""
    events = told_recording(100, seed=8)
    templates = opened.baseline.templates
    steps = network_steps(opened.forward, opened.vocabulary, templates, events, build_stories(events))
    assert steps.height > 100
    assert (steps["state"] == "missing").mean() < 0.02  # type: ignore[operator]
    assert not steps.select("story", "follower").is_duplicated().any()


def test_normal_stories_score_low_and_each_step_has_its_surprise(opened: ModelFile) -> None:
    """One row a story and one a step; END has a row of its own; the sums agree."""
    events = told_recording(100, seed=8)
    stories = build_stories(events)
    scores = story_scores(opened, events, stories)
    assert isinstance(scores, StoryScores)
    assert scores.stories["story"].to_list() == list(range(len(stories)))
    assert scores.stories["score"].is_between(0.0, 1.0).all()
    assert (scores.stories["score"] > STORY_ALARM_SCORE).mean() <= 0.05  # type: ignore[operator]
    ended = int(stories.ended.sum())
    assert scores.positions.height == len(stories.rows) + ended
    assert scores.positions["row"].null_count() == ended
    sums = scores.positions.group_by("story", maintain_order=True).agg(pl.col("surprise").sum())["surprise"]
    assert np.allclose(sums, scores.stories["sum_surprise"], atol=1e-3)


def test_a_late_step_is_late_by_its_own_wait(opened: ModelFile) -> None:
    """The same story, one step half an hour later: that step is late, no other."""
    events = told_recording(1, seed=3, minutes=0.1)
    moved = events.with_columns(
        pl.when(pl.int_range(pl.len()) >= 2)
        .then(pl.col("time") + timedelta(seconds=50))
        .otherwise("time")
        .alias("time")
    )
    frame = pl.concat([moved, told_recording(5, seed=4).with_columns(pl.col("time") + timedelta(hours=2))])
    scores = story_scores(opened, frame, build_stories(frame))
    late = scores.positions.filter((pl.col("story") == 0) & pl.col("late"))
    assert late["row"].to_list() == [2]
    before = story_scores(opened, events, build_stories(events)).stories["late_score"][0]
    assert scores.stories["late_score"][0] > before


def as_version_1(opened: ModelFile, path: Path) -> Path:
    """The file as the release before stories would have written it, but for its network."""
    members = unpack(opened.path)
    change_json(members, ASSET_FOLDER + "manifest.json", lambda manifest: manifest.update(format_version=1))
    return pack(members, path)


def test_a_file_of_the_first_format_opens_and_says_that_it_knows_no_stories(
    model_path: Path, events: pl.DataFrame, tmp_path: Path
) -> None:
    """Events are scored as ever; stories are refused with the reason."""
    old = open_model_file(as_version_1(open_model_file(model_path), tmp_path / "old.keras"))
    assert not old.knows_stories
    assert old.score(events.head(50)).equals(open_model_file(model_path).score(events.head(50)))
    with pytest.raises(ModelFormatUnsupported, match="knows no stories"):
        story_scores(old, events, build_stories(events))


def test_a_file_that_lost_its_calibration_of_stories_is_damaged(opened: ModelFile, tmp_path: Path) -> None:
    members = unpack(opened.path)
    del members[ASSET_FOLDER + "stories.json"]
    with pytest.raises(ModelFileDamaged, match=r"stories\.json is missing"):
        open_model_file(pack(members, tmp_path / "m.keras"))


def test_what_rules_call_a_failure_teaches_nothing_normal(told: TrainingResult, opened: ModelFile) -> None:
    """It is counted in the card, and the baseline does not hold it."""
    left = told.card.left_out
    assert left["events_called_a_failure"] == 1
    assert left["stories"] >= 1
    assert left["most_surprising_events"] >= 1
    assert opened.baseline.templates["count"].sum() == told.card.events - 1


def test_a_story_with_an_event_of_trouble_is_left_out_whole(recording: pl.DataFrame) -> None:
    """None of its steps has a weight in any part."""
    material = cut_up(recording, build_stories(recording), 0.1, 0.2, seed=0)
    trouble = np.zeros(recording.height, dtype=np.bool_)
    row = int(material.stories.rows[0])
    trouble[row] = True
    material = material.without(trouble, np.zeros(len(material.stories.names), dtype=np.bool_))
    vocabulary = Vocabulary.learn(recording, 100, material.stories.kind)
    steps = material.steps(vocabulary)
    process = recording.height + len(encode(recording, vocabulary).starts) - 1
    for part in (TRAIN, VALIDATION):
        weights = material.weights(steps, part)
        assert weights[process : process + np.diff(material.stories.offsets)[0] + 1].sum() == 0
        assert weights[:process].sum() == pytest.approx(weights[process:].sum(), rel=1e-3)


def test_a_recording_that_is_mostly_trouble_is_refused_with_the_reason(recording: pl.DataFrame) -> None:
    trouble = np.arange(recording.height) % 10 == 0
    with pytest.raises(NotEnoughTrainingData, match="mostly trouble: in 9"):
        train(recording, CONFIG, trouble=trouble)


def test_a_child_begins_where_its_parent_stands(opened: ModelFile, recording: pl.DataFrame) -> None:
    """Before a single step, the extended network predicts what the parent does, but for the share of what is new."""
    from openstack_rca.model import network

    new = Vocabulary.learn(told_recording(60, seed=2).with_columns(pl.col("template_id") + 1), 100, ["share"])
    vocabulary = extended(opened.vocabulary, new)
    assert vocabulary.template_ids[: len(opened.vocabulary.template_ids)] == opened.vocabulary.template_ids
    parent = opened.as_parent("version 3")
    model, _ = network.build(vocabulary, TrainingConfig(embedding_units=12, lstm_units=24, dropout_rate=0.2, seed=1))
    child = Forward(carried_over(parent, vocabulary, network.weights_of(model)))
    stories = build_stories(recording)
    ours = child.score(encode_stories(recording, stories, vocabulary))
    theirs = opened.forward.score(encode_stories(recording, stories, opened.vocabulary))
    assert np.nanmax(np.abs(ours.surprise - theirs.surprise)) < 0.2
    assert np.allclose(ours.longest_wait, theirs.longest_wait, rtol=1e-4, equal_nan=True)


def test_training_on_names_the_parent_and_adds_to_its_baseline(opened: ModelFile) -> None:
    """The card leads back to the parent; what only the parent's recording held is still normal."""
    later = told_recording(700, seed=11).with_columns(pl.col("time") + timedelta(days=1))
    child = train(later, dataclasses.replace(CONFIG, epochs=2, lstm_units=99), parent=opened.as_parent("version 3"))
    assert child.card.parent["name"] == "version 3"
    assert child.card.parent["weights_digest"] == opened.card.weights_digest
    assert child.card.parent["ancestors"] == 1
    assert child.card.config["lstm_units"] == opened.forward.units
    files = child.keras_model.get_layer("records").files
    merged = Baseline.from_dict(json.loads(files["baseline.json"]))
    assert merged.templates["count"].sum() == opened.baseline.templates["count"].sum() + later.height
    assert merged.minutes == pytest.approx(opened.baseline.minutes * 2, rel=0.1)


def test_several_recordings_behind_one_another_are_learned_from_together() -> None:
    """A pause between them ends stories and counts for no rate."""
    both = pl.concat(
        [told_recording(350, seed=1), told_recording(350, seed=2).with_columns(pl.col("time") + timedelta(days=2))]
    )
    stories = build_stories(both)
    assert len(stories) == 700
    assert Baseline.learn(both).minutes < 30


@pytest.mark.parametrize(
    ("metrics", "steps", "stories"),
    [
        ({}, "", ""),
        ({"test_loss": 1.0, "rival_bigram_test_loss": 2.0, "story_auroc": 0.9}, "lstm", "lstm"),
        ({"test_loss": 2.0, "rival_bigram_test_loss": 1.0}, "bigram", ""),
        (
            {"story_auroc": 0.7, "rival_follow_rule_story_auroc": 0.8, "rival_unseen_event_story_auroc": 0.5},
            "",
            "follow_rule",
        ),
        ({"story_auroc": 0.7, "rival_follow_rule_story_auroc": 0.7}, "", "lstm"),
    ],
    ids=["nothing measured", "the network", "pairs", "rules", "a tie"],
)
def test_which_of_the_rivals_is_the_one_to_use_is_read_off_the_figures(
    metrics: dict[str, float], steps: str, stories: str
) -> None:
    assert (best_step_predictor(metrics), best_story_detector(metrics)) == (steps, stories)


@pytest.mark.parametrize(
    ("own", "rival", "used"),
    [(0.6, 0.4, "lstm"), (0.4, 0.6, "follow_rule"), (0.5, 0.5, "lstm"), (None, 0.5, "")],
    ids=["the network", "the rules", "a tie", "not measured"],
)
def test_steps_are_told_by_who_found_more_of_them(own: float | None, rival: float, used: str) -> None:
    """Missing and late steps each; a file that was not measured names nobody."""
    metrics = {"rival_follow_rule_story_late_f1": rival} | ({} if own is None else {"story_late_f1": own})
    assert best_step_source(metrics, "late") == used
    assert best_step_source(metrics, "missing") == ""
