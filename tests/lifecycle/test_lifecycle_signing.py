"""Signed versions: who has no key cannot pass a file off as a version, and who has set no key notices nothing."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lifecycle_helpers import FACTS, MakeModel, publish, stored_file

from openstack_rca.errors import ConfigurationError, PublishFailed, SignatureInvalid, StoreUnavailable
from openstack_rca.lifecycle.doctor import check_connections
from openstack_rca.lifecycle.files import file_digest
from openstack_rca.lifecycle.promotion import promote
from openstack_rca.lifecycle.records import ModelVersion, Place, signature_key
from openstack_rca.lifecycle.repair import find_repairs, repair
from openstack_rca.lifecycle.retention import carry_out, plan_pruning
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.settings import Settings, load_settings

PRODUCTION = "openstack_rca_system_production"
PASSWORD = "hush-this-opens-the-key"


class Crash(BaseException):
    """Stands for a process that is gone."""


class Keys:
    """A pair of keys in a folder, made as docs/security.md says."""

    def __init__(self, folder: Path, name: str = "key", *, kind: tuple[str, ...] = ()) -> None:
        self.private, self.public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
        kind = kind or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        openssl("genpkey", *kind, "-out", self.private)
        openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)

    def signing(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"signing_key": self.private})

    def verifying(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"verification_key": self.public})

    def both(self, settings: Settings) -> Settings:
        return self.signing(self.verifying(settings))


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("other-keys"))


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    for name in [*sys.modules]:
        if name.split(".")[0] == "model_signing":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "model_signing", None)


def signature_of(version: ModelVersion) -> Path:
    return Path(signature_key(str(stored_file(version))))


def elsewhere(settings: Settings, name: str = "elsewhere") -> Settings:
    """The same registry and store from a machine whose cache is empty."""
    services = {"mlflow_tracking_uri": settings.tracking_uri, "mlflow_artifact_root": settings.artifact_root}
    return settings.model_copy(update={"home": settings.home.parent / name, **services})


def offline(settings: Settings) -> Settings:
    """The same machine when the registry does not answer."""
    return settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"})


def crash_at(step: str) -> Callable[[str], None]:
    def at_step(name: str) -> None:
        if name == step:
            raise Crash(step)

    return at_step


def refused(settings: Settings, problem: str, version: int = 1) -> SignatureInvalid:
    """Every way to get the version's file is refused for this reason; nothing is handed out."""
    lifecycle = ModelLifecycle(settings)
    output = settings.home / "output.keras"
    with pytest.raises(SignatureInvalid, match=problem) as caught:
        lifecycle.load(version)
    with pytest.raises(SignatureInvalid, match=problem):
        lifecycle.download(version, output)
    assert not output.exists()
    (check,) = [check for check in lifecycle.verify() if check.version.version == version]
    assert not check.ok
    assert problem in check.problem
    return caught.value


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


def tell_the_digest(version: ModelVersion, sha256: str) -> None:
    """What somebody can do who may write where the versions are registered: here, the manifest."""
    manifest = stored_file(version).with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "sha256": sha256}))


# Keys that cannot be used


def bad_keys(folder: Path, kind: str) -> Keys:
    if kind == "RSA":
        return Keys(folder, kind=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))
    if kind == "Ed25519":
        return Keys(folder, kind=("-algorithm", "ED25519"))
    if kind == "other curve":
        return Keys(folder, kind=("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"))
    found = Keys(folder)
    for path in (found.private, found.public):
        path.unlink()
        if kind == "no PEM":
            path.write_text("this is no key")
        elif kind == "folder":
            path.mkdir()
    return found


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
        (None, True, "is encrypted.*OPENSTACK_RCA_SIGNING_KEY_PASSWORD"),
        (PASSWORD, False, "is not encrypted"),
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
    assert stored == {lifecycle.place.key(1), lifecycle.place.manifest_key(1)}


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
    settings = keys.both(s3)
    publish(ModelLifecycle(settings), make_model("signed"))
    down = settings.model_copy(update={"s3_endpoint_url": "http://127.0.0.1:9"})
    assert ModelLifecycle(down).load().source == "cache"
    for kept in settings.cache_folder.rglob("*.sig"):
        kept.unlink()
    with pytest.raises(SignatureInvalid, match="not in the cache"):
        ModelLifecycle(down).load()


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
    store_only: Settings, keys: Keys, make_model: MakeModel
) -> None:
    lifecycle = ModelLifecycle(keys.signing(store_only))
    versions = [publish(lifecycle, make_model(text)) for text in ("old", "new")]
    kept = signature_of(versions[0]).read_bytes()
    later = datetime.now(UTC) + timedelta(days=400)
    carry_out(lifecycle, plan_pruning(lifecycle, 1, now=later))
    lifecycle.store.put_new_bytes(signature_key(lifecycle.place.key(1)), kept)
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
