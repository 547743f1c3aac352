"""A webhook learns of a promotion: one small JSON document, sent a few times, waited for briefly, never in the way.

The address often holds a token, so no message tells more of it than the host.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from urllib.parse import SplitResult, urlsplit

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.history import author
from openstack_rca.lifecycle.versions.promotion import Promotion
from openstack_rca.settings import Settings

ATTEMPTS = 3
LONGEST_WAIT = 5.0
"""Seconds that one attempt may take."""
PAUSE = 0.5


def check_webhook(address: str) -> None:
    """Raise ``ConfigurationError`` where an address cannot be one; said before anything is promoted."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise ConfigurationError(
            "The webhook is no http(s) address.", "Correct --webhook or OPENSTACK_RCA_PROMOTION_WEBHOOK."
        )


def announce(address: str, promotion: Promotion, reason: str, settings: Settings) -> str:
    """Tell a webhook of a promotion.

    Returns:
        What a person should know: empty where it was told, else a sentence.
    """
    source, version = promotion.source, promotion.version
    text = f"{source.name} version {source.version} of {source.experiment} is version {version.version} of {version.experiment}"
    body = {
        "event": "promoted",
        "text": text + (f": {reason}" if reason else ""),
        "who": author(),
        "reason": reason,
        "made": promotion.made,
        "from": {"experiment": source.experiment, "model": source.name, "version": str(source.version)},
        "to": {"experiment": version.experiment, "model": version.name, "version": str(version.version)},
        "sha256": version.sha256,
    }
    parts = urlsplit(address)
    content = json.dumps(body).encode()
    wait = min(LONGEST_WAIT, settings.network_timeout_seconds)
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * attempt)
        try:
            status = _post(parts, content, wait, settings)
        except (OSError, http.client.HTTPException) as error:
            problem = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
            continue
        if status < 300:
            return ""
        problem = f"it answers {status}"
        if status < 500 and status != 429:
            break
    return f"The webhook at {parts.hostname} was not told: {problem}."


def _post(parts: SplitResult, content: bytes, seconds: float, settings: Settings) -> int:
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if settings.ca_bundle is not None:
            context.load_verify_locations(settings.ca_bundle)
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, content, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
