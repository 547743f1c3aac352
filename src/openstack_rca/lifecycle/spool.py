"""Trained files that could not be published yet: ``<id>.keras`` with a ``<id>.json`` beside it.

The id becomes the version's writer token, so a file that was published just before a crash is not published twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from openstack_rca.errors import DigestMismatch
from openstack_rca.lifecycle.files import file_digest, locked, replacing, write_whole
from openstack_rca.lifecycle.records import Draft, Place


@dataclass(frozen=True)
class SpooledModel:
    """One waiting file and what is to be said about it when it is published."""

    path: Path
    place: Place
    draft: Draft

    def remove(self) -> None:
        """Forget it; the facts go first, so that a crash between leaves no entry that is not whole."""
        self.path.with_suffix(".json").unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class Spool:
    """The folder of waiting files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, place: Place, draft: Draft, reason: str) -> Path:
        """Copy a file into the spool and return where it is. The entry exists once its ``.json`` does."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}"
        target = self.folder / f"{name}.keras"
        with replacing(target) as temporary, draft.path.open("rb") as source, temporary.open("wb") as copy:
            while block := source.read(1024 * 1024):
                copy.write(block)
        facts = {
            "writer": draft.writer,
            "experiment": place.experiment,
            "model_name": place.model_name,
            "sha256": draft.sha256,
            "size_bytes": draft.size_bytes,
            "run_id": draft.run_id,
            "metrics": dict(draft.metrics),
            "parameters": dict(draft.parameters),
            "card": dict(draft.card),
            "tags": dict(draft.tags),
            "objection": draft.objection,
            "forced": draft.forced,
            "reason": reason,
        }
        write_whole(target.with_suffix(".json"), json.dumps(facts, indent=2, default=str).encode())
        return target

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Keep two senders from taking the same entry."""
        with locked(self.folder / ".lock"):
            yield

    def entries(self) -> list[SpooledModel]:
        """All waiting files, oldest first.

        Raises:
            DigestMismatch: a waiting file is not the one that was trained.
        """
        return [self._entry(path) for path in sorted(self.folder.glob("*.json"))]

    def _entry(self, description: Path) -> SpooledModel:
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


def _damaged(path: Path) -> DigestMismatch:
    return DigestMismatch(
        f"The waiting file {path} was changed or damaged after training.",
        "Move it and its .json away, and train again.",
    )
