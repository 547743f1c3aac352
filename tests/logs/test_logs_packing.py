"""Packed logs: taken apart as streams whatever they are called, within bounds, and never in silence."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.errors import (
    DamagedLog,
    LogBoundReached,
    LogInputError,
    NotARegularFile,
    UnknownPacking,
    WindowsEventLog,
)
from openstack_rca.logs import bounds as bounds_module
from openstack_rca.logs import opening
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.log_read import FileRead, LogRead
from openstack_rca.logs.records import HostSource, SkipReason

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


@pytest.mark.parametrize("packing", STREAMS)
def test_a_packing_is_told_by_its_content(tmp_path: Path, packing: str) -> None:
    """A compressed log and a compressed archive read alike, also where neither is called so."""
    pack = STREAMS[packing]
    assert read_logs([write(tmp_path / "nova-api.log", pack(LINE))]).events["message"].to_list() == ["up"]
    read = read_logs([write(tmp_path / "case-0815", pack(tar(HOSTS)))])
    assert read.events.select("host", "service").rows() == [("compute1", "nova-compute"), ("ctl1", "nova-api")]
    assert [file.file for file in read.files] == [
        "case-0815/compute1/nova-compute.log",
        "case-0815/ctl1/nova/nova-api.log",
    ]


def test_a_zip_reads_like_a_tar(tmp_path: Path) -> None:
    """Host and service come from the path inside."""
    read = read_logs([write(tmp_path / "logs.zip", zipped(HOSTS))])
    assert read.events.select("host", "service").rows() == [("compute1", "nova-compute"), ("ctl1", "nova-api")]


def test_archives_in_archives_and_in_folders_are_read(tmp_path: Path) -> None:
    """A zip in a tar, a tar in a zip, compressed logs in both, all below a folder."""
    inner = tar({"nova-api.log.1.gz": gzip.compress(LINE)}, "w:xz")
    write(tmp_path / "ctl1" / "a.zip", zipped({"inner.tar.xz": inner}))
    write(tmp_path / "ctl2" / "b.tar", tar({"deep/c.zip": zipped({"nova-api.log": LATER})}))
    read = read_logs([tmp_path])
    assert read.events.select("file", "host", "message").rows() == [
        ("ctl1/a.zip/inner.tar.xz/nova-api.log.1.gz", "ctl1", "up"),
        ("ctl2/b.tar/deep/c.zip/nova-api.log", "deep", "on"),
    ]


def test_packings_end_somewhere(tmp_path: Path) -> None:
    """A file that is packed twenty times is named, not followed."""
    data = LINE
    for _ in range(20):
        data = gzip.compress(data)
    read = read_logs([write(tmp_path / "a.log", LINE), write(tmp_path / "b.log", data)])
    assert left_out(read) == {"b.log": SkipReason.OVER_BOUND}


def test_an_archive_from_standard_input_is_read() -> None:
    """Nothing needs a way back: a tar comes through a pipe."""
    code = "from openstack_rca.logs.events import read_logs; print(read_logs(['-']).events['host'].to_list())"
    for data in (tar(HOSTS, "w:gz"), zipped(HOSTS)):
        done = subprocess.run([os.sys.executable, "-c", code], input=data, capture_output=True, check=True)  # type: ignore[attr-defined]
        assert done.stdout.decode().strip() == "['compute1', 'ctl1']"


def test_of_a_sosreport_only_the_logs_are_read_and_its_hostname_file_names_the_host(tmp_path: Path) -> None:
    """Packed and unpacked alike; what else it holds can be full of dates."""
    members = {
        "sosreport-case-0815/etc/hostname": b"compute7\n",
        "sosreport-case-0815/etc/motd": LINE,
        "sosreport-case-0815/sos_commands/process/ps": LINE,
        "sosreport-case-0815/var/log/nova/nova-compute.log": LATER,
    }
    packed = write(tmp_path / "packed" / "sosreport-case-0815.tar.xz", tar(members, "w:xz"))
    for name, data in members.items():
        write(tmp_path / "unpacked" / name, data)
    for place in (packed, tmp_path / "unpacked"):
        read = read_logs([place])
        assert read.events.select("host", "service", "message").rows() == [("compute7", "nova-compute", "on")]


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst", "lz4"])
def test_a_compressed_log_that_is_cut_off_gives_what_came_before(tmp_path: Path, packing: str) -> None:
    """It is named as damaged, and every whole line before the cut is an event."""
    lines = b"".join(LINE.replace(b"up", os.urandom(40).hex().encode()) for _ in range(30_000))
    data = STREAMS[packing](lines)
    read = read_logs([write(tmp_path / "nova-api.log", data[: len(data) * 3 // 4])])
    assert read.events.height > 10_000
    assert read.files[0].skip is SkipReason.DAMAGED
    assert "nova-api.log is damaged or cut off" in read.files[0].detail


def test_a_damaged_log_beside_others_is_named_and_the_rest_answers(tmp_path: Path) -> None:
    """Alone it would be an error."""
    bad = write(tmp_path / "nova-compute.log.gz", gzip.compress(LINE)[:10])
    with pytest.raises(DamagedLog, match=r"nova-compute\.log\.gz"):
        read_logs([bad])
    write(tmp_path / "nova-api.log", LINE)
    read = read_logs([tmp_path])
    assert (read.events.height, left_out(read)) == (1, {"nova-compute.log.gz": SkipReason.DAMAGED})


@pytest.mark.parametrize("cut", [700, 1024 + 20, 1536, 1536 + 200])
def test_a_tar_that_is_cut_off_anywhere_is_told(tmp_path: Path, cut: int) -> None:
    """In a log, in a header, or between two: what came before is read, and the archive is named as damaged."""
    data = tar({"a.log": LINE + LATER, "b.log": LINE * 5, "c.log": LINE})
    read = read_logs([write(tmp_path / "x.tar", data[:cut])])
    assert the(read, "x.tar/a.log").events == 2
    assert the(read, "x.tar").skip is SkipReason.DAMAGED


def test_tars_behind_one_another_are_read_to_the_end(tmp_path: Path) -> None:
    """``cat a.tar b.tar`` is an archive of both."""
    read = read_logs([write(tmp_path / "x.tar", tar({"a.log": LINE}) + tar({"b.log": LATER}))])
    assert [file.file for file in read.files] == ["x.tar/a.log", "x.tar/b.log"]


@pytest.mark.parametrize("name", ["../out.log", "a/../../out.log"])
def test_a_member_that_leads_out_of_its_archive_is_named_and_left_out(tmp_path: Path, name: str) -> None:
    """Nothing is written anywhere, so nothing can be overwritten; and such a name is never read as a log's."""
    for suffix, data in (
        ("tar", tar({name: LINE, "good.log": LATER})),
        ("zip", zipped({name: LINE, "good.log": LATER})),
    ):
        read = read_logs([write(tmp_path / "own" / f"x.{suffix}", data)])
        assert read.events["message"].to_list() == ["on"]
        assert SkipReason.UNSAFE_MEMBER in left_out(read).values()
    assert {path.name for path in tmp_path.rglob("*")} == {"own", "x.tar", "x.zip"}


