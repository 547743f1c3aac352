"""The forward pass in NumPy: what Keras says, whatever the length of the streams."""

from pathlib import Path

import numpy as np
import polars as pl
from model_events import LOST, incident_events, make_events, normal_events

from openstack_rca.model.model_file import load_keras_model, open_model_file
from openstack_rca.model.scoring import Forward, event_surprise
from openstack_rca.model.sequences import Steps, cut, encode
from openstack_rca.model.training import TrainingResult
from openstack_rca.model.vocabulary import WORD_BUCKETS, hashed_words


def keras_probabilities(model: object, steps: Steps) -> list[tuple[np.ndarray, np.ndarray]]:
    """(step numbers, probabilities) of every stream, each read in one go by Keras."""
    from openstack_rca.model.fitting import gather_inputs

    bags = hashed_words(steps.kind_text, WORD_BUCKETS)
    found = []
    for begin, end in zip(steps.starts[:-1], steps.starts[1:], strict=True):
        places = np.arange(begin, end, dtype=np.int32)[None, :]
        outputs = model(gather_inputs(steps, places, bags), training=False)  # type: ignore[operator]
        found.append((places[0], np.asarray(outputs["next_template"])[0]))
    return found


def test_numpy_and_keras_agree_on_every_step(model_path: Path) -> None:
    """Each stream read in one go by Keras from the loaded file and by NumPy: the same to 1e-5."""
    frame, _, _ = incident_events(11)
    file = open_model_file(model_path)
    steps = encode(frame, file.vocabulary)
    scores = file.forward.score(steps)
    for places, probabilities in keras_probabilities(load_keras_model(model_path), steps):
        ours, target = scores.surprise[places[:-1]], steps.target[places[:-1]]
        theirs = probabilities[np.arange(len(target)), target]
        assert np.abs(np.exp(-ours) - theirs).max() < 1e-5
        assert np.array_equal(scores.predicted[places], probabilities.argmax(axis=1))


def test_a_long_stream_cut_for_speed_scores_as_if_it_were_read_in_one_go(model_path: Path) -> None:
    """Segments with a warm-up differ from the exact state by less than a hundredth of a nat."""
    file = open_model_file(model_path)
    steps = encode(normal_events(8.0, seed=5), file.vocabulary)
    exact = file.forward.score(steps, segment_length=10**6, warm_up=0)
    parted = file.forward.score(steps, segment_length=384, warm_up=256)
    assert len(cut(steps.starts, 384, 256).lengths) > len(steps.starts) - 1
    there = steps.target >= 0
    assert np.abs(exact.surprise[there] - parted.surprise[there]).max() < 1e-2


def test_scores_do_not_depend_on_what_other_streams_do(model_path: Path) -> None:
    """A stream scores the same alone and among others: batching leaks nothing."""
    file = open_model_file(model_path)
    frame = normal_events(1.0, seed=7)
    chosen = (frame["host"] == "compute1") & (frame["service"] == "nova-compute")
    together = file.score(frame).filter(chosen)
    alone = file.score(frame.filter(chosen))
    assert np.allclose(together["surprise"], alone["surprise"], atol=1e-5)


def test_small_blocks_of_memory_give_the_same_scores(model_path: Path, monkeypatch: object) -> None:
    """The bounds on memory change nothing but memory."""
    from openstack_rca.model import scoring

    file = open_model_file(model_path)
    steps = encode(normal_events(1.0, seed=8), file.vocabulary)
    whole = file.forward.score(steps)
    monkeypatch.setattr(scoring, "_BLOCK_STEPS", 64)  # type: ignore[attr-defined]
    monkeypatch.setattr(scoring, "_SOFTMAX_CELLS", 640)  # type: ignore[attr-defined]
    monkeypatch.setattr(scoring, "_WORD_ROWS", 2)  # type: ignore[attr-defined]
    pieces = file.forward.score(steps)
    assert np.allclose(whole.surprise, pieces.surprise, atol=1e-5, equal_nan=True)


