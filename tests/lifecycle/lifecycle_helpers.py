"""Small helpers of the lifecycle tests."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle

MakeModel = Callable[[str], Path]

PATIENCE = 60
"""Seconds that a server may take before a test calls it down: machines that run tests are busy."""

FACTS: dict[str, Any] = {"run_id": None, "metrics": {"loss": 0.25}, "parameters": {"epochs": 2}, "card": {"lines": 10}}


def publish(lifecycle: ModelLifecycle, model: Path) -> ModelVersion:
    return lifecycle.publish(model, **FACTS)


def stored_file(version: ModelVersion) -> Path:
    return Path(version.uri.removeprefix("file://"))


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
