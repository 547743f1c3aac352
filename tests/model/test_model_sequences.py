"""Streams become steps: each event exactly once, in its own stream, in time order."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_events import BEGIN, make_events, normal_events

from openstack_rca.model.sequences import cut, encode
from openstack_rca.model.vocabulary import FIRST_KNOWN, OTHER, OTHER_SERVICE, START, Vocabulary, hashed_words


def at(seconds: float) -> object:
    return BEGIN + timedelta(seconds=seconds)


def two_streams() -> pl.DataFrame:
    return make_events(
        [
            (at(0), "a", "nova-api", "INFO", "one"),
            (at(1), "b", "nova-api", "INFO", "two"),
            (at(2), "a", "nova-api", "ERROR", "two"),
            (at(2.05), "a", "nova-api", "INFO", "one"),
            (None, "a", None, "UNKNOWN", "odd"),
        ]
    )


def test_a_stream_of_n_events_has_a_start_mark_and_n_steps() -> None:
    """Steps = events + streams, and every event is the event of exactly one step."""
    frame = normal_events(1.0)
    steps = encode(frame, Vocabulary.learn(frame, 100))
    streams = frame.select(pl.struct("host", "service").n_unique()).item()
    assert steps.count == frame.height + streams
    assert sorted(steps.event[steps.event >= 0].tolist()) == list(range(frame.height))
    assert (steps.kind_template[steps.kind[steps.starts[:-1]]] == START).all()


def test_each_step_predicts_the_next_event_of_its_own_stream() -> None:
    """Targets never cross from one stream into another; a stream's last step has none."""
    frame = two_streams()
    vocabulary = Vocabulary.learn(frame, 100)
    steps = encode(frame, vocabulary)
    last = steps.starts[1:] - 1
    assert (steps.target[last] == -1).all()
    predicted = sorted(steps.target_event[steps.target_event >= 0].tolist())
    assert predicted == [0, 1, 2, 3, 4]
    of_event_2 = int(np.flatnonzero(steps.target_event == 2)[0])
    assert steps.event[of_event_2] == 0
    assert steps.target[of_event_2] == FIRST_KNOWN + vocabulary.template_ids.index(frame["template_id"][2]) - OTHER


def test_the_time_gap_is_that_within_the_stream_on_a_log_scale() -> None:
    """Event 3 follows event 2 of its stream by 50 ms, event 2 follows event 0 by 2 s."""
    frame = two_streams()
    steps = encode(frame, Vocabulary.learn(frame, 100))
    gap = {int(event): int(steps.gap[step]) for step, event in enumerate(steps.event) if event >= 0}
    assert gap[0] == gap[1] == gap[4] == 0
    assert 0 < gap[3] < gap[2]


def test_a_template_seen_once_is_other_and_a_new_service_is_the_other_service() -> None:
    """The network learns what rare things look like, and takes what it never saw."""
    frame = two_streams()
    vocabulary = Vocabulary.learn(frame, 100)
    assert len(vocabulary.template_ids) == 2
    assert vocabulary.others == 2
    new = make_events([(at(0), "z", "magnum-api", "INFO", "never seen before")])
    steps = encode(new, vocabulary)
    step = int(np.flatnonzero(steps.event == 0)[0])
    assert steps.kind_template[steps.kind[step]] == OTHER
    assert steps.kind_service[steps.kind[step]] == OTHER_SERVICE


def test_the_vocabulary_is_bounded_and_keeps_the_most_frequent() -> None:
    frame = normal_events(1.0)
    counts = frame["template_id"].value_counts().sort("count", descending=True)
    vocabulary = Vocabulary.learn(frame, 3)
    assert len(vocabulary.template_ids) == 3
    assert vocabulary.class_count == 4
    assert counts["count"][0] == counts.filter(pl.col("template_id") == vocabulary.template_ids[0])["count"][0]


def test_texts_that_share_words_are_nearer_than_texts_that_do_not() -> None:
    """So an unseen template still says something about itself."""
    bags = hashed_words(["Lost connection to MySQL server", "connection to MySQL server refused", "Creating image"])
    near, far = float(bags[0] @ bags[1]), float(bags[0] @ bags[2])
    assert near > 0.5 > far
    assert np.allclose(np.linalg.norm(bags, axis=1), 1.0, atol=1e-5)


def test_a_text_without_words_is_a_zero_vector() -> None:
    assert not hashed_words(["", "<*> 12 !!"]).any()


def test_encoding_nothing_gives_nothing() -> None:
    """An empty frame is no error."""
    frame = two_streams()
    steps = encode(frame.clear(), Vocabulary.learn(frame, 10))
    assert steps.count == 0
    assert len(cut(steps.starts, 32, 8).lengths) == 0


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(9, 96), st.integers(0, 8))
def test_cutting_reads_every_step_once_and_in_order(lengths: list[int], length: int, warm_up: int) -> None:
    """Every step is some row's own exactly once; rows are contiguous, stay in one stream and have the locked shape."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    chunks = cut(starts, length, warm_up).chunks(slice(None))
    assert chunks.steps.shape == chunks.own.shape
    assert chunks.steps.shape[1] == min(length, max(lengths))
    assert sorted(chunks.steps[chunks.own].tolist()) == list(range(int(starts[-1])))
    stream = np.searchsorted(starts, np.arange(int(starts[-1])), side="right")
    for row, own in zip(chunks.steps, chunks.own, strict=True):
        there = row[row >= 0]
        assert (row[: len(there)] >= 0).all()
        assert (np.diff(there) == 1).all()
        assert len(set(stream[there].tolist())) == 1
        warm = int((~own[: len(there)]).sum())
        assert warm == 0 if there[0] in starts else warm == warm_up


@given(st.lists(st.text(max_size=60), max_size=20))
def test_any_text_can_be_hashed(texts: list[str]) -> None:
    """Wild messages give finite rows, the same every time."""
    first = hashed_words(texts)
    assert np.isfinite(first).all()
    assert np.array_equal(first, hashed_words(texts))


def test_a_vocabulary_survives_its_json_form() -> None:
    frame = normal_events(1.0)
    vocabulary = Vocabulary.learn(frame, 100)
    assert Vocabulary.from_dict(vocabulary.as_dict()) == vocabulary


def test_a_vocabulary_with_an_entry_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Vocabulary.from_dict({"template_ids": ["0a", "0a"], "services": [], "others": 1})


def test_recordings_do_not_run_into_each_other() -> None:
    """The same host and service in two recordings are two streams."""
    frame = two_streams()
    both = pl.concat([frame.with_columns(pl.lit(number).alias("recording")) for number in (0, 1)])
    vocabulary = Vocabulary.learn(frame, 10)
    assert len(encode(both, vocabulary).starts) - 1 == 2 * (len(encode(frame, vocabulary).starts) - 1)
