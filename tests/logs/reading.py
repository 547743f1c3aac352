"""What tests of the reader share: reading a text as a file, and the same six events that every packing must give."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.log_read import LogRead

REQUEST = "req-63780b89-efb0-4dd3-9546-99dc7e6f45ee"
INSTANCE = "82d2b7bf-0c89-41ae-817d-363d3b1c1a21"
STORY = [
    f"2026-11-23 04:00:00.100 2001 INFO nova.compute.manager [None {REQUEST} u p - - d d] [instance: {INSTANCE}] Building",
    f"2026-11-23 04:00:00.200 2001 WARNING nova.compute.manager [None {REQUEST} u p - - d d] Disk is slow",
    f"2026-11-23 04:00:00.400 2001 ERROR nova.compute.manager [None {REQUEST} u p - - d d] [instance: {INSTANCE}] No start: "
    "nova.exception.PortBindingFailed: Binding failed",
    f"2026-11-23 04:00:00.400 2001 ERROR nova.compute.manager [instance: {INSTANCE}] Traceback (most recent call last):",
    f'2026-11-23 04:00:00.400 2001 ERROR nova.compute.manager [instance: {INSTANCE}]   File "/nova/manager.py", line 1, in x',
    f"2026-11-23 04:00:00.400 2001 ERROR nova.compute.manager [instance: {INSTANCE}] nova.exception.PortBindingFailed: Binding failed",
    "2026-11-23 04:00:00.500 2001 INFO nova.compute.manager [-] Periodic task",
]
"""Four events of nova-compute as oslo.log writes them; the third is a traceback."""

STORY_COLUMNS = ("time", "process", "level", "logger", "message", "exception", "request_id", "instance_id")


def read_text(text: str | bytes, name: str = "nova-compute.log", timezone: str = "UTC", **options: Any) -> LogRead:
    """Read a text as the only file of a folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_logs([folder], ReadingOptions(timezone, **options))


def rows(
    text: str | bytes, name: str = "nova-compute.log", timezone: str = "UTC", **options: Any
) -> list[dict[str, Any]]:
    """The events of a text, as dictionaries."""
    return read_text(text, name, timezone, **options).events.to_dicts()


def story() -> pl.DataFrame:
    """What the story's lines say, read from a plain file."""
    return read_text("\n".join(STORY) + "\n").events.select(STORY_COLUMNS)
