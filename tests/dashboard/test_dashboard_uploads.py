"""Uploads and paths: only logs, only within bounds, only below the roots, only in the visitor's own folder."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.errors import ConfigurationError, LogPathNotFound, UnreadableLog
from openstack_rca.service.log_choice import allowed_paths, entries_of_roots
from openstack_rca.service.uploads import remove_abandoned, session_folder, unpack
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


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_with_its_folders(tmp_path: Path, mode: str) -> None:
    """The folders name the hosts, so they stay."""
    suffix = {"w": ".tar", "w:gz": ".tgz", "w:bz2": ".tar.bz2", "w:xz": ".tar.xz"}[mode]
    taken = unpack([(f"logs{suffix}", tar_of({"compute1/nova-compute.log": LINE}, mode))], tmp_path, LIMIT)
    assert below(tmp_path) == {"logs/compute1/nova-compute.log"}
    assert (taken.files, taken.size_bytes) == (1, len(LINE))


def test_a_zip_and_single_files_are_taken(tmp_path: Path) -> None:
    """A compressed log stays as it came: the reader of logs opens it."""
    packed = io.BytesIO(gzip.compress(LINE))
    unpack([("a.zip", zip_of({"x/nova-api.log": LINE})), ("keystone.log.gz", packed)], tmp_path, LIMIT)
    assert below(tmp_path) == {"a/x/nova-api.log", "keystone.log.gz"}


def test_of_a_sosreport_only_the_logs_are_taken(tmp_path: Path) -> None:
    """A sosreport holds the whole machine; its logs are what is asked about."""
    members = {
        "sosreport-controller-2026/version.txt": b"sos",
        "sosreport-controller-2026/etc/shadow": b"no",
        "sosreport-controller-2026/var/log/nova/nova-api.log": LINE,
    }
    for upload in (("sos.tar.xz", tar_of(members, "w:xz")), ("sos.zip", zip_of(members))):
        unpack([upload], tmp_path, LIMIT)
        assert below(tmp_path) == {"sos/sosreport-controller-2026/var/log/nova/nova-api.log"}


@pytest.mark.parametrize("name", ["../out.log", "/etc/out.log", "a/../../out.log", "a/" * 40 + "deep.log"])
def test_a_member_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    """Nothing is written outside of the folder, and it is told how many were left out."""
    folder = tmp_path / "own"
    folder.mkdir()
    for upload in (
        ("logs.tar", tar_of({name: LINE, "good.log": LINE}, "w")),
        ("logs.zip", zip_of({name: LINE, "good.log": LINE})),
    ):
        taken = unpack([upload], folder, LIMIT)
        assert below(tmp_path) == {"own/logs/good.log"}
        assert taken.left_out == {"a name that leads elsewhere": 1}


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    """A link in an archive could lead to any file of the server."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, kind in (("link.log", tarfile.SYMTYPE), ("hard.log", tarfile.LNKTYPE), ("null.log", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("good.log")
        member.size = len(LINE)
        archive.addfile(member, io.BytesIO(LINE))
    made.seek(0)
    taken = unpack([("logs.tar", made)], tmp_path, LIMIT)
    assert below(tmp_path) == {"logs/good.log"}
    assert taken.left_out == {"a link or a device": 3}


@pytest.mark.parametrize("name", ["bomb.tar.gz", "bomb.zip", "plain.log"])
def test_more_than_the_limit_is_refused_and_nothing_stays(tmp_path: Path, name: str) -> None:
    """What counts is the size unpacked, so a small archive of a large file is refused too."""
    content = b"0" * (LIMIT + 1)
    made = zip_of({"a.log": content}) if name.endswith("zip") else tar_of({"a.log": content})
    if name.endswith(".log"):
        made = io.BytesIO(content)
    with pytest.raises(ConfigurationError, match="when it is unpacked"):
        unpack([(name, made)], tmp_path, LIMIT)
    assert below(tmp_path) == set()


@pytest.mark.parametrize("name", ["logs.tar.gz", "logs.zip", "logs.tar.xz", "logs.tar"])
def test_a_damaged_archive_is_named(tmp_path: Path, name: str) -> None:
    """Cut off in the middle, or no archive at all."""
    whole = zip_of({"a.log": LINE * 999}) if name.endswith("zip") else tar_of({"a.log": os.urandom(99_000)}, "w:gz")
    for content in (b"not an archive", whole.getvalue()[:-2000]):
        with pytest.raises(UnreadableLog, match=name):
            unpack([(name, io.BytesIO(content))], tmp_path, LIMIT)
        assert below(tmp_path) == set()


def test_an_archive_without_a_file_is_refused(tmp_path: Path) -> None:
    """There is nothing to read."""
    with pytest.raises(UnreadableLog, match="holds no file"):
        unpack([("logs.tar", tar_of({}, "w"))], tmp_path, LIMIT)


@given(name=st.text(max_size=60))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Whatever a file calls itself, it lands below the visitor's folder, under a name of plain characters."""
    top = tmp_path_factory.mktemp("wild")
    own = top / "own"
    own.mkdir()
    try:
        unpack([(name, io.BytesIO(LINE))], own, LIMIT)
    except UnreadableLog:
        assert name.lower().endswith((".zip", ".tar", ".tgz", ".txz", ".tbz2", ".gz", ".xz", ".bz2"))
    assert {path.name for path in top.iterdir()} == {"own"}


def test_a_sessions_folder_is_private_and_goes_with_it(home: Path) -> None:
    """Readable by this user only; removed when the session ends."""
    folder = session_folder(load_settings())
    path = Path(folder.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    folder.cleanup()
    assert not path.exists()


def test_folders_of_dead_processes_are_removed(home: Path) -> None:
    """A crash leaves a folder behind; the next session's start removes it, and no living one."""
    settings = load_settings()
    living = session_folder(settings)
    (settings.uploads_folder / "999999999-crashed").mkdir()
    remove_abandoned(settings)
    assert [path.name for path in settings.uploads_folder.iterdir()] == [Path(living.name).name]
    living.cleanup()


@pytest.fixture
def root(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../closed", "nova/../../closed/secret.log", "/", "/*", "a\0b", "~root"]
)
def test_paths_that_lead_out_of_the_roots_are_refused(root: Path, text: str) -> None:
    """The same sentence whether something is there or not."""
    with pytest.raises((ConfigurationError, LogPathNotFound)) as refused:
        allowed_paths(text, load_settings())
    assert isinstance(refused.value, ConfigurationError) or text == "~root"


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
