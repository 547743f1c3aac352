"""Which logs a visitor of the dashboard may point at: recorded samples, and paths below the configured roots."""

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from openstack_rca.errors import ConfigurationError, LogPathNotFound
from openstack_rca.rca.scoring import read_question
from openstack_rca.samples import incident_folder, incident_names, normal_logs
from openstack_rca.settings import Settings

SHOWN_ENTRIES = 200
SAMPLES = "The recorded samples"


@dataclass(frozen=True)
class SampleIncident:
    """A recorded incident to try the analysis on: its name, what its operator said, and its logs."""

    name: str
    issue: str
    logs: Path


def sample_incidents() -> list[SampleIncident]:
    """The recorded incidents and the healthy window, by name. Raises LogPathNotFound: there are no samples here."""
    questions = [(name, read_question(incident_folder(name))) for name in incident_names()]
    return [SampleIncident(name, question.issue, question.logs) for name, question in questions]


def allowed_paths(text: str, settings: Settings) -> list[Path]:
    """The logs (paths or globs, one a line) that a visitor's text names, if they lie below a configured root.

    Raises ConfigurationError: a path lies outside, or nothing was given. LogPathNotFound: one leads nowhere.
    """
    roots = settings.log_root_folders
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    if not wanted:
        raise ConfigurationError("No path was given.", f"Give a file or folder below {_listed(roots)}.")
    found: list[Path] = []
    for line in wanted:
        found += _one(line, roots)
    return list(dict.fromkeys(found))


def normal_or_allowed(text: str, settings: Settings) -> list[Path]:
    """The sample recording of a healthy cloud for ``SAMPLES``, else as ``allowed_paths``."""
    return [normal_logs()] if text == SAMPLES else allowed_paths(text, settings)


def logs_by_reference(reference: str, settings: Settings) -> list[Path]:
    """The logs that a link names: a sample by its name, else paths below a root; raises as ``allowed_paths``."""
    sample = next((sample for sample in sample_incidents() if sample.name == reference), None)
    return [sample.logs] if sample else allowed_paths(reference, settings)


def reference_of(paths: Sequence[str | Path]) -> str:
    """The reference to these logs in a link, for ``logs_by_reference``: the name of a sample, else the paths, one a line."""
    if len(paths) == 1:
        given = Path(paths[0])
        for sample in sample_incidents():
            if given == sample.logs:
                return sample.name
    return "\n".join(str(path) for path in paths)


def _one(line: str, roots: Sequence[Path]) -> list[Path]:
    outside = ConfigurationError(
        f"{line} is not below a folder whose logs may be read here.",
        f"Such folders: {_listed(roots)}; whoever runs this service can add others with --root or OPENSTACK_RCA_LOG_ROOTS.",
    )
    if "\0" in line or ".." in Path(line).parts:
        raise outside
    patterns = [Path(line)] if Path(line).is_absolute() else [root / line for root in roots]
    if not any(_lies_below(pattern.parent if glob.has_magic(str(pattern)) else pattern, roots) for pattern in patterns):
        # Said before looking: what is outside must not even be told to exist or not.
        raise outside
    try:
        # Path.glob would not follow the links that log folders are made of.
        matches = [
            Path(match).resolve()
            for pattern in patterns
            for match in (sorted(glob.glob(str(pattern), recursive=True)) if glob.has_magic(line) else [str(pattern)])  # noqa: PTH207
            if Path(match).exists()
        ]
    except (OSError, RuntimeError, ValueError):
        matches = []
    if not matches:
        raise LogPathNotFound(
            f"There is no file or folder {line}.", f"Check the path; these folders can be read: {_listed(roots)}."
        )
    if not all(_lies_below(match, roots) for match in matches):
        raise outside
    return matches


def _lies_below(path: Path, roots: Sequence[Path]) -> bool:
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):
        return False
    return any(resolved.is_relative_to(root) for root in roots)


def _listed(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots) or "no folder at all"


def entries_of_roots(settings: Settings) -> list[Path]:
    """The roots that exist and the folders and files right below them, for a visitor to choose from."""
    shown: list[Path] = []
    for root in settings.log_root_folders:
        if not root.is_dir():
            continue
        shown.append(root)
        try:
            below = sorted(path for path in root.iterdir() if not path.name.startswith("."))
        except OSError:
            continue
        shown += [path for path in below if os.access(path, os.R_OK)]
    return shown[:SHOWN_ENTRIES]


def stamp(paths: Sequence[str | Path]) -> str:
    """A digest of names, sizes and times of change of all files below ``paths``: the same as long as none changed."""
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(Path(path)):
            try:
                status = file.stat()
            except OSError:
                continue
            digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for parent, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))