def test_an_absolute_name_is_one_below_its_archive(tmp_path: Path) -> None:
    """``tar -P`` keeps the slash; the log is read and the file of that name is not touched."""
    read = read_logs([write(tmp_path / "x.tar", tar({"/var/log/nova/nova-api.log": LINE}))])
    assert read.events["file"].to_list() == ["x.tar/var/log/nova/nova-api.log"]


def test_links_that_lead_out_and_devices_are_named_and_never_followed(tmp_path: Path) -> None:
    """A link to another member says nothing new: the member is read by itself."""
    secret = write(tmp_path / "secret.log", LATER)
    odd = []
    for name, kind, target in (
        ("passwd.log", tarfile.SYMTYPE, str(secret)),
        ("up.log", tarfile.SYMTYPE, "../secret.log"),
        ("hard.log", tarfile.LNKTYPE, "/etc/passwd"),
        ("inside.log", tarfile.SYMTYPE, "good.log"),
        ("sda", tarfile.BLKTYPE, ""),
        ("pipe.log", tarfile.FIFOTYPE, ""),
    ):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        odd.append(member)
    read = read_logs([write(tmp_path / "x.tar", tar_with(*odd))])
    assert read.events["message"].to_list() == ["up"]
    assert left_out(read) == {
        "x.tar/passwd.log": SkipReason.UNSAFE_MEMBER,
        "x.tar/up.log": SkipReason.UNSAFE_MEMBER,
        "x.tar/hard.log": SkipReason.UNSAFE_MEMBER,
        "x.tar/sda": SkipReason.SPECIAL_FILE,
        "x.tar/pipe.log": SkipReason.SPECIAL_FILE,
    }


