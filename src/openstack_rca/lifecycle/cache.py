"""Verified model files on this machine, by digest, and the memory of which version each one is.

    objects/<sha256>.keras                      the file; its digest is checked at every use
    versions/<experiment>/<model>/<N>.json      the version's facts, as last seen
    versions/<experiment>/<model>/latest.json   where ``latest`` and each alias led last (also ``@<alias>.json``)

Every file is written in one step, so processes can share the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from openstack_rca.lifecycle.files import file_digest, write_whole
from openstack_rca.lifecycle.records import ModelVersion, Place


@dataclass(frozen=True)
class RememberedAnswer:
    """Where a reference led when the registry was last asked, in UTC."""

    version: int
    pinned: bool
    when: datetime


class ModelCache:
    """The cache of one model in one environment."""

    def __init__(self, folder: Path, place: Place) -> None:
        self._objects = folder / "objects"
        self._versions = folder / "versions" / place.experiment / place.model_name

    def path_for(self, sha256: str) -> Path:
        """Where the file with this digest belongs."""
        return self._objects / f"{sha256}.keras"

    def verified(self, sha256: str) -> Path | None:
        """The cached file, read and found intact; a damaged one is removed."""
        path = self.path_for(sha256)
        try:
            if file_digest(path) == sha256:
                return path
            path.unlink(missing_ok=True)
        except OSError:
            return None
        return None

    def remember_version(self, version: ModelVersion) -> None:
        """Keep a version's facts for the day when the registry is down."""
        facts = {**asdict(version), "created": version.created.isoformat()}
        self._write(self._versions / f"{version.version}.json", facts)

    def remember_answer(self, reference: str, version: ModelVersion) -> None:
        """Keep where a reference led."""
        facts = {"version": version.version, "pinned": version.pinned, "when": datetime.now(UTC).isoformat()}
        self._write(self._versions / f"{reference}.json", facts)

    def version(self, number: int) -> ModelVersion | None:
        """What is remembered of a version."""
        return _read_version(self._versions / f"{number}.json")

    def versions(self) -> Iterator[ModelVersion]:
        """All remembered versions, highest number first."""
        numbers = sorted(
            (int(path.stem) for path in self._versions.glob("*.json") if path.stem.isdigit()), reverse=True
        )
        for number in numbers:
            if found := self.version(number):
                yield found

    def answer(self, reference: str) -> RememberedAnswer | None:
        """Where a reference led last, if it was ever asked."""
        facts = _read(self._versions / f"{reference}.json")
        try:
            return RememberedAnswer(int(facts["version"]), bool(facts["pinned"]), datetime.fromisoformat(facts["when"]))
        except (KeyError, TypeError, ValueError):
            return None

    def _write(self, path: Path, facts: dict[str, object]) -> None:
        write_whole(path, json.dumps(facts, indent=2).encode())


def _read(path: Path) -> dict[str, str]:
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _read_version(path: Path) -> ModelVersion | None:
    facts = _read(path)
    known = {field.name for field in fields(ModelVersion)}
    try:
        values = {name: value for name, value in facts.items() if name in known}
        return ModelVersion(
            **{  # type: ignore[arg-type]
                **values,
                "created": datetime.fromisoformat(facts["created"]),
                "aliases": tuple(facts["aliases"]),
            }
        )
    except (KeyError, TypeError, ValueError):
        return None
