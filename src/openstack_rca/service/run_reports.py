"""What runs keep: the report of an analysis, found again by its id, results of measurements, and what the process used."""

import json
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from openstack_rca.errors import LifecycleError
from openstack_rca.rca.report import Report
from openstack_rca.service.waiting_runs import TAG_REPORT
from openstack_rca.settings import Settings

__all__ = ["PROCESS_MEMORY", "TAG_REPORT", "process_memory_megabytes", "record_measurement", "report_of_run"]

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


def record_measurement(
    kind: str,
    result: Mapping[str, Any],
    settings: Settings,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str] | None = None,
    picture: Path | None = None,
) -> str | None:
    """Log an evaluation, a comparison or a drift as a run, with the whole result and a picture as artifacts.

    Returns the run's id, None where tracking is off. Raises RegistryUnavailable.
    """
    from openstack_rca.lifecycle.mlflow import Tracking

    tracking = Tracking(settings)
    if not tracking.enabled:
        return None
    with tracking.run("evaluation", time.strftime(f"{kind}-%Y%m%d-%H%M%S", time.gmtime())) as run:
        run.log_facts(params, metrics, tags or {})
        run.log_text(json.dumps(result, indent=2), f"{kind}/{kind}.json")
        if picture is not None:
            run.log_artifact(picture, kind)
        return run.run_id


def process_memory_megabytes() -> float:
    """The most resident memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