def test_links_and_devices_in_a_zip_are_named_and_never_followed(tmp_path: Path) -> None:
    """A zip marks them by their mode; the content of a link is the target's name, not a log."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, kind in (("evil.log", stat.S_IFLNK), ("pipe.log", stat.S_IFIFO), ("socket.log", stat.S_IFSOCK)):
            odd = zipfile.ZipInfo(name)
            odd.external_attr = (kind | 0o777) << 16
            archive.writestr(odd, str(tmp_path / "secret.log"))
        archive.writestr("good.log", LINE)
    write(tmp_path / "secret.log", LATER)
    read = read_logs([write(tmp_path / "x.zip", made.getvalue())])
    assert read.events["message"].to_list() == ["up"]
    assert left_out(read) == {
        "x.zip/evil.log": SkipReason.UNSAFE_MEMBER,
        "x.zip/pipe.log": SkipReason.SPECIAL_FILE,
        "x.zip/socket.log": SkipReason.SPECIAL_FILE,
    }


def test_a_member_without_a_name_is_harmless(tmp_path: Path) -> None:
    """zipfile itself stumbles over it."""
    data = zipped({"a.log": LINE, "b.log": LATER})
    start = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
    nameless = data[: start + 28] + b"\0\0" + data[start + 30 : start + 46] + data[start + 51 :]
    end = nameless.rfind(b"PK\x05\x06")
    size = int.from_bytes(nameless[end + 12 : end + 16], "little") - 5
    whole = nameless[: end + 12] + size.to_bytes(4, "little") + nameless[end + 16 :]
    assert "on" in read_logs([write(tmp_path / "x.zip", whole)]).events["message"].to_list()


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    """The others are read."""
    data = bytearray(zipped({"a.log": LINE, "b.log": LATER}))
    for signature in (b"PK\x03\x04", b"PK\x01\x02"):
        place = data.find(signature)
        data[place + (6 if signature == b"PK\x03\x04" else 8)] |= 1
    read = read_logs([write(tmp_path / "x.zip", bytes(data))])
    assert (read.events["message"].to_list(), left_out(read)) == (["on"], {"x.zip/a.log": SkipReason.ENCRYPTED})


def test_a_name_beyond_ascii_makes_no_member_encrypted(tmp_path: Path) -> None:
    """A zip marks such names beside where it marks what is encrypted."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("prüfung/nova-compute.log", "2026-11-23 04:00:00.100 7 INFO nova.compute [-] up\n")
    read = read_logs([tmp_path])
    assert (read.events["message"].to_list(), left_out(read)) == (["up"], {})


@pytest.mark.parametrize("begin", [b"ElfFile\x00", b"\x30\x00\x00\x00LfLe"], ids=["evtx", "evt"])
def test_a_binary_event_log_of_windows_is_named_with_how_to_export_it(tmp_path: Path, begin: bytes) -> None:
    path = write(tmp_path / "System.evtx", begin + bytes(4088))
    with pytest.raises(WindowsEventLog, match="event log of Windows") as caught:
        read_logs([path])
    assert "Export-Csv" in caught.value.hint
    write(tmp_path / "nova-api.log", LINE)
    assert left_out(read_logs([tmp_path])) == {"System.evtx": SkipReason.WINDOWS_EVENTS}


