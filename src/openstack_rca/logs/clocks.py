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
_DONE_LATER = r"(?:\bstatus: |\" )20[24]\b|=> generated .{0,80}\(HTTP/[\d.]+ 20[24]\)"
"""Accepted (202) or without a body (204): the reply to what is done behind it, such as a delete that is handed to a host."""


@dataclass(frozen=True)
class ClockSkew:
    """By how many seconds the clock of ``host`` is ahead of that of ``against`` (negative: behind), found in so many requests."""

    host: str
    against: str
    seconds: float
    requests: int


def estimate_skew(table: EventTable) -> list[ClockSkew]:
    """Hosts whose clock disagrees with that of the host where most requests begin.

    A request begins at an API service; what another host does for it comes later. So where three of four requests reach a
    host before they began, its clock is behind, by about that much. That a host is reached late is a sign of its clock only
    where the caller waited for it: what is done between call and reply shows between them, but for the clocks. So it is ahead
    by what lies between the two bounds, where three of four such requests agree on them; a request that was only accepted,
    or whose object was only told to go, is followed by work that takes its time. A host must share ``LEAST_REQUESTS``
    requests with the one where they begin.

    Returns:
        Hosts with at least ``BEHIND_SECONDS`` or ``AHEAD_SECONDS`` of difference, the largest first.
    """
    known = _shared_requests(table)
    first = known.group_by("request", "host").agg(
        pl.col("begin").min(), pl.col("is_api").any(), end=pl.col("time").max(), waits=pl.col("waits").any()
    )
    begun = first.filter("is_api").filter(pl.len().over("request") == 1)
    begun = begun.select("request", "begin", "waits", replied="end", against="host")
    reached = first.filter(~pl.col("is_api")).select("request", "host", "end", reached="begin")
    later, least = pl.col("reached") - pl.col("begin"), pl.col("end") - pl.col("replied")
    waited = pl.col("later").filter("waits")
    pairs = (
        begun.join(reached, on="request")
        .with_columns(
            later=later.dt.total_microseconds() / 1e6,
            least=least.dt.total_microseconds() / 1e6,
        )
        .group_by("host", "against")
        .agg(
            pl.len().alias("requests"),
            pl.col("later").quantile(0.25, "nearest").alias("low"),
            pl.col("later").quantile(0.75, "nearest").alias("high"),
            waited.len().alias("waited"),
            waited.quantile(0.25, "nearest").alias("most"),
            pl.col("least").filter("waits").quantile(0.75, "nearest"),
        )
        .filter(pl.col("requests") >= LEAST_REQUESTS)
        .sort("requests", "host", descending=[True, False])
        .unique("host", keep="first", maintain_order=True)
    )
    behind = pl.col("high") < -BEHIND_SECONDS
    ahead = (
        (pl.col("waited") >= LEAST_REQUESTS) & (pl.col("most") > AHEAD_SECONDS) & (pl.col("least") <= pl.col("most"))
    )
    pairs = pairs.filter(behind | ahead).with_columns(
        seconds=pl.when(behind).then("low").otherwise("most"), told=pl.when(behind).then("requests").otherwise("waited")
    )
    found = [
        ClockSkew(host, against, round(seconds, 1), requests)
        for host, against, requests, seconds in pairs.select("host", "against", "told", "seconds").iter_rows()
    ]
    return sorted(found, key=lambda skew: -abs(skew.seconds))


def _shared_requests(table: EventTable) -> pl.DataFrame:
    """Events of requests that several hosts logged: ``host``, ``request``, ``is_api``, ``time``, ``begin``, ``waits``.

    ``waits``: it is the reply to a caller who waited until all was done.
    """
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
        none = counted["time"].head(0)
        columns = (pl.col("host").cast(pl.String), "request", "is_api")
        return told.head(0).select(*columns, time=none, begin=none, waits=pl.lit(False))
    took = took_seconds(pl.col("message"))
    message = table.take(rows, ["message"]).select(took=took, later=pl.col("message").str.contains(_DONE_LATER))
    known = told[rows].with_columns(
        pl.col("host").cast(pl.String),
        time=counted["time"].gather(rows),
        took=message["took"].fill_null(0.0),
        waits=message["took"].is_not_null() & ~message["later"],
    )
    began = pl.col("time") - pl.duration(microseconds=(pl.col("took") * 1e6).cast(pl.Int64))
    return known.select("host", "request", "is_api", "time", "waits", begin=began)


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
