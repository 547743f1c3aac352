"""What is normal, counted: how often each template and each service logs, how long a service is silent, what follows what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from openstack_rca.logs.durations import took_seconds
from openstack_rca.logs.event_table import EVENT_SCHEMA
from openstack_rca.model.follow import FollowRules
from openstack_rca.model.rhythm import LEAST_BEATS, learn_periods
from openstack_rca.model.stories import PAUSE_SECONDS, build_stories

TEMPLATE_SCHEMA: dict[str, pl.DataType] = {
    "template_id": pl.UInt64(),
    "service": pl.String(),
    "level": pl.String(),
    "template": pl.String(),
    "count": pl.UInt32(),
    "per_minute": pl.Float64(),
    "busiest_minute": pl.UInt32(),
    "hosts": pl.UInt16(),
    "slowest_seconds": pl.Float64(),
    "period_seconds": pl.Float64(),
}
SERVICE_SCHEMA: dict[str, pl.DataType] = {
    "service": pl.String(),
    "host": pl.String(),
    "events": pl.UInt32(),
    "minutes": pl.Float64(),
    "per_minute": pl.Float64(),
    "longest_gap_seconds": pl.Float64(),
}


@dataclass(frozen=True)
class Baseline:
    """Rates of a normal recording.

    Attributes:
        templates: one row a (template, service), all hosts together. ``per_minute`` over ``minutes``;
            ``busiest_minute`` is the highest count in one clock minute; ``level`` is the highest seen; ``slowest_seconds`` is
            the longest that an access line tells, null where none does; ``period_seconds`` the longest interval of a kind
            that comes steadily, null of any other.
        services: one row a (service, host). ``minutes`` is the length of the recordings in which it logged,
            ``longest_gap_seconds`` the longest silence between two of its events within one recording.
        minutes: length of the recording, without pauses of more than ``PAUSE_SECONDS`` in which nothing was logged.
        first, last: time of the first and the last event, UTC; ``None`` where no event has a time.
        follow: which step of a request follows which; empty in a file that was written before there were stories.
    """

    templates: pl.DataFrame
    services: pl.DataFrame
    minutes: float
    first: datetime | None
    last: datetime | None
    follow: FollowRules = field(default_factory=FollowRules.empty)

    @classmethod
    def learn(cls, events: pl.DataFrame) -> Baseline:
        """Count a recording of normal events in time order."""
        gap = (pl.col("time") - pl.col("time").shift(1)).dt.total_microseconds() / 1e6
        frame = events.select(
            "time",
            pl.col("host").fill_null(""),
            pl.col("service").fill_null(""),
            "level",
            "template_id",
            "template",
            "process",
            _took(events).alias("took"),
            (gap > PAUSE_SECONDS).fill_null(False).cum_sum().alias("recording"),
        )
        recordings = frame.group_by("recording").agg(
            ((pl.col("time").max() - pl.col("time").min()).dt.total_microseconds() / 60e6)
            .fill_null(0.0)
            .alias("recording_minutes")
        )
        # One event alone lasts no time; a second keeps rates finite.
        minutes = max(float(recordings["recording_minutes"].sum()), 1.0 / 60.0)
        return cls(
            templates=_count_templates(frame, minutes),
            services=_count_services(frame, recordings),
            minutes=minutes,
            first=_moment(frame["time"].min()),
            last=_moment(frame["time"].max()),
            follow=FollowRules.learn(events, build_stories(events, objects=False)),
        )

    def merged(self, other: Baseline) -> Baseline:
        """What both recordings hold: counts added, rates over the minutes of both; the follow rules of the later one."""
        key = ["template_id", "service"]
        minutes = self.minutes + other.minutes
        templates = (
            pl.concat([self.templates, other.templates])
            .group_by(key)
            .agg(
                pl.col("level").cast(EVENT_SCHEMA["level"]).max().cast(pl.String),
                pl.col("template").last(),
                pl.col("count").sum(),
                pl.col("busiest_minute", "hosts", "slowest_seconds").max(),
                # Where a kind came often and without a rhythm it has none.
                pl.when((pl.col("period_seconds").is_not_null() | (pl.col("count") < LEAST_BEATS)).all()).then(
                    pl.col("period_seconds").max()
                ),
            )
            .with_columns((pl.col("count") / minutes).alias("per_minute"))
            .sort("count", "service", "template_id", descending=[True, False, False])
            .select(pl.col(name).cast(kind) for name, kind in TEMPLATE_SCHEMA.items())
        )
        services = (
            pl.concat([self.services, other.services])
            .group_by("service", "host")
            .agg(pl.col("events", "minutes").sum(), pl.col("longest_gap_seconds").max())
            .with_columns((pl.col("events") / pl.col("minutes")).alias("per_minute"))
            .sort("service", "host")
            .select(pl.col(name).cast(kind) for name, kind in SERVICE_SCHEMA.items())
        )
        starts = [moment for moment in (self.first, other.first) if moment is not None]
        ends = [moment for moment in (self.last, other.last) if moment is not None]
        return Baseline(
            templates=templates,
            services=services,
            minutes=minutes,
            first=min(starts, default=None),
            last=max(ends, default=None),
            follow=other.follow if other.follow.rules.height else self.follow,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form, tables column by column."""
        templates = self.templates.with_columns(pl.col("template_id").cast(pl.String))
        return {
            "templates": templates.to_dict(as_series=False),
            "services": self.services.to_dict(as_series=False),
            "minutes": self.minutes,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "follow": self.follow.as_dict(),
        }

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Baseline:
        """Read what ``as_dict`` wrote; KeyError, TypeError, ValueError, PolarsError: it is not of that form."""
        columns = dict(facts["templates"])
        columns["template_id"] = [int(number) for number in columns["template_id"]]
        # An older file knows no durations, nor rhythms.
        for later in ("slowest_seconds", "period_seconds"):
            columns.setdefault(later, [None] * len(columns["template_id"]))
        return cls(
            templates=pl.DataFrame({name: columns[name] for name in TEMPLATE_SCHEMA}, schema=TEMPLATE_SCHEMA),
            services=pl.DataFrame({name: facts["services"][name] for name in SERVICE_SCHEMA}, schema=SERVICE_SCHEMA),
            minutes=float(facts["minutes"]),
            first=datetime.fromisoformat(facts["first"]) if facts["first"] else None,
            last=datetime.fromisoformat(facts["last"]) if facts["last"] else None,
            follow=FollowRules.from_dict(facts["follow"]) if "follow" in facts else FollowRules.empty(),
        )