@pytest.mark.parametrize(
    ("name", "data"), [("lzop", b"\x89LZO\x00\r\n" + bytes(100)), ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(100))]
)
def test_a_packing_that_is_not_read_is_named_with_what_to_do(tmp_path: Path, name: str, data: bytes) -> None:
    """Alone it is an error, beside others a name in the list."""
    path = write(tmp_path / f"logs.{name}", data)
    with pytest.raises(UnknownPacking, match=f"packed with {name}") as caught:
        read_logs([path])
    assert "Unpack it" in caught.value.hint
    write(tmp_path / "nova-api.log", LINE)
    assert left_out(read_logs([tmp_path])) == {f"logs.{name}": SkipReason.UNKNOWN_PACKING}


def test_a_file_that_unpacks_to_far_too_much_is_left_out_with_the_bound_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops early, whatever follows: a bomb inside an archive too, and the log beside it is read."""
    monkeypatch.setattr(bounds_module, "_TRUSTED_BYTES", 1_000_000)
    bomb = gzip.compress(LINE * 400_000, 9)
    with pytest.raises(LogBoundReached, match=r"more than 50 times its size .OPENSTACK_RCA_UNPACKED_RATIO"):
        read_logs([write(tmp_path / "a.log.gz", bomb)], bounds=Bounds(ratio=50))
    read = read_logs(
        [write(tmp_path / "x.zip", zipped({"a.log": LINE, "bomb.log": LINE * 400_000}))], bounds=Bounds(ratio=50)
    )
    assert (read.events.height, left_out(read)) == (1, {"x.zip/bomb.log": SkipReason.OVER_BOUND})


def test_a_file_that_unpacks_to_more_than_the_bound_is_read_up_to_it(tmp_path: Path) -> None:
    """What was read answers, and the setting to raise is named. Plain logs have no such bound."""
    path = write(tmp_path / "nova-api.log.gz", gzip.compress(LINE * 2000))
    write(tmp_path / "plain.log", LINE * 3000)
    read = read_logs([tmp_path], bounds=Bounds(size_bytes=len(LINE) * 1000))
    assert the(read, path.name).skip is SkipReason.OVER_BOUND
    assert "OPENSTACK_RCA_UNPACKED_BYTES" in the(read, path.name).detail
    assert the(read, "plain.log").events == 3000


def test_an_archive_of_too_many_files_is_read_up_to_the_bound(tmp_path: Path) -> None:
    """Counted over archives in archives, so that many small ones are no way around it."""
    inner = tar({f"{number}.log": LINE for number in range(5)})
    for suffix, data in (
        ("tar", tar({"a.tar": inner, "b.tar": inner})),
        ("zip", zipped({"a.tar": inner, "b.tar": inner})),
    ):
        path = write(tmp_path / suffix / f"x.{suffix}", data)
        read = read_logs([path], bounds=Bounds(members=8))
        assert 5 <= read.events.height < 10
        assert SkipReason.OVER_BOUND in left_out(read).values()
        assert any("OPENSTACK_RCA_ARCHIVE_MEMBERS" in file.detail for file in read.files)


def test_a_pipe_a_socket_and_a_device_in_a_folder_are_named_and_not_opened(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would never end."""
    write(tmp_path / "nova-api.log", LINE)
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    assert left_out(read_logs([tmp_path])) == {
        "pipe.log": SkipReason.SPECIAL_FILE,
        "zero.log": SkipReason.SPECIAL_FILE,
    }


def test_a_pipe_that_something_writes_to_is_a_log(tmp_path: Path) -> None:
    """``analyze <(podman logs nova_api)`` gives such a one."""
    pipe = tmp_path / "nova-api.log"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f"gzip -c > {pipe}"], stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(LINE)
        writer.stdin.close()
        assert read_logs([pipe]).events["message"].to_list() == ["up"]


