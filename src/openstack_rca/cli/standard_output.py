"""Standard output that copes with a reader who leaves and with a full disk."""

import io
import os
import sys
from typing import Any, TextIO

from openstack_rca.errors import OutputUnwritable


class ReaderLeft(SystemExit):
    """The reader of a pipe (head, less) has closed it: the program ends with exit status 0."""


class _Output(io.FileIO):
    """The file behind standard output or error; what comes after a failed write goes nowhere: leaving fails no second time."""

    ends_with_reader = False
    """Whether the command stops when nobody reads any more. Others finish, and their status is told."""

    def write(self, data: Any, /) -> int:
        """Write some of ``data``; gives how many bytes were taken. Raises ReaderLeft, OutputUnwritable (no room)."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self._give_up()
            if self.ends_with_reader:
                raise ReaderLeft(0) from None
            return len(data)
        except OSError as error:
            self._give_up()
            raise OutputUnwritable(f"The output could not be written: {error.strerror}.") from None

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def guard_standard_output() -> None:
    """Let standard output and error fail as ``_Output`` says; what goes to a closed stream is discarded."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr, by_line=True)


def _guarded(before: TextIO | None, by_line: bool = False) -> TextIO:
    if before is None:
        return io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")), encoding="utf-8")
    raw = _Output(before.fileno(), "w", closefd=False)
    lines = by_line or before.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=before.encoding, errors=before.errors, line_buffering=lines
    )


def end_with_reader() -> None:
    """Make the command stop when the reader of its output leaves; for a command that from now on only prints."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.ends_with_reader = True
