"""Today's pins, yanks and aliases, computed from the history."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.history.changes_log import EventLog, EventName, VersionEvent

STAGES = ("Development", "Staging", "Production")
"""Stages of the manual. One version is in a stage at a time, and carries its name in small letters as an alias."""

CHANGING = frozenset(
    {word.YANKED, word.UNYANKED, word.PINNED, word.UNPINNED}
    | {word.DESCRIBED, word.ALIASED, word.UNALIASED, word.STAGED, word.PRUNED}
)
"""Actions that change what is computed here; the others need not be read."""


@dataclass
class VersionState:
    """What the history says of today.

    Attributes:
        pinned: the pinned version, if any.
        yanked: version -> reason.
        aliases: alias -> version; those of stages are among them.
        stages: version -> stage.
        descriptions: version -> text.
        pruned: versions that were removed on purpose.
        told: what the history ever spoke of, each by its kind (``PIN``, ``ALIAS``, ``YANK``, ``STAGE``, ``DESCRIPTION``) and
            the alias or version that it is about; a pin is about none (0). What it never spoke of may have been set by
            hand in the registry.
    """

    pinned: int | None = None
    yanked: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    stages: dict[int, str] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)
    pruned: set[int] = field(default_factory=set)
    told: set[tuple[str, str | int]] = field(default_factory=set)

    def aliases_of(self, version: int) -> tuple[str, ...]:
        """Aliases that lead to a version, by name."""
        return tuple(sorted(name for name, number in self.aliases.items() if number == version))


PIN, ALIAS, YANK, STAGE, DESCRIPTION = "pin", "alias", "yank", "stage", "description"


def read_state(log: EventLog, names: list[EventName] | None = None) -> VersionState:
    """Today's state, from all events or those of ``names``. Raises DigestMismatch, StoreError: one cannot be read."""
    names = log.names() if names is None else names
    return replay(log.read(name for name in names if name.action in CHANGING))


def replay(events: Iterable[VersionEvent]) -> VersionState:
    """The state that follows from these events, given oldest first."""
    state = VersionState()
    for event in events:
        _apply(state, event)
    return state


def _apply(state: VersionState, event: VersionEvent) -> None:
    number = event.version
    if number in state.pruned:
        _apply_to_pruned(state, event)
        return
    if event.action in (word.YANKED, word.UNYANKED):
        state.told.add((YANK, number))
    if event.action == word.YANKED:
        state.yanked[number] = event.reason
    elif event.action == word.UNYANKED:
        state.yanked.pop(number, None)
    elif event.action == word.PINNED:
        state.pinned = number
        state.told.add((PIN, 0))
    elif event.action == word.UNPINNED:
        state.pinned = None
        state.told.add((PIN, 0))
    elif event.action == word.DESCRIBED:
        state.told.add((DESCRIPTION, number))
        state.descriptions[number] = event.details.get("text", "")
    elif event.action == word.ALIASED:
        _point(state, event.details["alias"], number)
    elif event.action == word.UNALIASED:
        _point(state, event.details["alias"], None)
    elif event.action == word.STAGED:
        _stage(state, number, event.details.get("stage", ""))
    elif event.action == word.PRUNED:
        _prune(state, number)


def _apply_to_pruned(state: VersionState, event: VersionEvent) -> None:
    """Somebody saw the version a moment before it was removed. Where that took something from another one, it is gone."""
    if event.action == word.PINNED:
        state.pinned = None
    elif event.action == word.ALIASED:
        state.aliases.pop(event.details["alias"], None)


def _prune(state: VersionState, number: int) -> None:
    state.pruned.add(number)
    if state.pinned == number:
        state.pinned = None
    for alias in state.aliases_of(number):
        del state.aliases[alias]
    for told in (state.yanked, state.descriptions, state.stages):
        told.pop(number, None)


def _point(state: VersionState, alias: str, version: int | None) -> None:
    state.told.add((ALIAS, alias))
    state.aliases.pop(alias, None)
    if version is not None:
        state.aliases[alias] = version


def _stage(state: VersionState, version: int, stage: str) -> None:
    """A version leaves its old stage, and whatever was in the new one leaves that."""
    state.told.add((STAGE, version))
    old = state.stages.pop(version, None)
    if old:
        _point(state, old.lower(), None)
    if stage:
        for other in [number for number, held in state.stages.items() if held == stage]:
            del state.stages[other]
        state.stages[version] = stage
        _point(state, stage.lower(), version)
