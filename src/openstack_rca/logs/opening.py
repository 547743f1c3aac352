"""Opening a log: plain or compressed, told by its first bytes, with errors that say what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from openstack_rca.errors import UnreadableLog

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstandard"}
_DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, gzip.BadGzipFile, EOFError)


@contextmanager
def opened(path: Path | None) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file, through its decompression where its first bytes tell of one; gives the text and the file itself."""
    with ExitStack() as stack:
        try:
            raw = io.BufferedReader(io.FileIO(0, closefd=False) if path is None else io.FileIO(path))
            head = stack.enter_context(raw).peek(6)[:6]
        except OSError as error:
            raise refused_by_system(path, error) from error
        kind = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
        stream: IO[bytes] = raw
        if kind == "gzip":
            stream = cast(IO[bytes], stack.enter_context(gzip.open(raw, "rb")))
        elif kind == "bzip2":
            stream = stack.enter_context(bz2.open(raw, "rb"))
        elif kind == "xz":
            stream = stack.enter_context(lzma.open(raw, "rb"))
        elif kind == "zstandard":
            decompressor: Any = zstandard.ZstdDecompressor()
            stream = stack.enter_context(decompressor.stream_reader(raw, read_across_frames=True, closefd=False))
        yield stream, raw


def read_up_to(stream: IO[bytes], path: Path | None, size: int) -> bytes:
    """Read up to ``size`` bytes, fewer only at the end."""
    pieces = []
    try:
        while size > 0:
            piece = stream.read(size)
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    except OSError as error:
        # bz2 and gzip have no error class of their own for damage; the system's errors carry a number.
        raise (_damaged(path, error) if error.errno is None else refused_by_system(path, error)) from error
    return b"".join(pieces)


def _damaged(path: Path | None, error: Exception) -> UnreadableLog:
    return UnreadableLog(
        f"The compressed log {called(path)} is damaged: {error}.",
        "Copy it again from its host, or leave it out.",
    )


def refused_by_system(path: Path | None, error: OSError) -> UnreadableLog:
    """The error for a log that the system does not let us read."""
    return UnreadableLog(
        f"The log {called(path)} cannot be read: {error.strerror or error}.",
        "Run as a user who may read it, or leave it out.",
    )


def called(path: Path | None) -> str:
    """How a message names a log; ``None`` is standard input."""
    return "from standard input" if path is None else str(path)
