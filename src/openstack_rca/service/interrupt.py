"""Ctrl-C, and the stop button of the dashboard, which sends the same signal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """Ctrl-C that is not lost.

    It raises KeyboardInterrupt at once, as ever. But where that hits NumPy while it waits for an array of JAX, NumPy
    drops it and goes on; and Polars lets a read from a pipe begin again. So this takes the signal itself, remembers it,
    and ``check`` raises it once more.
    """

    def __init__(self) -> None:
        self.came = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if the signal came."""
        if self.came:
            raise KeyboardInterrupt

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take the signal until the block ends; in another thread than the main one, do nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._take)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _take(self, _number: int, _frame: object) -> None:
        self.came = True
        raise KeyboardInterrupt
