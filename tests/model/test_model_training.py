"""Training: split by time, measured on later events beside its rivals, repeatable, and clean when it is stopped."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from model_events import BEGIN, SMALL, make_events, normal_events

from openstack_rca.errors import NotEnoughTrainingData, TrainingInterrupted
from openstack_rca.model.card import FORMAT_VERSION, TrainingCard, TrainingConfig, fingerprint
from openstack_rca.model.lessons import TEST, TRAIN, VALIDATION, split_by_time
from openstack_rca.model.model_file import open_model_file
from openstack_rca.model.scoring import weights_digest
from openstack_rca.model.sequences import encode
from openstack_rca.model.training import TrainingProgress, TrainingResult, save, train
from openstack_rca.model.vocabulary import WORD_BUCKETS, Vocabulary, hashed_words

QUICK = TrainingConfig(epochs=2, batch_size=32, lstm_units=8, embedding_units=4, chunk_length=32)


def test_parts_follow_each_other_in_time(events: pl.DataFrame) -> None:
    """Train, then validation, then test; no instant is in two parts; shares are about those asked for."""
    parts = split_by_time(events["time"], 0.1, 0.2)
    assert (np.diff(parts) >= 0).all()
    for earlier, later in ((TRAIN, VALIDATION), (VALIDATION, TEST)):
        assert events["time"].filter(parts == earlier).max() < events["time"].filter(parts == later).min()
    assert (parts == TEST).mean() == pytest.approx(0.2, abs=0.01)
    assert (parts == VALIDATION).mean() == pytest.approx(0.1, abs=0.01)


def test_events_of_one_instant_stay_together() -> None:
    """A border never falls between two events of the same time."""
    times = pl.Series([BEGIN + timedelta(seconds=i // 40) for i in range(400)])
    parts = split_by_time(times, 0.15, 0.25)
    for _, rows in pl.DataFrame({"time": times, "part": parts}).group_by("time"):
        assert rows["part"].n_unique() == 1


def test_every_promised_figure_is_measured(trained: TrainingResult) -> None:
    """The manual's metrics, and the rivals' on the same events."""
    promised = {"loss", "accuracy", "precision", "recall"}
    promised |= {f"test_{name}" for name in promised} | {"inference_time", "calibration_error"}
    promised |= {"rival_unigram_test_accuracy", "rival_bigram_test_accuracy", "rival_bigram_test_loss"}
    promised |= {"rival_unseen_test_alarm_share", "rival_rate_test_alarm_share", "test_alarm_share"}
    assert promised <= set(trained.metrics)
    assert all(np.isfinite(value) for value in trained.metrics.values())
    assert all(0 <= trained.metrics[name] <= 1 for name in promised if "accuracy" in name or "share" in name)
    assert trained.card.metrics == trained.metrics


def test_the_model_learns_what_follows_what(trained: TrainingResult) -> None:
    """On later events it is far better than the most frequent template and no worse in loss than twice the bigram."""
    assert trained.metrics["test_accuracy"] > trained.metrics["rival_unigram_test_accuracy"] + 0.1
    assert trained.metrics["test_loss"] < 2 * trained.metrics["rival_bigram_test_loss"]


def test_the_history_has_one_entry_an_epoch(trained: TrainingResult) -> None:
    assert 1 <= len(trained.history) <= SMALL.epochs
    assert all(set(epoch) == {"loss", "accuracy", "val_loss", "val_accuracy"} for epoch in trained.history)
    assert min(epoch["val_loss"] for epoch in trained.history) < trained.history[0]["val_loss"]


def test_the_card_says_what_the_model_was_trained_on(trained: TrainingResult, events: pl.DataFrame) -> None:
    card = trained.card
    assert (card.format_version, card.source, card.seed) == (FORMAT_VERSION, "synthetic", SMALL.seed)
    assert (card.events, card.lines) == (events.height, events.height)
    assert (card.services, card.hosts) == (4, 3)
    assert (card.first, card.last) == (events["time"].min(), events["time"].max())
    assert card.data_fingerprint == fingerprint(events)
    assert card.packages["keras"] and card.config["lstm_units"] == SMALL.lstm_units
    assert card.cpu_seconds > 0
    assert "lstm" in trained.summary
    assert TrainingCard.from_json(json.loads(json.dumps(card.as_json()))) == card


@pytest.fixture(scope="module")
def quick() -> tuple[TrainingResult, list[TrainingProgress]]:
    """A small training and all that it told on the way."""
    told: list[TrainingProgress] = []
    return train(normal_events(6.0, seed=1), QUICK, on_progress=told.append), told


def test_the_same_data_and_seed_give_the_same_weights(quick: tuple[TrainingResult, list[TrainingProgress]]) -> None:
    """Equal to the last bit on one machine with the same package versions."""
    again = train(normal_events(6.0, seed=1), QUICK)
    assert again.card.weights_digest == quick[0].card.weights_digest
    assert again.history == quick[0].history


def test_another_seed_gives_another_model(events: pl.DataFrame) -> None:
    """The weights before the first step differ already."""
    from openstack_rca.model import network

    vocabulary = Vocabulary.learn(events, 10)
    digests = {
        weights_digest(
            network.weights_of(
                network.build(vocabulary, TrainingConfig(embedding_units=4, lstm_units=8, dropout_rate=0.0, seed=seed))[
                    0
                ]
            )
        )
        for seed in (0, 0, 1)
    }
    assert len(digests) == 2


def test_the_fingerprint_is_of_the_content_not_of_the_order(events: pl.DataFrame) -> None:
    assert fingerprint(events.sample(fraction=1.0, shuffle=True, seed=0)) == fingerprint(events)
    assert fingerprint(events.head(events.height - 1)) != fingerprint(events)


def test_progress_is_told_after_every_step(quick: tuple[TrainingResult, list[TrainingProgress]]) -> None:
    """Epoch and step count up to their ends; the time left is known from the second epoch on, and ends at zero."""
    result, told = quick
    assert [(item.epoch, item.step) for item in told] == [
        (epoch, step) for epoch in (1, 2) for step in range(1, told[0].steps + 1)
    ]
    assert {item.epochs for item in told} == {2}
    assert {item.seconds_left for item in told if item.epoch == 1} == {None}
    assert all(item.seconds_left is not None and item.seconds_left >= 0 for item in told if item.epoch == 2)
    assert told[-1].seconds_left == 0
    ends = [item.loss for item in told if item.step == item.steps]
    # Not Keras' own loss, which counts a batch by its rows, however few of them are judged.
    assert ends == pytest.approx([epoch["loss"] for epoch in result.history])


def test_the_loss_that_is_told_leans_on_the_epoch_before_until_the_new_one_is_known() -> None:
    """The first batches of an epoch tell little: some hold stories alone, some what is easily foreseen."""
    from openstack_rca.model import fitting

    told: list[TrainingProgress] = []
    reporter = fitting._Reporter(2, 4, told.append)
    for epoch, loss in ((0, 2.0), (1, 10.0)):
        reporter.on_epoch_begin(epoch)
        for batch in range(4):
            reporter.on_train_batch_end(batch, {"loss": 99.0, "next_template_surprise": loss})
    assert [item.loss for item in told] == [2.0, 2.0, 2.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_control_c_ends_the_training_with_one_clear_error() -> None:
    """Whatever step it comes at; nothing was there to be written."""

    def stop(progress: TrainingProgress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted, match="no model was written"):
        train(normal_events(6.0, seed=1), QUICK, on_progress=stop)


@pytest.mark.parametrize(
    ("frame", "there"),
    [
        (normal_events(6.0).head(1), "1 event over 0.0 minutes"),
        (normal_events(1.0), "over 1.0 minutes"),
        (normal_events(6.0).clear(), "0 events"),
        (make_events([(None, "h", "s", "INFO", "t")] * 3000), "3,000 events over 0.0 minutes"),
    ],
    ids=["one line", "one minute", "nothing", "no times"],
)
def test_too_little_to_learn_from_says_how_much_is_needed_and_is_there(frame: pl.DataFrame, there: str) -> None:
    with pytest.raises(NotEnoughTrainingData) as caught:
        train(frame, QUICK)
    assert "2,000 events" in caught.value.message and "5 minutes" in caught.value.message
    assert there in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("dropout_rate", 1.0),
        ("learning_rate", 0.0),
        ("test_fraction", 0.0),
        ("chunk_length", 2),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        TrainingConfig(**{name: value})  # type: ignore[arg-type]


def test_saving_leaves_one_file_and_nothing_else(trained: TrainingResult, tmp_path: Path) -> None:
    """No temporary file stays; an older file of the name is replaced."""
    path = tmp_path / "deep" / "model.keras"
    save(trained, path)
    save(trained, path)
    assert [item.name for item in path.parent.iterdir()] == ["model.keras"]
    assert open_model_file(path).card == trained.card


def test_a_save_that_fails_leaves_the_old_file_as_it_was(
    trained: TrainingResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of writing: the old model is whole, no half file stays."""
    path = tmp_path / "model.keras"
    save(trained, path)
    before = path.read_bytes()

    def interrupted(self: object, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(type(trained.keras_model), "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(trained, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_file_has_to_be_called_keras(trained: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.keras"):
        save(trained, tmp_path / "model.h5")


def test_an_epoch_of_a_long_recording_learns_from_a_part_another_one_each_time(
    events: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No epoch costs more than the bound; what judges the epochs stays the same part."""
    from openstack_rca.model import fitting

    monkeypatch.setattr(fitting, "MOST_CELLS", 800)
    monkeypatch.setattr(fitting, "MOST_CHECKED_CELLS", 800)
    vocabulary = Vocabulary.learn(events, 100)
    steps = encode(events, vocabulary)
    lessons = fitting.Lessons((steps.target >= 0).astype(np.float32))
    bags = hashed_words(steps.kind_text, WORD_BUCKETS)
    for learning in (True, False):
        batches = fitting.ChunkBatches(steps, lessons, SMALL, bags, learning=learning)
        seen = []
        for _ in range(2):
            weights = [batches[number][2]["next_template"] for number in range(len(batches))]
            batches.on_epoch_begin()
            seen.append(sum(float(weight.sum()) for weight in weights))
            assert sum(weight.size for weight in weights) <= 800 + SMALL.batch_size * SMALL.chunk_length
        assert (seen[0] == seen[1]) != learning
