"""What APIs answer, against the model's normal: refusals of requests that are otherwise served, and answers that took too long.

Access logs tell both at level INFO. A user's mistake is refused too, so refusals count among services only: of a request
that one service makes for another (it carries the id of the request that it serves), and of a log-in.
"""

from dataclasses import replace

import polars as pl

from openstack_rca.logs.durations import proxied, took_seconds
from openstack_rca.logs.templates import template_ids
from openstack_rca.rca.evidence.accusations import KEPT_FOR
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.evidence.request_ways import IDENTITY, PROXY, serves
from openstack_rca.rca.evidence.unusual import MAX_ROWS, volume
from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort
from openstack_rca.rca.weights import current

_STATUS = r'(" (?:status: )?|\(HTTP/\S+ )(400|401|403|409|413)\b'
_SERVED = ("200", "201", "202", "204")
_LOG_IN = r"\bPOST \S*/v3/auth/tokens\b"
_KINDS = {"400": Category.CONFIG, "401": Category.AUTH, "403": Category.AUTH}
"""What is wrong where a service is refused so; any other status says that there is no room."""


def unusual_answers(window: pl.DataFrame, normal: NormalRates, topology: Topology) -> list[Finding]:
    """Findings against the APIs that refuse, or are slow with, what they served well when all was well.

    Args:
        window: events with words and novelty (``add_novelty``).
    """
    names = [name for name in window["component"].unique().to_list() if serves(str(name), topology)]
    told = window.filter(pl.col("familiar") & (pl.col("level") == "INFO"))
    answers = told.filter(pl.col("component").is_in(names))
    passed_on = told.filter(pl.col("component") == PROXY)
    return [*_refused(answers, normal), *_slow(answers, normal, topology), *_slow(passed_on, normal, topology)]


def _refused(answers: pl.DataFrame, normal: NormalRates) -> list[Finding]:
    table = current()
    among_services = (pl.col("global_request_id") != pl.col("request_id")).fill_null(value=False)
    log_in = (pl.col("component") == IDENTITY) & pl.col("message").str.contains(_LOG_IN)
    told = answers.filter(
        (pl.col("novelty") >= table.new) & (among_services | log_in) & pl.col("template").str.contains(_STATUS)
    ).with_columns(status=pl.col("template").str.extract(_STATUS, 2))
    served = [template_ids(told["template"].str.replace(_STATUS, f"${{1}}{code}")).alias(code) for code in _SERVED]
    known = set(normal.templates.filter(pl.col("normal_per_minute") > 0).select("component", "template_id").iter_rows())
    rows = told.with_columns(served).select("component", *_SERVED).iter_rows()
    is_served = [any((name, number) in known for number in numbers) for name, *numbers in rows]
    told = told.filter(pl.Series(is_served, dtype=pl.Boolean))
    findings = []
    for lines in told.partition_by("component", "status", maintain_order=True):
        name, kind = str(lines["component"][0]), _KINDS.get(str(lines["status"][0]), Category.CAPACITY)
        if lines.height >= table.lasting_errors:
            why = f"{name} refused {lines.height} requests ({lines['status'][0]}) of a kind that it serves when all is well"
            accused = KEPT_FOR.get((name, kind), name)
            findings.append(_finding(lines, EvidenceSort.MODEL_ANOMALY, accused, kind, why, table.client_side))
    return findings


def _slow(answers: pl.DataFrame, normal: NormalRates, topology: Topology) -> list[Finding]:
    """Answers that took far longer than any of their kind in normal logs, or of their API where the kind is new.

    Those that a proxy passed on are of the API behind it.
    """
    table = current()
    if normal.slowest.is_empty():
        return []
    of_api = normal.slowest.group_by("component").agg(pl.col("slowest_seconds").max().alias("of_api"))
    took = (
        answers.with_columns(took=took_seconds(pl.col("message")))
        .filter(pl.col("took") >= table.slow_seconds)
        .join(normal.slowest, on=["component", "template_id"], how="left", maintain_order="left")
        .join(of_api, on="component", how="left", maintain_order="left")
        .with_columns(usual=pl.coalesce("slowest_seconds", "of_api"))
        .filter(pl.col("took") >= table.slower * pl.col("usual"))
        .with_columns(behind=proxied(pl.col("message")))
    )
    behind = {name: topology.component_of_backend(name) for name in took["behind"].unique().drop_nulls()}
    api = pl.col("behind").replace_strict(behind, default=None, return_dtype=pl.String)
    took = took.with_columns(api=pl.coalesce(api, pl.col("component").cast(pl.String)))
    findings = []
    for lines in took.partition_by("api", maintain_order=True):
        if lines.height >= table.enough_events:
            name, seconds, usual = str(lines["api"][0]), float(lines["took"].min()), float(lines["usual"].max())  # type: ignore[arg-type]
            why = f"{lines.height} answers of {name} took {seconds:.0f} s or more, where {usual:.1f} s is the most that is normal"
            found = _finding(lines, EvidenceSort.LATE_STEP, name, Category.HANG, why, table.late_steps)
            # An answer is told when it is given; what held it up began before.
            begun = lines["time"] - pl.Series((lines["took"] * 1e6).cast(pl.Duration("us")))
            findings.append(replace(found, first=begun.min()))  # type: ignore[arg-type]
    return findings


def _finding(lines: pl.DataFrame, sort: EvidenceSort, accused: str, kind: Category, why: str, weight: float) -> Finding:
    hosts = lines["host"].drop_nulls().unique().to_list()
    return Finding(
        sort=sort,
        directness=Directness.ACCUSATION,
        accused=accused,
        accused_host=hosts[0] if len(hosts) == 1 and accused == lines["component"][0] else None,
        accuser=str(lines["component"][0]),
        category=kind,
        title=why,
        why=why,
        weight=weight * volume(lines.height),
        rows=tuple(lines["row"].head(MAX_ROWS).to_list()),
        count=lines.height,
        first=lines["time"].min(),  # type: ignore[arg-type]
        last=lines["time"].max(),  # type: ignore[arg-type]
        baseline="0",
    )
