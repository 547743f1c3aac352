"""Questions to logs that are read and scored: tables, counts over time, templates, the path of a request, neighbouring lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from openstack_rca.errors import EmptyWindow
from openstack_rca.logs.durations import ROUND_SECONDS
from openstack_rca.rca.report import failed_journeys
from openstack_rca.service.analysis import Prepared

MOST_BUCKETS, MOST_REQUESTS = 120, 50
REQUEST_MARGIN = timedelta(minutes=1)
TABLE_COLUMNS = ("time", "host", "service", "level", "message", "score", "request_id", "file", "line")


SEARCHED_COLUMNS = (
    "message",
    "exception",
    "detail",
    "logger",
    "request_id",
    "global_request_id",
    "project_id",
    "user_id",
    "instance_id",
)
"""Where a search for words or an id looks."""


@dataclass(frozen=True)
class EventFilter:
    """What a table of events is narrowed to; an empty choice narrows nothing.

    Attributes:
        since, until: UTC, both included.
        hosts: any of these, whatever their case.
        services, levels: any of these.
        request: part of a request id or global request id.
        template: part of a template's text, whatever its case.
        text: words that the event holds anywhere, whatever their case: message, exception, traceback, logger, any id.
        file: name of the file that it is from.
        least_score: in [0, 1]; above 0, events without a score are left out.
    """

    since: datetime | None = None
    until: datetime | None = None
    hosts: Sequence[str] = ()
    services: Sequence[str] = ()
    levels: Sequence[str] = ()
    request: str = ""
    template: str = ""
    least_score: float = 0.0
    text: str = ""
    file: str = ""


@dataclass(frozen=True)
class Choices:
    """What the filters of a table can choose from; ``first`` and ``last`` are None where no event has a time.

    ``scored`` says whether a model gave the events a score.
    """

    hosts: list[str]
    services: list[str]
    levels: list[str]
    first: datetime | None
    last: datetime | None
    scored: bool


def scored_events(prepared: Prepared) -> pl.DataFrame:
    """The events with ``score`` and ``unseen`` beside them; both null without a model."""
    events = prepared.read.events
    if prepared.scores is None:
        return events.with_columns(score=pl.lit(None, dtype=pl.Float32), unseen=pl.lit(None, dtype=pl.Boolean))
    return events.hstack(prepared.scores.select("score", "unseen"))


def choices(prepared: Prepared) -> Choices:
    """Hosts, services and levels that occur, and the time that is covered."""
    events = prepared.read.events
    first, last = events["time"].min(), events["time"].max()
    present = set(events["level"].cast(pl.String).unique().to_list())
    return Choices(
        hosts=sorted(events["host"].drop_nulls().unique().to_list()),
        services=sorted(events["service"].drop_nulls().unique().to_list()),
        levels=[level for level in events.schema["level"].categories if level in present],  # type: ignore[attr-defined]
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        scored=prepared.scores is not None,
    )


def filter_events(events: pl.DataFrame, wanted: EventFilter) -> pl.DataFrame:
    """The rows of ``scored_events`` that pass, in their order."""
    conditions: list[pl.Expr] = []
    if wanted.since is not None:
        conditions.append(pl.col("time") >= wanted.since)
    if wanted.until is not None:
        conditions.append(pl.col("time") <= wanted.until)
    if wanted.hosts:
        conditions.append(pl.col("host").str.to_lowercase().is_in([host.lower() for host in wanted.hosts]))
    for column, chosen in (("service", wanted.services), ("level", wanted.levels)):
        if chosen:
            conditions.append(pl.col(column).cast(pl.String).is_in(list(chosen)))
    if wanted.request.strip():
        part = wanted.request.strip()
        conditions.append(
            pl.col("request_id").str.contains(part, literal=True).fill_null(False)
            | pl.col("global_request_id").str.contains(part, literal=True).fill_null(False)
        )
    if wanted.template.strip():
        conditions.append(
            pl.col("template").str.to_lowercase().str.contains(wanted.template.strip().lower(), literal=True)
        )
    if wanted.text.strip():
        part = wanted.text.strip().lower()
        conditions.append(
            pl.any_horizontal(
                pl.col(name).str.to_lowercase().str.contains(part, literal=True).fill_null(False)
                for name in SEARCHED_COLUMNS
            )
        )
    if wanted.file:
        conditions.append(pl.col("file") == wanted.file)
    if wanted.least_score > 0:
        conditions.append(pl.col("score").fill_null(-1.0) >= wanted.least_score)
    return events.filter(*conditions) if conditions else events


def bucket_seconds(first: datetime | None, last: datetime | None) -> int:
    """A round number of seconds for one column of a plot over this time, so that it has at most ``MOST_BUCKETS`` columns."""
    seconds = (last - first).total_seconds() if first and last else 0.0
    return next((width for width in ROUND_SECONDS if seconds / width <= MOST_BUCKETS), ROUND_SECONDS[-1])


def counts(events: pl.DataFrame, by: str, seconds: int = 60) -> pl.DataFrame:
    """Events with a time, counted per ``seconds`` and value of ``by`` (level, service or host): columns time, ``by``, events."""
    return (
        events.filter(pl.col("time").is_not_null())
        .with_columns(pl.col("time").dt.truncate(f"{seconds}s"), pl.col(by).cast(pl.String).fill_null("unknown"))
        .group_by("time", by)
        .agg(events=pl.len())
        .sort("time", by)
    )


def templates(prepared: Prepared, events: pl.DataFrame) -> pl.DataFrame:
    """The templates of these ``scored_events`` beside their rates in the baseline, those that grew most first.

    Returns template, service, level, events, per_minute (over the time that these events cover), baseline_per_minute (0 for a
    template that training never saw, null without a model), score (mean), first (UTC), template_id.
    """
    times = events["time"].drop_nulls()
    first, last = times.min(), times.max()
    minutes = 1.0
    if isinstance(first, datetime) and isinstance(last, datetime):
        minutes = max((last - first).total_seconds() / 60.0, 1.0)
    found = events.group_by("template_id", pl.col("service").fill_null("")).agg(
        pl.col("template").first(),
        pl.col("level").max().cast(pl.String),
        events=pl.len(),
        score=pl.col("score").mean(),
        first=pl.col("time").min(),
    )
    found = found.with_columns(per_minute=pl.col("events") / minutes)
    file = prepared.model.file
    if file is None:
        found = found.with_columns(baseline_per_minute=pl.lit(None, dtype=pl.Float64))
    else:
        normal = file.baseline.templates.select("template_id", "service", baseline_per_minute="per_minute")
        found = found.join(normal, on=["template_id", "service"], how="left").with_columns(
            pl.col("baseline_per_minute").fill_null(0.0)
        )
    growth = pl.col("per_minute") - pl.col("baseline_per_minute").fill_null(0.0)
    columns = ("template", "service", "level", "events", "per_minute", "baseline_per_minute", "score", "first")
    return found.sort(growth, "template", "service", descending=[True, False, False]).select(*columns, "template_id")


def request_events(prepared: Prepared, request_id: str) -> pl.DataFrame:
    """The path of a request: its events in every service, by request id or global request id, in time order."""
    wanted = request_id.strip()
    events = scored_events(prepared)
    own = (pl.col("request_id") == wanted) | (pl.col("global_request_id") == wanted)
    return events.filter(own.fill_null(False))


def failed_request_ids(events: pl.DataFrame) -> list[str]:
    """At most ``MOST_REQUESTS`` ids of requests (global ids if known) with an error, those in the most services first."""
    journeys = events.with_columns(journey=pl.coalesce("global_request_id", "request_id"))
    return failed_journeys(journeys.filter(pl.col("journey").is_not_null()), "service")[:MOST_REQUESTS]


def request_window(prepared: Prepared, request_id: str) -> tuple[datetime, datetime]:
    """The time of a request, a minute wider on both sides. Raises EmptyWindow: no event with a time carries this id."""
    times = request_events(prepared, request_id)["time"].drop_nulls()
    first, last = times.min(), times.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise EmptyWindow(
            f"No event carries the request id {request_id.strip()[:80]}.",
            "Copy it from a log line, beginning with req-; Explore lists the requests that failed.",
        )
    return first.astimezone(UTC) - REQUEST_MARGIN, last.astimezone(UTC) + REQUEST_MARGIN


def neighbours(prepared: Prepared, file: str, line: int, around: int = 5) -> pl.DataFrame:
    """The event at a line of a file, and ``around`` events before and after it there: columns of the events table."""
    events = prepared.read.events.filter(pl.col("file") == file).sort("line")
    before = events.filter(pl.col("line") <= line).tail(around + 1)
    return pl.concat([before, events.filter(pl.col("line") > line).head(around)])
