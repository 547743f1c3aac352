"""Versions, runs and connections: list, show, download, verify, publish what was spooled, check."""

from collections.abc import Mapping, Sequence

from openstack_rca.lifecycle.doctor import ConnectionCheck as ConnectionCheck
from openstack_rca.lifecycle.doctor import check_connections as check_connections
from openstack_rca.lifecycle.mlflow import RunSummary as RunSummary
from openstack_rca.lifecycle.mlflow import Tracking
from openstack_rca.lifecycle.records import ModelKind as ModelKind
from openstack_rca.lifecycle.records import ModelVersion as ModelVersion
from openstack_rca.lifecycle.versions import ModelLifecycle as ModelLifecycle
from openstack_rca.service.places import where_nothing_is
from openstack_rca.service.waiting_runs import send_waiting_runs
from openstack_rca.settings import Settings


def list_models(settings: Settings, limit: int | None = None) -> list[ModelVersion]:
    """Versions of the environment, newest first. Raises RegistryUnavailable, StoreUnavailable: nothing to list from."""
    return ModelLifecycle(settings).list(limit)


def latest_of(versions: Sequence[ModelVersion]) -> int | None:
    """Which of the newest versions ``latest`` means; ``None`` where it is none of them."""
    pinned = next((version.version for version in versions if version.pinned), None)
    return pinned or next((version.version for version in versions if version.resolvable), None)


def aliases_of(version: ModelVersion, latest: int | None) -> str:
    """The names of a version, with commas between: ``latest`` first if its number is ``latest``, then its aliases."""
    return ", ".join([*(["latest"] if version.version == latest else []), *version.aliases])


def rounded(figure: float) -> str:
    """A figure of a model as it is shown everywhere: three decimals, or three digits where these would say nothing."""
    return f"{figure:.3f}" if not figure or abs(figure) >= 0.001 else f"{figure:.3g}"


def figures_by_worth(metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Title -> figures of a version: first those on held-back logs, then those of rivals, then those of the training."""
    worth = ("test_", "calibration_", "story_", "inference_")
    sorts = {"on held-back logs": worth, "of simpler rivals on the same": ("rival_",), "while it learned": ("",)}
    left = dict(sorted(metrics.items()))
    told = {
        title: {name: left.pop(name) for begin in begins for name in [*left] if name.startswith(begin)}
        for title, begins in sorts.items()
    }
    return {title: figures for title, figures in told.items() if figures}


def why_latest(versions: Sequence[ModelVersion]) -> str:
    """One sentence: which of the newest versions ``latest`` means, and why."""
    number = latest_of(versions)
    if number is None:
        return "latest is none of these: none is ready, not yanked and usable for analysis."
    if any(version.pinned for version in versions):
        return f"latest is version {number}: it is pinned (openstack-rca models unpin lets the highest be it again)."
    return f"latest is version {number}: the highest that is ready, not yanked and usable for analysis."


def where_versions_come_from(settings: Settings) -> str:
    """Advice where no version is listed: train one, or register those that only the store has."""
    if ModelLifecycle(settings).lies_unregistered():
        return (
            "Versions lie in the store that the registry does not know; take them in: openstack-rca models repair --yes"
        )
    return where_nothing_is(settings, "Train one with: openstack-rca train LOGS")


def list_runs(settings: Settings, limit: int = 20, kind: str | None = None) -> list[RunSummary]:
    """Runs, newest first, of one kind if given; answers that wait to be recorded are sent first."""
    send_waiting_runs(settings)
    return Tracking(settings).list_runs(limit, kind)


def run_outcome(run: RunSummary) -> str:
    """What came of a run: the version of a training, the answer of an analysis, the score of an evaluation; "" while it runs."""
    if run.seconds is None:
        return ""
    if run.kind == "training":
        version = run.tags.get("openstack_rca.model_version")
        return f"version {version}" if version else "no version"
    if run.kind == "analysis":
        component = run.tags.get("openstack_rca.component", "none")
        return run.tags.get("openstack_rca.verdict", "") + (f": {component}" if component != "none" else "")
    return f"top-1 {run.metrics['top1']:.2f}" if "top1" in run.metrics else ""
