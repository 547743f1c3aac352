"""Signed versions without the network, and when their publishing breaks off."""

from pathlib import Path

import pytest
from flaky_proxy import Fault, flaky_proxy
from lifecycle_helpers import MakeModel, publish
from signing_helpers import (
    Crash,
    Keys,
    bad_keys,
    crash_at,
    elsewhere,
    offline,
)

from openstack_rca.errors import PublishFailed, SignatureInvalid
from openstack_rca.lifecycle.records import signature_key
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings

# Without the network


def test_a_signed_version_is_used_from_the_cache_when_nothing_answers(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(keys.signing(embedded)), make_model("signed"))
    there = keys.verifying(elsewhere(embedded))
    ModelLifecycle(there).load()
    loaded = ModelLifecycle(offline(there)).load()
    assert (loaded.source, loaded.version.version) == ("cache", 1)
    assert "from the cache" in loaded.notices[0]


def test_with_the_store_down_the_cached_signature_counts(s3: Settings, keys: Keys, make_model: MakeModel) -> None:
    assert s3.s3_endpoint_url
    with flaky_proxy(s3.s3_endpoint_url) as store:
        settings = keys.both(s3).model_copy(update={"s3_endpoint_url": store.address})
        publish(ModelLifecycle(settings), make_model("signed"))
        store.fault = Fault("cut")
        assert ModelLifecycle(settings).load().source == "cache"
        for kept in settings.cache_folder.rglob("*.sig"):
            kept.unlink()
        with pytest.raises(SignatureInvalid, match="not in the cache"):
            ModelLifecycle(settings).load()


def test_who_published_it_can_use_it_offline_at_once(embedded: Settings, keys: Keys, make_model: MakeModel) -> None:
    settings = keys.both(embedded)
    publish(ModelLifecycle(settings), make_model("signed"))
    assert ModelLifecycle(offline(settings)).load().version.version == 1


def test_a_cached_version_without_a_cached_signature_is_refused_offline(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """Also where an older one in the cache is signed: no other takes its place."""
    there = elsewhere(embedded)
    publish(ModelLifecycle(keys.signing(embedded)), make_model("signed"))
    ModelLifecycle(keys.verifying(there)).load()
    publish(ModelLifecycle(embedded), make_model("unsigned"))
    ModelLifecycle(there).load()
    with pytest.raises(SignatureInvalid, match=r"Version 2 .* not in the cache"):
        ModelLifecycle(keys.verifying(offline(there))).load()


def test_the_cached_signature_is_checked_at_each_use(
    embedded: Settings, keys: Keys, other_keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(keys.signing(embedded)), make_model("signed"))
    there = elsewhere(embedded)
    ModelLifecycle(keys.verifying(there)).load()
    with pytest.raises(SignatureInvalid, match="another key"):
        ModelLifecycle(other_keys.verifying(offline(there))).load()


def test_a_damaged_signature_in_the_cache_is_fetched_anew(
    embedded: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(keys.signing(embedded)), make_model("signed"))
    there = keys.verifying(elsewhere(embedded))
    ModelLifecycle(there).load()
    (kept,) = there.cache_folder.rglob("*.sig")
    kept.write_bytes(b"damaged")
    assert ModelLifecycle(there).load().version.version == 1
    assert kept.read_bytes() != b"damaged"


# Publishing that breaks off


@pytest.mark.parametrize("step", ["verified", "signed"])
def test_a_crash_around_the_signature_leaves_nothing_that_resolves(
    settings: Settings, keys: Keys, make_model: MakeModel, step: str
) -> None:
    """Before it and after it; the next publishing works."""
    signing = keys.both(settings)
    first = publish(ModelLifecycle(signing), make_model("first"))
    with pytest.raises(Crash):
        publish(ModelLifecycle(signing, at_step=crash_at(step)), make_model("second"))
    lifecycle = ModelLifecycle(signing)
    assert lifecycle.resolve().version == first.version
    third = publish(lifecycle, make_model("third"))
    assert lifecycle.load().version.version == third.version > first.version


@pytest.mark.parametrize("step", ["verified", "signed", "described"])
def test_a_spooled_file_whose_publishing_broke_off_keeps_its_number_and_gets_one_signature(
    embedded: Settings, keys: Keys, make_model: MakeModel, tmp_path: Path, step: str
) -> None:
    signing = keys.both(embedded)
    with pytest.raises(PublishFailed):
        publish(ModelLifecycle(bad_keys(tmp_path, "missing").signing(embedded)), make_model("spooled"))
    with pytest.raises(Crash):
        ModelLifecycle(signing, at_step=crash_at(step)).publish_spooled()
    (version,) = ModelLifecycle(signing).publish_spooled()
    assert version.version == 1
    assert [check.problem for check in ModelLifecycle(elsewhere(signing)).verify()] == [""]


def test_a_signature_that_somebody_laid_there_before_is_not_taken_for_ours(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """It is not overwritten either: the next number is taken."""
    lifecycle = ModelLifecycle(keys.both(store_only))
    lifecycle.store.put_new_bytes(signature_key(lifecycle.place.key(1)), b"foreign")
    version = publish(lifecycle, make_model("signed"))
    assert version.version == 2
    assert lifecycle.load().version.version == 2
    assert lifecycle.store.read(signature_key(lifecycle.place.key(1))) == b"foreign"
