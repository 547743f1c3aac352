"""The conversation about a report: what was asked since, what the report says to it, and the box for more."""

import streamlit as st

from openstack_rca.dashboard.conversation import Answer, ask_about, past_of
from openstack_rca.dashboard.evidence_view import draw_evidence
from openstack_rca.dashboard.words import here, plain, prose, sentence
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.asked import Asked
from openstack_rca.service.follow_up import Reply, follow_up, what_can_be_asked
from openstack_rca.service.language_model import is_configured, narrate, narrative_lines
from openstack_rca.settings import Settings

SHOWN = 4


def draw_conversation(answer: Answer, settings: Settings) -> None:
    """The last questions with their replies, right above the box that takes the next one."""
    # In a box: at the top of a page Streamlit would pin the input to the bottom of the screen, away from the replies.
    with st.container(border=True, key="conversation"):
        st.subheader("Ask about this answer", anchor=False)
        earlier, shown = answer.asked[:-SHOWN], answer.asked[-SHOWN:]
        if earlier:
            with st.expander(f"Asked before ({len(earlier):d})"):
                _draw_exchanges(answer, earlier, 0, settings)
        _draw_exchanges(answer, shown, len(earlier), settings)
        if not answer.asked:
            with st.container(key="meta-can-ask", gap=None):
                st.text(plain(what_can_be_asked(answer.report)[0]))
        key = f"follow-{answer.report.id}"
        question = st.chat_input("Why this? Why not another?", key=key)
        if question:
            ask_about(answer, question, settings)
            st.rerun()


def _draw_exchanges(answer: Answer, questions: list[str], first: int, settings: Settings) -> None:
    for number, question in enumerate(questions, first):
        with st.chat_message("user", avatar=":material/person:"):
            st.text(plain(question))
        with st.chat_message("assistant", avatar=":material/troubleshoot:"):
            reply = follow_up(question, answer.report, past_of(answer, settings), here)
            if reply.asked is Asked.UNKNOWN and is_configured(settings):
                _draw_narrative(question, answer, settings)
            else:
                _draw_reply(reply, answer, f"{answer.report.id}-q{number}", settings)


def _draw_narrative(question: str, answer: Answer, settings: Settings) -> None:
    """What the language model says to a question that the report alone does not answer; asked once a session."""
    if question not in answer.narratives:
        try:
            with st.spinner("Asking the language model"):
                answer.narratives[question] = narrate(answer.report, settings, question)
        except OpenStackRcaError as error:
            st.caption(sentence(error))
            return
    narrative = answer.narratives[question]
    st.caption(f"By the language model {prose(narrative.model)}; the verdict does not come from it.")
    st.text("\n".join(plain(line) for line in narrative_lines(narrative)))


def _draw_reply(reply: Reply, answer: Answer, key: str, settings: Settings) -> None:
    st.text("\n".join(plain(line) for line in reply.lines))
    for check in reply.checks:
        st.code(plain(check), language=None, wrap_lines=True)
    if reply.evidence:
        draw_evidence(reply.evidence, answer, key, settings)
    if reply.asked is Asked.UNKNOWN:
        st.caption("To look at another problem in these logs, ask a new question above.")
