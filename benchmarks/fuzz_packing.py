"""Fuzz what takes packings off (archives, compressed streams, encodings) or what takes texts apart, led by the code's branches.

    pip install atheris
    python benchmarks/fuzz_packing.py [--inputs 100000] [--seconds 600] [--seed 1] [--of packings|texts] [FURTHER ...]

Small seeds of every packing, or of every shape of a text, are what atheris begins with. An input that ends in anything but
logs or an error of the project's own, or that takes longer than ten seconds, is a fault; atheris writes it to a file and
stops, and the exit status is 1. FURTHER are options of libFuzzer. Several may run side by side, each with a seed of its own.
"""

import argparse
import bz2
import gzip
import io
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

import atheris
import polars as pl

with atheris.instrument_imports(include=["openstack_rca.logs", "tarfile", "zipfile", "gzip", "lz4", "zstandard"]):
    import lz4.frame
    import zstandard

    from openstack_rca.errors import UnreadableLog
    from openstack_rca.logs.archives import Inside, Walk
    from openstack_rca.logs.bounds import Bounds
    from openstack_rca.logs.content import first_lines, reads_like_log, text_lines
    from openstack_rca.logs.documents import splitter_for
    from openstack_rca.logs.envelopes import origin_of_label_text, origin_of_path, service_of_tag
    from openstack_rca.logs.json_lines import unwrap_json
    from openstack_rca.logs.members import clean_parts
    from openstack_rca.logs.pastes import cleaner_for
    from openstack_rca.logs.pods import service_of_pod

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


TEXTS = (
    LINE * 3,
    b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795406400000000\nMESSAGE=up\n\n",
    b'{"time":"2026-11-23T04:00:00Z","level":"error","msg":"No","kubernetes":{"pod_name":"nova-api-0"}}\n',
    b'{"hits":{"hits":[{"_source":{"@timestamp":"2026-11-23T04:00:00Z","message":"No"}}]}}',
    b"time;level;host;message\n23.11.2026 04:00:00;ERROR;c1;No\n",
    b"| time | level | message |\n|---|---|---|\n| 2026-11-23 04:00:00 | ERROR | No |\n",
    b"<html><body><table><tr><th>Time</th><th>Level</th><th>Message</th></tr><tr><td>2026-11-23 04:00:00</td><td>ERROR</td>"
    b"<td>No</td></tr></table>",
    b'<testsuite timestamp="2026-11-23T04:00:00"><testcase name="x"><failure message="No">x</failure></testcase></testsuite>',
    b"- timestamp: 2026-11-23 04:00:00\n  level: error\n  message: No\n",
    b'{"version": 2}\n[0.1, "o", "2026-11-23 04:00:00.100 7 ERROR nova.api [-] No\\r\\n"]\n',
    b"LogRecord #0\nTimestamp: 2026-11-23 04:00:00\nBody: Str(No)\n",
    b"[root@c1 ~]# tail /var/log/nova/nova-api.log\n" + LINE,
    b"> quoted\n> " + LINE,
    b"```\n" + LINE + b"```\n",
    b"==> a/nova-api.log <==\n" + LINE,
    b"   1\t" + LINE + b"   2\t" + LINE,
    b"LAST SEEN   TYPE      REASON   OBJECT     MESSAGE\n2m          Warning   Failed   pod/x      No\n",
    b"101 <131>1 2026-11-23T04:00:00Z h a 1 - - No\n",
)
"""A small text of every shape that code of Python's takes apart."""


def one_text(data: bytes) -> None:
    """Take one input apart in every way that does not need whole files."""
    text = data.decode("utf-8", "replace")
    lines = text.split("\n")
    reads_like_log(data)
    splitter, cleaner = splitter_for(data), cleaner_for(first_lines(data))
    if splitter is not None:
        begun, taken = splitter(data[: len(data) // 2], False)
        rest, more = splitter(data[taken:], True)
        assert taken + more == len(data), "bytes are lost"
        lines += [piece.text for piece in (*begun, *rest)]
    if cleaner is not None:
        cleaner(lines)
    unwrap_json(
        pl.DataFrame({"row": range(len(lines)), "text": lines}, schema={"row": pl.UInt64, "text": pl.String}), "UTC"
    )
    for read in (origin_of_path, origin_of_label_text, service_of_tag, service_of_pod, clean_parts):
        read(lines[0])


def fuzz(of: str, further: list[str]) -> None:
    """Let atheris run, which ends the process."""
    corpus = Path(next(word for word in further if not word.startswith("-")))
    for number, seed in enumerate(seeds() if of == "packings" else TEXTS):
        (corpus / f"seed-{number:02d}").write_bytes(seed)
    os.environ["PATH"] = ""  # no journalctl: that is a program of its own
    atheris.Setup([sys.argv[0], *further, "-timeout=10"], one_input if of == "packings" else one_text)
    atheris.Fuzz()


def main() -> int:
    """Run it in a process of its own, and tell how many inputs were tried."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--inputs", type=int, default=100_000)
    words.add_argument("--seconds", type=int, default=0, help="after which it ends; 0: never")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--of", choices=("packings", "texts"), default="packings")
    words.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    said, further = words.parse_known_args()
    if said.within:
        fuzz(said.of, further)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as corpus:
        asked = [f"-runs={said.inputs}", f"-seed={said.seed}", f"-max_total_time={said.seconds}", "-max_len=4096"]
        command = [sys.executable, __file__, "--within", "--of", said.of, *asked, *further, corpus]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as run:
            tried, told = 0, []
            for line in run.stderr or ():
                count = re.match(r"#(\d+)\s|Done (\d+) runs", line)
                tried = int(count[1] or count[2]) if count else tried
                told = [*told[-60:], line]
    seconds = time.monotonic() - begun
    if run.returncode:
        print("".join(told))
    print(f"{tried:,} inputs of {said.of} from seed {said.seed}: {int(run.returncode != 0)} faults, {seconds:.0f} s")
    return 1 if run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
