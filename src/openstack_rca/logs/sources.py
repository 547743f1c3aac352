"""Finding the files that may hold logs: given one by one, in folders, by globs, or as standard input."""

import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from openstack_rca.errors import LogPathNotFound, NoLogFiles, UnreadableLog
from openstack_rca.logs.cut_files import missing_parts, told_of_missing, with_parts_joined
from openstack_rca.logs.layout import (
    HostFacts,
    depth_of_host_file,
    facts_in,
    is_other_kind,
    service_beside,
    stem_of_archive,
)
from openstack_rca.logs.names import Origin, origin_of
from openstack_rca.logs.opening import HEAD_BYTES, refused_by_system
from openstack_rca.logs.records import SkipReason
from openstack_rca.plain_text import called

_TOLD_FILES = 3


@dataclass(frozen=True)
class Stretch:
    """A part of a plain text file: whole lines.

    Attributes:
        start, end: bytes from the beginning of the file; ``end`` None is as far as it reaches.
        first_line: number of the first of these lines, 1-based.
        held: the text itself, where it was read already.
        ahead: for a part of a file that is read in several (``stretches.parts_of``): see ``blocks.read_blocks``.
    """

    start: int
    end: int | None
    first_line: int
    held: bytes | None = None
    ahead: int | None = None


# Words for a collection of logs: no host has such a name.
_COLLECTION = re.compile(r"(?i)logs?(?:$|[^a-z])|archive|backup|dump|report|bundle|collect|diag|support")


@dataclass(frozen=True)
class Source:
    """One file to read; it may be packed, or an archive of many logs.

    Attributes:
        path: None for standard input.
        name: what events call it.
        inside: its path below what the user gave.
        outside: the folders above that.
        direct: whether the user named this very file.
        told: what files beside it say of its host.
        stretch: the part of a plain file that is read; None: all of it.
        service: what Docker's record of the container beside it says.
        further: the other parts, in their order, of a file that was cut.
        alone: whether it is the only file of the folder that the user named, so that it is read whatever it is called.
    """

    path: Path | None
    name: str
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    size: int
    modified: datetime
    direct: bool
    root_name: str = ""
    told: HostFacts = field(default_factory=HostFacts)
    stretch: Stretch | None = None
    service: str | None = None
    further: tuple[Path, ...] = ()
    alone: bool = False

    @property
    def file(self) -> Path | None:
        """The path of a regular file that is not cut into parts; None for anything else, as standard input."""
        return self.path if self.path is not None and not self.further and self.path.is_file() else None

    def origin(self, member: tuple[str, ...], host: str | None) -> Origin:
        """Who wrote this file, or what lies in it.

        Args:
            member: path below the file; empty where the file itself is the log.
            host: what a ``hostname`` file in the archive says.
        """
        if not member:
            # Standard input has no name that could tell anything.
            found = Origin(None, None) if self.path is None else origin_of(self.inside, self.outside)
        else:
            # An archive's name may be that of a host, or any word: it tells no more than a folder above what was given.
            # One inside of another is named after a host if its name has a number or a dot and no word for a collection.
            # A mail is called by its subject.
            archives = [] if re.search(r"(?i)\.(?:eml|mbox)$", self.inside[-1]) else [self.inside[-1]]
            folders: list[str] = []
            for place, part in enumerate(member[:-1]):
                stem = stem_of_archive(part)
                numbered = re.search(r"[a-z].*\d|\.", stem) and not _COLLECTION.search(stem)
                # Who packs a folder calls the archive by it.
                alike = place == 0 and stem == stem_of_archive(self.inside[-1])
                (archives if alike or (stem != part and not numbered) else folders).append(stem)
            found = origin_of(
                (*self.inside[:-1], *folders, member[-1]), (*self.outside, *map(stem_of_archive, archives))
            )
        return Origin(found.service or self.service, host or self.told.name or found.host)


@dataclass(frozen=True)
class Collection:
    """What the given paths hold: files; what was left out, why and in which words; and the paths as they were given."""

    sources: list[Source]
    skipped: list[tuple[str, SkipReason, str]]
    roots: list[str]