def test_the_class_other_is_shared_among_its_templates(model_path: Path) -> None:
    """Which rare message it is costs log(number of rare ones) on top; a known template costs nothing on top."""
    file = open_model_file(model_path)
    frame, _, _ = incident_events(14)
    steps = encode(frame, file.vocabulary)
    scores = file.forward.score(steps)
    alone, shared = event_surprise(steps, scores, 1), event_surprise(steps, scores, 8)
    other = (frame["template"] == LOST).to_numpy()
    assert np.allclose((shared - alone)[other], np.log(8), atol=1e-5)
    known = frame["template_id"].is_in(list(file.vocabulary.template_ids)).to_numpy()
    assert np.array_equal(shared[known], alone[known])


def test_rows_come_back_in_the_order_of_the_events(model_path: Path) -> None:
    """Row i of the answer is about row i of the events, though streams are interleaved."""
    file = open_model_file(model_path)
    frame, start, _ = incident_events(12)
    scored = pl.concat([frame, file.score(frame)], how="horizontal")
    assert scored.height == frame.height
    assert scored.columns[-4:] == ["surprise", "score", "unseen", "awaited"]
    assert scored.schema["surprise"] == pl.Float32 and scored.schema["score"] == pl.Float32
    lost = scored["template"] == LOST
    assert scored.filter(lost)["unseen"].all()
    assert scored.filter(~lost)["unseen"].mean() < 0.02
    assert scored.filter(lost)["time"].min() >= start
    assert scored["score"].is_between(0.0, 1.0).all()


def test_what_was_never_seen_scores_above_what_is_normal(model_path: Path) -> None:
    file = open_model_file(model_path)
    frame, _, _ = incident_events(13)
    scored = pl.concat([frame, file.score(frame)], how="horizontal")
    assert scored.filter(pl.col("template") == LOST)["score"].min() > 0.95
    assert scored.filter(~pl.col("unseen"))["score"].median() < 0.7


def test_no_events_give_no_rows(model_path: Path, events: pl.DataFrame) -> None:
    scored = open_model_file(model_path).score(events.clear())
    assert scored.height == 0
    assert scored.columns == ["surprise", "score", "unseen", "awaited"]


def test_events_without_time_host_or_service_are_scored_too(model_path: Path) -> None:
    frame = make_events([(None, None, None, "UNKNOWN", "?"), (None, None, None, "UNKNOWN", "??")])
    scored = open_model_file(model_path).score(frame)
    assert scored["surprise"].is_finite().all()


def test_extreme_weights_do_not_overflow(trained: TrainingResult, events: pl.DataFrame) -> None:
    """Saturated gates and huge logits give finite surprises and no warning (a warning fails a test here)."""
    from openstack_rca.model.network import weights_of

    weights = {name: array * np.float32(1e4) for name, array in weights_of(trained.keras_model).items()}
    files = trained.keras_model.get_layer("records").files
    assert "vocabulary.json" in files
    from openstack_rca.model.assets import Assets

    vocabulary = Assets.from_files(files, "memory")[0].vocabulary
    steps = encode(events.head(500), vocabulary)
    surprise = Forward(weights).score(steps).surprise[steps.target >= 0]
    assert np.isfinite(surprise).all()


def test_a_kind_that_stays_away_is_awaited_by_what_the_rest_makes_the_network_expect(model_path: Path) -> None:
    """From its last event on many are awaited where the others were taken out, and hardly one where they came."""
    file = open_model_file(model_path)
    frame, start, _ = incident_events(14)
    frame = frame.filter(pl.col("time") < start)
    kind = ["host", "service", "template_id"]
    commonest = frame.group_by(kind).len().sort("len", *kind, descending=True).row(0)[:3]
    own = frame.select(
        pl.all_horizontal(pl.col(name) == value for name, value in zip(kind, commonest, strict=True))
    ).to_series()
    places = own.arg_true()
    last = int(places[len(places) // 3])
    kept = ~own | (pl.Series(range(frame.height)) <= last)
    assert file.score(frame.filter(kept))["awaited"][int(kept[:last].sum())] > 8.0
    assert file.score(frame)["awaited"][last] < 4.0
