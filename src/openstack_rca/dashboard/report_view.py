"""A report on the page: the point first, then the causes with their proof, time, spread, and what to do next."""

from __future__ import annotations

import streamlit as st

from openstack_rca.dashboard.conversation import Answer
from openstack_rca.dashboard.evidence_view import draw_evidence
from openstack_rca.dashboard.report_actions import draw_actions
from openstack_rca.dashboard.report_charts import chain_dot, confidence_chart, timeline_chart
from openstack_rca.dashboard.words import block, plain
from openstack_rca.service.showing import (
    Cause,
    Report,
    RequestPath,
    Verdict,
    headline,
    moment,
    percent,
    place,
    story_lines,
    story_title,
    window_text,
)

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


def draw_report(answer: Answer) -> None:
    """The whole report of an answer."""
    report = answer.outcome.report
    for text in answer.notices:
        with st.container(border=True):
            st.text(plain(text))
    _draw_verdict(report)
    _draw_facts(report)
    if report.causes:
        st.subheader("Causes", anchor=False)
        for number, cause in enumerate(report.causes):
            _draw_cause(answer, number, cause)
    _draw_timeline(report)
    _draw_spread(report)
    _draw_requests(report)
    _draw_stories(report)
    _draw_checks(report)
    _draw_rest(report)
    draw_actions(answer)


def _draw_verdict(report: Report) -> None:
    told = headline(report)
    colour, icon = VERDICT_LOOKS[report.verdict]
    with st.container(key="verdict", border=True):
        st.badge(VERDICT_LOOKS_LABEL[report.verdict], icon=icon, color=colour, help=VERDICT_HELP[report.verdict])  # type: ignore[arg-type]
        st.text(plain(f"{told.subject}: {told.why}" if told.sure and told.subject not in told.why else told.why))
    with st.container(key="meta-action", gap=None):
        st.text(plain(f"What to do: {told.action}"))


VERDICT_LOOKS_LABEL = {verdict: verdict.value for verdict in Verdict}


def _draw_facts(report: Report) -> None:
    cause = report.causes[0] if report.causes else None
    start, end = report.window.start, report.window.end
    with st.container(horizontal=True, gap="small"):
        if cause:
            st.metric("Confidence", f"{cause.confidence:.0%}", border=True, width=165)
            st.metric("Onset (UTC)", f"{cause.onset:%H:%M:%S}" if cause.onset else "unknown", border=True, width=165)
        if start and end:
            st.metric("Window (UTC)", f"{start:%H:%M} - {end:%H:%M}", border=True, width=165)
        st.metric("Events read", f"{report.events:,d}", border=True, width=165)
    with st.container(key="meta-window", gap=None):
        version = f"model version {report.model.version}" if report.model.version else "no model"
        st.text(
            plain(f"{window_text(report)}; {version}; {'fast' if report.fast else 'hybrid'} mode; report {report.id}")
        )


def _draw_cause(answer: Answer, number: int, cause: Cause) -> None:
    key = f"{answer.outcome.report.id}-{number}"
    with st.container(border=True, gap="small"):
        name, bar = st.columns([0.62, 0.38], vertical_alignment="center")
        with name, st.container(key=f"cause-name-{number}", gap=None):
            kind = cause.category.value + (", a fault of its own" if cause.independent and number else "")
            st.text(plain(f"{number + 1}. {place(cause.component, cause.host)}  ({kind})"))
        bar.progress(min(1.0, max(0.0, cause.confidence)), text=f"{cause.confidence:.0%}")
        st.text(plain(cause.statement))
        details = st.expander("Evidence and reasons", expanded=number == 0, key=f"details-{key}", on_change="rerun")
        if details.open:
            with details:
                _draw_details(answer, cause, key)


def _draw_details(answer: Answer, cause: Cause, key: str) -> None:
    draw_evidence(cause, answer.prepared, key)
    if cause.remedy:
        st.markdown("**Remedy**")
        st.text(plain(cause.remedy))
    chart = confidence_chart(cause)
    if chart is not None:
        st.markdown("**What the confidence is made of**")
        st.altair_chart(chart, width="stretch", key=f"parts-{key}")
    if cause.explains:
        st.caption("Accounts for the trouble of")
        st.text(plain(", ".join(cause.explains)))


