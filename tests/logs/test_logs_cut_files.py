"""A file that was cut into parts is read as the one that it was."""

import bisect
import itertools
import lzma
import os
import re
import struct
import zipfile
from pathlib import Path

import pytest
from tests.logs.packed_samples import tar
from tests.logs.reading import STORY, STORY_COLUMNS, story

from openstack_rca.errors import LogBoundReached
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.cut_files import missing_parts
from openstack_rca.logs.events import read_collection, read_logs
from openstack_rca.logs.gathered_events import ReadingOptions
from openstack_rca.logs.records import SkipReason
from openstack_rca.logs.sources import collect_sources

TEXT = ("\n".join(STORY) + "\n").encode()


def cut(folder: Path, name: str, data: bytes, endings: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(data) // len(endings))
    for number, ending in enumerate(endings):
        (folder / f"{name}{ending}").write_bytes(data[number * size : (number + 1) * size])


def zipped(data: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nova-compute.log", data)
    return path.read_bytes()


@pytest.mark.parametrize(
    "endings",
    [[".aa", ".ab", ".ac"], [".part1", ".part2"], [".part-aa", ".part-ab"], [".000", ".001"], [".001", ".002"]],
)
def test_a_log_that_was_cut_is_one_log(tmp_path: Path, endings: list[str]) -> None:
    """Also where a cut goes through a line; the log keeps its name."""
    cut(tmp_path / "cmp1", "nova-compute.log", TEXT, endings)
    read = read_logs([tmp_path])
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert [(file.file, file.lines) for file in read.files] == [("cmp1/nova-compute.log", 7)]
    assert set(read.events["host"]) == {"cmp1"}
    named = sorted((tmp_path / "cmp1").iterdir())
    assert read_logs(named).events.select(STORY_COLUMNS).equals(story())


@pytest.mark.parametrize("outer", ["tar", "zip"])
@pytest.mark.parametrize("name", ["nova-compute.tar.xz", "nova-compute.log.xz", "nova-compute.log"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_parts_of_a_file_in_an_archive_are_one_file(
    tmp_path: Path, outer: str, name: str, order: tuple[int, ...]
) -> None:
    """In whatever order they stand there, as the system listed them when it packed them."""
    packed = {"tar.xz": lzma.compress(tar({"nova-compute.log": TEXT})), "log.xz": lzma.compress(TEXT), "log": TEXT}
    data = packed[name.partition(".")[2]]
    size = -(-len(data) // 3)
    endings = (".aa", ".ab", ".ac") if name.endswith("log") else (".001", ".002", ".003")
    parts = {f"cmp1/{name}{endings[place]}": data[place * size : (place + 1) * size] for place in order}
    given = tmp_path / f"case.{outer}"
    if outer == "tar":
        given.write_bytes(tar(parts))
    else:
        with zipfile.ZipFile(given, "w") as archive:
            for called, part in parts.items():
                archive.writestr(called, part)
    read = read_logs([given])
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert set(read.events["host"]) == {"cmp1"}
    assert [file.skip for file in read.files] == [None]


def test_the_parts_of_a_file_in_an_archive_count_once(tmp_path: Path) -> None:
    """They are held on disk and read from there; what is too much as a whole is too much in parts."""
    given = tmp_path / "case.tar"
    given.write_bytes(tar({"cmp1/nova-compute.log.aa": TEXT[:100], "cmp1/nova-compute.log.ab": TEXT[100:]}))
    assert read_logs([given], bounds=Bounds(size_bytes=len(TEXT))).events.select(STORY_COLUMNS).equals(story())
    with pytest.raises(LogBoundReached):
        read_logs([given], bounds=Bounds(size_bytes=len(TEXT) - 1))


@pytest.mark.parametrize("kind", ["xz", "tar.xz", "zip"])
def test_an_archive_that_was_cut_is_unpacked(tmp_path: Path, kind: str) -> None:
    packed = {
        "xz": lzma.compress(TEXT),
        "tar.xz": lzma.compress(tar({"nova-compute.log": TEXT})),
        "zip": zipped(TEXT, tmp_path / "whole"),
    }
    cut(tmp_path / "cmp1", f"nova-compute.{kind}", packed[kind], [".01", ".02", ".03"])
    assert read_logs([tmp_path / "cmp1"]).events.select(STORY_COLUMNS).equals(story())


@pytest.mark.parametrize("endings", [[".01", ".02"], [".1", ".2"], [".ab", ".ac"], [".aa", ".ac"]])
def test_copies_and_parts_without_their_first_are_files_of_their_own(tmp_path: Path, endings: list[str]) -> None:
    """What was put aside ends with a whole line."""
    half = "\n".join(STORY[:3]) + "\n"
    cut(tmp_path, "nova-compute.log", half.encode() * 2, endings)
    assert len(collect_sources([tmp_path]).sources) == 2


WHOLE = {
    "documents": {".001": b'{"message": "a"}', ".002": b'{"message": "b"}'},
    "tables": {".001": b"time,message\n1,a", ".002": b"time,message\n2,b"},
    "files of many sizes": {".01": b"a line\nhalf", ".02": b"longer\nthan the first", ".03": b"x\nhalf"},
    "a gap": {".001": b"a\nhalf", ".003": b"b\nhalf"},
    "numbers of other widths": {".001": b"a\nhalf", ".02": b"b\nhalf", ".3": b"c\nhalf"},
    "the same number twice": {".part1": b"a\nhalf", ".part01": b"b\nhalf", ".part3": b"c\nhalf"},
}


@pytest.mark.parametrize("kind", WHOLE)
def test_files_that_only_look_like_parts_stay_alone(tmp_path: Path, kind: str) -> None:
    for ending, data in WHOLE[kind].items():
        (tmp_path / f"export.log{ending}").write_bytes(data)
    assert [source.further for source in collect_sources([tmp_path]).sources] == [()] * len(WHOLE[kind])


def test_parts_behind_a_gap_are_files_of_their_own(tmp_path: Path) -> None:
    for ending in ("aa", "ab", "ad", "ae"):
        (tmp_path / f"a.log.{ending}").write_bytes(b"a line\nhalf")
    found = collect_sources([tmp_path]).sources
    assert [(source.name, len(source.further)) for source in found] == [("a.log", 1), ("a.log.ad", 0), ("a.log.ae", 0)]


@pytest.mark.usefixtures("within_a_minute")
def test_a_part_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    cut(tmp_path, "nova-compute.log", TEXT, [".aa", ".ab"])
    collection = collect_sources([tmp_path])
    (tmp_path / "nova-compute.log.ab").unlink()
    os.mkfifo(tmp_path / "nova-compute.log.ab")
    (file,) = read_collection(collection, ReadingOptions()).files
    assert file.events and file.skip is not None


def test_parts_beside_their_whole_are_not_read_as_it(tmp_path: Path) -> None:
    cut(tmp_path, "nova-compute.log", TEXT, [".aa", ".ab", ""])
    assert len(collect_sources([tmp_path]).sources) == 3


def test_a_part_that_vanished_is_told(tmp_path: Path) -> None:
    cut(tmp_path, "nova-compute.log.xz", lzma.compress(TEXT), [".aa", ".ac"])
    (file,) = [file for file in read_logs([tmp_path / "nova-compute.log.xz.aa"]).files if file.skip]
    assert file.skip is not None


GAPS = {
    "parts": ([".part1", ".part2", ".part3"], "nova-compute.log", "nova-compute.log.part2"),
    "letters": ([".aa", ".ab", ".ac"], "nova-compute.log", "nova-compute.log.ab"),
    "no name": (["aa", "ab", "ac"], "x", "xab"),
    "an archive's numbers": ([".001", ".002", ".003"], "nova.tar", "nova.tar.002"),
}


@pytest.mark.parametrize("kind", GAPS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_part_that_is_missing_is_named(tmp_path: Path, kind: str, packed: bool) -> None:
    """In a folder and in an archive; what is there is read."""
    endings, name, missing = GAPS[kind]
    data = tar({"nova-compute.log": TEXT * 9}) if "tar" in name else TEXT * 9
    cut(tmp_path / "cmp1", name, data, endings)
    (tmp_path / "cmp1" / missing).unlink()
    given = tmp_path
    if packed:
        given = tmp_path / "case.tar"
        given.write_bytes(tar({f"cmp1/{file.name}": file.read_bytes() for file in (tmp_path / "cmp1").iterdir()}))
    read = read_logs([given])
    told = [(file.file, file.detail) for file in read.files if file.skip is SkipReason.MISSING_PART]
    whole = f"{name} was cut into parts, and {missing} is not among them: what it held was not read."
    assert [(file.rpartition("/")[2], detail) for file, detail in told] == [(missing, whole)]
    assert "nova-compute" in read.events["service"].to_list()
    assert set(read.events["host"]) <= {"cmp1"}


@pytest.mark.parametrize("names", [["a.log.1", "a.log.3"], ["a.de", "a.fr"], ["log.aa", "log.zz"], ["x.log.part1"]])
def test_names_that_only_look_like_parts_lack_nothing(names: list[str]) -> None:
    assert missing_parts(names) == []


def test_the_end_of_a_zip_that_was_cut_is_named_where_it_is_missing() -> None:
    assert missing_parts(["a.z01", "a.z03"]) == [("a.z02", "a.zip"), ("a.zip", "a.zip")]


def split_zip(data: bytes, folder: Path, *borders: int) -> None:
    """Cut a zip as `zip -s` does: a mark before all, and places that count from the beginning of their part."""
    whole = bytearray(b"PK\x07\x08" + data)
    end = whole.rfind(b"PK\x05\x06")
    starts = (0, *borders)
    directory = struct.unpack_from("<I", whole, end + 16)[0] + 4
    struct.pack_into("<HH", whole, end + 4, len(borders), len(borders))
    struct.pack_into("<I", whole, end + 16, directory - borders[-1])
    for entry in re.finditer(rb"PK\x01\x02", whole):
        place = struct.unpack_from("<I", whole, entry.start() + 42)[0] + 4
        part = bisect.bisect(starts, place) - 1
        struct.pack_into("<H", whole, entry.start() + 34, part)
        struct.pack_into("<I", whole, entry.start() + 42, place - starts[part])
    folder.mkdir()
    for number, (begin, stop) in enumerate(itertools.pairwise((*starts, len(whole))), 1):
        (folder / (f"a.z{number:02d}" if stop < len(whole) else "a.zip")).write_bytes(whole[begin:stop])


def test_a_zip_that_was_cut_by_the_program_that_packed_it_is_read(tmp_path: Path) -> None:
    split_zip(zipped(TEXT, tmp_path / "whole"), tmp_path / "case", 300)
    assert read_logs([tmp_path / "case"]).events.select(STORY_COLUMNS).equals(story())


@pytest.mark.parametrize("order", [1, -1])
def test_such_a_zip_is_read_inside_of_an_archive_too(tmp_path: Path, order: int) -> None:
    """The parts come in any order."""
    split_zip(zipped(TEXT, tmp_path / "whole"), tmp_path / "case", 300)
    parts = {f"cmp1/{name}": (tmp_path / "case" / name).read_bytes() for name in ["a.z01", "a.zip"][::order]}
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "case.tar").write_bytes(tar(parts))
    read = read_logs([tmp_path / "all"])
    assert read.events.select(STORY_COLUMNS).equals(story())
    assert [file.file for file in read.files] == ["case.tar/cmp1/a.zip/nova-compute.log"]


@pytest.mark.parametrize("volume", [2, 9])
def test_a_file_that_begins_in_the_last_part_of_a_cut_zip_is_read_and_so_are_the_others(
    tmp_path: Path, volume: int
) -> None:
    """Where its part is not there by its number, it is the last one."""
    lines = [f"{line}\n" for line in STORY]
    with zipfile.ZipFile(tmp_path / "whole", "w") as archive:
        archive.writestr("nova-api.log", f"{STORY[0]}\n" * 20)
        archive.writestr("nova-compute.log", "".join(lines))
    data = (tmp_path / "whole").read_bytes()
    split_zip(data, tmp_path / "case", 100, data.rfind(b"PK\x03\x04") - 10)
    last = tmp_path / "case" / "a.zip"
    held = bytearray(last.read_bytes())
    struct.pack_into("<H", held, held.rfind(b"PK\x01\x02") + 34, volume)
    last.write_bytes(held)
    read = read_logs([tmp_path / "case"])
    assert [(file.file, file.events) for file in read.files] == [
        ("a.zip/nova-api.log", 20),
        ("a.zip/nova-compute.log", 4),
    ]
