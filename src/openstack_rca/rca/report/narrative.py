"""From ranked candidates to the parts of the report that people read."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.plain_text import counted, times
from openstack_rca.rca.evidence import Finding, FoundWindow, NormalRates
from openstack_rca.rca.judgement import Candidate, probability, standing
from openstack_rca.rca.knowledge import HOST, Catalogue, Topology, concrete_checks
from openstack_rca.rca.report.cited import cited_evidence
from openstack_rca.rca.report.next_checks import suggested_checks
from openstack_rca.rca.report.report import (
    Cause,
    ConfidencePart,
    FileSummary,
    Hop,
    RuledOut,
    StoryPicture,
    TimelineEntry,
)
from openstack_rca.rca.report.several_hosts import remedy_for_all, statement_of_all
from openstack_rca.rca.vocabulary import ConfidenceSource, Directness, Unclear, Verdict
from openstack_rca.rca.weights import current

MAX_TIMELINE = 40
MAX_HOPS = 12
MAX_TOLD_FINDINGS = 24
MAX_TOLD_GROUPS = 8
MAX_TOLD_LOGGERS = 3
_KIND_ORDER = {"window": 0, "onset": 1, "silence": 2, "gap": 3, "evidence": 4, "recovery": 5}
GENERAL_CHECKS = ["systemctl status <unit>", "journalctl -u <unit> -n 200"]
"""What to look at where no rule suggests anything."""


def build_cause(candidate: Candidate, observed: pl.DataFrame, topology: Topology, catalogue: Catalogue) -> Cause:
    """Tell one candidate as a cause, with up to ten pieces of evidence."""
    best = candidate.leading
    host = host_of(candidate, observed)
    hosts = host.split(",") if host else []
    others = [f for f in candidate.findings if f.remedy and f.directness is not Directness.SYMPTOM]
    telling = next((finding for finding in [best, *others] if finding.remedy), best)
    suggested = suggested_checks(candidate, host, observed) or GENERAL_CHECKS
    checks = concrete_checks(suggested, candidate.component, topology, host)
    return Cause(
        component=candidate.component,
        host=host,
        category=candidate.category,
        statement=statement_of_all(best, candidate.findings, hosts),
        confidence=round(confidence(candidate), 3),
        confidence_parts=_parts(candidate),
        onset=candidate.onset,
        evidence=cited_evidence(best, candidate.findings, observed, catalogue),
        independent=is_independent(candidate),
        explains=_troubled(candidate, topology),
        remedy=remedy_for_all(telling.remedy, hosts),
        next_checks=checks,
    )


def is_independent(candidate: Candidate) -> bool:
    """Whether a candidate is a fault of its own: it says so itself, and no other candidate accounts for it."""
    own_words = max((f.strength for f in candidate.findings if f.directness is Directness.CAUSE), default=0.0)
    return candidate.explained_by is None and own_words >= current().plain


def confidence(candidate: Candidate) -> float:
    """Confidence of a cause in [0, 1]: the share of right answers among labelled ones with a like proof and score."""
    return probability(standing(candidate), candidate.score)


def _parts(candidate: Candidate) -> list[ConfidencePart]:
    parts = [
        ConfidencePart(
            name=ConfidenceSource.OWN_WORDS, value=round(candidate.direct, 3), note="lines in which it says so itself"
        ),
        ConfidencePart(name=ConfidenceSource.ACCUSED, value=round(candidate.accused, 3)),
        ConfidencePart(name=ConfidenceSource.SILENCE, value=round(candidate.silent, 3)),
        ConfidencePart(name=ConfidenceSource.SYMPTOMS, value=round(candidate.symptom, 3)),
        ConfidencePart(name=ConfidenceSource.EXPLAINS, value=round(candidate.explains_share, 3)),
        ConfidencePart(name=ConfidenceSource.FITS_ISSUE, value=round(candidate.relevance, 3)),
    ]
    if candidate.explained_by:
        name, power = candidate.explained_by
        parts.append(ConfidencePart(name=ConfidenceSource.EXPLAINED_AWAY, value=round(-power, 3), note=f"by {name}"))
    return parts


def host_of(candidate: Candidate, observed: pl.DataFrame) -> str | None:
    """Hosts that the findings name, else where it states its fault itself, else where it logs, by commas; None: none is known."""
    hosts: dict[str, float] = defaultdict(float)
    for finding in candidate.findings:
        if finding.accused_host and finding.directness is not Directness.SYMPTOM:
            hosts[finding.accused_host] = max(hosts[finding.accused_host], finding.strength)
    if not hosts:
        for finding in candidate.findings:
            itself = finding.accuser == finding.accused and finding.directness is Directness.CAUSE
            if itself and finding.accuser_host and finding.strength:
                hosts[finding.accuser_host] = max(hosts[finding.accuser_host], finding.strength)
    if not hosts:
        where = observed.filter(pl.col("component") == candidate.component)["host"].drop_nulls().unique().to_list()
        hosts = {str(host): 1.0 for host in where}
    if not hosts:
        return None
    strongest = max(hosts.values())
    named = {host for host, strength in hosts.items() if strength >= current().nearly * strongest}
    # One machine is often called by its short name and by its full one.
    return ",".join(sorted(host for host in named if "." not in host or host.split(".")[0] not in named)) or None


def _troubled(candidate: Candidate, topology: Topology) -> list[str]:
    """What a candidate explains; a program of the host that is no component, such as chronyd's starter, is the host itself."""
    return [name for name in candidate.explains if candidate.component != HOST or name in topology]


