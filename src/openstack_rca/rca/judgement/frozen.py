"""Killed or frozen: neither leaves a line of its own, but an end is noticed at once, and a standstill by nobody.

The kernel closes the sockets of a process that ends. Its broker tells of the lost connection and callers are refused; where
both are there and say nothing, the process is still there too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import BROKER, Finding, server_of, serves
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_MISSED = r"(?i)too many heartbeats missed"
"""What a client of the broker says that finds its connection given up: the broker hangs, or the client stood still."""

_WORDLESS = (EvidenceSort.SILENCE, EvidenceSort.MISSING_STEP)

_OF_WHO_WAITS = ("systemctl status <unit>", "journalctl -u <unit> -n 200", "uptime")


def tell_frozen_from_killed(findings: Sequence[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Change a silence from a stop to a hang where no line tells an end that the broker or unanswered callers would have logged.

    Args:
        window: events (``component``, ``host``, ``time``, ``level``).
    """
    ended = {
        finding.accused
        for finding in findings
        if finding.category is not Category.HANG
        and finding.sort not in _WORDLESS
        and finding.directness is not Directness.SYMPTOM
        and finding.complains
    }
    broker_tells = window.select(((pl.col("component") == BROKER) & (pl.col("level") == "INFO")).any()).item()
    awaited = {
        finding.accused
        for finding in findings
        if finding.sort is EvidenceSort.MISSING_STEP
        and finding.accuser != finding.accused
        and serves(finding.accused, topology)
    }
    return [
        replace(finding, category=Category.HANG)
        if finding.sort in _WORDLESS
        and finding.category is Category.PROCESS_DOWN
        and finding.accused not in ended
        and (finding.accused in awaited or (broker_tells and topology.depends_on(finding.accused, BROKER)))
        and _never_back(finding, window)
        else finding
        for finding in findings
    ]


def _never_back(finding: Finding, window: pl.DataFrame) -> bool:
    """Whether the accused wrote before and never after, while its host goes on: a process that was started anew writes."""
    since = finding.first + timedelta(seconds=current().settling_seconds)
    there = pl.col("host") == finding.accused_host if finding.accused_host else pl.lit(value=True)
    own, later = there & (pl.col("component") == finding.accused), pl.col("time") > since
    # Counted without a copy of the lines, which may be those of a whole recording.
    before, after, others = window.select(
        (own & ~later).sum().alias("before"), (own & later).sum().alias("after"), (there & later).sum().alias("others")
    ).row(0)
    return bool(before > 0 and not after and others >= current().back_lines)


def blame_server_of_stuck_agents(
    findings: Sequence[Finding], window: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Move to their server the tasks of agents that stopped on every host at one moment: all of them wait for its answer.

    Args:
        window: events (``component``, ``host``).
    """
    table = current()
    moved = list(findings)
    stuck: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.sort is EvidenceSort.MISSING_STEP and one.accused == one.accuser and topology.is_per_host(one.accused):
            stuck[one.accused].append(one)
    for agent, tasks in stuck.items():
        places = window.filter(pl.col("component") == agent)["host"].unique().to_list()
        spread = max(one.first for one in tasks) - min(one.first for one in tasks)
        server = server_of(agent, topology)
        if (
            len(places) >= table.enough_others
            and {one.accused_host for one in tasks} == set(places)
            and spread <= timedelta(seconds=table.waiting_seconds)
            and server is not None
        ):
            for one in tasks:
                why = f"{agent} waits for {server} on all {len(places)} hosts at once: {one.why}"
                advice = (
                    f"See what {server} waits for: its database, the broker, a lock; its own log tells the last step."
                )
                moved[moved.index(one)] = one.held_against(
                    server, None, advice, _OF_WHO_WAITS, title=why, why=why, compared=True
                )
    return moved


def blame_client_that_stood_still(
    findings: Sequence[Finding], window: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Move to the only client that lost the broker what it says of it, if its neighbours kept theirs and who needs it suffers.

    A process that stands still sends no heartbeats; when it goes on it finds its connections given up.

    Args:
        window: events (``row``, ``time``, ``component``, ``host``, ``text``).
    """
    table = current()
    against = [one for one in findings if one.accused == BROKER and one.directness is not Directness.SYMPTOM]
    clients = {(one.accuser, one.accuser_host) for one in against}
    client, host = clients.pop() if len(clients) == 1 else (None, None)
    if (
        client is None
        or client == BROKER
        or not any(
            one.accuser != client and topology.depends_on(name, client) and one.strength >= table.noticeable
            for one in findings
            for name in (one.accused, one.accuser)
            if name
        )
    ):
        return list(findings)
    since, until = min(one.first for one in against), max(one.last for one in against)
    cited = window.filter(pl.col("row").is_in([row for one in against for row in one.rows]))
    earliest = since - timedelta(seconds=table.follows_seconds)
    near = window.filter(pl.col("time").is_between(earliest, until + timedelta(seconds=table.waiting_seconds)))
    lines = near.filter(pl.col("host") == host).group_by("component").len()
    kept = [
        name
        for name, count in lines.iter_rows()
        if name != client and count >= table.enough_events and topology.depends_on(name, BROKER)
    ]
    if len(kept) < table.enough_others or not cited["text"].str.contains(_MISSED).any():
        return list(findings)
    own = near.filter((pl.col("component") == client) & (pl.col("host") == host) & (pl.col("time") < since))
    stood: datetime = own["time"].max() if own.height else earliest  # type: ignore[assignment]
    why = f"Only {client} lost the broker; {len(kept)} others on its host kept it, so {client} itself stood still"
    return [
        one.held_against(
            client,
            host,
            f"See what {client} waited for just before: a lock, a slow disk or query, a stopped or starved process; restart it "
            "if it still stands.",
            _OF_WHO_WAITS,
            category=Category.HANG,
            title=why,
            why=why,
            weight=max(one.weight, table.compared),
            first=stood,
            compared=True,
        )
        if one in against
        else one
        for one in findings
    ]
