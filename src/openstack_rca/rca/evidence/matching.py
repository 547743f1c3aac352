"""From events to findings: what each event is, how new it is, and which signatures know it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.evidence.accusations import REFUSED, passes_on, tells_of_time_out
from openstack_rca.rca.evidence.doubts import FAILED
from openstack_rca.rca.evidence.error_kinds import UNTOLD_KIND, kind_of, printable_statement, telling_line
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.growing import with_worst
from openstack_rca.rca.evidence.hits import signature_hits
from openstack_rca.rca.evidence.normal_rates import unsteady
from openstack_rca.rca.evidence.unusual import ERROR_AND_WORSE, MAX_ROWS, expected_text, volume
from openstack_rca.rca.knowledge import Catalogue, Signature, Topology
from openstack_rca.rca.vocabulary import OUTCOMES, REASONS, STATED_CAUSES, Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_TURNED_DOWN = (Category.AUTH, Category.CAPACITY)
"""Kinds that a quoted reason tells beyond doubt, whatever failed for it."""

_WRAPPER = "Unexpected error while running command"
"""What oslo.concurrency says first of a command that failed; what the command wrote says why."""

_OUT_OF_REACH = (Category.PROCESS_DOWN, Category.HANG, *_TURNED_DOWN)
"""Kinds that the error of a client tells of a server that it cannot reach."""


def observe(table: EventTable, topology: Topology) -> pl.DataFrame:
    """The counted columns of the events, with what the analysis adds.

    These are ``row`` (index), ``component`` (canonical name, else the service's own), ``failed`` (whether the event tells of
    a failure), ``score`` (Float32, null until ``add_scores``) and ``undated`` (False until ``placed_in_time``).
    """
    counted = table.counted
    services = counted["service"].drop_nulls().unique().to_list()
    names = {str(name): topology.canonical(str(name)) or str(name) for name in services}
    # As they are kept, by number; as texts they would take most of the memory of a long recording's answer.
    component = pl.col("service").replace_strict(names, default="unknown", return_dtype=counted["service"].dtype)
    return counted.with_row_index("row").with_columns(
        component=component,
        failed=table.marked(FAILED),
        score=pl.lit(None, dtype=pl.Float32),
        undated=pl.lit(value=False),
    )


def add_scores(observed: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Events of ``observe`` with the model's ``score``; row ``i`` of ``scores`` is that of the event with ``row`` ``i``."""
    return observed.with_columns(score=scores["score"].cast(pl.Float32).gather(observed["row"]))


@dataclass(frozen=True)
class Matched:
    """What the signatures found.

    ``rows`` are all events that one matches, ``explained_rows`` those of them that are more than a symptom.
    """

    findings: list[Finding]
    rows: pl.Series
    explained_rows: pl.Series


def match_signatures(window: pl.DataFrame, catalogue: Catalogue, topology: Topology, minutes: float) -> Matched:
    """Findings of the signatures in a window with novelty (``add_novelty``)."""
    hits = signature_hits(window, catalogue, topology)
    explained = hits.filter(pl.col("directness") != Directness.SYMPTOM.value)["row"]
    findings = [
        replace(finding, recovered=told_over(finding, catalogue, window, topology))
        for finding in _group(window, hits, catalogue, minutes)
    ]
    return Matched(findings, hits["row"], explained)


def _with_values_weighed(joined: pl.DataFrame, window: pl.DataFrame) -> pl.DataFrame:
    """The hits, new where a value of a familiar line states the fault: of that value the rate of its kind tells nothing.

    It is the value that does so where a signature speaks on some lines of a kind and not on others.
    """
    kind = ["component", "template_id"]
    said = joined.filter("familiar").group_by("signature", *kind).agg(said=pl.col("row").n_unique())
    lines = window.filter(pl.col("template_id").is_in(said["template_id"].implode())).group_by(kind).agg(of=pl.len())
    by_value = said.join(lines, on=kind).filter(pl.col("of") >= pl.col("said") + current().enough_events)
    chosen = joined.join(by_value, on=["signature", *kind], how="semi")
    if chosen.is_empty():
        return joined
    weighed = unsteady(chosen, ["signature", "component"], within=window)
    known = joined.join(
        by_value.select("signature", *kind, valued_kind=True),
        on=["signature", *kind],
        how="left",
        maintain_order="left",
    )
    known = known.join(weighed, on=["signature", "component"], how="left", maintain_order="left")
    stated = pl.when("valued_kind").then(pl.max_horizontal("novelty", "unsteady")).otherwise("novelty")
    familiar = pl.col("familiar") & pl.col("valued_kind").is_null()
    return known.with_columns(novelty=stated, familiar=familiar).drop("valued_kind", "unsteady")


