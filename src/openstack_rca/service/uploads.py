"""Logs that a visitor uploads: kept as they came below a folder of their own, within bounds, and removed with it.

An archive is untrusted. It is never unpacked to disk: the reader of logs reads it as a stream.
"""

import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from openstack_rca.errors import ConfigurationError, NoLogFiles, UnreadableLog
from openstack_rca.logs.archives import LeftOut, reason_of
from openstack_rca.logs.reading import logs_inside
from openstack_rca.logs.records import SkipReason
from openstack_rca.service.log_reading import bounds_of
from openstack_rca.service.places import require_home
from openstack_rca.settings import Settings

BLOCK = 1024 * 1024
ABANDONED_SECONDS = 24 * 3600.0

_LONGEST_NAME_BYTES = 200
_WAY_ON = "Upload log files, or an archive of them."
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass
class Kept:
    """What became of an upload: its folder, number and unpacked size of its logs, and how many files are not read, by reason."""

    folder: Path
    logs: int = 0
    size_bytes: int = 0
    left_out: Counter[SkipReason] = field(default_factory=Counter)


def session_folder(settings: Settings) -> tempfile.TemporaryDirectory[str]:
    """A new folder for one visitor, readable by this user only; it goes with the object. Raises ConfigurationError."""
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


def keep_upload(files: Iterable[tuple[str, IO[bytes]]], folder: Path, settings: Settings) -> Kept:
    """Write uploaded files below ``folder``, emptied first, as they came, and look into them.

    Raises ConfigurationError: there is more than ``upload_size_bytes``, as they come or unpacked, or the disk is full.
    UnreadableLog: there is no log in them that can be read. Nothing is left then.
    """
    _empty(folder)
    try:
        size = 0
        for name, content in files:
            with _free_place(folder, name).open("xb") as written:
                while block := content.read(BLOCK):
                    size += len(block)
                    _require_bound(size, settings)
                    written.write(block)
        return _looked_into(folder, settings)
    except (ConfigurationError, UnreadableLog):
        _empty(folder)
        raise
    except NoLogFiles as error:
        _empty(folder)
        raise UnreadableLog(error.message.replace(str(folder), "The upload"), _WAY_ON) from error
    except OSError as error:
        _empty(folder)
        raise _cannot_keep(folder, error) from error


def _looked_into(folder: Path, settings: Settings) -> Kept:
    """Take all packings off once, so that what cannot be read is said at once and not with the first question."""
    kept = Kept(folder)
    trouble = ""
    for name, found in logs_inside([folder], bounds_of(settings)):
        if isinstance(found, LeftOut):
            kept.left_out[found.reason] += 1
            told = found.detail or f"{name} is left out: {found.reason}."
            trouble = trouble or told.replace(f"{folder}/", "")
            continue
        kept.logs += 1
        try:
            while piece := found.text.read(BLOCK):
                kept.size_bytes += len(piece)
                _require_bound(kept.size_bytes, settings)
        except UnreadableLog as error:
            kept.left_out[reason_of(error)] += 1
            trouble = trouble or error.message.replace(f"{folder}/", "")
    if not kept.size_bytes:
        raise UnreadableLog(trouble or "The upload holds no file that could be a log.", _WAY_ON)
    return kept


def _require_bound(size: int, settings: Settings) -> None:
    limit = settings.upload_size_bytes
    if size > limit:
        raise ConfigurationError(
            f"The upload holds more than {limit / 1024**2:,.0f} MB when it is unpacked.",
            "Upload fewer logs, or put them on the server and give their path; whoever runs the dashboard can raise"
            " OPENSTACK_RCA_UPLOAD_SIZE_BYTES.",
        )


def _free_place(folder: Path, name: str) -> Path:
    """Where a file goes: below the folder whatever it is called, and beside one of the same name."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = _shortened(_UNSAFE.sub("_", last).lstrip(".")) or "upload.log"
    place, number = folder / plain, 1
    # A file may be called like one of the folders for further files of one name.
    while place.exists() or place.parent.is_file():
        number += 1
        place = folder / str(number) / plain
    place.parent.mkdir(exist_ok=True)
    return place


def _shortened(name: str) -> str:
    """As much of a name as file systems hold, which count bytes."""
    return name.encode("utf-8", "replace")[:_LONGEST_NAME_BYTES].decode("utf-8", "ignore")


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
