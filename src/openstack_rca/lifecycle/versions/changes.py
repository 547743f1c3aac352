"""Changes to versions that are there: yank, pin, roll back, alias, stage, describe; and the history of all that.

A change is first appended to the history, then the registry is made to say what the history says. Whoever changes looks
at the history again afterwards, so of two who change the same thing at once, both end with what the last event says.
What is cut off between the two steps is in the history, and ``models repair`` lets it take effect.
"""

import re
from collections.abc import Callable, Mapping

from openstack_rca.errors import ConfigurationError, LifecycleError, VersionNotFound
from openstack_rca.lifecycle.history import STAGES, VersionState, read_state
from openstack_rca.lifecycle.history import changes_log as word
from openstack_rca.lifecycle.mlflow import MlflowRegistry
from openstack_rca.lifecycle.records import ModelKind, ModelVersion
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle

ATTEMPTS = 5
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")

Follow = Callable[[MlflowRegistry, VersionState], None]


class VersionChanges:
    """Changes to the versions of one model in one environment.

    All raise ``RegistryUnavailable`` or ``StoreError`` where registry or store fail, ``VersionNotFound`` where there is no such
    version or alias, or it is not ready, ``ConfigurationError`` for what cannot be done; nothing was changed then.
    """

    def __init__(self, lifecycle: ModelLifecycle) -> None:
        self.lifecycle = lifecycle
        self.index = lifecycle.index
        self.events = lifecycle.events

    def yank(self, reference: str | int, reason: str) -> ModelVersion:
        """Take a version that is not pinned out of ``latest``; by number or alias it can still be had, with a notice."""
        version = self._ready(reference)
        _require(reason)
        if self.index.pinned() == version.version:
            raise ConfigurationError(
                f"Version {version.version} is pinned, and latest would still lead to it.",
                "Unpin it or roll back first (openstack-rca models unpin, models rollback).",
            )
        if version.yanked:
            raise ConfigurationError(
                f"Version {version.version} is yanked already: {version.yank_reason or 'no reason given'}."
            )
        return self._change_version(word.YANKED, version.version, reason)

    def unyank(self, reference: str | int, reason: str = "") -> ModelVersion:
        """Let a yanked version into ``latest`` again."""
        version = self.lifecycle.show(reference)
        if not version.yanked:
            raise ConfigurationError(f"Version {version.version} is not yanked.")
        return self._change_version(word.UNYANKED, version.version, reason)

    def pin(self, reference: str | int, reason: str) -> ModelVersion:
        """Let ``latest`` lead to this version, whatever is published later; not to a yanked one."""
        version = self._ready(reference)
        _require(reason)
        if version.yanked:
            raise ConfigurationError(
                f"Version {version.version} was yanked: {version.yank_reason or 'no reason given'}.",
                f"Pin another one, or take that back with: openstack-rca models unyank {version.version}",
            )
        if version.kind is not ModelKind.ENGINE:
            raise ConfigurationError(
                f"Version {version.version} is not a model that the analysis can use.", "Pin another one."
            )
        return self._pin(version.version, reason, {})

    def unpin(self, reference: str | int | None = None, reason: str = "") -> int:
        """Remove the pin, so that ``latest`` is the highest version again; returns the version that was pinned.

        Raises ConfigurationError: none is pinned, or another one than ``reference``.
        """
        pinned = self.index.pinned()
        if pinned is None:
            raise ConfigurationError("No version is pinned.")
        # A pinned version may be gone, so the number is read without asking for the version.
        if reference is not None and str(reference).lower().removeprefix("v").lstrip("0") != str(pinned):
            raise ConfigurationError(f"Version {pinned} is pinned, not {reference}.", "Nothing was changed.")
        self._change(word.UNPINNED, pinned, reason, {}, _follow_pin)
        return pinned

    def rollback(self, reason: str = "") -> ModelVersion:
        """Pin the last good version before the one in use: ready, not yanked, and whole in the store."""
        pinned = self.index.pinned()
        current = pinned if pinned is not None else self.lifecycle.resolve("latest").version
        for version in self.index.newest_first():
            if version.version < current and version.resolvable and self.lifecycle.check(version).ok:
                return self._pin(version.version, reason, {"rolled_back_from": str(current)})
        raise VersionNotFound(
            f"There is no good version before version {current}, which is in use.",
            "Nothing was changed; see openstack-rca models list.",
        )

    def describe(self, reference: str | int, text: str) -> ModelVersion:
        """Set the description of a version in any state; an empty text removes it."""
        number = self.lifecycle.show(reference).version
        return self._change_version(word.DESCRIBED, number, details={"text": word.checked_text(text)})

    def set_alias(self, alias: str, reference: str | int, reason: str = "", *, force: bool = False) -> ModelVersion:
        """Let ``@alias`` lead to this version and no other. Moving a protected alias needs ``force``."""
        check_alias(alias)
        self.require_unprotected(alias, force=force)
        number = self._ready(reference).version
        self._change_alias(word.ALIASED, number, alias, reason)
        return self.index.get(number)

    def delete_alias(self, alias: str, reason: str = "", *, force: bool = False) -> int:
        """Remove an alias; returns the version that it led to. A protected one needs ``force``."""
        check_alias(alias)
        self.require_unprotected(alias, force=force)
        number = self.index.by_alias(alias).version
        self._change_alias(word.UNALIASED, number, alias, reason)
        return number

    def set_stage(self, reference: str | int, stage: str, reason: str = "", *, force: bool = False) -> ModelVersion:
        """Move a version to a stage of ``STAGES``, or out of all of them with an empty one.

        The version that was in the stage leaves it; ``@production`` and the like lead to whichever is there.
        """
        known = {name.lower(): name for name in STAGES}
        if stage and stage.lower() not in known:
            raise ConfigurationError(f"There is no stage {stage!r}.", f"Stages are {', '.join(STAGES)}.")
        ready = self._ready(reference)
        number, stage = ready.version, known.get(stage.lower(), "")
        self.require_unprotected(stage, ready.stage, force=force)

        def follow(registry: MlflowRegistry, state: VersionState) -> None:
            held = (version for version in registry.newest_first() if version.stage and version.stage == stage)
            before = [version.version for version in held]
            registry.follow(state, {number, *before}, [name.lower() for name in STAGES])

        self._change(word.STAGED, number, reason, {"stage": stage}, follow)
        return self.index.get(number)

    def require_unprotected(self, *aliases: str, force: bool) -> None:
        """Raise ``ConfigurationError`` if the setting ``protected_aliases`` names one of these, unless ``force``."""
        protected = {name.strip().lower() for name in self.lifecycle.settings.protected_aliases.split(",")}
        for alias in aliases:
            if alias and alias.lower() in protected and not force:
                raise ConfigurationError(
                    f"The alias {alias.lower()!r} is protected (OPENSTACK_RCA_PROTECTED_ALIASES).",
                    "Nothing was changed; --force moves it all the same.",
                )

    def _ready(self, reference: str | int) -> ModelVersion:
        return self.lifecycle.resolve(reference)

    def _pin(self, number: int, reason: str, details: Mapping[str, str]) -> ModelVersion:
        self._change(word.PINNED, number, reason, details, _follow_pin)
        # Yanking looks for a pin and pinning for a yank; of two at the same moment, both may have looked too early.
        if self.index.get(number).yanked:
            self._change(word.UNPINNED, number, "it was yanked at the same moment", {}, _follow_pin)
            raise ConfigurationError(
                f"Version {number} was yanked at the same moment; it is not pinned.", "Pin another one."
            )
        return self.lifecycle.resolve("latest")

    def _change_version(
        self, action: str, number: int, reason: str = "", details: Mapping[str, str] | None = None
    ) -> ModelVersion:
        self._change(action, number, reason, details or {}, lambda registry, state: registry.follow(state, [number]))
        return self.index.get(number)

    def _change_alias(self, action: str, number: int, alias: str, reason: str) -> None:
        self._change(
            action, number, reason, {"alias": alias}, lambda registry, state: registry.follow(state, aliases=[alias])
        )

    def _change(self, action: str, number: int, reason: str, details: Mapping[str, str], follow: Follow) -> None:
        self.events.append(action, number, reason, details)
        registry = self.lifecycle.registry
        if registry is None:
            return
        try:
            for _ in range(ATTEMPTS):
                names = self.events.names()
                follow(registry, read_state(self.events, names))
                if self.events.names() == names:
                    return
            raise LifecycleError("Other processes keep changing versions at the same time.", "Wait for them.")
        except LifecycleError as error:
            raise type(error)(
                f"{error.message} The change is in the history and has not taken effect.",
                f"{error.hint} Then let it take effect with: openstack-rca models repair --yes".strip(),
            ) from error


