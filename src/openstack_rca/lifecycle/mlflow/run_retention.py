"""Old runs go, with what they stored; runs that made a version that exists stay."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import unquote, urlparse

from openstack_rca.errors import LifecycleError
from openstack_rca.lifecycle.mlflow.client import connect, registry_errors
from openstack_rca.lifecycle.mlflow.run_reader import RunSummary
from openstack_rca.lifecycle.mlflow.traces import remove_trace
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.objects import ObjectStore
from openstack_rca.settings import Settings

ALL = 1_000_000
PAGE = 200


@dataclass(frozen=True)
class RunDecision:
    """What ``prune_runs`` does with one run, and why; ``problem`` tells what could not be removed."""

    run: RunSummary
    goes: bool
    reason: str
    problem: str = ""


def plan_runs(settings: Settings, keep: int) -> list[RunDecision]:
    """Which runs of the experiment would go; of each kind (training, analysis, evaluation, other) the newest stay.

    Raises RegistryUnavailable: the tracking server cannot be asked; without the registry nothing may go.
    """
    if not settings.mlflow_enabled:
        return []
    made = _runs_behind_versions(settings)
    seen: Counter[str] = Counter()
    decisions = []
    for run in Tracking(settings).list_runs(ALL):
        seen[run.kind] += 1
        if run.run_id in made:
            decisions.append(RunDecision(run, False, f"it made {made[run.run_id]}"))
        elif run.seconds is None and run.status == "RUNNING":
            decisions.append(RunDecision(run, False, "it is still running"))
        elif seen[run.kind] <= keep:
            decisions.append(RunDecision(run, False, f"it is among the newest {keep}"))
        else:
            decisions.append(
                RunDecision(run, True, "there is 1 newer one" if keep == 1 else f"there are {keep} newer ones")
            )
    return decisions


def prune_runs(settings: Settings, keep: int) -> list[RunDecision]:
    """Remove what ``plan_runs`` names: the run in MLflow with its trace, and the files that it stored.

    Returns the decision on every run; raises as ``plan_runs``. A removed run can be restored in MLflow until ``mlflow gc``
    clears it for good; its files are gone.
    """
    client = connect(settings) if settings.mlflow_enabled else None
    return [_remove(settings, client, found) if found.goes else found for found in plan_runs(settings, keep)]


def _remove(settings: Settings, client: Any, decision: RunDecision) -> RunDecision:
    run_id = decision.run.run_id
    try:
        with registry_errors(settings.tracking_uri):
            run = client.get_run(run_id)
        _remove_files(settings, run_id, run.info.artifact_uri)
        with registry_errors(settings.tracking_uri):
            remove_trace(settings.tracking_uri, run)
            client.delete_run(run_id)
    except LifecycleError as error:
        return RunDecision(decision.run, decision.goes, decision.reason, error.message)
    except OSError as error:
        return RunDecision(decision.run, decision.goes, decision.reason, f"{error.strerror or error}")
    return decision


def _remove_files(settings: Settings, run_id: str, location: str) -> None:
    # A location without the run's own id in it could be a folder that others share: it is left alone.
    if run_id not in location:
        return
    parts = urlparse(location)
    if parts.scheme in ("", "file"):
        folder = Path(unquote(parts.path) if parts.scheme else location)
        if folder.exists():
            rmtree(folder)
            if folder.parent.name == run_id and not any(folder.parent.iterdir()):
                folder.parent.rmdir()
    elif parts.scheme in ("mlflow-artifacts", "http", "https"):
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with registry_errors(settings.tracking_uri):
            get_artifact_repository(location, tracking_uri=settings.tracking_uri).delete_artifacts()
    else:
        store = ObjectStore(settings, location)
        for found in store.objects(""):
            store.delete(found.key)


def _runs_behind_versions(settings: Settings) -> dict[str, str]:
    """Run -> the version that it made, over every model of every environment and in whatever state."""
    client, token = connect(settings), None
    made: dict[str, str] = {}
    while True:
        with registry_errors(settings.tracking_uri):
            page = client.search_model_versions(max_results=PAGE, page_token=token)
        made |= {found.run_id: f"{found.name} version {found.version}" for found in page if found.run_id}
        token = page.token
        if not token:
            return made
