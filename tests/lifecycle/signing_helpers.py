"""What the tests of signed versions share: keys, damaged signatures, machines elsewhere."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lifecycle_helpers import stored_file

from openstack_rca.errors import SignatureInvalid
from openstack_rca.lifecycle.records import ModelVersion, signature_key
from openstack_rca.lifecycle.versions.model_lifecycle import ModelLifecycle
from openstack_rca.settings import Settings

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


def tell_the_digest(version: ModelVersion, sha256: str) -> None:
    """What somebody can do who may write where the versions are registered: here, the manifest."""
    manifest = stored_file(version).with_suffix(".json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "sha256": sha256}))


def bad_keys(folder: Path, kind: str) -> Keys:
    """Keys that cannot be used, in a way that ``kind`` names."""
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
