"""What nobody says: a dependency, or a host, that all the troubled have in common.

A frozen database logs nothing and refuses nothing: its clients just stop. When several components stop or stop answering at
once, nothing accuses what they share, and what they do not share goes on, the shared one is inferred from the graph. The
same holds for a host all of whose streams stop, or are missed by others, while other hosts go on.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.logs.event_table import different
from openstack_rca.rca.evidence import Finding, noisy_or
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_READ = r"\b(?:GET|HEAD|OPTIONS) \S*/"
"""A request that changes nothing: a database that takes no writes may still answer it, and the broker is not asked."""


def infer_shared(
    findings: list[Finding], window: pl.DataFrame, topology: Topology, words: Callable[[pl.Series], pl.DataFrame]
) -> list[Finding]:
    """Return the findings, and behind them accusations of a dependency or host that all the stopped components share.

    ``words`` gives columns (``message``, ``request_id``) of the events with these indices.
    """
    together = _slept_together(findings, window)
    shared = _sleeping_leaf(together, topology)
    stopped = together or _stopped(findings)
    if not shared and stopped:
        # Where they did not wake together no moment is known at which all of them stood still.
        shared = _shared_dependency(
            findings, stopped, window, topology, _at_work(together, window, words) if together else None
        )
    return findings + shared + _shared_host(findings, window)


def _stopped(findings: list[Finding]) -> dict[str, list[Finding]]:
    """Components that went silent or did not answer, with the findings that say so."""
    stopped: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        quiet = finding.sort is EvidenceSort.SILENCE or (
            finding.category is Category.HANG and finding.directness is Directness.ACCUSATION
        )
        if quiet and finding.strength >= current().noticeable:
            stopped[finding.accused].append(finding)
    return stopped


def _slept_together(findings: list[Finding], window: pl.DataFrame) -> dict[str, list[Finding]]:
    """Components that woke at one moment, or answered late then: enough of them wait for the same, however idle each may be."""
    table = current()
    moment = timedelta(seconds=table.settling_seconds)
    end: datetime = window["time"].max()  # type: ignore[assignment]
    sorts = (EvidenceSort.SILENCE, EvidenceSort.LATE_STEP)
    silences = [f for f in findings if f.sort in sorts and f.last + moment < end]
    best: dict[str, list[Finding]] = {}
    for first in silences:
        woken: dict[str, list[Finding]] = defaultdict(list)
        for finding in silences:
            if timedelta(0) <= finding.last - first.last <= moment:
                woken[finding.accused].append(finding)
        best = max(best, woken, key=len)
    return best if len(best) >= current().sharing else {}


def _sleeping_leaf(together: dict[str, list[Finding]], topology: Topology) -> list[Finding]:
    """The accusation of a piece of the infrastructure that slept and woke with those that use it."""
    for name in sorted(together):
        users = [other for other in together if other != name and name in topology.dependencies(other)]
        if topology.is_leaf(name) and len(users) >= current().sharing:
            why = f"{name} and {len(users)} components that use it stopped at once, and went on at once"
            own = together[name][0]
            witnesses = [own, *(together[user][0] for user in users)]
            return [_inferred(witnesses, name, why, 1.0, own.accused_host)]
    return []


def _shared_dependency(
    findings: list[Finding],
    stopped: dict[str, list[Finding]],
    window: pl.DataFrame,
    topology: Topology,
    at_work: set[str] | None,
) -> list[Finding]:
    table = current()
    counts = window.group_by("component").len().filter(pl.col("len") >= table.active_lines)
    # A component that hardly ever logs cannot show that it stopped, nor that it did not; nor can one that reads meanwhile.
    active = set(counts["component"].to_list())
    active = active if at_work is None else active & (at_work | set(stopped))
    guilt: dict[str, float] = {}
    for name in {finding.accused for finding in findings}:
        guilt[name] = noisy_or(f.strength for f in findings if f.accused == name and f.directness is Directness.CAUSE)
    if any(_accounts_for(name, stopped, findings, topology) for name in stopped):
        return []
    best: tuple[float, str, list[str]] | None = None
    for component in topology.components:
        if not topology.is_leaf(component) or component in ("host", "network", "storage"):
            continue
        dependents = {name for name in active if component in topology.dependencies(name, include_weak=False)}
        sharing = [name for name in stopped if name in dependents or topology.depends_on(name, component)]
        if len(sharing) < table.sharing or any(guilt.get(name, 0.0) >= table.plain for name in (*sharing, component)):
            continue
        coverage = len(sharing) / len(stopped)
        specificity = len(dependents & set(sharing)) / max(len(dependents), 1)
        if coverage < table.coverage or specificity < table.coverage:
            continue
        if best is None or coverage * specificity > best[0]:
            best = (coverage * specificity, component, sharing)
    if best is None:
        return []
    fit, component, sharing = best
    why = f"{len(sharing)} components stopped at once, and {component} is what they share"
    return [
        _inferred([max(stopped[name], key=lambda finding: finding.strength) for name in sharing], component, why, fit)
    ]


def _at_work(
    stopped: dict[str, list[Finding]], window: pl.DataFrame, words: Callable[[pl.Series], pl.DataFrame]
) -> set[str]:
    """Components that went on, while all of the stopped stood still, with more than a request or two that change something."""
    strongest = [max(found, key=lambda finding: finding.strength) for found in stopped.values()]
    start, end = max(one.first for one in strongest), min(one.last for one in strongest)
    meanwhile = window if end <= start else window.filter(pl.col("time").is_between(start, end))
    meanwhile = meanwhile.select("component").hstack(words(meanwhile["row"]))
    reads = pl.col("message").str.contains(_READ).fill_null(value=False)
    reading = meanwhile.filter(reads)["request_id"].drop_nulls().unique().implode()
    doing = meanwhile.filter(~reads, ~pl.col("request_id").is_in(reading).fill_null(value=False))
    acts = doing.group_by("component").agg(
        acts=pl.col("request_id").drop_nulls().n_unique() + pl.col("request_id").null_count()
    )
    return set(acts.filter(pl.col("acts") >= current().enough_events)["component"].drop_nulls().to_list())


def _accounts_for(name: str, stopped: dict[str, list[Finding]], findings: list[Finding], topology: Topology) -> bool:
    """Whether one of the stopped is accused outright and all others that stopped need it: nothing lies deeper."""
    accused = noisy_or(
        finding.strength
        for finding in findings
        if finding.accused == name
        and finding.accuser not in (None, name)
        and finding.directness is Directness.ACCUSATION
    )
    return accused >= current().plain and all(other == name or topology.depends_on(other, name) for other in stopped)


def _inferred(
    witnesses: list[Finding], accused: str, why: str, fit: float, host: str | None = None, down: bool = False
) -> Finding:
    """One finding that rests on several components' silence."""
    return replace(
        witnesses[0],
        sort=EvidenceSort.SHARED_DEPENDENCY,
        directness=Directness.ACCUSATION,
        accused=accused,
        accused_host=host,
        accuser=None,
        accuser_host=None,
        category=Category.PROCESS_DOWN if down else Category.HANG,
        title=why,
        why=why,
        weight=current().compared * fit,
        compared=True,
        novelty=1.0,
        rows=tuple(dict.fromkeys(witness.rows[0] for witness in witnesses if witness.rows)),
        count=len(witnesses),
        first=min(witness.first for witness in witnesses),
        last=max(witness.last for witness in witnesses),
        baseline="0",
        signature=None,
        remedy="",
        checks=(),
    )


