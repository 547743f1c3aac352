"""Binary journals, as the program ``journalctl`` shows them where it is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from openstack_rca.logs.packing import Readable


def program_for_journals() -> str | None:
    """Where ``journalctl`` is; None where it is not installed."""
    return shutil.which("journalctl")


class ShownJournal:
    """A journal as JSON lines (``text``); once the context is closed, ``failed`` says whether ``journalctl`` failed."""

    def __init__(self, text: Readable) -> None:
        self.text = text
        self.failed = False


@contextmanager
def shown_journal(program: str, file: IO[bytes]) -> Iterator[ShownJournal]:
    """A journal that lies on disk, shown as JSON lines while the context is open."""
    with tempfile.TemporaryDirectory() as folder:
        # journalctl takes only files that are called like a journal.
        link = Path(folder, "system.journal")
        link.symlink_to(f"/proc/{os.getpid()}/fd/{file.fileno()}")
        command = [program, f"--file={link}", "--output=json", "--all", "--no-pager", "--quiet"]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            shown = ShownJournal(process.stdout)
            yield shown
            process.stdout.close()
            shown.failed = process.wait() > 0
