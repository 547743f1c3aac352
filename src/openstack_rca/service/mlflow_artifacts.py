"""Loaded by MLflow through ``mlflow_plugin``: versions at the addresses that MLflow's own tools open.

A version stays where it is. ``runs:/<id>/models`` is the version that the run made; and a version of any name is a folder with
an ``MLmodel``, also where it shares its real folder with versions of other names.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from mlflow.tracking import MlflowClient

from openstack_rca.lifecycle.mlflow import TAG_MODEL_URI
from openstack_rca.lifecycle.records import COMPANIONS, Manifest, manifest_key
from openstack_rca.lifecycle.versions import companions

MODELS = "models"
_FILE_OF_VERSION = re.compile(r"/models/[^/]+_v\d+\.keras$")


class VersionFolder(ArtifactRepository):  # type: ignore[misc]  # MLflow is not typed
    """One version, by the URI of its file, as a folder: its files, and an ``MLmodel`` made from its manifest."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        folder, _, self._file = artifact_uri.rpartition("/")
        super().__init__(folder, tracking_uri, registry_uri)
        self._folder = get_artifact_repository(folder, tracking_uri, registry_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Raises NotImplementedError: nothing is ever added to a version."""
        raise NotImplementedError

    log_artifacts = log_artifact

    def list_artifacts(self, path: str | None = None) -> Any:
        """Its files; there are no folders in it."""
        stem = self._file.removesuffix("keras")
        own = [found for found in self._folder.list_artifacts() if found.path.startswith(stem)]
        return [] if path else [*own, *(FileInfo(name, False, None) for name in COMPANIONS)]

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        folder = str(Path(local_path).parent)
        if remote_file_path not in COMPANIONS:
            self._folder.download_artifacts(remote_file_path, folder)
            return
        name = manifest_key(self._file)
        with tempfile.TemporaryDirectory() as own:
            facts = Path(self._folder.download_artifacts(name, own)).read_bytes()
        Path(local_path).write_bytes(companions(Manifest.from_bytes(facts, name))[remote_file_path])


class VersionsOfAnyName(ModelsArtifactRepository):  # type: ignore[misc]
    """MLflow's reader of addresses that begin with ``models:``; a version that is a file is shown as a folder."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        uri: str = self.repo.artifact_uri  # type: ignore[has-type]
        if _FILE_OF_VERSION.search(uri):
            self.repo = VersionFolder(uri, tracking_uri, registry_uri)


class RunsWithVersions(RunsArtifactRepository):  # type: ignore[misc]
    """MLflow's reader of addresses that begin with ``runs:``; overrides only methods that MLflow documents."""

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

    def _in_version(self, path: str) -> tuple[VersionFolder, str] | None:
        """The version and the path in it; ``None`` where the path leads to something else of the run."""
        run_id, whole = self.parse_runs_uri(f"{self.artifact_uri}/{path}".rstrip("/"))
        first, _, rest = (whole or "").partition("/")
        uri = MlflowClient(self.tracking_uri).get_run(run_id).data.tags.get(TAG_MODEL_URI) if first == MODELS else None
        return (VersionFolder(uri, self.tracking_uri, self.registry_uri), rest) if uri else None