def _draw_timeline(report: Report) -> None:
    chart = timeline_chart(report)
    if chart is None:
        return
    st.subheader("Timeline", anchor=False)
    st.altair_chart(chart, width="stretch", key=f"timeline-{report.id}")
    st.caption(
        "A bar: events were logged; its colour: the highest anomaly score. A red dot: errors. Dashed: onset of a cause."
        " Scroll to zoom, drag to move, double-click for all."
    )
    if report.timeline:
        with st.expander(f"What happened, in order ({len(report.timeline):d})"):
            rows = [
                f"{entry.time:%H:%M:%S}  {entry.kind:<9} {place(entry.component, entry.host)}: {entry.text}"
                for entry in report.timeline
            ]
            st.code(block("\n".join(row.replace("\n", " ") for row in rows), 400), language=None, wrap_lines=True)


def _draw_spread(report: Report) -> None:
    if not report.chain and not report.blast_radius:
        return
    left, right = st.columns([0.65, 0.35])
    if report.chain:
        with left:
            st.subheader("Causal chain", anchor=False)
            roots = [cause.component for cause in report.causes[:1]]
            dark = st.context.theme.type == "dark"
            st.graphviz_chart(chain_dot(report.chain, roots, dark), width="content")
            st.caption("Red: the first cause. Solid: a log line states it. Dashed: only the dependency graph does.")
    if report.blast_radius:
        with right:
            st.subheader("Blast radius", anchor=False)
            st.text("\n".join(plain(name, 120) for name in report.blast_radius))


def _draw_requests(report: Report) -> None:
    if not report.requests:
        return
    with st.expander(f"Failed requests, followed through the services ({len(report.requests):d})"):
        for path in report.requests:
            _draw_request(path)


def _draw_request(path: RequestPath) -> None:
    st.text(plain(path.request_id + (f", instance {path.instance_id}" if path.instance_id else "")))
    rows = [
        f"{step.time:%H:%M:%S}  {place(step.component, step.host)}  {step.level}  {step.file}:{step.line}  {step.text}"
        for step in path.steps
    ]
    st.code(block("\n".join(row.replace("\n", " ") for row in rows), 400), language=None, wrap_lines=True)


def _draw_stories(report: Report) -> None:
    if not report.stories:
        return
    with st.expander(f"Requests that did not go on ({len(report.stories):d})", expanded=True):
        for story in report.stories:
            st.text(plain(story_title(story)))
            last = ["the last line before the gap:", story.last.replace("\n", " ")] if story.last else []
            st.code(block("\n".join([*story_lines(story), *last]), 400), language=None, wrap_lines=False)


def _draw_checks(report: Report) -> None:
    checks = report.causes[0].next_checks if report.causes else []
    if not checks:
        return
    st.subheader("Next checks", anchor=False)
    st.caption("They only read. The button at the right of each copies it.")
    for check in checks:
        st.code(plain(check), language=None, wrap_lines=True)


def _draw_rest(report: Report) -> None:
    if report.missing:
        with st.expander(f"What the analysis could not see ({len(report.missing):d})"):
            st.text("\n".join(plain(text) for text in report.missing))
    if report.ruled_out:
        with st.expander(f"Ruled out ({len(report.ruled_out):d})"):
            st.text("\n".join(plain(f"{item.component}: {item.reason}") for item in report.ruled_out))
    if report.episodes:
        with st.expander(f"Other stretches of trouble in these logs ({len(report.episodes):d})"):
            for episode in report.episodes:
                told = f"{moment(episode.start)}, {episode.verdict.value}, {percent(episode.confidence)}: {episode.statement}"
                st.text(plain(told))
    if report.similar:
        with st.expander(f"Similar past incidents ({len(report.similar):d})"):
            for past in report.similar:
                was = "was" if past.confirmed else "answered"
                told = f"{moment(past.time)}, {percent(past.similarity)} alike, {was} {past.component}: {past.issue}"
                st.text(plain(told + (f" ({past.note})" if past.note else "")))
    with st.expander(f"Files read ({len(report.files):d}) and the command that makes this report"):
        st.code(plain(report.command), language=None, wrap_lines=True)
        st.dataframe(
            [
                {
                    "file": plain(file.file, 200),
                    "format": plain(file.format, 60),
                    "lines": file.lines,
                    "events": file.events,
                    "not understood": file.unknown_lines,
                }
                for file in report.files
            ],
            hide_index=True,
        )
