"""What follows what in the stories of a normal recording, and after how long: the rules that a missing step breaks.

A rule says: a request whose line of service S has template A is taken up by service B, in nearly every normal story and
within a time that was learnt. It is the plainest model of an obligatory event, the rival that the network has to beat,
and it gives each of the two the same form of answer: steps that were expected, and what became of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from openstack_rca.model.own_steps import OF_PROCESSES, learn_own, own_steps, with_processes
from openstack_rca.model.step_tables import (
    FOLDS,
    HORIZON_SECONDS,
    LEAST_SHARE,
    LEAST_STORIES,
    QUIET_LEVELS,
    RATE_SCHEMA,
    RULE_SCHEMA,
    SKEW_SECONDS,
    STATE,
    STEP_SCHEMA,
    USUAL,
)
from openstack_rca.model.stories import PAUSE_SECONDS, REQUEST, Stories

_KIND = ["service", "template_id"]
_LINE = ("template_id", "template", "level")
_WATCHED = pl.col("seconds") + HORIZON_SECONDS <= pl.col("end")
"""The recording lasts long enough to see what follows."""


@dataclass(frozen=True)
class FollowRules:
    """Rules of one cloud.

    ``rules`` and ``rates`` as in ``RULE_SCHEMA`` and ``RATE_SCHEMA``; rates are counted out of fold, so that a normal story was
    never judged by a rule it made.
    """

    rules: pl.DataFrame
    rates: pl.DataFrame

    @classmethod
    def learn(cls, events: pl.DataFrame, stories: Stories, *, rated: bool = True) -> FollowRules:
        """Learn from the events of normal recordings, one or several in order of time, and from their stories.

        Args:
            rated: count rates too, which takes most of the time; without, they are empty.
        """
        told = _in_folds(request_lines(events, stories))
        # A fold at a time, since what is compared takes several times the memory of what comes of it.
        followed = pl.concat([_followed(told.filter(pl.col("fold") == fold)) for fold in range(FOLDS)])
        rules = pl.concat([_rules(told, followed), learn_own(told)])
        if not rated:
            return cls(rules, pl.DataFrame(schema=RATE_SCHEMA))
        parts = []
        for fold in range(FOLDS):
            other, inside = pl.col("fold") != fold, told.filter(pl.col("fold") == fold)
            others = told.filter(other)
            parts += [_expected(inside, _rules(others, followed.filter(other))), own_steps(inside, learn_own(others))]
        steps = pl.concat(parts)
        rates = (
            steps.group_by("follower", own=pl.col("follower") == pl.col("service"))
            .agg(
                pl.len().alias("expected"),
                (pl.col("state") == "missing").sum().alias("missing"),
                (pl.col("state") == "late").sum().alias("late"),
            )
            .sort("follower", "own")
        )
        return cls(rules, rates.select(pl.col(name).cast(kind) for name, kind in RATE_SCHEMA.items()))

    @classmethod
    def empty(cls) -> FollowRules:
        """Rules of a model that knows no stories: nothing is expected."""
        return cls(pl.DataFrame(schema=RULE_SCHEMA), pl.DataFrame(schema=RATE_SCHEMA))

    def steps(self, told: pl.DataFrame, names: Mapping[str, str] | None = None) -> pl.DataFrame:
        """The steps that the rules expect in the requests of a recording, and what became of them; see ``STEP_SCHEMA``.

        A story that expects the same follower after several of its events expects it once, after the last of them. A step
        for which the recording does not last as long as nine of ten normal ones took is not judged.

        Args:
            told: as of ``request_lines``.
            names: maps services with other names elsewhere to one common name, as for ``request_lines``.
        """
        renamed = self.rules.with_columns(pl.col("service", "follower").replace(dict(names or {})))
        rules = (
            renamed.filter(pl.col("service") != pl.col("follower"))
            .sort("followed", descending=True)
            .unique(["service", "template_id", "follower"], keep="first", maintain_order=True)
        )
        return _expected(told, rules)

    def own_steps(self, told: pl.DataFrame, names: Mapping[str, str] | None = None) -> pl.DataFrame:
        """The steps that are expected of each service within itself, and what became of them; as of ``steps``."""
        rules = (
            self.rules.filter(pl.col("service") == pl.col("follower"))
            .with_columns(pl.col("service", "follower").replace(dict(names or {})))
            .sort("followed", descending=True)
            .unique(["service", "template_id"], keep="first", maintain_order=True)
        )
        return own_steps(told, rules)

    def as_dict(self) -> dict[str, Any]:
        """JSON form, tables column by column; ids are text, since JSON's numbers do not hold 64 bits everywhere."""
        rules = self.rules.with_columns(pl.col("template_id").cast(pl.String))
        return {"rules": rules.to_dict(as_series=False), "rates": self.rates.to_dict(as_series=False)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> FollowRules:
        """Read what ``as_dict`` wrote; KeyError, TypeError, ValueError, PolarsError: it is not of that form."""
        columns = dict(facts["rules"])
        columns["template_id"] = [int(number) for number in columns["template_id"]]
        rates = dict(facts["rates"])
        # A file of an older release does not know which services do one request at a time, nor their own steps.
        columns.setdefault("alone", [False] * len(columns["template_id"]))
        rates.setdefault("own", [False] * len(rates["follower"]))
        return cls(
            rules=pl.DataFrame({name: columns[name] for name in RULE_SCHEMA}, schema=RULE_SCHEMA),
            rates=pl.DataFrame({name: rates[name] for name in RATE_SCHEMA}, schema=RATE_SCHEMA),
        )


def request_lines(events: pl.DataFrame, stories: Stories, names: Mapping[str, str] | None = None) -> pl.DataFrame:
    """One row an event of a request's story: story, row, time in seconds, service, template, end of the recording.

    Stories of objects also hold what a client did next of its own will, which no rule can call for. ``names`` maps services
    with other names elsewhere to one common name.
    """
    known = events if "overtaken" in events.columns else with_processes(events.select(*OF_PROCESSES, *_LINE))
    timed = known.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        (pl.col("time").dt.timestamp("us") / 1e6).alias("seconds"),
        pl.col("service").fill_null("").replace(dict(names or {})),
        "template_id",
        "template",
        pl.col("level").is_in(QUIET_LEVELS).alias("quiet"),
        "overtaken",
        "interval",
    )
    recording = ((pl.col("seconds") - pl.col("seconds").shift(1)) > PAUSE_SECONDS).fill_null(False).cum_sum()
    timed = timed.with_columns(pl.col("seconds").max().over(recording).alias("end"))
    kinds = pl.DataFrame({"kind": list(stories.kind), "name": list(stories.names)}, schema=["kind", "name"])
    kinds = kinds.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("story")).cast(
        {"kind": pl.String, "name": pl.String}
    )
    placed = pl.DataFrame({"story": stories.story_of_row(), "row": stories.rows})
    return (
        placed.join(
            kinds.filter(pl.col("kind") == REQUEST).drop("kind"), on="story", how="inner", maintain_order="left"
        )
        .join(timed, on="row", how="left", maintain_order="left")
        .drop_nulls("seconds")
    )


