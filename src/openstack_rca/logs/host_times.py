"""Times that lines do not tell whole: stamps in the zone of their host, and seconds since it started."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import polars as pl

from openstack_rca.logs.reading import Log
from openstack_rca.logs.stamps import FIRST_MOMENT, UTC_TIME, is_since_start, to_utc
from openstack_rca.logs.years import with_second_passing

_UPTIME = r"\[ *([0-9]+\.[0-9]{6})[\] <]"
_MONOTONIC = r'"__MONOTONIC_TIMESTAMP" ?: ?"([0-9]+)"'
_KMSG = r"^[0-9]{1,4},[0-9]{1,20},([0-9]{1,15}),[-c+]"
_LOOKED_AT = 3
# What syslog's stamps may lag behind the kernel's own, all at once where the daemon starts late.
_LAG = pl.duration(minutes=10)


def with_uptimes(events: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Add ``uptime``, microseconds since the machine started, where lines tell both that and a time; most logs have none.

    Args:
        events: ``file_index``, ``line``, ``format``, ``time``.
        lines: the lines (``text``, ``file_index``, ``line``) that the events were made of; the last records of a journal
            tell it too.
    """
    kernel = events.filter((pl.col("format") == "kernel") & pl.col("time").is_not_null() & ~is_since_start())
    ends = lines.group_by("file_index").tail(_LOOKED_AT)
    journal = ends.filter(pl.col("text").str.contains("__MONOTONIC_TIMESTAMP", literal=True))
    if kernel.is_empty() and journal.is_empty():
        return events
    place, text = ["file_index", "line"], pl.col("text")
    seconds = text.str.extract(_UPTIME).cast(pl.Float64) * 1e6
    micros = [text.str.extract(pattern).cast(pl.Float64) for pattern in (_MONOTONIC, _KMSG)]
    told = (
        pl.concat([lines.join(kernel.select(place), on=place, how="semi"), journal.select(lines.columns)])
        .select(*place, uptime=pl.coalesce(seconds, *micros).cast(pl.Int64))
        .unique(place)
    )
    return events.join(told, on=place, how="left", maintain_order="left")


def in_zones_of_hosts(
    events: pl.DataFrame, logs: Sequence[Log], timezone: str, zones: Mapping[str, str]
) -> pl.DataFrame:
    """Correct times without an offset for the zone of their host; in the hour that happens twice the order of lines decides.

    Args:
        events: ``source_index``, ``host`` and ``time``, which were read in ``timezone``; the lines of a file in their order.
        logs: by ``source_index``; those whose lines tell a zone stay as they are.
        timezone: IANA zone of hosts of which nothing else is known.
        zones: pattern of hosts' names to IANA zone, as the user says; else what the host's own files say counts.
    """
    told = {index: log.host_zone for index, log in enumerate(logs) if log.zone is None}
    if not zones and not any(told.values()):
        return with_second_passing(events, timezone)
    pairs = events.select("source_index", pl.col("host").cast(pl.String)).unique()
    found = [None if index not in told else (zone_of(host, zones) or told[index]) for index, host in pairs.iter_rows()]
    placed = (
        events.with_row_index("place")
        .with_columns(named=pl.col("host").cast(pl.String))
        .join(
            pairs.rename({"host": "named"}).with_columns(pl.Series("zone", found, pl.String)),
            on=["source_index", "named"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
    )
    parts = []
    for (zone,), part in placed.group_by("zone", maintain_order=True):
        if isinstance(zone, str):
            local = pl.col("time").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
            part = part.with_columns(
                pl.when(is_since_start()).then("time").otherwise(to_utc(local, zone)).alias("time")
            )
        parts.append(with_second_passing(part, zone if isinstance(zone, str) else timezone))
    return pl.concat(parts).sort("place").drop("place", "named", "zone")


def zone_of(host: str | None, zones: Mapping[str, str]) -> str | None:
    """The zone of the first pattern (as ``fnmatch`` knows them) that matches the host's name; None if none does."""
    return next((zone for pattern, zone in zones.items() if host and fnmatchcase(host, pattern)), None)


def with_times_since_start(events: pl.DataFrame, logs: Sequence[Log], uptimes: pl.DataFrame) -> pl.DataFrame:
    """Date what tells only the seconds since its machine started; null where nothing tells when that was.

    The newest lines of the same file, else of the same host, that tell both are believed, then what the host's own files say.

    Args:
        events: ``source_index``, ``host``, ``time``.
        logs: by ``source_index``.
        uptimes: ``place`` of events and ``uptime``, see ``with_uptimes``.
    """
    if not events.select(is_since_start().any()).item():
        return events
    named = events.select("source_index", "time", host=pl.col("host").cast(pl.String))
    both = named[uptimes["place"]].with_columns(uptimes["uptime"])
    told = both.with_columns(started=pl.col("time") - pl.duration(microseconds="uptime"))
    own = pl.DataFrame(
        {
            "source_index": pl.Series(range(len(logs)), dtype=pl.Int32),
            "by_host": pl.Series([log.started for log in logs], dtype=UTC_TIME),
        }
    )
    known = (
        named.join(_starts(told, "source_index"), on="source_index", how="left", maintain_order="left")
        .join(
            _starts(told.drop_nulls("host"), "host").rename({"started": "near"}),
            on="host",
            how="left",
            maintain_order="left",
        )
        .join(own, on="source_index", how="left", maintain_order="left")
    )
    start = known.select(pl.coalesce("started", "near", "by_host"))["started"]
    since = pl.col("time") - pl.lit(FIRST_MOMENT)
    return (
        events.with_columns(start=start)
        .with_columns(pl.when(is_since_start()).then(pl.col("start") + since).otherwise("time").alias("time"))
        .drop("start")
    )


def _starts(told: pl.DataFrame, key: str) -> pl.DataFrame:
    """When each file or host started last: what is passed on late tells a start that is too late."""
    last = pl.col("started").last()
    return told.sort("time").group_by(key).agg(pl.col("started").filter((pl.col("started") - last).abs() < _LAG).min())
