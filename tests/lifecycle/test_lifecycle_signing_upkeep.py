"""Signed versions over their life: promoted, pruned, repaired, looked at."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lifecycle_helpers import MakeModel, publish
from signing_helpers import (
    PRODUCTION,
    Crash,
    Keys,
    crash_at,
    elsewhere,
    signature_of,
)

from openstack_rca.errors import SignatureInvalid, StoreUnavailable
from openstack_rca.lifecycle.records import ModelVersion, signature_key
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import promote
from openstack_rca.lifecycle.versions.repair import find_repairs, repair
from openstack_rca.lifecycle.versions.retention import carry_out, plan_pruning
from openstack_rca.settings import Settings

# Promoting, pruning, repairing, looking


def test_a_promoted_version_is_signed_for_its_new_place(embedded: Settings, keys: Keys, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(keys.both(embedded))
    publish(lifecycle, make_model("zero"))
    publish(lifecycle, make_model("good"))
    promotion = promote(lifecycle, 2, PRODUCTION)
    assert (promotion.version.version, promotion.version.signed, promotion.notice) == (1, True, "")
    there = keys.verifying(elsewhere(embedded)).model_copy(update={"experiment_name": PRODUCTION})
    assert ModelLifecycle(there).load().version.sha256 == promotion.source.sha256


def test_without_a_signing_key_a_version_is_promoted_unsigned_and_that_is_said(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(keys.signing(embedded)), make_model("good"))
    promotion = promote(ModelLifecycle(keys.verifying(embedded)), 1, PRODUCTION)
    assert (promotion.made, promotion.version.signed) == (True, False)
    assert "Version 1 of openstack_rca_system_production is not signed" in promotion.notice
    assert not signature_of(promotion.version).exists()


def test_that_the_signature_cannot_be_asked_for_does_not_undo_a_promotion(
    embedded: Settings, keys: Keys, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(_lifecycle: ModelLifecycle, _version: ModelVersion) -> bool:
        raise StoreUnavailable("The store does not answer.")

    publish(ModelLifecycle(keys.signing(embedded)), make_model("good"))
    monkeypatch.setattr(ModelLifecycle, "is_signed", no_answer)
    promotion = promote(ModelLifecycle(keys.signing(embedded)), 1, PRODUCTION)
    assert (promotion.made, promotion.version.signed, promotion.notice) == (True, None, "")


def test_where_nobody_signs_nothing_is_said_of_it(embedded: Settings, make_model: MakeModel) -> None:
    publish(ModelLifecycle(embedded), make_model("good"))
    promotion = promote(ModelLifecycle(embedded), 1, PRODUCTION)
    assert (promotion.notice, promotion.version.signed) == ("", None)


def test_promoting_again_with_a_key_signs_what_was_promoted_without(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(embedded), make_model("good"))
    promote(ModelLifecycle(embedded), 1, PRODUCTION)
    again = promote(ModelLifecycle(keys.signing(embedded)), 1, PRODUCTION)
    assert (again.made, again.version.version, again.version.signed) == (True, 2, True)
    assert not promote(ModelLifecycle(keys.signing(embedded)), 1, PRODUCTION).made


def test_a_version_that_is_not_signed_is_not_promoted_where_signatures_count(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """Nobody signs unread what somebody else has laid there."""
    publish(ModelLifecycle(embedded), make_model("unsigned"))
    with pytest.raises(SignatureInvalid):
        promote(ModelLifecycle(keys.both(embedded)), 1, PRODUCTION)
    assert ModelLifecycle(embedded).other(PRODUCTION, "lstm_model").list() == []


@pytest.mark.parametrize("settings", ["embedded", "store_only", "s3"], indirect=True)
def test_pruning_removes_the_signature_with_the_file(settings: Settings, keys: Keys, make_model: MakeModel) -> None:
    lifecycle = ModelLifecycle(keys.signing(settings))
    for text in ("old", "new"):
        publish(lifecycle, make_model(text))
    steps = plan_pruning(lifecycle, 1, now=datetime.now(UTC) + timedelta(days=400))
    assert [step.version for step in carry_out(lifecycle, steps)] == [1]
    left = {found.key for found in lifecycle.store.objects("") if "_history/" not in found.key}
    assert left == lifecycle.place.own_keys(2)


def test_a_signature_that_a_cut_off_pruning_left_goes_with_the_next(
    store_only: Settings, keys: Keys, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle = ModelLifecycle(keys.signing(store_only))
    versions = [publish(lifecycle, make_model(text)) for text in ("old", "new")]
    later = datetime.now(UTC) + timedelta(days=400)
    delete = lifecycle.store.delete

    def cut_off(key: str) -> None:
        if key == signature_key(lifecycle.place.key(1)):
            raise Crash
        delete(key)

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(lifecycle.store, "delete", cut_off)
        carry_out(lifecycle, plan_pruning(lifecycle, 1, now=later))
    assert signature_of(versions[0]).exists()
    assert ["cut off" in found.what for found in find_repairs(lifecycle)] == [True]
    assert [step.version for step in carry_out(lifecycle, plan_pruning(lifecycle, 1, now=later))] == [1]
    assert not signature_of(versions[0]).exists()


def test_orphans_of_a_signed_publishing_are_pruned_whole(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    signing = keys.signing(store_only)
    with pytest.raises(Crash):
        publish(ModelLifecycle(signing, at_step=crash_at("signed")), make_model("cut off"))
    lifecycle = ModelLifecycle(signing)
    assert ["orphan" in found.what for found in find_repairs(lifecycle)] == [True]
    plan = plan_pruning(lifecycle, orphans=True, now=datetime.now(UTC) + timedelta(days=400))
    carry_out(lifecycle, plan)
    assert lifecycle.store.objects("") == []


def test_repair_registers_what_is_signed_and_names_what_is_not(
    embedded: Settings, keys: Keys, make_model: MakeModel, empty_database: Path
) -> None:
    """A lost registry must not be the way in for what somebody has laid into the bucket."""
    publish(ModelLifecycle(keys.signing(embedded)), make_model("signed"))
    publish(ModelLifecycle(embedded), make_model("unsigned"))
    shutil.copy(empty_database, embedded.home / "new.db")
    lost = embedded.model_copy(update={"mlflow_tracking_uri": f"sqlite:///{embedded.home / 'new.db'}"})
    lifecycle = ModelLifecycle(keys.verifying(lost))
    found = {finding.version: finding for finding in repair(lifecycle)}
    assert (found[1].done, found[2].done) == (True, False)
    assert "no signature" in found[2].what
    assert [version.version for version in lifecycle.list()] == [1]


def test_show_tells_whether_a_version_is_signed_where_keys_are_set(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(keys.signing(store_only)), make_model("signed"))
    publish(ModelLifecycle(store_only), make_model("unsigned"))
    lifecycle = ModelLifecycle(keys.verifying(store_only))
    assert [lifecycle.show(number).signed for number in (1, 2)] == [True, False]
    assert ModelLifecycle(store_only).show(1).signed is None
