"""How long versions stay, by stage: ``Production=365d,Staging=90d,none=30d``."""

from __future__ import annotations

import re
from datetime import timedelta

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.history import STAGES

NO_STAGE = "none"
_HOURS = {"h": 1, "d": 24, "w": 168}


def parse_age(text: str) -> timedelta | None:
    """An age such as ``30d``, ``12h`` or ``4w``; a plain number counts days. ``None`` for anything else."""
    found = re.fullmatch(r"(\d{1,6})([hdw]?)", text.strip().lower())
    return timedelta(hours=int(found.group(1)) * _HOURS[found.group(2) or "d"]) if found else None


def parse_policy(text: str) -> dict[str, timedelta]:
    """The rule of the setting ``retention``: stage, or ``none`` for versions in no stage, and how long they stay.

    Raises ConfigurationError: it is empty, or a part of it cannot be understood.
    """
    known = {name.lower(): name for name in STAGES} | {NO_STAGE: ""}
    policy: dict[str, timedelta] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        stage, _, age = part.partition("=")
        stays = parse_age(age)
        if stage.strip().lower() not in known or stays is None:
            raise ConfigurationError(
                f"{part!r} in OPENSTACK_RCA_RETENTION is not a stage and an age.",
                f"Write for example Staging=90d,none=30d; stages are {', '.join(STAGES)} and {NO_STAGE}.",
            )
        policy[known[stage.strip().lower()]] = stays
    if not policy:
        raise ConfigurationError(
            "No retention rule is set.", "Set OPENSTACK_RCA_RETENTION, for example to Staging=90d,none=30d."
        )
    return policy
