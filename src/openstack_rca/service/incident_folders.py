"""Labelled incidents of several clouds, each with a name that tells them apart.

Small ones may be packed: a ``.jsonl`` file holds one incident a line, its label with ``id`` and with ``logs``, the text of
each log by its path below ``logs/``.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from openstack_rca.errors import IncidentFormatError
from openstack_rca.rca.scoring import INCIDENT_FILE, find_incidents

PACKED = ".jsonl"
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


@contextmanager
def incidents_of(given: Sequence[Path]) -> Iterator[list[Incident]]:
    """The incidents below the given folders and in the given ``.jsonl`` files, in their order; packed ones go afterwards.

    Raises:
        IncidentFormatError: one of them holds none, or a packed one cannot be read.
    """
    with tempfile.TemporaryDirectory() as room:
        found: list[tuple[str, Path]] = []
        for number, path in enumerate(given):
            packed = [path] if path.suffix == PACKED else sorted(path.glob(f"*{PACKED}"))
            for file in packed:
                unpack(file, Path(room) / str(number))
            places = [Path(room) / str(number)] if packed else []
            if not packed or any(path.glob(f"*/{INCIDENT_FILE}")):
                places.append(path)
            found += [(cloud_of(path), incident) for place in places for incident in find_incidents(place)]
        names = Counter(path.name for _, path in found)
        yield [
            Incident(path, path.name if names[path.name] == 1 else f"{cloud}/{path.name}", cloud)
            for cloud, path in found
        ]


def unpack(packed: Path, into: Path) -> None:
    """Write the incidents of a packed file as folders.

    Raises:
        IncidentFormatError: it cannot be read, or a name in it leads out of its folder.
    """
    try:
        # Strings in JSON may hold other line separators.
        for line in filter(str.strip, packed.read_text(encoding="utf-8").split("\n")):
            label = json.loads(line)
            texts = label.pop("logs")
            folder = into / _safe(label["id"])
            for name, text in texts.items():
                file = folder / "logs" / _safe(name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="")
            (folder / INCIDENT_FILE).write_text(json.dumps(label), encoding="utf-8")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise IncidentFormatError(
            f"{packed} cannot be read: {error}.", "Each line is one incident as JSON: id, issue, root_cause, logs."
        ) from None


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name!r} leads out of its folder")
    return path


def cloud_of(folder: Path) -> str:
    """What the incidents of a folder are recordings of, by the folder's name."""
    path = folder.resolve()
    return path.parent.name if path.name == _HOLDER else path.name
