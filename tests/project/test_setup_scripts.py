"""The set-up scripts say plainly what is missing, install nothing without root, and name no package host."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to use as PATH: the few programs that the scripts call, and an ``id`` that is not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "tr", "expr"):
        (folder / name).symlink_to(shutil.which(name) or "")
    program(folder, "id", "echo 1000")
    return folder


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def run(script: Path, *arguments: str, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments], env={"PATH": str(path), **variables}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The scripts with a package list of two: one that is there, one that is not."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name in ("install-packages", "missing-packages"):
        shutil.copy(SCRIPTS / name, folder / name)
    listed = f"# comment\n\npresent {folder} what is there\nabsent {tmp_path}/no/*/such the tests of the absent\n"
    (folder / "system-packages.txt").write_text(listed)
    return folder


def test_a_missing_package_is_named_with_what_is_left_out(scripts: Path, tools: Path) -> None:
    """Only what is missing is named, with the tests that need it."""
    result = run(scripts / "missing-packages", path=tools)
    assert result.stdout == "left out, for want of absent: the tests of the absent\n"


def test_without_root_nothing_is_installed_and_the_command_is_shown(scripts: Path, tools: Path) -> None:
    """The user reads what is left out and how to have it; the rest of the tests can still run."""
    program(tools, "apt-get", "echo apt-get was called >&2; exit 1")
    result = run(scripts / "install-packages", path=tools)
    assert result.returncode == 0
    assert "left out, for want of absent" in result.stdout
    assert "sudo apt-get install absent" in result.stdout
    assert "was called" not in result.stderr


def test_root_installs_what_is_missing_and_only_that(scripts: Path, tools: Path) -> None:
    """apt-get is asked for the missing package, after its lists were brought up to date."""
    program(tools, "id", "echo 0")
    program(tools, "apt-get", 'echo "$@" >&2')
    result = run(scripts / "install-packages", path=tools)
    assert result.returncode == 0
    update, install = result.stderr.splitlines()
    assert update.split()[-1] == "update"
    assert install.split()[-1] == "absent"
    assert "present" not in install


def test_a_failing_apt_is_a_failure(scripts: Path, tools: Path) -> None:
    """Where the machine can install and the installation fails, the run stops instead of leaving tests out."""
    program(tools, "id", "echo 0")
    program(tools, "apt-get", "exit 100")
    assert run(scripts / "install-packages", path=tools).returncode == 100


def test_an_old_python_is_refused_with_the_version_that_is_needed(tools: Path, tmp_path: Path) -> None:
    """The message names what is there, what is needed and how to get it."""
    program(tools, "python3", 'if [ "$1" = --version ]; then echo Python 3.10.12; else exit 1; fi')
    result = run(SCRIPTS / "make-venv", str(tmp_path / "venv"), "-e", ".", path=tools)
    assert result.returncode == 1
    assert "needs Python 3.11 or later, and python3 is Python 3.10.12" in result.stderr
    assert "python3.11-venv" in result.stderr


def test_a_machine_without_python_is_told_what_to_install(tools: Path, tmp_path: Path) -> None:
    """A bare machine has none; a user who is not root reads the packages, and nothing of the shell."""
    result = run(SCRIPTS / "make-venv", str(tmp_path / "venv"), "-e", ".", path=tools)
    assert result.returncode == 1
    assert result.stderr == "Python is not installed. Run: sudo apt-get install python3 python3-venv\n"


def test_a_python_without_venv_is_refused_with_the_package_to_install(tools: Path, tmp_path: Path) -> None:
    """Debian keeps venv apart from python3; a user who is not root reads which package to install."""
    body = """case "$2" in
    *version_info*3,*) exit 0 ;;
    *ensurepip*) exit 1 ;;
    *print*) echo python3.13-venv ;;
    esac"""
    program(tools, "python3", body)
    result = run(SCRIPTS / "make-venv", str(tmp_path / "venv"), "-e", ".", path=tools)
    assert result.returncode == 1
    assert "sudo apt-get install python3.13-venv" in result.stderr


def test_no_set_up_file_names_a_package_host() -> None:
    """Where packages come from is the business of pip's and apt's configuration."""
    files = [ROOT / "Makefile", ROOT / "pyproject.toml", *SCRIPTS.iterdir(), ROOT / ".ci" / "run"]
    host = re.compile(r"index-url|find-links|trusted-host|https?://(?!127\.0\.0\.1)|pypi\.org|--proxy")
    assert [path.name for path in files if path.is_file() and host.search(path.read_text())] == []


@pytest.mark.parametrize(
    "name", [".ci/run", "scripts/make-venv", "scripts/install-packages", "scripts/missing-packages"]
)
def test_a_script_can_be_executed(name: str) -> None:
    """The executable bit is set and the shell accepts the syntax."""
    path = ROOT / name
    shell = path.read_text().split("\n")[0].removeprefix("#!").split()[-1].split("/")[-1]
    assert os.access(path, os.X_OK)
    subprocess.run([shell, "-n", path], check=True)
