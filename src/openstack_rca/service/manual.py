"""The manual's ``MLflowManager`` with this project's own models: they open with their parts, and pass the gate."""

from pathlib import Path
from typing import Any

from openstack_rca.lifecycle import manager
from openstack_rca.lifecycle.records import ModelKind

__all__ = ["MLflowManager"]


def _load(path: Path) -> Any:
    from openstack_rca.model import network

    return network.load(path)


def _judge(path: Path) -> ModelKind:
    from openstack_rca.service.gate import kind_of

    return kind_of(path)


class MLflowManager(manager.MLflowManager):
    """Runs and versioned models in a few calls, as the manual has them; see ``lifecycle.manager.MLflowManager``."""

    loader = staticmethod(_load)
    judge = staticmethod(_judge)
