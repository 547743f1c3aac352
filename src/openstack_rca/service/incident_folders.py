"""Labelled incidents of several clouds, each with a name that tells them apart.

Small ones may be packed: a ``.jsonl`` file holds one incident a line, its label with ``id`` and with ``logs``, the text of
each log by its path below ``logs/``.
"""

import json
import platform
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from openstack_rca.errors import ClusterMismatch, IncidentFormatError
from openstack_rca.rca.scoring import INCIDENT_FILE, find_incidents

PACKED = ".jsonl"
_HOLDER = "incidents"


@dataclass(frozen=True)
class Incident:
    """One incident folder.

    Attributes:
        id: its name, with its cloud's before it where two clouds have an incident of that name.
        cloud: name of the folder that it was found under; of the folder around that where it is called ``incidents``.
        packed: whether it came out of a ``.jsonl`` file, so that its folder is a temporary one.
        files: what its folder holds, by path below it, where it goes to a machine that does not see the folder.
    """

    folder: Path
    id: str
    cloud: str
    packed: bool = False
    files: dict[str, bytes] | None = None


@contextmanager
def incidents_of(given: Sequence[Path]) -> Iterator[list[Incident]]:
    """The incidents below folders and in ``.jsonl`` files, in their order; unpacked copies are removed when the block ends.

    Raises IncidentFormatError: one of them holds none, or a packed one cannot be read.
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
            Incident(
                path,
                path.name if names[path.name] == 1 else f"{cloud}/{path.name}",
                cloud,
                packed=path.is_relative_to(room),
            )
            for cloud, path in found
        ]


def with_files(incident: Incident) -> Incident:
    """The same incident for another machine: with its files if it was packed, else by an absolute path."""
    if not incident.packed:
        return replace(incident, folder=incident.folder.absolute())
    paths = (path for path in incident.folder.rglob("*") if path.is_file())
    return replace(incident, files={path.relative_to(incident.folder).as_posix(): path.read_bytes() for path in paths})


@contextmanager
def placed(incident: Incident) -> Iterator[Incident]:
    """An incident of ``with_files`` as a folder of this machine. Raises ClusterMismatch: the folder is not visible here."""
    if incident.files is None:
        if not incident.folder.is_dir():
            raise ClusterMismatch(
                f"The worker on {platform.node()} does not see {incident.folder}.",
                "Mount the folder of the incidents under one path on this machine and on every worker, or pack them (.jsonl).",
            )
        yield incident
        return
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / incident.folder.name
        for name, content in incident.files.items():
            file = folder / _safe(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield replace(incident, folder=folder)


def unpack(packed: Path, into: Path) -> None:
    """Write the incidents of a packed file as folders. Raises IncidentFormatError: unreadable, or a name leads out of them."""
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
    """The cloud whose incidents a folder holds: the folder's name, or its parent's where the folder is ``incidents``."""
    path = folder.resolve()
    return path.parent.name if path.name == _HOLDER else path.name
