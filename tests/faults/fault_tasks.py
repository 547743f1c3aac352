"""What the fault tests let other processes do, and how those processes are killed at a chosen operation.

The processes come from a fork server that has imported everything once, so that hundreds of them cost little.
"""

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy
from lifecycle_helpers import FACTS

from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.changes import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.retention import carry_out, plan_pruning
from openstack_rca.settings import load_settings

LATER = datetime(2100, 1, 1, tzinfo=UTC)
CHANGING = (
    "os.rename",
    "os.remove",
    "os.link",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "sqlite3.connect",
    "shutil.rmtree",
)
"""Audit events of Python that change files; opening a file for writing is one too."""
CHANGING_SQL = ("INSERT", "UPDATE", "DELETE")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "mlflow.store.model_registry.sqlalchemy_store",
        "mlflow.store.tracking.sqlalchemy_store",
        "mlflow.tracking",
        "obstore.store",
        "openstack_rca.lifecycle.versions.changes",
        "openstack_rca.lifecycle.versions.repair",
        "openstack_rca.lifecycle.versions.retention",
    ]
)


def write_model(path: Path, content: str) -> Path:
    """A file with a model file's outline, and content that tells it apart."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", content)
    return path


def content_of(path: Path) -> str:
    """What ``write_model`` wrote."""
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5").decode()


def publish_task(facts: Mapping[str, Any], label: str, folder: str) -> None:
    """Publish one version."""
    ModelLifecycle(load_settings(**facts)).publish(write_model(Path(folder) / f"{label}.keras", label), **FACTS)


def load_task(facts: Mapping[str, Any], _label: str, _folder: str) -> None:
    """Load the latest version with nothing in the cache."""
    settings = load_settings(**facts)
    shutil.rmtree(settings.cache_folder, ignore_errors=True)
    ModelLifecycle(settings).load()


def prune_task(facts: Mapping[str, Any], _label: str, _folder: str) -> None:
    """Keep the newest two."""
    lifecycle = ModelLifecycle(load_settings(**facts))
    carry_out(lifecycle, plan_pruning(lifecycle, 2, timedelta(0), now=LATER))


def pin_task(facts: Mapping[str, Any], label: str, _folder: str) -> None:
    """Pin the version before the newest."""
    lifecycle = ModelLifecycle(load_settings(**facts))
    VersionChanges(lifecycle).pin([version.version for version in lifecycle.list() if version.resolvable][1], label)


def unpin_task(facts: Mapping[str, Any], label: str, _folder: str) -> None:
    """Let ``latest`` be the newest again, if it is not."""
    lifecycle = ModelLifecycle(load_settings(**facts))
    if lifecycle.index.pinned() is not None:
        VersionChanges(lifecycle).unpin(None, label)


def yank_task(facts: Mapping[str, Any], label: str, _folder: str) -> None:
    """Take the newest version out of ``latest``."""
    changes = VersionChanges(ModelLifecycle(load_settings(**facts)))
    changes.yank(changes.lifecycle.resolve().version, label)


TASKS: dict[str, Callable[[Mapping[str, Any], str, str], None]] = {
    "publish": publish_task,
    "load": load_task,
    "prune": prune_task,
    "pin": pin_task,
    "unpin": unpin_task,
    "yank": yank_task,
}


def run(task: str, facts: Mapping[str, Any], label: str, folder: str, kill_before: int | None) -> None:
    """Do a task; with a number, be killed in place of the changing operation with that number, counted from 0."""
    # A model file is written by the test, not by the program; it does not count.
    if kill_before is not None:
        _die_before(kill_before, Path(folder))
    TASKS[task](facts, label, folder)


def in_a_process(
    task: str, facts: Mapping[str, Any], label: str, folder: Path, *, kill_before: int | None = None
) -> bool:
    """Do a task in a process of its own; whether it came to its end.

    Raises:
        AssertionError: it failed, which is neither an end nor a kill.
    """
    process = CONTEXT.Process(target=run, args=(task, facts, label, str(folder), kill_before))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), f"{task} {label} ended with {process.exitcode}"
    return process.exitcode == 0


def killed_at_random(
    task: str, facts: Mapping[str, Any], label: str, folder: Path, longest: float, chance: random.Random
) -> bool:
    """Do a task in a process that is killed at a random moment within ``longest`` seconds; whether it came to its end."""
    process = CONTEXT.Process(target=run, args=(task, facts, label, str(folder), None))
    process.start()
    process.join(chance.uniform(0.0, longest))
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), f"{task} {label} ended with {process.exitcode}"
    return process.exitcode == 0


def publish_many(facts: Mapping[str, Any], folder: str, count: int, sender: int) -> dict[int, str]:
    """Publish several versions, one after another; the content of each by its number."""
    settings = load_settings(**facts)
    published = {}
    for turn in range(count):
        label = f"{sender}-{turn}"
        lifecycle = ModelLifecycle(settings)
        version = lifecycle.publish(write_model(Path(folder) / f"{label}.keras", label), **FACTS)
        published[version.version] = label
    return published


def _die_before(number: int, ignored: Path) -> None:
    left = number

    def count() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
            # The signal takes effect before anything else is done, but not before this call has come back.
            time.sleep(60)
        left -= 1

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR)) or any(letter in str(mode) for letter in "wax+")
            if writes and str(path) != os.devnull and ignored not in Path(str(path)).parents:
                count()
        elif event in CHANGING:
            count()

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def _on_statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(CHANGING_SQL):
            count()

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "commit")
    def _on_commit(_connection: Any) -> None:
        count()

    delete = ObjectStore.delete

    def counted_delete(self: ObjectStore, key: str) -> None:
        count()
        delete(self, key)

    ObjectStore.delete = counted_delete  # type: ignore[method-assign]
    sys.addaudithook(on_event)


def problems_of(lifecycle: ModelLifecycle, newest: int | None = None) -> list[str]:
    """What ``verify`` finds wrong with versions that somebody could be given; only the newest so many, where a number is given."""
    checks = (lifecycle.check(version) for version in lifecycle.list(newest) if version.resolvable)
    return [check.problem for check in checks if not check.ok]


def temporary_files(home: Path) -> list[Path]:
    """What must not be left after the next run."""
    work = home / "work"
    return [*home.rglob("*.part"), *(work.iterdir() if work.exists() else ())]
