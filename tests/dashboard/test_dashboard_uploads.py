"""Uploads and paths: only logs, only within bounds, only below the roots, only in the visitor's own folder."""

import gzip
import io
import os
import stat
import tarfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.errors import ConfigurationError, LogPathNotFound, NoLogFiles, UnreadableLog
from openstack_rca.logs.events import read_logs
from openstack_rca.logs.records import SkipReason
from openstack_rca.service.log_choice import allowed_paths, entries_of_roots
from openstack_rca.service.uploads import Kept, keep_upload, remove_abandoned, session_folder
from openstack_rca.settings import load_settings

LINE = b"2026-11-23 04:17:22.000 1 ERROR nova.api [-] no\n"
LIMIT = 1_000_000


def tar_of(members: dict[str, bytes], mode: str = "w:gz") -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    made.seek(0)
    return made


def zip_of(members: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    made.seek(0)
    return made


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def kept(tmp_path: Path, *files: tuple[str, io.BytesIO], limit: int = LIMIT) -> Kept:
    return keep_upload(files, tmp_path, load_settings(upload_size_bytes=limit))


def test_what_is_uploaded_is_kept_as_it_came_and_looked_into(tmp_path: Path) -> None:
    """The reader of logs takes packings off; how many logs are in it, and what is left out, is said at once."""
    archive = tar_of({"compute1/nova-compute.log": LINE, "notes.txt": b"words", "../out.log": LINE})
    taken = kept(tmp_path, ("logs.tgz", archive), ("keystone.log.gz", io.BytesIO(gzip.compress(LINE))))
    assert below(tmp_path) == {"logs.tgz", "keystone.log.gz"}
    assert (taken.logs, taken.size_bytes) == (2, 2 * len(LINE))
    assert taken.left_out == {SkipReason.NOT_A_LOG: 1, SkipReason.UNSAFE_MEMBER: 1}
    read = read_logs([taken.folder])
    assert set(read.events["host"].to_list()) == {"compute1", None}


def test_two_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    """A browser gives names without folders, so those of two hosts are alike."""
    taken = kept(tmp_path, ("nova-api.log", io.BytesIO(LINE)), ("nova-api.log", io.BytesIO(LINE)))
    assert (taken.logs, below(tmp_path)) == (2, {"nova-api.log", "2/nova-api.log"})


@pytest.mark.parametrize("name", ["bomb.tar.gz", "bomb.zip", "plain.log"])
def test_more_than_the_limit_is_refused_and_nothing_stays(tmp_path: Path, name: str) -> None:
    """What counts is the size unpacked, so a small archive of a large file is refused too."""
    content = b"a line\n" * (LIMIT // 7 + 1)
    made = zip_of({"a.log": content}) if name.endswith("zip") else tar_of({"a.log": content})
    if name.endswith(".log"):
        made = io.BytesIO(content)
    with pytest.raises(ConfigurationError, match="more than 1 MB when it is unpacked"):
        kept(tmp_path, (name, made))
    assert below(tmp_path) == set()


def test_the_refusal_of_a_large_upload_names_the_limit_in_megabytes(tmp_path: Path) -> None:
    """Megabytes of 1024 kilobytes, as the setting's default is written."""
    limit = 3 * 1024**2
    with pytest.raises(ConfigurationError, match="holds more than 3 MB when it is unpacked"):
        kept(tmp_path, ("a.log", io.BytesIO(bytes(limit + 1))), limit=limit)


def test_the_upload_before_goes_and_what_lies_elsewhere_stays(tmp_path: Path) -> None:
    """Files, and folders with what is in them; a link is removed and not followed."""
    folder, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    (folder / "2").mkdir(parents=True)
    elsewhere.mkdir()
    for place in (folder, folder / "2", elsewhere):
        (place / "old.log").write_bytes(LINE)
    (folder / "link").symlink_to(elsewhere)
    kept(folder, ("new.log", io.BytesIO(LINE)))
    assert (below(folder), below(elsewhere)) == ({"new.log"}, {"old.log"})


def test_as_much_as_the_limit_is_kept(tmp_path: Path) -> None:
    """The very last byte that is allowed counts as one that is."""
    assert kept(tmp_path, ("a.log", io.BytesIO(LINE)), limit=len(LINE)).size_bytes == len(LINE)
    with pytest.raises(ConfigurationError):
        kept(tmp_path, ("a.log", io.BytesIO(LINE)), limit=len(LINE) - 1)


def test_a_log_that_is_cut_off_is_counted_beside_the_whole_ones(tmp_path: Path) -> None:
    """What can be read of an upload is taken, and how many of its files are damaged is said."""
    packed = gzip.compress(LINE * 200)
    taken = kept(tmp_path, ("a.log", io.BytesIO(LINE)), ("b.log.gz", io.BytesIO(packed[: len(packed) // 2])))
    assert (taken.logs, sum(taken.left_out.values())) == (2, 1)


def test_a_name_is_cut_to_what_file_systems_hold(tmp_path: Path) -> None:
    """They count bytes, and some put a few of their own behind."""
    kept(tmp_path, ("n" * 199 + ".log", io.BytesIO(LINE)), ("\u6f22" * 100, io.BytesIO(LINE)))
    assert sorted(len(name.encode()) for name in below(tmp_path)) == [198, 200]


def test_many_packed_files_count_together(tmp_path: Path) -> None:
    """Each within the bound, and all of them not."""
    files = [(f"{number}.log.gz", io.BytesIO(gzip.compress(b"a line\n" * (LIMIT // 14)))) for number in range(3)]
    with pytest.raises(ConfigurationError, match="when it is unpacked"):
        kept(tmp_path, *files)


@pytest.mark.parametrize("name", ["logs.tar.gz", "logs.zip", "nova-api.log.gz"])
def test_what_is_damaged_is_named_without_the_servers_folder(tmp_path: Path, name: str) -> None:
    """Nothing of it can be read, so it is refused; where the server keeps uploads is nobody's business."""
    whole = zip_of({"a.log": LINE}) if name.endswith("zip") else tar_of({"a.log": LINE})
    if name.endswith("log.gz"):
        whole = io.BytesIO(b"\x1f\x8b\x08" + bytes(100))
    with pytest.raises(UnreadableLog, match=f"^{name} is damaged or cut off") as refused:
        kept(tmp_path, (name, io.BytesIO(whole.getvalue()[:30])))
    assert str(tmp_path) not in refused.value.message
    assert below(tmp_path) == set()


def test_an_upload_without_a_log_is_refused(tmp_path: Path) -> None:
    """There is nothing to read; a single file is read whatever it is called."""
    notes = [(name, io.BytesIO(b"words\n")) for name in ("notes.txt", "more.txt")]
    for upload in ([("logs.tar", tar_of({}, "w"))], notes):
        with pytest.raises(UnreadableLog):
            kept(tmp_path, *upload)
        assert below(tmp_path) == set()


ENCRYPTED = bytearray(zip_of({"a.log": LINE}).getvalue())
# The bit of the flags in both headers of the member.
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.find(b"PK\x01\x02") + 8] |= 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.zip", bytes(ENCRYPTED), "a.zip/a.log is left out: encrypted."),
        ("a.log", b"\x7fELF" + bytes(range(32)) * 40, "a.log is left out: binary."),
        ("shot.png", b"\x89PNG\r\n\x1a\n", "The upload holds 1 file, but none of them is a log: shot.png (not a log)."),
        ("a.log", b"", "The upload holds no file that could be a log."),
    ],
)
def test_why_nothing_of_an_upload_can_be_read_is_said_without_the_servers_folder(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    """And nothing of it stays."""
    with pytest.raises(UnreadableLog) as refused:
        kept(tmp_path, (name, io.BytesIO(content)))
    assert refused.value.message == told
    assert below(tmp_path) == set()


@settings(deadline=None, max_examples=30)
@given(
    names=st.lists(st.sampled_from(["2", "3", "a.log", "../a.log", "2\\a.log", "2/", "..", "\u6f22" * 150]), max_size=6)
)
def test_every_file_is_kept_whatever_the_others_are_called(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    """Names that are alike, that are those of the folders for such ones, and that are too long for a file system."""
    folder = tmp_path_factory.mktemp("own")
    taken = kept(folder, ("nova-api.log", io.BytesIO(LINE)), *((name, io.BytesIO(LINE)) for name in names))
    assert len(below(folder)) == taken.logs == len(names) + 1


@settings(deadline=None, max_examples=40)
@given(name=st.text(max_size=60))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Whatever a file calls itself, it lands below the visitor's folder, under a name of plain characters."""
    top = tmp_path_factory.mktemp("wild")
    own = top / "own"
    own.mkdir()
    with suppress(UnreadableLog, NoLogFiles):
        kept(own, (name, io.BytesIO(LINE)))
    assert {path.name for path in top.iterdir()} == {"own"}


def test_a_sessions_folder_is_private_and_goes_with_it(empty_home: Path) -> None:
    """Readable by this user only; removed when the session ends."""
    folder = session_folder(load_settings())
    path = Path(folder.name)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path, path.parent)} == {0o700}
    assert path.name.startswith(f"{os.getpid()}-")
    folder.cleanup()
    assert not path.exists()


def test_two_visitors_of_one_server_have_folders_of_their_own(empty_home: Path) -> None:
    """The folder around them is there for the second one already."""
    with session_folder(load_settings()) as first, session_folder(load_settings()) as second:
        assert Path(first).parent == Path(second).parent
        assert first != second


def test_where_nothing_can_be_kept_is_said_with_a_way_on(empty_home: Path, tmp_path: Path) -> None:
    """A file in the place of the folder, or a disk that is full in the middle of an upload: nothing stays."""
    settings = load_settings()
    settings.uploads_folder.parent.mkdir(parents=True)
    settings.uploads_folder.write_text("a file")
    with pytest.raises(
        ConfigurationError, match=f"cannot be kept in {settings.uploads_folder}: File exists"
    ) as refused:
        session_folder(settings)
    assert "OPENSTACK_RCA_HOME" in refused.value.hint

    class Full(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(28, "No space left on device")

    folder = tmp_path / "own"
    folder.mkdir()
    with pytest.raises(ConfigurationError, match="No space left on device"):
        kept(folder, ("first.log", io.BytesIO(LINE)), ("second.log", Full()))
    assert list(folder.iterdir()) == []


def test_folders_of_dead_processes_are_removed(empty_home: Path) -> None:
    """A crash leaves a folder behind; the next session's start removes it, one that is a day old too; never its own."""
    settings = load_settings()
    remove_abandoned(settings)
    living = session_folder(settings)
    own = Path(living.name)
    hours = {"999999999-crashed": 0.0, "1-old": 24.5, "1-new": 23.5, "notes": 99.0}
    for name, age in hours.items():
        (settings.uploads_folder / name).mkdir()
        os.utime(settings.uploads_folder / name, (0, time.time() - 3600 * age))
    os.utime(own, (0, 0))
    # Such as one that somebody else removes at the same moment.
    (settings.uploads_folder / "1-gone").symlink_to("nowhere")
    remove_abandoned(settings)
    assert {path.name for path in settings.uploads_folder.iterdir()} == {own.name, "1-new", "notes", "1-gone"}
    living.cleanup()


@pytest.fixture
def root(tmp_path: Path, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An open folder with a log, and a closed one beside it."""
    (tmp_path / "open" / "nova").mkdir(parents=True)
    (tmp_path / "open" / "nova" / "nova-api.log").write_bytes(LINE)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "secret.log").write_bytes(LINE)
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(tmp_path / "open"))
    return tmp_path / "open"


def test_paths_and_globs_below_a_root_are_allowed(root: Path) -> None:
    """Absolute, relative to a root, or with wildcards."""
    settings = load_settings()
    log = root / "nova" / "nova-api.log"
    assert allowed_paths(str(log), settings) == [log]
    assert allowed_paths("nova", settings) == [root / "nova"]
    assert allowed_paths("nova/*.log", settings) == [log]
    assert allowed_paths(f"{log}\nnova", settings) == [log, root / "nova"]


@pytest.mark.parametrize("text", ["/etc/passwd", "../closed", "nova/../../closed/secret.log", "/", "/*", "a\0b"])
def test_paths_that_lead_out_of_the_roots_are_refused(root: Path, text: str) -> None:
    """The same sentence whether something is there or not."""
    with pytest.raises(ConfigurationError, match="not below a folder"):
        allowed_paths(text, load_settings())


def test_a_tilde_is_the_name_of_a_file_and_no_home(root: Path) -> None:
    """Nobody's home is looked up."""
    with pytest.raises(LogPathNotFound):
        allowed_paths("~root", load_settings())


def test_a_link_out_of_the_root_is_refused(root: Path) -> None:
    """Whoever may make a link below the root does not open the rest of the machine by it."""
    (root / "way-out").symlink_to(root.parent / "closed")
    for text in ("way-out", "way-out/secret.log", "way*/*.log"):
        with pytest.raises(ConfigurationError, match="not below a folder"):
            allowed_paths(text, load_settings())


def test_what_is_not_there_is_said_below_a_root(root: Path) -> None:
    """Inside the open folders a wrong path may be told."""
    with pytest.raises(LogPathNotFound, match=r"nova/absent\.log"):
        allowed_paths("nova/absent.log", load_settings())


def test_the_roots_offer_what_lies_right_below_them(root: Path) -> None:
    """A visitor can choose without typing; hidden files are not offered."""
    (root / ".hidden").mkdir()
    assert entries_of_roots(load_settings()) == [root, root / "nova"]
