"""Steps that the network expects of a request, and what became of them.

Where the network is sure what comes next, that is a step to wait for, within a time that it has learnt too. It says the same
as a follow rule does and in the same form (``step_tables.STEP_SCHEMA``), but it has read the whole request so far, not one line
of it: that a request was refused, and so will not go on, is something it has seen in normal logs.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from openstack_rca.model.scoring import Forward
from openstack_rca.model.sequences import encode_stories, wait_buckets
from openstack_rca.model.step_tables import QUIET_LEVELS, SKEW_SECONDS, STATE, STEP_SCHEMA, USUAL
from openstack_rca.model.stories import PAUSE_SECONDS, REQUEST, Stories
from openstack_rca.model.story_learning import select
from openstack_rca.model.vocabulary import Vocabulary

SURE = 0.9
"""The network expects what it gives at least this probability."""

OWN_SHARE = 0.9
"""A template tells its service if that service logs so much of it."""

_SEVERITY = {"came": 0, "late": 1, "missing": 2}


def network_steps(
    forward: Forward,
    vocabulary: Vocabulary,
    templates: pl.DataFrame,
    events: pl.DataFrame,
    stories: Stories,
    names: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The steps that the network expects of the requests in a recording; see ``step_tables.STEP_SCHEMA``.

    A step has come when the expected service logs anything for the request: what it says is another matter. Of the steps
    that one request expects of one service a single one is told, the one that fared worst. A step is not judged where the
    recording ends before nine of ten normal ones have come.

    Args:
        forward, vocabulary: of a network that knows stories.
        templates: which service logs which template: ``template_id``, ``service``, ``template`` and ``count``, as of
            ``template_owners`` or of a baseline.
        events: the events table in order of time.
        stories: told of the same frame.
        names: maps services with other names elsewhere to one common name; others keep theirs.
    """
    request = np.asarray([kind == REQUEST for kind in stories.kind], dtype=np.bool_)
    if not request.any():
        return pl.DataFrame(schema=STEP_SCHEMA)
    numbers = np.flatnonzero(request)
    stories = select(stories, request)
    named = dict(names or {})
    facts = events.select(
        (pl.col("time").dt.epoch("us") / 1e6).alias("seconds"),
        pl.col("service").fill_null("").replace(named),
        "template",
        pl.col("level").is_in(QUIET_LEVELS).alias("quiet"),
    ).with_row_index("row")
    facts = facts.with_columns(pl.col("row").cast(pl.Int64), _recording_end())
    told = pl.DataFrame({"story": stories.story_of_row(), "row": stories.rows}).join(
        facts, on="row", how="left", maintain_order="left"
    )
    expected = _expectations(forward, vocabulary, templates, events, stories, named)
    expected = expected.join(facts, on="row", how="left", maintain_order="left").filter("quiet").drop_nulls("seconds")
    of_story = pl.DataFrame(
        {
            "story": np.arange(len(stories)),
            "name": pl.Series(list(stories.names), dtype=pl.String),
            "number": numbers,
        }
    )
    judged = _judged(expected, told).join(of_story, on="story", how="left", maintain_order="left")
    return judged.with_columns(story="number").select(pl.col(name).cast(kind) for name, kind in STEP_SCHEMA.items())


def template_owners(events: pl.DataFrame) -> pl.DataFrame:
    """How often each service logs each template: ``template_id``, ``service``, ``template``, ``count``."""
    return events.group_by("template_id", pl.col("service").fill_null("")).agg(
        pl.col("template").first(), pl.len().alias("count")
    )


def _recording_end() -> pl.Expr:
    """Time of the last event of the recording that an event belongs to, in seconds."""
    recording = ((pl.col("seconds") - pl.col("seconds").shift(1)) > PAUSE_SECONDS).fill_null(value=False).cum_sum()
    return pl.col("seconds").max().over(recording).alias("end")


