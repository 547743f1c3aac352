"""A bound on how long somebody waits for a service that is slow in ways that no single time limit catches.

Limits on connecting and on silence let a server that sends a byte now and then, or that is a little slow at each of ten
questions, take for ever. Here the whole work has a budget; bytes of a download that arrive extend it.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, TypeVar

from openstack_rca.errors import LifecycleError, StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

SLOWEST_DOWNLOAD_BYTES_PER_SECOND = 64 * 1024


class _Work(threading.Thread, Generic[Result]):
    """Work in a thread of its own, so that whoever asked for it can stop waiting."""

    def __init__(self, work: Callable[[Callable[[int, int], None]], Result]) -> None:
        super().__init__(daemon=True, name="openstack-rca-patience")
        self._work = work
        self.finished = threading.Event()
        self.received = 0
        self._done = 0
        self.result: list[Result] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        self.result, self.error = _outcome(self._work, self._progress)
        self.finished.set()

    def _progress(self, done: int, _total: int) -> None:
        # Work may begin a second download, and what the first one brought has taken its time all the same.
        self.received += max(0, done - self._done)
        self._done = done


def within(seconds: float, work: Callable[[Callable[[int, int], None]], Result], late: LifecycleError) -> Result:
    """Run ``work`` in a thread and return its result, or raise ``late`` when it takes too long.

    Args:
        seconds: the budget until the first byte of a download; what has arrived extends it, at 64 KiB a second.
        work: gets a function to call with the bytes done and the bytes in total.
        late: raised when the budget is used up. The thread goes on, its result is ignored, and it ends with the process.
    """
    running = _Work(work)
    start = time.monotonic()
    running.start()
    while not running.finished.is_set():
        left = start + seconds + running.received / SLOWEST_DOWNLOAD_BYTES_PER_SECOND - time.monotonic()
        if left <= 0:
            raise late
        running.finished.wait(left)
    if running.error is not None:
        raise running.error
    return running.result[0]


def side_by_side(at_once: int, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the same work on ``at_once`` items at a time, in daemon threads; returns the results in the order of the items.

    Raises the first exception of the work. Then, or where the caller is interrupted, results of items under way are
    ignored and no further item is begun. The threads never delay process exit.
    """
    waiting = deque(enumerate(items))
    results: dict[int, Result] = {}
    answers: SimpleQueue[tuple[int, list[Result], BaseException | None]] = SimpleQueue()

    def take_turns() -> None:
        # No two threads get the same item: a pop is one step.
        with suppress(IndexError):
            while True:
                place, item = waiting.popleft()
                result, error = _outcome(work, item)
                if error is not None:
                    waiting.clear()
                answers.put((place, result, error))

    expected = len(waiting)
    for _ in range(min(at_once, expected)):
        threading.Thread(target=take_turns, daemon=True, name="openstack-rca-side-by-side").start()
    try:
        while len(results) < expected:
            place, result, error = answers.get()
            if error is not None:
                raise error
            results[place] = result[0]
    finally:
        waiting.clear()
    return [results[place] for place in range(expected)]


def _outcome(work: Callable[[Item], Result], item: Item) -> tuple[list[Result], BaseException | None]:
    """What came of the work on one item: its result alone in a list, or what it raised."""
    try:
        return [work(item)], None
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        return [], error


FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0


def retrying(attempts: int, work: Callable[[], Result]) -> Result:
    """Call ``work`` until the store answers, at most ``attempts`` times, with pauses; an earlier call may have done half of it.

    Raises StoreUnavailable: it did not answer at the last attempt either. Every other error is raised at once.
    """
    for attempt in range(attempts - 1):
        try:
            return work()
        except StoreUnavailable:
            longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
            time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - to set writers apart
    return work()
