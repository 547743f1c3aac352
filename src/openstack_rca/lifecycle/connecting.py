"""How a store is reached: time limits, certificates, credentials, encryption and storage class, in its library's words."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.credentials import S3Access, find_s3_access
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore as AnyStore

SLOWEST_UPLOAD_BYTES_PER_SECOND = 64 * 1024
LONGEST_DOWNLOAD = timedelta(hours=2)
RETRIES = 2


def upload_seconds(size: int) -> int:
    """How long the slowest upload of so many bytes may take, in whole seconds."""
    return math.ceil(size / SLOWEST_UPLOAD_BYTES_PER_SECOND)


def open_store(settings: Settings, root: str, seconds: int) -> AnyStore:
    """A store of the library for an artifact root.

    The library's limit counts a whole request with its body, so uploads get one that fits their size; everything else
    is held to a limit on silence, which also covers the wait for an answer.

    Args:
        settings: credentials, endpoint, limits.
        root: ``file://``, ``s3://``, ``gs://`` or ``az://``.
        seconds: how long the body of an upload may take; 0 for everything else.

    Raises:
        ConfigurationError: credentials or certificates that cannot be used.
    """
    from obstore.store import LocalStore, S3Store, from_url

    scheme = urlparse(root).scheme
    if scheme == "file":
        return LocalStore.from_url(root, mkdir=True)
    quiet = timedelta(seconds=settings.network_timeout_seconds)
    options: dict[str, Any] = {"connect_timeout": quiet, "user_agent": "openstack-rca"}
    if seconds:
        options["timeout"] = 2 * quiet + timedelta(seconds=seconds)
    else:
        options["read_timeout"] = quiet
        options["timeout"] = LONGEST_DOWNLOAD
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
    """The certificates of ``settings.ca_bundle``, in PEM.

    Raises:
        ConfigurationError: the file cannot be read or holds no certificate.
    """
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
