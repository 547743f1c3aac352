"""Reading the logs that a user gave, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import LogRead, read_logs
from openstack_rca.settings import Settings


def read_given(
    paths: Sequence[str | Path], settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> LogRead:
    """Read logs in the time zone and within the bounds of the settings; errors as for ``read_logs``."""
    return read_logs(paths, timezone=settings.log_timezone, bounds=bounds_of(settings), on_progress=on_progress)


def bounds_of(settings: Settings) -> Bounds:
    """What one packed file may hold."""
    return Bounds(settings.archive_members, settings.unpacked_bytes, settings.unpacked_ratio)
