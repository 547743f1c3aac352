"""What was read from logs, and how a model scored it, kept for the next question on the same logs.

    <cache>/logs/<key>.parquet           the events, with the files that they came from in its metadata; of long logs what
                                         is counted of them
    <cache>/logs/<key>-<token>.lines     the words of the events of long logs (see ``PackedParts``)
    <cache>/logs/<key>-<model>.parquet   the scores of those events by the model with this digest
    <cache>/logs/<key>-<model>-steps.parquet   the steps of requests that this model expected in them
    <cache>/logs/<key>-clocks.parquet    which clocks disagree in those events
    <cache>/logs/<key>-marks-<expression>.parquet   of which of those events that is true
    <cache>/logs/<key>-cases-<what>.parquet   what was found in them, by this model, these rules and this program

The key stands for the paths and for how they are read; size, time of change, beginning and end of each file say whether they
are still what was read. A plain file that has only grown is read on from where it ended, and where files have come, gone or
changed, only the new and changed ones are read. Every file is written in one step,
so processes can share the folder, and only their user can read it: it holds what the logs hold.
"""

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl

from openstack_rca import __version__, logs
from openstack_rca.lifecycle.objects import remove_leftovers, remove_oldest, remove_unheld, replacing
from openstack_rca.logs.clocks import ClockSkew
from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable, PackedTable
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.packed_parts import PackedParts
from openstack_rca.logs.records import HostSource, SkipReason
from openstack_rca.logs.sources import Collection, Source
from openstack_rca.logs.templates import MASK_VERSION
from openstack_rca.service.reading_on import KnownSources, Read, described, identity_of, is_same, read_on
from openstack_rca.settings import Settings

LEAST_BYTES = 2 * 1024 * 1024
"""Of fewer bytes than this nothing is kept: they are read again as fast."""
_FACTS = "openstack_rca"
_DIGEST_LENGTH = 16
_WORDS = ".lines"


@dataclass(frozen=True)
class KeptFile:
    """One file of the cache; ``events`` counts what it holds: events, their scores, expected steps, clocks, or marks."""

    path: Path
    kind: str
    logs: list[str]
    size_bytes: int
    events: int
    last_used: datetime


