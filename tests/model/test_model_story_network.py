"""Stories: laid out with their END and their waits, scored by Keras and NumPy alike, calibrated out of fold."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from kalaki import LearnedStories, learn_stories
from model_events import SMALL, make_events, told_stories

from openstack_rca.model.calibration import STORY_ALARM_SCORE, QuantileTable
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.scoring import LATE_SHARE, Forward, wait_quantile
from openstack_rca.model.sequences import WAIT_COUNT, WAIT_EDGES_SECONDS, Steps, cut, encode, encode_stories, joined
from openstack_rca.model.stories import Stories
from openstack_rca.model.story_learning import select
from openstack_rca.model.vocabulary import OTHER_STORY, PROCESS, WORD_BUCKETS, Vocabulary, hashed_words

CONFIG = dataclasses.replace(SMALL, epochs=12, batch_size=4)


@pytest.fixture(scope="module")
def learned() -> LearnedStories:
    """A network that was trained on sixty stories of two kinds."""
    return learn_stories(*told_stories(), CONFIG)


def of_story(stories: Stories, number: int) -> np.ndarray:
    return stories.rows[stories.offsets[number] : stories.offsets[number + 1]]


def test_a_story_ends_in_its_end_and_one_that_was_cut_off_in_nothing() -> None:
    """The last step's target is END where the story ended; a censored one teaches no end."""
    events, stories = told_stories(4)
    cut_off = dataclasses.replace(stories, ended=np.array([True, False, True, False]))
    vocabulary = Vocabulary.learn(events, 100, stories.kind)
    steps = encode_stories(events, cut_off, vocabulary)
    last = steps.starts[1:] - 1
    assert steps.target[last].tolist() == [vocabulary.end_class, -1, vocabulary.end_class, -1]
    assert (steps.target[:-1] != vocabulary.end_class).sum() >= len(stories.rows)


def test_a_wait_is_the_time_to_the_next_event_of_the_same_story() -> None:
    """Never to another story's, never from the start mark, and nothing where clocks disagree."""
    events, stories = told_stories(3)
    steps = encode_stories(events, stories, Vocabulary.learn(events, 100, stories.kind))
    for number in range(3):
        rows = of_story(stories, number)
        own = steps.wait[steps.starts[number] : steps.starts[number + 1]]
        seconds = events["time"].gather(rows).diff().dt.total_microseconds().to_numpy()[1:] / 1e6
        assert own[0] == -1 and own[-1] == -1
        assert own[1:-1].tolist() == np.searchsorted(WAIT_EDGES_SECONDS, seconds, side="right").tolist()
    backwards = dataclasses.replace(stories, rows=stories.rows[::-1].copy(), offsets=np.array([0, len(stories.rows)]))
    backwards = dataclasses.replace(backwards, ended=np.array([True]), kind=["instance"], names=["one"])
    steps = encode_stories(events, backwards, Vocabulary.learn(events, 100, stories.kind))
    assert set(steps.wait[1:-1].tolist()) <= {0}


def test_the_network_is_told_which_kind_of_stream_it_reads() -> None:
    """Process streams, each kind of story, and kinds that training did not hold have indices of their own."""
    events, stories = told_stories(8)
    vocabulary = Vocabulary.learn(events, 100, ["instance"])
    steps = encode_stories(events, stories, vocabulary)
    of_kind = {kind: int(steps.stream[steps.starts[number]]) for number, kind in enumerate(stories.kind)}
    assert of_kind == {"instance": OTHER_STORY + 1, "volume": OTHER_STORY}
    assert set(encode(events, vocabulary).stream.tolist()) == {PROCESS}


def test_both_sorts_of_stream_fit_into_one_training() -> None:
    """Joined, each keeps its targets, texts and borders."""
    events, stories = told_stories(6)
    vocabulary = Vocabulary.learn(events, 100, stories.kind)
    first, second = encode(events, vocabulary), encode_stories(events, stories, vocabulary)
    both = joined(first, second)
    assert both.count == first.count + second.count
    assert both.starts.tolist() == [*first.starts.tolist(), *(second.starts[1:] + first.count).tolist()]
    texts = [second.kind_text[kind] for kind in second.kind]
    assert [both.kind_text[kind] for kind in both.kind[first.count :]] == texts