def test_a_pipe_that_nothing_writes_to_and_a_device_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, with what to do; the command does not wait for ever."""
    monkeypatch.setattr(opening, "_PIPE_WAIT_SECONDS", 0.01)
    os.mkfifo(tmp_path / "pipe.log")
    with pytest.raises(NotARegularFile, match="Nothing wrote to the pipe"):
        read_logs([tmp_path / "pipe.log"])
    with pytest.raises(NotARegularFile, match="/dev/zero is a device"):
        read_logs(["/dev/zero"])


def test_files_of_an_archive_that_are_no_logs_are_named(tmp_path: Path) -> None:
    """By content where the name does not say; of thousands only the first are named and the rest counted."""
    members = {f"etc/{number}.txt": b"some words\n" for number in range(300)} | {"etc/nova-api": LINE, "a.png": LINE}
    read = read_logs([write(tmp_path / "x.tar", tar(members))])
    assert read.events["file"].to_list() == ["x.tar/etc/nova-api"]
    assert set(left_out(read).values()) == {SkipReason.NOT_A_LOG}
    assert "101 more files" in left_out(read)


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (LINE.decode().encode("utf-16"), ["up"]),
        (LINE.decode().encode("utf-16-le"), ["up"]),
        (LINE.decode().encode("utf-16-be"), ["up"]),
        (b"\xff\xfe\x00\x00" + LINE.decode().encode("utf-32-le"), ["up"]),
        (b"\xef\xbb\xbf" + LINE, ["up"]),
        ((LINE + LATER).replace(b"\n", b"\r"), ["up", "on"]),
        (LINE.replace(b"up", b"M\xfcller") + LATER, ["Müller", "on"]),
        (bytes(300_000) + LINE, ["up"]),
    ],
    ids=["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8 mark", "returns only", "latin-1", "hole at the start"],
)
def test_a_text_is_read_in_whatever_encoding(tmp_path: Path, data: bytes, messages: list[str]) -> None:
    """Plain, compressed and in an archive alike."""
    for path in (
        write(tmp_path / "nova-api.log", data),
        write(tmp_path / "nova-api.log.gz", gzip.compress(data)),
        write(tmp_path / "x.zip", zipped({"nova-api.log": data})),
    ):
        events = read_logs([path]).events
        assert events["level"].to_list() == ["INFO"] * len(messages)
        assert events["message"].to_list() == messages


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="journalctl is not installed")
def test_what_only_looks_like_a_journal_is_named(tmp_path: Path) -> None:
    """journalctl refuses it, and the logs beside it are read."""
    write(tmp_path / "nova-api.log", LINE)
    write(tmp_path / "system.journal", b"LPKSHHRH" + bytes(5000))
    assert left_out(read_logs([tmp_path])) == {"system.journal": SkipReason.DAMAGED}


def test_a_journal_without_journalctl_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone it is an error that gives the command."""
    monkeypatch.setenv("PATH", str(tmp_path))
    journal = write(tmp_path / "system.journal", b"LPKSHHRH" + bytes(5000))
    with pytest.raises(UnknownPacking, match="journalctl is not installed") as caught:
        read_logs([journal])
    assert "journalctl --file" in caught.value.hint
    write(tmp_path / "nova-api.log", LINE)
    assert left_out(read_logs([tmp_path])) == {"system.journal": SkipReason.NEEDS_JOURNALCTL}


@pytest.mark.parametrize(("status", "skip"), [(0, None), (1, SkipReason.DAMAGED)])
def test_a_journal_is_what_journalctl_prints_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, skip: SkipReason | None
) -> None:
    """Read from a file that is called like a journal, also out of an archive; where it stumbles, what came before stays."""
    program = tmp_path / "bin" / "journalctl"
    entry = '{"__REALTIME_TIMESTAMP":"1795406400000000","MESSAGE":"up","_HOSTNAME":"c1","SYSLOG_IDENTIFIER":"nova-api"}'
    script = f"#!/bin/sh\n/bin/grep -q LPKSHHRH \"${{1#--file=}}\" && echo '{entry}'\nexit {status}\n"
    write(program, script.encode()).chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    content = b"LPKSHHRH" + bytes(5000)
    for path in (
        write(tmp_path / "plain" / "system.journal", content),
        write(tmp_path / "packed" / "logs.tar", tar({"var/log/journal/ab/system.journal": content})),
    ):
        read = read_logs([path])
        assert read.events.select("host", "service", "message").rows() == [("c1", "nova-api", "up")]
        assert set(left_out(read).values()) == ({skip} if skip else set())