@dataclass
class _Found:
    """Files found so far, and what the files of a host's folder say of it; what several paths or links lead to counts once."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[tuple[str, SkipReason, str]] = field(default_factory=list)
    hosts: dict[Path, HostFacts] = field(default_factory=dict)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def is_new(self, status: os.stat_result) -> bool:
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            return False
        self.seen.add(identity)
        return True


def collect_sources(paths: Sequence[str | Path], *, join_parts: bool = True) -> Collection:
    """Find the logs below the given paths.

    Args:
        join_parts: whether the parts of a file that was cut are one source; else each is a file of its own.

    Raises:
        LogPathNotFound: a path or glob leads nowhere.
        NoLogFiles: nothing that is there can be a log.
        UnreadableLog: a folder that was given may not be listed.
    """
    if not paths:
        raise LogPathNotFound("No logs were given.", "Name a file, a folder, a glob, or - for standard input.")
    found = _Found()
    for given in paths:
        _collect_one(str(given), found)
    if not found.sources:
        given_text = ", ".join(called(str(path)) for path in paths)
        if found.skipped:
            raise no_logs_among([(name, str(reason)) for name, reason, _ in found.skipped], paths)
        raise NoLogFiles(f"{given_text} holds no files.", "Give a folder with logs, for example /var/log/kolla.")
    sources = _with_hosts(found)
    if join_parts:
        found.skipped += _missing_parts(sources)
    sources = _without_collisions(with_parts_joined(sources) if join_parts else sources)
    return Collection(sources, found.skipped, [str(path) for path in paths])


def no_logs_among(skipped: Sequence[tuple[str, str]], paths: Sequence[str | Path]) -> NoLogFiles:
    """The error where every file was left out; ``skipped`` holds names and reasons."""
    given, number = ", ".join(called(str(path)) for path in paths), len(skipped)
    told = first_few([f"{name} ({reason})" for name, reason in skipped])
    return NoLogFiles(
        f"{given} holds {number} file{'s' if number > 1 else ''}, but none of them is a log: {told}.",
        "Give the folder that holds the logs, for example /var/log/kolla or /var/log/nova.",
    )


def first_few(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - _TOLD_FILES} more" if len(names) > _TOLD_FILES else ""
    return ", ".join(map(called, names[:_TOLD_FILES])) + more


def _collect_one(given: str, found: _Found) -> None:
    if not given.strip():
        raise LogPathNotFound("A path of logs is empty.", "Give a file or a folder, such as /var/log/kolla.")
    if given == "-":
        found.sources.append(Source(None, "-", ("-",), (), 0, datetime.now(UTC), direct=True))
        return
    try:
        path = Path(given).expanduser()
        is_folder, is_there = path.is_dir(), path.exists()
    except RuntimeError:  # ~nobody
        is_folder = is_there = False
    except OSError as error:
        raise refused_by_system(given, error) from error
    if is_folder:
        before = len(found.sources)
        _collect_folder(path, path, found)
        if len(found.sources) == before + 1 and not found.skipped:
            found.sources[before] = replace(found.sources[before], alone=True)
    elif is_there:
        _add_file(path, path.parent, found, direct=True)
    elif glob.has_magic(given):
        _collect_glob(given, path, found)
    else:
        hint = "Check the path."
        if " " in given and "/" not in given:
            hint = "Check the path; what is wrong with the cloud is said by --issue, not among the logs."
        raise LogPathNotFound(f"There is no file or folder {given}.", hint)


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
        told = UnreadableLog(
            f"The folder {error.filename} cannot be listed: {error.strerror}.",
            "Run as a user who may read it, or leave it out.",
        )
        if Path(error.filename) == folder:
            raise told
        name = _relative(Path(error.filename), root).as_posix()
        found.skipped.append((f"{name}/", SkipReason.UNREADABLE, told.message))

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
    relative = _relative(path, root)
    name = relative.as_posix()
    if path.name == "localtime" and path.is_symlink() and not direct and _notes_host(path, relative, found):
        return
    try:
        status = path.stat()
    except OSError as error:
        reason = SkipReason.DANGLING_LINK if path.is_symlink() else SkipReason.UNREADABLE
        found.skipped.append((name, reason, refused_by_system(str(path), error).message))
        return
    # A sosreport shows some of them a second time, by links under other names.
    of_host = not direct and stat.S_ISREG(status.st_mode) and _notes_host(path, relative, found)
    if not found.is_new(status):
        return
    if not direct:
        if not stat.S_ISREG(status.st_mode):
            found.skipped.append((name, SkipReason.SPECIAL_FILE, ""))
            return
        if of_host or is_other_kind(relative.parts):
            found.skipped.append((name, SkipReason.NOT_A_LOG, ""))
            return
    root = root.absolute()
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    size, service = status.st_size, service_beside(path)
    found.sources.append(
        Source(path, name, relative.parts, root.parts, size, modified, direct, root_name=root.name, service=service)
    )


def _notes_host(path: Path, relative: Path, found: _Found) -> bool:
    """Whether a file is one that tells of its host, as in a sosreport; then that is noted."""
    depth = depth_of_host_file(relative.parts)
    if depth is None:
        return False
    try:
        # What a link of another host leads to here is not what it led to there.
        begin = os.fsencode(path.readlink()) if path.is_symlink() and path.name == "localtime" else None
        if begin is None:
            with path.open("rb") as file:
                begin = file.read(HEAD_BYTES)
        told = facts_in(relative.parts, begin)
    except OSError:
        return False
    if told is not None:
        root = Path(*path.parts[: len(path.parts) - depth])
        found.hosts[root] = found.hosts.get(root, HostFacts()).completed([told])
    return told is not None


def _with_hosts(found: _Found) -> list[Source]:
    if not found.hosts:
        return found.sources
    return [
        replace(
            source,
            told=HostFacts().completed(found.hosts[folder] for folder in source.path.parents if folder in found.hosts),
        )
        if source.path is not None
        else source
        for source in found.sources
    ]


def _missing_parts(sources: Sequence[Source]) -> Iterator[tuple[str, SkipReason, str]]:
    folders: dict[Path, list[Source]] = {}
    for source in sources:
        if source.path is not None:
            folders.setdefault(source.path.parent, []).append(source)
    for folder, found in folders.items():
        above = found[0].name.removesuffix(found[0].inside[-1])
        for name, whole in missing_parts(source.inside[-1] for source in found):
            # Not given, but there.
            if not (folder / name).exists():
                yield above + name, SkipReason.MISSING_PART, told_of_missing(name, whole)


def _relative(path: Path, root: Path) -> Path:
    try:
        return path.relative_to(root)
    except ValueError:
        return Path(path.name)


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
