"""Where logs may lie and what happens where they cannot be read."""

import bz2
import gzip
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from openstack_rca.errors import LogInputError, LogPathNotFound, NoKnownLines, NoLogFiles, UnreadableLog
from openstack_rca.logs import blocks
from openstack_rca.logs.events import read_collection, read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.sources import collect_sources

LINE = "2026-11-23 04:00:00.123 77 INFO nova.api [-] up\n"
LATER = "2026-11-23 04:00:01.123 77 INFO nova.api [-] on\n"


def write(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def names(result: LogRead) -> list[str]:
    return [read.file for read in result.files]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstandard.compress), ("", bytes)],
)
def test_a_log_reads_the_same_compressed_or_not(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path / f"nova-api.log.1{suffix}", compress((LINE + LATER).encode()))
    events = read_logs([path]).events
    assert events["message"].to_list() == ["up", "on"]
    assert events["service"].unique().to_list() == ["nova-api"]


def test_compression_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    assert read_logs([write(tmp_path / "nova-api.log", gzip.compress(LINE.encode()))]).events.height == 1
    assert read_logs([write(tmp_path / "plain.log.gz", LINE)]).events.height == 1


def test_files_that_were_compressed_in_pieces_are_read_to_the_end(tmp_path: Path) -> None:
    for name, compress in (("a.log.gz", gzip.compress), ("b.log.zst", zstandard.compress), ("c.log.xz", lzma.compress)):
        write(tmp_path / name, compress(LINE.encode()) + compress(LATER.encode()))
    assert read_logs([tmp_path]).events.height == 6


def test_a_folder_is_read_with_everything_below_it(tmp_path: Path) -> None:
    write(tmp_path / "compute1" / "nova-compute.log", LINE)
    write(tmp_path / "controller" / "nova" / "nova-api.log.1", LATER)
    result = read_logs([tmp_path])
    assert names(result) == ["compute1/nova-compute.log", "controller/nova/nova-api.log.1"]
    assert result.events["host"].to_list() == ["compute1", "controller"]
    assert result.roots == [str(tmp_path)]


def test_files_that_are_no_logs_are_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path / "nova-api.log", LINE)
    write(tmp_path / "incident.json", '{"a": 1}\n')
    write(tmp_path / "README", "Some words.\nAnd more.\n")
    write(tmp_path / "nova-api", LINE)
    write(tmp_path / "core.log", os.urandom(5000) + b"\x00" * 5000)
    write(tmp_path / "journal", b"LPKSHHRH" + b"\x00\x01\x02" * 1000)
    reads = {read.file: read for read in read_logs([tmp_path]).files}
    assert reads["nova-api.log"] == FileRead("nova-api.log", 1, 1, 0, "oslo")
    assert reads["nova-api"].events == 1
    assert {name for name, read in reads.items() if read.skip} == {"incident.json", "README", "core.log", "journal"}
    assert reads["core.log"].skip is SkipReason.BINARY


def test_a_glob_reads_what_matches_relative_to_its_fixed_part(tmp_path: Path) -> None:
    for host in ("a1", "b2"):
        write(tmp_path / host / "nova-api.log", LINE)
        write(tmp_path / host / "other.log", LINE)
    result = read_logs([f"{tmp_path}/*/nova-api.log"])
    assert names(result) == ["a1/nova-api.log", "b2/nova-api.log"]
    assert sorted(result.events["host"].to_list()) == ["a1", "b2"]


def test_names_of_several_paths_are_longer_only_where_they_would_collide(tmp_path: Path) -> None:
    write(tmp_path / "one" / "nova-api.log", LINE)
    write(tmp_path / "two" / "nova-api.log", LINE)
    write(tmp_path / "two" / "glance-api.log", LINE)
    result = read_logs([tmp_path / "one", tmp_path / "two"])
    assert names(result) == ["glance-api.log", "one/nova-api.log", "two/nova-api.log"]


