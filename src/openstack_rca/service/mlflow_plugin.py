"""Loaded by MLflow itself (an entry point of this package): ``mlflow.keras.load_model`` knows our Keras objects.

Importing Keras costs seconds, so that is done in the moment when MLflow imports its Keras flavour, and right before it: Keras
chooses its backend when it is first imported, and what is installed here is JAX.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openstack_rca.service.mlflow_artifacts import RunsWithVersions, VersionsOfAnyName

FLAVOUR = "mlflow.keras"


class RegistersObjects(MetaPathFinder):
    """Registers our Keras objects when MLflow's Keras flavour is looked for; it finds nothing itself."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Called by Python for each module that is imported."""
        if fullname == FLAVOUR:
            sys.meta_path.remove(self)
            import openstack_rca.model.network  # noqa: F401 - for its side effect


class NoContext:
    """The run context that MLflow makes of the entry point; it adds nothing to runs."""

    def in_context(self) -> bool:
        """Always False: it applies to no run."""
        return False

    def tags(self) -> dict[str, str]:
        """No tags."""
        return {}


def runs_with_versions(uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> RunsWithVersions:
    """The artifact repository with which MLflow opens addresses that begin with ``runs:``.

    MLflow asks for it while it still imports itself, so its own classes can only be had later.
    """
    from openstack_rca.service.mlflow_artifacts import RunsWithVersions

    return RunsWithVersions(uri, tracking_uri, registry_uri)


def versions_of_any_name(
    uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> VersionsOfAnyName:
    """As ``runs_with_versions``, for addresses that begin with ``models:``."""
    from openstack_rca.service.mlflow_artifacts import VersionsOfAnyName

    return VersionsOfAnyName(uri, tracking_uri, registry_uri)


if FLAVOUR not in sys.modules:
    sys.meta_path.insert(0, RegistersObjects())
