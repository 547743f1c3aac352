"""Fuzz every parser and unpacker with mutated logs, from a seed, so that a fault can be repeated.

    python benchmarks/fuzz_reading.py [--inputs 100000] [--seconds 600] [--seed 1] [--lines-a-file 80] [PATH ...]

PATH are logs whose lines and files are mutated, the recorded samples where none is given; lines that hypothesis makes of the
pattern of every format and envelope are mutated with them, so that none is missed. Five kinds of input: lines, of which
twenty thousand go through recognising and joining together, a few with a piece repeated thousands of times; records printed in
every way (JSON, tables, a field a line); short texts and names that the single readers are asked about; short texts, which are
read as files; files in every packing. Anything but events or an error of the
project's own is a fault: it is printed with what caused it, made as small as halving makes it, and the exit status is 1. So is
a batch that takes more than twenty seconds of the processor and five thousandths for each of its inputs; after five minutes of
the processor in one the place is printed, and it ends. ``fuzz_packing.py`` is the same for packings with atheris, which follows
the code's branches.
"""

import argparse
import bz2
import contextlib
import faulthandler
import gzip
import io
import json
import lzma
import random
import re
import signal
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import lz4.frame
import polars as pl
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from openstack_rca.errors import LogInputError
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.content import first_lines, is_binary, reads_like_log
from openstack_rca.logs.documents import splitter_for
from openstack_rca.logs.envelopes import origin_of_label_text, origin_of_path, service_of_tag
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.formats import FALLBACKS, FORMATS, INNER_FORMATS
from openstack_rca.logs.joining import in_order_of_time, join_events
from openstack_rca.logs.members import clean_parts
from openstack_rca.logs.parsing import parse_lines
from openstack_rca.logs.pastes import cleaner_for
from openstack_rca.logs.pods import service_of_pod
from openstack_rca.logs.wrappers import WRAPPERS

Input = TypeVar("Input", str, bytes)
SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "incidents"
BOUNDS = Bounds(members=200, size_bytes=4_000_000, ratio=200)
LINES_A_BATCH = 20_000
MADE_OF_A_PATTERN = 15
LONG_LINES = 0.0005
SLOWEST_SECONDS = 20.0
SLOWEST_SECONDS_AN_INPUT = 0.005
HANGING_SECONDS = 300
PIECES = (
    "\x00", "\x1b[31m", "\\", "\"", "'", "{", "}", "[", "]", "(", ")", "<", ">", "|", ":", ",", ";", "=", "%", "\t", "  ", "é",
    "\u2028", "\ufeff", "\U0001d538", "\u0661\u0662", "-1", "99999999999999999999", "1e400", "NaN", "null", "true", "T", "Z",
    "+99:99", "-00:00", "24:00:00", "23:59:60", "2026-02-30", "0000-00-00", "9999-12-31", "Feb 30", "req-", "None", "[instance: ",
    "Traceback (most recent call last):", "  File \"x\", line 1", "stdout P ", "stderr F ", "<191>1 ", "data: ",
    "=ERROR REPORT==== ", "__CURSOR=", "type=", "pid=", "..", "/../", "^[[0m", "#033[0m", "==> a.log <==", "#==[ Log File ]==#",
    "> ", "```", "<pre>", "ts=", "level=error", "msg=\"", "\\ud800", "\\ude00", "[99999999999.999999]", "-2147483649",
    "18446744073709551616", "\u202e", "\x85", "\x1c", "\x7f", "29 Feb 2100", "12/31/1969 11:59:59 PM", "+24:00", "é" * 40,
)  # fmt: skip


def corpus(paths: Sequence[Path]) -> list[str]:
    """Distinct lines of the given logs, at most 20,000."""
    found: dict[str, None] = {}
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file() or file.suffix in (".gz", ".zip", ".zst", ".tar", ".yaml"):
                continue
            data = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
            found.update(dict.fromkeys(data[:200_000].decode("utf-8", "replace").splitlines()[:400]))
            if len(found) > 20_000:
                return list(found)
    return list(found)


