"""Scores of stories: how surprising each is as a whole and at each step, where it stands and what should come next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from openstack_rca.errors import ModelFormatUnsupported
from openstack_rca.model.calibration import StoryCalibration
from openstack_rca.model.model_file import ModelFile
from openstack_rca.model.scoring import EXPECTED_STEPS, StepScores, shared_surprise
from openstack_rca.model.sequences import Steps, encode_stories
from openstack_rca.model.stories import Stories
from openstack_rca.model.story_learning import story_figures
from openstack_rca.model.vocabulary import Vocabulary


@dataclass(frozen=True)
class StoryScores:
    """A model's scores of stories, as two tables.

    Attributes:
        stories: one row a story, in the order of the stories:

            - ``story`` (Int64): its place in ``Stories``; ``name``, ``kind`` (String), ``ended`` (Boolean).
            - ``mean_surprise``, ``sum_surprise`` (Float32, nats): of its steps, and of END where it ended.
            - ``score`` (Float64 in [0, 1]): calibrated on held-out stories; 0.999: one normal story in a thousand
              scores so high. The highest of the mean's, the sum's and the waits', paid for having three tries.
            - ``late_score`` (Float64 in [0, 1]): the same of the waits alone.
            - ``end_surprise`` (Float32, nats): how little the end was expected where the story stands; of a story that
              was cut off, too.
            - ``first_row``, ``last_row`` (Int64): rows of its first and last event in the frame.
            - ``expected_next`` (List(Struct)): what should come after the last event, most likely first, at most
              ``EXPECTED_STEPS``: ``template_id`` (UInt64; null: the end of the story, or something rare), ``service``
              (String; null likewise; the service that logs this template most), ``template`` (String), ``end``
              (Boolean), ``probability`` (Float32).
            - ``wait_p99`` (Float32, seconds): within which 99 of 100 next steps come from there.
            - ``open_seconds`` (Float64): from its last event to the last event of the frame; null without times.
        positions: one row an event of a story, and one more (``row`` null) for the end of each that ended: ``story``,
            ``row`` (Int64), ``surprise`` (Float32, nats), ``wait_seconds`` (Float64, since the event before; null at
            the first), ``wait_p99`` (Float32: within which it should have come), ``late`` (Boolean, the wait is beyond
            the 99th percentile of its own distribution).
    """

    stories: pl.DataFrame
    positions: pl.DataFrame


def story_scores(model: ModelFile, events: pl.DataFrame, stories: Stories) -> StoryScores:
    """Score stories of events in time order; each is read once, those that begin alike only once as far as they do.

    Raises ModelFormatUnsupported: the model knows no stories.
    """
    calibration = model.story_calibration
    if calibration is None:
        raise ModelFormatUnsupported(
            f"The model file {model.path} knows no stories: it was trained by an older release, or on too few.",
            "Train a new version on a longer recording; events are scored all the same.",
        )
    steps = encode_stories(events, stories, model.vocabulary)
    last = steps.starts[1:] - 1
    scores = model.forward.score(steps, ask=last)
    whole = whole_stories(steps, scores, model.vocabulary, calibration, list(stories.kind))
    moments = _moments(events)[stories.rows[stories.offsets[1:] - 1]]
    ends = _moments(events).max(initial=-np.inf, where=~np.isnan(_moments(events)))
    table = pl.DataFrame(
        {
            "story": np.arange(len(stories.names)),
            "name": pl.Series(list(stories.names), dtype=pl.String),
            "kind": pl.Series(list(stories.kind), dtype=pl.String),
            "ended": stories.ended,
            **{name: whole[name] for name in whole.columns},
            "end_surprise": -np.log(np.maximum(scores.expected_end, 1e-30)),
            "first_row": stories.rows[stories.offsets[:-1]],
            "last_row": stories.rows[stories.offsets[1:] - 1],
            "expected_next": _expected(model, scores),
            "wait_p99": scores.longest_wait[last] if scores.longest_wait is not None else None,
            "open_seconds": (ends - moments) / 1e6,
        }
    ).with_columns(pl.col("open_seconds").fill_nan(None))
    return StoryScores(table, _positions(events, stories, steps, scores, model.vocabulary))


def whole_stories(
    steps: Steps, scores: StepScores, vocabulary: Vocabulary, calibration: StoryCalibration, kinds: Sequence[str]
) -> pl.DataFrame:
    """(stories,) ``mean_surprise``, ``sum_surprise``, ``score`` and ``late_score``; see ``StoryScores``."""
    figures = story_figures(steps, scores, vocabulary.others)
    score, late = calibration.score(figures, kinds)
    return pl.DataFrame(
        {"mean_surprise": figures.mean, "sum_surprise": figures.total, "score": score, "late_score": late}
    )


def _moments(events: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(events,) microseconds, NaN where an event has no time."""
    return events["time"].dt.epoch("us").cast(pl.Float64).to_numpy().astype(np.float64)


def _expected(model: ModelFile, scores: StepScores) -> pl.Series:
    """What should come next, as ``StoryScores`` says."""
    usual = (
        model.baseline.templates.sort("count", descending=True)
        .unique("template_id", keep="first", maintain_order=True)
        .select("template_id", "service", "template")
    )
    ids = model.vocabulary.template_ids
    classes = scores.expected.ravel()
    named = (classes > 0) & (classes <= len(ids))
    template_ids = [ids[number - 1] if known else None for number, known in zip(classes.tolist(), named, strict=True)]
    flat = (
        pl.DataFrame({"template_id": pl.Series(template_ids, dtype=pl.UInt64)})
        .join(usual, on="template_id", how="left", maintain_order="left")
        .with_columns(
            pl.Series("end", classes == model.vocabulary.end_class),
            pl.Series("probability", scores.expected_probability.ravel()),
            pl.Series("story", np.repeat(np.arange(len(scores.expected)), EXPECTED_STEPS)),
        )
        .group_by("story", maintain_order=True)
        .agg(pl.struct("template_id", "service", "template", "end", "probability").alias("expected_next"))
    )
    return flat["expected_next"]


def _positions(
    events: pl.DataFrame, stories: Stories, steps: Steps, scores: StepScores, vocabulary: Vocabulary
) -> pl.DataFrame:
    places = np.flatnonzero(steps.target >= 0)
    of_story = np.repeat(np.arange(len(stories.names)), np.diff(steps.starts))
    end = steps.target[places] == vocabulary.end_class
    rows = np.where(end, -1, steps.target_event[places])
    moments = _moments(events)
    before = steps.event[places]
    known = (before >= 0) & ~end
    waits = np.full(len(places), np.nan)
    waits[known] = np.maximum(moments[rows[known]] - moments[before[known]], 0.0) / 1e6
    longest = np.full(len(places), np.nan) if scores.longest_wait is None else scores.longest_wait[places]
    return (
        pl.DataFrame(
            {
                "story": of_story[places],
                "row": rows.astype(np.int64),
                "surprise": shared_surprise(steps, scores, vocabulary.others)[places],
                "wait_seconds": waits,
                "wait_p99": np.where(known, longest, np.nan).astype(np.float32),
            }
        )
        .with_columns(pl.when(pl.col("row") >= 0).then("row"), pl.col("wait_seconds", "wait_p99").fill_nan(None))
        .with_columns((pl.col("wait_seconds") > pl.col("wait_p99")).fill_null(False).alias("late"))
    )