def test_a_file_that_two_paths_lead_to_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path / "nova-api.log", LINE)
    (tmp_path / "again.log").symlink_to(path)
    assert read_logs([tmp_path, path]).events.height == 1


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path / "nova-api.log", LINE)
    (tmp_path / "self").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "nowhere.log").symlink_to(tmp_path / "gone")
    result = read_logs([tmp_path])
    assert result.events.height == 1
    assert [read.skip for read in result.files if read.skip] == [SkipReason.DANGLING_LINK]


def test_standard_input_is_a_log_called_dash(tmp_path: Path) -> None:
    program = (
        "from openstack_rca.logs.events import read_logs; r = read_logs(['-']);"
        "print(r.events.select('file', 'line', 'message').row(0), r.files[0].lines)"
    )
    for data in (LINE.encode(), gzip.compress(LINE.encode())):
        done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
        assert done.stdout.decode().strip() == "('-', 1, 'up') 1"


def test_line_numbers_agree_with_sed_whatever_the_bytes(tmp_path: Path) -> None:
    data = (
        b"\xef\xbb\xbf" + LINE.encode().replace(b"\n", b"\r\n")
        + b"odd \x0c form feed \x1c \x85 \xe2\x80\xa8 separators\n"
        + b"bad \xff\xfe utf-8 and a NUL \x00 here\r\n"
        + LATER.encode().rstrip(b"\n")
    )  # fmt: skip
    events = read_logs([write(tmp_path / "nova-api.log", data)]).events
    assert events.select("message", "line", "lines").rows() == [("up", 1, 3), ("on", 4, 1)]
    shown = subprocess.run(["sed", "-n", "4p", str(tmp_path / "nova-api.log")], capture_output=True, check=True)
    assert b"[-] on" in shown.stdout


def test_a_log_truncated_under_its_writer_begins_with_nul_bytes_and_is_read(tmp_path: Path) -> None:
    assert read_logs([write(tmp_path / "nova-api.log", b"\x00" * 100_000 + LINE.encode())]).events.height == 1


def test_colour_codes_of_a_terminal_are_removed(tmp_path: Path) -> None:
    line = "2026-11-23 04:00:00.123 77 INFO nova.api [\x1b[01;36m-\x1b[00;32m] \x1b[01;35mup\x1b[00m\n"
    assert read_logs([write(tmp_path / "nova-api.log", line)]).events["message"].to_list() == ["up"]


def test_a_log_larger_than_a_block_keeps_line_numbers_and_tracebacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    parts = []
    for number in range(100):
        stamp = f"2026-11-23 04:00:00.{number:03d} 77 ERROR nova.api"
        parts += [f"{stamp} [-] bad {number}", f"{stamp} Traceback (most recent call last):", f"{stamp} ValueError: x"]
    whole = write(tmp_path / "nova-api.log", "\n".join(parts) + "\n")
    progress: list[tuple[int, int]] = []
    result = read_collection(
        collect_sources([whole]), ReadingOptions(), on_progress=lambda done, total: progress.append((done, total))
    )
    assert result.events.select("line", "lines").rows() == [(3 * number + 1, 3) for number in range(100)]
    assert progress[-1] == (whole.stat().st_size, whole.stat().st_size)
    assert result.files == [FileRead("nova-api.log", 300, 100, 0, "oslo")]


def test_a_line_longer_than_a_block_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    path = write(tmp_path / "nova-api.log", LINE.strip() + "x" * 50_000 + "\n" + LATER)
    events = read_logs([path]).events
    assert events["line"].to_list() == [1, 2]
    assert len(events["message"][0]) == 50_002
    assert len(events["template"][0]) <= 400


def test_a_log_of_one_line_is_enough(tmp_path: Path) -> None:
    assert read_logs([write(tmp_path / "nova-api.log", LINE.strip())]).files[0].lines == 1


def test_an_empty_log_beside_others_is_named_and_harmless(tmp_path: Path) -> None:
    write(tmp_path / "nova-api.log", LINE)
    write(tmp_path / "empty.log", "")
    assert read_logs([tmp_path]).files[0] == FileRead("empty.log", 0, 0, 0, "empty")


