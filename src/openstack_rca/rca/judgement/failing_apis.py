"""What APIs share that fail together: each answers with an internal error, and nobody says why.

An API that cannot reach its database answers 500. One such API has a fault of its own; where nearly all do that need one piece
of the infrastructure, and those that do not need it go on, that piece is inferred.
"""

from collections.abc import Sequence

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.evidence import OWN_KIND, Finding
from openstack_rca.rca.knowledge import HOST, NETWORK, STORAGE, Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_INTERNAL_ERROR = r'" (?:status: )?500\b'
_NO_DAEMON = (HOST, NETWORK, STORAGE)
_WORDLESS = (EvidenceSort.SILENCE, EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP, EvidenceSort.SHARED_DEPENDENCY)


def infer_from_failing_apis(
    findings: Sequence[Finding], window: pl.DataFrame, events: EventTable, topology: Topology
) -> list[Finding]:
    """A finding against the infrastructure that the APIs share which answer with internal errors, in a list.

    Empty where fewer than enough APIs fail at once, where a finding tells a cause, or where they share nothing that fits.
    """
    failing = _failing(window, events, topology)
    if len(failing) < current().sharing or any(_tells(finding, set(failing), topology) for finding in findings):
        return []
    begins = max(lines["time"][0] for lines in failing.values())
    if begins > min(lines["time"][-1] for lines in failing.values()):
        # One after the other they failed, not at once.
        return []
    lines = pl.concat(failing.values())
    meanwhile = window.select("component", "time").filter(
        pl.col("time").is_between(lines["time"].min(), lines["time"].max())
    )
    asked, at_work = _apis(window, topology), _apis(meanwhile, topology)
    # An API that all of them need and that is still may be at fault itself.
    if any(all(topology.depends_on(other, name) for other in failing) for name in asked - at_work):
        return []
    best, fit = "", 0.0
    for leaf in topology.components:
        if not topology.is_leaf(leaf) or leaf in _NO_DAEMON:
            continue
        users = {name for name in asked | set(failing) if leaf in topology.dependencies(name, include_weak=False)}
        sharing = users & set(failing)
        shares = (len(sharing) / len(failing), len(sharing) / max(len(users), 1))
        if len(sharing) >= current().sharing and min(shares) >= current().coverage and shares[0] * shares[1] > fit:
            best, fit = leaf, shares[0] * shares[1]
    return [_inferred(failing, best, fit)] if best else []


def _failing(window: pl.DataFrame, events: EventTable, topology: Topology) -> dict[str, pl.DataFrame]:
    """The APIs that answered with internal errors again and again, with the lines that show it, in order of time."""
    told = window.filter(pl.col("failed") & (pl.col("level") == "INFO") & pl.col("time").is_not_null())
    # Lines of one template have one status, so that one of them is read.
    one = told.unique("template_id", keep="first", maintain_order=True)
    internal = events.take(one["row"], ["message"])["message"].str.contains(_INTERNAL_ERROR)
    told = told.join(one.filter(internal), on="template_id", how="semi")
    often = told.group_by("component").len().filter(pl.col("len") >= current().lasting_errors)
    return {
        str(name): told.filter(pl.col("component") == name).sort("time", "row")
        for name in often["component"].drop_nulls().to_list()
        if name in topology and topology.component(name).paths
    }


def _apis(events: pl.DataFrame, topology: Topology) -> set[str]:
    """The APIs that log in these events."""
    present = events["component"].drop_nulls().unique().to_list()
    return {str(name) for name in present if name in topology and topology.component(name).paths}


def _tells(finding: Finding, failing: set[str], topology: Topology) -> bool:
    """Whether somebody says what is wrong with one of the failing, or with something that one of them needs."""
    if finding.sort in _WORDLESS or not finding.complains:
        return False
    return finding.accused in failing or any(topology.depends_on(name, finding.accused) for name in failing)


def _inferred(failing: dict[str, pl.DataFrame], accused: str, fit: float) -> Finding:
    lines = pl.concat(failing.values()).sort("time", "row")
    why = f"{len(failing)} APIs answered with internal errors at once, and {accused} is what they share"
    return Finding(
        sort=EvidenceSort.SHARED_DEPENDENCY,
        directness=Directness.ACCUSATION,
        accused=accused,
        accuser=None,
        category=OWN_KIND.get(accused, Category.HANG),
        title=why,
        why=why,
        weight=current().compared * fit,
        compared=True,
        rows=tuple(sorted(int(part["row"][0]) for part in failing.values())),
        count=lines.height,
        first=lines["time"].min(),  # type: ignore[arg-type]
        last=lines["time"].max(),  # type: ignore[arg-type]
        baseline="0",
    )
