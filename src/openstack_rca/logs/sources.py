"""Finding and opening logs: files, folders, globs, standard input, plain or compressed."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from openstack_rca.errors import LogPathNotFound, NoLogFiles, UnreadableLog
from openstack_rca.logs.content import is_binary, reads_like_log
from openstack_rca.logs.names import Origin, origin_of, words
from openstack_rca.logs.opening import opened, read_up_to, refused_by_system
from openstack_rca.logs.records import SkipReason

_LOG_NAME = re.compile(
    r"(?:^|[._-])(?:logs?|err|out)(?:$|[._-])|^(?:syslog|messages|kern|daemon|auth|secure|dmesg|user|cron|debug|"
    r"journal|maillog)(?:$|[.-])|^rabbit@|[._-]log$",
    re.IGNORECASE,
)
_OTHER_EXTENSIONS = words(
    "avi bak bin bmp cfg cnf conf crt css csv db deb der diff doc docx gif h5 html ico ini iso jpeg jpg js json keras "
    "key lock lua md md5 mp4 npy npz odt parquet patch pb pcap pdf pem pickle pid pkl png po proto py pyc qcow2 raw "
    "rpm rst service sh sha256 so sql sqlite svg swp tar tgz toml ts vmdk whl woff xls xlsx xml yaml yml zip"
)
_SNIFFED_BYTES = 64 * 1024
_TOLD_FILES = 3


@dataclass(frozen=True)
class Source:
    """One log to read. ``path`` is ``None`` for standard input; ``name`` is what events call it."""

    path: Path | None
    name: str
    origin: Origin
    size: int
    modified: datetime
    direct: bool
    root_name: str = ""


@dataclass(frozen=True)
class Collection:
    """What the given paths hold: logs, what was left out with the reason, and the paths as they were given."""

    sources: list[Source]
    skipped: list[tuple[str, SkipReason]]
    roots: list[str]


@dataclass
class _Found:
    """Files found so far; a file that several paths or links lead to counts once."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[tuple[str, SkipReason]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def is_new(self, status: os.stat_result) -> bool:
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            return False
        self.seen.add(identity)
        return True


def collect_sources(paths: Sequence[str | Path]) -> Collection:
    """Find the logs below the given paths.

    Raises:
        LogPathNotFound: a path or glob leads nowhere.
        NoLogFiles: what is there holds no log.
        UnreadableLog: a folder may not be listed.
    """
    if not paths:
        raise LogPathNotFound("No logs were given.", "Name a file, a folder, a glob, or - for standard input.")
    found = _Found()
    for given in paths:
        _collect_one(str(given), found)
    if not found.sources:
        given_text = ", ".join(str(path) for path in paths)
        if found.skipped:
            number = len(found.skipped)
            told = first_few([f"{name} ({reason})" for name, reason in found.skipped])
            raise NoLogFiles(
                f"{given_text} holds {number} file{'s' if number > 1 else ''}, but none of them is a log: {told}.",
                "Give the folder that holds the logs, for example /var/log/kolla or /var/log/nova.",
            )
        raise NoLogFiles(f"{given_text} holds no files.", "Give a folder with logs, for example /var/log/kolla.")
    return Collection(_without_collisions(found.sources), found.skipped, [str(path) for path in paths])


def first_few(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - _TOLD_FILES} more" if len(names) > _TOLD_FILES else ""
    return ", ".join(names[:_TOLD_FILES]) + more


def _collect_one(given: str, found: _Found) -> None:
    if given == "-":
        found.sources.append(Source(None, "-", Origin(None, None), 0, datetime.now(UTC), direct=True))
        return
    try:
        path = Path(given).expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
    except RuntimeError:  # ~nobody
        is_folder = is_there = False
    except OSError as error:
        raise refused_by_system(Path(given), error) from error
    if is_folder:
        _collect_folder(path, path, found)
    elif is_there:
        _add_file(path, path.parent, found, direct=True)
    elif glob.has_magic(given):
        _collect_glob(given, path, found)
    else:
        raise LogPathNotFound(f"There is no file or folder {given}.", "Check the path.")


def _collect_glob(given: str, pattern: Path, found: _Found) -> None:
    # Path.glob would not follow the links that log folders are made of.
    matches = sorted(glob.glob(str(pattern), recursive=True))  # noqa: PTH207
    if not matches:
        raise LogPathNotFound(
            f"No file matches {given}.", "Check the pattern; quote it so that the shell leaves it alone."
        )
    root = _fixed_part(pattern)
    for match in map(Path, matches):
        if match.is_dir():
            _collect_folder(match, root, found)
        elif match.exists():
            _add_file(match, root, found, direct=False)


def _fixed_part(pattern: Path) -> Path:
    """The folder above the first part with a wildcard."""
    fixed = Path(pattern.anchor)
    for part in pattern.relative_to(pattern.anchor).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def _collect_folder(folder: Path, root: Path, found: _Found) -> None:
    visited: set[tuple[int, int]] = set()

    def refused(error: OSError) -> None:
        raise UnreadableLog(
            f"The folder {error.filename} cannot be listed: {error.strerror}.",
            "Run as a user who may read it, or leave it out.",
        )

    for parent, names, files in os.walk(folder, onerror=refused, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in visited:
            names.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        names.sort()
        for name in sorted(files):
            _add_file(Path(parent, name), root, found, direct=False)


def _add_file(path: Path, root: Path, found: _Found, *, direct: bool) -> None:
    try:
        status = path.stat()
    except OSError:  # a link that leads nowhere
        found.skipped.append((_relative(path, root).as_posix(), SkipReason.DANGLING_LINK))
        return
    if not direct and not stat.S_ISREG(status.st_mode):
        return
    if not found.is_new(status):
        return
    relative = _relative(path, root)
    if not direct:
        reason = _why_no_log(path)
        if reason is not None:
            found.skipped.append((relative.as_posix(), reason))
            return
    root = root.absolute()
    found.sources.append(
        Source(
            path,
            relative.as_posix(),
            origin_of(relative.parts, root.parts),
            status.st_size,
            datetime.fromtimestamp(status.st_mtime, UTC),
            direct,
            root.name,
        )
    )


def _relative(path: Path, root: Path) -> Path:
    try:
        return path.relative_to(root)
    except ValueError:
        return Path(path.name)


def _why_no_log(path: Path) -> SkipReason | None:
    """Why a file found in a folder is not read; ``None`` where it is a log by its name or its content."""
    if path.suffix.lower().lstrip(".") in _OTHER_EXTENSIONS or path.name.startswith("."):
        return SkipReason.NOT_A_LOG
    if _LOG_NAME.search(path.name):
        return None
    with opened(path) as (stream, _):
        head = read_up_to(stream, path, _SNIFFED_BYTES)
    if is_binary(head):
        return SkipReason.BINARY
    return None if reads_like_log(head) else SkipReason.NOT_A_LOG


def _without_collisions(sources: list[Source]) -> list[Source]:
    """Names stay short where they are unique, get their root's name where not, and the whole path where that fails."""
    for longer in (_name_below_root, _whole_path):
        counts = Counter(source.name for source in sources)
        sources = [replace(source, name=longer(source)) if counts[source.name] > 1 else source for source in sources]
    return sources


def _name_below_root(source: Source) -> str:
    return f"{source.root_name}/{source.name}" if source.root_name else source.name


def _whole_path(source: Source) -> str:
    return source.path.as_posix() if source.path else source.name