def _follow_pin(registry: MlflowRegistry, state: VersionState) -> None:
    registry.follow(state, pin=True)


def number_of(lifecycle: ModelLifecycle, reference: str | int) -> int:
    """The number that a reference means; a number is taken as it is, so that a pruned version can be named.

    Raises VersionNotFound: no version goes by another reference.
    """
    found = re.fullmatch(r"[vV]?0*([1-9]\d{0,8})", str(reference).strip())
    return int(found.group(1)) if found else lifecycle.show(reference).version


def _require(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError("A reason is needed: others will read it.", "Add --reason TEXT.")


def check_alias(alias: str) -> None:
    """Raise ``ConfigurationError`` where a name cannot be an alias, or is reserved (``latest``, a number, a stage)."""
    if alias.lower() == "latest" or re.fullmatch(r"[vV]?\d+", alias):
        raise ConfigurationError(
            f"The alias {alias!r} is reserved: it has a meaning of its own.", "Choose a name such as champion."
        )
    if alias.lower() in (name.lower() for name in STAGES):
        raise ConfigurationError(
            f"The alias {alias!r} belongs to a stage.", "Move a version there with: openstack-rca models stage N STAGE"
        )
    if not _ALIAS.fullmatch(alias):
        raise ConfigurationError(
            f"{alias!r} cannot be an alias.", "Begin with a letter; letters, digits, '_' and '-' may follow."
        )
