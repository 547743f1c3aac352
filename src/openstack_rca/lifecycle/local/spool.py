"""Trained files that could not be published yet: ``<id>.keras`` with a ``<id>.json`` beside it.

The id becomes the version's writer token, so a file that was published just before a crash is not published twice.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from openstack_rca.errors import (
    ConfigurationError,
    DigestMismatch,
    LifecycleError,
    OpenStackRcaError,
    PublishFailed,
    PublishInterrupted,
)
from openstack_rca.lifecycle.objects import copy_bytes, file_digest, locked, replacing, write_whole
from openstack_rca.lifecycle.records import Draft, ModelVersion, Place

PUBLISH_SPOOLED = "openstack-rca models publish --spooled"


@dataclass(frozen=True)
class SpooledModel:
    """One waiting file, with the place and the draft that it is to be published with."""

    path: Path
    place: Place
    draft: Draft

    def remove(self) -> None:
        """Remove the file and its description; the description first, so that a crash leaves no incomplete entry."""
        self.path.with_suffix(".json").unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class Spool:
    """The folder of waiting files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, place: Place, draft: Draft, reason: str) -> Path:
        """Copy a file into the spool and return its path; it counts once its ``.json`` is there. Raises OSError."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}"
        target = self.folder / f"{name}.keras"
        self._take(draft.path, target)
        facts = draft.kept() | {
            "experiment": place.experiment,
            "model_name": place.model_name,
            "objection": draft.objection,
            "forced": draft.forced,
            "reason": reason,
        }
        try:
            write_whole(target.with_suffix(".json"), json.dumps(facts, indent=2, default=str).encode())
        except OSError:
            target.unlink(missing_ok=True)
            raise
        return target

    def _take(self, path: Path, target: Path) -> None:
        try:
            with replacing(target) as temporary:
                copy_bytes(path, temporary)
        except OSError as no_copy:
            # A second name for the file takes no room where a copy of it finds none.
            try:
                os.link(path, target)
            except OSError:
                target.unlink(missing_ok=True)
                raise no_copy from None

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Keep two senders from taking the same entry. Raises OSError: the lock cannot be taken."""
        with locked(self.folder / ".lock"):
            yield

    def waiting(self) -> list[Path]:
        """The descriptions of all waiting files, oldest first."""
        return sorted(self.folder.glob("*.json"))

    def unwritten(self) -> list[Place]:
        """The models whose events wait on this machine for the store (``EventLog.note``)."""
        return [Place(*folder.parts[-2:]) for folder in self.folder.glob("*_history/*/*") if any(folder.iterdir())]

    def entry(self, description: Path) -> SpooledModel:
        """One waiting file. Raises DigestMismatch: it is not the one that was trained."""
        path = description.with_suffix(".keras")
        try:
            facts: dict[str, Any] = json.loads(description.read_bytes())
            place = Place(facts.pop("experiment"), facts.pop("model_name"))
            facts.pop("reason")
            draft = Draft(path=path, **facts)
            intact = file_digest(path) == draft.sha256
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(path) from error
        if not intact:
            raise _damaged(path)
        return SpooledModel(path, place, draft)


def kept_for_later(spool: Spool, place: Place, draft: Draft, model_file: Path, error: BaseException) -> PublishFailed:
    """Put a draft whose publishing failed into the spool; returns the error to raise, which says where the file is."""
    problem, hint = "It was interrupted.", ""
    if isinstance(error, OpenStackRcaError):
        problem, hint = error.message, error.hint
    elif isinstance(error, OSError):
        problem = f"{error.filename or 'This machine'}: {error.strerror or error}."
    told = f"The model was trained but not published: {problem}"
    try:
        kept = spool.add(place, draft, problem)
    except OSError as second:
        return PublishFailed(
            f"{told} Nor could it be kept in {spool.folder}: {second.strerror}.",
            f"{hint} The trained file is still {model_file}: copy it away.".strip(),
        )
    hint = f"{hint} The file is kept as {kept}; publish it later with: {PUBLISH_SPOOLED}".strip()
    kind = PublishInterrupted if isinstance(error, KeyboardInterrupt) else PublishFailed
    return kind(told, hint, kept)


def send_waiting(spool: Spool, send: Callable[[SpooledModel], ModelVersion]) -> list[ModelVersion]:
    """Send what waits, oldest first, and forget what was sent; a damaged file does not hold up the others.

    Raises PublishFailed: one could not be sent, and those after it were not tried; or one is damaged; or another
    process is sending.
    """
    sent: list[ModelVersion] = []
    damaged: list[DigestMismatch] = []
    if not spool.folder.exists():
        return sent
    try:
        with spool.one_at_a_time():
            for description in spool.waiting():
                try:
                    waiting = spool.entry(description)
                except DigestMismatch as error:
                    damaged.append(error)
                    continue
                try:
                    sent.append(send(waiting))
                except (LifecycleError, ConfigurationError) as error:
                    raise PublishFailed(
                        f"{waiting.path.name} could not be published: {error.message}",
                        f"{error.hint} It stays in {spool.folder}.{_told(sent)}".strip(),
                    ) from error
                waiting.remove()
    except OSError as error:
        raise PublishFailed(
            f"The files that wait in {spool.folder} cannot be sent now: {error.strerror or error}.",
            f"Try again.{_told(sent)}",
        ) from error
    if damaged:
        raise PublishFailed(damaged[0].message, f"{damaged[0].hint}{_told(sent)}") from damaged[0]
    return sent


def _told(sent: list[ModelVersion]) -> str:
    return f" Published before that: version {', '.join(str(version.version) for version in sent)}." if sent else ""


def _damaged(path: Path) -> DigestMismatch:
    return DigestMismatch(
        f"The waiting file {path} was changed or damaged after training.",
        "Move it and its .json away, and train again.",
    )
