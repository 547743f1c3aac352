"""Rows of what OpenStack's client lists, as records: services, agents, servers, volumes, with the level that their state has."""

import re
from collections.abc import Mapping
from typing import Any

from openstack_rca.logs.programs import component_of_program

Told = dict[str, str]

_BAD = re.compile(
    r"(?i)^(?:error|down|xxx|failed|fault|offline|dead|unreachable|exited \([1-9]\d*\).*|restarting.*|.*\(unhealthy\).*|"
    r".*backoff|oomkilled|evicted|notready.*|err\w+|non-primary|disconnected)$"
)
_UNSURE = re.compile(
    r"(?i)^(?:disabled|degraded|pending|unknown|inactive|created.*|init:.*|containercreating|terminating|build|paused)$"
)
STATE_COLUMNS = (
    "status", "state", "alive", "ready", "health", "operating_status", "provisioning_status", "power state", "provision state",
    "provisioning state", "stack status", "vm_state", "os-ext-sts:vm_state", "replication status", "service_status",
)  # fmt: skip
_HOST_COLUMNS = ("host", "hypervisor hostname", "node")
_SUBJECTS = ("binary", "agent type")
_SUBJECTS_IN_JSON = frozenset({"Binary", "Agent Type"})
_THING_IN_JSON = frozenset({"ID", "Name", "Status"})
_OF_RECORDS = frozenset({"Message", "Msg", "Text", "Level", "Severity", "Reason"})
"""What a record of a log has, and no row."""
OF_CLIENT = frozenset({"id", "uuid", "field", "name", *STATE_COLUMNS, *_HOST_COLUMNS, *_SUBJECTS})


def level_of(*states: str) -> str:
    """The level of a record that tells of these states."""
    return "error" if any(map(_BAD.match, states)) else "warning" if any(map(_UNSURE.match, states)) else "info"


def told_by_client(text: str, *states: str) -> Told:
    """A record of what the client shows."""
    return {"service": "openstackclient", "level": level_of(*states), "message": text}


def told_of_row(row: Mapping[str, str]) -> Told:
    """A record of one row; its columns' names are in small letters."""
    states = [row[name] for name in STATE_COLUMNS if row.get(name)]
    program = next((row[name] for name in _SUBJECTS if component_of_program(row.get(name, ""))), "")
    host = next((row[name] for name in _HOST_COLUMNS if row.get(name)), "")
    text = "; ".join(f"{name}: {cell}" for name, cell in row.items() if cell)
    return {**told_by_client(text, *states), "service": program or "openstackclient", "host": host.partition("@")[0]}


def row_in_json(value: Mapping[str, Any]) -> Told | None:
    """A record of a row that the client gave with ``-f json``; None for anything else."""
    if not (_SUBJECTS_IN_JSON.intersection(value) or value.keys() >= _THING_IN_JSON):
        return None
    if not all(key[:1].isupper() or key[:1].isdigit() for key in value) or _OF_RECORDS.intersection(value):
        return None
    row = {key.lower(): "" if cell is None else str(cell) for key, cell in value.items()}
    # A table shows XXX for an agent that is not alive.
    row |= {"alive": "down"} if value.get("Alive") is False else {}
    return told_of_row(row)


def is_listed_by_client(value: Any) -> bool:
    """Whether a value of JSON is a row that the client lists, or a list of such."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and row_in_json(first) is not None