def causal_chain(named: Sequence[Candidate], findings: Sequence[Finding], topology: Topology) -> list[Hop]:
    """At most ``MAX_HOPS`` steps from the first cause to the components that it troubles, nearest first."""
    root = named[0].component
    said: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.accuser and finding.accuser != finding.accused and finding.strength >= current().noticeable:
            said.setdefault((finding.accused, finding.accuser), finding)
    reached, frontier = {root}, [root]
    hops: list[Hop] = []
    troubled = [root, *_troubled(named[0], topology)]
    while frontier and len(hops) < MAX_HOPS:
        source = frontier.pop(0)
        for target in troubled:
            if target in reached or ((source, target) not in said and source not in topology.dependencies(target)):
                continue
            stated = said.get((source, target))
            hops.append(
                Hop(source=source, target=target, supported=stated is not None, note=stated.title if stated else "")
            )
            reached.add(target)
            frontier.append(target)
    return hops[:MAX_HOPS]


def timeline(
    named: Sequence[Candidate], window: FoundWindow | None, stories: Sequence[StoryPicture]
) -> list[TimelineEntry]:
    """Onsets, first evidence, silences and gaps of stories in time order; only what the named causes rest on."""
    if window is None:
        return []
    entries = [
        TimelineEntry(time=window.start, component="logs", text="the window begins", kind="window"),
        TimelineEntry(time=window.end, component="logs", text="the window ends", kind="window"),
    ]
    for candidate in named[:3]:
        if candidate.onset is not None:
            entries.append(
                TimelineEntry(time=candidate.onset, component=candidate.component, text="trouble begins", kind="onset")
            )
        for said_alike in _alike(candidate.findings[:MAX_TOLD_FINDINGS]):
            entries.append(_entry(candidate.component, said_alike))
            finding = said_alike[0]
            if finding.count == 0 and len(finding.rows) > 1:
                entries.append(
                    TimelineEntry(
                        time=finding.last,
                        component=candidate.component,
                        host=finding.accused_host,
                        text=f"{candidate.component} logs again",
                        kind="recovery",
                    )
                )
    entries += [_gap(story) for story in stories]
    return sorted(entries, key=lambda entry: (entry.time, _KIND_ORDER[entry.kind]))[:MAX_TIMELINE]


