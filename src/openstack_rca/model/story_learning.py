"""Learn from stories out of fold: what a normal story's surprise is for a network that has not seen it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.calibration import StoryCalibration, StoryFigures
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.scoring import Forward, StepScores, shared_surprise
from openstack_rca.model.sequences import Steps, encode_stories
from openstack_rca.model.stories import Stories
from openstack_rca.model.vocabulary import Vocabulary

FOLDS = 5


@dataclass(frozen=True)
class OutOfFold:
    """Result of a cross-validation over the training stories.

    ``calibration`` rests on each story's score by the network that did not learn from it; ``epochs`` holds for each fold
    the number of epochs that was best for its held-out stories.
    """

    calibration: StoryCalibration
    epochs: list[int]


def story_figures(
    steps: Steps, scores: StepScores, others: int, cut_after: npt.NDArray[np.int64] | None = None
) -> StoryFigures:
    """Sum up step scores (of ``encode_stories``) by story; a story without a step to judge has 0.

    Args:
        cut_after: (stories,) look only at so many events of each, as if the recording had stopped there.
    """
    count = len(steps.starts) - 1
    if not count:
        nothing = np.zeros(0, dtype=np.float32)
        return StoryFigures(nothing, nothing, nothing, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_))
    judged = steps.target >= 0
    timed = steps.wait >= 0
    open_ = ~judged[steps.starts[1:] - 1]
    if cut_after is not None:
        within = np.arange(steps.count) - np.repeat(steps.starts[:-1], np.diff(steps.starts))
        seen = within < np.repeat(cut_after, np.diff(steps.starts))
        judged, timed, open_ = judged & seen, timed & seen, np.ones(count, dtype=np.bool_)
    surprise = np.where(judged, shared_surprise(steps, scores, others), np.float32(0.0)).astype(np.float64)
    waited = np.zeros(steps.count) if scores.waited is None else np.where(timed, scores.waited, 0.0).astype(np.float64)
    total = np.add.reduceat(surprise, steps.starts[:-1])
    number = np.add.reduceat(judged.astype(np.int64), steps.starts[:-1])
    waits = np.add.reduceat(timed.astype(np.int64), steps.starts[:-1])
    longest = np.maximum.reduceat(waited, steps.starts[:-1])
    # The longest of n normal waits is above a share q of its distribution with probability 1 - q ** n.
    chance = -np.expm1(waits * np.log(np.clip(longest, 1e-12, 1.0 - 1e-7)))
    late = np.where(waits > 0, -np.log(np.maximum(chance, 1e-12)), 0.0)
    mean = total / np.maximum(number, 1)
    return StoryFigures(
        mean.astype(np.float32), total.astype(np.float32), late.astype(np.float32), number.astype(np.int64), open_
    )


def held_out_figures(steps: Steps, scores: StepScores, others: int, random: np.random.Generator) -> list[StoryFigures]:
    """Figures of held-out stories: first of the whole ones, then of a beginning of each, of random length."""
    cut_after = random.integers(1, np.maximum(np.diff(steps.starts) - 1, 1) + 1)
    return [story_figures(steps, scores, others), story_figures(steps, scores, others, cut_after)]


def select(stories: Stories, chosen: npt.NDArray[np.bool_]) -> Stories:
    """Only the chosen stories, in the same order."""
    lengths = np.diff(stories.offsets)
    numbers = np.flatnonzero(chosen).tolist()
    return Stories(
        rows=stories.rows[np.repeat(chosen, lengths)],
        offsets=np.append(0, np.cumsum(lengths[chosen])).astype(np.int64),
        ended=stories.ended[chosen],
        kind=[stories.kind[number] for number in numbers],
        names=[stories.names[number] for number in numbers],
    )


def learn_alone(
    events: pl.DataFrame,
    stories: Stories,
    held: Stories | None,
    config: TrainingConfig,
) -> tuple[Any, Vocabulary, list[dict[str, float]]]:
    """Train a network on stories alone; ``held`` ones choose the best epoch, else all epochs of ``config`` are run.

    Returns the Keras model, its vocabulary and one dictionary an epoch (``fitting.fit``).
    """
    from openstack_rca.model import fitting, network

    vocabulary = Vocabulary.learn(events[stories.rows], config.vocabulary_size, stories.kind)
    model, training_model = network.build(vocabulary, config)
    parts = stories if held is None else concatenated(stories, held)
    steps = encode_stories(events, parts, vocabulary)
    of_held = np.repeat(np.arange(len(parts.names)) >= len(stories.names), np.diff(steps.starts))
    learn = fitting.Lessons(((steps.target >= 0) & ~of_held).astype(np.float32))
    validate = None if held is None else fitting.Lessons(((steps.target >= 0) & of_held).astype(np.float32))
    history = fitting.fit(training_model, steps, learn, validate, config, None)
    return model, vocabulary, history


def concatenated(first: Stories, second: Stories) -> Stories:
    """The stories of both, over the same events."""
    return Stories(
        rows=np.concatenate([first.rows, second.rows]),
        offsets=np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]]),
        ended=np.concatenate([first.ended, second.ended]),
        kind=[*first.kind, *second.kind],
        names=[*first.names, *second.names],
    )


def out_of_fold(events: pl.DataFrame, stories: Stories, config: TrainingConfig) -> OutOfFold:
    """Cross-validate over ``FOLDS`` folds of the stories; each fold's vocabulary is learned without its held-out stories."""
    from openstack_rca.model import network

    count = len(stories.names)
    random = np.random.default_rng([config.seed, FOLDS])
    fold = random.permutation(np.arange(count) % FOLDS)
    found: list[StoryFigures] = []
    kinds: list[str] = []
    epochs = []
    for number in range(min(FOLDS, count)):
        held = select(stories, fold == number)
        rest = select(stories, fold != number)
        model, vocabulary, history = learn_alone(
            events, rest, held, dataclasses.replace(config, seed=config.seed + number)
        )
        steps = encode_stories(events, held, vocabulary)
        scores = Forward(network.weights_of(model)).score(steps)
        found += held_out_figures(steps, scores, vocabulary.others, random)
        kinds += [*held.kind, *held.kind]
        epochs.append(1 + int(np.argmin([epoch["val_loss"] for epoch in history])))
    return OutOfFold(StoryCalibration.learn(StoryFigures.together(found), kinds), epochs)