BINARY_DATA = b"\x7fELF\x02\x01" + b"\x00" * 5000


def _damaged_gzip(folder: Path) -> str:
    return str(write(folder / "a.log.gz", gzip.compress(LINE.encode())[:12]))


def _damaged(suffix: str, compress: Callable[[bytes], bytes]) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        data = bytearray(compress(os.urandom(3000).hex().encode()))
        data[len(data) // 2] ^= 0xFF
        data[len(data) // 2 + 1] ^= 0xFF
        return str(write(folder / f"a.log{suffix}", bytes(data)))

    return make


def _folder_of(files: dict[str, str | bytes]) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        for name, data in files.items():
            write(folder / name, data)
        return str(folder)

    return make


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda folder: f"{folder}/missing.log", LogPathNotFound, "missing.log"),
        (lambda folder: f"{folder}/*.log", LogPathNotFound, "No file matches"),
        (lambda folder: "~nobody-has-this-name/x", LogPathNotFound, "~nobody"),
        (lambda folder: str(folder), NoLogFiles, "holds no files"),
        (_folder_of({"a.json": "{}", "b.yaml": "a: 1"}), NoLogFiles, "none of them is a log"),
        (_folder_of({"a.log": "", "b.log": ""}), NoKnownLines, "empty"),
        (_folder_of({"a.log": BINARY_DATA, "b.log": ""}), NoLogFiles, "a.log (binary), b.log (empty)"),
        (_folder_of({"a.log": BINARY_DATA, "b.log": "some words\n"}), NoKnownLines, "(1 line read)"),
        (_folder_of({"core": BINARY_DATA}), NoLogFiles, "holds 1 file, but none of them is a log: core (binary)"),
        (_folder_of({"a.log": "some words\nof no format\n"}), NoKnownLines, "(2 lines read)"),
        (lambda folder: str(write(folder / "a.log", b"\x7fELF\x02\x01" + b"\x00" * 5000)), UnreadableLog, "binary"),
        (_damaged_gzip, UnreadableLog, "damaged"),
        (_damaged(".bz2", bz2.compress), UnreadableLog, "damaged"),
        (_damaged(".xz", lzma.compress), UnreadableLog, "damaged"),
        (_damaged(".zst", lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data)), UnreadableLog,
         "damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_clear_error_with_a_hint(
    tmp_path: Path, make: Callable[[Path], str], error: type[LogInputError], says: str
) -> None:
    given = make(tmp_path)
    with pytest.raises(error) as caught:
        read_logs([given])
    assert says in caught.value.message
    assert caught.value.hint


def test_an_issue_among_the_logs_is_told_where_it_belongs() -> None:
    """Who types what is wrong first has forgotten --issue."""
    with pytest.raises(LogPathNotFound) as caught:
        read_logs(["Instances stay in BUILD", "/var/log"])
    assert "--issue" in caught.value.hint


@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_path_is_an_error_and_not_the_working_folder(given: str) -> None:
    """A shell makes it of a variable that is not set."""
    with pytest.raises(LogPathNotFound, match="empty"):
        read_logs([given])


def test_no_path_at_all_is_an_error() -> None:
    with pytest.raises(LogPathNotFound):
        read_logs([])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_that_may_not_be_read_is_a_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path / "nova-api.log", LINE)
    path.chmod(0)
    with pytest.raises(UnreadableLog, match="Permission denied"):
        read_logs([tmp_path])


@pytest.mark.parametrize(
    "line",
    [
        "ERROR (Forbidden): no",
        "E1123 04:00:00.000000 1 main.go:12] no",
        "nova.exception.NoValidHost: No valid host was found.",
        "keystoneauth1.exceptions.connection.ConnectTimeout: Request to http://ctl1:5000/v3 timed out",
    ],
)
def test_a_file_that_is_alone_in_a_folder_is_read_whatever_it_is_called(tmp_path: Path, line: str) -> None:
    write(tmp_path / "from the ticket.txt", line)
    assert read_logs([tmp_path]).events["level"].to_list() == ["ERROR"]
