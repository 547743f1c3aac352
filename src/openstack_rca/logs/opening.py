"""Opening a log and reading its bytes, with errors that name it and say what to do."""

import hashlib
import io
import lzma
import os
import select
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

from openstack_rca.errors import DamagedLog, LogBoundReached, NotARegularFile, UnreadableLog
from openstack_rca.logs.packing import Readable

HEAD_BYTES = 64 * 1024
"""How much of the beginning tells what a file is."""

_PIECE_BYTES = 1024 * 1024
_READ_AT_ONCE = 8 * _PIECE_BYTES
_PIPE_WAIT_SECONDS = 10.0
_DAMAGE = (
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    EOFError,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    RuntimeError,
)


class Input:
    """Bytes in order, whose beginning can be looked at first.

    Damage further on raises an error only when everything before it was read.
    """

    def __init__(self, stream: Readable, called: str) -> None:
        self.called = called
        # What is there at once, where a stream can tell: reading on for more would lose it at damage.
        self._read = getattr(stream, "read1", stream.read)
        self._ahead = b""
        self._trouble: UnreadableLog | None = None

    def head(self) -> bytes:
        """The first ``HEAD_BYTES`` bytes, fewer only where there are no more; they are still to be read.

        Raises UnreadableLog: an error comes before the first byte.
        """
        if len(self._ahead) < HEAD_BYTES:
            self._ahead += self._pull(HEAD_BYTES - len(self._ahead))
        while len(self._ahead) >= HEAD_BYTES and not self._ahead.strip(b"\x00"):
            # The hole that a log has at its start after it was truncated under its writer; no line is lost with it.
            self._ahead = self._pull(HEAD_BYTES)
        if not self._ahead and self._trouble is not None:
            raise self._trouble
        return self._ahead[:HEAD_BYTES]

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes (-1: all), fewer only at the end or before damage.

        Raises UnreadableLog: permission, damage, or a bound; what came before was given.
        """
        size = size if size >= 0 else 1 << 62
        found, self._ahead = self._ahead[:size], self._ahead[size:]
        if len(found) < size:
            found += self._pull(size - len(found))
        if not found and size and self._trouble is not None:
            raise self._trouble
        return found

    def _pull(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0 and self._trouble is None:
            try:
                piece = self._read(min(size, _READ_AT_ONCE))
            except UnreadableLog as error:
                self._trouble = error
            except _DAMAGE as error:
                self._trouble = damaged(self.called, error)
            except OSError as error:
                # bz2 and gzip have no error class of their own for damage; the system's errors carry a number.
                self._trouble = (
                    damaged(self.called, error) if error.errno is None else refused_by_system(self.called, error)
                )
            else:
                if not piece:
                    break
                pieces.append(piece)
                size -= len(piece)
        if isinstance(self._trouble, LogBoundReached) and self._trouble.distrusted:
            self._ahead = b""
            return b""
        return b"".join(pieces)


class _Joined(io.RawIOBase):
    """The parts of a file that was cut, one behind the other."""

    def __init__(self, first: IO[bytes], further: Sequence[Path]) -> None:
        self._stream = first
        self._left = list(further)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """As ``io.RawIOBase`` has it."""
        while True:
            piece = self._stream.read(len(buffer))
            if piece or not self._left:
                buffer[: len(piece)] = piece
                return len(piece)
            self._stream.close()
            self._stream = _opened_file(self._left.pop(0), direct=False)

    def close(self) -> None:
        """Close the part that is open."""
        self._stream.close()
        super().close()


@contextmanager
def opened(path: Path | None, *, direct: bool, further: Sequence[Path] = ()) -> Iterator[IO[bytes]]:
    """Open a file as it lies on disk; None is standard input.

    Args:
        path: a regular file; with ``direct`` also a pipe that something writes to.
        direct: whether the user named this very file.
        further: the other parts of a file that was cut.

    Raises:
        NotARegularFile: a device, a socket, or a pipe that nothing writes to.
        UnreadableLog: the system refuses.
    """
    raw = io.FileIO(0, closefd=False) if path is None else _opened_file(path, direct=direct)
    with io.BufferedReader(raw, _PIECE_BYTES) as stream:
        if not further:
            yield stream
            return
        with io.BufferedReader(_Joined(stream, further), _PIECE_BYTES) as joined:
            yield joined


def _opened_file(path: Path, *, direct: bool) -> io.FileIO:
    called = called_by(path)
    try:
        # Without waiting: opening a pipe would last until somebody writes to it.
        raw = io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise refused_by_system(called, error) from error
    try:
        _require_content(raw.fileno(), called, direct)
    except NotARegularFile:
        raw.close()
        raise
    os.set_blocking(raw.fileno(), True)
    return raw


def _require_content(descriptor: int, called: str, direct: bool) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) and direct:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN | select.POLLHUP)
        if not waiting.poll(_PIPE_WAIT_SECONDS * 1000):
            raise NotARegularFile(
                f"Nothing wrote to the pipe {called} for {_PIPE_WAIT_SECONDS:.0f} seconds.",
                "Start what writes to it first, or give a file.",
            )
    elif not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise NotARegularFile(f"{called} is {kind} and no log file.", "Give files or folders of logs.")


def damaged(called: str, error: Exception) -> DamagedLog:
    """The error for a file whose packing is broken or cut off."""
    told = str(error) or type(error).__name__
    return DamagedLog(
        f"{called} is damaged or cut off: {told.rstrip('.')}.", "Copy it again from its host, or leave it out."
    )


def refused_by_system(called: str, error: OSError) -> UnreadableLog:
    """The error for a log that the system does not let us read."""
    return UnreadableLog(
        f"{called} cannot be read: {error.strerror or error}.",
        "Run as a user who may read it, or leave it out.",
    )


def called_by(path: Path | None) -> str:
    """How a message names a log; ``None`` is standard input."""
    return "Standard input" if path is None else str(path)


def head_digest(path: Path, size: int = HEAD_BYTES) -> str:
    """SHA-256 (hexadecimal) of the first ``size`` bytes of a file; raises ``OSError`` where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(size)).hexdigest()


def tail_digest(path: Path, end: int) -> str:
    """SHA-256 (hexadecimal) of the ``HEAD_BYTES`` before byte ``end`` of a file; raises ``OSError`` where it cannot be read."""
    with path.open("rb") as file:
        start = max(0, end - HEAD_BYTES)
        file.seek(start)
        return hashlib.sha256(file.read(end - start)).hexdigest()
