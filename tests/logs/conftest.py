"""Fixtures for tests of the reader."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def within_a_minute() -> Iterator[None]:
    """Who opens a pipe that nobody writes to waits for ever: then the test fails, and does not hang."""

    def too_long(*_signal: object) -> None:
        raise TimeoutError("The pipe was waited for.")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
