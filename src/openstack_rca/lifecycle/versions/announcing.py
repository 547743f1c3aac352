"""A webhook learns of a promotion: one small JSON document, sent a few times, waited for briefly, never in the way.

The address often holds a token, so no message tells more of it than the host.
"""

import time
from urllib.parse import urlsplit

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.history import author
from openstack_rca.lifecycle.versions.promotion import Promotion
from openstack_rca.settings import Settings

ATTEMPTS = 3
LONGEST_WAIT = 5.0
"""Seconds that one attempt may take."""
PAUSE = 0.5


def check_webhook(address: str) -> None:
    """Raise ``ConfigurationError`` where an address is not one of http or https."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise ConfigurationError(
            "The webhook is not an http(s) address.", "Correct --webhook or OPENSTACK_RCA_PROMOTION_WEBHOOK."
        )


def announce(address: str, promotion: Promotion, reason: str, settings: Settings) -> str:
    """Send a promotion to a webhook; returns an empty text, or a sentence on why it did not arrive."""
    # Few promotions have a webhook, and every command about versions imports this room.
    import urllib.error

    from openstack_rca.posting import post_json, why_not_posted

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
    wait = min(LONGEST_WAIT, settings.network_timeout_seconds)
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * attempt)
        try:
            post_json(address, body, seconds=wait, authorities=settings.ca_bundle)
        except OSError as error:
            problem = why_not_posted(error)
            if isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429:
                break
        else:
            return ""
    return f"The webhook at {urlsplit(address).hostname} was not told: {problem}."
