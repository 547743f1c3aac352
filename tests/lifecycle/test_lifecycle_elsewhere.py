"""What somebody does on MLflow's own pages is obeyed, and told as seen there."""

import warnings
from typing import Any

import pytest
from lifecycle_helpers import MakeModel, publish

from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.versions import VersionChanges
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.repair import REGISTER, find_repairs
from openstack_rca.lifecycle.versions.seen_history import SEEN, history
from openstack_rca.settings import Settings


@pytest.fixture
def client(postgres_and_s3: Settings) -> Any:
    return connect(postgres_and_s3)


@pytest.fixture
def lifecycle(postgres_and_s3: Settings, make_model: MakeModel) -> ModelLifecycle:
    found = ModelLifecycle(postgres_and_s3)
    for content in ("one", "two", "three"):
        publish(found, make_model(content))
    return found


def seen(lifecycle: ModelLifecycle) -> list[tuple[str, int, dict[str, str]]]:
    return [(event.action, event.version, event.details) for event in history(lifecycle) if event.reason == SEEN]


def move(client: Any, name: str, version: int, stage: str) -> None:
    with warnings.catch_warnings():
        # MLflow calls its stages old-fashioned; its pages still have them.
        warnings.simplefilter("ignore", FutureWarning)
        client.transition_model_version_stage(name, str(version), stage)


def test_nothing_is_seen_where_nobody_was(lifecycle: ModelLifecycle) -> None:
    """Our own changes stand in the history once."""
    changes = VersionChanges(lifecycle)
    changes.set_alias("champion", 1)
    changes.set_stage(2, "Production")
    assert seen(lifecycle) == []
    assert find_repairs(lifecycle) == []


def test_an_alias_that_was_set_moved_or_taken_away_there_counts(lifecycle: ModelLifecycle, client: Any) -> None:
    """It leads where it leads there."""
    changes = VersionChanges(lifecycle)
    changes.set_alias("champion", 1)
    changes.set_alias("canary", 2)
    name = lifecycle.index.registered_name
    client.set_registered_model_alias(name, "champion", "3")
    client.delete_registered_model_alias(name, "canary")
    client.set_registered_model_alias(name, "blue", "2")
    assert lifecycle.resolve("@champion").version == 3
    assert seen(lifecycle) == [
        ("aliased", 2, {"alias": "blue"}),
        ("unaliased", 2, {"alias": "canary"}),
        ("aliased", 3, {"alias": "champion"}),
    ]


def test_a_stage_that_was_set_there_counts(lifecycle: ModelLifecycle, client: Any) -> None:
    """The list shows it and the alias of the stage leads to it, until another version is moved there here."""
    move(client, lifecycle.index.registered_name, 2, "Production")
    assert [version.stage for version in lifecycle.list()] == ["", "Production", ""]
    assert lifecycle.resolve("@production").version == 2
    assert seen(lifecycle) == [("staged", 2, {"stage": "Production"})]
    assert VersionChanges(lifecycle).yank(2, "a reason").stage == "Production"
    VersionChanges(lifecycle).set_stage(1, "Production")
    assert lifecycle.resolve("@production").version == 1
    assert [version.stage for version in lifecycle.list()] == ["", "", "Production"]
    assert seen(lifecycle) == []


def test_a_version_that_was_deleted_there_is_told_and_not_offered_back_without_a_word(
    lifecycle: ModelLifecycle, client: Any
) -> None:
    client.delete_model_version(lifecycle.index.registered_name, "2")
    assert seen(lifecycle) == [("deleted", 2, {})]
    (found,) = find_repairs(lifecycle)
    assert (found.kind, found.version) == (REGISTER, 2)
    assert "deleted this one on MLflow's own pages" in found.what
