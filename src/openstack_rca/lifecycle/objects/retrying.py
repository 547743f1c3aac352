"""Trying again where a store did not answer, with waits that grow and differ between writers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from openstack_rca.errors import StoreUnavailable

Result = TypeVar("Result")

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0


def retrying(attempts: int, work: Callable[[], Result]) -> Result:
    """Do some work until the store answers.

    Args:
        attempts: how often at most; 1 never waits.
        work: may be done again after it failed half-way.

    Raises StoreUnavailable: it did not answer at the last attempt either. Every other error is raised at once.
    """
    for attempt in range(attempts - 1):
        try:
            return work()
        except StoreUnavailable:
            longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
            time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - to set writers apart
    return work()