def _gap(story: StoryPicture) -> TimelineEntry:
    """Where a request stood still: after its last step that came, at the component whose step did not, or not in time."""
    came = max((step.seconds for step in story.steps if step.seconds is not None), default=0.0)
    missing = next((step for step in story.steps if step.seconds is None), None)
    late = max(story.steps, key=lambda step: (step.seconds or 0.0) - step.normal_seconds)
    step = missing or late
    more = f", like {story.like_it - 1} more" if story.like_it > 1 else ""
    told = f"{story.name} gets no further{more}" if missing else f"{story.name} waits {late.seconds or 0.0:.1f} s{more}"
    return TimelineEntry(
        time=story.begun + timedelta(seconds=came if missing else late.normal_seconds),
        component=step.component,
        text=f"{told}: {step.text}" if step.text else told,
        kind="gap",
    )


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings that say the same, together and in time order; a silence stays on its own."""
    groups: dict[tuple[str, str | None, datetime | None], list[Finding]] = {}
    for finding in findings:
        silence = finding.first if finding.count == 0 else None
        groups.setdefault((finding.title, finding.accused_host, silence), []).append(finding)
    return [sorted(group, key=lambda finding: finding.first) for group in groups.values()][:MAX_TOLD_GROUPS]


def _entry(component: str, alike: Sequence[Finding]) -> TimelineEntry:
    first = alike[0]
    baselines = {finding.baseline for finding in alike}
    count = sum(finding.count for finding in alike)
    title = first.title.removeprefix(f"{component}: ").rstrip(".")
    told = f"{title} ({times(count, first.baseline if len(baselines) == 1 else '')})"
    loggers = [
        f"{finding.accuser} on {finding.accuser_host}" if finding.accuser_host else finding.accuser
        for finding in alike
        if finding.accuser is not None
    ]
    names = list(dict.fromkeys(loggers))
    if {finding.accuser for finding in alike} - {component, None}:
        more = f" and {len(names) - MAX_TOLD_LOGGERS} more" if len(names) > MAX_TOLD_LOGGERS else ""
        told += f", logged by {', '.join(names[:MAX_TOLD_LOGGERS])}{more}"
    return TimelineEntry(
        time=first.first,
        component=component,
        host=first.accused_host,
        text=told,
        kind="silence" if first.count == 0 else "evidence",
    )


def ruled_out(candidates: Sequence[Candidate], named: Sequence[Candidate]) -> list[RuledOut]:
    """The accused that are not the root, and why not."""
    root = named[0].component if named else None
    onsets = {candidate.component: candidate.onset for candidate in candidates}
    reasons = []
    for candidate in candidates:
        if candidate.component == root:
            continue
        if candidate.explained_by is not None:
            name, _ = candidate.explained_by
            began, other = candidate.onset, onsets.get(name)
            later = began is None or other is None or other > began
            reason = f"it depends on {name}, which was in trouble {'too' if later else 'no later'}"
        elif candidate.direct == 0 and candidate.accused == 0:
            reason = "only its own follow-up errors or silence speak against it"
        else:
            reason = f"it explains less of the trouble ({candidate.explains_share:.0%}) and has weaker evidence"
        reasons.append(RuledOut(component=candidate.component, reason=reason))
    return reasons[:8]


def missing(
    untimed: int,
    files: Sequence[FileSummary],
    observed: pl.DataFrame,
    rates: NormalRates,
    logged: Set[str],
    foreign: bool = False,
) -> list[str]:
    """What the analysis could not see.

    Args:
        untimed: the number of events without a time.
        observed: the events of the stretch that is told.
        logged: the components of which the logs hold a line, in that stretch or not.
        foreign: what is normal was learned from other hosts.
    """
    notes = []
    lines, unknown = sum(file.lines for file in files), sum(file.unknown_lines for file in files)
    if lines and unknown / lines > current().blind_share:
        notes.append(f"The level of {unknown} of {lines} lines is not known; they were searched all the same.")
    if not rates.known:
        notes.append("No model was used, so nothing is known of what is normal on this cloud.")
    elif observed.height:
        foreign = foreign and not observed["host"].is_null().all()
        if foreign:
            notes.append("The model learned from other hosts: what it takes for normal may be another cloud's.")
        silent = sorted(rates.components - logged)
        if silent and not foreign:
            notes.append(f"No line of {', '.join(silent)}, of which the model's normal logs hold some.")
        strange = sorted(logged - rates.components)
        if strange:
            notes.append(
                f"No line of {', '.join(strange)} in the model's normal logs: what is normal there is not known."
            )
    undated = int(observed["undated"].sum())
    if undated:
        notes.append(
            f"Without any time in their files: {counted(undated, 'event')}; each may be of any moment, and counts less."
        )
    if untimed > undated:
        notes.append(
            f"Without a time of their own: {counted(untimed - undated, 'event')}, placed among the others by the order of lines."
        )
    return notes


_UNCLEAR = {
    Unclear.LEVELS_UNKNOWN: "Nothing points to a failure, but the levels of many lines are not known, so errors among them "
    "may not show.",
    Unclear.NO_OPENSTACK: "No OpenStack log was recognised, so these logs cannot show whether the cloud failed.",
    Unclear.NOTHING_KNOWN: "No OpenStack log was recognised, nor one of what OpenStack stands on.",
}


def summary(
    verdict: Verdict, causes: Sequence[Cause], unclear: Unclear | None = None, *, normal_known: bool = True
) -> str:
    """The point of the report in one or two sentences.

    Args:
        verdict, causes: what was found.
        unclear: why nothing found is not an all-clear.
        normal_known: a model or a baseline told what is normal.
    """
    if verdict is Verdict.NO_FAILURE_FOUND:
        difference = " differs from normal in a way that" if normal_known else ""
        return f"Nothing in these logs{difference} points to a failure."
    lead = f"{_UNCLEAR[unclear]} " if unclear is Unclear.NOTHING_KNOWN else ""
    if not causes:
        return _UNCLEAR[unclear] if unclear else "These logs do not show what failed."
    best = causes[0]
    hosts = (best.host or "").replace(",", ", ")
    place = f"{best.component} on {hosts}" if hosts else best.component
    onset = f" since {best.onset:%H:%M:%S} UTC" if best.onset else ""
    more = f" and {len(best.explains) - 4} more" if len(best.explains) > 4 else ""
    rest = f" It accounts for the trouble of {', '.join(best.explains[:4])}{more}." if best.explains else ""
    beside = [cause.component for cause in causes[1:3] if cause.independent and best.independent]
    if beside:
        rest += f" Besides, {' and '.join(beside)} failed on {'its' if len(beside) == 1 else 'their'} own account."
    if verdict is Verdict.INCONCLUSIVE:
        said = best.statement.removeprefix(f"{best.component}: ")
        return f"{lead}The evidence is thin. The best candidate is {place}: {said}{rest}"
    certainty = "The root cause is" if verdict is Verdict.CONFIRMED else "The root cause is most likely"
    return f"{lead}{certainty} {place} ({best.category.value}){onset}.{rest}"
