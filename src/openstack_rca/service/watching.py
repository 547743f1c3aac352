"""A watch: new lines come into a sliding window, the engine looks at it, and what changes about a trouble is told."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from openstack_rca.errors import ConfigurationError, LogInputError
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.logs.event_table import EVENT_SCHEMA, EventTable, detached
from openstack_rca.logs.following import Arrival, Follower, Place
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.sources import Collection
from openstack_rca.rca.engine import AnalysisRequest
from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.rca.knowledge import RememberingCatalogue, load_catalogue
from openstack_rca.rca.report import Report
from openstack_rca.service.analysis import Prepared, answer, given_deployment, score_events
from openstack_rca.service.deliveries import Deliveries, Waiting
from openstack_rca.service.kept_reports import keep_report
from openstack_rca.service.knowledge import knowledge_for
from openstack_rca.service.log_reading import reader_of
from openstack_rca.service.model_choice import OpenModel
from openstack_rca.service.remote import plain_address
from openstack_rca.service.stories import expected_steps
from openstack_rca.service.troubles import Told, TroubleBook, TroubleState
from openstack_rca.settings import Settings

MOST_EVENTS = 300_000
"""The window holds no more events than this; the oldest go first."""
_KEY = "arrival_key"
_WAITING = TypeAdapter(list[Waiting])


@dataclass(frozen=True)
class WatchOptions:
    """How a watch works; see the options of ``openstack-rca watch``."""

    window: timedelta = timedelta(minutes=15)
    interval: timedelta = timedelta(seconds=10)
    quiet: timedelta = timedelta(minutes=2)
    cool_down: timedelta = timedelta(minutes=30)
    from_start: bool = False
    signatures: Path | None = None


@dataclass
class Figures:
    """What a watch has done, for its page of metrics; the counters never fall."""

    lines: int = 0
    events: int = 0
    analyses: int = 0
    began: int = 0
    changed: int = 0
    ended: int = 0
    lag_bytes: int = 0
    lag_seconds: float = 0.0
    files: int = 0
    window_events: int = 0
    is_open: bool = False
    unreadable: int = 0
    last_look: float = 0.0


@dataclass
class _Window:
    """The events of the last minutes, with what each came from."""

    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={**EVENT_SCHEMA, _KEY: pl.String()}))
    files: dict[str, FileRead] = field(default_factory=dict)

    @property
    def latest(self) -> datetime | None:
        """The time of its last event."""
        latest = self.events["time"].max()
        return latest if isinstance(latest, datetime) else None

    def take(self, arrivals: Sequence[tuple[Arrival, pl.DataFrame, FileRead]]) -> list[int]:
        """Put in the lines of some files, in place of what was handed out before; gives how many events of each are new."""
        begins = {each.key: each.source.stretch.first_line for each, *_ in arrivals if each.source.stretch}
        first = pl.col(_KEY).replace_strict(begins, default=None, return_dtype=pl.Int64)
        again = (pl.col("line") >= first).fill_null(value=False)
        replaced = dict(self.events.filter(again).group_by(_KEY).len().iter_rows())
        added = [detached(events).with_columns(pl.lit(arrival.key).alias(_KEY)) for arrival, events, _ in arrivals]
        self.events = pl.concat([self.events.filter(~again), *added])
        self.files |= {read.file: read for *_, read in arrivals}
        return [max(0, events.height - replaced.get(arrival.key, 0)) for arrival, events, _ in arrivals]

    def forget(self, before: datetime) -> None:
        """Drop what is older, and more than the window may hold, and the files of which nothing is left."""
        kept = self.events.filter(pl.col("time").is_null() | (pl.col("time") >= before))
        kept = kept.sort("time", "file", "line", nulls_last=True, maintain_order=True)
        self.events = kept.tail(MOST_EVENTS)
        names = set(self.events["file"].unique().to_list())
        self.files = {name: read for name, read in self.files.items() if name in names}


class Watch:
    """Looks at logs while they are written.

    Args:
        state: file that remembers, over a restart, where the reading stopped, which trouble is open, what was told, and
            what did not arrive yet; None remembers nothing.
        clock: wall-clock seconds; the lag is measured with it.
        names: how reports call ``paths``, where those are temporary.

    Raises LogInputError: a path leads nowhere or holds no log.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        settings: Settings,
        model: OpenModel,
        deliveries: Deliveries,
        options: WatchOptions | None = None,
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
        names: Sequence[str | Path] = (),
    ) -> None:
        self.options = options or WatchOptions()
        self.figures = Figures()
        self._paths = [plain_address(str(path)) for path in names or paths]
        self._settings = settings.model_copy(update={"correct_skew": False})
        self._model = model
        self._deliveries = deliveries
        self._state = state
        self._clock = clock
        kept = _read_state(state)
        places = {name: Place(**place) for name, place in kept.get("places", {}).items()}
        self._follower = Follower(paths, from_start=self.options.from_start, places=places)
        troubles = TroubleState.model_validate(kept.get("troubles", {}))
        self._book = TroubleBook(troubles, self.options.quiet, self.options.cool_down)
        deliveries.take_back(_WAITING.validate_python(kept.get("waiting", [])))
        self._window = _Window()
        self._read = reader_of(self._settings)
        own = self.options.signatures or settings.signatures_folder
        # Most lines of the window were there at the look before.
        self._catalogue = RememberingCatalogue(load_catalogue(own).signatures)
        self._looked_at: datetime | None = None
        self._arrived_at = clock()
        self._unsaved = False

    @property
    def files(self) -> int:
        """How many files are followed now."""
        return self._follower.files

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more."""
        return self._follower.ended

    def step(self) -> list[Told]:
        """Read new lines, analyse them if it is time, and queue what is to be told; gives that."""
        arrivals = self._follower.look()
        for together in _by_names(arrivals):
            self._take(together)
        if arrivals:
            self._arrived_at = self._clock()
        now = self._now()
        told: list[Told] = []
        if now is not None:
            self._window.forget(now - self.options.window)
            if self._looked_at is None or now - self._looked_at >= self.options.interval or self.ended:
                told = self._look(now)
        self._count(told, now)
        for each in told:
            self._deliveries.put(each)
        if told or arrivals or self._unsaved:
            self._save_or_tell()
        return told

    def _save_or_tell(self) -> None:
        """A disk that is full for a while ends no watch: trouble is just what it is there for."""
        try:
            self.save()
        except ConfigurationError as error:
            if self._deliveries.notice is not None and not self._unsaved:
                self._deliveries.notice(f"{error} The watch goes on; a restart now would tell again.")
            self._unsaved = True
        else:
            self._unsaved = False

    def save(self) -> None:
        """Write down what is to be remembered. Raises ConfigurationError: the file cannot be written."""
        if self._state is None:
            return
        facts = {
            "places": {name: asdict(place) for name, place in self._follower.places.items()},
            "troubles": self._book.state.model_dump(mode="json"),
            "waiting": [each.model_dump(mode="json") for each in self._deliveries.kept()],
        }
        try:
            write_whole(self._state, json.dumps(facts).encode())
        except OSError as error:
            raise ConfigurationError(
                f"The state of the watch cannot be kept in {self._state} ({error.strerror}).",
                "Name another file with --state, or free some space.",
            ) from None

    def close(self) -> None:
        """Close the files that are read."""
        self._follower.close()

    def _take(self, arrivals: Mapping[str, Arrival]) -> None:
        """Read lines of several files in one go, for each reading has a price of its own."""
        sources = [arrival.source for arrival in arrivals.values()]
        try:
            read = self._read(Collection(sources, [], self._paths), self._window.latest)
        except LogInputError:
            self.figures.unreadable += len(arrivals)
            return
        events = {str(name): part for (name,), part in read.events.partition_by("file", as_dict=True).items()}
        files = {each.file: each for each in read.files}
        known = {
            name: arrival
            for name, arrival in arrivals.items()
            if name in events and (files[name].format != "unknown" or files[name].guessed_levels)
        }
        self.figures.unreadable += len(arrivals) - len(known)
        added = self._window.take([(arrival, events[name], files[name]) for name, arrival in known.items()])
        for (name, arrival), new in zip(known.items(), added, strict=True):
            latest = events[name]["time"].max()
            self._follower.note_time(arrival.key, latest if isinstance(latest, datetime) else None)
            self.figures.events += new
            self.figures.lines += int(events[name]["lines"].tail(new).sum()) if new else 0

    def _now(self) -> datetime | None:
        """The time that the logs have reached: that of a backlog, else that of the last line and what has passed since."""
        latest = self._follower.horizon
        if latest is not None:
            return latest
        latest = self._window.latest
        if latest is None:
            return self._looked_at
        passed = latest + timedelta(seconds=max(0.0, self._clock() - self._arrived_at))
        return passed if self._looked_at is None else max(passed, self._looked_at)

    def _look(self, now: datetime) -> list[Told]:
        self._looked_at = now
        events = self._window.events.filter(pl.col("time").is_null() | (pl.col("time") <= now)).drop(_KEY)
        report = self._report(events) if events.height else None
        told = self._book.note(report, now)
        if report is not None and told:
            with suppress(ConfigurationError):
                keep_report(report, self._settings)
        return told

    def _report(self, events: pl.DataFrame) -> Report:
        self.figures.analyses += 1
        table = EventTable.of(events)
        scores, rates = score_events(self._model, table)
        file = self._model.file
        expected = expected_steps(file.baseline, events, file) if file else ExpectedSteps()
        names = set(events["file"].unique().to_list())
        read = LogRead(table, [each for name, each in self._window.files.items() if name in names], self._paths)
        request = AnalysisRequest(
            issue="", logs=self._paths, fast=True, command="", knowledge=knowledge_for(self._settings, fast=True)
        )
        prepared = Prepared(read, self._model, scores, rates, {}, expected)
        return answer(prepared, request, self._catalogue, deployment=given_deployment(self._settings)).report

    def _count(self, told: Sequence[Told], now: datetime | None) -> None:
        figures = self.figures
        figures.last_look = self._clock()
        for each in told:
            setattr(figures, each.turn.value, getattr(figures, each.turn.value) + 1)
        figures.lag_bytes, figures.files = self._follower.lag_bytes, self._follower.files
        behind = self._clock() - now.timestamp() if now is not None and figures.lag_bytes else 0.0
        figures.lag_seconds = max(0.0, behind)
        figures.window_events = self._window.events.height
        figures.is_open = self._book.state.open is not None


def _by_names(arrivals: Sequence[Arrival]) -> list[dict[str, Arrival]]:
    """Lines that can be read in one go: those of a file that was renamed come before those of the one that has its name now."""
    rounds: list[dict[str, Arrival]] = []
    for arrival in arrivals:
        name = arrival.source.name
        free = next((each for each in rounds if name not in each), None)
        if free is None:
            rounds.append({name: arrival})
        else:
            free[name] = arrival
    return rounds


def state_file(paths: Sequence[str | Path], settings: Settings) -> Path:
    """Where the watch of these paths remembers what it needs, unless another file is named."""
    told = "\0".join(str(path) if str(path) == "-" else str(Path(path).absolute()) for path in paths)
    return settings.state_folder / f"watch-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"


def _read_state(path: Path | None) -> dict[str, Any]:
    """What an earlier watch wrote down; nothing where that cannot be read any more."""
    if path is None:
        return {}
    try:
        facts = json.loads(path.read_bytes())
        TroubleState.model_validate(facts["troubles"])
        _WAITING.validate_python(facts["waiting"])
        dict(facts["places"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return {}
    return dict(facts)
