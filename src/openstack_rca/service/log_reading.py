"""Reading the logs that a user gave, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.clocks import correct_skew, estimate_skew
from openstack_rca.logs.events import LogRead, read_logs
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.settings import Settings


def read_given(
    paths: Sequence[str | Path], settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> LogRead:
    """Read logs in the zone, as the format and within the bounds of the settings; errors as for ``read_logs``."""
    read = read_logs(
        paths,
        timezone=settings.log_timezone,
        log_format=settings.log_format,
        host=settings.log_host,
        year=settings.log_year,
        bounds=bounds_of(settings),
        on_progress=on_progress,
    )
    if settings.correct_skew:
        read = replace(read, events=correct_skew(read.events, estimate_skew(read.events)))
    return read


def bounds_of(settings: Settings) -> Bounds:
    """What one packed file may hold."""
    return Bounds(settings.archive_members, settings.unpacked_bytes, settings.unpacked_ratio)


def with_reading(
    settings: Settings,
    log_format: str | None = None,
    host: str | None = None,
    year: int | None = None,
    correct_skew: bool = False,
) -> Settings:
    """The settings with what a command says of its logs on top; None and False leave a setting as it is."""
    said = {"log_format": log_format, "log_host": host, "log_year": year, "correct_skew": correct_skew or None}
    return settings.model_copy(update={name: value for name, value in said.items() if value is not None})


def reading_words(settings: Settings) -> list[str]:
    """The options that make a command read logs as these settings do."""
    words = ["--log-format", settings.log_format] if settings.log_format else []
    words += ["--host", settings.log_host] if settings.log_host else []
    words += ["--year", str(settings.log_year)] if settings.log_year else []
    return words + (["--correct-skew"] if settings.correct_skew else [])


def with_canonical_services(events: pl.DataFrame) -> pl.DataFrame:
    """The events with ``service`` by its canonical name, where it has one."""
    canonical = load_topology().canonical
    names = {name: canonical(name) or name for name in events["service"].drop_nulls().unique().to_list()}
    return events.with_columns(pl.col("service").replace(names))
