"""Whose turn it is to ask MLflow for a version number: an advisory queue in a tag of the registered model.

MLflow fixes a version's source when it gives the number, so a writer has to expect a number, and is wrong whenever another
one was faster. Many writers at once would mostly be wrong. A tag cannot be set "only if free", so two may believe that it
is their turn: then one of them is wrong about its number, as it would have been without the queue. Nothing depends on it.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from openstack_rca.errors import LifecycleError, RegistryRefused

TAG_TURN = "openstack_rca.turn"
STALE_SECONDS = 20.0
"""A turn that has not changed hands for so long belongs to a writer that is gone."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 4.0
"""Seconds between two looks; they grow, so that a long queue does not keep the registry busy with being looked at."""
MOST_REFUSALS = 20


class Turns:
    """The queue of one registered model; ``errors`` makes a context that turns MLflow's errors into ours."""

    def __init__(self, client: Any, name: str, errors: Callable[[], Any]) -> None:
        self._client = client
        self._name = name
        self._errors = errors

    @contextmanager
    def turn(self, writer: str) -> Iterator[None]:
        """Wait until no other writer has the turn, and hold it for the block. Raises RegistryUnavailable, RegistryRefused."""
        self._wait(writer)
        try:
            yield
        finally:
            with suppress(LifecycleError):
                self._leave(writer)

    def _wait(self, writer: str) -> None:
        seen, since, refusals, wait = "", time.monotonic(), 0, FIRST_WAIT
        while True:
            holder = self._holder()
            if holder == writer:
                return
            if holder != seen:
                seen, since = holder, time.monotonic()
            # Its age is measured here: the clocks of two machines need not agree.
            if not holder or time.monotonic() - since > STALE_SECONDS:
                try:
                    self._take(writer)
                except RegistryRefused:
                    # On some databases, what two insert at once is refused to one of them.
                    refusals += 1
                    if refusals > MOST_REFUSALS:
                        raise
                since = time.monotonic()
            else:
                time.sleep(random.uniform(0, wait))  # noqa: S311 - only to set writers apart
                wait = min(2 * wait, LONGEST_WAIT)

    def _take(self, writer: str) -> None:
        with self._errors():
            self._client.set_registered_model_tag(self._name, TAG_TURN, writer)

    def _holder(self) -> str:
        with self._errors():
            return str(self._client.get_registered_model(self._name).tags.get(TAG_TURN, ""))

    def _leave(self, writer: str) -> None:
        if self._holder() == writer:
            with self._errors():
                self._client.delete_registered_model_tag(self._name, TAG_TURN)
