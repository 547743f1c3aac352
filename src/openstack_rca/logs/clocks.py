"""Clocks of hosts that disagree: estimated from requests that several hosts logged, and put right."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from openstack_rca.logs.durations import took_seconds
from openstack_rca.logs.event_table import EventTable

LEAST_REQUESTS = 5
_MOST_REQUESTS = 10_000
"""The quarters of so many say how far clocks are apart; of more, those are taken whose hashed ids are the lowest."""
_HIGHEST_ID = 2**64 - 1
_ENOUGH_EVENTS = 1_000_000
"""So many hold enough requests, as a rule."""
BEHIND_SECONDS = 1.0
AHEAD_SECONDS = 5.0
_API_SERVICE = r"-api$|^neutron-server$|^keystone$|^swift-proxy|-api-"
# An access line is written when a request ends and says how long it took.


@dataclass(frozen=True)
class ClockSkew:
    """By how many seconds the clock of ``host`` is ahead of that of ``against`` (negative: behind), found in so many requests."""

    host: str
    against: str
    seconds: float
    requests: int


def estimate_skew(table: EventTable) -> list[ClockSkew]:
    """Hosts whose clock disagrees with that of the host where most requests begin.

    A request begins at an API service; what another host does for it comes later, by a short time as a rule. So where
    three of four requests reach a host before they began, its clock is behind, by about that much; where three of four
    reach it much later, it is ahead. A host must share ``LEAST_REQUESTS`` requests with the one where they begin.

    Returns:
        Hosts with at least ``BEHIND_SECONDS`` or ``AHEAD_SECONDS`` of difference, the largest first.
    """
    known = _shared_requests(table)
    first = known.group_by("request", "host").agg(pl.col("begin").min(), pl.col("is_api").any())
    begun = first.filter("is_api").filter(pl.len().over("request") == 1).select("request", "begin", against="host")
    reached = first.filter(~pl.col("is_api")).rename({"begin": "reached"}).drop("is_api")
    later = (pl.col("reached") - pl.col("begin")).dt.total_microseconds() / 1e6
    pairs = (
        begun.join(reached, on="request")
        .with_columns(later=later)
        .group_by("host", "against")
        .agg(
            pl.len().alias("requests"),
            pl.col("later").quantile(0.25, "nearest").alias("low"),
            pl.col("later").quantile(0.75, "nearest").alias("high"),
        )
        .filter(pl.col("requests") >= LEAST_REQUESTS)
        .sort("requests", "host", descending=[True, False])
        .unique("host", keep="first", maintain_order=True)
        .filter((pl.col("high") < -BEHIND_SECONDS) | (pl.col("low") > AHEAD_SECONDS))
    )
    found = [
        ClockSkew(host, against, round(low, 1), requests)
        for host, against, requests, low in pairs.select("host", "against", "requests", "low").iter_rows()
    ]
    return sorted(found, key=lambda skew: -abs(skew.seconds))


def _shared_requests(table: EventTable) -> pl.DataFrame:
    """When each event of a request that several hosts logged began: ``host``, ``request``, ``is_api``, ``begin``."""
    counted = table.counted
    services = counted["service"].unique().cast(pl.String)
    apis = services.filter(services.str.contains(_API_SERVICE).fill_null(False))
    request = pl.coalesce("global_request_id", "request_id")
    told = counted.select(
        "host",
        is_api=pl.col("service").is_in(apis.to_list()).fill_null(False),
        request=table.evaluated(pl.when(request.is_not_null()).then(request.hash())),
        timed=pl.col("time").is_not_null() & pl.col("host").is_not_null(),
    )
    shared = _shared_ids(told)
    rows = told.select(
        (pl.col("timed") & (pl.col("request") <= pl.lit(shared.max(), pl.UInt64))).arg_true()
    ).to_series()
    rows = rows.filter(told["request"].gather(rows).is_in(shared.implode()))
    if rows.is_empty():
        return told.head(0).select(pl.col("host").cast(pl.String), "request", "is_api", begin=counted["time"].head(0))
    took = took_seconds(pl.col("message")).fill_null(0.0)
    known = told[rows].with_columns(
        pl.col("host").cast(pl.String),
        time=counted["time"].gather(rows),
        took=table.take(rows, ["message"]).select(took).to_series(),
    )
    began = pl.col("time") - pl.duration(microseconds=(pl.col("took") * 1e6).cast(pl.Int64))
    return known.select("host", "request", "is_api", begin=began)


def _shared_ids(told: pl.DataFrame) -> pl.Series:
    """The lowest ids of requests that several hosts logged, and that began at one of them: nothing else can be compared."""
    host = pl.col("host").to_physical()
    shared = told["request"].head(0)
    # Of long logs a share of the ids holds enough, and takes less memory than all.
    for highest in sorted({_HIGHEST_ID // max(1, told.height // _ENOUGH_EVENTS), _HIGHEST_ID}):
        some = told.lazy().filter("timed", pl.col("request") <= highest).group_by("request")
        found = some.agg(several=host.min() < host.max(), began=pl.col("is_api").any()).filter("several", "began")
        shared = found.select("request").collect()["request"].bottom_k(_MOST_REQUESTS)
        if shared.len() == _MOST_REQUESTS:
            break
    return shared


def correct_skew(events: pl.DataFrame, skews: Sequence[ClockSkew]) -> pl.DataFrame:
    """The events with the skew of their host subtracted from their time, sorted by time again."""
    if not skews:
        return events
    table = pl.DataFrame(
        {"host": [skew.host for skew in skews], "ahead": [round(skew.seconds * 1e6) for skew in skews]},
        schema={"host": pl.String, "ahead": pl.Int64},
    )
    shifted = events.join(table, on="host", how="left", maintain_order="left")
    shift = pl.duration(microseconds=pl.col("ahead").fill_null(0))
    return (
        shifted.with_columns((pl.col("time") - shift).alias("time"))
        .drop("ahead")
        .sort("time", "file", "line", nulls_last=True, maintain_order=True)
    )
