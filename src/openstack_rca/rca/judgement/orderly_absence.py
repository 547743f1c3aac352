"""Orderly absences: a host that was told to reboot and is back, a member of a group whose place others took until it was back.

Whoever works on a cloud does this every day. It is not a failure where all that stopped writes again and nobody missed it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.knowledge import HOST, Catalogue
from openstack_rca.rca.vocabulary import Category, Directness
from openstack_rca.rca.weights import current

_PROXY = "haproxy"
_OTHERS_SERVE = re.compile(r"\b[1-9]\d* active and \d+ backup servers left")


def discount_orderly_absence(findings: Sequence[Finding], catalogue: Catalogue, window: pl.DataFrame) -> list[Finding]:
    """Take the weight from what speaks of a stop in good order that nobody missed and that is over.

    Args:
        catalogue: tells which signatures speak of a stop (``phase``).
        window: observed events (``row``, ``component``, ``host``, ``time``, ``text``).
    """
    stopping = {signature.id for signature in catalogue.signatures if signature.phase == "stop"}
    stops = [finding for finding in findings if finding.signature in stopping and finding.accuser_host is not None]
    before = timedelta(seconds=current().follows_seconds)
    orderly: list[Finding] = []
    for stop in stops:
        place, since = stop.accuser_host, stop.first - before
        together = [one for one in stops if one.accuser_host == place and one.first >= since]
        absent = {one.accused for one in (together if stop.accused == HOST else [stop])}
        complaints = [one for one in findings if one.accused in absent and _misses(one, place, since)]
        seen = [one for one in findings if one.accused in absent and _of_others(one, place)]
        taken = stop.accused != HOST and (
            _others_served(complaints, since, window) or _clients_went_on(seen, stop, window)
        )
        unmissed = taken or (stop.accused == HOST and not complaints)
        if unmissed and all(_writes_again(one, window) for one in together if one.accused in absent):
            orderly += [one for one in findings if one.accused in absent and _tells_absence(one, place, since)]
            orderly += seen
    return [finding.weakened(0.0) if finding in orderly else finding for finding in findings]


def _misses(finding: Finding, host: str | None, since: datetime) -> bool:
    """Whether another component complains, of this host or of none by name, and not only before the stop."""
    return finding.complains and _of_others(finding, host) and finding.last >= since


def _of_others(finding: Finding, host: str | None) -> bool:
    """Whether another component speaks of a component on this host, or on none that it names."""
    return (
        finding.directness is Directness.ACCUSATION
        and finding.accuser not in (finding.accused, HOST, None)
        and finding.accused_host in (None, host)
    )


def _tells_absence(finding: Finding, host: str | None, since: datetime) -> bool:
    """Whether the host itself, or who ran there, tells that it stopped, started or was silent."""
    return (
        finding.accuser_host == host
        and finding.first >= since
        and finding.category in (Category.PROCESS_DOWN, Category.HANG)
    )


def _others_served(complaints: Sequence[Finding], since: datetime, window: pl.DataFrame) -> bool:
    """Whether only a proxy found somebody gone, since the stop, and each of its lines shows that it had others left."""
    rows = {row for complaint in complaints for row in complaint.rows}
    texts = window.filter(pl.col("row").is_in(rows))["text"].to_list()
    by_proxy = all(complaint.accuser == _PROXY and complaint.first >= since for complaint in complaints)
    return by_proxy and len(texts) == len(rows) > 0 and all(_OTHERS_SERVE.search(text) for text in texts)


def _clients_went_on(seen: Sequence[Finding], stop: Finding, window: pl.DataFrame) -> bool:
    """Whether clients lost it as it stopped, and none of them said so again though it stayed away: others took its place."""
    moment = timedelta(seconds=current().settling_seconds)
    if not seen or any(one.first < stop.first - moment or one.last > stop.last + moment for one in seen):
        return False
    own = (pl.col("component") == stop.accused) & (pl.col("host") == stop.accuser_host)
    back = window.filter(own & (pl.col("time") > stop.last + moment))["time"].min()
    later = window.filter(pl.col("time").is_between(stop.last, back, closed="none"))
    return {one.accuser for one in seen} <= set(later["component"].to_list())


def _writes_again(stop: Finding, window: pl.DataFrame) -> bool:
    table = current()
    own = window.filter((pl.col("component") == stop.accused) & (pl.col("host") == stop.accuser_host))
    return bool((own["time"] > stop.last + timedelta(seconds=table.settling_seconds)).sum() >= table.enough_events)
