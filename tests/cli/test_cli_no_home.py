"""A container runs the program as a user with a number and nothing else: no HOME, no entry in passwd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import Program

from trained_environment import environment

AS_NOBODY = """
import os, pwd
os.environ.pop("HOME", None)
def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")
pwd.getpwuid = unknown
from openstack_rca.cli import main
main()
"""


def run_as_nobody(*arguments: str | Path, **variables: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", AS_NOBODY, *map(str, arguments)]
    return subprocess.run(command, env=environment(**variables), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("doctor",), ("models", "list"), ("runs", "list")], ids=" ".join)
def test_with_a_folder_of_its_own_everything_works(tmp_path: Path, words: tuple[str, ...]) -> None:
    """OPENSTACK_RCA_HOME is all that such a user needs."""
    done = run_as_nobody(*words, OPENSTACK_RCA_HOME=tmp_path / "home")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_without_one_the_error_names_the_variable() -> None:
    """One line and no traceback."""
    done = run_as_nobody("models", "list")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith("Error: The setting OPENSTACK_RCA_HOME cannot be used")


@pytest.mark.parametrize("words", [("report", "list"), ("report", "show", "last"), ("models", "list")], ids=" ".join)
def test_where_nothing_can_be_kept_nobody_is_told_to_make_one(
    empty_home: Path, rca: Program, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """It would be lost too. Tests may run as root, who may write everywhere, hence the answer of the system."""
    empty_home.mkdir()
    monkeypatch.setattr(os, "access", lambda path, *_, **__: Path(path) != empty_home)
    result = rca(*words)
    told = result.out + result.err
    assert f"may not write in {empty_home}" in told and "openstack-rca analyze" not in told and "train" not in told


@pytest.mark.parametrize("words", [("doctor",), ("models", "list"), ("train", "/var/log")], ids=" ".join)
def test_unchecked_certificates_are_refused_with_a_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nothing that MLflow reads turns verification off behind the program's back."""
    done = run_as_nobody(*words, OPENSTACK_RCA_HOME=tmp_path, MLFLOW_TRACKING_INSECURE_TLS="true")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "MLFLOW_TRACKING_INSECURE_TLS" in line
    assert "OPENSTACK_RCA_ALLOW_INSECURE_TLS" in line


def test_where_unchecked_certificates_are_allowed_every_command_says_so(tmp_path: Path) -> None:
    """With a setting of our own it goes on, and the note stands on stderr."""
    allowed = {"MLFLOW_TRACKING_INSECURE_TLS": "true", "OPENSTACK_RCA_ALLOW_INSECURE_TLS": "true"}
    done = run_as_nobody("models", "list", OPENSTACK_RCA_HOME=tmp_path, **allowed)
    assert done.returncode == 0
    assert done.stderr == (
        "Note: MLFLOW_TRACKING_INSECURE_TLS is set: the certificate of the tracking server is not checked.\n"
    )
