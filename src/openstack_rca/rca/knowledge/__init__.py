"""What is known before any log is read: signatures, the dependency graph, checks. May touch ``vocabulary`` only."""

from openstack_rca.rca.knowledge.catalogue import (
    TEXT_LIMIT,
    Catalogue,
    Signature,
    event_text,
    lint_catalogue,
    load_catalogue,
)
from openstack_rca.rca.knowledge.checks import concrete_checks
from openstack_rca.rca.knowledge.topology import Topology, load_topology

__all__ = [
    "Catalogue",
    "Signature",
    "TEXT_LIMIT",
    "Topology",
    "concrete_checks",
    "event_text",
    "lint_catalogue",
    "load_catalogue",
    "load_topology",
]
