"""The nightly loop of scripts/nightly: what it does in which order, and what its exit status tells."""

import os
import shlex
import sys
from pathlib import Path

import pytest
from cli_helpers import Result, run_process

from trained_environment import QUICK, ROOT, Trained, program

SCRIPT = str(ROOT / "scripts" / "nightly")
PRODUCTION = "openstack_rca_system_production"


def nightly(folder: Path, *arguments: str | Path, **variables: str | Path) -> Result:
    """Run the script with the ``openstack-rca`` that lies in ``folder``."""
    path = f"{folder}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return run_process(*arguments, command=[SCRIPT], cwd=folder, PATH=path, **variables)


def put_program(folder: Path, text: str) -> Path:
    folder.mkdir()
    path = folder / "openstack-rca"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return folder


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A folder with the command line of this checkout."""
    return put_program(tmp_path / "real", f'exec {shlex.join(program())} "$@"')


def steps(result: Result) -> list[str]:
    """The commands that were run, by their first words."""
    lines = [line.split() for line in result.out.splitlines() if line.startswith("== openstack-rca ")]
    return [" ".join(words[2:4] if words[2] == "models" else words[2:3]) for words in lines]


def test_a_night(real: Path, home: Path, trained: Trained, tmp_path: Path) -> None:
    """What was learned is added to the version before, and is in production; the database is saved."""
    quick = {
        "OPENSTACK_RCA_HOME": home,
        "TRAIN_OPTIONS": " ".join((*QUICK, "--epochs", "1")),
        "OPENSTACK_RCA_RETENTION": "none=30d",
    }
    good = nightly(real, trained.logs, tmp_path / "copies", **quick)
    assert good.status == 0, good
    assert steps(good) == [
        *("models publish", "train", "models promote", "models prune", "models prune", "backup"),
    ]
    assert "--add latest" in good.out
    assert (home / "artifacts" / f"{PRODUCTION.replace('_', '-')}_0001").is_dir()
    assert len(list((tmp_path / "copies").glob("mlflow-*.db"))) == 1


@pytest.mark.parametrize(
    ("trouble", "status", "promotes"),
    [
        ('"train "*) exit 3', 3, False),
        ('"train "*) echo refused; exit 1', 4, False),
        ('"train "*) exit 1', 6, False),
        ('"models publish"*) exit 1', 3, False),
        ('"models drift"*) echo drifted; exit 1', 5, False),
        ('"models drift"*) exit 1', 6, False),
        ('"models promote"*) exit 1', 6, True),
        ('"models prune"*) exit 1', 6, True),
        ('"backup"*) exit 1', 6, True),
        ('"train "*) exit 130', 130, False),
        ("none) exit 1", 0, True),
    ],
)
def test_each_trouble_has_its_status(tmp_path: Path, trouble: str, status: int, promotes: bool) -> None:
    """The command line's own statuses decide; what comes after a trouble and does not depend on it is done all the same."""
    folder = put_program(tmp_path / "told", f'case "$* " in\n{trouble} ;;\nesac')
    result = nightly(folder, "logs", tmp_path / "copies")
    assert result.status == status, result
    assert ("models promote" in steps(result)) is promotes
    assert ("backup" in steps(result)) is (status != 130)


def test_a_first_night_has_nothing_to_add_to_and_nothing_to_compare_with(tmp_path: Path) -> None:
    folder = put_program(tmp_path / "empty", '[ "$2" != list ] || echo "[]"')
    result = nightly(folder, "logs", tmp_path / "copies")
    assert (result.status, "--add" in result.out, "models drift" in steps(result)) == (0, False, False)


def test_another_database_has_its_own_tools(tmp_path: Path) -> None:
    folder = put_program(tmp_path / "server", "exit 0")
    result = nightly(folder, "logs", tmp_path / "copies", MLFLOW_TRACKING_URI="http://mlflow.example:5000")
    assert "backup" not in steps(result)


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    result = nightly(tmp_path, "logs")
    assert (result.status, result.out) == (2, "")
    assert "nightly LOGS BACKUPS [ENVIRONMENT]" in result.err
