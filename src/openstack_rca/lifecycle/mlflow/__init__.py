"""Runs and version numbers in MLflow: client, tracking, registry. May touch ``history`` and what lies below it."""

from openstack_rca.lifecycle.mlflow.client import (
    connect,
    get_ready,
    is_server,
    prepare_environment,
    registry_errors,
    without_password,
)
from openstack_rca.lifecycle.mlflow.database_backup import DatabaseFacts, Restored, back_up, restore
from openstack_rca.lifecycle.mlflow.probing import probe_artifacts, server_version
from openstack_rca.lifecycle.mlflow.registry import MlflowRegistry
from openstack_rca.lifecycle.mlflow.registry_tags import TAG_WRITER, is_registered_half
from openstack_rca.lifecycle.mlflow.run_logger import TAG_MODEL_URI, TAG_NOTE, RunLogger
from openstack_rca.lifecycle.mlflow.run_reader import RunSummary
from openstack_rca.lifecycle.mlflow.run_retention import RunDecision, plan_runs, prune_runs
from openstack_rca.lifecycle.mlflow.tracking import Tracking
