"""Door: ``from mlflow_integration.mlflow_manager import MLflowManager``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openstack_rca.lifecycle import manager

__all__ = ["MLflowManager"]


def _load(path: Path) -> Any:
    from openstack_rca.model import network

    return network.load(path)


class MLflowManager(manager.MLflowManager):
    """The manager that also opens this project's own models."""

    loader = staticmethod(_load)
