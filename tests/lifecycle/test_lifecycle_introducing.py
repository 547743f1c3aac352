"""What a version says of itself from its publishing on."""

import pytest
from lifecycle_helpers import MakeModel

from openstack_rca.lifecycle.mlflow.client import connect
from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.lifecycle.versions import VersionChanges
from openstack_rca.lifecycle.versions.introducing import Before, introduction
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import promote
from openstack_rca.lifecycle.versions.repair import find_repairs
from openstack_rca.settings import Settings

CARD = {
    "events": 41234,
    "services": 12,
    "hosts": 3,
    "first": "2026-11-20T10:00:00+00:00",
    "last": "2026-11-20T11:00:00+00:00",
    "source": "/var/log/kolla",
    "data_fingerprint": "aa",
}
METRICS = {"test_accuracy": 0.9, "rival_bigram_test_accuracy": 0.8, "accuracy": 0.95}


def publish(
    lifecycle: ModelLifecycle, make_model: MakeModel, content: str, accuracy: float, epochs: int
) -> ModelVersion:
    return lifecycle.publish(
        make_model(content),
        run_id=None,
        metrics={**METRICS, "test_accuracy": accuracy},
        parameters={"epochs": epochs},
        card={**CARD, "data_fingerprint": content},
        tags={"trained_on": "zed"},
        before="latest",
    )


def test_one_service_on_one_host_is_told_in_the_singular() -> None:
    told = introduction({**CARD, "services": 1, "hosts": 1}, METRICS, {}, {}, "abcdef0123456789", None)
    assert told.startswith("41,234 events of 1 service on 1 host, ")


def test_data_stands_first_figures_beside_their_rivals_and_the_run_is_linked() -> None:
    told = introduction(CARD, METRICS, {}, {}, "abcdef0123456789", None).splitlines()
    assert told == [
        "41,234 events of 12 services on 3 hosts, 2026-11-20 10:00 to 2026-11-20 11:00 UTC, from `/var/log/kolla`",
        "",
        "- accuracy on held-back logs: 0.9 (rivals: bigram 0.8)",
        "- made by [run abcdef01](#/runs/abcdef0123456789)",
    ]


def test_what_changed_against_the_version_before_is_told() -> None:
    before = Before(14, {"test_accuracy": 0.85}, {"epochs": 2, "seed": 0}, {"events": 40000, "data_fingerprint": "bb"})
    told = introduction(
        {"events": 41234, "data_fingerprint": "aa"}, METRICS, {"epochs": 3, "seed": 0}, {}, None, before
    )
    assert (
        "- against version 14: accuracy on held-back logs 0.85 then, 0.9 now; other data (events 40000 to 41234); "
        "`epochs` `2` to `3`"
    ) in told


def test_mark_up_in_what_others_said_is_not_obeyed() -> None:
    """A path or metadata cannot put an image, a link or a line of its own into the page."""
    hostile = "x` ![](http://evil)\n# big"
    told = introduction({**CARD, "source": hostile}, {}, {}, {"note": hostile}, None, None)
    assert "`x' ![](http://evil) # big`" in told.splitlines()[0]
    assert not any(line.startswith("#") for line in told.splitlines())


@pytest.mark.parametrize("name", ["postgres_and_s3", "store_only"])
def test_each_version_carries_it_and_own_words_win(
    name: str, request: pytest.FixtureRequest, make_model: MakeModel
) -> None:
    """Taken away again, the words of the publishing come back; there is nothing to repair; a promotion carries them on."""
    lifecycle = ModelLifecycle(request.getfixturevalue(name))
    publish(lifecycle, make_model, "one", 0.8, 2)
    second = publish(lifecycle, make_model, "two", 0.9, 3)
    made = second.description
    assert "against version 1: accuracy on held-back logs 0.8 then, 0.9 now; other data" in made
    assert "`trained_on`: `zed`" in made
    changes = VersionChanges(lifecycle)
    assert changes.describe(2, "the quiet week").description == "the quiet week"
    assert changes.yank(2, "a reason").description == "the quiet week"
    assert changes.describe(2, "").description == made
    assert [found for found in find_repairs(lifecycle) if found.kind != "named"] == []
    assert (
        promote(lifecycle, 1, f"{lifecycle.place.experiment}_elsewhere").version.description
        == lifecycle.show(1).description
    )


def test_mlflow_shows_it_as_its_own_description_with_the_figures_as_tags(
    postgres_and_s3: Settings, make_model: MakeModel
) -> None:
    lifecycle, client = ModelLifecycle(postgres_and_s3), connect(postgres_and_s3)
    version = publish(lifecycle, make_model, "one", 0.8, 2)
    name = lifecycle.index.registered_name
    found = client.get_model_version(name, "1")
    assert found.description == version.description
    assert found.tags["openstack_rca.test_accuracy"] == "0.8"
    VersionChanges(lifecycle).describe(1, "the quiet week")
    assert client.get_model_version(name, "1").description == "the quiet week"
    VersionChanges(lifecycle).describe(1, "")
    assert client.get_model_version(name, "1").description == version.description


def test_metadata_of_our_own_is_told_in_words_and_others_as_they_are() -> None:
    told = introduction({}, {}, {}, {"openstack_rca.imported_from": "elsewhere", "data_set": "week_7"}, None, None)
    assert told == "- `data_set`: `week_7`, `imported from`: `elsewhere`"
