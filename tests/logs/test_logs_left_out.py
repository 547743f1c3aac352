"""What of given logs is not read: it is named with its reason, never followed, opened or unpacked without a bound."""

import gzip
import io
import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.logs.packed_samples import LATER, LINE, left_out, tar, tar_with, the, write, zipped

from openstack_rca.errors import (
    LogBoundReached,
    NotARegularFile,
    UnknownPacking,
    WindowsEventLog,
)
from openstack_rca.logs import bounds as bounds_module
from openstack_rca.logs import opening
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.records import SkipReason


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


@pytest.mark.usefixtures("within_a_minute")
def test_a_pipe_a_socket_and_a_device_in_a_folder_are_named_and_not_opened(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would never end."""
    write(tmp_path / "nova-api.log", LINE)
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    assert left_out(read_logs([tmp_path])) == {
        "pipe.log": SkipReason.SPECIAL_FILE,
        "zero.log": SkipReason.SPECIAL_FILE,
    }


@pytest.mark.usefixtures("within_a_minute")
def test_a_pipe_that_something_writes_to_is_a_log(tmp_path: Path) -> None:
    """``analyze <(podman logs nova_api)`` gives such a one."""
    pipe = tmp_path / "nova-api.log"
    os.mkfifo(pipe)
    # What was written stays in the pipe as long as somebody holds it open.
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    pipe.write_bytes(gzip.compress(LINE))
    assert read_logs([pipe]).events["message"].to_list() == ["up"]
    os.close(held)


@pytest.mark.usefixtures("within_a_minute")
def test_a_pause_of_the_writer_is_not_the_end_of_a_pipe(tmp_path: Path) -> None:
    """Who reads waits for what comes, once the pipe is open."""
    os.mkfifo(tmp_path / "nova-api.log")
    held = os.open(tmp_path / "nova-api.log", os.O_RDWR)
    os.write(held, LINE)
    with opening.opened(tmp_path / "nova-api.log", direct=True) as stream:
        assert stream.read(len(LINE)) == LINE
        assert os.get_blocking(stream.fileno())
    os.close(held)


@pytest.mark.usefixtures("within_a_minute")
def test_a_pipe_that_nothing_writes_to_and_a_device_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, with what to do; the command does not wait for ever."""
    monkeypatch.setattr(opening, "_PIPE_WAIT_SECONDS", 0.01)
    os.mkfifo(tmp_path / "pipe.log")
    # Somebody who holds it open and writes nothing.
    held = os.open(tmp_path / "pipe.log", os.O_RDWR)
    with pytest.raises(NotARegularFile, match="Nothing wrote to the pipe"):
        read_logs([tmp_path / "pipe.log"])
    os.close(held)
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