def made_lines(seed: int) -> list[str]:
    """Lines that the pattern of each format and each envelope takes, made of the pattern alone."""
    found: list[str] = []
    for each in (*FORMATS, *INNER_FORMATS, *FALLBACKS, *WRAPPERS):
        # What Rust's expressions write otherwise than Python's.
        pattern = re.sub(r"\\x\{([0-9A-F]+)\}", lambda code: re.escape(chr(int(code[1], 16))), each.pattern)
        shape = st.from_regex(pattern.replace(r"\p{L}", r"[^\W\d_]"), fullmatch=True)

        @seeded(seed)
        @settings(
            max_examples=MADE_OF_A_PATTERN,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(shape)
        def collect(line: str) -> None:
            found.append(line.replace("\n", " ").encode("utf-8", "replace").decode())

        collect()
    return found


def mutated(chance: random.Random, lines: Sequence[str]) -> str:
    """One line after up to four changes: cut, doubled, spliced with another, characters and known pieces put in."""
    text = chance.choice(lines)
    if chance.random() < LONG_LINES:
        place = chance.randint(0, min(len(text), 200))
        text = (
            text[:place]
            + (text[place : place + chance.randint(1, 12)] or " ") * chance.randint(1000, 4000)
            + text[place:]
        )
    for _ in range(chance.randint(0, 4)):
        place = chance.randint(0, min(len(text), 200))
        kind = chance.randint(0, 6)
        if kind == 0:
            text = text[:place]
        elif kind == 1:
            text = text[place:]
        elif kind == 2:
            text = text[:place] + chance.choice(PIECES) + text[place:]
        elif kind == 3:
            text = text[:place] + chr(chance.randint(1, 0x2FF)) + text[place + 1 :]
        elif kind == 4:
            other = chance.choice(lines)
            text = text[:place] + other[chance.randint(0, min(len(other), 200)) :]
        elif kind == 5:
            text = text[:place] + text[place : place + 20] * chance.randint(2, 5) + text[place + 20 :]
        else:
            text = chance.choice(lines)[:60] + " " + text
    return text.replace("\n", " ")


def read_lines(lines: Sequence[str]) -> None:
    """Recognise and join lines as of two files; every line must be in an event, or blank before the first."""
    half = len(lines) // 2
    frame = pl.DataFrame(
        {
            "text": pl.Series(lines, dtype=pl.String),
            "file_index": pl.Series([int(place >= half) for place in range(len(lines))], dtype=pl.Int32),
            "line": pl.Series(range(1, len(lines) + 1), dtype=pl.Int32),
            "lines": pl.Series([1] * len(lines), dtype=pl.Int32),
        }
    )
    events = join_events(in_order_of_time(parse_lines(frame, "Europe/Berlin")))
    assert events["lines"].sum() >= sum(1 for line in lines if line.strip()) * 0.5, "lines are lost"


KEYS = (
    "message", "msg", "MESSAGE", "time", "@timestamp", "ts", "created_at", "level", "severity", "PRIORITY", "host", "HOST",
    "node", "program", "what", "when", "who", "log", "kubernetes", "context", "details", "line", "Body", "Timestamp", "id", "",
    "a b", "x.y",
)  # fmt: skip
VALUES = (
    "2026-11-23 04:00:00.100", "2026-11-23T04:00:00Z", "Nov 23 04:00:00", "1795406400", "1795406400100.5", "ERROR", "info", "3",
    "cmp1", "nova-api", "NULL", "-", "", "[1, 2]", "req-1 x", "Traceback (most recent call last):\n  File \"x\"\nKeyError: 7",
)  # fmt: skip


def as_json(records: Sequence[dict[str, object]]) -> str:
    """A line each."""
    return "\n".join(map(json.dumps, records))


def as_table(records: Sequence[dict[str, object]], delimiter: str = ",") -> str:
    """Columns with a header."""
    rows = [list(records[0]), *(map(str, record.values()) for record in records)]
    return "\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)


def as_drawn_table(records: Sequence[dict[str, object]]) -> str:
    """Bars between the columns."""
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in (records[0], *(record.values() for record in records))]
    return "\n".join(["+----+----+", rows[0], "+----+----+", *rows[1:]])


def as_ruby(records: Sequence[dict[str, object]]) -> str:
    """As Logstash prints them."""
    hashes = (",\n".join(f'  "{key}" => {json.dumps(value)}' for key, value in record.items()) for record in records)
    return "\n".join(f"{{\n{fields}\n}}" for fields in hashes)


def as_rows(records: Sequence[dict[str, object]]) -> str:
    """As a client of a database prints them."""
    return "\n".join(
        "\n".join(
            [
                f"*** {number}. row ***".replace("***", "*" * 27),
                *(f"{key:>12}: {value}" for key, value in record.items()),
            ]
        )
        for number, record in enumerate(records, 1)
    )


def as_blocks(records: Sequence[dict[str, object]]) -> str:
    """A name and a value each line."""
    return "\n\n".join("\n".join(f"{key} : {value}" for key, value in record.items()) for record in records)


def as_collector(records: Sequence[dict[str, object]]) -> str:
    """As OpenTelemetry's collector prints them."""
    return "ResourceLog #0\nResource attributes:\n     -> host.name: Str(x)\n" + "\n".join(
        "LogRecord #0\n"
        + "\n".join(f"{key}: Str({value})" for key, value in record.items())
        + "\nAttributes:\n     -> a: Map({})"
        for record in records
    )