def told_over_later(
    finding: Finding, catalogue: Catalogue, recording: pl.DataFrame, events: EventTable, topology: Topology
) -> datetime | None:
    """``told_over``, by lines after the stretch of trouble too; of a start, which ends what it tells, its own time.

    Args:
        recording: ``row``, ``time``, ``component`` and ``host`` of all that the logs hold.
        events: the events, for their words.
    """
    rule = catalogue.get(finding.signature or "") if finding.signature else None
    if finding.recovered is not None or rule is None:
        return finding.recovered
    if rule.phase == "start":
        return finding.last
    if rule.recovered is None:
        return None
    until = finding.last + timedelta(seconds=current().cause_before_seconds)
    told = recording.filter(
        pl.col("component").is_in([finding.accuser, *rule.recovered_by])
        & pl.col("time").is_between(finding.first, until)
    ).select("row", "time", "component", "host")
    return told_over(finding, catalogue, told.hstack(events.take(told["row"], ["message"])), topology)


def told_over(finding: Finding, catalogue: Catalogue, window: pl.DataFrame, topology: Topology) -> datetime | None:
    """When who told of a fault, or who may tell it too, told afterwards that what the line named is well; None: nobody did."""
    rule = catalogue.get(finding.signature or "")
    over, others = rule.recovered, rule.recovered_by
    if over is None:
        return None
    here = pl.col("component").is_in([finding.accuser, *others]) & pl.col("host").eq_missing(finding.accuser_host)
    anywhere = pl.col("component").is_in([name for name in others if not topology.is_per_host(name)])
    told = window.filter(here | anywhere)
    # Not the text: of it, own_words leaves blank what is said of trouble that is over.
    lines = told.filter(pl.col("message").str.contains(over)).select("time", "message").rows()
    matches = [(moment, match) for moment, text in lines if (match := re.search(over, text)) is not None]
    if not matches:
        return None
    times = dict(told.filter(pl.col("row").is_in(finding.rows)).select("row", "time").rows())
    complaints = [(times[row], (proof,)) for row, proof in zip(finding.rows, finding.proofs, strict=True)]
    if finding.count > len(finding.rows):
        # Of many events the last is not cited.
        at_last = told.filter((pl.col("time") == finding.last) & (pl.col("component") == finding.accuser))
        complaints.append((finding.last, tuple(at_last["message"].to_list())))
    ends = [
        min(
            (
                moment
                for moment, match in matches
                if moment >= began
                and any(all(_names(line, value) for value in match.groupdict().values() if value) for line in lines)
            ),
            default=None,
        )
        for began, lines in complaints
    ]
    # Of several links that are lost, all have to be back.
    last = max((end for end in ends if end is not None), default=None)
    return last if last is not None and None not in ends and last >= finding.last else None


def _names(proof: str, value: str) -> bool:
    """Whether a line names just this: ``osd.1`` is not named by ``osd.12``."""
    before = r"(?<!\d)" if value[0].isdigit() else r"(?<![\w.-])" if value[0].isalpha() else ""
    behind = r"(?!\d)" if value[-1].isdigit() else r"(?![\w-])" if value[-1].isalpha() else ""
    return re.search(before + re.escape(value) + behind, proof) is not None


def no_rows() -> pl.Series:
    """Indices of no event."""
    return pl.Series("row", [], dtype=pl.UInt32)


def cited_rows(findings: Iterable[Finding]) -> pl.Series:
    """Indices of the events that findings cite."""
    return pl.Series("row", [row for finding in findings for row in finding.rows], dtype=pl.UInt32)


