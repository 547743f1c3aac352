"""The temporary folder that logs from elsewhere are fetched into: bounded, safe to name, gone afterwards."""

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from openstack_rca.settings import Settings

Progress = Callable[[int], None]


class Full(Exception):
    """The bound on bytes is reached; what has come so far is used."""


@dataclass
class Spool:
    """Where fetched logs go.

    Attributes:
        folder: the temporary folder.
        settings: bounds, time limits, credentials.
        since, until: what stretch of time is wanted, in UTC.
        bounded: whether the user named that time; if not, finished logs (of CI, in a bucket) are taken whole.
        on_bytes: told how many bytes have come in all.
        running: the tools that run now.
        stopped: whether ``stop`` was called; a tool that starts after it is ended at once.
        notes: what could not be fetched, in sentences; they go into the report.
    """

    folder: Path
    settings: Settings
    since: datetime
    until: datetime
    bounded: bool = True
    on_bytes: Progress = lambda _total: None
    notes: list[str] = field(default_factory=list)
    taken: int = 0
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int) -> None:
        """Count bytes that came. Raises Full: there were more than ``remote_bytes`` of the settings."""
        with self._lock:
            self.taken += count
            self.on_bytes(self.taken)
            if self.taken > self.settings.remote_bytes:
                raise Full

    def stop(self) -> None:
        """End the tools that still run: nobody waits for what they would send."""
        self.stopped = True
        for process in list(self.running):
            process.kill()

    def note(self, text: str) -> None:
        """Add a sentence on what could not be fetched to ``notes``."""
        with self._lock:
            self.notes.append(text)

    def room_of_host(self, host: str) -> Path:
        """The folder of a host; a file in it tells the reader the host's name."""
        room = self.folder / safe_name(host)
        room.mkdir(parents=True, exist_ok=True)
        (room / "hostname").write_text(safe_name(host) + "\n", encoding="ascii")
        return room

    @contextmanager
    def writing(self, path: Path) -> Iterator[Callable[[bytes], None]]:
        """Give a function that writes into a file and counts the bytes; a file that stays empty is removed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            yield lambda data: self._write(stream, data)
        if path.stat().st_size == 0:
            path.unlink()

    def _write(self, stream: IO[bytes], data: bytes) -> None:
        self.take(len(data))
        stream.write(data)


def safe_name(text: str) -> str:
    """A name from elsewhere as the name of a file here: no way out of the folder, nothing hidden, not too long."""
    name = re.sub(r"[^A-Za-z0-9_.@-]+", "_", text).strip("._") or "unnamed"
    return name[:120]


def safe_path(text: str) -> Path:
    """A path from elsewhere as a safe relative path: its last eight parts, each a ``safe_name``."""
    parts = [safe_name(part) for part in text.split("/") if part not in ("", ".", "..")]
    return Path(*parts[-8:]) if parts else Path("unnamed")
