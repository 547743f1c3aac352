"""Which signature decides for each event: the specific beats the general, and what one event says counts once.

An error is often wrapped: a service says that its neighbour failed, and quotes why. Of all that is known of one event, in this
order: words that state a reason, or that something else does not run; the accusation that lies deepest on the dependency
graph, since who is called last failed first; own words without a reason; mere symptoms.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from openstack_rca.logs.names import machine_of
from openstack_rca.rca.evidence.accusations import passes_on
from openstack_rca.rca.knowledge import GUEST, LOGGER, Catalogue, Signature, Topology, speaker
from openstack_rca.rca.vocabulary import STATED_CAUSES, Category, Directness

_ALTERNATIVES = (
    (
        "neutron-openvswitch-agent",
        "neutron-linuxbridge-agent",
        "neutron-macvtap-agent",
        "neutron-sriov-nic-agent",
        "ovn-controller",
    ),
    ("neutron-metadata-agent", "neutron-ovn-metadata-agent"),
)
"""A cloud plugs its ports, or serves metadata, with one of these; a complaint of nova does not say with which."""

PLACES = ("host", "network")
"""What is not a service: an accusation of these stands beside one of a service, since the words fit both."""

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.UInt32,
    "signature": pl.String,
    "accused": pl.String,
    "accused_host": pl.String,
    "directness": pl.String,
    "title": pl.String,
    "valued": pl.UInt32,
    "proof": pl.String,
    "reason": pl.String,
    "checks": pl.List(pl.String),
    "remedy": pl.String,
}

_BEHIND = "a service behind {}"
"""Who met an error that its logger only passes on."""

_REASONS = ("reason", "reason2", "reason3", "detail", "detail2", "error", "why")
"""Named groups in which patterns keep the reason that a line gives in its own words."""


@dataclass(frozen=True)
class Hit:
    """One signature's hit in one text.

    Attributes:
        accused_host: ``@self`` stands for the host of the logger.
        own: the logger speaks of itself.
        specificity: number of literal characters that the pattern demands.
        proof: the line that matched.
        valued: number of values of the line that the title names.
        reason: what the line gives as the reason; empty where the pattern keeps none.
        checks: those of the signature, with the values of the line.
        remedy: the signature's for what the line tells.
    """

    signature: Signature
    accused: str
    accused_host: str | None
    title: str
    specificity: int
    proof: str
    own: bool
    reason: str = ""
    valued: int = 0
    checks: Sequence[str] = ()
    remedy: str = ""

    @property
    def tier(self) -> int:
        """0 for a symptom, 1 for own words that tell a state only, 2 for an accusation, 3 for what states a reason."""
        if self.signature.directness is Directness.SYMPTOM:
            return 0
        if self.signature.directness is Directness.ACCUSATION:
            return 2
        stopped = self.signature.category is Category.PROCESS_DOWN and not self.own
        return 3 if stopped or self.signature.category in (*STATED_CAUSES, Category.NETWORK) else 1


def signature_hits(window: pl.DataFrame, catalogue: Catalogue, topology: Topology) -> pl.DataFrame:
    """What the signatures say of the events of a window (``row``, ``component``, ``level``, ``text``).

    Returns one row per event and accused: row, signature, accused, accused_host, directness, title,
    valued (number of values of the line that the title names), proof, reason, checks, remedy.
    """
    distinct = window.select("component", "level", "text").unique(maintain_order=True).with_row_index("key")
    texts = distinct.select("key", service="component", level="level", text="text")
    present = set(window["component"].unique().to_list())
    components = dict(zip(distinct["key"].to_list(), distinct["component"].to_list(), strict=True))
    matches = _speaking(catalogue.match(texts), components, catalogue)
    by_key = _hits_by_key(matches, components, present, catalogue, topology)
    records = [
        {
            "key": key,
            "signature": hit.signature.id,
            "accused": hit.accused,
            "accused_host": hit.accused_host,
            "directness": str(hit.signature.directness),
            "title": hit.title,
            "valued": hit.valued,
            "proof": hit.proof,
            "reason": hit.reason,
            "checks": hit.checks,
            "remedy": hit.remedy,
        }
        for key, hits in by_key.items()
        for hit in deciding(hits, topology)
    ]
    located = window.select("row", "component", "level", "text").join(
        distinct, on=["component", "level", "text"], how="inner"
    )
    return located.select("row", "key").join(pl.DataFrame(records, schema=_SCHEMA), on="key", how="inner")


def overshadowed(rules: Sequence[Signature], catalogue: Catalogue, topology: Topology) -> dict[str, set[str]]:
    """Ids of the rules that decide none of their own case lines, each with the ids of the rules that decide these instead."""
    lines = [(rule, case) for rule in rules for case in rule.cases if case.line is not None]
    loggers = [topology.canonical(speaker(rule, case)) for rule, case in lines]
    texts = pl.DataFrame(
        [(key, loggers[key], case.level, case.text) for key, (_, case) in enumerate(lines)],
        schema={"key": pl.Int64, "service": pl.String, "level": pl.String, "text": pl.String},
        orient="row",
    )
    found = _hits_by_key(catalogue.match(texts), dict(enumerate(loggers)), set(), catalogue, topology)
    everything = [rule.id for rule in catalogue.signatures]
    deciders: dict[str, set[str]] = defaultdict(set)
    for key, (rule, _) in enumerate(lines):
        speaking = catalogue.speaking(everything, {hit.signature.id for hit in found[key]})
        hits = [hit for hit in found[key] if hit.signature.id in speaking]
        deciders[rule.id] |= {hit.signature.id for hit in deciding(hits, topology)} if hits else {rule.id}
    return {name: others for name, others in deciders.items() if name not in others}


def _hits_by_key(
    matches: pl.DataFrame,
    components: Mapping[int, str | None],
    present: set[str],
    catalogue: Catalogue,
    topology: Topology,
) -> dict[int, list[Hit]]:
    by_key: dict[int, list[Hit]] = defaultdict(list)
    for match in matches.iter_rows(named=True):
        signature = catalogue.get(match["signature_id"])
        accused = signature.accused(match, components[match["key"]], topology)
        if components[match["key"]] == GUEST and accused is not None and topology.is_leaf(accused):
            # The server or kernel that it speaks of is its own, and none of the cloud's.
            continue
        values = {item["name"]: item["value"] for item in match["values"]}
        if values[LOGGER] and accused != components[match["key"]] and passes_on(match["line_text"] or ""):
            values[LOGGER] = _BEHIND.format(values[LOGGER])
        line = str(match["line_text"] or "")
        if accused is not None:
            by_key[match["key"]].append(
                Hit(
                    signature,
                    _present_kind(accused, present),
                    _accused_host(signature, match),
                    signature.statement(values),
                    int(match["specificity"]),
                    line,
                    accused == components[match["key"]],
                    " ".join(value for name, value in values.items() if name in _REASONS and value),
                    len(signature.told_values(values)),
                    signature.concrete(values, line),
                    signature.cure(line)[0],
                )
            )
    return by_key


def _speaking(matches: pl.DataFrame, components: dict[int, str], catalogue: Catalogue) -> pl.DataFrame:
    """The matches whose signature speaks in the logs of that component."""
    matches = matches.with_columns(pl.col("key").replace_strict(components, return_dtype=pl.String).alias("logged_by"))
    found = matches["signature_id"].unique().to_list()
    told = {name: set(ids) for name, ids in matches.group_by("logged_by").agg("signature_id").iter_rows()}
    speaking = {name: sorted(catalogue.speaking(found, ids)) for name, ids in told.items()}
    allowed = pl.DataFrame(
        {"logged_by": list(speaking), "signature_id": list(speaking.values())},
        schema={"logged_by": pl.String, "signature_id": pl.List(pl.String)},
    ).explode("signature_id")
    return matches.join(allowed, on=["logged_by", "signature_id"], how="semi", maintain_order="left")


def deciding(hits: Sequence[Hit], topology: Topology) -> list[Hit]:
    """The hits that decide among those in one event (at least one): of one signature and one accused, one for each host.

    An accusation of the network or the host stays beside the accusation of a service.
    """
    highest = max(hit.tier for hit in hits)
    best = [hit for hit in hits if hit.tier == highest]
    services = [hit for hit in best if hit.accused not in PLACES]
    chosen = []
    for group in (services, [hit for hit in best if hit.accused in PLACES]) if highest == 2 else (best,):
        if group:
            first = max(group, key=lambda hit: _telling(hit, group, topology))
            chosen += [hit for hit in group if (hit.signature.id, hit.accused) == (first.signature.id, first.accused)]
    return list({(hit.accused, hit.accused_host): hit for hit in reversed(chosen)}.values())


def _telling(hit: Hit, others: Sequence[Hit], topology: Topology) -> tuple[int, float, int, str]:
    """How much one hit says, for comparison with the others of the same event."""
    above = sum(topology.depends_on(other.accused, hit.accused) for other in others)
    below = sum(topology.depends_on(hit.accused, other.accused) for other in others)
    if hit.tier == 3:
        # A reason says more than what came of it: a script that is not there, than the address that moved for it.
        return (int(hit.signature.category in STATED_CAUSES), 0.0, hit.specificity, hit.signature.id)
    return (above - below, float(hit.signature.weight), hit.specificity, hit.signature.id)


def _present_kind(accused: str, present: set[str]) -> str:
    """The agent of this cloud where a signature names the most usual one of its kind."""
    alike = next((names for names in _ALTERNATIVES if accused in names), ())
    here = [name for name in alike if name in present]
    return here[0] if len(here) == 1 else accused


def _accused_host(signature: Signature, match: dict[str, Any]) -> str | None:
    if signature.accused_host == "named":
        host: str | None = match.get("host")
        # An address says where a connection came from, behind proxies and on one machine not even that.
        return machine_of(host) if host and re.search("[A-Za-z]", host) else None
    return "@self" if signature.accused_host == "logger" or signature.accuses == "@self" else None
