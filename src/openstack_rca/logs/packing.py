"""Packings: told by their first bytes, whatever the file is called, and taken off one at a time."""

import bz2
import gzip
import lzma
import re
import tarfile
from enum import Enum
from typing import IO, Any, Protocol, cast

import lz4.frame
import zstandard

from openstack_rca.errors import UnknownPacking, WindowsEventLog
from openstack_rca.logs.bounds import Budget


class Packing(Enum):
    """What a file can be packed as."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZMA = "lzma"
    ZSTANDARD = "zstd"
    LZ4 = "lz4"
    TAR = "tar"
    ZIP = "zip"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    COMPRESS = "compress"
    LZOP = "lzop"
    JOURNAL = "journal"
    WINDOWS = "evtx"
    MAIL = "mail"


STREAMS = frozenset(
    (Packing.GZIP, Packing.BZIP2, Packing.XZ, Packing.LZMA, Packing.ZSTANDARD, Packing.LZ4),
)
"""Packings of a single stream."""
ARCHIVES = frozenset((Packing.TAR, Packing.ZIP, Packing.SEVEN_ZIP, Packing.MAIL))
"""Packings of files by name."""

_MAGIC = (
    (b"\x1f\x8b\x08", Packing.GZIP),
    (b"BZh", Packing.BZIP2),
    (b"\xfd7zXZ\x00", Packing.XZ),
    (b"]\x00\x00", Packing.LZMA),
    (b"\x28\xb5\x2f\xfd", Packing.ZSTANDARD),
    (b"\x04\x22\x4d\x18", Packing.LZ4),
    (b"PK\x03\x04", Packing.ZIP),
    (b"PK\x05\x06", Packing.ZIP),
    (b"PK\x07\x08PK", Packing.ZIP),
    (b"7z\xbc\xaf\x27\x1c", Packing.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Packing.RAR),
    (b"\x1f\x9d", Packing.COMPRESS),
    (b"\x89LZO\x00", Packing.LZOP),
    (b"LPKSHHRH", Packing.JOURNAL),
    (b"ElfFile\x00", Packing.WINDOWS),
    (b"\x30\x00\x00\x00LfLe", Packing.WINDOWS),
)
_SKIPPABLE = b"\x2a\x4d\x18"
_TAR_HEADER_BYTES = 512
_MAILBOX = re.compile(rb"^From \S.* \d{4}\r?\n")
_FIELD = re.compile(rb"^(?:[!-9;-~]+:|[ \t])")
_FIRST_FIELD = re.compile(rb"(?i)^(?:Content-|Date|X-|List-|User-Agent)[\w-]*:")
_MAIL_FIELD = re.compile(
    rb"(?i)^(From|To|Subject|Message-ID|Return-Path|Received|Delivered-To|X-Original-To|MIME-Version|DKIM-Signature|Reply-To|"
    rb"Authentication-Results|ARC-Seal|In-Reply-To|X-Mozilla-Status2?|X-Received|X-Google-[\w-]+):[ \t\r\n]"
)


class Readable(Protocol):
    """Anything that gives bytes in order."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, fewer only at the end."""


def packing_of(head: bytes) -> Packing | None:
    """The packing of a file that begins with these bytes (512 are enough); None for what is not packed."""
    for magic, packing in _MAGIC:
        if head.startswith(magic) and (packing is not Packing.BZIP2 or head[3:4].isdigit()):
            return packing
    if head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        # A frame without content, which zstd and lz4 share and which pzstd writes first.
        return Packing.ZSTANDARD
    return Packing.TAR if _begins_like_tar(head) else Packing.MAIL if _begins_like_mail(head) else None


def not_read(packing: Packing, called: str) -> UnknownPacking:
    """The error for a file in a packing that is known and not read."""
    if packing is Packing.WINDOWS:
        return WindowsEventLog(
            f"{called} is a binary event log of Windows, which is not read.",
            "Export it where it was written: Get-WinEvent -Path FILE.evtx | Export-Csv FILE.csv",
        )
    return UnknownPacking(
        f"{called} is packed with {packing.value}, which is not read.", "Unpack it and give what comes out."
    )


def _begins_like_tar(head: bytes) -> bool:
    """A tar archive has no magic in its oldest form, but a checksum over its first header."""
    if len(head) < _TAR_HEADER_BYTES or head[0] == 0:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_HEADER_BYTES], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _begins_like_mail(head: bytes) -> bool:
    """Whether lines of a header stand there and nothing else, of which two are those of mails alone."""
    begin = _MAILBOX.sub(b"", head[:_TAR_HEADER_BYTES].lstrip(b"\xef\xbb\xbf\r\n"))
    if not (_MAIL_FIELD.match(begin) or _FIRST_FIELD.match(begin)):
        return False
    fields, ended, _ = begin.replace(b"\r", b"").partition(b"\n\n")
    lines = fields.split(b"\n") if ended else fields.split(b"\n")[:-1]
    if not all(_FIELD.match(line) for line in lines):
        return False
    return len({found[1].lower() for line in lines if (found := _MAIL_FIELD.match(line))}) > 1


class Unpacked:
    """A packed stream, unpacked while the ratio of its unpacked to its packed size is checked."""

    def __init__(self, packed: Readable, packing: Packing, called: str, budget: Budget) -> None:
        self._packed = _Counted(packed)
        self._stream = _opened(self._packed, packing)
        self._called = called
        self._budget = budget
        self._unpacked = 0

    def read(self, size: int = -1, /) -> bytes:
        """What is there at once, ``size`` bytes at most, so that damage loses nothing before it. Raises LogBoundReached."""
        piece = self._stream.read1(size)
        self._unpacked += len(piece)
        self._budget.check_ratio(self._called, self._unpacked, self._packed.count)
        return bytes(piece)


class _Counted:
    """A stream that knows how many bytes were read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(size)
        self.count += len(piece)
        return piece


def _opened(packed: _Counted, packing: Packing) -> Any:
    source = cast(IO[bytes], packed)
    if packing is Packing.GZIP:
        return gzip.GzipFile(fileobj=source, mode="rb")
    if packing is Packing.BZIP2:
        return bz2.BZ2File(source)
    if packing in (Packing.XZ, Packing.LZMA):
        return lzma.LZMAFile(source)
    if packing is Packing.LZ4:
        return lz4.frame.LZ4FrameFile(source)
    return _Zstandard(packed)


class _Zstandard:
    """Zstandard's frames one after the other; its own reader takes a file that is cut off for a whole one."""

    def __init__(self, packed: Readable) -> None:
        self._packed = packed
        self._frame: Any = None
        self._rest = self._ready = b""

    def read1(self, size: int) -> bytes:
        while not self._ready:
            # Little at a time: a kilobyte may unpack to 32 megabytes.
            data = self._rest or self._packed.read(1024)
            if not data and self._frame is not None:
                raise EOFError("the file ends in the middle of a frame")
            if not data:
                return b""
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = self._frame.decompress(data)
            self._rest = self._frame.unused_data if self._frame.eof else b""
            self._frame = None if self._frame.eof else self._frame
        found, self._ready = self._ready[:size], self._ready[size:]
        return found
