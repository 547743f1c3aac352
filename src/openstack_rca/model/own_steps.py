"""What follows within one service: a request that one of its lines begins is gone on with there, in every normal story.

What a service waits for without a word, a disk, a database or a lock, shows nowhere else.
"""

import polars as pl

from openstack_rca.model.step_tables import (
    HORIZON_SECONDS,
    LEAST_STORIES,
    RULE_SCHEMA,
    SKEW_SECONDS,
    STATE,
    STEP_SCHEMA,
    USUAL,
)

LEAST_SECONDS = 10.0
"""A step within a service that takes less is not late, however fast it normally is: its work differs from request to request."""

SLOWER = 3.0
"""It is late from so many times the longest normal wait on."""

_ANSWERED = r"status: |returned with HTTP|\(HTTP/|\" \d{3} "
"""How an access line tells an answer: what the same caller asks next comes as it likes."""

_KIND = ["service", "template_id"]
_PROCESS = ["host", "service", "process"]

OF_PROCESSES = (*_PROCESS, "time", "global_request_id", "request_id")
"""The columns that ``with_processes`` reads."""


def with_processes(events: pl.DataFrame) -> pl.DataFrame:
    """The events, with what else their processes did.

    Adds ``overtaken``, whether the next line of a request that its process wrote is another request's, and ``interval``, the mean
    seconds between lines of requests of its process. Without a process: false and null.
    """
    key = pl.coalesce("global_request_id", "request_id")
    # Hashes, which hold less memory than names and are compared faster.
    rows = events.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        "time",
        process=pl.when(pl.col("process").is_not_null()).then(pl.struct(_PROCESS).hash()),
        key=pl.when(key.is_not_null()).then(key.hash()),
    )
    told = rows.drop_nulls().sort("process", "row")
    lived = pl.col("time").max() - pl.col("time").min()
    intervals = told.group_by("process").agg(interval=lived.dt.total_seconds(fractional=True) / pl.len())
    other = (pl.col("key").shift(-1) != pl.col("key")) & (pl.col("process").shift(-1) == pl.col("process"))
    told = told.with_columns(overtaken=other).join(intervals, on="process", how="left", maintain_order="left")
    found = rows.select("row").join(
        told.select("row", "overtaken", "interval"), on="row", how="left", maintain_order="left"
    )
    return events.hstack(found.select(pl.col("overtaken").fill_null(value=False), "interval"))


_UNDER_ANOTHER_ID = pl.col("alone") & pl.col("overtaken") & pl.col("came_row").is_null()
"""A process that does one request at a time has gone on to another: what a request does for the first time in a process (ask
for versions, open a connection) may give the rest of its lines an id of its own (oslo.context keeps one a thread)."""


def learn_own(told: pl.DataFrame) -> pl.DataFrame:
    """Rules (``RULE_SCHEMA``) of which the follower is the service itself.

    Args:
        told: one row an event of a normal request's story: ``story``, ``row``, ``seconds``, ``service``, ``template_id``,
            ``template``, ``quiet``, ``overtaken``, ``interval`` and ``end``, the second in which the recording ends.
    """
    linked = _with_next(told.filter("quiet"))
    # Of as many waits in which its process would have written something else, had it been able to, it never did.
    alone = (
        ~(pl.col("overtaken") & pl.col("came_row").is_not_null()).any()
        & ((pl.col("wait_seconds") > pl.col("interval")).sum() >= LEAST_STORIES)
    ).over("service")
    whole = linked.with_columns(alone=alone).filter(
        pl.col("seconds") + HORIZON_SECONDS <= pl.col("end"), ~_UNDER_ANOTHER_ID
    )
    soon = pl.col("wait_seconds") <= HORIZON_SECONDS
    wait = pl.col("wait_seconds").filter(soon)
    return (
        whole.group_by(_KIND)
        .agg(
            pl.col("template").first(),
            pl.len().alias("times"),
            pl.col("story").n_unique().alias("stories"),
            soon.sum().alias("followed"),
            pl.col("follower_template").filter(soon).mode().sort().first(),
            wait.median().alias("median_seconds"),
            wait.quantile(USUAL).alias("usual_seconds"),
            pl.max_horizontal(pl.lit(LEAST_SECONDS), wait.max() * SLOWER).alias("within_seconds"),
            pl.col("alone").first(),
        )
        .filter(
            ~pl.col("template").str.contains(_ANSWERED),
            pl.col("stories") >= LEAST_STORIES,
            # Nothing but the service decides it: what once stayed away may do so again.
            pl.col("followed") == pl.col("times"),
        )
        .with_columns(follower="service")
        .sort(_KIND)
        .select(pl.col(name).cast(kind) for name, kind in RULE_SCHEMA.items())
    )


def own_steps(told: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """The steps (``STEP_SCHEMA``) that such rules expect: of each story and service the worst, or else the last."""
    moment = pl.from_epoch((pl.col("seconds") * 1e6).round().cast(pl.Int64), time_unit="us")
    over = pl.col("seconds") + pl.col("within_seconds") <= pl.col("end")
    return (
        _with_next(told)
        .filter("quiet")
        .drop("follower_template")
        .join(rules.drop("template"), on=_KIND, how="inner")
        .filter(
            ~_UNDER_ANOTHER_ID,
            pl.col("came_row").is_not_null()
            | (pl.col("seconds") + pl.col("usual_seconds") + SKEW_SECONDS <= pl.col("end")),
        )
        .with_columns(
            STATE,
            time=moment.dt.replace_time_zone("UTC"),
            unsure=pl.when(over).then(0.0).otherwise(1.0 - USUAL),
            last_row="row",
        )
        .sort(pl.col("state").replace_strict({"came": 0, "late": 1, "missing": 2}, return_dtype=pl.Int8), "row")
        .unique(["story", "service"], keep="last", maintain_order=True)
        .sort("row")
        .select(pl.col(name).cast(kind) for name, kind in STEP_SCHEMA.items())
    )


def _with_next(told: pl.DataFrame) -> pl.DataFrame:
    """The events with what the same service writes next in the same story, and after how long; null where nothing."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in ("story", "service"))
    following = {
        "came_row": pl.col("row").shift(-1),
        "follower_template": pl.col("template").shift(-1),
        "wait_seconds": (pl.col("seconds").shift(-1) - pl.col("seconds")).clip(0.0),
    }
    return told.sort("story", "service", "row").with_columns(
        pl.when(same).then(value).alias(name) for name, value in following.items()
    )