def unexplained(window: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Events that are not normal and not among the given ones."""
    return window.filter(~pl.col("row").is_in(rows.implode()) & (pl.col("novelty") > current().least_novelty))


def _group(window: pl.DataFrame, hits: pl.DataFrame, catalogue: Catalogue, minutes: float) -> list[Finding]:
    """Group hits by (signature, accuser stream, accused) into findings."""
    if hits.is_empty():
        return []
    joined = hits.join(
        window.select(
            *("row", "time", "host", "component", "request_id", "stands_for"),
            *("novelty", "normal_per_minute", "familiar", "template_id"),
        ),
        on="row",
    ).with_columns(
        accused_host=pl.when(pl.col("accused_host") == "@self").then(pl.col("host")).otherwise(pl.col("accused_host"))
    )
    joined = _with_values_weighed(joined, window)
    refusals = [text for text in joined["reason"].unique().to_list() if text and kind_of(text) in _TURNED_DOWN]
    kind = ["signature", "component", "host", "accused", "accused_host"]
    joined = with_worst(joined.sort("time", "row"), kind)
    by_telling = (pl.col("worst").is_not_null(), "valued", pl.col("reason").is_in(refusals))

    def telling(column: str) -> pl.Expr:
        # The worst of growing figures, or the first of the lines that name most values, a reason beyond doubt before any other.
        return pl.col(column).sort_by(*by_telling, descending=True, maintain_order=True).first()

    groups = joined.group_by(kind, maintain_order=True).agg(
        lines=pl.struct("row", "proof").head(MAX_ROWS),
        row=telling("row"),
        proof=telling("proof"),
        title=telling("title"),
        reason=telling("reason"),
        checks=telling("checks"),
        remedy=telling("remedy"),
        valued=(pl.col("valued") > 0).any(),
        refused=pl.col("proof").str.contains(REFUSED).any(),
        count=pl.col("stands_for").sum(),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
        novelty=pl.col("novelty").max(),
        normal=pl.struct("template_id", "normal_per_minute").unique().struct.field("normal_per_minute").sum(),
        familiar=pl.col("familiar").all(),
    )
    leading = window.filter(pl.col("row").is_in(groups["row"].implode()))
    events = {
        event["row"]: event
        for event in leading.select("row", "text", "level", "message", "exception", "detail").iter_rows(named=True)
    }
    return [
        _finding(catalogue.get(group["signature"]), group, events[group["row"]], joined, minutes)
        for group in groups.iter_rows(named=True)
    ]


def _finding(
    signature: Signature, group: dict[str, Any], event: dict[str, Any], joined: pl.DataFrame, minutes: float
) -> Finding:
    """The finding of one group of the joined hits; ``event`` is its most telling one."""
    weight = float(signature.weight)
    if signature.directness is Directness.SYMPTOM:
        weight *= volume(group["count"]) * (current().left if passes_on(str(event["text"])) else 1.0)
    elif signature.within is not None:
        weight *= min(1.0, _densest(joined, signature, group["accused"]) / signature.at_least)
    title, category = _told(signature, group, event)
    others = [line for line in group["lines"] if line["row"] != group["row"]][: MAX_ROWS - 1]
    return Finding(
        sort=EvidenceSort.SIGNATURE,
        directness=Directness(str(signature.directness)),
        accused=group["accused"],
        accused_host=group["accused_host"],
        accuser=group["component"],
        accuser_host=group["host"],
        category=category,
        title=title,
        why=group["title"],
        weight=weight,
        rows=(group["row"], *(line["row"] for line in others)),
        proofs=(group["proof"], *(line["proof"] for line in others)),
        count=group["count"],
        first=group["first"],
        last=group["last"],
        novelty=group["novelty"],
        baseline=expected_text(group["normal"] if group["familiar"] else None, minutes),
        signature=signature.id,
        valued=group["valued"],
        remedy=group["remedy"],
        checks=tuple(group["checks"]),
    )


def _densest(joined: pl.DataFrame, signature: Signature, accused: str) -> int:
    """Most hits against one component within the time that the signature names.

    What one request tells at once in other words is one hit; what it tells in the same words, as of each host tried, is not.
    """
    alike = joined.filter((pl.col("signature") == signature.id) & (pl.col("accused") == accused)).with_columns(
        within=pl.col("time").dt.truncate(signature.within or "1h"),
        request=pl.coalesce("request_id", pl.col("row").cast(pl.String)),
        moment=pl.col("time").dt.truncate("5s"),
    )
    at_once = ["within", "request", "moment"]
    of_words = alike.group_by(*at_once, "template_id").agg(pl.col("stands_for").sum())
    told = of_words.group_by(at_once).agg(pl.col("stands_for").max()).group_by("within").agg(pl.col("stands_for").sum())
    return int(told["stands_for"].max() or 0)  # type: ignore[arg-type]


def _told(signature: Signature, group: dict[str, Any], event: dict[str, Any]) -> tuple[str, Category]:
    """Statement and kind of fault of a hit.

    A general rule, be it a symptom or a weak accusation, says that the reason is elsewhere; the error itself, in its own
    words, may be the reason that no rule knows.
    """
    accusation = signature.directness is Directness.ACCUSATION
    general = signature.directness is Directness.SYMPTOM or (accusation and signature.weight <= current().plain)
    message, exception, detail = event["message"], event["exception"], event["detail"]
    told = telling_line(message, exception, detail)
    own = event["level"] in ERROR_AND_WORSE and group["accused"] == group["component"]
    if not general or not own:
        title = str(group["title"])
        shown = f"{title}\n{group['proof']}\n{message}"
        if told not in message and _WRAPPER in title:
            title = title.replace(_WRAPPER, printable_statement(told, None, None))
        elif accusation and not group["reason"] and told not in shown and kind_of(told) is not None:
            # The line that the rule knows says that it failed; the reason stands further below.
            title = f"{title.rstrip('.')}: {printable_statement(told, None, None)}"
        unsaid = general or (accusation and not group["reason"] and told not in group["proof"])
        return title, _category(signature, group, str(event["text"]), told if unsaid else "")
    untold = UNTOLD_KIND if signature.category is Category.PROCESS_DOWN else signature.category
    words = f"{group['component']}: {printable_statement(message, exception, detail)}"
    return words, kind_of(told, message) or Category(str(untold))


def _category(signature: Signature, group: dict[str, Any], text: str, told: str) -> Category:
    """The signature's kind of fault, or the kind that the line's own reason tells.

    A rule that says that a server is out of reach knows only which server; the error's own words may tell whether it runs.
    A server that accepts a call and does not answer it hangs rather than being down.
    """
    category = Category(str(signature.category))
    accuses = signature.directness is Directness.ACCUSATION
    states_only = accuses and category in OUTCOMES
    reason = kind_of(group["reason"], told)
    if states_only and reason not in REASONS:
        proofs = [group["proof"], *(line["proof"] for line in group["lines"])]
        said = (kind_of(telling_line(proof, None, None)) for proof in proofs)
        reason = next((kind for kind in said if kind in REASONS), reason)
    if states_only and reason in REASONS:
        return reason
    if accuses and category is Category.STORAGE and reason is Category.CONFIG:
        return reason
    if reason in _TURNED_DOWN and category is not Category.DATA_MISSING:
        return reason
    if category is Category.PROCESS_DOWN and signature.directness is Directness.CAUSE:
        # What ended at a setting or a file that it cannot use is not just down.
        by_setting = not group["reason"] and kind_of(group["proof"]) is Category.CONFIG
        reason = Category.CONFIG if by_setting else reason
        if reason in STATED_CAUSES:
            return reason
    accuses = accuses and signature.accuses != "@self"
    if accuses and category in (Category.DATABASE, Category.MESSAGING):
        # A connection that broke tells no kind; that none is taken afterwards does.
        reason = Category.PROCESS_DOWN if group["refused"] and reason not in _OUT_OF_REACH else reason
        if reason in _OUT_OF_REACH:
            return reason
    return Category.HANG if accuses and category is Category.PROCESS_DOWN and tells_of_time_out(text) else category
