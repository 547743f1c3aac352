"""One trained environment for the whole test run: made once by the real command line, copied by who changes it."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"

CUT = (
    "controller/nova-api.log.xz",
    "controller/nova-conductor.log.xz",
    "controller/nova-scheduler.log.xz",
    "controller/cinder-volume.log.xz",
    "controller/keystone.log.xz",
    "compute1/nova-compute.log.xz",
    "compute2/nova-compute.log.xz",
)
"""Files of the sample recording: enough to be trained on, few enough to be quick."""

EPOCHS = 2
QUICK = ("--epochs", str(EPOCHS), "--lstm-units", "8", "--batch-size", "16")

OUR_VARIABLES = ("MLFLOW_", "AWS_", "OPENSTACK_RCA_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@dataclass(frozen=True)
class Trained:
    """What training once has made.

    Attributes:
        home: ``OPENSTACK_RCA_HOME``, with version 1 in it; not to be changed, see ``copy_home``.
        logs: what it was trained on.
        facts: what ``train --format json`` printed.
        model_file: the file that ``--output`` asked for.
    """

    home: Path
    logs: Path
    facts: dict[str, Any]
    model_file: Path


def environment(**variables: str | Path) -> dict[str, str]:
    """The environment of this process without any setting of the person who runs the tests, and with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OUR_VARIABLES)}
    kept = {name: value for name, value in kept.items() if name not in PROXIES}
    # No test leaves a process behind.
    return kept | {"OPENSTACK_RCA_SEND_RUNS": "now"} | {name: str(value) for name, value in variables.items()}


def program() -> list[str]:
    """How to start the command line of this checkout in a process of its own."""
    return [sys.executable, "-c", "from openstack_rca.cli import main; main()"]


def make_cut(folder: Path) -> Path:
    """Copy the files of the cut below ``folder``."""
    for name in CUT:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLES / "normal" / "logs" / name, target)
    return folder


def make_trained(folder: Path) -> Trained:
    """Train in ``folder``, or find what another process of this test run has trained there."""
    home, logs, facts, model_file = (folder / name for name in ("home", "cut", "train.json", "copy/model.keras"))
    with one_process_at_a_time(folder / "lock"):
        if not facts.exists():
            make_cut(logs)
            model_file.parent.mkdir(exist_ok=True)
            made = subprocess.run(
                [*program(), "train", str(logs), *QUICK, "--output", str(model_file), "--format", "json"],
                env=environment(OPENSTACK_RCA_HOME=home, HOME=folder),
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert made.returncode == 0, made.stderr
            assert {line.split(" ")[0] for line in made.stderr.splitlines()} <= {"Training:"}, made.stderr
            facts.write_text(made.stdout)
    return Trained(home, logs, json.loads(facts.read_text()), model_file)


def copy_home(trained: Trained, home: Path) -> Path:
    """A copy of the trained home that stands on its own: its database leads to its own files."""
    shutil.copytree(trained.home, home)
    places = (
        ("model_versions", "source"),
        ("model_versions", "storage_location"),
        ("experiments", "artifact_location"),
        ("runs", "artifact_uri"),
    )
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        for table, column in places:
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (trained.home.as_uri(), home.as_uri())
            )
        database.commit()
    for remembered in (home / "cache" / "versions").rglob("*.json"):
        remembered.write_text(remembered.read_text().replace(trained.home.as_uri(), home.as_uri()))
    return home


@contextmanager
def one_process_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock between the workers of one test run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
