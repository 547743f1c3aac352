"""Small helpers of the command line's tests."""

import json
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trained_environment import SAMPLES, environment, program

HANGS_AFTER_SECONDS = 180
"""No test waits this long for anything that works."""

INCIDENT = SAMPLES / "incidents" / "INC-003"
HEALTHY = SAMPLES / "incidents" / "HEALTHY-001"
LOGS = str(INCIDENT / "logs")


@dataclass(frozen=True)
class Result:
    """What a command left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Program = Callable[..., Result]
"""The command line, called in this process."""


def refused(result: Result, *words: str, status: int = 1) -> str:
    """Check that a command failed with one plain line on stderr that holds these words; gives the line."""
    assert result.status == status, result
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("Error: ")
    assert "Traceback" not in result.err and "Unexpected" not in result.err
    assert [word for word in words if word not in lines[0]] == [], lines[0]
    return lines[0]


def run_process(*arguments: str | Path, command: list[str] | None = None, cwd: Path, **variables: str | Path) -> Result:
    """Run the command line (or another command) in a process of its own, in a clean environment."""
    done = subprocess.run(
        [*(command or program()), *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=HANGS_AFTER_SECONDS,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def files_below(folder: Path) -> set[str]:
    """Every file below a folder, by its relative path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def closed_port() -> int:
    """A port of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def copy_incidents(folder: Path, *names: str) -> Path:
    """Copy sample incidents, labels included."""
    for name in names:
        shutil.copytree(SAMPLES / "incidents" / name, folder / name)
    return folder
