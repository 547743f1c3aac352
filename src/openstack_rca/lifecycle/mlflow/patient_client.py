"""An MLflow client that nobody waits for without end.

MLflow's own time limits are on connecting and on silence between two bytes: a server that sends a byte now and then, or a
proxy that does so before it, holds each question for as long as it likes.
"""

from __future__ import annotations

import functools
from typing import Any

from openstack_rca.errors import RegistryUnavailable
from openstack_rca.lifecycle.objects import within


class PatientClient:
    """Passes each call on to an ``mlflow.MlflowClient`` and gives up when it takes too long.

    A call that was given up may still take effect, as one whose answer was lost on the way.

    Args:
        seconds: that one call may take, of whatever number of requests it consists.
        server: the name of the server, to be shown.

    Raises RegistryUnavailable: from each method, when its time is used up.
    """

    def __init__(self, client: Any, seconds: float, server: str) -> None:
        self._client = client
        self._seconds = seconds
        self._server = server

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        @functools.wraps(method)
        def bounded(*arguments: Any, **named: Any) -> Any:
            return within(self._seconds, lambda _alive: method(*arguments, **named), too_slow(self._server))

        return bounded


def too_slow(server: str) -> RegistryUnavailable:
    """What is raised when a server answers too slowly; ``server`` is its name, without a password."""
    return RegistryUnavailable(
        f"The MLflow tracking server {server} is too slow.",
        "Check it and the way there, or allow more time: OPENSTACK_RCA_NETWORK_TIMEOUT.",
    )
