"""Reading the logs that a user gave, as the settings say; the readers are loaded when something is really read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from openstack_rca.errors import NoKnownLines
from openstack_rca.logs.addresses import with_names_of_hosts
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.clocks import correct_skew, estimate_skew
from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.log_read import LogRead
from openstack_rca.logs.sources import Collection, collect_sources
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.kept_logs import KeptLogs, spill_file
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.reading_on import Read
from openstack_rca.service.remote import is_bucket, is_remote
from openstack_rca.settings import Settings, zones_of_hosts

if TYPE_CHECKING:
    from openstack_rca.logs.gathered_events import ReadingOptions

LEAST_TO_SEEK = 1024 * 1024
"""Files with fewer bytes are read whole: that is as fast."""


def read_given(
    paths: Sequence[str | Path],
    settings: Settings,
    listener: Listener = SILENT,
    cluster: Cluster | None = None,
    *,
    templates: bool = True,
) -> LogRead:
    """Read logs with the time zone, log format and bounds of the settings; errors as for ``read_logs``.

    What lies elsewhere (``ssh://``, ``loki+https://`` and others, see ``service.remote``) is fetched first, read, and gone
    afterwards. With a cluster its workers read. ``templates`` as in ``ReadingOptions``.

    Raises RemoteLogsUnavailable: a place gave nothing at all.
    """
    return _read_fetched(paths, settings, listener, cluster, templates).read


@dataclass(frozen=True)
class GivenLogs:
    """Logs that were read, the cache that they lie in, if any, and in sentences what was not read or fetched."""

    read: LogRead
    kept: KeptLogs | None
    notes: list[str]


def _read_fetched(
    paths: Sequence[str | Path], settings: Settings, listener: Listener, cluster: Cluster | None, templates: bool = True
) -> GivenLogs:
    """Read the whole of logs here and elsewhere, keeping nothing."""
    if cluster is not None and len(paths) == 1 and is_bucket(str(paths[0])):
        from openstack_rca.service.cluster_objects import read_bucket_on

        spill, bounds = partial(spill_file, settings), bounds_of(settings)
        told = read_bucket_on(cluster, str(paths[0]), settings, _options(settings), bounds, spill, listener)
        return GivenLogs(_corrected(told[0], settings), None, told[1])
    from openstack_rca.service.remote import fetched

    # What is fetched is seen by this machine alone.
    sees = None if any(is_remote(str(path)) for path in paths) else cluster
    with fetched(paths, settings, listener) as there:
        read = reader_of(settings, listener, sees, templates=templates)(collect_sources(there.paths), None)
    return GivenLogs(_corrected(read, settings), None, there.notes)


def read_for_question(
    paths: Sequence[str | Path],
    settings: Settings,
    since: datetime | None = None,
    until: datetime | None = None,
    listener: Listener = SILENT,
    cluster: Cluster | None = None,
) -> GivenLogs:
    """Read logs for a question, which may be about a stretch of time only; errors as for ``read_logs``.

    What was read for an earlier question is taken from the cache. Else, of large plain files, only the stretch is read. What
    lies elsewhere is fetched for this question alone.
    """
    if any(is_remote(str(path)) for path in paths):
        return _read_fetched(paths, settings, listener, cluster)
    collection = collect_sources(paths)
    read = reader_of(settings, listener, cluster)
    kept = KeptLogs(settings, collection)
    if (since is not None or until is not None) and not settings.correct_skew:
        known = kept.find()
        if known is not None:
            return GivenLogs(_corrected(known, settings), kept, [])
        part = _read_stretch(collection, read, settings, since, until)
        if part is not None:
            return part
    found = kept.read(read)
    return GivenLogs(_corrected(found, settings), None if settings.correct_skew else kept, [])


def _read_stretch(
    collection: Collection, read: Read, settings: Settings, since: datetime | None, until: datetime | None
) -> GivenLogs | None:
    """The events of a stretch of time, where it pays to read less than all and the stretch holds any."""
    from openstack_rca.logs.host_times import zone_of
    from openstack_rca.logs.stretches import stretch_of_time

    zones = zones_of_hosts(settings.host_timezones)
    sources, latest, left_out = [], [], 0
    for source in collection.sources:
        found = None
        if source.file is not None and source.size >= LEAST_TO_SEEK:
            with suppress(OSError):
                told = zone_of(source.origin((), None).host, zones) or source.told.zone or settings.log_timezone
                found = stretch_of_time(source.file, since, until, told)
        if found is not None:
            stretch, last = found
            latest.append(last)
            left_out += source.size - ((stretch.end or source.size) - stretch.start)
            source = replace(source, stretch=stretch)
        sources.append(source)
    if left_out < LEAST_TO_SEEK:
        return None
    try:
        part = read(replace(collection, sources=sources), max(latest))
    except NoKnownLines:
        return None
    bounds = [pl.col("time") >= since] if since else []
    bounds += [pl.col("time") <= until] if until else []
    asked = part.table.counted.filter(*bounds)
    if asked.is_empty():
        return None
    note = f"Of the large files only the lines around the window were read; {left_out / 1e6:,.0f} MB were passed over."
    return GivenLogs(part, None, [note])


def reader_of(
    settings: Settings, listener: Listener = SILENT, cluster: Cluster | None = None, *, templates: bool = True
) -> Read:
    """A function that reads logs with the zone, format and bounds of the settings, by the workers of a cluster if given."""
    spill, bounds = partial(spill_file, settings), bounds_of(settings)

    def read(collection: Collection, latest: datetime | None) -> LogRead:
        from openstack_rca.logs.events import read_collection, whole_read
        from openstack_rca.service.cluster_reading import read_by_workers

        options = replace(_options(settings), known_latest=latest, templates=templates)
        if cluster is None:
            return read_collection(collection, options, bounds, listener.part, spill)
        part = read_by_workers(cluster, collection.sources, options, bounds, spill, listener)
        return whole_read(part, collection, options)

    return read


def _options(settings: Settings) -> ReadingOptions:
    from openstack_rca.logs.gathered_events import ReadingOptions

    return ReadingOptions(
        settings.log_timezone,
        settings.log_format,
        settings.log_host,
        settings.log_year,
        host_zones=zones_of_hosts(settings.host_timezones),
        threads=settings.reading_threads,
    )


def _corrected(read: LogRead, settings: Settings) -> LogRead:
    table = with_names_of_hosts(read.table)
    if settings.correct_skew:
        table = EventTable.of(correct_skew(table.take(), estimate_skew(table)))
    return replace(read, table=table)


def bounds_of(settings: Settings) -> Bounds:
    """The bounds of the settings on the content of one archive."""
    return Bounds(settings.archive_members, settings.unpacked_bytes, settings.unpacked_ratio)


def with_reading(
    settings: Settings,
    log_format: str | None = None,
    host: str | None = None,
    year: int | None = None,
    correct_skew: bool = False,
    hosts_file: Path | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Settings:
    """The settings with what a command says of its logs on top; None and False leave a setting as it is."""
    said: dict[str, object] = {
        "log_format": log_format,
        "log_host": host,
        "log_year": year,
        "correct_skew": correct_skew or None,
    }
    said |= {"hosts_file": hosts_file}
    said |= {"remote_since": since and since.isoformat(), "remote_until": until and until.isoformat()}
    return settings.model_copy(update={name: value for name, value in said.items() if value is not None})


def reading_words(settings: Settings) -> list[str]:
    """The options that make a command read logs as these settings do."""
    words = ["--log-format", settings.log_format] if settings.log_format else []
    words += ["--host", settings.log_host] if settings.log_host else []
    words += ["--year", str(settings.log_year)] if settings.log_year else []
    words += ["--hosts", str(settings.hosts_file)] if settings.hosts_file else []
    return words + (["--correct-skew"] if settings.correct_skew else [])


def canonical_names(services: pl.Series) -> dict[str, str]:
    """Name of each service -> its canonical name, or the same name where it has none."""
    canonical = load_topology().canonical
    return {name: canonical(name) or name for name in services.drop_nulls().unique().cast(pl.String).to_list()}
