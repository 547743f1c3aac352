"""What one packed file may hold, to the very file, byte and level; and what names and times its members have."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logs.reading import rows

from openstack_rca.errors import LogBoundReached
from openstack_rca.logs import bounds as bounds_module
from openstack_rca.logs.bounds import DEEPEST, Bounds, Budget
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.members import HeldMember, clean_parts, content_of, leads_out, moment, zip_moment
from openstack_rca.logs.records import SkipReason
from openstack_rca.settings import Settings

LINE = b"2026-11-23 04:00:00.123 77 INFO nova.api [-] up\n"
PARTS = st.lists(st.sampled_from(["..", ".", "", "a", "b", "c\\d"]), min_size=1, max_size=6)


def test_the_bounds_without_settings_are_those_of_the_settings() -> None:
    """Who reads logs without settings has the same protection."""
    settings = Settings()
    assert Bounds() == Bounds(settings.archive_members, settings.unpacked_bytes, settings.unpacked_ratio)


def test_as_many_files_as_the_bound_says_are_read() -> None:
    """One more is too many, and the message names file, number and setting."""
    budget = Budget(Bounds(members=2000))
    for _ in range(2000):
        budget.take_member("x.tar")
    with pytest.raises(
        LogBoundReached, match=r"x.tar holds more than 2,000 files .OPENSTACK_RCA_ARCHIVE_MEMBERS."
    ) as hit:
        budget.take_member("x.tar")
    assert hit.value.hint.endswith("raise OPENSTACK_RCA_ARCHIVE_MEMBERS.")
    assert not hit.value.distrusted


def test_as_many_bytes_as_the_bound_says_are_read() -> None:
    """Counted over all pieces; one more byte is too many."""
    budget = Budget(Bounds(size_bytes=3 * 1024**2))
    budget.take_text("a.gz", 2 * 1024**2)
    budget.take_text("a.gz", 1024**2)
    with pytest.raises(LogBoundReached, match=r"more than 3 MiB of text .OPENSTACK_RCA_UNPACKED_BYTES.") as hit:
        budget.take_text("a.gz", 1)
    assert not hit.value.distrusted


def test_a_bound_between_two_sizes_is_told_as_the_nearer_one() -> None:
    with pytest.raises(LogBoundReached, match=r"more than 3 MiB of text"):
        Budget(Bounds(size_bytes=5 * 1024**2 // 2 + 1024)).take_text("a.gz", 1024**3)


def test_only_what_is_large_and_packed_beyond_the_ratio_is_distrusted() -> None:
    """The first 64 MiB are looked at whatever they were packed to, and so is what stays within the ratio."""
    trusted = 64 * 1024**2
    assert trusted == bounds_module._TRUSTED_BYTES
    budget = Budget(Bounds(ratio=50))
    budget.check_ratio("a.gz", trusted, 1)
    budget.check_ratio("a.gz", 100_000_000, 2_000_000)
    with pytest.raises(LogBoundReached, match="more than 50 times its size") as hit:
        budget.check_ratio("a.gz", 100_000_001, 2_000_000)
    assert hit.value.distrusted


def test_a_log_in_as_many_packings_as_are_allowed_is_read(tmp_path: Path) -> None:
    """Eight in one another, as README and docs say; one more is named and not followed."""
    assert DEEPEST == 8
    data = LINE
    for _ in range(DEEPEST):
        data = gzip.compress(data)
    (tmp_path / "a.log").write_bytes(data)
    (tmp_path / "b.log").write_bytes(gzip.compress(data))
    read = read_logs([tmp_path])
    assert [file.events for file in read.files] == [1, 0]
    assert read.files[1].skip is SkipReason.OVER_BOUND
    assert f"more than {DEEPEST} packings" in read.files[1].detail


def test_a_member_of_a_zip_is_held_against_its_own_packed_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece by piece: up to the ratio all of it is given out, and from the next byte on nothing."""
    monkeypatch.setattr(bounds_module, "_TRUSTED_BYTES", 0)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.log", bytes(1000))
    with zipfile.ZipFile(made) as archive, archive.open("a.log") as whole, archive.open("a.log") as more:
        held = HeldMember(whole, 20, "x.zip/a.log", Budget(Bounds(ratio=50)))
        assert sum(len(held.read(300)) for _ in range(4)) == 1000
        held = HeldMember(more, 19, "x.zip/a.log", Budget(Bounds(ratio=50)))
        assert sum(len(held.read(475)) for _ in range(2)) == 950
        with pytest.raises(LogBoundReached, match=r"a\.log unpacks to more than 50 times its size"):
            held.read(1)


