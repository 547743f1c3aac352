"""Running the tools that hold logs (ssh, journalctl, docker, kubectl): read-only, bounded in time, output into the spool."""

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from openstack_rca.errors import RemoteLogsUnavailable
from openstack_rca.rca.report import mask_secrets, one_line
from openstack_rca.service.remote.fetch_folder import Spool

PIECE = 256 * 1024
TOLD = 300


def require_tool(name: str) -> str:
    """The path of a tool. Raises RemoteLogsUnavailable: it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise RemoteLogsUnavailable(
            f"The program {name} is not installed here.", "Install it, or fetch the logs yourself."
        )
    return found


def output_of(command: Sequence[str], spool: Spool) -> str:
    """What a command that lists something prints. Raises RemoteLogsUnavailable: it failed or took too long."""
    limit = spool.settings.remote_timeout_seconds
    try:
        done = subprocess.run(
            [require_tool(command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteLogsUnavailable(f"{command[0]} has not answered within {limit:.0f} s.", _SLOW) from None
    if done.returncode:
        raise RemoteLogsUnavailable(_failed(command[0], last_words(done.stderr)), "Run it yourself to see more.")
    return done.stdout.decode("utf-8", "replace")


def stream_to(command: Sequence[str], path: Path, spool: Spool, *, fine: Sequence[int] = (0,)) -> str:
    """Write what a command prints into a file of the spool; ``fine`` are the exit statuses that count as success.

    Returns the last line of its standard error: what it could not read although it went on. Raises
    RemoteLogsUnavailable: it failed, or printed nothing for the time limit. Full: the spool's bound is reached.
    """
    limit = spool.settings.remote_timeout_seconds
    with started(command, spool) as (process, output, complaints):
        if not _copy(output, path, spool, limit):
            raise RemoteLogsUnavailable(f"{command[0]} has sent nothing for {limit:.0f} s.", _SLOW)
        status, words = process.wait(), complaints()
        if status in fine:
            return words
        if command[0] in _BOTH:
            # What it wrote is its complaint, or ends with it.
            words = last_words(path.read_bytes()[-4096:]) if path.exists() else ""
            path.unlink(missing_ok=True)
        words = words or f"exit status {status}"
        raise RemoteLogsUnavailable(_failed(command[0], words), "Run it yourself to see more.")


@contextmanager
def started(
    command: Sequence[str], spool: Spool
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], Callable[[], str]]]:
    """Run a tool until the block ends: its process, its output, and a function for the last words of its complaints.

    Where the block leaves while it runs (it is silent, sends too much, or somebody pressed Ctrl-C), nobody waits for the rest.
    """
    with tempfile.TemporaryFile() as said:

        def complaints() -> str:
            said.seek(0)
            return last_words(said.read())

        process = subprocess.Popen(
            [require_tool(command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if command[0] in _BOTH else said,
        )
        assert process.stdout is not None
        spool.running.add(process)
        try:
            if spool.stopped:
                process.kill()
            yield process, process.stdout, complaints
        finally:
            process.kill()
            spool.running.discard(process)
            process.stdout.close()
            process.wait()


def _copy(output: IO[bytes], path: Path, spool: Spool, limit: float) -> bool:
    """Write what a tool prints into a file; False where nothing more came for the time limit."""
    source = output.fileno()
    with spool.writing(path) as write:
        while select.select([source], [], [], limit)[0]:
            data = os.read(source, PIECE)
            if not data:
                return True
            write(data)
    return False


_BOTH = ("docker", "podman")
"""These print what a container wrote to its standard error to their own; all of it is log."""
_SLOW = "OPENSTACK_RCA_REMOTE_TIMEOUT says how long is waited."


def _failed(tool: str, words: str) -> str:
    return f"{tool} failed: {words if words.endswith(('.', '?', '!')) else words + '.'}"


def last_words(said: bytes) -> str:
    """The last line that a tool wrote, with secrets masked; empty if it wrote none."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return one_line(mask_secrets(lines[-1]), TOLD) if lines else ""
