"""A report on the page, in the order in which an operator reads: what, why, what to do, the proof, then the rest."""

import streamlit as st

from openstack_rca.dashboard.conversation import Answer
from openstack_rca.dashboard.evidence_view import draw_evidence, draw_link_to_line
from openstack_rca.dashboard.follow_up_view import draw_conversation
from openstack_rca.dashboard.report_actions import draw_actions
from openstack_rca.dashboard.report_charts import chain_dot, timeline_chart, timeline_marks
from openstack_rca.dashboard.report_rest import draw_rest
from openstack_rca.dashboard.words import draw_zones, here, plain, prose, row_time, rows_apart
from openstack_rca.service.showing import (
    Cause,
    Headline,
    Report,
    Verdict,
    category_text,
    chain_steps,
    confidence_sides,
    confidence_text,
    counted,
    grouped,
    headline,
    place,
    since_and_record,
    spot,
    window_text,
)
from openstack_rca.settings import Settings

VERDICT_LOOKS = {
    Verdict.CONFIRMED: ("red", ":material/error:"),
    Verdict.LIKELY: ("orange", ":material/warning:"),
    Verdict.INCONCLUSIVE: ("gray", ":material/help:"),
    Verdict.NO_FAILURE_FOUND: ("green", ":material/check_circle:"),
}
VERDICT_HELP = {
    Verdict.CONFIRMED: "The cause says so itself in the logs.",
    Verdict.LIKELY: "Others accuse it, and it accounts for their trouble.",
    Verdict.INCONCLUSIVE: "Something is wrong, but the logs do not settle what.",
    Verdict.NO_FAILURE_FOUND: "Nothing in these logs differs from a healthy cloud enough to be a failure.",
}
VERDICT_LOOKS_LABEL = {verdict: verdict.value for verdict in Verdict}


def draw_report(answer: Answer, settings: Settings) -> None:
    """The whole report of an answer."""
    report = answer.report
    for text in answer.notices:
        with st.container(border=True):
            st.text(plain(text))
    point = headline(report)
    _draw_verdict(report, point)
    _draw_what_to_do(report, point)
    draw_conversation(answer, settings)
    if report.causes:
        _draw_proof(answer, settings)
        _draw_other_causes(answer, settings)
    _draw_timeline(report)
    _draw_chain(answer)
    draw_rest(report)
    draw_actions(answer)


def _draw_verdict(report: Report, point: Headline) -> None:
    colour, icon = VERDICT_LOOKS[report.verdict]
    with st.container(key="verdict", border=True, gap="small"):
        st.badge(VERDICT_LOOKS_LABEL[report.verdict], icon=icon, color=colour, help=VERDICT_HELP[report.verdict])  # type: ignore[arg-type]
        st.text(plain(f"{point.subject}: {point.why}" if point.sure and point.subject not in point.why else point.why))
        with st.container(key="meta-facts", gap=None):
            st.text(plain("  ·  ".join(_facts(report))))
            if point.also:
                st.text(plain(f"Also: {point.also}"))
        if point.proof and point.cause:
            with st.container(key="meta-proof", gap=None):
                st.text(plain(f"Proof: {spot(point.proof)}"))
            st.code(plain(point.proof.text, 400), language=None, wrap_lines=True)


def _facts(report: Report) -> list[str]:
    cause = report.causes[0] if report.causes else None
    facts = since_and_record(headline(report))
    if cause and cause.onset:
        facts[0] += here(cause.onset)
    facts.append(f"{counted(report.events, 'event')} read")
    version = f"model version {report.model.version}" if report.model.version else "no model"
    return [*facts, version, f"report {report.id}"]


def _draw_what_to_do(report: Report, point: Headline) -> None:
    st.subheader("What to do", anchor=False)
    checks = report.causes[0].next_checks if report.causes else []
    if point.sure or not checks:
        st.text(plain(point.action))
    if checks:
        st.caption("Next checks. They only read; the button at the right of each copies it.")
        with st.container(key="checks"):
            for check in checks:
                st.code(plain(check), language=None, wrap_lines=True)
    if not point.sure and report.missing:
        st.text(plain(f"Missing: {report.missing[0]}"))


