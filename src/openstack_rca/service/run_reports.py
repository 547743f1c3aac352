"""The report that an analysis run keeps, found again by its id, and what the run's process used."""

import resource

from pydantic import ValidationError

from openstack_rca.errors import LifecycleError
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
