"""Loaded by MLflow through ``mlflow_plugin``: ``runs:/<id>/models`` is the version that the run made.

The version stays where it is; for MLflow's own tools its folder is what the run stored under ``models``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.tracking import MlflowClient

from openstack_rca.lifecycle.mlflow import TAG_MODEL_URI

MODELS = "models"


class RunsWithVersions(RunsArtifactRepository):  # type: ignore[misc]  # MLflow is not typed
    """MLflow's reader of addresses that begin with ``runs:``; of its methods those are replaced that MLflow documents."""

    def list_artifacts(self, path: str | None = None) -> Any:
        """The files of the run, or of the version that it made, directly under a path."""
        found = self._in_version(path or "")
        return super().list_artifacts(path) if found is None else found[0].list_artifacts(found[1])

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> Any:
        """Fetch a file or folder of the run, or of the version that it made; gives the local path."""
        found = self._in_version(artifact_path)
        if found is None:
            return super().download_artifacts(artifact_path, dst_path)
        folder = Path(dst_path or tempfile.mkdtemp()) / MODELS
        folder.mkdir(parents=True, exist_ok=True)
        return found[0].download_artifacts(found[1], str(folder))

    def _in_version(self, path: str) -> tuple[Any, str] | None:
        """The folder of the version and the path in it; ``None`` where the path leads to something else of the run."""
        run_id, whole = self.parse_runs_uri(f"{self.artifact_uri}/{path}".rstrip("/"))
        first, _, rest = (whole or "").partition("/")
        uri = MlflowClient(self.tracking_uri).get_run(run_id).data.tags.get(TAG_MODEL_URI) if first == MODELS else None
        return (
            (get_artifact_repository(uri.rpartition("/")[0], self.tracking_uri, self.registry_uri), rest)
            if uri
            else None
        )
