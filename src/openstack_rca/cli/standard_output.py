"""Standard output whose end is no defect: its reader may go away, its disk may be full."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from openstack_rca.errors import OutputUnwritable


class ReaderLeft(SystemExit):
    """The reader of a pipe (head, less) has seen enough: the program ends in good order, with status 0."""


class _Output(io.FileIO):
    """The file behind standard output; what comes after a failed write goes nowhere, so that leaving fails no second time."""

    def write(self, data: Any, /) -> int:
        """Write some of ``data``; gives how many bytes were taken.

        Raises:
            ReaderLeft: nobody reads any more.
            OutputUnwritable: the bytes find no room.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            self._give_up()
            raise ReaderLeft(0) from None
        except OSError as error:
            self._give_up()
            raise OutputUnwritable(f"The output could not be written: {error.strerror}.") from None

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def guard_standard_output() -> None:
    """Let whatever this process prints fail as ``_Output`` says; nothing to do where standard output is closed."""
    before = sys.stdout
    if before is None:
        return
    raw = _Output(before.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=before.encoding, errors=before.errors, line_buffering=before.isatty()
    )
