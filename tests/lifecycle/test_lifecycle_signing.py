"""Signed versions: what is written, and that who has no key cannot pass a file off as a version."""

import base64
import json
from pathlib import Path

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish, stored_file
from signing_helpers import (
    PASSWORD,
    PRODUCTION,
    Keys,
    elsewhere,
    openssl,
    refused,
    signature_of,
    tell_the_digest,
)

from openstack_rca.errors import ConfigurationError, DigestMismatch, SignatureInvalid
from openstack_rca.lifecycle.objects.files import file_digest
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

# What is written


@pytest.mark.parametrize("settings", ["embedded", "store_only", "s3"], indirect=True)
def test_with_a_signing_key_a_signature_lies_beside_the_file(
    settings: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """And what is signed loads where signatures are verified, from the store and then from the cache."""
    lifecycle = ModelLifecycle(keys.signing(settings))
    version = publish(lifecycle, make_model("signed"))
    stored = {found.key for found in lifecycle.store.objects(lifecycle.place.key(1).split("/")[0] + "/")}
    assert stored == lifecycle.place.own_keys(1)
    there = keys.verifying(elsewhere(settings))
    first, second = ModelLifecycle(there).load(), ModelLifecycle(there).load(1)
    assert (first.source, second.source) == ("store", "cache")
    assert file_digest(first.path) == version.sha256
    assert [check.problem for check in ModelLifecycle(there).verify()] == [""]


def test_the_signature_is_one_that_the_library_itself_accepts(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """Whoever does not trust this program can check a stored file with the tools of OpenSSF."""
    from model_signing import verifying

    version = publish(ModelLifecycle(keys.signing(store_only)), make_model("signed"))
    config = verifying.Config().use_elliptic_key_verifier(public_key=keys.public)
    config.verify(stored_file(version), signature_of(version))
    stored_file(version).write_bytes(b"changed")
    with pytest.raises(ValueError, match="mismatch"):
        config.verify(stored_file(version), signature_of(version))


def test_the_signature_says_of_which_version_it_is(store_only: Settings, keys: Keys, make_model: MakeModel) -> None:
    version = publish(ModelLifecycle(keys.signing(store_only)), make_model("signed"))
    payload = base64.b64decode(json.loads(signature_of(version).read_text())["dsseEnvelope"]["payload"])
    assert json.loads(payload)["subject"][0]["name"] == f"{store_only.experiment_name},lstm_model,v1.keras"


def test_the_signature_is_over_the_very_bytes_that_are_stored(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """With compression those are others than the trained ones."""
    compressing = store_only.model_copy(update={"enable_compression": True})
    model = make_model("".join(str(number) for number in range(2000)))
    version = publish(ModelLifecycle(keys.signing(compressing)), model)
    assert version.sha256 != file_digest(model)
    assert ModelLifecycle(keys.verifying(elsewhere(store_only))).load().version.version == 1


@pytest.mark.parametrize("read", ["0" * 64, "f" * 64])
def test_a_file_that_changed_after_it_was_read_is_not_signed(
    store_only: Settings, keys: Keys, make_model: MakeModel, read: str
) -> None:
    """What was checked and what is signed would be two files."""
    lifecycle = ModelLifecycle(keys.signing(store_only))
    with pytest.raises(DigestMismatch, match="was changed while it was published"):
        lifecycle.signatures.sign(make_model("changed"), read, 1)


@pytest.mark.parametrize("written", [b"", b"{}", b'{"dsseEnvelope": []}'])
def test_a_release_of_the_library_that_writes_other_signatures_is_told_from_a_key_that_is_wrong(
    store_only: Settings, keys: Keys, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch, written: bytes
) -> None:
    """What nobody could verify is not published, and which release to install is said."""
    from model_signing import signing

    def sign(_config: object, _model: object, made: Path) -> None:
        made.write_bytes(written)

    monkeypatch.setattr(signing.Config, "sign", sign)
    lifecycle = ModelLifecycle(keys.signing(store_only))
    with pytest.raises(ConfigurationError, match="makes no signatures that can be used") as told:
        lifecycle.signatures.sign(make_model("first"), "0" * 64, 1)
    assert "model-signing" in told.value.hint


def test_where_nothing_can_be_signed_is_said_with_a_way_on(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """A file in the place of the folder that signing takes."""
    settings = keys.signing(store_only)
    settings.work_folder.parent.mkdir(parents=True, exist_ok=True)
    settings.work_folder.write_text("a file")
    with pytest.raises(ConfigurationError, match=f"Nothing can be signed in {settings.work_folder}: ") as told:
        ModelLifecycle(settings).signatures.sign(make_model("first"), "0" * 64, 1)
    assert "OPENSTACK_RCA_HOME" in told.value.hint


def test_an_encrypted_key_signs_with_its_password(store_only: Settings, make_model: MakeModel, tmp_path: Path) -> None:
    """Which then is nowhere in what was written."""
    locked = Keys(tmp_path)
    plain = tmp_path / "plain.pem"
    locked.private.rename(plain)
    openssl("pkey", "-in", plain, "-aes256", "-passout", f"pass:{PASSWORD}", "-out", locked.private)
    settings = locked.both(load_settings(home=store_only.home, mlflow_enabled=False, signing_key_password=PASSWORD))
    publish(ModelLifecycle(settings), make_model("signed"))
    assert ModelLifecycle(settings).load().version.version == 1
    assert PASSWORD not in f"{settings} {settings!r}"
    written = [path for path in store_only.home.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in path.read_bytes() for path in written)


@pytest.mark.parametrize("curve", ["P-384", "P-521"])
def test_keys_on_larger_curves_do_as_well(
    store_only: Settings, make_model: MakeModel, tmp_path: Path, curve: str
) -> None:
    settings = Keys(tmp_path, kind=("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")).both(store_only)
    publish(ModelLifecycle(settings), make_model("signed"))
    assert ModelLifecycle(elsewhere(settings)).load().version.version == 1


def test_a_refused_version_gets_no_signature(embedded: Settings, keys: Keys, make_model: MakeModel) -> None:
    """Or somebody who may write the registry could call it ready."""
    lifecycle = ModelLifecycle(keys.signing(embedded))
    version = lifecycle.publish(make_model("worse"), **FACTS, objection="it is worse")
    assert version.status == "refused"
    assert not signature_of(version).exists()


def test_signing_says_nothing_on_the_screen(
    store_only: Settings, keys: Keys, make_model: MakeModel, capfd: pytest.CaptureFixture[str]
) -> None:
    publish(ModelLifecycle(keys.both(store_only)), make_model("signed"))
    ModelLifecycle(keys.both(elsewhere(store_only))).load()
    assert capfd.readouterr() == ("", "")


# What is refused


def test_a_version_without_a_signature_is_refused(settings: Settings, keys: Keys, make_model: MakeModel) -> None:
    """The error names the version, the file and what to do; no other version takes its place."""
    publish(ModelLifecycle(keys.signing(settings)), make_model("signed"))
    unsigned = publish(ModelLifecycle(settings), make_model("unsigned"))
    error = refused(keys.verifying(elsewhere(settings)), "there is no signature beside its file", 2)
    assert unsigned.uri in error.message
    assert str(keys.public) in error.hint
    with pytest.raises(SignatureInvalid, match="Version 2"):
        ModelLifecycle(keys.verifying(elsewhere(settings, "third"))).load("latest")
    assert ModelLifecycle(keys.verifying(elsewhere(settings, "fourth"))).load(1).version.version == 1


def test_the_signature_of_another_key_is_refused(
    store_only: Settings, keys: Keys, other_keys: Keys, make_model: MakeModel
) -> None:
    publish(ModelLifecycle(other_keys.signing(store_only)), make_model("signed"))
    refused(keys.verifying(elsewhere(store_only)), "made with another key")


def test_a_foreign_signature_that_claims_to_be_of_our_key_is_refused(
    store_only: Settings, keys: Keys, other_keys: Keys, make_model: MakeModel
) -> None:
    ours = publish(ModelLifecycle(keys.signing(store_only)), make_model("ours"))
    theirs = publish(ModelLifecycle(other_keys.signing(store_only)), make_model("theirs"))
    hint = json.loads(signature_of(ours).read_text())["verificationMaterial"]
    forged = {**json.loads(signature_of(theirs).read_text()), "verificationMaterial": hint}
    signature_of(theirs).write_text(json.dumps(forged))
    refused(keys.verifying(elsewhere(store_only)), "does not fit its bytes", 2)


def test_another_version_with_its_signature_is_refused(store_only: Settings, keys: Keys, make_model: MakeModel) -> None:
    """Somebody copies the old file, its signature and its digest over the new ones."""
    lifecycle = ModelLifecycle(keys.signing(store_only))
    old, new = (publish(lifecycle, make_model(text)) for text in ("old", "new"))
    stored_file(new).write_bytes(stored_file(old).read_bytes())
    signature_of(new).write_bytes(signature_of(old).read_bytes())
    tell_the_digest(new, old.sha256)
    refused(keys.verifying(elsewhere(store_only)), "is that of 'openstack_rca_system_staging,lstm_model,v1.keras'", 2)


def test_a_version_of_another_environment_with_its_signature_is_refused(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """The same number, the same name of the model, the same bytes: what is good for staging is not for production."""
    there = store_only.model_copy(update={"experiment_name": PRODUCTION})
    model = make_model("same")
    staging, production = (
        publish(ModelLifecycle(keys.signing(store_only)), model),
        publish(ModelLifecycle(there), model),
    )
    signature_of(production).write_bytes(signature_of(staging).read_bytes())
    refused(keys.verifying(elsewhere(there)), "is that of 'openstack_rca_system_staging,lstm_model")


def test_changed_bytes_are_refused_also_where_the_digest_was_changed_with_them(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    version = publish(ModelLifecycle(keys.signing(store_only)), make_model("good"))
    evil = make_model("evil")
    stored_file(version).write_bytes(evil.read_bytes())
    tell_the_digest(version, file_digest(evil))
    assert ModelLifecycle(elsewhere(store_only, "unsuspecting")).load().version.version == 1
    refused(keys.verifying(elsewhere(store_only)), "does not fit its bytes")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"dsseEnvelope": 1}'])
def test_a_file_that_is_no_signature_is_refused(
    store_only: Settings, keys: Keys, make_model: MakeModel, content: bytes
) -> None:
    version = publish(ModelLifecycle(keys.signing(store_only)), make_model("signed"))
    signature_of(version).write_bytes(content)
    refused(keys.verifying(elsewhere(store_only)), "cannot be read")


def test_a_signature_file_with_two_statements_is_taken_for_the_one_that_is_signed(
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    """The library takes fields by two names: under the one lies what is signed, under the other what it should say."""
    lifecycle = ModelLifecycle(keys.signing(store_only))
    old, new = (publish(lifecycle, make_model(text)) for text in ("old", "new"))
    told, signed = (json.loads(signature_of(version).read_text()) for version in (new, old))
    stored_file(new).write_bytes(stored_file(old).read_bytes())
    tell_the_digest(new, old.sha256)
    for forged in (
        {**told, "dsse_envelope": signed["dsseEnvelope"]},
        {**signed, "dsse_envelope": told["dsseEnvelope"]},
    ):
        signature_of(new).write_text(json.dumps(forged))
        with pytest.raises(SignatureInvalid):
            ModelLifecycle(keys.verifying(elsewhere(store_only))).load(2)


def test_without_a_verification_key_signatures_do_not_count(
    store_only: Settings, other_keys: Keys, make_model: MakeModel
) -> None:
    """As before there were any: the digest decides."""
    version = publish(ModelLifecycle(other_keys.signing(store_only)), make_model("signed"))
    signature_of(version).write_bytes(b"damaged")
    assert ModelLifecycle(elsewhere(store_only)).load().version.version == 1
    assert [check.ok for check in ModelLifecycle(store_only).verify()] == [True]
