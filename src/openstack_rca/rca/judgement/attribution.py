"""Breadth: a service that only one client cannot reach is not down; the way between the two is.

The brokers that everybody talks to all the time (message queue, database, identity) are accused by everybody when they
fail. Where one host or one process accuses and the others go on working, the accusation moves to the network.
"""

import re
from datetime import timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, named_dependencies, tells_of_time_out
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

CONSTANTLY_USED = ("rabbitmq", "mariadb", "keystone")
"""Components that every client uses every few seconds, so that a client without complaint is a client that is served."""

_REACHABILITY = (Category.HANG, Category.NETWORK, Category.PROCESS_DOWN, Category.MESSAGING, Category.DATABASE)
_UNCONNECTED = re.compile(
    r"(?i)Connect(?:ion)?Timeout|connect timeout|connection timed out|Errno 110|ETIMEDOUT|Connection to \S+ timed out"
    r"|no route to host|EHOSTUNREACH|network is unreachable|ENETUNREACH"
)
"""What is said where packets get no answer; a service that refuses, or is slow to reply, was reached."""

_ANSWER = re.compile(r"\((?:1\d{3}, |[45]\d\d\) )|\bHTTP [45]\d\d\b")
"""Error numbers that a server sends (MySQL from 1000 on, AMQP and HTTP from 400 on): who answers was reached."""


