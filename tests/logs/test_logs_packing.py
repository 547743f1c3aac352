"""Packed logs: taken apart as streams whatever they are called, and never in silence."""

import gzip
import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.logs.packed_samples import HOSTS, LATER, LINE, STREAMS, left_out, tar, the, write, zipped

from openstack_rca.errors import (
    DamagedLog,
    LogInputError,
)
from openstack_rca.logs.archives import Inside, LeftOut, Walk
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.records import HostSource, SkipReason


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


def _places(walk: Walk, inside: Inside | LeftOut) -> Iterator[int]:
    assert isinstance(inside, Inside)
    while inside.text.read(4096):
        yield walk.position()


def test_how_far_a_file_was_read_is_told_in_bytes_as_it_lies_on_disk(tmp_path: Path) -> None:
    """So that progress through packed files, of which nobody knows what they unpack to, ends where the file does."""
    packed = gzip.compress(b"".join(b"2026-11-23 04:00:00.%03d 77 INFO nova.api [-] up\n" % n for n in range(1000)))
    walk = Walk(write(tmp_path / "nova-api.log.gz", packed), ("nova-api.log.gz",), Bounds(), direct=True)
    assert walk.position() == 0
    (places,) = (list(_places(walk, inside)) for inside in walk.logs())
    assert places == sorted(places)
    assert places[-1] == len(packed)


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


def test_a_collector_s_archive_of_sosreports_gives_the_logs_of_each_host(tmp_path: Path) -> None:
    collector = "sos-collector-case-2026-11-23-abcde/"
    reports = {
        f"{collector}sosreport-{host}-2026-11-23-abcdefg.tar.xz": tar(
            {f"sosreport-{host}-2026-11-23-abcdefg/var/log/nova/nova-api.log": LINE}, "w:xz"
        )
        for host in ("ctl1", "ctl2")
    }
    read = read_logs([write(tmp_path / "case.tar.xz", tar(reports, "w:xz"))])
    assert sorted(read.events["host"].to_list()) == ["ctl1", "ctl2"]


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


SEEDS = [
    *(pack(LINE + LATER) for pack in STREAMS.values()),
    *(pack(tar(HOSTS)) for pack in STREAMS.values()),
    zipped(HOSTS),
    zipped({"a.tar.gz": tar(HOSTS, "w:gz"), "b.zip": zipped(HOSTS)}),
    (LINE + LATER).decode().encode("utf-16"),
]


@settings(deadline=None, max_examples=60)
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
