"""Fuzz what takes packings off: archives, compressed streams, encodings.

    pip install atheris
    python benchmarks/fuzz_packing.py -runs=1000000 -max_len=4096 CORPUS

CORPUS is a folder; small seeds of every packing are put into it. An input that ends in anything but logs or an error of the
project's own, or that takes longer than ten seconds, is a crash; atheris writes it to a file and stops. The options are those
of libFuzzer.
"""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["openstack_rca.logs", "tarfile", "zipfile", "gzip", "lz4", "zstandard"]):
    import lz4.frame
    import zstandard

    from openstack_rca.errors import UnreadableLog
    from openstack_rca.logs.archives import Inside, Walk
    from openstack_rca.logs.bounds import Bounds
    from openstack_rca.logs.content import text_lines

LINE = b"2026-11-23 04:00:00.123 77 INFO nova.api [-] up\n"
BOUNDS = Bounds(members=200, size_bytes=4_000_000, ratio=200)
SCRATCH = Path(f"/dev/shm/fuzz-packing-{os.getpid()}.log")


def seeds() -> list[bytes]:
    """A small file of every packing, alone and around an archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for name in ("x.log.aa", "hostname", "x.log.ab"):
            member = tarfile.TarInfo(name)
            member.size = len(LINE)
            packed.addfile(member, io.BytesIO(LINE))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as packed_zip:
        packed_zip.writestr("a.log", LINE)
        packed_zip.writestr("b.tar", archive.getvalue()[:3072])
    whole = [
        LINE,
        archive.getvalue()[:3584],
        zipped.getvalue(),
        LINE.decode().encode("utf-16"),
        LINE.replace(b"\n", b"\r"),
    ]
    packings = (gzip.compress, bz2.compress, lzma.compress, zstandard.compress, lz4.frame.compress)
    return whole + [pack(data) for pack in packings for data in whole[:3]]


def one_input(data: bytes) -> None:
    """Read one input to its end, as a file in a folder that was given."""
    SCRATCH.write_bytes(data)
    try:
        for found in Walk(SCRATCH, ("a.log",), BOUNDS, direct=True).logs():
            if isinstance(found, Inside):
                read_text(found)
    except UnreadableLog:
        pass


def read_text(found: Inside) -> None:
    """Read one log inside; that it cannot be read to its end is told by an error of our own."""
    try:
        while piece := found.text.read(1 << 20):
            text_lines(piece, is_start=True)
    except UnreadableLog:
        pass


if __name__ == "__main__":
    corpus = Path(next((word for word in sys.argv[1:] if not word.startswith("-")), "corpus"))
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:02d}").write_bytes(seed)
    os.environ["PATH"] = ""  # no journalctl: that is a program of its own
    atheris.Setup([*sys.argv, "-timeout=10"], one_input)
    atheris.Fuzz()
