"""Work that several threads do at once: Polars gives up Python's lock while it computes."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS = 4
"""More hold more in memory than they save time, unless they are asked for."""


def usual_threads() -> int:
    """One for each processor that this process may use, up to ``MOST_THREADS``."""
    return min(pl.thread_pool_size(), MOST_THREADS)


def in_turn(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Generator[Result, None, None]:
    """The result for each item, in the order of the items, of which ``threads`` are worked on at once; one more waits its turn.

    With one thread all is done by the caller's. Close it where not all results are wanted: what has begun ends first.
    """
    if threads == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, "openstack-rca")
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            # While the caller takes a result, or looks for the next item, no thread is without work.
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