def _took(events: pl.DataFrame) -> pl.Expr:
    """How long an answer took: told beside events that are without their words, else by these."""
    if "took" in events.columns:
        return pl.col("took")
    return took_seconds(pl.col("message")) if "message" in events.columns else pl.lit(None, pl.Float64)


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def busiest_minutes(events: pl.DataFrame) -> pl.DataFrame:
    """The highest count of each kind of event in one clock minute: ``template_id``, ``service``, ``busiest_minute``."""
    key = ["template_id", "service"]
    return (
        events.group_by(
            "template_id", pl.col("service").fill_null(""), pl.col("time").dt.truncate("1m").alias("minute")
        )
        .agg(pl.len().alias("busiest_minute"))
        .group_by(key)
        .agg(pl.col("busiest_minute").max())
    )


def _count_templates(frame: pl.DataFrame, minutes: float) -> pl.DataFrame:
    key = ["template_id", "service"]
    return (
        frame.group_by(key)
        .agg(
            pl.col("level").max().cast(pl.String),
            pl.col("template").first(),
            pl.len().alias("count"),
            pl.col("host").n_unique().alias("hosts"),
            pl.col("took").max().alias("slowest_seconds"),
        )
        .join(busiest_minutes(frame), on=key)
        .join(learn_periods(frame), on=key, how="left")
        .with_columns((pl.col("count") / minutes).alias("per_minute"))
        .sort("count", "service", "template_id", descending=[True, False, False])
        .select(pl.col(name).cast(kind) for name, kind in TEMPLATE_SCHEMA.items())
    )


def _count_services(frame: pl.DataFrame, recordings: pl.DataFrame) -> pl.DataFrame:
    key = ["service", "host"]
    by_recording = (
        frame.group_by(*key, "recording")
        .agg(
            pl.len().alias("events"),
            (pl.col("time").sort().diff().dt.total_microseconds() / 1e6).max().alias("longest_gap_seconds"),
        )
        .join(recordings, on="recording")
    )
    return (
        by_recording.group_by(key)
        .agg(
            pl.col("events").sum(),
            pl.col("recording_minutes").sum().clip(lower_bound=1.0 / 60.0).alias("minutes"),
            pl.col("longest_gap_seconds").max().fill_null(0.0),
        )
        .with_columns((pl.col("events") / pl.col("minutes")).alias("per_minute"))
        .sort(key)
        .select(pl.col(name).cast(kind) for name, kind in SERVICE_SCHEMA.items())
    )
