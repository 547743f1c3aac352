"""Ask: what is wrong, in these logs? And then: what does the answer say?"""

import streamlit as st

from openstack_rca.dashboard.conversation import Answer, Scope, answers, open_answer, put_question
from openstack_rca.dashboard.first_visit import draw_first_visit
from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.held_model import HeldModel, held_model
from openstack_rca.dashboard.log_chooser import choose_logs
from openstack_rca.dashboard.prepared_logs import LogChoice
from openstack_rca.dashboard.report_view import draw_report
from openstack_rca.dashboard.words import plain, sentence
from openstack_rca.errors import ReportNotFound
from openstack_rca.service.asked import is_small_talk
from openstack_rca.service.follow_up import what_can_be_asked
from openstack_rca.service.showing import headline
from openstack_rca.settings import Settings

REPORT = "report"
"""The parameter of a link that leads to an answer."""


def draw(settings: Settings) -> None:
    """Draw the page Ask."""
    st.title("What went wrong?", anchor=False)
    held = held_model(settings)
    shown = _shown_answer(settings)
    if shown is None:
        with st.container(border=True, key="ask"):
            _draw_ask(settings, held)
        st.caption("The answer comes here: the likely cause, the lines that prove it, and what to check next.")
    else:
        # Folded, so that the page begins with the answer.
        with st.expander("New question, or other logs", icon=":material/troubleshoot:", key="ask-again"):
            _draw_ask(settings, held)
        _draw_asked(shown)
        draw_report(shown, settings)
        _draw_others(shown)
    if held.nothing_trained:
        draw_first_visit(settings)


def _shown_answer(settings: Settings) -> Answer | None:
    """The answer that the link names, else the last one of this session; the link then leads to it."""
    wanted = st.query_params.get(REPORT)
    if wanted:
        try:
            return open_answer(wanted, settings)
        except ReportNotFound as error:
            st.error(sentence(error))
            return None
    kept = answers()
    if not kept:
        return None
    st.query_params[REPORT] = kept[-1].report.id
    return kept[-1]


def _draw_ask(settings: Settings, held: HeldModel) -> None:
    logs = choose_logs(settings)
    scope = _draw_scope()
    question = _draw_question(logs)
    if not question or logs is None:
        return
    if is_small_talk(question):
        st.info(WHAT_TO_ASK)
        return
    answer = put_question(question, logs, scope, held, settings)
    st.query_params[REPORT] = answer.report.id
    # Once more, without the steps: they are over, and the answer belongs right below the question.
    st.rerun()


WHAT_TO_ASK = f"Hello. {what_can_be_asked()[0]}"


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
            "From", placeholder="2026-11-23T04:10, 04:10 or 2h", key="since", help="UTC unless it has an offset."
        )
        until = right.text_input("To", placeholder="2026-11-23T04:25", key="until")
        request = st.text_input(
            "Request id", placeholder="req-...", key="request", help="The time of this request, a minute wider."
        )
        fast = st.toggle("Fast mode", key="fast", help="Words only, no comparison by meaning.")
    return Scope(since, until, request, fast)


def _draw_asked(answer: Answer) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.text(plain(answer.question or "What went wrong?"))
        with st.container(key="meta-asked", gap=None):
            where = answer.logs.name if answer.logs else ", ".join(answer.report.logs)
            narrowed = [f"request {answer.scope.request}"] if answer.scope.request else []
            st.text(plain(", ".join([f"in {where}", *narrowed])))


def _draw_others(shown: Answer) -> None:
    others = [answer for answer in reversed(answers()) if answer is not shown]
    if others:
        st.subheader("Other questions of this session", anchor=False)
    for answer in others:
        with st.container(border=True, gap="xsmall"):
            st.text(plain(answer.question or "What went wrong?"))
            st.text(plain(headline(answer.report).why))
            if st.button("Show this answer", key=f"show-{answer.report.id}"):
                st.query_params[REPORT] = answer.report.id
                st.rerun()


draw_page(draw)
