"""Old runs go with what they stored; a run that made a version that exists never does."""

from pathlib import Path
from urllib.parse import urlparse

import pytest
from lifecycle_helpers import FACTS, MakeModel

from openstack_rca.errors import RegistryUnavailable
from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.mlflow.run_retention import plan_runs, prune_runs
from openstack_rca.lifecycle.mlflow.tracking import Tracking
from openstack_rca.lifecycle.objects.store import ObjectStore
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings


def analyses(settings: Settings, count: int) -> list[str]:
    made = []
    for number in range(count):
        with Tracking(settings).run("analysis", f"analysis {number}") as run:
            run.log_text("report", "report/report.txt")
        assert run.run_id and not run.notices
        made.append(run.run_id)
    return made


def train(settings: Settings, model: Path) -> str:
    with Tracking(settings).run("training") as run:
        ModelLifecycle(settings).publish(model, **{**FACTS, "run_id": run.run_id})
    assert run.run_id
    return run.run_id


def left(settings: Settings) -> set[str]:
    return {run.run_id for run in Tracking(settings).list_runs()}


@pytest.fixture(params=["embedded", "server_and_s3"])
def shared(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.getfixturevalue(request.param)
    return chosen


def test_the_newest_of_each_kind_and_the_makers_of_versions_stay(shared: Settings, make_model: MakeModel) -> None:
    maker = train(shared, make_model("one"))
    with Tracking(shared).run("training") as failed:
        pass
    newer = train(shared, make_model("two"))
    old, middle, new = analyses(shared, 3)
    decisions = {found.run.run_id: found for found in plan_runs(shared, keep=1)}
    assert {run for run, found in decisions.items() if found.goes} == {failed.run_id, old, middle}
    assert "version 1" in decisions[maker].reason
    assert left(shared) == {maker, failed.run_id, newer, old, middle, new}, "planning removes nothing"
    assert [found.problem for found in prune_runs(shared, keep=1)] == [""] * 6
    assert left(shared) == {maker, newer, new}
    assert prune_runs(shared, keep=0)[0].goes
    assert left(shared) == {maker, newer}
    assert ModelLifecycle(shared).load().version.version == 2


def test_what_a_run_stored_goes_and_what_the_others_stored_stays(shared: Settings) -> None:
    old, new = analyses(shared, 2)
    prune_runs(shared, keep=1)
    client = connect(shared)
    assert [found.path for found in client.list_artifacts(new, "report")] == ["report/report.txt"]
    assert client.list_artifacts(old) == []
    assert client.get_run(old).info.lifecycle_stage == "deleted"


def test_the_folder_of_a_run_goes_from_the_disk(embedded: Settings) -> None:
    old, _ = analyses(embedded, 2)
    folder = Path(urlparse(connect(embedded).get_run(old).info.artifact_uri).path)
    assert folder.exists()
    prune_runs(embedded, keep=1)
    assert not folder.exists()
    assert not folder.parent.exists()


def test_what_a_run_stored_in_a_bucket_goes(s3: Settings) -> None:
    settings = s3.model_copy(update={"mlflow_enabled": True})
    location = f"{s3.artifact_root}/run-artifacts"
    connect(settings).create_experiment(settings.experiment_name, artifact_location=location)
    old, new = analyses(settings, 2)
    prune_runs(settings, keep=1)
    store = ObjectStore(settings, location)
    assert store.objects(f"{old}/") == []
    assert len(store.objects(f"{new}/")) == 1


def test_a_run_that_is_still_going_on_stays(embedded: Settings) -> None:
    with Tracking(embedded).run("analysis") as running:
        decisions = {found.run.run_id: found for found in prune_runs(embedded, keep=0)}
        assert running.run_id is not None
        assert not decisions[running.run_id].goes
    assert left(embedded) == {running.run_id}


def test_the_maker_of_a_version_of_another_environment_stays(embedded: Settings, make_model: MakeModel) -> None:
    """Promotion copies a version, and the copy names the run that made the original."""
    with Tracking(embedded).run("training") as run:
        pass
    production = embedded.model_copy(update={"experiment_name": "production"})
    ModelLifecycle(production).publish(make_model("one"), **{**FACTS, "run_id": run.run_id})
    assert [found.goes for found in prune_runs(embedded, keep=0)] == [False]


def test_other_experiments_are_not_touched(embedded: Settings) -> None:
    analyses(embedded, 2)
    other = embedded.model_copy(update={"experiment_name": "other"})
    kept = set(analyses(other, 2))
    prune_runs(embedded, keep=0)
    assert left(other) == kept


def test_files_that_cannot_be_removed_are_told_and_the_run_stays(embedded: Settings) -> None:
    (old,) = analyses(embedded, 1)
    folder = Path(urlparse(connect(embedded).get_run(old).info.artifact_uri).path)
    moved = folder.rename(folder.with_name("moved"))
    folder.symlink_to(moved)
    (decision,) = prune_runs(embedded, keep=0)
    assert decision.problem
    assert left(embedded) == {old}
    assert (moved / "report" / "report.txt").exists()


def test_without_a_registry_nothing_goes(embedded: Settings, store_only: Settings) -> None:
    assert prune_runs(store_only, keep=0) == []
    down = embedded.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})
    with pytest.raises(RegistryUnavailable):
        prune_runs(down, keep=0)
