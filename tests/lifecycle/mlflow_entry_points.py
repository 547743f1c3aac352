"""What MLflow does at its import where this package is installed; the tests run in a checkout too."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def installed_here(folder: Path) -> Path:
    """A folder that, on the path of Python, makes it find the entry points of this package; made below ``folder``."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    told = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in groups.items()
    )
    record = folder / "openstack_rca_entry_points-1.dist-info"
    record.mkdir(parents=True)
    (record / "entry_points.txt").write_text(told)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: openstack-rca-entry-points\nVersion: 1\n")
    return folder


def load_entry_points() -> None:
    """Hand MLflow the entry points of pyproject.toml."""
    from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for name, target in groups["mlflow.artifact_repository"].items():
        _artifact_repository_registry.register(name, EntryPoint(name, target, "").load())
    for name, target in groups["mlflow.run_context_provider"].items():
        EntryPoint(name, target, "").load()