class KeptLogs:
    """The cache of one set of logs, read in one way."""

    def __init__(self, settings: Settings, collection: Collection) -> None:
        self._settings = settings
        self._collection = collection
        self._folder = logs_folder(settings)
        self._of = ""  # digest of the files that were read, where their events are kept
        sources = collection.sources
        self.enabled = (
            settings.log_cache_bytes > 0
            and all(source.file for source in sources)
            and sum(source.size for source in sources) >= LEAST_BYTES
        )

    @cached_property
    def _how(self) -> str:
        settings = self._settings
        how = (
            settings.log_timezone,
            settings.host_timezones,
            settings.log_format,
            settings.log_host,
            settings.log_year,
        )
        bounds = (settings.archive_members, settings.unpacked_bytes, settings.unpacked_ratio)
        return _digest([_reader(), how, bounds])

    @cached_property
    def _key(self) -> str:
        told = [
            self._how,
            [described(each) for each in self._sources],
            self._collection.skipped,
            self._collection.roots,
        ]
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]

    @property
    def _sources(self) -> Sequence[Source]:
        return self._collection.sources

    def read(self, read: Read) -> LogRead:
        """The events: from the cache, else by ``read`` (where files only grew, just the new part), and then kept."""
        if not self.enabled:
            return read(self._collection, None)
        kept = self.find()
        if kept is not None:
            return kept
        try:
            before = [identity_of(source) for source in self._sources]
            put_together = self._read_on(read)
        except OSError:
            return read(self._collection, None)
        found = put_together if put_together is not None else read(self._collection, None)
        with suppress(OSError):
            self._keep(found, before)
        return found

    def find(self) -> LogRead | None:
        """The kept events of these files; None if there are none or a file has changed."""
        facts = _facts_of(self._path)
        try:
            if not self.enabled or facts is None or not all(map(is_same, self._sources, facts["identities"])):
                return None
        except OSError:
            return None
        found = self._load(facts, self._path)
        self._of = _digest(facts["identities"]) if found else ""
        return found

    def scores(self, model: str, score: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The scores of what is kept by the model with this digest: from the cache, else by ``score``."""
        return self._derived("scores", f"{model[:_DIGEST_LENGTH]}-awaited", score) if model else score()

    def steps(self, model: str, expect: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The steps (``stories.as_table``) that this model expected in what is kept: from the cache, else by ``expect``."""
        return self._derived("steps", f"{model[:_DIGEST_LENGTH]}-steps", expect) if model else expect()

    def _marks(self, expression: pl.Expr, mark: Callable[[], pl.Series]) -> pl.Series:
        """Of which of the events that are kept an expression is true: from the cache, else by ``mark``."""
        name = hashlib.sha256(expression.meta.serialize()).hexdigest()[:_DIGEST_LENGTH]
        return self._derived("marks", f"marks-{name}", lambda: mark().to_frame("mark"))["mark"]

    def skews(self, estimate: Callable[[], list[ClockSkew]]) -> list[ClockSkew]:
        """Which clocks disagree in what is kept: from the cache, else by ``estimate``."""
        names = [each.name for each in fields(ClockSkew)]
        told = self._derived("clocks", "clocks", lambda: pl.DataFrame(estimate(), schema=names))
        return [ClockSkew(**row) for row in told.iter_rows(named=True)]

    def cases(self, model: str, key: str, find: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What was found in what is kept, as ``find`` gives it: from the cache, else by ``find``.

        Args:
            model: digest of the model whose scores, rates and steps it rests on; empty without one.
            key: what else decides what is found.
        """
        return self._derived("findings", f"cases-{_digest([model, key])}", find)

    def _derived(self, kind: str, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What follows from the events that are kept, beside them under a name: from the cache, else by ``make``."""
        if not self._of:
            return make()
        path = self._folder / f"{self._key}-{name}.parquet"
        if (_facts_of(path) or {}).get("of") == self._of and (kept := _table(path)) is not None:
            return kept
        made = make()
        with suppress(OSError):
            self._write(path, made, {"of": self._of, "logs": self._collection.roots, "kind": kind})
        return made

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._key}.parquet"

    def _load(self, facts: dict[str, Any], path: Path) -> LogRead | None:
        events = _table(path)
        if events is None:
            return None
        if facts.get("words"):
            try:
                file = (self._folder / facts["words"]).open("rb")
            except OSError:
                return None
            parts = PackedParts(file, facts["parts"])
            packed = PackedTable(events.drop("place"), events["place"], parts, self._settings.reading_threads)
            packed.keeper = self._marks
            table: EventTable = packed
        elif events.schema == pl.Schema(EVENT_SCHEMA):
            table = EventTable.of(events)
        else:
            return None
        return LogRead(table, [_file_read(each) for each in facts["files"]], list(facts["roots"]))

    def _read_on(self, read: Read) -> LogRead | None:
        """The events from what was kept of most of these files: what is new of them is read, and put with it."""
        found = self._nearest()
        if found is None:
            return None
        path, facts, kept = found
        old = self._load(facts, path)
        together = read_on(self._collection, kept, old, read, self.spill) if old is not None else None
        if together is not None and path != self._path and facts["roots"] == self._collection.roots:
            # It was of the same logs, with files that are gone or without those that have come.
            with suppress(OSError):
                _remove(path)
        return together

    def _nearest(self) -> tuple[Path, dict[str, Any], KnownSources] | None:
        """The table of the cache that holds the most bytes of these files, read in the same way; at least half of them."""
        sources, best, least = self._sources, None, sum(source.size for source in self._sources) / 2
        for path in self._folder.glob("*.parquet"):
            facts = _facts_of(path) or {}
            if facts.get("how") != self._how:
                continue
            kept = KnownSources(sources, dict(zip(facts["sources"], facts["identities"], strict=True)))
            if kept.size > least:
                best, least = (path, facts, kept), kept.size
        return best

    def spill(self) -> BinaryIO:
        """A temporary file without a name, for the text of long logs while they are read."""
        return spill_file(self._settings)

    def _keep(self, found: LogRead, before: list[dict[str, Any]]) -> None:
        """Keep what was read, unless a file changed meanwhile or nobody knows what was read of it."""
        lines = {each.file: each.lines for each in found.files}
        for source, identity in zip(self._sources, before, strict=True):
            identity["lines"] = lines.get(source.name, 0)
            if not is_same(source, identity):
                return
        facts: dict[str, Any] = {
            "how": self._how,
            "sources": [described(source) for source in self._sources],
            "identities": before,
            "files": [asdict(each) for each in found.files],
            "roots": found.roots,
            "logs": found.roots,
            "words": "",
        }
        table = found.table
        if not isinstance(table, PackedTable):
            self._write(self._path, table.take(), facts)
            self._of = _digest(before)
            return
        words = self._folder / f"{self._key}-{secrets.token_hex(4)}{_WORDS}"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _named(table.parts.file, words):
            with replacing(words) as temporary, temporary.open("wb") as file:
                file.writelines(table.parts.blocks())
        words.chmod(0o600)
        facts |= {"words": words.name, "parts": table.parts.index}
        self._write(self._path, table.counted.with_columns(table.places.alias("place")), facts)
        self._of = _digest(before)
        table.keeper = self._marks
        for other in self._folder.glob(f"{self._key}-*{_WORDS}"):
            if other != words:
                other.unlink(missing_ok=True)

    def _write(self, path: Path, table: pl.DataFrame, facts: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(path) as temporary:
            table.write_parquet(
                temporary, compression="lz4", statistics=False, metadata={_FACTS: json.dumps(facts, default=str)}
            )
        path.chmod(0o600)
        shrink(self._settings)


def spill_file(settings: Settings) -> BinaryIO:
    """A file without a name: in the cache folder if that can be written, else in the system's temporary folder."""
    with suppress(OSError):
        settings.cache_folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError, AttributeError):
            # Unlike a temporary file it may get a name later.
            return os.fdopen(os.open(settings.cache_folder, os.O_RDWR | os.O_TMPFILE, 0o600), "w+b")
        return cast(BinaryIO, tempfile.TemporaryFile(dir=settings.cache_folder))
    return cast(BinaryIO, tempfile.TemporaryFile())


def _named(file: BinaryIO, path: Path) -> bool:
    """Whether a file without a name could get one, which saves copying it: not every system, nor every folder, lets it."""
    number = file.fileno()
    try:
        os.fsync(number)
        # With a number given (the path needs none) Python follows the link that stands for the open file.
        os.link(f"/proc/self/fd/{number}", path, src_dir_fd=number)
    except (OSError, NotImplementedError):
        return False
    return True


def logs_folder(settings: Settings) -> Path:
    """The folder of the cached logs."""
    return settings.cache_folder / "logs"


def list_kept(settings: Settings) -> list[KeptFile]:
    """The files of the cache, the last used first."""
    found = []
    for path in logs_folder(settings).glob("*.parquet"):
        with suppress(OSError):
            facts, status = _facts_of(path) or {}, path.stat()
            kind, used = facts.get("kind", "events"), datetime.fromtimestamp(status.st_mtime, UTC)
            # Steps are one row that holds them all.
            rows = pl.col("steps").list.len().sum() if kind == "steps" else pl.len()
            number = int(pl.scan_parquet(path).select(rows).collect().item()) if facts else 0
            found.append(KeptFile(path, kind, list(facts.get("logs", [])), _size(path), number, used))
    return sorted(found, key=lambda each: each.last_used, reverse=True)


def clear_kept(settings: Settings) -> int:
    """Remove every file of the cache; gives the number of bytes freed."""
    freed = 0
    for path in logs_folder(settings).glob("*.parquet"):
        with suppress(OSError):
            size = _size(path)
            freed += size if _remove(path) else 0
    return freed


def shrink(settings: Settings) -> None:
    """Remove the files of the cache that were unused for longest, until the rest is within ``log_cache_bytes``."""
    folder = logs_folder(settings)
    remove_leftovers(folder)
    for words in folder.glob(f"*{_WORDS}"):
        if not (folder / f"{words.name.partition('-')[0]}.parquet").exists():
            words.unlink(missing_ok=True)
    remove_oldest(folder.glob("*.parquet"), settings.log_cache_bytes, _size, _remove)


def _size(path: Path) -> int:
    """Bytes of a table of the cache and of the words that belong to it."""
    return sum(each.stat().st_size for each in (path, *path.parent.glob(f"{path.stem}-*{_WORDS}")))


def _remove(path: Path) -> bool:
    """Remove a table of the cache with its words; a process that still reads the words has their file open."""
    gone = remove_unheld(path)
    if gone:
        for words in path.parent.glob(f"{path.stem}-*{_WORDS}"):
            words.unlink(missing_ok=True)
    return gone


def _file_read(facts: dict[str, Any]) -> FileRead:
    skip, host_from = facts.pop("skip"), facts.pop("host_from")
    return FileRead(
        **facts, skip=SkipReason(skip) if skip else None, host_from=HostSource(host_from) if host_from else None
    )


def _facts_of(path: Path) -> dict[str, Any] | None:
    """What was written beside a table; None where there is none, or none that can be read."""
    if not path.is_file():
        return None
    try:
        facts = json.loads(pl.read_parquet_metadata(path)[_FACTS])
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError):
        return None
    return facts if isinstance(facts, dict) else None


def _table(path: Path) -> pl.DataFrame | None:
    try:
        table = pl.read_parquet(path)
        path.touch()
    except (OSError, pl.exceptions.PolarsError):
        return None
    return table


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:_DIGEST_LENGTH]


def _reader() -> list[Any]:
    """What decides how a line is read and scored: the release, the masks, and the very files of the parser and the model."""
    folder, own = Path(str(logs.__file__)).parent, Path(__file__).parent
    files = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for room in (folder, folder.with_name("model"))
        for path in [*sorted(room.rglob("*")), own / "stories.py", own / "story_steps.py"]
        if path.suffix in (".py", ".yaml")
    ]
    return [__version__, MASK_VERSION, files]
