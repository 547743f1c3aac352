"""What MLflow does at its import where this package is installed; the tests run in a checkout too."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_entry_points() -> None:
    """Hand MLflow the entry points of pyproject.toml."""
    from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for name, target in groups["mlflow.artifact_repository"].items():
        _artifact_repository_registry.register(name, EntryPoint(name, target, "").load())
    for name, target in groups["mlflow.run_context_provider"].items():
        EntryPoint(name, target, "").load()
