"""Remarks: complaints of which nothing follows, while the whole cloud goes on working.

On every cloud somebody complains somewhere: a client that hung up, a member that was asked twice. Such a line is no fault
where its speaker and all others work on long after it, no request fails, nothing stays down and nobody complains again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import Finding, belongs_to_cloud, leaves_open, tells_of_lasting_harm, time_span
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Directness, EvidenceSort
from openstack_rca.rca.weights import current

_NOT_TOLD = (EvidenceSort.SILENCE, EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP, EvidenceSort.SHARED_DEPENDENCY)
_ORDINARY = ("INFO", "DEBUG")


def discount_remarks(
    findings: Sequence[Finding], window: pl.DataFrame, surroundings: pl.DataFrame, topology: Topology
) -> list[Finding]:
    """Set to 0 the weight of all findings, if each is a complaint that passed and nothing in the window tells of harm.

    Args:
        window: events of the stretch of trouble, with their words.
        surroundings: all events (``time``, ``component``, ``host``, ``level``), those beyond the window too.
    """
    table = current()
    heard = [one for one in findings if one.strength >= table.noticeable or (one.weight and one.unexplained)]
    told = [one for one in heard if one.rows and one.count]
    if not told or any(one.sort in _NOT_TOLD for one in heard if one.complains):
        return list(findings)
    rows = {row for one in told for row in one.rows}
    is_ordinary = pl.col("level").is_in(_ORDINARY) & ~pl.col("row").is_in(rows)
    ordinary = surroundings.lazy().filter(is_ordinary).select("time", "component", "host").collect()
    if not _is_at_work(ordinary, topology) or tells_of_lasting_harm(
        window, {row for one in findings if one.weight for row in one.rows}
    ):
        return list(findings)
    begun = min(one.first for one in told)
    lines = {
        row: (f"{instance or ''} {text}", level)
        for row, level, instance, text in window.filter(pl.col("row").is_in(rows))
        .select("row", "level", "instance_id", "text")
        .iter_rows()
    }
    left_open = any(
        leaves_open(*lines[row], of_other=one.accused != one.accuser)
        for one in told
        for row in one.rows
        if row in lines
    )
    if left_open or _goes_on_failing(surroundings, begun) or _is_echoed(told):
        return list(findings)
    if any(not _passed(one, surroundings, ordinary) for one in told):
        return list(findings)
    return [one.weakened(0.0) if one in heard else one for one in findings]


def _is_at_work(ordinary: pl.DataFrame, topology: Topology) -> bool:
    """Whether several components of the cloud write ordinary lines."""
    lines = ordinary.group_by("component").len()
    cloud = [count for name, count in lines.iter_rows() if belongs_to_cloud(name, topology)]
    table = current()
    return len(cloud) >= table.enough_others and sum(cloud) >= table.active_lines


def _passed(one: Finding, surroundings: pl.DataFrame, ordinary: pl.DataFrame) -> bool:
    """Whether a complaint came a few times, nowhere else either, and its speaker and others wrote ordinary lines long after it.

    A speaker that writes seldom need not have written again.
    """
    table = current()
    if one.count > table.enough_events or (one.directness is Directness.CAUSE and one.strength >= table.complaint):
        return False
    by_speaker = (pl.col("component") == one.accuser) & pl.col("host").eq_missing(
        pl.lit(one.accuser_host, dtype=pl.String)
    )
    own = surroundings.filter(by_speaker)
    alike = own.filter(pl.col("template_id").is_in(own.filter(pl.col("row").is_in(one.rows))["template_id"].implode()))
    if alike.filter(pl.col("failed") | (pl.col("level") == "WARNING")).height > table.enough_events:
        return False
    since = one.last + timedelta(seconds=table.settling_seconds)
    _, last = time_span(surroundings)
    if last - one.last < timedelta(seconds=table.follows_seconds):
        return False
    before = ordinary.filter(by_speaker & (pl.col("time") < one.first)).height
    again = ordinary.filter(pl.col("time") > since)
    needed = table.enough_events if before >= table.enough_events else 0
    return again.filter(by_speaker).height >= needed and again.height >= table.back_lines


def _goes_on_failing(surroundings: pl.DataFrame, begun: datetime) -> bool:
    """Whether errors, or failed requests, of one kind begin with the complaints or after them, and come again and again."""
    kinds = (
        surroundings.filter("failed").group_by("component", "host", "template_id").agg(pl.len(), pl.col("time").min())
    )
    table = current()
    since = begun - timedelta(seconds=table.settling_seconds)
    return not kinds.filter((pl.col("len") > table.enough_events) & (pl.col("time") >= since)).is_empty()


def _is_echoed(told: Sequence[Finding]) -> bool:
    """Whether several speakers complain of the same component, or several hosts of the same kind of fault at the same moment."""
    complaining = [one for one in told if one.complains]
    streams = {(one.accused, one.accuser, one.accuser_host) for one in complaining}
    near = timedelta(seconds=current().settling_seconds)
    plain = [one for one in told if not one.vague]
    return len(streams) > len({one.accused for one in complaining}) or any(
        one.category is other.category
        and one.accuser_host != other.accuser_host
        and abs(one.first - other.first) <= near
        for one in plain
        for other in plain
    )
