"""From events and scores to findings: signatures, generic accusations, new errors, silence, model anomalies."""

from __future__ import annotations

import re

import polars as pl

from openstack_rca.rca.evidence.accusations import tells_of_time_out
from openstack_rca.rca.evidence.doubts import is_filtered
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.normal_rates import NormalRates, novelty
from openstack_rca.rca.evidence.silence import Gap, find_gaps
from openstack_rca.rca.evidence.unusual import (
    MAX_ROWS,
    expected_text,
    generic_accusations,
    new_errors,
    unusual_traffic,
    volume,
)
from openstack_rca.rca.knowledge import TEXT_LIMIT, Catalogue, Signature, Topology, event_text
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

LAYER_2_AGENTS = (
    "neutron-openvswitch-agent",
    "neutron-linuxbridge-agent",
    "neutron-macvtap-agent",
    "neutron-sriov-nic-agent",
    "ovn-controller",
)
"""A cloud plugs its ports with one of these; nova's complaint does not say which."""

ROUTINE_NUMBER = 8.0
"""So many lines of a routine kind within ``ROUTINE_SPAN`` are no routine any more."""

ROUTINE_SPAN = "5m"

DOUBTED_NOVELTY = 0.35

MIN_SLOTS = 6
"""In logs of fewer quarters of a minute nothing has had the time to show that it goes on all the time."""


SILENCE_WEIGHT = 0.6
REPLACED_WEIGHT = 0.8
"""Who was silent may have had nothing to say; who went on as another process had stopped."""


def observe(events: pl.DataFrame, scores: pl.DataFrame | None, topology: Topology) -> pl.DataFrame:
    """Add to the events what the analysis needs.

    Args:
        events: the events table (DESIGN section 3).
        scores: row-aligned ``score`` and ``unseen`` of the model, or None.
        topology: gives each service its component.

    Returns:
        The events with ``row`` (index), ``component`` (canonical name, else the service's own), ``text`` (message,
        exception and detail), ``score`` (Float32, null without a model) and ``unseen``.
    """
    services = events["service"].drop_nulls().unique().to_list()
    names = {str(name): topology.canonical(str(name)) or str(name) for name in services}
    observed = events.with_row_index("row").with_columns(
        component=pl.col("service").replace(names).fill_null("unknown"),
        level=pl.col("level").cast(pl.String),
        text=event_text().str.slice(0, TEXT_LIMIT),
    )
    if scores is None:
        return observed.with_columns(score=pl.lit(None, dtype=pl.Float32), unseen=pl.lit(None, dtype=pl.Boolean))
    return observed.with_columns(scores["score"], scores["unseen"])


def add_novelty(observed: pl.DataFrame, rates: NormalRates, minutes: float, picked: bool = False) -> pl.DataFrame:
    """Add ``novelty`` (how far the normal rate does not explain the template), ``normal_per_minute`` and ``familiar``.

    Args:
        observed: result of ``observe``, already cut to the window.
        rates: normal rates per component and template. A component that they do not hold is not familiar: its
            ``normal_per_minute`` is null.
        minutes: length of the window.
        picked: somebody picked these lines for their errors (``is_picked``), so that errors all through them are no noise.
    """
    slot = pl.col("time").dt.truncate("15s")
    slots = max(observed.select(slot.n_unique()).item(), 1)
    counted = observed.group_by("component", "template_id").agg(
        window_count=pl.len(), steadiness=slot.n_unique() / slots
    )
    joined = counted.join(rates.templates, on=["component", "template_id"], how="left").with_columns(
        pl.col("normal_per_minute").fill_null(0.0), familiar=pl.col("component").is_in(list(rates.components))
    )
    fresh = novelty(
        joined["window_count"].to_numpy().astype(float), joined["normal_per_minute"].to_numpy() * max(minutes, 0.1)
    )
    # Without a baseline, what goes on through more than half of the window is taken for this cloud's noise.
    tells = slots >= MIN_SLOTS and not picked
    unsteady = (1.0 - 2.0 * (pl.col("steadiness") - 0.5)).clip(0.0, 1.0) if tells else pl.lit(1.0)
    joined = joined.with_columns(
        novelty=pl.when("familiar").then(pl.Series(fresh)).otherwise(unsteady),
        normal_per_minute=pl.when("familiar").then("normal_per_minute"),
    ).drop("steadiness")
    known = observed.join(joined, on=["component", "template_id"], how="left", maintain_order="left")
    # The logs may hold nothing but the outage: errors that go on all the time are doubted, not dismissed.
    doubted = pl.when(~pl.col("familiar") & pl.col("level").is_in(["ERROR", "CRITICAL"])).then(DOUBTED_NOVELTY)
    return known.with_columns(novelty=pl.max_horizontal("novelty", doubted.otherwise(0.0)))


