"""Runs on the tracking server: the page of one, the report that an analysis run keeps, what a run's process used."""

from __future__ import annotations

import resource
import shlex
from urllib.parse import urlparse

from pydantic import ValidationError

from openstack_rca.errors import LifecycleError
from openstack_rca.lifecycle.mlflow import Tracking, without_password
from openstack_rca.rca.report import Report
from openstack_rca.service.waiting_runs import TAG_REPORT
from openstack_rca.settings import Settings

__all__ = ["PROCESS_MEMORY", "TAG_REPORT", "process_memory_megabytes", "report_of_run"]

REPORT_FILE = "report/report.json"
"""Artifact of an analysis run."""
PROCESS_MEMORY = "process_memory_megabytes"
"""Metric of a training: the most memory that its own process has used so far."""


def report_of_run(report_id: str, settings: Settings) -> Report | None:
    """The report of the run that is tagged with this id; None where there is no run or it cannot be asked for."""
    from openstack_rca.lifecycle.mlflow import Tracking

    try:
        text = Tracking(settings).artifact_of_tagged_run(TAG_REPORT, report_id, REPORT_FILE)
        return Report.model_validate_json(text) if text else None
    except (LifecycleError, ValidationError):
        return None


def process_memory_megabytes() -> float:
    """The most resident memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def run_page(settings: Settings, run_id: str) -> str | None:
    """Address of a run on an http(s) tracking server; None where runs are kept here. Raises RegistryUnavailable."""
    page = Tracking(settings).run_page(run_id)
    return page if page and urlparse(page).scheme in ("http", "https") else None


def serving_command(settings: Settings) -> str:
    """The command that shows the runs of a database without a server, in MLflow's own pages."""
    return shlex.join(["mlflow", "ui", "--backend-store-uri", without_password(settings.tracking_uri)])
