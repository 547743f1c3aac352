"""Versions, runs and connections: list, show, download, verify, publish what was spooled, check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from openstack_rca.lifecycle.doctor import ConnectionCheck, check_connections
from openstack_rca.lifecycle.mlflow import RunSummary, Tracking
from openstack_rca.lifecycle.records import ModelKind, ModelVersion, VersionCheck
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.service.waiting_runs import send_waiting_runs
from openstack_rca.settings import Settings

__all__ = [
    "ConnectionCheck",
    "ModelKind",
    "ModelVersion",
    "RunSummary",
    "VersionCheck",
    "doctor",
    "download_model",
    "list_models",
    "list_runs",
    "publish_spooled",
    "show_model",
    "verify_models",
    "where_versions_come_from",
]


def list_models(settings: Settings, limit: int | None = None) -> list[ModelVersion]:
    """Versions of the environment, newest first.

    Raises:
        RegistryUnavailable, StoreUnavailable: nothing to list from.
    """
    return ModelLifecycle(settings).list(limit)


def where_versions_come_from(settings: Settings) -> str:
    """The advice for who sees no version: train one, or take in those that the registry does not know."""
    if ModelLifecycle(settings).lies_unregistered():
        return (
            "Versions lie in the store that the registry does not know; take them in: openstack-rca models repair --yes"
        )
    return "Train one with: openstack-rca train LOGS"


def show_model(settings: Settings, reference: str) -> ModelVersion:
    """One version, by ``latest``, number or ``@alias``.

    Raises:
        VersionNotFound: there is no such version.
    """
    return ModelLifecycle(settings).show(reference)


def download_model(
    settings: Settings, reference: str, output: Path, on_progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write the verified file of a version, or nothing.

    Raises:
        VersionNotFound, DigestMismatch, StoreError: see ``openstack_rca.errors``.
    """
    return ModelLifecycle(settings).download(reference, output, on_progress=on_progress)


def verify_models(settings: Settings) -> list[VersionCheck]:
    """Compare registry, store and digest of every version."""
    return ModelLifecycle(settings).verify()


def publish_spooled(settings: Settings) -> list[ModelVersion]:
    """Publish the trained files that an outage kept back, in order."""
    return ModelLifecycle(settings).publish_spooled()


def list_runs(settings: Settings, limit: int = 20, kind: str | None = None) -> list[RunSummary]:
    """Training and analysis runs, newest first; answers that wait to be recorded are sent before."""
    send_waiting_runs(settings)
    return Tracking(settings).list_runs(limit, kind)


def doctor(settings: Settings) -> list[ConnectionCheck]:
    """Check every connection."""
    return check_connections(settings)
