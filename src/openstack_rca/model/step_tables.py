"""The form of rules of what follows what in normal stories, and of the steps that they expect."""

import polars as pl

LEAST_SHARE = 0.97
"""A rule holds in at least this share of the normal stories that its first event stands in."""

USUAL = 0.9
"""So many of the normal steps have come when a step that the recording's end cuts off is judged at all."""

LEAST_STORIES = 10
"""What was seen in fewer stories is not a rule yet."""

HORIZON_SECONDS = 60.0
"""What comes later than this is no longer the next step."""

SKEW_SECONDS = 1.0
"""Clocks of two hosts, and stamps of whole seconds, may put the follower before what it follows by so much."""

FOLDS = 3

RULE_SCHEMA: dict[str, pl.DataType] = {
    "service": pl.String(),
    "template_id": pl.UInt64(),
    "template": pl.String(),
    "follower": pl.String(),
    "follower_template": pl.String(),
    "stories": pl.UInt32(),
    "followed": pl.UInt32(),
    "median_seconds": pl.Float64(),
    "usual_seconds": pl.Float64(),
    "within_seconds": pl.Float64(),
    "alone": pl.Boolean(),
}
"""One row a (service, template, follower): nine of ten followers came within ``usual_seconds``, and what comes after
``within_seconds`` is late; ``alone``: a process of the service does one request at a time."""

RATE_SCHEMA: dict[str, pl.DataType] = {
    "follower": pl.String(),
    "expected": pl.UInt32(),
    "missing": pl.UInt32(),
    "late": pl.UInt32(),
    "own": pl.Boolean(),
}
"""One row a follower: steps of normal stories that rules learnt from other stories expected, and how many they missed; ``own``:
within the follower, not of others."""

STEP_SCHEMA: dict[str, pl.DataType] = {
    "story": pl.Int64(),
    "name": pl.String(),
    "row": pl.Int64(),
    "time": pl.Datetime("us", "UTC"),
    "service": pl.String(),
    "template": pl.String(),
    "follower": pl.String(),
    "follower_template": pl.String(),
    "median_seconds": pl.Float64(),
    "within_seconds": pl.Float64(),
    "last_row": pl.Int64(),
    "came_row": pl.Int64(),
    "wait_seconds": pl.Float64(),
    "unsure": pl.Float64(),
    "state": pl.String(),
}
"""One row an expected step: ``row`` is the event that it follows, ``last_row`` the last event that its story has in time for
it, ``came_row`` the one that came, ``state`` what ``STATE`` says. ``unsure`` is the share of normal steps that take longer than
the recording still lasted: 0 where the time was up."""

STATE = (
    pl.when(pl.col("came_row").is_null())
    .then(pl.lit("missing"))
    .when(pl.col("wait_seconds") > pl.col("within_seconds"))
    .then(pl.lit("late"))
    .otherwise(pl.lit("came"))
    .alias("state")
)
"""What became of an expected step, by the row that came and its wait."""

QUIET_LEVELS = ("UNKNOWN", "TRACE", "DEBUG", "INFO", "AUDIT")
"""What a line at one of these levels says is a step of the cloud, not a complaint of it."""
