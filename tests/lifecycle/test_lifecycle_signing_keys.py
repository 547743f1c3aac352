"""Keys of signed versions: what cannot be used is told before anything is done; who has set none notices nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import MakeModel, publish
from signing_helpers import (
    PASSWORD,
    PRODUCTION,
    Keys,
    bad_keys,
    openssl,
    signature_of,
)

from openstack_rca.errors import ConfigurationError, PublishFailed
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.records import Place, signature_key
from openstack_rca.lifecycle.trust.signing_keys import check_signing
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.lifecycle.versions.promotion import promote
from openstack_rca.settings import Settings, load_settings

# Keys that cannot be used


BAD = {
    "missing": "No such file",
    "folder": "Is a directory",
    "no PEM": "in PEM",
    "RSA": "P-256",
    "Ed25519": "P-256",
    "other curve": "P-256",
}


@pytest.mark.parametrize(("kind", "words"), BAD.items(), ids=list(BAD))
def test_a_signing_key_that_cannot_be_used_is_told_before_anything_is_published(
    embedded: Settings, make_model: MakeModel, tmp_path: Path, kind: str, words: str
) -> None:
    """The trained file waits in the spool, as after any other failure, and is published when the key is right."""
    settings = bad_keys(tmp_path, kind).signing(embedded)
    with pytest.raises(PublishFailed, match=f"signing key.*{words}") as caught:
        publish(ModelLifecycle(settings), make_model("trained"))
    assert isinstance(caught.value.__cause__, ConfigurationError)
    assert ModelLifecycle(embedded).list() == []
    assert not (embedded.home / "artifacts").exists()
    right = Keys(tmp_path, "right").signing(embedded)
    (version,) = ModelLifecycle(right).publish_spooled()
    assert signature_of(version).exists()


@pytest.mark.parametrize(("kind", "words"), BAD.items(), ids=list(BAD))
def test_a_verification_key_that_cannot_be_used_accepts_nothing(
    store_only: Settings, make_model: MakeModel, tmp_path: Path, kind: str, words: str
) -> None:
    publish(ModelLifecycle(store_only), make_model("one"))
    lifecycle = ModelLifecycle(bad_keys(tmp_path, kind).verifying(store_only))
    for work in (lifecycle.load, lifecycle.verify, lambda: lifecycle.download(1, tmp_path / "output")):
        with pytest.raises(ConfigurationError, match=f"verification key.*{words}"):
            work()


@pytest.mark.parametrize(
    ("password", "encrypted", "words"),
    [
        (None, True, "is encrypted.*Set OPENSTACK_RCA_SIGNING_KEY_PASSWORD"),
        (PASSWORD, False, "is not encrypted.*Unset OPENSTACK_RCA_SIGNING_KEY_PASSWORD"),
        ("guessed", True, "another password"),
    ],
)
def test_a_password_that_does_not_fit_is_told_and_not_shown(
    store_only: Settings, make_model: MakeModel, tmp_path: Path, password: str | None, encrypted: bool, words: str
) -> None:
    made = Keys(tmp_path)
    if encrypted:
        plain = made.private.rename(tmp_path / "plain.pem")
        openssl("pkey", "-in", plain, "-aes256", "-passout", f"pass:{PASSWORD}", "-out", made.private)
    settings = load_settings(home=store_only.home, mlflow_enabled=False, signing_key_password=password)
    with pytest.raises(PublishFailed, match=words) as caught:
        publish(ModelLifecycle(made.signing(settings)), make_model("trained"))
    assert PASSWORD not in str(caught.value)
    assert "guessed" not in str(caught.value)


def test_keys_that_do_not_belong_together_publish_nothing(
    store_only: Settings, keys: Keys, other_keys: Keys, make_model: MakeModel
) -> None:
    """What this machine would sign, this machine would refuse."""
    settings = other_keys.verifying(keys.signing(store_only))
    with pytest.raises(PublishFailed, match="does not belong to the signing key"):
        publish(ModelLifecycle(settings), make_model("trained"))
    assert ModelLifecycle(store_only).list() == []


def test_names_that_are_too_long_to_be_signed_are_told_first(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    settings = keys.signing(store_only).model_copy(update={"experiment_name": "e" * 200, "model_name": "m" * 60})
    with pytest.raises(PublishFailed, match="too long together"):
        publish(ModelLifecycle(settings), make_model("trained"))


def test_as_many_letters_as_are_told_can_be_signed_and_not_one_more(store_only: Settings, keys: Keys) -> None:
    """Of experiment and model together."""
    settings = keys.signing(store_only)
    with pytest.raises(ConfigurationError) as refused:
        check_signing(settings, Place("e" * 200, "m" * 100))
    (letters,) = (int(number) for number in re.findall(r"may have (\d+) letters", str(refused.value)))
    check_signing(settings, Place("e" * 200, "m" * (letters - 200)))
    with pytest.raises(ConfigurationError, match="too long together"):
        check_signing(settings, Place("e" * 200, "m" * (letters - 199)))


@pytest.mark.usefixtures("nowhere")
def test_without_the_extra_publishing_says_how_to_install_it(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    with pytest.raises(PublishFailed, match=r"pip install 'openstack-rca\[signing\]'"):
        publish(ModelLifecycle(keys.signing(store_only)), make_model("trained"))
    assert ModelLifecycle(store_only).list() == []


@pytest.mark.usefixtures("nowhere")
def test_without_the_extra_nothing_is_accepted_unverified(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(store_only), make_model("one"))
    with pytest.raises(ConfigurationError, match="extra 'signing'"):
        ModelLifecycle(keys.verifying(store_only)).load()


@pytest.mark.usefixtures("nowhere")
def test_without_keys_the_library_is_never_asked_for(settings: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    lifecycle = ModelLifecycle(settings)
    publish(lifecycle, make_model("one"))
    promote(lifecycle, 1, f"{settings.experiment_name}_production")
    assert lifecycle.load().version.version == 1
    assert lifecycle.download(1, tmp_path / "one.keras").exists()
    assert [check.ok for check in lifecycle.verify()] == [True]
    stored = {found.key for found in lifecycle.store.objects(lifecycle.place.key(1).split("/")[0] + "/")}
    assert stored == lifecycle.place.own_keys(1) - {signature_key(lifecycle.place.key(1))}


def test_the_doctor_tries_the_keys_that_are_set(
    store_only: Settings, keys: Keys, other_keys: Keys, tmp_path: Path
) -> None:
    def told(settings: Settings) -> dict[str, Any]:
        return {check.name: check.ok for check in check_connections(settings) if "key" in check.name}

    assert told(store_only) == {}
    assert told(keys.both(store_only)) == {"signing key": True, "verification key": True}
    assert told(other_keys.verifying(keys.signing(store_only))) == {"signing key": False, "verification key": True}
    assert told(bad_keys(tmp_path, "no PEM").both(store_only)) == {"signing key": False, "verification key": False}


def test_the_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENSTACK_RCA_SIGNING_KEY", "~/signing.pem")
    monkeypatch.setenv("OPENSTACK_RCA_VERIFICATION_KEY", "verification.pem")
    monkeypatch.setenv("OPENSTACK_RCA_SIGNING_KEY_PASSWORD", PASSWORD)
    settings = load_settings(home=tmp_path)
    assert (settings.signing_key, settings.verification_key) == (
        Path.home() / "signing.pem",
        Path.cwd() / "verification.pem",
    )
    assert PASSWORD not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_other_places_are_signed_with_the_same_keys(store_only: Settings, keys: Keys, make_model: MakeModel) -> None:
    settings = load_settings(
        home=store_only.home, mlflow_enabled=False, signing_key=keys.private, verification_key=keys.public
    )
    lifecycle = ModelLifecycle(settings).other(PRODUCTION, "other_model")
    assert lifecycle.place == Place(PRODUCTION, "other_model")
    publish(lifecycle, make_model("signed"))
    assert lifecycle.load().version.version == 1