def as_slow_queries(records: Sequence[dict[str, object]]) -> str:
    """As MariaDB writes them."""
    return "\n".join(
        f"# Time: {next(iter(record.values()))}\n# User@Host: a[a] @ b\n# Query_time: 1\nSET timestamp=1795406400;\n{record}"
        for record in records
    )


def as_counted(records: Sequence[dict[str, object]]) -> str:
    """Syslog's messages behind the numbers of their octets."""
    messages = [f"<131>1 2026-11-23T04:00:00Z h a 1 - - {record}\n x".encode("utf-8", "replace") for record in records]
    return b"".join(b"%d %s" % (len(message), message) for message in messages).decode("utf-8", "replace")


PRINTERS: tuple[Callable[[Sequence[dict[str, object]]], str], ...] = (
    as_json,
    lambda records: json.dumps({"hits": {"hits": list(records)}}, indent=2),
    as_table,
    lambda records: as_table(records, "\t"),
    lambda records: as_table(records, ";"),
    as_drawn_table,
    as_ruby,
    as_rows,
    as_blocks,
    as_collector,
    as_slow_queries,
    as_counted,
)


def printed(chance: random.Random, lines: Sequence[str]) -> str:
    """A few records of like keys, printed in some way, after up to three changes."""
    keys = chance.sample(KEYS, chance.randint(2, 8))

    def value(key: str) -> object:
        kind = chance.randint(0, 9)
        said = chance.choice(lines)[:120] if kind < 2 else chance.choice(VALUES)
        return {key: said} if kind == 2 else chance.choice((7, 1.5, None, True, [said])) if kind == 3 else said

    text = chance.choice(PRINTERS)([{key: value(key) for key in keys} for _ in range(chance.randint(1, 4))])
    for _ in range(chance.choice((0, 0, 1, 3))):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice((*PIECES, "\n", "\r\n")) + text[place + chance.randint(0, 5) :]
    return text


