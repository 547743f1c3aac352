"""Door: ``from mlflow_integration.mlflow_manager import MLflowManager``."""

from contextlib import suppress

from openstack_rca.service.manual import MLflowManager

with suppress(ImportError):
    # What is edited in MLFLOW_CONFIG takes effect here too.
    import config.config  # noqa: F401

__all__ = ["MLflowManager"]
