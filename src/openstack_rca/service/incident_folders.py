"""Labelled incidents of several clouds, each with a name that tells them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openstack_rca.rca.scoring import find_incidents

_HOLDER = "incidents"


@dataclass(frozen=True)
class Incident:
    """One incident folder.

    Attributes:
        id: its name, with its cloud's before it where two clouds have an incident of that name.
        cloud: name of the folder that it was found under; of the folder around that where it is called ``incidents``.
    """

    folder: Path
    id: str
    cloud: str


def incidents_of(folders: Sequence[Path]) -> list[Incident]:
    """The incidents below the given folders, in their order.

    Raises:
        IncidentFormatError: one of them holds none.
    """
    found = [(cloud_of(folder), path) for folder in folders for path in find_incidents(folder)]
    names = Counter(path.name for _, path in found)
    return [
        Incident(path, path.name if names[path.name] == 1 else f"{cloud}/{path.name}", cloud) for cloud, path in found
    ]


def cloud_of(folder: Path) -> str:
    """What the incidents of a folder are recordings of, by the folder's name."""
    path = folder.resolve()
    return path.parent.name if path.name == _HOLDER else path.name
