"""A PostgreSQL of the distribution on loopback, in a cluster of its own that goes with the test run."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lifecycle_servers import free_port, process

USER = "rca"
PASSWORD = "a-database-password"
UNPRIVILEGED = ("postgres", "nobody")
SECONDS_TO_START = 60


def postgres_folder() -> Path | None:
    """Where the programs are; the newest of several."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), default=None)


def missing_for_postgres() -> str:
    """Why PostgreSQL cannot be started here; empty if it can."""
    return "" if postgres_folder() else "PostgreSQL is not installed (Debian: apt-get install postgresql)"


def _user() -> str | None:
    """Whom to run it as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A new cluster and a server on it until the block ends; yields the SQLAlchemy address of its database."""
    programs, user = postgres_folder(), _user()
    assert programs is not None
    # Not below pytest's folder: that belongs to the user who runs the tests and is closed to the other one.
    folder = Path(tempfile.mkdtemp(prefix="openstack-rca-postgres-"))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if user is not None:
            for path in (folder, password):
                shutil.chown(path, user)
        data, log, port = folder / "data", folder / "log", free_port()
        create = ["initdb", "-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
        subprocess.run(
            [programs / create[0], *create[1:]], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        serve = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-c", "fsync=off"]
        with process([programs / "postgres", *serve], log, user=user) as started:
            _wait(programs, port, started, log)
            yield f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(programs: Path, port: int, started: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    ask = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while started.poll() is None and time.monotonic() < deadline:
        if subprocess.run(ask, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-4000:]}")
