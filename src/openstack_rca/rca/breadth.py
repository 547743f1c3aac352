"""Breadth: a service that only one client cannot reach is not down; the way between the two is.

The brokers that everybody talks to all the time (message queue, database, identity) are accused by everybody when they
fail. Where one host or one process accuses and the others go on working, the accusation moves to the network.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.components import Topology
from openstack_rca.rca.findings import Directness, Finding
from openstack_rca.rca.report import Category, EvidenceSort

CONSTANTLY_USED = ("rabbitmq", "mariadb", "keystone")
"""Components that every client uses every few seconds, so that a client without complaint is a client that is served."""

AWAKENING = timedelta(seconds=3)
AWAKENED_SHARE = 0.2
MAX_SHARE = 0.34
MIN_OTHERS = 2
MIN_EVENTS = 3
_REACHABILITY = (Category.HANG, Category.NETWORK, Category.PROCESS_DOWN, Category.MESSAGING, Category.DATABASE)


def discount_the_awakened(findings: list[Finding]) -> list[Finding]:
    """Weaken what a stream says of others right after a silence of its own.

    A frozen process that wakes finds its connections closed by peers that gave it up; its complaint of them is a
    consequence of its own absence.

    Args:
        findings: all findings, silences among them.

    Returns:
        The findings, with the weight of such complaints cut to ``AWAKENED_SHARE``.
    """
    ends: dict[tuple[str | None, str | None], list[datetime]] = {}
    for finding in findings:
        if finding.sort is EvidenceSort.SILENCE:
            ends.setdefault((finding.accused, finding.accused_host), []).append(finding.last)
    result = []
    for finding in findings:
        woke = ends.get((finding.accuser, finding.accuser_host), [])
        is_complaint = finding.accused != finding.accuser and finding.sort is not EvidenceSort.SILENCE
        if is_complaint and any(abs(finding.first - end) <= AWAKENING for end in woke):
            finding = replace(finding, weight=finding.weight * AWAKENED_SHARE)
        result.append(finding)
    return result


def attribute_to_network(findings: list[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Turn accusations of a shared service by one host alone into accusations of that host's network.

    Args:
        findings: all findings.
        window: observed events (``component``, ``host``, ``time``).
        topology: dependency graph.

    Returns:
        The findings, some of them with ``network`` as the accused.
    """
    moved = list(findings)
    for shared in CONSTANTLY_USED:
        against = [
            finding
            for finding in findings
            if finding.accused == shared
            and finding.accuser != shared
            and finding.strength >= 0.2
            and finding.directness is not Directness.SYMPTOM
        ]
        own_words = [finding for finding in findings if finding.accused == shared and finding.accuser == shared]
        if not against or any(
            finding.directness is Directness.CAUSE or finding.sort is EvidenceSort.SILENCE
            for finding in against + own_words
        ):
            continue
        reaching = [finding for finding in against if finding.category in _REACHABILITY]
        accusers = {(finding.accuser, finding.accuser_host) for finding in reaching}
        hosts = {host for _, host in accusers}
        if len(reaching) < len(against) or len(hosts) != 1 or None in hosts:
            continue
        if sum(finding.count for finding in reaching) < MIN_EVENTS:
            continue
        unaffected = _served(window, reaching, accusers, shared, topology)
        if len(unaffected) < MIN_OTHERS or len(accusers) / (len(accusers) + len(unaffected)) > MAX_SHARE:
            continue
        host = next(iter(hosts))
        why = f"only {host} cannot reach {shared}, while {len(unaffected)} other clients of it go on working"
        for finding in reaching:
            moved[moved.index(finding)] = replace(
                finding, accused="network", accused_host=host, category=Category.NETWORK, why=why, title=why
            )
    return moved


def _served(
    window: pl.DataFrame,
    reaching: list[Finding],
    accusers: set[tuple[str | None, str | None]],
    shared: str,
    topology: Topology,
) -> set[tuple[str, str | None]]:
    """Streams that depend on the shared service, do not complain, and log while the others complain."""
    start, end = min(finding.first for finding in reaching), max(finding.last for finding in reaching)
    streams = (
        window.filter(pl.col("time").is_between(start, end))
        .group_by("component", "host")
        .len()
        .filter(pl.col("len") >= MIN_EVENTS)
    )
    return {
        (component, host)
        for component, host, _ in streams.iter_rows()
        if (component, host) not in accusers and shared in topology.dependencies(component, include_weak=False)
    }
