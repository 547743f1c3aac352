"""The stages that find what speaks against somebody in one stretch of trouble."""

import polars as pl

from openstack_rca.rca import evidence
from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.weights import current


@stage("novelty", reads=("observed", "normal", "picked"), writes=("observed", "minutes"), needed=True)
def novelty(case: Case) -> None:
    """Write each event's novelty, and how many minutes the events of the window cover."""
    # A window may reach beyond the logs; only the time that they cover can hold events.
    first, last = evidence.time_span(case.observed)
    case.minutes = max((last - first).total_seconds() / 60.0, 0.1)
    case.observed = evidence.add_novelty(case.observed, case.normal, case.minutes, case.picked)


@stage(
    "gather",
    reads=("events", "observed", "catalogue", "request", "topology", "expected", "stopped"),
    writes=("observed", "counted"),
    needed=True,
)
def gather(case: Case) -> None:
    """Write what is counted of the window's events, and those with their words; of too many those whose words are needed."""
    known = case.catalogue.without(case.request.omitted.signatures)
    case.counted = evidence.counted(case.observed, case.events)
    needed = evidence.with_needed_words(case.observed, case.events, known, case.topology, case.expected)
    case.observed = evidence.with_words(needed, case.events)


@stage(
    "look_back",
    reads=("request", "window", "windows", "surroundings", "events", "rates", "catalogue", "topology"),
    writes=("earlier",),
)
def look_back(case: Case) -> None:
    """Write the events before the window in which a component tells its own fault; none where the window was asked for."""
    case.earlier = pl.DataFrame()
    if case.window is not None and case.request.since is None and not case.untimed:
        known = case.catalogue.without(case.request.omitted.signatures)
        case.earlier = evidence.earlier_causes(
            case.surroundings, case.windows, case.window, case.rates, case.events, known, case.topology
        )


@stage(
    "match",
    reads=("observed", "earlier", "catalogue", "topology", "request", "minutes", "findings"),
    writes=("findings", "explained_rows", "noted_rows"),
)
def match(case: Case) -> None:
    """Write a finding for each group of events that a signature knows, and which events these are."""
    known = case.catalogue.without(case.request.omitted.signatures)
    matched = evidence.match_signatures(case.told, known, case.topology, case.minutes)
    case.findings = case.findings + matched.findings
    case.explained_rows = matched.explained_rows
    case.noted_rows = matched.rows


@stage(
    "accuse",
    reads=("observed", "topology", "minutes", "explained_rows", "noted_rows", "findings"),
    writes=("findings", "noted_rows"),
)
def accuse(case: Case) -> None:
    """Write the accusations that are read from addresses, traceback frames and names."""
    rest = evidence.unexplained(case.observed, case.explained_rows)
    found = evidence.generic_accusations(rest, case.topology, case.minutes)
    case.findings = case.findings + found
    case.noted_rows = case.noted_rows.append(evidence.cited_rows(found))


@stage(
    "errors",
    reads=("observed", "counted", "minutes", "explained_rows", "noted_rows", "findings", "picked", "topology"),
    writes=("findings",),
)
def errors(case: Case) -> None:
    """Write a finding for each kind of error that no rule knows, and for words of trouble of programs below OpenStack."""
    rest = evidence.unexplained(case.observed, case.noted_rows)
    few = case.counted.height <= current().few_events
    case.findings = case.findings + evidence.new_errors(rest, case.minutes, case.picked, case.topology, few)
    if not few:
        told = evidence.unexplained(case.observed, case.explained_rows)
        case.findings = case.findings + evidence.quiet_words(told, case.minutes, case.topology)


@stage("traffic", reads=("counted", "minutes", "noted_rows", "findings"), writes=("findings",))
def traffic(case: Case) -> None:
    """Write a finding for each kind of ordinary line that comes more often than normal, or that surprises the model."""
    case.findings = case.findings + evidence.unusual_traffic(
        evidence.unexplained(case.counted, case.noted_rows), case.minutes
    )


@stage("silence", reads=("counted", "normal", "topology", "findings"), writes=("findings",))
def silence(case: Case) -> None:
    """Write a finding for each stream that fell silent."""
    case.findings = case.findings + evidence.silences(case.counted, case.normal, case.topology)
    case.findings = case.findings + evidence.silent_workers(case.counted)


@stage("tasks", reads=("counted", "stopped", "findings"), writes=("findings",))
def tasks(case: Case) -> None:
    """Write the findings of the steady tasks that stopped in the window."""
    cited = pl.col("row").is_in(evidence.cited_rows(case.stopped).implode())
    rows = set(case.counted.filter(cited)["row"].to_list())
    case.findings = case.findings + [finding for finding in case.stopped if finding.rows[0] in rows]


@stage("answers", reads=("observed", "normal", "topology", "findings"), writes=("findings",))
def answers(case: Case) -> None:
    """Write a finding for each API that refuses, or is slow with, what it serves well when all is well."""
    case.findings = case.findings + evidence.unusual_answers(case.observed, case.normal, case.topology)


@stage("steps", reads=("observed", "expected", "topology", "findings"), writes=("findings",))
def steps(case: Case) -> None:
    """Write a finding for each stretch in which more expected steps stayed away than chance explains."""
    case.findings = case.findings + evidence.missing_steps(case.expected, case.observed, case.topology, case.findings)


@stage("cite", reads=("events", "observed", "counted", "findings"), writes=("observed", "counted"), needed=True)
def cite(case: Case) -> None:
    """Write the window's events with those that findings cite of the ones whose words were not read."""
    case.observed = evidence.with_cited(case.observed, case.counted, evidence.cited_rows(case.findings), case.events)
    case.counted = evidence.with_texts(case.counted, case.observed)
