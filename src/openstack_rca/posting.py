"""A JSON document for a webhook: sent once, and never to where the answer redirects, since the address may hold a token."""

import errno
import http.client
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        """Follow no redirect: it counts as a failure."""


def post_json(address: str, document: object, *, seconds: float, authorities: Path | None = None) -> None:
    """Send a document as JSON by POST and wait for the answer.

    Args:
        address: http or https, checked by whoever took it in.
        seconds: how long to wait for the connection and for the answer.
        authorities: PEM file of further certificate authorities to trust.

    Raises OSError: it did not arrive; ``urllib.error.HTTPError`` where the server answers anything but a success.
    """
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    request = urllib.request.Request(  # noqa: S310 - http and https only, see above
        address,
        json.dumps(document).encode(),
        {"Content-Type": "application/json", "User-Agent": "openstack-rca"},
        method="POST",
    )
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _Stays())
    try:
        with opener.open(request, timeout=seconds):
            return
    except urllib.error.HTTPError as refused:
        refused.close()
        raise
    except http.client.HTTPException as error:
        raise OSError(errno.EPROTO, "its answer is not HTTP") from error


def why_not_posted(error: Exception) -> str:
    """Why ``post_json`` failed with this error, in a few words that never hold the address."""
    if isinstance(error, urllib.error.HTTPError):
        return f"it answers {error.code}"
    cause = error.reason if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError) else error
    return (cause.strerror if isinstance(cause, OSError) else "") or type(cause).__name__