SEEDS = [
    *(pack(LINE + LATER) for pack in STREAMS.values()),
    *(pack(tar(HOSTS)) for pack in STREAMS.values()),
    zipped(HOSTS),
    zipped({"a.tar.gz": tar(HOSTS, "w:gz"), "b.zip": zipped(HOSTS)}),
    (LINE + LATER).decode().encode("utf-16"),
]


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_no_damage_to_a_packing_does_more_than_to_be_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes changed, cut out, doubled or put in anywhere: events, or an error of ours; never a crash or a hang."""
    wild = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(wild)))
        match data.draw(st.sampled_from(["set", "cut", "double", "insert"])):
            case "set":
                wild[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del wild[place : place + data.draw(st.integers(1, 600))]
            case "double":
                wild[place:place] = wild[place : place + data.draw(st.integers(1, 600))]
            case "insert":
                wild[place:place] = data.draw(st.binary(max_size=40))
    path = write(tmp_path_factory.mktemp("wild") / "a.log", bytes(wild))
    with suppress(LogInputError):
        read = read_logs([path], bounds=Bounds(members=100, size_bytes=1_000_000))
        assert read.events.height == sum(file.events for file in read.files)


def test_an_archive_among_others_in_an_archive_is_called_like_its_host(tmp_path: Path) -> None:
    """As support tools pack them; a word for a collection of logs names no host."""
    inner = {
        f"{host}.tar.gz": tar({"var/log/nova/nova-compute.log": LINE}, "w:gz") for host in ("cmp7", "sto3", "logs")
    }
    (tmp_path / "collected.tar").write_bytes(tar(inner))
    assert sorted(str(host) for host in read_logs([tmp_path]).events["host"]) == ["None", "cmp7", "sto3"]


@pytest.mark.parametrize("name", ["bundle/etc/hostname", "hostname"])
def test_a_file_that_names_the_host_counts_behind_its_logs_too(tmp_path: Path, name: str) -> None:
    folder = name.rpartition("/")[0].removesuffix("etc")
    path = tmp_path / "case.tar"
    path.write_bytes(tar({f"{folder}var/log/nova/nova-compute.log": LINE, name: b"cmp-z\n"}))
    read = read_logs([path])
    assert set(read.events["host"]) == {"cmp-z"}
    assert [file.host_from for file in read.files] == [HostSource.HOSTNAME_FILE]
    assert set(read_logs([path], ReadingOptions(host="other")).events["host"]) == {"other"}


def test_a_folder_that_is_called_as_its_archive_is_no_host(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mycloud.zip", "w") as archive:
        archive.writestr("mycloud/nova-compute.log", LINE)
        archive.writestr("mycloud/cmp-a/nova-compute.log", LINE)
    assert set(read_logs([tmp_path]).events["host"]) == {None, "cmp-a"}


def test_a_log_that_a_tar_holds_with_a_hole_is_read_as_it_was(tmp_path: Path) -> None:
    """GNU tar leaves out long runs of zero bytes; a program that was killed leaves some in its log."""
    begin = LINE * 3000
    held = begin + bytes(1 << 16) + LATER
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        pieces = (
            f"2\n0\n{len(begin)}\n{len(held) - len(LATER)}\n{len(LATER)}\n".encode().ljust(512, b"\0") + begin + LATER
        )
        entry = tarfile.TarInfo("GNUSparseFile.1/nova-api.log")
        entry.size = len(pieces)
        entry.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "nova-api.log",
            "GNU.sparse.realsize": str(len(held)),
        }
        archive.addfile(entry, io.BytesIO(pieces))
    whole = read_logs([write(tmp_path / "plain" / "nova-api.log", held)]).events
    read = read_logs([write(tmp_path / "x.tar", made.getvalue())]).events
    assert read["message"].to_list() == whole["message"].to_list()
    assert read.height == 3001
