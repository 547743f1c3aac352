"""7z archives, through py7zr: an extra, for few logs are packed so."""

from __future__ import annotations

import lzma
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from openstack_rca.errors import UnknownPacking
from openstack_rca.extras import is_installed
from openstack_rca.logs.bounds import Budget
from openstack_rca.logs.opening import damaged

_DAMAGED = (
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    MemoryError,
    AssertionError,
    AttributeError,
)
"""What py7zr stumbles over in a broken archive, where it has no error of its own."""


@dataclass(frozen=True)
class HeldFile:
    """A regular file of an archive, unpacked; ``modified`` is when it changed last, where the archive says so."""

    name: str
    content: IO[bytes]
    modified: datetime | None


class _Unpacked:
    """Takes the files that py7zr unpacks into temporary files without a name: what they are called leads nowhere.

    Args:
        held: closes them.
    """

    def __init__(self, held: ExitStack) -> None:
        self.files: dict[str, _TemporaryFile] = {}
        self._held = held

    def create(self, filename: str) -> _TemporaryFile:
        """Called by py7zr for each file."""
        if filename not in self.files:
            self.files[filename] = _TemporaryFile(self._held)
        return self.files[filename]


class _TemporaryFile:
    """A temporary file as py7zr writes to it."""

    def __init__(self, held: ExitStack) -> None:
        self.content = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # it is one
        self.write, self.read, self.seek = self.content.write, self.content.read, self.content.seek
        self.flush = self.content.flush

    def size(self) -> int:
        """How many bytes were written."""
        return os.fstat(self.content.fileno()).st_size

    def close(self) -> None:
        """Called by py7zr at the end of a file, which is still to be read."""
        self.content.seek(0)


def files_of(archive: IO[bytes], called: str, budget: Budget) -> Iterator[HeldFile]:
    """The regular files of an archive, in its order.

    Args:
        archive: a file that can seek.
        called: what messages call it.
        budget: what it may hold; sizes are looked at before anything is unpacked.

    Raises:
        UnknownPacking: the extra is not installed, or the archive has a password.
        LogBoundReached: it holds more than a bound allows.
        DamagedLog: it is broken.
    """
    if not is_installed("sevenzip"):
        raise UnknownPacking(
            f"{called} is packed with 7z, which needs the extra sevenzip.",
            "Install it with: pip install 'openstack-rca[sevenzip]', or unpack it and give what comes out.",
        )
    with ExitStack() as held:
        yield from _unpacked_files(archive, called, budget, _Unpacked(held))


def _unpacked_files(archive: IO[bytes], called: str, budget: Budget, unpacked: _Unpacked) -> Iterator[HeldFile]:
    from py7zr import SevenZipFile
    from py7zr.exceptions import ArchiveError, PasswordRequired

    # Its beginning was looked at.
    archive.seek(0)
    try:
        with SevenZipFile(archive) as opened:
            if opened.needs_password():
                raise PasswordRequired(None, "the files are encrypted")
            listed = [entry for entry in opened.list() if entry.is_file]
            _hold_against_bounds([entry.uncompressed for entry in listed], archive, called, budget)
            opened.extract(targets=[entry.filename for entry in listed], factory=unpacked)
    except PasswordRequired as error:
        # The names alone may be encrypted too, which already the opening tells.
        raise UnknownPacking(f"{called} has a password.", "Unpack it and give what comes out.") from error
    except (ArchiveError, *_DAMAGED) as error:
        raise damaged(called, error) from error
    modified = {entry.filename: entry.creationtime for entry in listed}
    # py7zr calls absolute names and those that stand twice otherwise than the list does.
    for name, file in unpacked.files.items():
        with file.content as content:
            yield HeldFile(name, content, modified.get(name))


def _hold_against_bounds(sizes: list[int], archive: IO[bytes], called: str, budget: Budget) -> None:
    for _ in sizes:
        budget.take_member(called)
    place = archive.tell()
    packed = archive.seek(0, os.SEEK_END)
    archive.seek(place)
    budget.check_ratio(called, sum(sizes), packed)
    if sum(sizes) > budget.bounds.size_bytes:
        budget.take_text(called, sum(sizes))