def collect_findings(
    window: pl.DataFrame, catalogue: Catalogue, topology: Topology, rates: NormalRates, minutes: float
) -> list[Finding]:
    """All findings of the five sorts.

    Args:
        window: observed events of the window with novelty (``add_novelty``).
        catalogue: signatures.
        topology: components and their dependencies.
        rates: normal rates.
        minutes: length of the window.
    """
    hits = _signature_hits(window, catalogue, topology)
    findings = _group(window, hits, catalogue, minutes)
    explained_rows = hits.filter(pl.col("directness") != Directness.SYMPTOM.value)["row"]
    rest = window.filter(~pl.col("row").is_in(explained_rows.implode()) & (pl.col("novelty") > 0.2))
    generic = generic_accusations(rest, topology, minutes)
    findings += generic
    cited = {row for finding in generic for row in finding.rows}
    symptom_rows = set(hits["row"].to_list())
    others = rest.filter(~pl.col("row").is_in(list(cited | symptom_rows)))
    findings += new_errors(others, minutes)
    findings += unusual_traffic(others, minutes)
    findings += _silences(window, rates, topology)
    return findings


def _signature_hits(window: pl.DataFrame, catalogue: Catalogue, topology: Topology) -> pl.DataFrame:
    """One row per (event, accused): row, signature, accused, accused_host, directness, weight."""
    distinct = window.select("component", "level", "text").unique().with_row_index("key")
    texts = distinct.select("key", service="component", level="level", text="text")
    matches = catalogue.match(texts)
    present = set(window["component"].unique().to_list())
    components = dict(zip(distinct["key"].to_list(), distinct["component"].to_list(), strict=True))
    records = []
    for match in matches.iter_rows(named=True):
        signature = catalogue.get(match["signature_id"])
        accused = signature.accused(match, components[match["key"]], topology)
        if accused is None:
            continue
        accused = _present_kind(accused, present)
        records.append(
            {
                "key": match["key"],
                "signature": signature.id,
                "accused": accused,
                "accused_host": _accused_host(signature, match),
                "directness": str(signature.directness),
                "weight": float(signature.weight),
            }
        )
    schema = {
        "key": pl.UInt32,
        "signature": pl.String,
        "accused": pl.String,
        "accused_host": pl.String,
        "directness": pl.String,
        "weight": pl.Float64,
    }
    frame = pl.DataFrame(records, schema=schema)
    located = window.select("row", "component", "level", "text").join(
        distinct, on=["component", "level", "text"], how="inner"
    )
    hits = located.select("row", "key").join(frame, on="key", how="inner")
    # An event speaks against one component once: the strongest signature that says so is kept.
    return hits.sort("weight", descending=True).unique(
        ["row", "accused", "accused_host"], keep="first", maintain_order=True
    )


def _present_kind(accused: str, present: set[str]) -> str:
    """The layer-2 agent of this cloud where a signature names the most usual one."""
    if accused not in LAYER_2_AGENTS or accused in present:
        return accused
    here = [name for name in LAYER_2_AGENTS if name in present]
    return here[0] if len(here) == 1 else accused