def read_records(chosen: Sequence[str]) -> None:
    """Cut texts into records, at once and in two reads, and recognise these; no line may be lost."""
    lines: list[str] = []
    for text in chosen:
        data = text.encode("utf-8", "replace")
        splitter = splitter_for(data)
        if splitter is None:
            lines += text.split("\n")
            continue
        begun, taken = splitter(data[: len(data) // 2], False)
        rest, more = splitter(data[taken:], True)
        assert taken + more == len(data), "bytes are lost"
        assert sum(piece.lines for piece in (*begun, *rest)) >= data.rstrip(b"\n").count(b"\n"), "lines are lost"
        lines += [piece.text for piece in (*begun, *rest)]
    read_lines([line.replace("\n", " ") for line in lines])


def ask_about(chosen: Sequence[str]) -> None:
    """What the single readers say of a text, of its first line as a path, and of a pod or a program that is called so."""
    for text in chosen:
        data = text.encode("utf-8", "replace")
        is_binary(data)
        reads_like_log(data)
        first_lines(data)
        lines = text.split("\n")
        cleaner = cleaner_for(lines)
        if cleaner is not None:
            assert sum(piece.lines for piece in cleaner(lines)) == len(lines), "lines are lost"
        origin_of_path(lines[0])
        origin_of_label_text(text)
        service_of_tag(lines[0])
        service_of_pod(lines[0])
        clean_parts(lines[0])


def read_files(files: Sequence[bytes]) -> None:
    """Read a folder of files to their ends; an error of the project's own is an answer."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(files):
            Path(folder, f"{number}.log").write_bytes(data)
        with contextlib.suppress(LogInputError):
            read_logs([folder], bounds=BOUNDS)


def texts(chance: random.Random, lines: Sequence[str]) -> bytes:
    """A short text: mutated lines, or as a paste, an export, JSON over lines, another encoding."""
    chosen = [mutated(chance, lines) for _ in range(chance.randint(1, 12))]
    kind = chance.randint(0, 7)
    first = ("", "__CURSOR=s=1", "[\n{", '"time","message"', "<html>\n<pre>", "==> a.log <==", "```", "   1\t")[kind]
    text = "\n".join([first, *chosen]) if first else "\n".join(chosen)
    return changed(chance, text.encode(chance.choice(("utf-8", "utf-8", "utf-16", "latin-1", "utf-32")), "replace"))


def changed(chance: random.Random, data: bytes) -> bytes:
    """Up to eight other bytes; it may end anywhere."""
    bytes_of = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 8))):
        if bytes_of:
            bytes_of[chance.randrange(len(bytes_of))] = chance.randrange(256)
    return bytes(bytes_of[: chance.choice((len(data), len(data), chance.randint(0, len(data))))])


def packed(chance: random.Random, lines: Sequence[str]) -> bytes:
    """A text in one or two packings, of whose bytes some are changed or cut off."""
    data = texts(chance, lines)
    for _ in range(chance.randint(1, 2)):
        data = chance.choice(PACKINGS)(data)
    return changed(chance, data)


def tarred(data: bytes) -> bytes:
    """An archive with a hostile name, a link and a log."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name in ("../../etc/x.log", "h/nova-compute.log"):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("l.log")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return whole.getvalue()


def zipped(data: bytes) -> bytes:
    """A zip with one log."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("h/nova-api.log", data)
    return whole.getvalue()


def seven_zipped(data: bytes) -> bytes:
    """A 7z with one log; a gzip where its library is not installed."""
    try:
        from py7zr import SevenZipFile
    except ImportError:
        return gzip.compress(data)
    whole = io.BytesIO()
    with SevenZipFile(whole, "w") as archive:
        archive.writestr(data, "h/nova-api.log")
    return whole.getvalue()


def mailed(data: bytes) -> bytes:
    """A mail with one log, and what is in it once more as a mail."""
    message = EmailMessage()
    message["From"], message["Subject"] = "a@b.example", "log"
    message.set_content("See below.")
    message.add_attachment(data, "application", "octet-stream", filename="h/nova-api.log")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "a@b.example", "log"
    outer.add_attachment(message)
    return bytes(outer)


PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    gzip.compress,
    bz2.compress,
    lambda data: lzma.compress(data, preset=0),
    zstandard.compress,
    lz4.frame.compress,
    tarred,
    zipped,
    seven_zipped,
    mailed,
)


def smallest(read: Callable[[Sequence[Input]], None], lines: Sequence[Input]) -> Sequence[Input]:
    """Inputs that still make a reading fail, halved as long as a half does."""
    while len(lines) > 1:
        half = len(lines) // 2
        failing = next((part for part in (lines[:half], lines[half:]) if fault_of(read, part)), None)
        if failing is None:
            return lines
        lines = failing
    return lines


def fault_of(read: Callable[[Sequence[Input]], None], inputs: Sequence[Input]) -> str:
    """What goes wrong, empty where nothing does."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANGING_SECONDS)
    try:
        read(inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever leaves a parser is what is looked for; a panic in a library is no Exception
        return f"{type(error).__name__}: {error}"[:500]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    slowest = SLOWEST_SECONDS + len(inputs) * SLOWEST_SECONDS_AN_INPUT
    return "too slow" if time.process_time() - started > slowest else ""


def faults(inputs: int, seed: int, lines: Sequence[str], lines_a_file: int) -> Iterator[tuple[str, object]]:
    """Every fault with its cause, and after each batch no fault with the number of its inputs.

    For each five lines there is one of printed records, for each two a text that the single readers are asked about, and
    for each ``lines_a_file`` a text or a packed file.
    """
    chance = random.Random(seed)

    def tried(read: Callable[[Sequence[Input]], None], batch: Sequence[Input]) -> Iterator[tuple[str, object]]:
        fault = fault_of(read, batch)
        if fault:
            yield fault, smallest(read, batch)

    done = 0
    while done < inputs:
        batch = [mutated(chance, lines) for _ in range(min(LINES_A_BATCH, inputs - done))]
        records = [printed(chance, lines) for _ in range(len(batch) // 5)]
        words = ["\n".join(chance.sample(batch, chance.randint(1, 6))) for _ in range(len(batch) // 2)]
        files = [(packed, texts)[number % 2](chance, lines) for number in range(len(batch) // lines_a_file)]
        yield from tried(read_lines, batch)
        yield from tried(read_records, records)
        yield from tried(ask_about, words)
        yield from tried(read_files, files)
        count = len(batch) + len(records) + len(words) + len(files)
        done += count
        yield "", count


def main() -> int:
    """Print faults, and how many inputs were tried."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("paths", nargs="*", type=Path)
    words.add_argument("--inputs", type=int, default=100_000)
    words.add_argument(
        "--seconds", type=float, default=float("inf"), help="of the processor, after which no batch begins"
    )
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--lines-a-file", type=int, default=80, help="lines to each text or packed file")
    said = words.parse_args()
    begun = time.monotonic()
    lines = made_lines(said.seed) + corpus(said.paths or [SAMPLES])
    # The signal of a timer of the processor prints where it was, then ends the process as it does by itself.
    faulthandler.register(signal.SIGPROF, chain=True)
    number = tried = 0
    for fault, cause in faults(said.inputs, said.seed, lines, said.lines_a_file):
        if not fault:
            tried += int(str(cause))
            print(f"{tried:,} inputs", flush=True)
            if time.process_time() > said.seconds:
                break
            continue
        number += 1
        print(f"{fault}\n    {cause!r:.3000}", flush=True)
        if number >= 20:
            break
    print(f"{tried:,} inputs from seed {said.seed}: {number} faults, {time.monotonic() - begun:.0f} s")
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main())
