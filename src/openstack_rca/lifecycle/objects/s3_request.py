"""One signed request to an S3 bucket, for what the store's library has no call for (signature version 4 of AWS)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from openstack_rca.errors import ConfigurationError, StoreUnavailable
from openstack_rca.lifecycle.objects.connecting import trusted_authorities
from openstack_rca.lifecycle.objects.credentials import S3Access, find_s3_access
from openstack_rca.lifecycle.objects.patience import within
from openstack_rca.lifecycle.objects.store_errors import no_answer
from openstack_rca.settings import Settings

if TYPE_CHECKING:
    from email.message import Message

SERVICE = "s3"
LONGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """The server's answer; ``region`` is the bucket's region where the answer names it."""

    status: int
    body: bytes
    region: str = ""

    @property
    def text(self) -> str:
        """Status, region and body as one text, for ``store_errors.said``."""
        region = f"x-amz-bucket-region: {self.region}\n" if self.region else ""
        return f"status code: {self.status}\n{region}{self.body.decode('utf-8', 'replace')}"


def ask_bucket(settings: Settings, bucket: str, query: str, method: str = "GET", body: bytes = b"") -> Answer:
    """Get or set (``PUT``) a property of a bucket; an error status is returned, not raised.

    ``query`` is a property such as ``lifecycle``, or parameters in alphabetical order.

    Raises StoreUnavailable: no answer, or none in HTTP. ConfigurationError: there are no keys to sign with.
    """
    # Whoever reads a local file imports this room, and few ask a bucket.
    import http.client
    import urllib.error
    import urllib.request

    access = find_s3_access(settings)
    if not (access.access_key_id and access.secret_access_key):
        raise ConfigurationError(
            "There are no S3 keys to sign this request with.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        )
    endpoint = (access.endpoint or f"https://s3.{access.region}.amazonaws.com").rstrip("/")
    path = f"{urlsplit(endpoint).path}/{quote(bucket)}"
    headers = _signed(access, method, urlsplit(endpoint).netloc, path, query, body)
    address = f"{endpoint}/{quote(bucket)}?{query}"
    request = urllib.request.Request(address, body or None, headers, method=method)  # noqa: S310 - http or https
    trusted = trusted_authorities(settings)
    seconds = settings.network_timeout_seconds

    def ask(_alive: object) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=trusted) as answer:  # noqa: S310
                return Answer(answer.status, answer.read(LONGEST_ANSWER), _region(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(LONGEST_ANSWER), _region(error.headers))

    hint = "Check that it runs and that MLFLOW_S3_ENDPOINT_URL is right."
    try:
        # The time limit of the connection is for silence only; a byte now and then is not silence.
        return within(2 * seconds, ask, StoreUnavailable(f"The object store {endpoint} is too slow.", hint))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise no_answer(endpoint) from error


def _region(headers: Message) -> str:
    return str(headers.get("x-amz-bucket-region", ""))


def _signed(access: S3Access, method: str, host: str, path: str, query: str, body: bytes) -> dict[str, str]:
    """Headers of the request, the signature among them."""
    now = datetime.now(UTC)
    day, stamp = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    if access.session_token:
        headers["x-amz-security-token"] = access.session_token
    if body:
        # Servers want this one with a lifecycle configuration.
        headers["content-md5"] = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"{method}\n{path}\n{query}{'' if '=' in query else '='}\n{lines}\n{names}\n{digest}"
    scope = f"{day}/{access.region}/{SERVICE}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{access.secret_access_key}".encode()
    for part in (day, access.region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    credential = f"AWS4-HMAC-SHA256 Credential={access.access_key_id}/{scope}"
    return {**headers, "Authorization": f"{credential}, SignedHeaders={names}, Signature={signature}"}