def _in_folds(told: pl.DataFrame) -> pl.DataFrame:
    """The events with a ``fold``, a stretch of time: what befell one is not learnt from its own neighbours."""
    return told.with_columns(
        (pl.col("row").first().over("story").rank("dense") * FOLDS / (pl.col("story").n_unique() + 1))
        .floor()
        .clip(0, FOLDS - 1)
        .cast(pl.Int8)
        .alias("fold")
    )


def _pairs(events: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """One row an event and other service that is told of in its story: story, row, seconds, follower."""
    services = told.select("story", pl.col("service").alias("follower")).unique()
    return (
        events.select("story", "row", "seconds", "service")
        .join(services, on="story", how="inner")
        .filter(pl.col("service") != pl.col("follower"))
    )


def _waits(pairs: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Of those pairs whose follower logs after the event: row, story, follower, when, which and how long after."""
    followers = told.select(
        "story",
        pl.col("service").alias("follower"),
        pl.col("seconds").alias("from"),
        pl.col("row").alias("came_row"),
        pl.col("template").alias("follower_template"),
    ).sort("from")
    return (
        pairs.with_columns((pl.col("seconds") - SKEW_SECONDS).alias("from"))
        .sort("from")
        .join_asof(
            followers.with_columns(pl.col("from").alias("came")),
            on="from",
            by=["story", "follower"],
            strategy="forward",
            check_sortedness=False,
        )
        .drop_nulls("came_row")
        .select(
            "story",
            "row",
            "follower",
            "came_row",
            "follower_template",
            (pl.col("came") - pl.col("seconds")).alias("wait_seconds"),
        )
    )


def _followed(told: pl.DataFrame) -> pl.DataFrame:
    """One row an event and other service that takes its request up in time: fold, service, template_id, follower, which, wait."""
    # A step that only a warning shows may be a step of the log, not of the cloud.
    quiet = told.filter("quiet")
    return (
        _waits(_pairs(quiet.filter(_WATCHED), quiet), quiet)
        .filter(pl.col("wait_seconds") <= HORIZON_SECONDS)
        .join(quiet.select("story", "row", "fold", *_KIND), on=["story", "row"], how="inner")
        .select("fold", *_KIND, "follower", "follower_template", "wait_seconds")
    )


def _rules(told: pl.DataFrame, followed: pl.DataFrame) -> pl.DataFrame:
    """Rules (``RULE_SCHEMA``) between services; ``followed`` as of ``_followed``, of the same stories."""
    seen = (
        told.lazy()
        .filter("quiet", _WATCHED)
        .group_by(_KIND)
        .agg(pl.col("template").first(), pl.len().alias("times"), pl.col("story").n_unique().alias("stories"))
        .collect()
    )
    wait = pl.col("wait_seconds")
    followed = followed.group_by(*_KIND, "follower").agg(
        pl.len().alias("followed"),
        pl.col("follower_template").mode().sort().first(),
        wait.median().alias("median_seconds"),
        wait.quantile(1.0 - USUAL).alias("least_seconds"),
        wait.quantile(USUAL).alias("usual_seconds"),
        # Half as much again as nearly all normal ones took: the few that were seen do not show the slowest.
        (wait.quantile(0.99) * 1.5 + SKEW_SECONDS).alias("within_seconds"),
        pl.lit(value=False).alias("alone"),
    )
    return (
        seen.join(followed, on=_KIND, how="inner")
        .filter(
            pl.col("stories") >= LEAST_STORIES,
            pl.col("followed") >= LEAST_SHARE * pl.col("times"),
            # Two that race each other follow neither the one nor the other.
            pl.col("least_seconds") > 0.0,
        )
        .sort("service", "template_id", "follower")
        .select(pl.col(name).cast(kind) for name, kind in RULE_SCHEMA.items())
    )


def _expected(told: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """The steps that rules expect in told stories; see ``STEP_SCHEMA``."""
    fitting = (
        told.filter("quiet")
        .join(
            rules.select(
                "service",
                "template_id",
                "follower",
                "follower_template",
                "median_seconds",
                "usual_seconds",
                "within_seconds",
            ),
            on=["service", "template_id"],
            how="inner",
        )
        .filter(pl.col("seconds") + pl.col("usual_seconds") + SKEW_SECONDS <= pl.col("end"))
        .with_columns(
            pl.when(pl.col("seconds") + pl.col("within_seconds") <= pl.col("end"))
            .then(0.0)
            .otherwise(1.0 - USUAL)
            .alias("unsure")
        )
        .sort("row")
        .unique(["story", "follower"], keep="last", maintain_order=True)
    )
    came = _waits(fitting.select("story", "row", "seconds", "follower"), told).select(
        "story", "row", "follower", "came_row", "wait_seconds"
    )
    latest = told.select("story", "seconds", pl.col("row").alias("last_row")).sort("seconds")
    fitting = fitting.with_columns((pl.col("seconds") + pl.col("within_seconds")).alias("up")).sort("up")
    fitting = fitting.join_asof(
        latest,
        left_on="up",
        right_on="seconds",
        by="story",
        strategy="backward",
        check_sortedness=False,
        suffix="_last",
    ).sort("row")
    return (
        fitting.join(came, on=["story", "row", "follower"], how="left", maintain_order="left")
        .with_columns(
            STATE,
            pl.from_epoch((pl.col("seconds") * 1e6).round().cast(pl.Int64), time_unit="us")
            .dt.replace_time_zone("UTC")
            .alias("time"),
        )
        .select(pl.col(name).cast(kind) for name, kind in STEP_SCHEMA.items())
    )
