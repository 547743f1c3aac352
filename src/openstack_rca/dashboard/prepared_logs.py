"""Logs that are read and scored, kept so that neither a rerun nor a second question does it again.

What lies on the server is shared between visitors and keyed by path, time of change, size and the model's digest. What a
visitor uploads is kept for that session alone, with its folder, and goes when the session ends.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from openstack_rca.dashboard.held_model import HeldModel
from openstack_rca.errors import ConfigurationError
from openstack_rca.service.analysis import Prepared, prepare
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_choice import stamp
from openstack_rca.service.uploads import remove_abandoned, session_folder
from openstack_rca.settings import Settings

SHARED_LOGS = 4
OWN_LOGS = 2


@dataclass(frozen=True)
class LogChoice:
    """The logs of a session; ``kind`` is sample, path or upload, ``issue`` is what the operator said of a sample."""

    kind: str
    name: str
    paths: tuple[Path, ...]
    issue: str = ""


@dataclass
class Shelf:
    """A cache of the last ``size`` results; two visitors who ask for one at the same time have it made once."""

    size: int
    items: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: dict[str, threading.Lock] = field(default_factory=dict)

    def peek(self, key: str) -> Prepared | None:
        """The result of this key, if it is kept."""
        with self._lock:
            return self.items.get(key)

    def get(self, key: str, make: Callable[[], Prepared]) -> Prepared:
        """The result of this key, made by ``make`` where it is not kept."""
        with self._lock:
            if key in self.items:
                self.items.move_to_end(key)
                return self.items[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self.items:
                    return self.items[key]
            found = make()
            with self._lock:
                self.made += 1
                self.items[key] = found
                self._making.pop(key, None)
                while len(self.items) > self.size:
                    self.items.popitem(last=False)
            return found


@st.cache_resource(show_spinner=False)
def shared_shelf() -> Shelf:
    """The cache of logs on the server, shared by all visitors."""
    return Shelf(SHARED_LOGS)


@st.cache_resource(scope="session", show_spinner=False)
def own_shelf() -> Shelf:
    """The cache of this visitor's uploads."""
    return Shelf(OWN_LOGS)


@st.cache_resource(scope="session", show_spinner=False, on_release=TemporaryDirectory.cleanup)
def _upload_folder(_settings: Settings) -> TemporaryDirectory[str]:
    remove_abandoned(_settings)
    return session_folder(_settings)


def upload_folder(settings: Settings) -> Path:
    """The folder of this visitor's upload; removed when the session ends."""
    return Path(_upload_folder(settings).name)


def current_logs() -> LogChoice | None:
    """The logs of this session, if any were chosen."""
    found = st.session_state.get("logs")
    return found if isinstance(found, LogChoice) else None


def key_of(choice: LogChoice, held: HeldModel, settings: Settings) -> str:
    """The cache key of a result: paths, times of change and sizes of the logs, the model's digest, the time zone."""
    paths = "\n".join(str(path) for path in choice.paths)
    return "\0".join((paths, stamp(choice.paths), held.model.used.digest, settings.log_timezone))


def prepared_logs(
    choice: LogChoice, held: HeldModel, settings: Settings, listener: Listener = SILENT, *, as_read_before: bool = False
) -> Prepared:
    """The chosen logs, read and scored; the result names the held model.

    ``as_read_before``: stay with what this session read of them, also where they have grown since: logs of a live cloud grow all
    the time, and a filter of a table should not cost reading them again.

    Raises LogInputError, LifecycleError, ModelError; ConfigurationError: an upload is gone.
    """
    if choice.kind == "upload" and not all(path.exists() for path in choice.paths):
        raise ConfigurationError("The uploaded logs are gone: their session ended.", "Upload them again.")
    shelf = own_shelf() if choice.kind == "upload" else shared_shelf()

    # What a visitor uploads goes with the session, so nothing of it is kept on the disk.
    keeping = settings.model_copy(update={"log_cache_bytes": 0}) if choice.kind == "upload" else settings

    def make() -> Prepared:
        return prepare(choice.paths, settings=keeping, model=held.model, listener=listener)

    read: dict[tuple[object, ...], str] = st.session_state.setdefault("logs_read", {})
    same = (choice.paths, held.model.used.digest)
    kept = shelf.peek(read[same]) if as_read_before and same in read else None
    if kept is None:
        read[same] = key_of(choice, held, settings)
        kept = shelf.get(read[same], make)
    # Whoever read them first may hold the same file under another number, or with other notices.
    return replace(kept, model=held.model)
