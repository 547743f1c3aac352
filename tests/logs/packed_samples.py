"""Logs in packings, made as tests need them, and what was read of them."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import lz4.frame
import zstandard

from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.records import SkipReason

LINE = b"2026-11-23 04:00:00.123 77 INFO nova.api [-] up\n"


LATER = b"2026-11-23 04:00:01.123 77 INFO nova.api [-] on\n"


HOSTS = {"compute1/nova-compute.log": LINE, "ctl1/nova/nova-api.log": LATER}


def tar(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def tar_with(*odd: tarfile.TarInfo) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        good = tarfile.TarInfo("good.log")
        good.size = len(LINE)
        archive.addfile(good, io.BytesIO(LINE))
        for member in odd:
            archive.addfile(member, io.BytesIO(LINE) if member.isreg() else None)
    return made.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def left_out(result: LogRead) -> dict[str, SkipReason]:
    return {read.file: read.skip for read in result.files if read.skip is not None}


def the(result: LogRead, name: str) -> FileRead:
    return next(read for read in result.files if read.file == name)


STREAMS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lzma_alone,
    "zst": zstandard.compress,
    "lz4": lz4.frame.compress,
    "plain": bytes,
}