def tar_in(levels: int) -> bytes:
    data = LINE
    for level in range(levels):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            member = tarfile.TarInfo(f"{level}.log")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        data = made.getvalue()
    return data


def zip_in(levels: int) -> bytes:
    data = LINE
    for level in range(levels):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(f"{level}.log", data)
        data = made.getvalue()
    return data


@pytest.mark.parametrize("nested", [tar_in, zip_in])
def test_archives_count_as_packings_too(nested: Callable[[int], bytes], tmp_path: Path) -> None:
    """Each level is one, whatever it is."""
    (tmp_path / "a.tar").write_bytes(nested(DEEPEST))
    (tmp_path / "b.tar").write_bytes(nested(DEEPEST + 1))
    read = read_logs([tmp_path])
    assert read.events.height == 1
    assert [file.skip for file in read.files if file.file.startswith("b.tar")] == [SkipReason.OVER_BOUND]


def tar_of(members: dict[str, bytes], changed: datetime) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), int(changed.timestamp())
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def zip_of(members: dict[str, bytes], changed: datetime) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, changed.timetuple()[:6]), content)
    return made.getvalue()


MAKERS = pytest.mark.parametrize("make", [tar_of, zip_of])
THEN = datetime(2019, 3, 5, tzinfo=UTC)


@MAKERS
def test_each_host_of_an_archive_names_its_own_logs(make: Callable[..., bytes], tmp_path: Path) -> None:
    """However deep their folders lie; a log beside them is nobody's, and the first name that a folder has counts."""
    members = {
        "etc/hostname": b"outside\n",
        "case/7/sosreport-a/etc/hostname": b"compute7\n",
        "case/7/sosreport-a/var/log/nova/nova-compute.log": LINE,
        "case/8/sosreport-b/etc/hostname": b"compute8\n",
        "case/8/sosreport-b/sos_commands/host/hostname": b"other\n",
        "case/8/sosreport-b/var/log/nova/nova-compute.log": LINE,
        "var/log/nova/nova-api.log": LINE,
    }
    (tmp_path / "logs.bin").write_bytes(make(members, THEN))
    read = read_logs([tmp_path / "logs.bin"])
    assert read.events.sort("file").select("host").to_series().to_list() == ["compute7", "compute8", "outside"]


@MAKERS
def test_a_hostname_file_that_names_nobody_is_no_log_and_no_host(make: Callable[..., bytes], tmp_path: Path) -> None:
    """``localhost`` is everybody's name: that of the folder around it counts."""
    members = {
        "etc/hostname": b"outside\n",
        "chroot/etc/hostname": b"localhost\n",
        "chroot/var/log/nova/nova-api.log": LINE,
    }
    (tmp_path / "logs.bin").write_bytes(make(members, THEN))
    read = read_logs([tmp_path / "logs.bin"])
    assert read.events["host"].to_list() == ["outside"]
    assert {file.file: file.skip for file in read.files if file.skip} == {
        "logs.bin/chroot/etc/hostname": SkipReason.NOT_A_LOG
    }


def test_folders_of_a_zip_hide_no_log_behind_them(tmp_path: Path) -> None:
    """Most programs write an entry for every folder, before what is in it."""
    (tmp_path / "x.zip").write_bytes(zip_of({"ctl1/": b"", "ctl1/nova-api.log": LINE, "ctl2/": b""}, THEN))
    read = read_logs([tmp_path / "x.zip"])
    assert [file.file for file in read.files] == ["x.zip/ctl1/nova-api.log"]


@MAKERS
def test_stamps_without_a_year_get_that_of_their_member(make: Callable[..., bytes], tmp_path: Path) -> None:
    """When the archive was made or copied says nothing."""
    (tmp_path / "logs.bin").write_bytes(make({"var/log/messages": b"Mar  4 04:00:00 c1 haproxy[1]: x\n"}, THEN))
    assert read_logs([tmp_path / "logs.bin"]).events["time"].to_list() == [datetime(2019, 3, 4, 4, tzinfo=UTC)]


