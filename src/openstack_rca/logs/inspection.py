"""What was understood of logs, file by file, and what would help to understand more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl

from openstack_rca.logs.clocks import ClockSkew, estimate_skew
from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.records import HostSource, SkipReason
from openstack_rca.logs.sources import first_few

EXAMPLES = 3
GAPS = 3
LEAST_GAP_SECONDS = 60.0
"""A shorter stretch without a line is not a gap, however busy the log."""

_GAP_FACTOR = 20
_EXAMPLE_LENGTH = 200


class LevelsKnown(StrEnum):
    """How the levels of a file's events are known: the lines state them, or the words of some tell them."""

    STATED = "stated"
    GUESSED = "guessed"
    PARTLY = "partly"
    UNKNOWN = "unknown"


class ZoneSource(StrEnum):
    """Where the time zone of a file's stamps was taken from: ``HOST`` is what its own files, or a setting of it, say."""

    LINES = "lines"
    HOST = "host"
    SETTING = "setting"


@dataclass(frozen=True)
class Gap:
    """A stretch of time in which a file holds no event, although it is busy otherwise."""

    start: datetime
    end: datetime
    seconds: float


@dataclass(frozen=True)
class Example:
    """A line that no format knows; ``line`` is 1-based."""

    line: int
    text: str


@dataclass(frozen=True)
class FileFacts:
    """What was understood of one file.

    Attributes:
        file: as events call it.
        format: that of most events; ``unknown``, ``empty`` or ``skipped`` where there is none.
        known_share: how sure that is: the share of lines, in [0, 1], that belong to an event of known level.
        services, hosts: canonical or as the log names them; ``host_from`` is where the host was taken from.
        lines, events: how many.
        unparsed_share: share of lines in [0, 1] whose level nobody knows; ``unparsed`` holds the first of them.
        levels: whether the levels can be trusted.
        first, last: UTC; None where no event has a time.
        zone: offset or name, and ``zone_from`` where it was taken from; None without times.
        gaps: the longest.
        skip: why it, or its rest, was not read; ``detail`` tells it in a sentence.
    """

    file: str
    format: str
    known_share: float
    services: list[str]
    hosts: list[str]
    host_from: HostSource | None
    lines: int
    events: int
    unparsed_share: float
    unparsed: list[Example]
    levels: LevelsKnown | None
    first: datetime | None
    last: datetime | None
    zone: str | None
    zone_from: ZoneSource | None
    gaps: list[Gap]
    skip: SkipReason | None
    detail: str


@dataclass(frozen=True)
class Inspection:
    """All files of a set of logs; how many events each host and service has; clocks that disagree; and what would help."""

    files: list[FileFacts]
    hosts: dict[str, int]
    services: dict[str, int]
    skew: list[ClockSkew]
    advice: list[str]


def inspect_read(read: LogRead, timezone: str) -> Inspection:
    """Say what was understood of logs that were read.

    Args:
        read: the logs; the result names services as these do.
        timezone: the zone that stamps without an offset were read in.
    """
    counted = read.table.counted
    told = _per_file(read.table)
    gaps = _gaps(counted)
    files = [_facts(file, told.get(file.file, {}), gaps.get(file.file, []), timezone) for file in read.files]
    skew = estimate_skew(read.table)
    return Inspection(files, _counts(counted, "host"), _counts(counted, "service"), skew, _advice(files, skew))


def _per_file(events: EventTable) -> dict[str, dict[str, Any]]:
    unknown = pl.col("level") == "UNKNOWN"
    table = events.counted.group_by("file").agg(
        *(pl.col(name).drop_nulls().unique().cast(pl.String).sort().alias(f"{name}s") for name in ("host", "service")),
        pl.col("time").min().alias("first"),
        pl.col("time").max().alias("last"),
        unknown.sum().alias("unknown"),
    )
    told: dict[str, dict[str, Any]] = {str(row["file"]): {**row, "examples": []} for row in table.iter_rows(named=True)}
    # Only words that are shown are fetched.
    rows = events.counted.with_row_index("row").filter(unknown).group_by("file").agg(pl.col("row").head(EXAMPLES))
    examples = rows.explode("row")["row"].sort()
    for file, line, text in events.take(examples, ["file", "line", "message"]).iter_rows() if len(examples) else ():
        told[file]["examples"].append(Example(line, text[:_EXAMPLE_LENGTH]))
    return told


def _facts(file: FileRead, told: dict[str, Any], gaps: list[Gap], timezone: str) -> FileFacts:
    unparsed = min(1.0, file.unknown_lines / file.lines if file.lines else 0.0)
    zone = None if told.get("first") is None else (file.zone or file.host_zone or timezone)
    zone_from = ZoneSource.LINES if file.zone else ZoneSource.HOST if file.host_zone else ZoneSource.SETTING
    return FileFacts(
        file=file.file,
        format=file.format,
        known_share=round(1 - unparsed, 4) if file.events else 0.0,
        services=told.get("services", []),
        hosts=told.get("hosts", []),
        host_from=file.host_from,
        lines=file.lines,
        events=file.events,
        unparsed_share=round(unparsed, 4),
        unparsed=told.get("examples", []),
        levels=levels_known(file, told.get("unknown", 0)) if file.events else None,
        first=told.get("first"),
        last=told.get("last"),
        zone=zone,
        zone_from=None if zone is None else zone_from,
        gaps=gaps,
        skip=file.skip,
        detail=file.detail,
    )