def test_a_vocabulary_without_stories_has_no_end() -> None:
    events, stories = told_stories(2)
    with pytest.raises(ValueError, match="no END"):
        encode_stories(events, stories, Vocabulary.learn(events, 100))


def network_of(vocabulary: Vocabulary) -> tuple[object, Forward]:
    """An untrained network that knows stories, in Keras and in NumPy."""
    from openstack_rca.model import network

    model, _ = network.build(vocabulary, TrainingConfig(embedding_units=6, lstm_units=10, dropout_rate=0.0, seed=5))
    return model, Forward(network.weights_of(model))


def keras_answers(model: object, steps: Steps) -> dict[str, np.ndarray]:
    """Both heads' probabilities of every step; all streams side by side in one call."""
    from openstack_rca.model.fitting import gather_inputs

    places = cut(steps.starts, int(np.diff(steps.starts).max()) + 1, 0).chunks(slice(None)).steps
    bags = hashed_words(steps.kind_text, WORD_BUCKETS)
    outputs = model(gather_inputs(steps, places, bags, stories=True), training=False)  # type: ignore[operator]
    found = {}
    for name, values in outputs.items():
        found[name] = np.zeros((steps.count, values.shape[-1]), dtype=np.float32)
        found[name][places[places >= 0]] = np.asarray(values)[places >= 0]
    return found


def test_numpy_and_keras_agree_on_next_step_end_and_wait() -> None:
    """Of process streams and stories in one pass, stories that begin alike included: the same to 1e-5."""
    events, stories = told_stories(20)
    vocabulary = Vocabulary.learn(events, 100, stories.kind)
    steps = joined(encode(events, vocabulary), encode_stories(events, stories, vocabulary))
    model, forward = network_of(vocabulary)
    keras = keras_answers(model, steps)
    scores = forward.score(steps, ask=steps.starts[1:] - 1)
    probabilities = keras["next_template"]
    judged = np.flatnonzero(steps.target >= 0)
    assert np.abs(np.exp(-scores.surprise[judged]) - probabilities[judged, steps.target[judged]]).max() < 1e-5
    assert scores.waited is not None and scores.longest_wait is not None
    below = np.cumsum(keras["wait"], axis=1)
    timed = np.flatnonzero(steps.wait > 0)
    assert np.abs(scores.waited[timed] - below[timed, steps.wait[timed] - 1]).max() < 1e-5
    assert np.allclose(scores.longest_wait, wait_quantile(below, LATE_SHARE), rtol=1e-3)
    last = probabilities[steps.starts[1:] - 1]
    assert np.abs(scores.expected_probability[:, 0] - last.max(axis=1)).max() < 1e-5
    assert np.array_equal(scores.expected[:, 0], last.argmax(axis=1))


def test_stories_that_begin_alike_score_as_if_each_were_read_alone() -> None:
    """What they share is computed once; where they part, nothing of one reaches the other."""
    rows = [(None, "h", "s", "INFO", name) for name in "abcd" + "abcd" + "abxd" + "ab"]
    events = make_events(rows)  # type: ignore[arg-type]
    stories = Stories(np.arange(14), np.array([0, 4, 8, 12, 14]), np.ones(4, np.bool_), ["request"] * 4, list("1234"))
    vocabulary = Vocabulary.learn(events, 100, stories.kind)
    _, forward = network_of(vocabulary)
    together = forward.score(encode_stories(events, stories, vocabulary)).surprise
    alone = [
        forward.score(encode_stories(events, select(stories, np.arange(4) == number), vocabulary)).surprise
        for number in range(4)
    ]
    assert np.allclose(together, np.concatenate(alone), atol=1e-6, equal_nan=True)


