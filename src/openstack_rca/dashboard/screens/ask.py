"""Ask: what is wrong, in these logs?"""

from __future__ import annotations

import streamlit as st

from openstack_rca.dashboard.choosing import choose_logs
from openstack_rca.dashboard.conversation import Answer, Scope, answers, put_question
from openstack_rca.dashboard.first_visit import draw_first_visit
from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.held_model import held_model
from openstack_rca.dashboard.prepared_logs import LogChoice
from openstack_rca.dashboard.report_view import draw_report
from openstack_rca.dashboard.words import plain
from openstack_rca.service.showing import headline
from openstack_rca.settings import Settings


def draw(settings: Settings) -> None:
    """The page."""
    st.title("What went wrong?", anchor=False)
    held = held_model(settings)
    if held.nothing_trained:
        draw_first_visit(settings)
    with st.container(border=True):
        logs = choose_logs(settings)
        scope = _draw_scope()
        question = _draw_question(logs)
    if question and logs is not None:
        put_question(question, logs, scope, held, settings)
        st.session_state["shown_answer"] = None
        # Once more, without the steps: they are over, and the answer belongs right below the question.
        st.rerun()
    _draw_answers()


def _draw_question(logs: LogChoice | None) -> str | None:
    typed = st.chat_input("What is wrong? For example: Instances stay in BUILD", key="question", disabled=logs is None)
    if logs is None or not logs.issue:
        return typed
    if st.button("Ask the recorded question", icon=":material/play_arrow:", type="primary", key="ask_sample"):
        return logs.issue
    return typed


def _draw_scope() -> Scope:
    with st.expander("Narrow it down: a window, one request, fast mode", key="scope"):
        left, right = st.columns(2)
        since = left.text_input(
            "From", placeholder="2026-11-23T04:10", key="since", help="UTC unless it has an offset."
        )
        until = right.text_input("To", placeholder="2026-11-23T04:25", key="until")
        request = st.text_input(
            "Request id", placeholder="req-...", key="request", help="The time of this request, a minute wider."
        )
        fast = st.toggle("Fast mode", key="fast", help="Words only, no comparison by meaning.")
    return Scope(since, until, request, fast)


def _draw_answers() -> None:
    kept = answers()
    if not kept:
        st.caption("The answer comes here: the likely cause, the lines that prove it, and what to check next.")
        return
    chosen = st.session_state.get("shown_answer")
    shown = next((answer for answer in kept if answer.outcome.report.id == chosen), kept[-1])
    _draw_asked(shown)
    draw_report(shown)
    others = [answer for answer in reversed(kept) if answer is not shown]
    if others:
        st.subheader("Other questions of this session", anchor=False)
    for answer in others:
        _draw_other(answer)


def _draw_asked(answer: Answer) -> None:
    with st.chat_message("user"):
        st.text(plain(answer.question))
        with st.container(key="meta-asked", gap=None):
            narrowed = [f"request {answer.scope.request}"] if answer.scope.request else []
            st.text(plain(", ".join([f"in {answer.logs.name}", *narrowed])))


def _draw_other(answer: Answer) -> None:
    report = answer.outcome.report
    with st.container(border=True, gap="xsmall"):
        st.text(plain(f"{answer.question}  (in {answer.logs.name})"))
        st.text(plain(headline(report).why))
        if st.button("Show this answer", key=f"show-{report.id}"):
            st.session_state["shown_answer"] = report.id
            st.rerun()


draw_page(draw)
