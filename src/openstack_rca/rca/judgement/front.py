"""The proxy in front: several services that are refused at one address, where a proxy stands that fell silent, are not down."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

PROXIES = ("haproxy",)
"""They pass on what clients ask, and check each server themselves: what they are refused is no matter of their settings."""
_HOLDER = "keepalived"
_GAVE_AWAY = r"\bsent 0 priority|\bEntering BACKUP STATE"
_CHECK_FAILED = r"(?i)\bscript\b.{1,80}(?:fail|timed out|returning [1-9])|Entering FAULT STATE"
_MOVED = f"{_GAVE_AWAY}|{_CHECK_FAILED}"
_ADDRESS = re.compile(r"(?:https?://|host=['\"]?|server on ['\"]|AMQP server on )([A-Za-z0-9][A-Za-z0-9.-]*)")
_UNREACHED = re.compile(r"(?i)connection refused|ECONNREFUSED|Errno 11[13]|timed? ?out|No route to host")
_REMEDY = "Start {proxy} on that host, and see why it ended: its unit's journal, the kernel log, memory."


def blame_proxy_in_front(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Turn accusations of several services that cannot be reached at one address into accusations of the silent proxy there."""
    proxy = next((name for name in PROXIES if name in set(window["component"].unique().to_list())), None)
    if proxy is None:
        return findings
    table = current()
    against = [
        finding
        for finding in findings
        if finding.directness is Directness.ACCUSATION
        and finding.sort is not EvidenceSort.SILENCE
        and finding.accused not in (finding.accuser, proxy)
        and finding.strength >= table.complaint
        and finding.rows
    ]
    rows = [finding.rows[0] for finding in against]
    texts = dict(window.filter(pl.col("row").is_in(rows)).select("row", "text").iter_rows())
    behind: dict[str, list[Finding]] = defaultdict(list)
    for finding in against:
        text = texts.get(finding.rows[0], "")
        named = _ADDRESS.search(text)
        if named is not None and _UNREACHED.search(text):
            behind[named[1]].append(finding)
    address, refused = max(behind.items(), key=lambda item: len({f.accused for f in item[1]}), default=("", []))
    accused = {finding.accused for finding in refused}
    if len(accused) < table.enough_others or not _fell_quiet(window, proxy, refused):
        return findings
    hosts = window.filter(pl.col("component") == proxy)["host"].drop_nulls().unique().to_list()
    host = str(hosts[0]) if len(hosts) == 1 else None
    names = ", ".join(sorted(accused))
    why = f"{proxy} is silent while {len(accused)} services behind {address} ({names}) refuse at once"
    return [
        _at_the_proxy(finding, proxy, host, why)
        if finding in refused
        else finding.weakened(table.left)
        if finding.accused in accused and finding.accuser != finding.accused
        else finding
        for finding in findings
    ]


def discount_proxies_without_address(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """Set to 0 the weight of a proxy's silence on a host that gave its virtual address away: no client reaches it there.

    Where a check of keepalived failed, the address may have left because the proxy was gone: that silence counts.
    """
    told = window.filter((pl.col("component") == _HOLDER) & pl.col("text").str.contains(_MOVED))
    if told.is_empty():
        return findings
    failing = set(told.filter(pl.col("text").str.contains(_CHECK_FAILED))["host"].to_list())
    away = told.filter(pl.col("text").str.contains(_GAVE_AWAY) & ~pl.col("host").is_in(failing)).select("host", "time")
    near = timedelta(seconds=current().follows_seconds)
    left = list(away.iter_rows())
    return [
        finding.weakened(0.0)
        if finding.sort is EvidenceSort.SILENCE
        and finding.accused in PROXIES
        and any(host == finding.accused_host and abs(moment - finding.first) <= near for host, moment in left)
        else finding
        for finding in findings
    ]


def _fell_quiet(window: pl.DataFrame, proxy: str, refused: Sequence[Finding]) -> bool:
    """Whether the proxy writes next to nothing between the first and the last refusal."""
    table = current()
    start: datetime = min(finding.first for finding in refused) + timedelta(seconds=table.settling_seconds)
    end: datetime = max(finding.last for finding in refused)
    times = window.filter(pl.col("component") == proxy)["time"]
    first = window["time"].min()
    assert isinstance(first, datetime)
    before, length = (start - first).total_seconds(), (end - start).total_seconds()
    usual = int((times < start).sum()) / max(before, 1.0) * length
    return usual >= table.back_lines and int(times.is_between(start, end).sum()) < table.quiet_share * usual


def _at_the_proxy(finding: Finding, proxy: str, host: str | None, why: str) -> Finding:
    return replace(
        finding,
        accused=proxy,
        accused_host=host,
        category=Category.PROCESS_DOWN,
        title=why,
        why=why,
        weight=current().compared,
        compared=True,
        remedy=_REMEDY.format(proxy=proxy),
        checks=("systemctl status <unit>", "journalctl -u <unit> -n 200", "ss -ltnp"),
    )
