"""Without a registry the manifests in the store say what there is; one that is damaged speaks for itself alone."""

from datetime import UTC, datetime

import pytest
from lifecycle_helpers import MakeModel, publish, stored_file

from openstack_rca.errors import DigestMismatch
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.retention import plan_pruning
from openstack_rca.settings import Settings


def with_damaged_manifest(settings: Settings, make_model: MakeModel, number: int) -> ModelLifecycle:
    """Three versions, one of them with a manifest that cannot be read."""
    lifecycle = ModelLifecycle(settings)
    versions = [publish(lifecycle, make_model(str(count))) for count in range(3)]
    stored_file(versions[number - 1]).with_suffix(".json").write_bytes(b"damaged")
    return ModelLifecycle(settings)


def test_a_damaged_manifest_hides_no_other_version(store_only: Settings, make_model: MakeModel) -> None:
    lifecycle = with_damaged_manifest(store_only, make_model, 1)
    held = [(version.version, version.status) for version in lifecycle.list()]
    assert held == [(3, "ready"), (2, "ready"), (1, "damaged")]
    assert lifecycle.load().version.version == 3


def test_a_damaged_manifest_is_named_by_verify(store_only: Settings, make_model: MakeModel) -> None:
    checks = with_damaged_manifest(store_only, make_model, 2).verify()
    assert [(check.version.version, check.ok) for check in checks] == [(3, True), (2, False), (1, True)]
    assert "_v2.json" in checks[1].problem


def test_latest_does_not_fall_back_in_silence_where_the_newest_manifest_is_damaged(
    store_only: Settings, make_model: MakeModel
) -> None:
    with pytest.raises(DigestMismatch, match=r"_v3\.json"):
        with_damaged_manifest(store_only, make_model, 3).resolve()


def test_a_version_with_a_damaged_manifest_is_not_pruned(store_only: Settings, make_model: MakeModel) -> None:
    steps = plan_pruning(with_damaged_manifest(store_only, make_model, 1), 1, now=datetime(2100, 1, 1, tzinfo=UTC))
    assert [step.version for step in steps if step.remove] == [2]


def test_with_a_damaged_manifest_about_publishing_goes_on(store_only: Settings, make_model: MakeModel) -> None:
    assert publish(with_damaged_manifest(store_only, make_model, 3), make_model("next")).version == 4
