"""Loaded by MLflow through ``mlflow_plugin``: ``runs:/<id>/models`` is the version that the run made.

The version stays where it is; for MLflow's own tools its folder is what the run stored under ``models``.
"""

from __future__ import annotations

from typing import Any

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.tracking import MlflowClient

from openstack_rca.lifecycle.mlflow import TAG_MODEL_URI

MODELS = "models"


class RunsWithVersions(RunsArtifactRepository):  # type: ignore[misc]  # MLflow is not typed
    """MLflow's reader of addresses that begin with ``runs:``."""

    def _get_logged_model_artifact_repo(self, run_id: str, name: str) -> Any:
        uri = MlflowClient(self.tracking_uri).get_run(run_id).data.tags.get(TAG_MODEL_URI) if name == MODELS else None
        if uri is None:
            return super()._get_logged_model_artifact_repo(run_id, name)
        return get_artifact_repository(uri.rpartition("/")[0], self.tracking_uri, self.registry_uri)