def test_a_tar_that_is_cut_off_says_which_file_was_the_last(tmp_path: Path) -> None:
    """By its name in the archive."""
    (tmp_path / "x.tar").write_bytes(tar_of({"a/one.log": LINE, "a/two.log": LINE}, THEN)[:1600])
    (damage,) = [file.detail for file in read_logs([tmp_path]).files if file.skip]
    assert damage.endswith("The last file in it that was found is a/two.log.")


@given(PARTS, st.booleans())
def test_the_parts_of_a_name_never_lead_anywhere(parts: list[str], absolute: bool) -> None:
    """Below the archive, at least one, and none that means another place."""
    cleaned = clean_parts(("/" if absolute else "") + "/".join(parts))
    assert cleaned
    assert not {"", ".", "..", "/"} & set(cleaned)
    assert not any("\\" in part or "/" in part for part in cleaned)


@given(target=PARTS, link=PARTS)
def test_a_link_leads_out_where_the_place_that_it_names_is_not_below_the_archive(
    target: list[str], link: list[str]
) -> None:
    """Step by step: a way that leaves the archive and comes back has left it."""
    place = [part for part in PurePosixPath("/".join(link)).parts[:-1] if part != "."]
    names = [f"folder{number}" for number in range(len(place))]
    left = False
    for part in PurePosixPath("/".join(target).lstrip("/")).parts:
        if part == "..":
            left = left or not names
            names = names[:-1]
        else:
            names.append(part)
    assert leads_out("/".join(target).lstrip("/"), "/".join(link)) is left


@pytest.mark.parametrize(
    ("link", "farthest"), [("a", ""), ("a/b", "../"), ("a/b/c", "../../"), ("a/b/c/d", "../../../")]
)
def test_a_link_may_lead_up_to_the_top_of_its_archive_and_no_further(link: str, farthest: str) -> None:
    assert not leads_out(f"{farthest}x", link)
    assert leads_out(f"../{farthest}x", link)


@pytest.mark.parametrize("target", ["/etc/passwd", "/", "//x"])
def test_an_absolute_link_leads_out(target: str) -> None:
    """Wherever it lies."""
    assert leads_out(target, "a/b/c")


def test_a_member_of_a_tar_is_read_in_pieces_of_the_size_that_is_asked_for(tmp_path: Path) -> None:
    """A member of any size needs little memory, and what lies behind it is no part of it."""
    packed = tmp_path / "a.tar"
    with tarfile.open(packed, "w") as made:
        for name in ("a.log", "b.log"):
            entry = tarfile.TarInfo(name)
            entry.size = len(LINE)
            made.addfile(entry, io.BytesIO(LINE))
    with tarfile.open(packed) as archive:
        member = content_of(archive, archive.getmembers()[0])
        assert [member.read(0), member.read(10), member.read(100), member.read(100)] == [b"", LINE[:10], LINE[10:], b""]


def test_times_of_members_are_in_utc_or_none() -> None:
    """A zip keeps no zone; what no calendar holds is no time."""
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment(1e20) is None
    assert moment(float("nan")) is None
    assert zip_moment(zipfile.ZipInfo("a", (2026, 11, 23, 4, 0, 2))) == datetime(2026, 11, 23, 4, 0, 2, tzinfo=UTC)
    odd = zipfile.ZipInfo("a")
    odd.date_time = (2026, 13, 1, 0, 0, 0)
    assert zip_moment(odd) is None


def test_of_a_message_longer_than_any_text_the_middle_is_left_out() -> None:
    """Everything that looks for words in a message, and every report that shows it, would take as long as reading all."""
    line = "2026-11-23 04:00:00.100 7 ERROR nova.compute.manager [-] "
    (event,) = rows(f"{line}Begin{'x' * 200_000}End\n")
    assert (event["message"][:6], event["message"][-4:]) == ("Beginx", "xEnd")
    assert "134472 more characters" in event["message"]
    assert len(event["message"]) < 70_000
