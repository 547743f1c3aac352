"""Signatures of stored model files with OpenSSF model-signing: key-based, checked without any network.

A signature is an object of its own beside the model file. It covers the file's bytes and, as the name of what was signed,
the environment, the model and the number, so that it is worth nothing beside another version. Nothing here is imported
or asked for where no key is configured.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError, DigestMismatch, SignatureInvalid, StoreObjectNotFound
from openstack_rca.lifecycle.local import ModelCache
from openstack_rca.lifecycle.objects import ObjectStore, work_folder, writing_to
from openstack_rca.lifecycle.records import ModelVersion, Place, signature_key
from openstack_rca.lifecycle.trust.signing_keys import (
    check_signing,
    check_verification,
    key_password,
    private_key,
    public_key,
    signed_name,
    signing_library,
)
from openstack_rca.settings import Settings

DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a file raises that is not a signature, or that somebody made to look like one."""


@dataclass(frozen=True)
class _Bundle:
    """What a signature file says; ``plain`` is that file again with nothing else in it."""

    plain: str
    key_hint: str
    name: str
    sha256: str


class Signatures:
    """The signatures of one model in one environment; ``cache`` keeps those of this machine's versions for offline use."""

    def __init__(self, settings: Settings, place: Place, cache: ModelCache) -> None:
        self._settings = settings
        self._place = place
        self._cache = cache

    @property
    def signs(self) -> bool:
        """Whether what is published gets a signature."""
        return self._settings.signing_key is not None

    @property
    def verifies(self) -> bool:
        """Whether only signed versions are accepted."""
        return self._settings.verification_key is not None

    def get_ready(self) -> None:
        """Check that signatures can be verified, if a verification key is set. Raises ConfigurationError: they cannot."""
        if self.verifies:
            check_verification(self._settings)

    def sign(self, path: Path, sha256: str, number: int) -> bytes:
        """Sign a file as version ``number``; ``sha256`` is the digest that it must have.

        Raises ConfigurationError: the key, the library or the work folder cannot be used. DigestMismatch: the file has another
        digest than was said.
        """
        check_signing(self._settings, self._place)
        library, password = signing_library(), key_password(self._settings)
        try:
            with work_folder(self._settings.work_folder) as folder:
                link, made = folder / self._name(number), folder / "signature"
                link.symlink_to(path.absolute())
                config = library.signing.Config().set_hashing_config(library.hashing.Config().set_allow_symlinks(True))
                # The library declares text and hands it to a function that takes bytes only.
                config.use_elliptic_key_signer(private_key=self._settings.signing_key, password=password)
                config.sign(link, made)
                signature = made.read_bytes()
            signed = _read(signature).sha256
        except DAMAGED as error:
            raise ConfigurationError(
                "This release of model-signing makes no signatures that can be used here.", "Install model-signing 1.1."
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"Nothing can be signed in {self._settings.work_folder}: {error.strerror}.", "Set OPENSTACK_RCA_HOME."
            ) from error
        if signed != sha256:
            raise DigestMismatch(f"{path} was changed while it was published.", "Publish it again.")
        return signature

    def is_ours(self, signature: bytes, path: Path, number: int) -> bool:
        """Whether a signature that is in the store already was made with our own signing key for this very file."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = private_key(self._settings).public_key()
        with writing_to(self._settings.work_folder), work_folder(self._settings.work_folder) as folder:
            key = folder / "key.pem"
            key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
            return not self._problem(signature, path, number, key)

    @contextmanager
    def scratch_file(self) -> Iterator[Path | None]:
        """A temporary path for a file to be verified; None where no verification key is set. Raises StoreError."""
        if not self.verifies:
            yield None
            return
        with writing_to(self._settings.work_folder), work_folder(self._settings.work_folder) as folder:
            yield folder / "model"

    def require(self, version: ModelVersion, path: Path, store: ObjectStore | None, key: str = "") -> None:
        """Accept a file of the cache as this version only if it is signed; the signature may come from the cache too.

        Without a ``store`` the cache alone counts.

        Raises SignatureInvalid: there is no valid signature. ConfigurationError: the verification key or the library cannot be
        used. StoreError, RegistryUnavailable: the store cannot be asked for it.
        """
        if not self.verifies:
            return
        kept = self._cache.signature(version.version)
        problem = "its signature is not in the cache of this machine"
        if kept is not None:
            problem = self._checked(kept, version, path)
        if not problem:
            return
        if store is None:
            raise self._refused(version, f"{problem}, and registry or store cannot be asked now")
        # One that does not fit may be of a key that was replaced since: the store may have a better one.
        signature = self.require_stored(version, path, store, key)
        with suppress(OSError):
            self._cache.remember_signature(version.version, signature)

    def require_stored(self, version: ModelVersion, path: Path, store: ObjectStore, key: str) -> bytes:
        """Accept a file as this version only if the signature in the store says so; raises as ``require``.

        Returns the signature; empty where no verification key is set.
        """
        if not self.verifies:
            return b""
        try:
            signature = store.read(signature_key(key))
        except StoreObjectNotFound as error:
            raise self._refused(version, "there is no signature beside its file") from error
        if problem := self._checked(signature, version, path):
            raise self._refused(version, problem)
        return signature

    def _checked(self, signature: bytes, version: ModelVersion, path: Path) -> str:
        key = self._settings.verification_key
        assert key is not None
        with writing_to(self._settings.work_folder):
            return self._problem(signature, path, version.version, key)

    def _problem(self, signature: bytes, path: Path, number: int, key: Path) -> str:
        """What is wrong with a signature; empty if it is that of this file as this version."""
        public, library = public_key(key), signing_library()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        try:
            bundle = _read(signature)
        except DAMAGED:
            return "its signature cannot be read"
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        if bundle.key_hint != hashlib.sha256(pem).hexdigest():
            return "its signature was made with another key"
        with work_folder(self._settings.work_folder) as folder:
            plain = folder / "signature"
            plain.write_text(bundle.plain, encoding="utf-8")
            config = library.verifying.Config().set_hashing_config(library.hashing.Config())
            try:
                config.use_elliptic_key_verifier(public_key=key).verify(path, plain)
            except (InvalidSignature, *DAMAGED):
                return "its signature does not fit its bytes"
        if bundle.name != self._name(number):
            return f"its signature is that of {bundle.name!r}"
        return ""

    def _name(self, number: int) -> str:
        return signed_name(self._place, str(number))

    def _refused(self, version: ModelVersion, problem: str) -> SignatureInvalid:
        place = f"{self._place.model_name} in {self._place.experiment}"
        return SignatureInvalid(
            f"Version {version.version} of {place} ({version.uri}) is not used: {problem}.",
            f"Only what is signed for {self._settings.verification_key} is accepted "
            "(OPENSTACK_RCA_VERIFICATION_KEY): find out who published it, or take another version with --model N; "
            "see openstack-rca models verify.",
        )


def _read(signature: bytes) -> _Bundle:
    """Take a signature file apart; raises ``DAMAGED``.

    The library also knows the fields of the file by other names. What it is given is therefore written anew from what was
    read here, so that the name that is compared is for certain that of the statement whose signature it verifies.
    """
    facts: Any = json.loads(signature)
    envelope, hint = facts["dsseEnvelope"], facts["verificationMaterial"]["publicKey"]["hint"]
    [signed] = envelope["signatures"]
    payload = base64.b64decode(envelope["payload"], validate=True)
    statement: Any = json.loads(payload)
    [subject] = statement["subject"]
    [resource] = statement["predicate"]["resources"]
    name, sha256 = subject["name"], resource["digest"]
    if not all(isinstance(text, str) for text in (hint, name, sha256)):
        raise TypeError("not text")
    plain = {
        "mediaType": facts["mediaType"],
        "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": envelope["payloadType"],
            "signatures": [{"sig": signed["sig"], "keyid": ""}],
        },
    }
    return _Bundle(json.dumps(plain), hint, name, sha256)
