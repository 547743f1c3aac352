"""Accusations where no signature speaks: who is meant is read from addresses, traceback frames and peers' names.

These rules are OpenStack's own conventions: every project keeps the client side of its remote procedure calls in
``<project>/<service>/rpcapi.py``, so the frame in a time-out's traceback names the service that did not answer; and
connection errors carry the ``host:port`` or the URL that failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openstack_rca.rca.components import Topology
from openstack_rca.rca.report import Category

_FRAME = re.compile(r"/(nova|cinder|manila|ironic|heat|octavia|magnum)/(?:[a-z_]+/)*?([a-z_]+)/rpcapi\.py")
_NEUTRON_FRAME = re.compile(
    r"/neutron/(agent/rpc|agent/securitygroups_rpc|agent/(?:dhcp|l3|metadata)/\w+|common/rpc)\.py"
)
_TIMEOUT = "MessagingTimeout"
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._\[\]:-]+(?:/[^\s'\")]*)?|\b[A-Za-z0-9][A-Za-z0-9._-]*:(?:\d{4,5})\b")
_REFUSED = re.compile(r"(?i)connection refused|ECONNREFUSED|actively refused|Errno 111")
_TIMED_OUT = re.compile(r"(?i)timed? ?out|Errno 110|ETIMEDOUT")
_FAILED = re.compile(
    r"(?i)unreachable|unable to (?:establish|connect)|failed to (?:connect|establish)|connection (?:reset|aborted|closed)"
    r"|max retries exceeded|bad gateway|service unavailable|remote end closed|no route to host"
)


@dataclass(frozen=True)
class Accusation:
    """One component that an event's text speaks against."""

    component: str
    category: Category
    why: str
    weight: float


def accuse(text: str, accuser: str | None, topology: Topology) -> Accusation | None:
    """Read from an error's own text which component failed it.

    Args:
        text: message, exception and traceback of one event.
        accuser: component that logged it.
        topology: components, their ports and dependencies.

    Returns:
        The accusation, or None where the text names nobody.
    """
    if _TIMEOUT in text:
        consumer = _rpc_consumer(text, topology)
        if consumer is not None and consumer != accuser:
            return Accusation(consumer, Category.HANG, f"a remote procedure call to {consumer} got no reply", 0.6)
    failed = _FAILED.search(text) or _REFUSED.search(text) or _TIMED_OUT.search(text)
    if failed is None:
        return None
    for match in _ADDRESS.finditer(text):
        component = topology.component_of_url(match.group())
        if component is None or component == accuser:
            continue
        if _REFUSED.search(text):
            return Accusation(component, Category.PROCESS_DOWN, f"{match.group()} refuses connections", 0.7)
        if _TIMED_OUT.search(text):
            return Accusation(component, Category.HANG, f"{match.group()} does not answer in time", 0.6)
        return Accusation(component, Category.PROCESS_DOWN, f"{match.group()} cannot be reached", 0.6)
    return None


def _rpc_consumer(text: str, topology: Topology) -> str | None:
    """The service whose client module is the last one in the traceback before the time-out."""
    frames = _FRAME.findall(text)
    if frames:
        project, service = frames[-1]
        return topology.canonical(f"{project}-{service}")
    return "neutron-server" if _NEUTRON_FRAME.search(text) else None