def _draw_proof(answer: Answer, settings: Settings) -> None:
    cause = answer.report.causes[0]
    st.subheader(f"Evidence ({len(grouped(cause.evidence)):d})", anchor=False)
    draw_evidence(cause.evidence, answer, f"{answer.report.id}-0", settings)
    _draw_reasons(cause, f"{answer.report.id}-0")


def _draw_reasons(cause: Cause, key: str) -> None:
    with st.container(key=f"meta-explains-{key}", gap=None):
        if cause.explains:
            st.text(plain(f"Accounts for the trouble of {', '.join(cause.explains)}"))
        for side, parts in confidence_sides(cause):
            st.text(plain(f"{side}: {', '.join(confidence_text(part) for part in parts)}"))


def _draw_other_causes(answer: Answer, settings: Settings) -> None:
    others = answer.report.causes[1:]
    if not others:
        return
    st.subheader(f"Other causes ({len(others):d})", anchor=False)
    for number, cause in enumerate(others, 1):
        key = f"{answer.report.id}-{number}"
        with st.container(border=True, gap="small"):
            with st.container(key=f"cause-name-{number}", gap=None):
                kind = category_text(answer.report, cause) + (", a fault of its own" if cause.independent else "")
                st.text(plain(f"{number + 1}. {place(cause.component, cause.host)}  ({kind})"))
            details = st.expander("Evidence and reasons", key=f"details-{key}", on_change="rerun")
            if details.open:
                with details:
                    st.text(plain(cause.statement))
                    draw_evidence(cause.evidence, answer, key, settings)
                    if cause.remedy:
                        st.text(plain(f"Remedy: {cause.remedy}"))
                    _draw_reasons(cause, key)


def _draw_timeline(report: Report) -> None:
    chart = timeline_chart(report)
    if chart is None:
        return
    st.subheader("Timeline", anchor=False)
    with st.container(key="meta-window", gap=None):
        st.text(plain(window_text(report) + _window_here(report)))
    told = "Events, errors and anomaly scores of each component over time; what happened is listed below."
    st.altair_chart(chart, width="stretch", key=f"timeline-{report.id}", alt=told)
    if report.verdict is Verdict.NO_FAILURE_FOUND:
        st.caption(
            "A bar: events were logged, the higher the more. A dot: errors, of kinds that healthy clouds log too. Drag to move."
        )
    else:
        st.caption(prose(timeline_marks(report)))
    if report.timeline:
        with st.expander(f"What happened, in order ({len(report.timeline):d})"):
            draw_zones()
            rows = [
                f"{row_time(entry.time)}  {entry.kind:<9} {place(entry.component, entry.host)}: {entry.text}"
                for entry in report.timeline
            ]
            st.code(rows_apart(rows), language=None, wrap_lines=True)


def _window_here(report: Report) -> str:
    begun, ended = here(report.window.start, named=False), here(report.window.end)
    return f"; here{begun} to{ended}" if begun and ended else ""


def _draw_chain(answer: Answer) -> None:
    report = answer.report
    if report.chain:
        st.subheader("Causal chain", anchor=False)
        roots = [cause.component for cause in report.causes[:1]]
        st.graphviz_chart(chain_dot(report.chain, roots, st.context.theme.type == "dark"), width="content")
        st.caption("Red: the first cause. Solid: a log line states it. Dashed: only the dependency graph does.")
        with st.expander(f"The line behind each arrow ({len(report.chain):d})", key="chain-lines"):
            for step in chain_steps(report):
                since = f"{step.since:%H:%M:%S} UTC{here(step.since)}  " if step.since else ""
                st.text(plain(f"{since}{step.hop.source} -> {step.hop.target}: {step.hop.note or 'no line states it'}"))
                if step.item:
                    st.code(plain(f"{spot(step.item)}  {step.item.text}", 400), language=None, wrap_lines=True)
                    draw_link_to_line(step.item, answer)
    if report.blast_radius:
        with st.expander(f"Blast radius ({len(report.blast_radius):d})"):
            st.text("\n".join(plain(name, 120) for name in report.blast_radius))