def _shared_host(findings: list[Finding], window: pl.DataFrame) -> list[Finding]:
    """A host all of whose streams (two at least) fell silent, or are missed, while another host's went on."""
    streams: dict[str, set[str]] = defaultdict(set)
    for component, host in different(window, "component", "host").drop_nulls().iter_rows():
        streams[str(host)].add(str(component))
    gone: dict[str, dict[str, Finding]] = defaultdict(dict)
    for finding in findings:
        host = finding.accused_host
        if host is None or finding.accused not in streams.get(host, ()):
            continue
        silent = finding.sort is EvidenceSort.SILENCE and finding.strength >= current().noticeable
        if silent or (finding.strength >= current().plain and _missed(finding, window)):
            known = gone[host].setdefault(finding.accused, finding)
            gone[host][finding.accused] = min(known, finding, key=lambda witness: witness.first)
    dead = [host for host in gone if len(streams[host]) > 1 and streams[host] <= set(gone[host])]
    if len(dead) != 1 or len(streams) < 2:
        return []
    host = dead[0]
    why = f"all {len(streams[host])} services on {host} fell silent at once, while other hosts went on"
    return [_inferred(list(gone[host].values()), "host", why, 1.0, host, down=True)]


def _missed(finding: Finding, window: pl.DataFrame) -> bool:
    """Whether somebody on another host says that a stream is gone, and the stream does not say otherwise."""
    if finding.directness is not Directness.ACCUSATION or finding.accuser_host in (None, finding.accused_host):
        return False
    if finding.category not in (Category.PROCESS_DOWN, Category.HANG):
        return False
    heard = window.filter(
        (pl.col("component") == finding.accused)
        & pl.col("host").eq_missing(pl.lit(finding.accused_host, dtype=pl.String))
        & pl.col("time").is_between(finding.first - timedelta(seconds=current().waiting_seconds), finding.last)
    )
    return heard.is_empty()