def levels_known(file: FileRead, unknown_events: int) -> LevelsKnown:
    """How the levels of a file's events are known; ``unknown_events`` of them have none."""
    if unknown_events == 0:
        return LevelsKnown.GUESSED if file.guessed_levels else LevelsKnown.STATED
    if unknown_events == file.events:
        return LevelsKnown.UNKNOWN
    if file.guessed_levels + unknown_events == file.events:
        return LevelsKnown.GUESSED
    return LevelsKnown.PARTLY


def _gaps(events: pl.DataFrame) -> dict[str, list[Gap]]:
    """The longest stretches without an event that are far longer than most of the same file."""
    # The events are in the order of time, so those of each file are too.
    times = events.select("file", "time").drop_nulls()
    stepped = times.with_columns(pl.col("time").diff().over("file").dt.total_microseconds().alias("step"))
    usual = stepped.group_by("file").agg(pl.col("step").quantile(0.95, "nearest").alias("usual"))
    long = (
        stepped.filter(pl.col("step") > LEAST_GAP_SECONDS * 1e6)
        .join(usual, on="file")
        .filter(pl.col("step") > pl.col("usual") * _GAP_FACTOR)
        .sort("step", descending=True, maintain_order=True)
        .group_by("file", maintain_order=True)
        .head(GAPS)
        .select(
            pl.col("file").cast(pl.String),
            "time",
            (pl.col("time") - pl.duration(microseconds="step")).alias("start"),
            seconds=pl.col("step") / 1e6,
        )
    )
    found: dict[str, list[Gap]] = {}
    for file, end, start, seconds in long.iter_rows():
        found.setdefault(file, []).append(Gap(start, end, round(seconds, 1)))
    return found


def _counts(events: pl.DataFrame, column: str) -> dict[str, int]:
    table = events.drop_nulls(column).group_by(column).len().with_columns(pl.col(column).cast(pl.String)).sort(column)
    return {str(name): int(number) for name, number in table.iter_rows()}


_HELP = {
    SkipReason.UNREADABLE: "Run as a user who may read {files}.",
    SkipReason.DAMAGED: "Copy {files} again: damaged or cut off.",
    SkipReason.MISSING_PART: "Copy the parts that are missing too: {files}.",
    SkipReason.OVER_BOUND: "Unpack {files}, or raise the bound that it names.",
    SkipReason.ENCRYPTED: "Unpack {files} with its password.",
    SkipReason.UNKNOWN_PACKING: "Unpack {files}.",
    SkipReason.NEEDS_JOURNALCTL: "On its host: journalctl --file FILE -o json > FILE.json, for {files}.",
    SkipReason.WINDOWS_EVENTS: "On Windows: Get-WinEvent -Path FILE.evtx | Export-Csv FILE.csv, for {files}.",
    SkipReason.BINARY: "Binary and not read: {files}; export it as text if it is a log.",
}


def _advice(files: list[FileFacts], skew: list[ClockSkew]) -> list[str]:
    advice = []
    unknown = [file.file for file in files if file.levels is LevelsKnown.UNKNOWN]
    if unknown:
        advice.append(
            f"No level is known in {first_few(unknown)}: export with levels (journalctl -o json), or name the format with "
            "--log-format."
        )
    hostless = [file.file for file in files if file.events and not file.hosts]
    if hostless:
        advice.append(
            f"No host is known for {first_few(hostless)}: put a host's logs into a folder of its name, or --host NAME."
        )
    zoneless = [file.file for file in files if file.zone_from is ZoneSource.SETTING]
    if zoneless:
        zone = next(file.zone for file in files if file.zone_from is ZoneSource.SETTING)
        advice.append(
            f"The stamps of {first_few(zoneless)} name no time zone and were read as {zone}: where that is wrong, set "
            "OPENSTACK_RCA_LOG_TIMEZONE."
        )
    for reason, words in _HELP.items():
        names = [file.file for file in files if file.skip is reason]
        if names:
            advice.append(words.format(files=first_few(names)))
    advice += [f"{describe_skew(one)} --correct-skew corrects it." for one in skew]
    return advice


def describe_skew(skew: ClockSkew) -> str:
    """A clock that disagrees, in a sentence."""
    way = "ahead of" if skew.seconds > 0 else "behind"
    return (
        f"The clock of {skew.host} is about {abs(skew.seconds):.1f} s {way} that of {skew.against} (told by "
        f"{skew.requests} requests)."
    )
