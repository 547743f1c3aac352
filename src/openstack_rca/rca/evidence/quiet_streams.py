"""Silences as findings against the component that fell silent."""

from dataclasses import replace

import polars as pl

from openstack_rca.rca.evidence.doubts import is_filtered
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.evidence.silence import Gap, find_gaps
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current


def silences(window: pl.DataFrame, rates: NormalRates, topology: Topology) -> list[Finding]:
    """A finding for each stream that fell silent; none where nothing below a warning is left of the logs."""
    if is_filtered(window):
        return []
    gaps = find_gaps(
        window.select("row", "time", "component", "host", "process"),
        rates.longest_gap_seconds,
        rates.per_minute,
        topology.depends_on,
    )
    return [_silence(gap) for gap in gaps if gap.component != "unknown"]


def _silence(gap: Gap) -> Finding:
    seconds = (gap.end - gap.start).total_seconds()
    table = current()
    certainty = min(1.0, gap.significance / table.silence_certain)
    alone = 1.0 if gap.alike else table.lonely_silence + (1.0 - table.lonely_silence) * gap.others_active
    category = Category.HANG if gap.same_process else Category.PROCESS_DOWN
    return Finding(
        sort=EvidenceSort.SILENCE,
        directness=Directness.ACCUSATION,
        accused=gap.component,
        accused_host=gap.host,
        accuser=gap.component,
        accuser_host=gap.host,
        category=category,
        title=f"{gap.component} logged nothing for {seconds:.0f} s",
        why=f"steady at {gap.per_minute:.0f} lines a minute, then silent for {seconds:.0f} s"
        + ("" if gap.resumed else " until the logs end")
        + (", while it goes on at the same work on other hosts" if gap.alike else ""),
        compared=gap.alike,
        weight=table.silence * certainty * alone,
        rows=gap.rows,
        count=0,
        first=gap.start,
        last=gap.end,
        baseline=f"{gap.per_minute:.0f}/min",
    )


def silent_workers(window: pl.DataFrame) -> list[Finding]:
    """A finding for each worker process that fell silent for good while its peers, which share its work, go on.

    A worker that ends is replaced by a new one; a frozen one is not, and keeps what it had begun.
    """
    if is_filtered(window):
        return []
    table, stream = current(), ["component", "host"]
    placed = window.lazy().select("row", "time", *stream, "process").drop_nulls(["time", "process"])
    several = placed.group_by(stream).agg(pl.col("process").n_unique()).filter(pl.col("process") > 1).drop("process")
    workers = placed.join(several, on=stream, how="semi", nulls_equal=True, maintain_order="left").collect()
    findings = []
    for gap in find_gaps(workers, place=("host", "process")):
        process = workers.filter(pl.col("row") == gap.rows[0])["process"][0]
        own_stream = pl.col("component").eq(gap.component) & pl.col("host").eq_missing(pl.lit(gap.host, pl.String))
        peers = workers.filter(own_stream, pl.col("process") != process)
        lives = peers.group_by("process").agg(
            pl.col("time").min().alias("begun"),
            (pl.col("time") <= gap.start).sum().alias("before"),
            (pl.col("time") > gap.start).sum().alias("after"),
        )
        own = workers.filter(pl.col("process") == process, pl.col("component") == gap.component).height
        alike = lives.filter(pl.col("before") >= table.going_share * own, pl.col("before") <= own / table.going_share)
        if gap.resumed or (lives["begun"] > gap.start).any() or alike["after"].sum() < table.back_lines:
            continue
        silence = _silence(gap)
        why = f"{silence.why}, while {alike.height} more of its processes go on"
        findings.append(replace(silence, category=Category.HANG, why=why, compared=True))
    return findings
