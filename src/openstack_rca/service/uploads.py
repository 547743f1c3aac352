"""Logs that a visitor uploads: unpacked below a folder of their own, within bounds, and removed with it.

An archive is untrusted. Of its members only regular files are taken, under names that cannot lead out of the folder;
links, devices and everything above the bounds are refused or left out, and what is left out is said.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from openstack_rca.errors import ConfigurationError, UnreadableLog
from openstack_rca.service.places import require_home
from openstack_rca.settings import Settings

__all__ = ["ARCHIVE_SUFFIXES", "Unpacked", "remove_abandoned", "session_folder", "unpack"]

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")
MOST_FILES = 20_000
DEEPEST = 32
BLOCK = 1024 * 1024
ABANDONED_SECONDS = 24 * 3600.0

_SOS_LOGS = re.compile(r"(?:^|/)(?:var/log|sos_commands/logs)/")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass
class Unpacked:
    """What became of an upload.

    Attributes:
        folder: holds the files that were taken.
        files: how many.
        size_bytes: their bytes, unpacked (single compressed files are kept as they came).
        left_out: why members were not taken -> how many.
    """

    folder: Path
    files: int = 0
    size_bytes: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        """Count a member that was not taken."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def session_folder(settings: Settings) -> tempfile.TemporaryDirectory[str]:
    """A new folder for one visitor, readable by this user only; it goes when the object goes.

    Raises:
        ConfigurationError: no folder can be made below the home of this installation.
    """
    require_home(settings, writable=True)
    try:
        settings.uploads_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(
            prefix=f"{os.getpid()}-", dir=settings.uploads_folder, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise _cannot_keep(settings.uploads_folder, error) from error


def remove_abandoned(settings: Settings) -> None:
    """Remove folders of sessions that a crash left behind: older than a day, or of a process that is gone."""
    try:
        folders = list(settings.uploads_folder.iterdir())
    except OSError:
        return
    for folder in folders:
        pid = folder.name.split("-")[0]
        try:
            old = time.time() - folder.stat().st_mtime > ABANDONED_SECONDS
        except OSError:
            continue
        if pid.isdigit() and (old or not Path("/proc", pid).exists()) and int(pid) != os.getpid():
            shutil.rmtree(folder, ignore_errors=True)


def unpack(files: Iterable[tuple[str, IO[bytes]]], folder: Path, limit: int) -> Unpacked:
    """Write uploaded files below ``folder``; archives are unpacked, of a sosreport its logs only.

    Args:
        files: name and content of each, the position of the content at its start.
        folder: exists; what it holds is removed first.
        limit: most bytes in all, unpacked.

    Raises:
        ConfigurationError: there is more than the bounds allow, or the disk is full; nothing is left then.
        UnreadableLog: an archive is damaged, or holds no file that could be a log; nothing is left then.
    """
    _empty(folder)
    result = Unpacked(folder)
    try:
        for name, content in files:
            place = folder / _safe_parts(name)[-1]
            lowered = name.lower()
            if lowered.endswith(".zip"):
                _take(name, _zip_members(name, content, result), _stem(place), result, limit)
            elif lowered.endswith(ARCHIVE_SUFFIXES):
                _take(name, _tar_members(name, content, result), _stem(place), result, limit)
            else:
                _take(name, iter([(PurePosixPath(place.name), content)]), folder, result, limit)
        if not result.files:
            raise UnreadableLog(
                "The upload holds no file that could be a log.", "Upload log files, or an archive of them."
            )
    except (ConfigurationError, UnreadableLog):
        _empty(folder)
        raise
    except OSError as error:
        _empty(folder)
        raise _cannot_keep(folder, error) from error
    return result


def _take(
    upload: str, members: Iterator[tuple[PurePosixPath, IO[bytes]]], target: Path, result: Unpacked, limit: int
) -> None:
    for name, content in members:
        if result.files >= MOST_FILES:
            raise ConfigurationError(
                f"The upload holds more than {MOST_FILES:,} files.", "Upload the logs of the services concerned only."
            )
        path = target.joinpath(*name.parts)
        if not path.resolve().is_relative_to(result.folder.resolve()):
            result.leave_out("a name that leads elsewhere")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            result.leave_out("a name that came before")
            continue
        with path.open("xb") as written:
            while block := _read(upload, content):
                result.size_bytes += len(block)
                if result.size_bytes > limit:
                    raise ConfigurationError(
                        f"The upload holds more than {limit / 1024**2:,.0f} MB when it is unpacked.",
                        "Upload fewer logs, or put them on the server and give their path; whoever runs the dashboard can"
                        " raise OPENSTACK_RCA_UPLOAD_SIZE_BYTES.",
                    )
                written.write(block)
        result.files += 1


def _read(upload: str, content: IO[bytes]) -> bytes:
    try:
        return content.read(BLOCK)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, LZMAError, OSError) as error:
        raise _damaged(upload, error) from error