def test_the_wait_within_which_a_share_lies_is_read_off_the_buckets() -> None:
    """All mass in one bucket: its upper border, nearly; mass in the open last bucket: its begin."""
    below = np.zeros((2, WAIT_COUNT), dtype=np.float32)
    below[0, 10:] = 1.0
    below[1, -1] = 1.0
    found = wait_quantile(below, 0.99)
    assert WAIT_EDGES_SECONDS[9] < found[0] <= WAIT_EDGES_SECONDS[10]
    assert found[1] == pytest.approx(WAIT_EDGES_SECONDS[-1], rel=1e-3)


@pytest.mark.parametrize("change", ["cut short", "a step missing", "two steps swapped", "a step never seen"])
def test_a_story_that_goes_another_way_surprises_more_than_any_normal_one(change: str, learned: LearnedStories) -> None:
    """Truncations, drops, swaps and new steps: each above the alarm level, and new normal stories below it."""
    events, stories = told_stories(30, seed=9)
    normal = learned.figures(events, stories)
    assert (learned.calibration.score(normal, stories.kind)[0] <= STORY_ALARM_SCORE).mean() >= 0.9
    chosen = next(number for number, kind in enumerate(stories.kind) if kind == "instance")
    rows = of_story(stories, chosen).copy()
    if change == "cut short":
        rows = rows[:2]
    elif change == "a step missing":
        rows = np.delete(rows, 2)
    elif change == "two steps swapped":
        rows[[1, 3]] = rows[[3, 1]]
    else:
        new = make_events([(None, "controller", "nova-compute", "INFO", "Never seen before")])
        events = pl.concat([events, new])
        rows[2] = events.height - 1
    odd = Stories(rows, np.array([0, len(rows)]), np.array([True]), ["instance"], ["odd"])
    found = learned.figures(events, odd)
    assert learned.calibration.score(found, ["instance"])[0][0] > STORY_ALARM_SCORE
    assert found.mean[0] > normal.mean.max()


def test_the_tail_goes_on_where_few_stories_were_held_out() -> None:
    """Fifty values: the level of 1 in 1000 lies above them all, rises with them, and never reaches 1 at a finite value."""
    values = np.random.default_rng(0).exponential(1.0, 50)
    table = QuantileTable.learn_tail(values)
    scores = table.score(np.sort(values))
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] < STORY_ALARM_SCORE
    beyond = table.score(np.array([values.max() * 3]))[0]
    assert STORY_ALARM_SCORE < beyond < 1.0
    assert QuantileTable.from_dict(table.as_dict()).score(values).tolist() == table.score(values).tolist()


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0, 0.0], [1.0, 2.0]])
def test_the_tail_of_hardly_any_values_is_still_a_rising_map(values: list[float]) -> None:
    table = QuantileTable.learn_tail(np.asarray(values))
    again = QuantileTable.from_dict(table.as_dict())
    scores = again.score(np.linspace(-1.0, 9.0, 50))
    assert (np.diff(scores) >= 0).all() and scores.min() >= 0 and scores.max() <= 1


def test_an_exponential_law_is_found_again() -> None:
    """Of twenty thousand held-out values about one in a thousand new ones scores 0.999 or more."""
    random = np.random.default_rng(1)
    table = QuantileTable.learn_tail(random.exponential(2.0, 20_000))
    assert (table.score(random.exponential(2.0, 200_000)) > STORY_ALARM_SCORE).mean() == pytest.approx(0.001, rel=0.4)


def test_a_heavy_tail_is_found_again() -> None:
    """What is rare in normal stories surprises much; a tail taken for exponential would call ten times too many odd."""
    random = np.random.default_rng(2)
    table = QuantileTable.learn_tail(random.pareto(3.0, 2_000))
    share = float((table.score(random.pareto(3.0, 200_000)) > STORY_ALARM_SCORE).mean())
    assert table.shape > 0.1
    assert 0.0003 < share < 0.003
    assert dataclasses.replace(table, shape=0.0).score(np.array([40.0]))[0] > table.score(np.array([40.0]))[0]
    assert QuantileTable.from_dict(table.as_dict()).shape == table.shape