def _accused_host(signature: Signature, match: dict[str, str | None]) -> str | None:
    if signature.host == "captured":
        host = match.get("host")
        # An address says where a connection came from, behind proxies and on one machine not even that.
        return host if host and re.search("[A-Za-z]", host) else None
    return "@self" if signature.host == "self" or signature.accuses == "@self" else None


def _group(window: pl.DataFrame, hits: pl.DataFrame, catalogue: Catalogue, minutes: float) -> list[Finding]:
    """Group hits by (signature, accuser stream, accused) into findings."""
    if hits.is_empty():
        return []
    joined = hits.join(
        window.select("row", "time", "host", "component", "novelty", "normal_per_minute", "familiar", "template_id"),
        on="row",
    ).with_columns(
        accused_host=pl.when(pl.col("accused_host") == "@self").then(pl.col("host")).otherwise(pl.col("accused_host"))
    )
    groups = (
        joined.sort("time", "row")
        .group_by("signature", "component", "host", "accused", "accused_host", maintain_order=True)
        .agg(
            rows=pl.col("row").head(MAX_ROWS),
            count=pl.len(),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            novelty=pl.col("novelty").max(),
            normal=pl.struct("template_id", "normal_per_minute").unique().struct.field("normal_per_minute").sum(),
            familiar=pl.col("familiar").all(),
        )
    )
    densest = {
        (signature, accused): count
        for signature, accused, count in joined.group_by(
            "signature", "accused", pl.col("time").dt.truncate(ROUTINE_SPAN)
        )
        .agg(count=pl.len())
        .group_by("signature", "accused")
        .agg(pl.col("count").max())
        .iter_rows()
    }
    leading = window.filter(pl.col("row").is_in(groups["rows"].list.first().implode()))
    texts = dict(leading.select("row", "text").iter_rows())
    findings = []
    for group in groups.iter_rows(named=True):
        signature = catalogue.get(group["signature"])
        weight = float(signature.weight)
        if signature.directness is Directness.SYMPTOM:
            weight *= volume(group["count"])
        elif signature.routine:
            weight *= min(1.0, densest[signature.id, group["accused"]] / ROUTINE_NUMBER)
        findings.append(
            Finding(
                sort=EvidenceSort.SIGNATURE,
                directness=Directness(str(signature.directness)),
                accused=group["accused"],
                accused_host=group["accused_host"],
                accuser=group["component"],
                accuser_host=group["host"],
                category=_category(signature, texts[group["rows"][0]]),
                title=signature.title,
                why=signature.title,
                weight=weight,
                rows=tuple(group["rows"]),
                count=group["count"],
                first=group["first"],
                last=group["last"],
                novelty=group["novelty"],
                baseline=expected_text(group["normal"] if group["familiar"] else None, minutes),
                signature=signature.id,
                remedy=signature.remedy,
                checks=tuple(signature.checks),
            )
        )
    return findings


def _category(signature: Signature, text: str) -> Category:
    """The signature's kind of fault; who accepts a call and does not answer it hangs rather than being down."""
    category = Category(str(signature.category))
    accuses = signature.directness is Directness.ACCUSATION and signature.accuses != "@self"
    return Category.HANG if accuses and category is Category.PROCESS_DOWN and tells_of_time_out(text) else category


def _silences(window: pl.DataFrame, rates: NormalRates, topology: Topology) -> list[Finding]:
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
    certainty = min(1.0, gap.significance / 20.0)
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
        + ("" if gap.resumed else " until the logs end"),
        weight=(REPLACED_WEIGHT if gap.replaced else SILENCE_WEIGHT) * certainty * (0.3 + 0.7 * gap.others_active),
        rows=gap.rows,
        count=0,
        first=gap.start,
        last=gap.end,
        baseline=f"{gap.per_minute:.0f}/min",
    )
