"""Members of archives: their names, their times, and streams that tell damage instead of taking it for the end."""

import struct
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import PurePosixPath
from tarfile import EmptyHeaderError, EOFHeaderError, HeaderError, ReadError  # type: ignore[attr-defined]
from typing import IO, Self, cast

from openstack_rca.errors import UnreadableLog
from openstack_rca.logs.bounds import Budget
from openstack_rca.logs.opening import Input
from openstack_rca.logs.packing import Readable
from openstack_rca.logs.programs import LONGEST_NAME, LONGEST_PATH

DAMAGED_ZIP = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
    OSError,
    struct.error,
)
"""What ``zipfile`` raises at an archive that is broken."""


class UntilDamage:
    """A stream that ends where it is damaged, so that what came before is given out; and remembers the damage."""

    def __init__(self, content: Input) -> None:
        self._content = content
        self.trouble: UnreadableLog | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, none at the end or at damage."""
        try:
            return self._content.read(size)
        except UnreadableLog as error:
            self.trouble = error
            return b""


class StrictEntry(tarfile.TarInfo):
    """A header of a tar archive; a broken one or a missing end mark raises ``ReadError`` and is not taken for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """The next header. Raises ReadError: it is broken, or the end mark is missing; other errors as ``tarfile``."""
        try:
            return super().fromtarfile(tarfile)
        except EOFHeaderError:
            tarfile.has_end = True  # type: ignore[attr-defined]
            raise
        except EmptyHeaderError:
            if tarfile.offset and not getattr(tarfile, "has_end", False):
                raise ReadError("the end mark is missing") from None
            raise
        except HeaderError as error:
            if tarfile.offset:
                raise ReadError(f"{error} at byte {tarfile.offset}") from None
            raise


class HeldMember:
    """A member of a zip, unpacked while the ratio of its unpacked to its packed size is checked."""

    def __init__(self, stream: IO[bytes], packed: int, called: str, budget: Budget) -> None:
        self._stream = stream
        self._packed = packed
        self._called = called
        self._budget = budget
        self._unpacked = 0

    def read(self, size: int = -1, /) -> bytes:
        """What is there at once, ``size`` bytes at most. Raises LogBoundReached: the ratio is too high."""
        piece = cast(zipfile.ZipExtFile, self._stream).read1(size)
        self._unpacked += len(piece)
        self._budget.check_ratio(self._called, self._unpacked, self._packed)
        return piece


class _Content:
    """What a tar holds of a file, to the end of the archive where that is cut off; ``extractfile`` loses the last piece."""

    def __init__(self, archive: IO[bytes], entry: tarfile.TarInfo) -> None:
        self._archive = archive
        self._place = entry.offset_data
        self._end = entry.offset_data + entry.size

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, fewer only at the end or where the archive ends."""
        left = self._end - self._place
        self._archive.seek(self._place)
        piece = self._archive.read(left if size < 0 else min(size, left))
        if not piece and size and left:
            raise ReadError("unexpected end of data")
        self._place += len(piece)
        return piece


def content_of(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Readable:
    """The bytes of a regular file in a tar archive; to be read before the next entry is asked for."""
    if entry.issparse() or archive.fileobj is None:
        stream = archive.extractfile(entry)
        assert stream is not None
        return stream
    return _Content(cast(IO[bytes], archive.fileobj), entry)


def clean_parts(name: str) -> tuple[str, ...]:
    """The parts of a member's path, always below its archive: without a root and ``..``; ``member`` where nothing is left.

    Of what is longer than file systems hold the end is kept.
    """
    parts = PurePosixPath(name[-LONGEST_PATH:].replace("\\", "/")).parts
    return tuple(part[-LONGEST_NAME:] for part in parts if part not in ("/", "//", ".", "..")) or ("member",)


def leads_out(target: str, link: str) -> bool:
    """Whether the symbolic link at path ``link``, which points to ``target``, leads out of its archive."""
    if target.startswith("/"):
        return True
    depth = max(0, len(PurePosixPath(link).parts) - 1)
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def moment(seconds: float) -> datetime | None:
    """A time in seconds since 1970, as a tar archive keeps it, in UTC; None where it is out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def zip_moment(entry: zipfile.ZipInfo) -> datetime | None:
    """A member's time, which a zip keeps without a zone, taken as UTC; None where it is no valid date."""
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return None