def _expectations(
    forward: Forward,
    vocabulary: Vocabulary,
    templates: pl.DataFrame,
    events: pl.DataFrame,
    stories: Stories,
    named: Mapping[str, str],
) -> pl.DataFrame:
    """One row a place at which the network is sure of what comes next: story, row, follower, its template and waits.

    ``lasted`` is the share of normal waits that are shorter than what the recording holds after a story's last event.
    """
    steps = encode_stories(events, stories, vocabulary)
    seconds = events["time"].dt.epoch("us").cast(pl.Float64) / 1e6
    ends = pl.DataFrame({"seconds": seconds}).select(_recording_end())["end"]
    last = steps.starts[1:] - 1
    last_rows = stories.rows[stories.offsets[1:] - 1]
    wait = steps.wait.copy()
    # How long the recording lasts after a story's last event stands in for the wait that it does not show.
    wait[last] = wait_buckets((ends - seconds).to_numpy()[last_rows])
    scores = forward.score(replace(steps, wait=wait))
    assert scores.waited is not None and scores.usual_wait is not None and scores.longest_wait is not None
    story = np.repeat(np.arange(len(stories)), np.diff(steps.starts))
    known = (scores.predicted > 0) & (scores.predicted < vocabulary.end_class)
    at = np.flatnonzero((steps.event >= 0) & (scores.certainty >= SURE) & known)
    ids = pl.Series(vocabulary.template_ids, dtype=pl.UInt64)
    return (
        pl.DataFrame(
            {
                "story": story[at],
                "row": steps.event[at].astype(np.int64),
                "template_id": ids.gather(scores.predicted[at] - 1),
                "median_seconds": scores.usual_wait[at].astype(np.float64),
                "within_seconds": scores.longest_wait[at].astype(np.float64) + SKEW_SECONDS,
                "lasted": np.where(np.isin(at, last), np.nan_to_num(scores.waited[at]), 0.0),
            }
        )
        .join(_owners(templates, named), on="template_id", how="inner", maintain_order="left")
        .drop("template_id")
    )


def _owners(templates: pl.DataFrame, named: Mapping[str, str]) -> pl.DataFrame:
    """(template_id, follower, follower_template): whose line a template is, where it is not several services' own."""
    counted = templates.group_by("template_id", pl.col("service").replace(dict(named))).agg(
        pl.col("count").sum(), pl.col("template").first()
    )
    share = pl.col("count") / pl.col("count").sum().over("template_id")
    return counted.filter(share >= OWN_SHARE).select(
        "template_id", pl.col("service").alias("follower"), pl.col("template").alias("follower_template")
    )


def _judged(expected: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """What became of each expected step, the worst one of each story and follower."""
    due = pl.col("seconds") + pl.col("within_seconds")
    expected = expected.with_row_index("place").with_columns(due.alias("due"))
    came = pl.concat([_came_elsewhere(expected, told), _came_here(expected, told)])
    over = pl.col("due") <= pl.col("end")
    judged = (
        expected.join(came, on="place", how="left", maintain_order="left")
        .with_columns((pl.col("came") - pl.col("seconds")).alias("wait_seconds"))
        .with_columns(STATE, pl.when(over).then(0.0).otherwise(1.0 - USUAL).alias("unsure"))
        .filter((pl.col("state") != "missing") | over | (pl.col("lasted") >= USUAL))
        .sort("due")
        .join_asof(
            told.select("story", last="seconds", last_row="row").sort("last"),
            left_on="due",
            right_on="last",
            by="story",
            strategy="backward",
            check_sortedness=False,
        )
    )
    moment = pl.from_epoch((pl.col("seconds") * 1e6).round().cast(pl.Int64), time_unit="us")
    return (
        judged.with_columns(
            pl.col("state").replace_strict(_SEVERITY, return_dtype=pl.Int8).alias("severity"),
            moment.dt.replace_time_zone("UTC").alias("time"),
        )
        .sort("severity", "row")
        .unique(["story", "follower"], keep="last", maintain_order=True)
        .sort("row")
    )


def _came_elsewhere(expected: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """(place, came, came_row) of steps expected of another service: by the clock, since clocks of two hosts differ."""
    waiting = expected.filter(pl.col("service") != pl.col("follower")).select(
        "place", "story", "follower", (pl.col("seconds") - SKEW_SECONDS).alias("at")
    )
    return _first_after(waiting, told.with_columns(pl.col("seconds").alias("at")))


def _came_here(expected: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """(place, came, came_row) of steps expected of the same service: its lines are in order."""
    waiting = expected.filter(pl.col("service") == pl.col("follower")).select(
        "place", "story", "follower", (pl.col("row") + 1).alias("at")
    )
    return _first_after(waiting, told.with_columns(pl.col("row").alias("at")))


def _first_after(waiting: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    followers = told.select("story", pl.col("service").alias("follower"), "at", came="seconds", came_row="row").sort(
        "at"
    )
    return (
        waiting.sort("at")
        .join_asof(followers, on="at", by=["story", "follower"], strategy="forward", check_sortedness=False)
        .drop_nulls("came_row")
        .select("place", "came", "came_row")
    )
