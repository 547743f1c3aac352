"""Small file operations that leave either the whole result or nothing, and tidy up after processes that were killed.

A temporary file is locked by the process that writes it, and the kernel frees the lock when that process dies. So a
temporary file that can be locked belongs to nobody, and whoever comes next removes it.
"""

import errno
import fcntl
import glob
import hashlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlparse

PART = ".part"
COPY_BYTES = 1024 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LONGEST_LOCK = 60.0
LOCK_PAUSE = 0.05


def file_digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def copy_bytes(source: Path, target: Path) -> None:
    """Copy a file's content in pieces; it may be larger than the memory."""
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, COPY_BYTES)


class Hold:
    """A shared lock on a file, kept as long as this object lives (or until ``release``); processes can share it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def digest(self) -> str:
        """The sha256 of the very file that is held, in hexadecimal."""
        assert self._descriptor is not None
        with open(self._descriptor, "rb", closefd=False) as stream:
            stream.seek(0)
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def release(self) -> None:
        """Release the lock."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()


def hold(path: Path) -> Hold | None:
    """Lock a file against ``remove_unheld``; ``None`` if it is not there (any more). Raises OSError: it cannot be opened."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        _flock(descriptor, fcntl.LOCK_SH)
        if _is_still(path, descriptor):
            return Hold(descriptor)
        os.close(descriptor)


def remove_unheld(path: Path) -> bool:
    """Remove a file unless a process holds or writes it; returns whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_oldest(
    paths: Iterable[Path], most: int, size: Callable[[Path], int], remove: Callable[[Path], bool]
) -> None:
    """Remove the files that were not used for the longest time, until the others take at most so many bytes."""
    files = []
    for path in paths:
        with suppress(OSError):
            files.append((path.stat().st_mtime_ns, size(path), path))
    total = sum(taken for _, taken, _ in files)
    for _, taken, path in sorted(files):
        if total <= most:
            return
        total -= taken if remove(path) else 0


def remove_leftovers(folder: Path, name: str = "*") -> None:
    """Remove the temporary files that killed processes left in a folder; ``name`` is the target's file name, as a glob."""
    for leftover in folder.glob(f".{name}.*{PART}"):
        remove_unheld(leftover)


@contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """An empty temporary file beside ``target``, removed at the end of the block; the folder is made if missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent, glob.escape(target.name))
    descriptor, temporary = _make_temporary(target)
    try:
        yield temporary
    finally:
        # Where the block has given it another name, this one is gone already.
        temporary.unlink(missing_ok=True)
        os.close(descriptor)


def finish(temporary: Path) -> None:
    """Flush a temporary file to the disk and give it the permissions of the user's ordinary files."""
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    # mkstemp makes files private; a model or a report may be read like any other file of the user.
    temporary.chmod(0o666 & ~_umask())


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that takes its place when the block ends well, and vanishes otherwise."""
    with temporary_file(target) as temporary:
        yield temporary
        finish(temporary)
        temporary.replace(target)


def _make_temporary(target: Path) -> tuple[int, Path]:
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=PART, dir=target.parent)
        temporary = Path(name)
        _flock(descriptor, fcntl.LOCK_SH)
        # Between making and locking it, another process may have taken it for a leftover.
        if _is_still(temporary, descriptor):
            return descriptor, temporary
        os.close(descriptor)


def write_whole(target: Path, data: bytes) -> None:
    """Write a small file in one step."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


def not_kept_in(folder: Path, error: OSError) -> tuple[str, str]:
    """Why a folder below the home takes no file, as the end of a sentence, and what to do: a full disk asks for no rights."""
    if error.errno in NO_ROOM:
        told = f"the disk of {folder} is full ({error.strerror})"
        return told, "Free some space there, or set OPENSTACK_RCA_HOME to a folder on another disk."
    told = f"{folder} cannot be written ({error.strerror or error})"
    return told, "Set OPENSTACK_RCA_HOME to a folder that you may write."


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """An empty folder below ``parent`` that vanishes with the block; those of killed processes are removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for leftover in parent.iterdir():
        _remove_unheld_folder(leftover)
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent))
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        _flock(descriptor, fcntl.LOCK_SH)
        if _is_still(folder, descriptor):
            break
        os.close(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_unheld_folder(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, seconds: float = LONGEST_LOCK) -> Iterator[None]:
    """Hold a lock between the processes of this machine; freed by the kernel if the process dies.

    Raises TimeoutError: it was not freed in that time: whoever holds it was stopped, or is slow. OSError: there can be no such
    file, or no lock on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise TimeoutError(errno.ETIMEDOUT, "another process holds it", str(path)) from error
                time.sleep(random.uniform(0, LOCK_PAUSE))  # noqa: S311 - only to set those who wait apart
        yield


def _flock(descriptor: int, kind: int) -> None:
    # Some network file systems know no locks; there a file may only be removed too early, never be wrong.
    with suppress(OSError):
        fcntl.flock(descriptor, kind)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the open file is the one that has this name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)
"""What file systems say that know no second name for a file."""


def create_object(root: str, key: str, content: Path | bytes) -> bool:
    """Write the object of a key below a ``file://`` address, which must not be there yet.

    Returns False where this file system has no hard links; nothing was written then. Raises FileExistsError: there is one of
    that name (``filename2`` is set, as for every link that failed). OSError: it cannot be written.
    """
    folder = Path(unquote(urlparse(root).path))
    target = folder / key
    target.parent.mkdir(parents=True, exist_ok=True)
    for other in (target.parent, *folder.glob("*/models")):
        remove_leftovers(other)
    # The link is what makes it appear, in one step and only where nothing is. What it links to is a temporary file.
    with temporary_file(target) as temporary:
        if isinstance(content, bytes):
            temporary.write_bytes(content)
        else:
            copy_bytes(content, temporary)
        finish(temporary)
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno in NO_LINKS:
                return False
            raise
    return True
