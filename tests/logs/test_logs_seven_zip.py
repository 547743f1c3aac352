"""7z archives: read like a zip, and told where that cannot be."""

import gzip
import io
import random
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from tests.logs.reading import STORY

from openstack_rca import extras
from openstack_rca.errors import DamagedLog, LogBoundReached, LogInputError, UnknownPacking
from openstack_rca.logs.bounds import Bounds
from openstack_rca.logs.events import read_logs

LINE, LATER = (f"{line}\n".encode() for line in (STORY[0], STORY[6]))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def seven_zip(files: dict[str, bytes], password: str | None = None, *, names_too: bool = False) -> bytes:
    """An archive of these files, with a password that may hide their names too."""
    py7zr = pytest.importorskip("py7zr", reason="the extra sevenzip is not installed")
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w", password=password, header_encryption=names_too) as archive:
        archive.set_encoded_header_mode(names_too)
        for name, data in files.items():
            archive.writestr(data, name)
    return packed.getvalue()


def test_a_7z_is_read_like_a_zip(tmp_path: Path) -> None:
    """Its folders are hosts; other packings lie in it, and it lies in them."""
    held = seven_zip({"ctl1/nova-api.log": LINE, "ctl2/nova-api.log.gz": gzip.compress(LATER)})
    for name, data in (("x.7z", held), ("x.7z.gz", gzip.compress(held))):
        read = read_logs([write(tmp_path / name, data)])
        assert read.events["host"].to_list() == ["ctl1", "ctl2"]


def test_a_7z_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Damaged, with a password, or too large: what it says is looked at before anything is unpacked."""
    held = seven_zip({"nova-api.log": LINE * 50})
    with pytest.raises(DamagedLog):
        read_logs([write(tmp_path / "a.7z", held[:40] + bytes(20) + held[60:])])
    with pytest.raises(DamagedLog):
        read_logs([write(tmp_path / "b.7z", held[: len(held) // 2])])
    for names_too in (False, True):
        hidden = seven_zip({"nova-api.log": LINE}, "secret", names_too=names_too)
        with pytest.raises(UnknownPacking, match="password"):
            read_logs([write(tmp_path / "c.7z", hidden)])
    with pytest.raises(LogBoundReached, match="OPENSTACK_RCA_UNPACKED_BYTES"):
        read_logs([write(tmp_path / "d.7z", held)], bounds=Bounds(size_bytes=100))


def test_a_7z_without_its_extra_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else needs it."""
    monkeypatch.setitem(extras.MODULES, "sevenzip", ("no_such_module",))
    with pytest.raises(UnknownPacking) as caught:
        read_logs([write(tmp_path / "x.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100))])
    assert "openstack-rca[sevenzip]" in caught.value.hint


def with_header(archive: bytes, header: bytes) -> bytes:
    """The archive with another header of the same length, whose check sums are right."""
    place = 32 + struct.unpack("<Q", archive[12:20])[0]
    start = archive[12:28] + struct.pack("<I", zlib.crc32(header))
    return archive[:8] + struct.pack("<I", zlib.crc32(start)) + start + archive[32:place] + header


def header_of(archive: bytes) -> bytes:
    return archive[32 + struct.unpack("<Q", archive[12:20])[0] :]


@pytest.mark.parametrize("name", ["/tl1/nova-api.log", "ctl2/nova-api.log"], ids=["absolute", "a name twice"])
def test_no_file_of_a_7z_is_lost_for_its_name(tmp_path: Path, name: str) -> None:
    """An absolute name is one below the archive, and two files of one name are both read."""
    held = seven_zip({"ctl1/nova-api.log": LINE, "ctl2/nova-api.log": LATER})
    header = header_of(held).replace("ctl1/nova-api.log".encode("utf-16-le"), name.encode("utf-16-le"))
    assert read_logs([write(tmp_path / "x.7z", with_header(held, header))]).events.height == 2


def test_no_damage_to_the_header_of_a_7z_does_more_than_to_be_named(tmp_path: Path) -> None:
    """Its check sums are right, so that the parser sees what is wrong."""
    held = seven_zip({"ctl1/nova-api.log": LINE, "ctl2/nova-api.log": LATER})
    draw = random.Random(7)
    for _ in range(150):
        header = bytearray(header_of(held))
        for _ in range(draw.choice([1, 2, 3])):
            header[draw.randrange(len(header))] = draw.randrange(256)
        with suppress(LogInputError):
            read_logs([write(tmp_path / "x.7z", with_header(held, bytes(header)))])
