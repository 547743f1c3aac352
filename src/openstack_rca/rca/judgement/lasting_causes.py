"""Lasting causes: what states a fault once and shows that it stays, though nobody complains of it again.

A process that the kernel killed writes no further line, a disk that became read-only stays so, and on a quiet cloud no user may
have met either yet; that nothing else fails since is then no sign of health.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, tells_of_lasting_harm
from openstack_rca.rca.vocabulary import Directness, EvidenceSort
from openstack_rca.rca.weights import current


def lasts(one: Finding, findings: Sequence[Finding], window: pl.DataFrame, surroundings: pl.DataFrame) -> bool:
    """Whether a cause is stated that nobody tells the end of, and its line, or a stream that leaves off, shows that it stays.

    Args:
        findings: all that is said; among them the silence of others on the same host.
        window: events of the stretch of trouble, with their words.
        surroundings: all events (``time``, ``component``, ``host``), those beyond the window too.
    """
    if one.sort is EvidenceSort.SILENCE or one.directness is not Directness.CAUSE or not one.complains or one.recovered:
        return False
    return (
        tells_of_lasting_harm(window.filter(pl.col("row").is_in(one.rows)), one.rows)
        or _leaves_off(one, surroundings)
        or any(_falls_silent_with(one, other) for other in findings)
    )


def _leaves_off(one: Finding, surroundings: pl.DataFrame) -> bool:
    """Whether the accused wrote ordinarily before it on that host, and nothing more from the next moments to the end."""
    table = current()
    until: datetime | None = surroundings["time"].max()  # type: ignore[assignment]
    if until is None or until - one.last < timedelta(seconds=table.follows_seconds):
        return False
    host = one.accused_host or one.accuser_host
    here = pl.col("host").eq_missing(pl.lit(host, dtype=pl.String)) & (pl.col("component") == one.accused)
    own = surroundings.filter(here)["time"]
    before = (own < one.first).sum()
    after = (own > one.last + timedelta(seconds=table.settling_seconds)).sum()
    return bool(before >= table.enough_events and not after)


def _falls_silent_with(one: Finding, other: Finding) -> bool:
    """Whether another of the same host is silent from the moment of the cause on."""
    table = current()
    return (
        other.sort is EvidenceSort.SILENCE
        and other.strength >= table.noticeable
        and other.accused_host is not None
        and other.accused_host == (one.accused_host or one.accuser_host)
        and abs(other.first - one.first) <= timedelta(seconds=table.follows_seconds)
    )
