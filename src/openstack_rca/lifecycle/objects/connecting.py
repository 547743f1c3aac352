"""How a store is reached: time limits, certificates, credentials, encryption and storage class, in its library's words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects.credentials import S3Access, find_s3_access
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    import ssl

    from obstore.store import ObjectStore as AnyStore

SLOWEST_UPLOAD_BYTES_PER_SECOND = 64 * 1024
LONGEST_DOWNLOAD = timedelta(hours=2)
ONE_ANSWER = 3
"""Network time limits that a small answer, from the question to its last byte, may take."""
RETRIES = 2


@dataclass(frozen=True)
class Limits:
    """How long one request may take.

    ``whole`` is from the connection to the last byte of the answer, ``silence`` between two bytes and before the first; None
    while an upload goes on, which looks like silence.
    """

    whole: timedelta
    silence: timedelta | None


def upload_limits(settings: Settings, size: int) -> Limits:
    """The limits for an upload of ``size`` bytes: the time that it takes at the slowest accepted speed, and the answer."""
    seconds = math.ceil(size / SLOWEST_UPLOAD_BYTES_PER_SECOND)
    return Limits(2 * _quiet(settings) + timedelta(seconds=seconds), None)


def download_limits(settings: Settings) -> Limits:
    """The limits for downloading a model file: ample in all, so that only silence ends it early."""
    return Limits(LONGEST_DOWNLOAD, _quiet(settings))


def question_limits(settings: Settings) -> Limits:
    """The limits for every other request, all of them small: they also end when bytes arrive too slowly."""
    return Limits(ONE_ANSWER * _quiet(settings), _quiet(settings))


def _quiet(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.network_timeout_seconds)


def open_store(settings: Settings, root: str, limits: Limits) -> AnyStore:
    """The store library's client for an artifact root (``file://``, ``s3://``, ``gs://`` or ``az://``).

    Raises ConfigurationError: credentials or certificates that cannot be used.
    """
    from obstore.store import LocalStore, S3Store, from_url

    scheme = urlparse(root).scheme
    if scheme == "file":
        return LocalStore.from_url(root, mkdir=True)
    quiet = _quiet(settings)
    options: dict[str, Any] = {"connect_timeout": quiet, "user_agent": "openstack-rca", "timeout": limits.whole}
    if limits.silence is not None:
        options["read_timeout"] = limits.silence
    if settings.ca_bundle is not None:
        options["root_certificate"] = certificates(settings)
    retry: dict[str, Any] = {"max_retries": RETRIES, "retry_timeout": quiet}
    if scheme not in ("s3", "s3a"):
        return from_url(root, client_options=options, retry_config=retry)  # type: ignore[call-overload,no-any-return]
    access = find_s3_access(settings)
    if access.endpoint:
        options["allow_http"] = urlparse(access.endpoint).scheme == "http"
    config = _s3_config(settings, access)
    return S3Store.from_url(root, config=config, client_options=options, retry_config=retry)  # type: ignore[arg-type]


def certificates(settings: Settings) -> bytes:
    """The certificates of ``settings.ca_bundle``, in PEM. Raises ConfigurationError: it cannot be read or holds none."""
    assert settings.ca_bundle is not None
    hint = "Correct OPENSTACK_RCA_CA_BUNDLE (or AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE)."
    try:
        content = settings.ca_bundle.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The certificates {settings.ca_bundle} cannot be read: {error.strerror}.", hint
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ConfigurationError(f"{settings.ca_bundle} holds no certificate in PEM.", hint)
    return content


def trusted_authorities(settings: Settings) -> ssl.SSLContext:
    """A TLS context that trusts the system's certificate authorities and ``settings.ca_bundle``; raises as ``certificates``."""
    # Only a store that is asked needs it.
    import ssl

    context = ssl.create_default_context()
    if settings.ca_bundle is not None:
        context.load_verify_locations(cadata=certificates(settings).decode("ascii", "ignore"))
    return context


def _s3_config(settings: Settings, access: S3Access) -> dict[str, Any]:
    given = {
        "endpoint": access.endpoint,
        "access_key_id": access.access_key_id,
        "secret_access_key": access.secret_access_key,
        "session_token": access.session_token,
        "role_arn": access.role_arn,
        "web_identity_token_file": access.web_identity_token_file,
        "aws_endpoint_url_sts": settings.aws_sts_endpoint,
        "server_side_encryption": settings.s3_server_side_encryption,
        "sse_kms_key_id": settings.s3_kms_key_id,
    }
    return {"region": access.region, **{name: value for name, value in given.items() if value}}
