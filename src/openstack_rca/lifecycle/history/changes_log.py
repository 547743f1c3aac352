"""What happened to the versions of an environment: who, when, what, why; only ever appended to.

Each event is an object of its own below the artifact root, written create-only under a name that nobody else can choose:

    <prefix>_history/<experiment>/<model name>/<time>-<token>-<action>-<version>.json

So every machine that sees the versions sees their history, writers at the same instant lose nothing to each other on any
server, and the history outlives the registry. What is pinned, yanked and aliased today can be computed from it (``state``).
"""

import getpass
import json
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from pydantic import TypeAdapter

from openstack_rca.errors import ConfigurationError, DigestMismatch, StoreError, StoreObjectExists
from openstack_rca.lifecycle.objects import ObjectStore, side_by_side, write_whole
from openstack_rca.lifecycle.records import Place

EVENT_FORMAT = 1
LONGEST_TEXT = 2000
READ_AT_ONCE = 8

PUBLISHED, REFUSED, REGISTERED, PROMOTED, PRUNED = "published", "refused", "registered", "promoted", "pruned"
YANKED, UNYANKED, PINNED, UNPINNED = "yanked", "unyanked", "pinned", "unpinned"
NOT_PROMOTED = "notpromoted"
DELETED = "deleted"
"""Never written: what is seen to be gone from the registry that the history does not know to be pruned."""
DESCRIBED, ALIASED, UNALIASED, STAGED = "described", "aliased", "unaliased", "staged"

_STAMP = "%Y%m%dT%H%M%S%fZ"
_NAME = re.compile(r"(?P<stamp>\d{8}T\d{12}Z)-(?P<token>[0-9a-f]{8})-(?P<action>[a-z]+)-(?P<version>\d+)\.json")


@dataclass(frozen=True)
class VersionEvent:
    """One change.

    ``when`` is in UTC, never before an event that the writer could see; ``action`` is one of the words of this module.
    ``version`` is 0 where it is about none (an unpin of whatever was pinned); ``who`` is ``user@machine``, where written down.
    """

    when: datetime
    action: str
    version: int
    who: str
    reason: str = ""
    details: dict[str, str] = field(default_factory=dict)


_EVENT = TypeAdapter(VersionEvent)


@dataclass(frozen=True, order=True)
class EventName:
    """The name of an event, which holds its action, version and time; names sort by time."""

    name: str

    @property
    def action(self) -> str:
        """The action: one of the words of this module."""
        return self._part("action")

    @property
    def version(self) -> int:
        """The version that it happened to; 0 where it is about none."""
        return int(self._part("version"))

    @property
    def when(self) -> datetime:
        """The time of the event, in UTC."""
        return datetime.strptime(self._part("stamp"), _STAMP).replace(tzinfo=UTC)

    def _part(self, part: str) -> str:
        found = _NAME.fullmatch(self.name)
        assert found is not None, self.name
        return found[part]


class EventLog:
    """The history of one model in one environment; what the store does not take waits below ``spool``, on this machine."""

    def __init__(self, store: ObjectStore, place: Place, spool: Path) -> None:
        self.store = store
        self.place = place
        self.spool = spool
        self._known: dict[str, VersionEvent] = {}

    def append(
        self, action: str, version: int, reason: str = "", details: Mapping[str, str] | None = None
    ) -> VersionEvent:
        """Write one event. Raises ConfigurationError (the reason is longer than ``LONGEST_TEXT``), StoreError."""
        checked_text(reason)
        self.send_kept()
        names = self.names()
        now = datetime.now(UTC)
        # Clocks of machines differ; who has seen an event comes after it.
        when = max(now, names[-1].when + timedelta(microseconds=1)) if names else now
        event = VersionEvent(when, action, version, author(), reason, dict(details or {}))
        self.store.put_new_bytes(self.place.history_key(_name_of(event)), _as_bytes(event, self.place))
        return event

    def note(self, action: str, version: int, reason: str, details: Mapping[str, str]) -> None:
        """Write an event that changes no state; where the store fails, it waits on this machine for ``send_kept``."""
        try:
            self.append(action, version, reason, details)
        except StoreError:
            event = VersionEvent(datetime.now(UTC), action, version, author(), reason, dict(details))
            with suppress(OSError):
                write_whole(self._kept / _name_of(event), _as_bytes(event, self.place))

    def send_kept(self) -> None:
        """Write the events that wait on this machine; where the store still takes none they stay."""
        with suppress(OSError, StoreError):
            for kept in sorted(self._kept.glob("*.json")):
                with suppress(StoreObjectExists):
                    self.store.put_new_bytes(self.place.history_key(kept.name), kept.read_bytes())
                kept.unlink()

    @property
    def _kept(self) -> Path:
        return self.spool / self.place.history_key("")

    def names(self) -> list[EventName]:
        """The names of all events, oldest first, from one listing; no event is read. Raises StoreError."""
        keys = (stored.key.rsplit("/", 1)[-1] for stored in self.store.objects(self.place.history_key("")))
        return sorted(EventName(name) for name in keys if _NAME.fullmatch(name))

    def highest(self) -> int:
        """The highest version that anything ever happened to, 0 for none."""
        return max((name.version for name in self.names()), default=0)

    def read(self, names: Iterable[EventName]) -> list[VersionEvent]:
        """The events of these names, in their order. An event never changes, so it is read once.

        Raises DigestMismatch: one of them was changed or damaged. StoreError: the store cannot be asked.
        """
        wanted = [name.name for name in names]
        missing = [name for name in wanted if name not in self._known]
        if missing:
            self._known.update(zip(missing, side_by_side(READ_AT_ONCE, self._read, missing), strict=True))
        return [self._known[name] for name in wanted]

    def all(self) -> list[VersionEvent]:
        """Every event, oldest first; errors as for ``read``."""
        return self.read(self.names())

    def _read(self, name: str) -> VersionEvent:
        key = self.place.history_key(name)
        return _from_bytes(self.store.read(key), self.store.uri(key))


def _name_of(event: VersionEvent) -> str:
    return f"{event.when.strftime(_STAMP)}-{uuid4().hex[:8]}-{event.action}-{event.version}.json"


def author() -> str:
    """The user of this process, as ``user@machine``."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def checked_text(text: str) -> str:
    """The same text. Raises ConfigurationError: it has more than ``LONGEST_TEXT`` characters."""
    if len(text) > LONGEST_TEXT:
        raise ConfigurationError(
            f"A text of {len(text)} characters is too long for the history.", f"Write {LONGEST_TEXT} at most."
        )
    return text


def _as_bytes(event: VersionEvent, place: Place) -> bytes:
    facts = {
        "format": EVENT_FORMAT,
        "experiment": place.experiment,
        "model_name": place.model_name,
        **event.__dict__,
        "when": event.when.isoformat(),
    }
    return json.dumps(facts, indent=2, sort_keys=True).encode()


def _from_bytes(data: bytes, where: str) -> VersionEvent:
    try:
        facts = json.loads(data)
        if facts["format"] != EVENT_FORMAT:
            raise ValueError("unknown format")
        return _EVENT.validate_python(facts)
    except (ValueError, KeyError, TypeError) as error:
        raise DigestMismatch(
            f"The event of the history at {where} cannot be read.",
            "It was changed or damaged after it was written; bring it back from a backup of the store.",
        ) from error