def blame_link_to_shared_service(findings: list[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Turn accusations of a shared service that come from one host alone into accusations of that host's network."""
    table = current()
    moved = list(findings)
    cited = {finding.rows[0] for finding in findings if finding.accused in CONSTANTLY_USED and finding.rows}
    texts = dict(window.filter(pl.col("row").is_in(list(cited))).select("row", "text").iter_rows())
    for shared in CONSTANTLY_USED:
        reaching = _out_of_reach(findings, shared, texts)
        accusers = {(finding.accuser, finding.accuser_host) for finding in reaching}
        hosts = {host for _, host in accusers}
        if len(hosts) != 1 or None in hosts or sum(finding.count for finding in reaching) < table.enough_events:
            continue
        unaffected = _served(window, reaching, accusers, shared, topology)
        if len(unaffected) < table.enough_others:
            continue
        host = next(iter(hosts))
        refused = any(finding.category is Category.PROCESS_DOWN for finding in reaching)
        if refused and all(place == host for _, place in unaffected):
            # Packets of one process may be dropped; a refusal on a host that others reach it from is not a matter of the way.
            continue
        why = f"only {host} cannot reach {shared}, while {len(unaffected)} other clients of it go on working"
        for finding in reaching:
            moved[moved.index(finding)] = _on_the_way(finding, host, why)
    return moved


def _out_of_reach(findings: list[Finding], shared: str, texts: dict[int, str]) -> list[Finding]:
    """Accusations of a shared service that all say that it cannot be reached; none where one says something else."""
    own_words = [finding for finding in findings if finding.accused == shared and finding.accuser == shared]
    against = [
        finding for finding in findings if finding.accused == shared and finding.accuser != shared and finding.complains
    ]
    if any(
        finding.directness is Directness.CAUSE or finding.sort is EvidenceSort.SILENCE
        for finding in against + own_words
    ):
        return []
    reaching = [finding for finding in against if finding.category in _REACHABILITY and not _answered(finding, texts)]
    return reaching if len(reaching) == len(against) else []


def blame_link_to_busy_service(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Turn one host's time-outs at a service that goes on serving into accusations of that host's network.

    A service that is called now and then is accused by few even when it fails. But where its own log shows that it never
    paused, and the same client on other hosts does not complain, the way between them is broken.
    """
    table = current()
    waited, slot = timedelta(seconds=table.waiting_seconds), timedelta(seconds=table.gap_seconds)
    moved = list(findings)
    texts = _first_texts(findings, window)
    for accused in {finding.accused for finding in findings} - {"network", "host", "storage", *CONSTANTLY_USED}:
        against = [finding for finding in findings if finding.accused == accused and finding.complains]
        hosts = {finding.accuser_host for finding in against}
        if len(hosts) != 1 or None in hosts or sum(finding.count for finding in against) < table.enough_events:
            continue
        if not all(_UNCONNECTED.search(texts.get(finding.rows[0], "")) for finding in against if finding.rows):
            continue
        host, start, end = hosts.pop(), min(f.first for f in against), max(f.last for f in against)
        streams = window.select("component", "host", "time").filter(pl.col("time").is_between(start - waited, end))
        own = streams.filter((pl.col("component") == accused) & (pl.col("host") != host))
        slots = int((end - start + waited) / slot)
        clients = {finding.accuser for finding in against}
        others = streams.filter(pl.col("component").is_in(list(clients)) & (pl.col("host") != host))
        if own.select(pl.col("time").dt.truncate(slot).n_unique()).item() < slots or others.is_empty():
            continue
        why = f"only {host} cannot reach {accused}, which goes on serving others"
        for finding in against:
            moved[moved.index(finding)] = _on_the_way(finding, host, why)
    return moved


def blame_named_by_several(findings: list[Finding], topology: Topology) -> list[Finding]:
    """Move findings that several components make of themselves in the same words to the one dependency that the words name."""
    alike: dict[tuple[str | None, str], list[Finding]] = {}
    for finding in findings:
        own = finding.directness is Directness.CAUSE and finding.accuser == finding.accused
        if own and (finding.signature or finding.unexplained) and finding.strength >= current().plain:
            alike.setdefault((finding.signature, finding.title.replace(finding.accused, "")), []).append(finding)
    moved = list(findings)
    for (_, words), speakers in alike.items():
        names = {finding.accused for finding in speakers}
        named = [{component for _, component in named_dependencies(words, name, topology)} for name in names]
        common = set.intersection(*named) - names
        if len(names) >= current().enough_others and len(common) == 1:
            accused = common.pop()
            for finding in speakers:
                # What to do about a setting, or a record, that is wrong stays the same, whoever is told to have it.
                stays = finding.category in STATED_CAUSES
                remedy, checks = (finding.remedy, finding.checks) if stays else ("", ())
                moved[moved.index(finding)] = finding.held_against(
                    accused, None, remedy, checks, directness=Directness.ACCUSATION
                )
    return moved


def keep_blame_on_common_target(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Weaken accusations of the network by time-outs that several hosts meet towards the same component.

    One host that waits in vain hints at its network; many that wait for the same one hint at that one.
    """
    targets: dict[tuple[str | None, str | None, int], set[str]] = {}
    hosts: dict[str, set[str | None]] = {}
    for finding in findings:
        if finding.accused != "network" and finding.directness is Directness.ACCUSATION and finding.rows:
            targets.setdefault((finding.accuser, finding.accuser_host, finding.rows[0]), set()).add(finding.accused)
            hosts.setdefault(finding.accused, set()).add(finding.accuser_host)
    hints = [
        finding.sort is EvidenceSort.SIGNATURE
        and finding.accused == "network"
        and finding.directness is Directness.ACCUSATION
        and any(
            len(hosts[target]) > 1
            for target in targets.get((finding.accuser, finding.accuser_host, finding.rows[0]), ())
        )
        for finding in findings
    ]
    cited = {finding.rows[0] for finding, hint in zip(findings, hints, strict=True) if hint}
    texts = dict(window.filter(pl.col("row").is_in(list(cited))).select("row", "text").iter_rows())
    return [
        finding.weakened(current().left) if hint and tells_of_time_out(texts.get(finding.rows[0], "")) else finding
        for finding, hint in zip(findings, hints, strict=True)
    ]


def _on_the_way(finding: Finding, host: str | None, why: str) -> Finding:
    """The same complaint, as one about the network of a host."""
    return finding.held_against(
        "network",
        host,
        f"Check the links, routes, packet filters and MTU of {host or 'the host that complains'}: others reach what it cannot.",
        ("ip -s link", "ip route", "nft list ruleset"),
        category=Category.NETWORK,
        why=why,
        title=why,
        weight=max(finding.weight, current().compared),
        compared=True,
    )


def _first_texts(findings: list[Finding], window: pl.DataFrame) -> dict[int, str]:
    """The text of the first event of each accusation."""
    rows = [finding.rows[0] for finding in findings if finding.rows and finding.directness is Directness.ACCUSATION]
    return dict(window.filter(pl.col("row").is_in(rows)).select("row", "text").iter_rows())


def _answered(finding: Finding, texts: dict[int, str]) -> bool:
    return bool(finding.rows) and _ANSWER.search(texts.get(finding.rows[0], "")) is not None


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
        .filter(pl.col("len") >= current().enough_events)
    )
    return {
        (component, host)
        for component, host, _ in streams.iter_rows()
        if (component, host) not in accusers and shared in topology.dependencies(component, include_weak=False)
    }
