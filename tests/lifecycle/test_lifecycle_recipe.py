"""The server of docs/servers.md, made by the commands that are printed there, serves everything that clients ask of it."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlparse

import pytest
from lifecycle_helpers import FACTS, PATIENCE, MakeModel
from packaging.requirements import Requirement
from server_recipe import Recipe, read_recipe

from openstack_rca.errors import RegistryUnavailable
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.mlflow import Tracking, connect
from openstack_rca.lifecycle.objects import ObjectStore
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings


@pytest.fixture
def client(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """A client that has set the variables of the recipe, and nothing else."""
    for name, value in recipe.client.items():
        monkeypatch.setenv(name, value)
    return load_settings(home=tmp_path, network_timeout_seconds=PATIENCE)


def test_what_the_recipe_installs_is_what_these_tests_run() -> None:
    """No package of the server came to this environment by another way."""
    for text in read_recipe({}).install:
        wanted = Requirement(text)
        assert version(wanted.name) in wanted.specifier


def test_every_connection_of_a_client_is_well(client: Settings) -> None:
    """Also the files of runs, which the server writes to its bucket."""
    assert [check for check in check_connections(client) if not check.ok] == []


def test_the_server_is_reached_by_its_name(client: Settings) -> None:
    """As clients on other machines do; MLflow lets in only the names that it was told."""
    host = urlparse(client.tracking_uri).hostname
    if host == "localhost":
        pytest.skip("the name of this machine leads to no address of its own")
    connect(client).search_experiments()


def test_runs_versions_files_and_traces_are_kept(client: Settings, make_model: MakeModel) -> None:
    """A user who is not the administrator publishes, and the bucket holds the files of the run."""
    with Tracking(client).run("training", "by alice") as run:
        run.log_text("layers", "model_summary.txt")
        run.log_steps("training", datetime.now(UTC), {"read": 0.5})
        lifecycle = ModelLifecycle(client)
        made = lifecycle.publish(make_model("one"), **{**FACTS, "run_id": run.run_id})
        run.log_version(made.version, made.uri)
    assert run.notices == []
    assert lifecycle.load().version.version == made.version
    server = connect(client)
    experiment = server.get_run(run.run_id).info.experiment_id
    (trace,) = server.search_traces(locations=[experiment], run_id=run.run_id)
    assert [span.name for span in trace.data.spans] == ["training", "read"]
    bucket = ObjectStore(client, client.artifact_root.replace("/rca", "/mlflow-artifacts"))
    assert bucket.read(f"{experiment}/{run.run_id}/artifacts/model_summary.txt") == b"layers"


def test_a_version_is_registered_also_where_its_run_is_gone(client: Settings, make_model: MakeModel) -> None:
    """A database that was lost knows no runs, and with a log-in nobody may name one that it does not know."""
    own = ModelLifecycle(client.model_copy(update={"experiment_name": "runs_are_gone"}))
    assert own.publish(make_model("one"), **{**FACTS, "run_id": "0" * 32}).version == 1
    assert (own.show(1).status, own.show(1).run_id) == ("ready", None)


def test_a_wrong_password_is_told_and_the_cache_answers(
    client: Settings, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password that was tried is not shown."""
    own = client.model_copy(update={"experiment_name": "with_a_password"})
    known = ModelLifecycle(own)
    known.publish(make_model("one"), **FACTS)
    known.load()
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "not-the-password")
    wrong = ModelLifecycle(load_settings(home=own.home, experiment_name="with_a_password"))
    with pytest.raises(RegistryUnavailable, match="MLFLOW_TRACKING_PASSWORD") as caught:
        wrong.list()
    assert "not-the-password" not in str(caught.value)
    assert "from the cache" in wrong.load().notices[0]
