"""What our versions are tagged with in MLflow, and what the tags say."""

import json
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from openstack_rca.lifecycle.history import STAGES
from openstack_rca.lifecycle.mlflow.registry_reader import RegisteredVersion
from openstack_rca.lifecycle.records import TAG, Draft, Manifest, ModelVersion, Place

TAG_STATUS = TAG + "status"
TAG_REASON = TAG + "reason"
TAG_SHA256 = TAG + "sha256"
TAG_SIZE = TAG + "size_bytes"
TAG_WRITER = TAG + "writer"
TAG_EXPERIMENT = TAG + "experiment"
TAG_MODEL_NAME = TAG + "model_name"
TAG_METRICS = TAG + "metrics"
TAG_PARAMETERS = TAG + "parameters"
TAG_YANKED = TAG + "yanked"
TAG_PINNED = TAG + "pinned"
TAG_DESCRIPTION = TAG + "description"
TAG_STAGE = TAG + "stage"
TAG_NUMBER = TAG + "number"
"""Our number of a version that was registered again; where MLflow could not give that number, it differs from its own."""
TAG_CREATED = TAG + "created"
KEY_FIGURES = ("accuracy", "loss", "test_accuracy", "test_loss", "test_precision", "test_recall", "story_auroc")
"""Figures that stand as tags of their own on MLflow's page of a version; all of them are in ``TAG_METRICS``."""


def facts_of(version: Draft | Manifest, place: Place) -> dict[str, str]:
    """The MLflow tags that a version gets when it is created, with the status ``uploading``."""
    reason = {TAG_REASON: version.status_reason} if version.status_reason else {}
    return {
        **version.tags,
        **{TAG + name: f"{version.metrics[name]:.4g}" for name in KEY_FIGURES if name in version.metrics},
        **reason,
        TAG_STATUS: "uploading",
        TAG_SHA256: version.sha256,
        TAG_SIZE: str(version.size_bytes),
        TAG_WRITER: version.writer,
        TAG_EXPERIMENT: place.experiment,
        TAG_MODEL_NAME: place.model_name,
        TAG_METRICS: json.dumps(dict(version.metrics)),
        TAG_PARAMETERS: json.dumps(dict(version.parameters), default=str),
    }


def is_registered_half(version: ModelVersion) -> bool:
    """Whether ``register`` was interrupted while it registered this version again."""
    return version.status == "uploading" and TAG_NUMBER in version.tags


def number_of(found: RegisteredVersion) -> int:
    """Our number of a version; MLflow's number differs if the version was registered again under another one."""
    text = found.tags.get(TAG_NUMBER, "")
    return int(text) if text.isdecimal() else found.version


def stage_of(found: RegisteredVersion) -> str:
    """The stage of a version: our tag, else the stage set on MLflow's own pages; empty for none."""
    return found.tags.get(TAG_STAGE) or (found.stage if found.stage in STAGES else "")


def leave_stage_there(client: Any, name: str, found: RegisteredVersion) -> None:
    """Clear the stage of a version that was set on MLflow's own pages; our own tag stays."""
    with warnings.catch_warnings():
        # MLflow calls its stages old-fashioned, and its pages still have them.
        warnings.simplefilter("ignore", FutureWarning)
        client.transition_model_version_stage(name, str(found.version), "None")


def created_of(found: RegisteredVersion) -> datetime:
    """When a version was created, in UTC; of one that was registered again, the original time."""
    with suppress(KeyError, ValueError):
        return datetime.fromisoformat(found.tags[TAG_CREATED])
    return datetime.fromtimestamp(found.created_ms / 1000, UTC)
