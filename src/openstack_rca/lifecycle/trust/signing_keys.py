"""The keys that sign and verify model files, and the library that works with them; both are asked for late."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.records import Place
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

CURVES = ("secp256r1", "secp384r1", "secp521r1")
LONGEST_NAME = 240
"""The name of what is signed is that of a file for a moment; file systems take 255 bytes."""
MAKE_ONE = "Make one as docs/security.md shows."


def check_signing(settings: Settings, place: Place) -> str:
    """Check that versions of a place can be signed; returns a sentence that names the key. Raises ConfigurationError."""
    signing_library()
    private = private_key(settings)
    if len(signed_name(place, "")) > LONGEST_NAME:
        raise ConfigurationError(
            f"The names {place.experiment} and {place.model_name} are too long together to be signed.",
            f"They may have {LONGEST_NAME - len(signed_name(Place('', ''), ''))} letters.",
        )
    if settings.verification_key is not None:
        public = public_key(settings.verification_key)
        if public.public_numbers() != private.public_key().public_numbers():
            raise ConfigurationError(
                f"The verification key {settings.verification_key} does not belong to the signing key "
                f"{settings.signing_key}.",
                f"Make it with: openssl pkey -in {settings.signing_key} -pubout -out {settings.verification_key}",
            )
    return f"{settings.signing_key} can be used ({private.curve.name})"


def check_verification(settings: Settings) -> str:
    """Check that signatures can be verified; a verification key must be set. Returns and raises as ``check_signing``."""
    assert settings.verification_key is not None
    signing_library()
    return f"{settings.verification_key} can be used ({public_key(settings.verification_key).curve.name})"


def signed_name(place: Place, number: str) -> str:
    """What a version is called in its signature; names hold no comma, so no two are called the same."""
    return f"{place.experiment},{place.model_name},v{number}.keras"


def signing_library() -> SimpleNamespace:
    """The modules of model-signing; importing them takes half a second. Raises ConfigurationError: not installed."""
    try:
        from model_signing import hashing, signing, verifying
    except ImportError as error:
        raise ConfigurationError(
            f"Signatures need the extra 'signing', which is not installed ({error.name} is missing).",
            "Install it with: pip install 'openstack-rca[signing]', or unset OPENSTACK_RCA_SIGNING_KEY and "
            "OPENSTACK_RCA_VERIFICATION_KEY.",
        ) from error
    return SimpleNamespace(hashing=hashing, signing=signing, verifying=verifying)


def key_password(settings: Settings) -> bytes | None:
    """The password of the signing key, if it has one."""
    return settings.signing_key_password.get_secret_value().encode() if settings.signing_key_password else None


def private_key(settings: Settings) -> EllipticCurvePrivateKey:
    """The signing key. Raises ConfigurationError: it cannot be read, or it is of a kind that cannot sign here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = settings.signing_key
    assert path is not None
    try:
        key = load_pem_private_key(_content(path, "signing", "SIGNING"), key_password(settings))
    except TypeError as error:
        word = "is encrypted" if settings.signing_key_password is None else "is not encrypted"
        raise ConfigurationError(
            f"The signing key {path} {word}.",
            f"{'Set' if settings.signing_key_password is None else 'Unset'} OPENSTACK_RCA_SIGNING_KEY_PASSWORD.",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        problem = "cannot be read: no private key in PEM"
        problem += "" if settings.signing_key_password is None else ", or another password"
        raise ConfigurationError(f"The signing key {path} {problem}.", MAKE_ONE) from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise _wrong_kind("signing", path)
    return key


def public_key(path: Path) -> EllipticCurvePublicKey:
    """A verification key. Raises ConfigurationError: it cannot be read, or it is of a kind that cannot verify here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_content(path, "verification", "VERIFICATION"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"The verification key {path} cannot be read: no public key in PEM.", MAKE_ONE
        ) from error
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise _wrong_kind("verification", path)
    return key


def _content(path: Path, kind: str, variable: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The {kind} key {path} cannot be read: {error.strerror}.", f"Correct OPENSTACK_RCA_{variable}_KEY."
        ) from error


def _wrong_kind(kind: str, path: Path) -> ConfigurationError:
    return ConfigurationError(f"The {kind} key {path} is not a key on one of the curves P-256, P-384, P-521.", MAKE_ONE)