def _tar_members(name: str, content: IO[bytes], result: Unpacked) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    try:
        with tarfile.open(fileobj=content, mode="r:*") as archive:
            only_logs = False
            for number, member in enumerate(archive):
                if number > 5 * MOST_FILES:
                    raise ConfigurationError("The archive holds too many members.", "Upload the logs only.")
                only_logs = only_logs or _is_sos(member.name)
                path = _member_path(member.name, result) if member.isreg() else None
                if not member.isreg() and not member.isdir():
                    result.leave_out("a link or a device")
                if path is None or (only_logs and not _SOS_LOGS.search(member.name)):
                    continue
                stream = archive.extractfile(member)
                if stream is not None:
                    yield path, stream
    except (tarfile.TarError, EOFError, LZMAError, zlib.error, OSError) as error:
        raise _damaged(name, error) from error


def _zip_members(name: str, content: IO[bytes], result: Unpacked) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    try:
        with zipfile.ZipFile(content) as archive:
            only_logs = any(_is_sos(member.filename) for member in archive.infolist())
            for member in archive.infolist():
                if member.is_dir():
                    continue
                kind = stat.S_IFMT(member.external_attr >> 16)
                if kind not in (0, stat.S_IFREG):
                    result.leave_out("a link or a device")
                    continue
                path = _member_path(member.filename, result)
                if path is None or (only_logs and not _SOS_LOGS.search(member.filename)):
                    continue
                with archive.open(member) as stream:
                    yield path, stream
    except (zipfile.BadZipFile, zlib.error, EOFError, LZMAError, NotImplementedError, RuntimeError, OSError) as error:
        raise _damaged(name, error) from error


def _is_sos(name: str) -> bool:
    return name.removeprefix("./").startswith("sosreport-")


def _member_path(name: str, result: Unpacked) -> PurePosixPath | None:
    """Where a member goes, below the archive's own folder; None for a name that leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) > DEEPEST:
        result.leave_out("a name that leads elsewhere")
        return None
    return PurePosixPath(*_safe_parts(name))


def _safe_parts(name: str) -> list[str]:
    parts = [_UNSAFE.sub("_", part)[:200] for part in PurePosixPath(name).parts if part not in ("", ".", "..", "/")]
    return parts or ["upload.log"]


def _stem(path: Path) -> Path:
    """The folder of an archive's members: its name without the suffix, so that hosts named there stay apart."""
    for suffix in sorted(ARCHIVE_SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return path.with_name(path.name[: -len(suffix)] or "archive")
    return path


def _damaged(name: str, error: Exception) -> UnreadableLog:
    told = str(error) or type(error).__name__
    return UnreadableLog(f"{name} cannot be read: {told}.", "Make it anew, or upload the log files themselves.")


def _cannot_keep(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The upload cannot be kept in {folder}: {error.strerror or error}.",
        "Free space there, or let OPENSTACK_RCA_HOME name another folder.",
    )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
