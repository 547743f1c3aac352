"""Door: ``from mlflow_integration.mlflow_manager import MLflowManager``."""

from __future__ import annotations

from openstack_rca.service.manual import MLflowManager

__all__ = ["MLflowManager"]
