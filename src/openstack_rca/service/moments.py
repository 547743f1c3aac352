"""Moments as operators type them: ``2026-11-23T04:17``, ``10m``, ``2 hours ago``, ``04:17``, ``yesterday``."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from openstack_rca.errors import ConfigurationError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(
    r"(?P<count>\d{1,6}(?:\.\d+)?)\s*(?P<unit>s|m|h|d|w)"
    r"(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?|ays?|eeks?)?(?:\s+ago)?",
    re.IGNORECASE,
)
_DAYS_AGO = {"today": 0, "yesterday": 1}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?")


def parse_moment(text: str, *, timezone: str, now: datetime) -> datetime:
    """A moment that was typed, ``now`` being the present with a zone.

    It is an ISO 8601 time; a time that has passed (``10m``, ``2 hours ago``); a time of day, which means the latest such moment
    that is not in the future; ``now``; or ``today`` or ``yesterday``, which begin at midnight. ``timezone`` (IANA) applies
    where no offset is said. Raises ConfigurationError: none of these.
    """
    words = text.strip()
    zone = ZoneInfo(timezone)
    if words.lower() == "now":
        return now
    if words.lower() in _DAYS_AGO:
        day = now.astimezone(zone).date() - timedelta(days=_DAYS_AGO[words.lower()])
        return datetime.combine(day, time(), zone)
    if ago := _AGO.fullmatch(words):
        return now - timedelta(**{_UNITS[ago["unit"].lower()]: float(ago["count"])})
    try:
        if _CLOCK.fullmatch(words):
            there = now.astimezone(zone)
            clock = time.fromisoformat(words.zfill(5) if len(words) < 6 else words)
            today = datetime.combine(there.date(), clock, zone)
            return today if today <= there else datetime.combine(there.date() - timedelta(days=1), clock, zone)
        parsed = datetime.fromisoformat(words)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a time.",
            "Write one such as 2026-11-23T04:17, 2026-11-23T04:17:00Z, 04:17, 10m, '2 hours ago' or yesterday.",
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
