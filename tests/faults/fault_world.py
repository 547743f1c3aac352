"""An environment that is treated badly, and what must hold in it at any moment."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_tasks import content_of, in_a_process, killed_at_random, problems_of, temporary_files, write_model
from lifecycle_helpers import FACTS

from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.repair import NAMED, find_repairs, repair
from openstack_rca.settings import Settings, load_settings

NEEDED_BEFORE = {"load": 0, "publish": 0, "pin": 0, "unpin": 0, "yank": 1, "prune": 1}
"""How many versions are published before each try of a task, so that it has something to do."""


@dataclass
class World:
    """One environment; ``contents`` is what each version number was ever seen to hold."""

    settings: Settings
    folder: Path
    contents: dict[int, str] = field(default_factory=dict)
    labels: int = 0

    @property
    def facts(self) -> dict[str, Any]:
        """The settings, for another process."""
        services = {
            "mlflow_artifact_root": self.settings.artifact_root,
            "mlflow_tracking_uri": self.settings.tracking_uri,
        }
        return {**self.settings.model_dump(exclude_unset=True), **services}

    def lifecycle(self) -> ModelLifecycle:
        """As a program finds it that starts now."""
        return ModelLifecycle(load_settings(**self.facts))

    def label(self) -> str:
        """A content that no version has yet."""
        self.labels += 1
        return f"content-{self.labels}"

    def publish(self) -> int:
        """Publish a version that nothing happens to."""
        label = self.label()
        path = write_model(self.folder / f"{label}.keras", label)
        number = self.lifecycle().publish(path, **FACTS).version
        self.contents[number] = label
        return number

    def try_killed(self, task: str, kill_before: int) -> bool:
        """Try a task in a process that is killed in place of its changing operation of that number."""
        return in_a_process(task, self.facts, self.label(), self.folder, kill_before=kill_before)

    def try_killed_at_random(self, task: str, longest: float, chance: random.Random) -> bool:
        """Try a task in a process that is killed within so many seconds."""
        return killed_at_random(task, self.facts, self.label(), self.folder, longest, chance)

    def check(self) -> None:
        """Latest can be loaded, each number holds what it always held, and nobody can be given a wrong file."""
        lifecycle = self.lifecycle()
        loaded = lifecycle.load()
        held = content_of(loaded.path)
        assert self.contents.setdefault(loaded.version.version, held) == held
        numbers = [version.version for version in lifecycle.list()]
        assert numbers == sorted(set(numbers), reverse=True)
        assert problems_of(lifecycle, newest=4) == []

    def check_after_the_next_run(self) -> None:
        """A publishing tidies up after the dead; where there is a registry, repair leaves nothing to repair."""
        number = self.publish()
        lifecycle = self.lifecycle()
        assert temporary_files(self.settings.home) == []
        if lifecycle.settings.mlflow_enabled:
            repair(lifecycle)
            assert [found.what for found in find_repairs(lifecycle) if found.kind != NAMED] == []
        pinned = lifecycle.index.pinned()
        assert lifecycle.resolve().version == (number if pinned is None else pinned)

    def sweep(self, task: str, operations: Iterable[int]) -> int:
        """Kill a task before each of these changing operations in turn, and check everything after each kill.

        Args:
            task: what is tried again and again, until it comes to its end.
            operations: their numbers, ascending.

        Returns:
            How many processes were killed.
        """
        kills = 0
        for operation in operations:
            for _ in range(NEEDED_BEFORE[task]):
                self.publish()
            if task == "unpin" and self.lifecycle().index.pinned() is None:
                assert in_a_process("pin", self.facts, self.label(), self.folder)
            ended = self.try_killed(task, operation)
            self.check()
            self.check_after_the_next_run()
            if ended:
                break
            kills += 1
        assert problems_of(self.lifecycle()) == []
        return kills
