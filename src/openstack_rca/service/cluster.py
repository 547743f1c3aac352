"""Work on many machines: a Dask cluster, used as it is.

What is sent to a worker is a function of this package with plain data; what comes back is taken in the order in which it
was asked for, so that an answer does not depend on which worker was quicker. A worker that is lost costs time only: Dask has its
tasks done again by another one. Dask is imported when a cluster is opened, by no other command.
"""

import hashlib
import logging
import os
import platform
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr

import openstack_rca
from openstack_rca.errors import ClusterMismatch, ClusterUnavailable, ConfigurationError
from openstack_rca.extras import require_extra
from openstack_rca.late_numpy import np
from openstack_rca.settings import Settings

WAKE_SECONDS = 0.2
"""So often it is looked whether somebody wants to stop, and whether there are still workers."""
NO_WORKER_SECONDS = 30.0
"""A cluster that has had no worker for so long has none."""
_LARGE_GRAPH_BYTES = 1024**3
_LOCAL = re.compile(r"local(?::(\d+))?")
_REMOTE = re.compile(r"(?:tcp|tls)://[^\s/]+:\d+")
_INSTALL = "Install the same openstack-rca, with the extra dask, on this machine, the scheduler and every worker."
_FORMS = (
    "Give tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, or local or local:N for N processes on this machine."
)


class Cluster:
    """An open cluster; see ``open_cluster``."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self.address = address

    @property
    def threads(self) -> int:
        """How many tasks the workers do at once now; at least 1."""
        return max(1, sum(int(count) for count in self._client.nthreads().values()))

    def shared(self, value: object) -> Any:
        """Send a value to the workers once; pass the result in its place as an argument of many tasks."""
        return self._client.submit(_itself, value, pure=False)

    def results(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]], on_wait: Callable[[], None] | None = None
    ) -> Iterator[Any]:
        """The result of a top-level function for each tuple of arguments, in their order; few results wait at a time.

        ``on_wait`` is called many times a second; what it raises ends the work.

        Raises ClusterUnavailable: the scheduler or the last worker is gone, or a task ends each worker that does it.
        ClusterMismatch: a worker runs other code than this process. Else what the function raises.
        """
        most, expected = 2 * self.threads + 2, installed()
        waiting: deque[Any] = deque()
        try:
            for arguments in calls:
                waiting.append(self._client.submit(do_here, expected, function, *arguments, pure=False))
                if len(waiting) >= most:
                    yield self._result(waiting[0], on_wait)
                    waiting.popleft()
            while waiting:
                yield self._result(waiting[0], on_wait)
                waiting.popleft()
        finally:
            self._client.cancel(list(waiting))

    def _result(self, future: Any, on_wait: Callable[[], None] | None) -> Any:
        from distributed import wait
        from distributed.scheduler import KilledWorker

        since = time.monotonic()
        while not future.done():
            if on_wait is not None:
                on_wait()
            since = self._require_workers(since)
            with suppress(TimeoutError, CancelledError), self._client.as_current():
                wait([future], timeout=WAKE_SECONDS)
        try:
            return future.result()
        except KilledWorker as error:
            raise ClusterUnavailable(
                f"Several workers of the cluster {self.address} ended during the same task.",
                "Most often they need more memory: see their logs, and start them with a larger --memory-limit.",
            ) from error
        except CancelledError as error:
            raise self._gone("the scheduler went away") from error
        except (ImportError, AttributeError, RuntimeError) as error:
            raise ClusterMismatch(
                f"The cluster {self.address} does not run this openstack-rca: {error.__cause__ or error}.", _INSTALL
            ) from error

    def _require_workers(self, since: float) -> float:
        """The last moment at which there was a worker, told the one before."""
        now = time.monotonic()
        if self._client.scheduler_info()["workers"]:
            return now
        if now - since > NO_WORKER_SECONDS:
            raise self._gone("no worker is left")
        return since

    def _gone(self, what: str) -> ClusterUnavailable:
        return ClusterUnavailable(
            f"The cluster {self.address} did not finish the work: {what}.",
            "See the logs of the scheduler and of the workers, and run the command again.",
        )


@contextmanager
def open_cluster(address: str | None, settings: Settings) -> Iterator[Cluster | None]:
    """The cluster at an address until the block ends; None where no address is given: all is done by this process.

    Args:
        address: ``tcp://HOST:PORT`` or ``tls://HOST:PORT`` of a scheduler; ``local`` or ``local:N`` for N processes on this
            machine (as many as it has processors), which go at the end and which nobody else can reach.

    Raises ConfigurationError: it is no such address. ExtraMissing. ClusterUnavailable: no answer, or no worker.
    """
    if address is None:
        yield None
        return
    local = _LOCAL.fullmatch(address)
    if local is None and _REMOTE.fullmatch(address) is None:
        raise ConfigurationError(f"{address!r} is not the address of a scheduler.", _FORMS)
    require_extra("dask", "Working on a cluster")
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        # What is sent to a task is data, and no mistake.
        stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE_GRAPH_BYTES}))
        started = stack.enter_context(_started(int(local[1] or os.cpu_count() or 1))) if local else address
        try:
            client = stack.enter_context(
                distributed.Client(started, timeout=settings.network_timeout_seconds, set_as_default=False)
            )
            client.wait_for_workers(1, timeout=settings.network_timeout_seconds)
        except TimeoutError as error:
            raise ClusterUnavailable(
                f"The scheduler {address} has no worker.", f"Start some: dask worker {address}"
            ) from error
        except OSError as error:
            raise ClusterUnavailable(
                f"The scheduler {address} does not answer: {error}.",
                "Check the address and the port; OPENSTACK_RCA_NETWORK_TIMEOUT sets how long to wait.",
            ) from error
        yield Cluster(client, address)


@contextmanager
def _started(processes: int) -> Iterator[Any]:
    """Workers on this machine, which only this process can reach: who reaches a scheduler can run anything there."""
    from multiprocessing import resource_tracker

    import distributed

    # A process inherits what is blocked: Ctrl-C, which a terminal sends to all of them, is for this one alone. The tracker
    # of resources would unblock it when it starts with the first process.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with ExitStack() as unblocked:
        unblocked.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        started = distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls://",
            security=distributed.Security.temporary(),
            dashboard_address=None,
            # Without an address dask takes port 8787 all the same, and warns where another program has it.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            silence_logs=logging.CRITICAL,
            # Each worker has one processor.
            env={"POLARS_MAX_THREADS": "1"},
        )
        with started:
            unblocked.close()
            yield started


def do_here(expected: dict[str, str], function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function on a worker. Raises ClusterMismatch: versions or code differ from those ``expected``."""
    here = installed()
    for name, version in expected.items():
        if here[name] != version:
            raise ClusterMismatch(
                f"The worker on {platform.node()} has {name} {here[name]}, and this machine has {version}; their answers could "
                "differ.",
                _INSTALL,
            )
    return function(*arguments)


@lru_cache(maxsize=1)
def installed() -> dict[str, str]:
    """What an answer depends on besides logs and model: versions, and a digest of this package's own code."""
    folder = Path(openstack_rca.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".yaml"):
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return {
        "openstack-rca": f"{openstack_rca.__version__} ({digest.hexdigest()[:12]})",
        "polars": pl.__version__,
        "numpy": np.__version__,
    }


def without_secrets(settings: Settings) -> Settings:
    """The settings as a worker gets them: no secret leaves this machine, and no worker keeps what it has read."""
    secret = {name: None for name, value in settings if isinstance(value, SecretStr)}
    return settings.model_copy(update={**secret, "log_cache_bytes": 0})


def _itself(value: object) -> object:
    return value
