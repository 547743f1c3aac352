"""Quiet words: a neighbour's line of trouble is the cause where those complain, no sooner, who stand on that neighbour.

The loud ones are the victims: OpenStack's services log errors by the hundred when a link, a disk or a name server fails, and
whose fault it is stands once, at no level, in the log of a kernel or a switch.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import timedelta

import polars as pl

from openstack_rca.logs.event_table import different
from openstack_rca.rca.evidence import Finding, belongs_to_cloud
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import OUTCOMES, Category, Directness
from openstack_rca.rca.weights import current

_OUTSIDE = (HOST, NETWORK, STORAGE)
_AWAY = (Category.HANG, Category.PROCESS_DOWN, Category.MESSAGING, Category.DATABASE)
"""Kinds of fault as which a host whose link is away sees all others."""


def believe_quiet_words(findings: Sequence[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Make causes of the quiet findings that account for others' complaints; all other quiet ones stay without weight.

    Where a rule knows a cause in the same component on the same host, the quiet finding also stays so; and where one knows a
    cause at all, words that tell of no known kind of fault, about nobody but the machine.
    """
    complaints = [
        finding
        for finding in findings
        if _complains(finding) and finding.recovered is None and _concerns_cloud(finding, topology)
    ]
    known = {
        (finding.accused, finding.accuser_host)
        for finding in findings
        if finding.signature and finding.directness is Directness.CAUSE and finding.strength >= current().plain
    }
    cloud, cloud_hosts = _cloud(window, topology), set()
    places, accusers = defaultdict(set), defaultdict(set)
    for component, host in different(window, "component", "host").drop_nulls("host").iter_rows():
        places[component].add(host)
        if component in cloud:
            cloud_hosts.add(host)
    for one in complaints:
        accusers[one.accused].add(one.accuser_host)
    told = []
    for finding in findings:
        if finding.accused == finding.accuser == NETWORK and finding.accuser_host not in cloud_hosts:
            # Which hosts hang on a switch, it does not say.
            finding = replace(finding, accused_host=None)
        unclear = finding.accused == HOST and finding.vague and known
        if finding.quiet and not unclear and (finding.accused, finding.accuser_host) not in known:
            outside = finding.accused == NETWORK and finding.accuser_host not in cloud_hosts
            suffers = [
                one
                for one in complaints
                if _stands_on(one, finding, outside, topology)
                # A line is no witness of what it says itself.
                and set(finding.rows).isdisjoint(one.rows)
                and (outside or not _is_elsewhere(one, finding, places[one.accused], accusers[one.accused]))
            ]
            weight = _weight(finding, suffers)
            if weight:
                where = None if outside else finding.accused_host
                finding = replace(
                    finding, directness=Directness.CAUSE, weight=weight, compared=True, accused_host=where
                )
        told.append(finding)
    return told


def discount_unsuffered(findings: Sequence[Finding], window: pl.DataFrame, topology: Topology) -> list[Finding]:
    """Weaken findings of a machine or a switch about its links where nothing of the cloud failed and nobody complains.

    Then somebody worked on a cable or a port. Not applied to a window of few events, which may not hold the complaints.
    """
    table = current()
    told = [finding.accused == NETWORK and finding.directness is Directness.CAUSE for finding in findings]
    links = [one and finding.category is Category.NETWORK for one, finding in zip(told, findings, strict=True)]
    suffered = any(
        _complains(finding) and _concerns_cloud(finding, topology)
        for finding, link in zip(findings, links, strict=True)
        if not link
    )
    failed = window.filter(pl.col("failed"))["component"].unique().to_list()
    if suffered or window.height <= table.few_events or any(belongs_to_cloud(name, topology) for name in failed):
        return list(findings)
    return [finding.weakened(table.left) if link else finding for finding, link in zip(findings, links, strict=True)]


def discount_behind_lost_links(findings: Sequence[Finding]) -> list[Finding]:
    """Set to 0 the weight of what a host says of others' absence while its own link was away, if the link came back."""
    table = current()
    links = [
        one
        for one in findings
        if one.accused == NETWORK and one.directness is Directness.CAUSE and one.recovered and one.accused_host
    ]
    before, after = timedelta(seconds=table.settling_seconds), timedelta(seconds=table.waiting_seconds)

    def behind(one: Finding, link: Finding) -> bool:
        end = link.recovered or link.last
        here = one.accuser_host == link.accused_host and one.accused not in (HOST, NETWORK)
        return here and link.first - before <= one.first and one.last <= end + after

    return [
        one.weakened(0.0)
        if one.directness is Directness.ACCUSATION
        and one.category in _AWAY
        and any(behind(one, link) for link in links)
        else one
        for one in findings
    ]


def _weight(quiet: Finding, suffers: Sequence[Finding]) -> float:
    """How much quiet words weigh: most where the first complaint comes right after them, nothing where it came before."""
    table = current()
    if not suffers:
        return 0.0
    until = (min(one.first for one in suffers) - quiet.first).total_seconds()
    if until < -table.waiting_seconds:
        return 0.0
    return table.compared if until <= table.follows_seconds else table.telling


def _cloud(window: pl.DataFrame, topology: Topology) -> list[str]:
    present = window["component"].unique().to_list()
    return [name for name in present if name not in _OUTSIDE and belongs_to_cloud(name, topology)]


def _complains(finding: Finding) -> bool:
    """Whether a finding says that somebody suffers: it accuses, is silent, or is an error of its own that goes on."""
    lasting = finding.unexplained or finding.count >= current().enough_events
    heard = lasting if finding.directness is Directness.SYMPTOM else finding.complains
    return not finding.quiet and finding.strength >= current().noticeable and heard


def _concerns_cloud(finding: Finding, topology: Topology) -> bool:
    """Whether anybody of the cloud has to do with it: what a program of monitoring complains of itself, nobody stands on."""
    return any(belongs_to_cloud(name, topology) for name in (finding.accuser, finding.accused) if name)


def _is_elsewhere(complaint: Finding, quiet: Finding, places: Set[str], accusers: Set[str | None]) -> bool:
    """Whether who is complained of runs on other hosts only, and is complained of from others too: not for this one's trouble.

    Args:
        places: hosts on which the accused logs.
        accusers: hosts from which it is complained of.
    """
    if quiet.accused not in (HOST, NETWORK):
        return False
    here = {complaint.accused_host} if complaint.accused_host else places
    return bool(here) and quiet.accused_host not in here and bool(accusers - {None, quiet.accused_host})


def _stands_on(complaint: Finding, quiet: Finding, outside: bool, topology: Topology) -> bool:
    """Whether who complains, or is complained of, needs the component and the place that the quiet words are about."""
    if outside:
        return complaint.category in OUTCOMES
    here = quiet.accused_host in (complaint.accuser_host, complaint.accused_host) and quiet.accused_host is not None
    if quiet.accused in (HOST, NETWORK):
        return here
    if quiet.accused == complaint.accused and complaint.accuser != complaint.accused:
        return True
    needs = any(topology.uses(name, quiet.accused) for name in (complaint.accuser, complaint.accused) if name)
    return needs and (here or not topology.is_per_host(quiet.accused))
