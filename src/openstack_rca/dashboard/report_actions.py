"""What a visitor can do with a report: take it away, or say what it really was."""

import streamlit as st

from openstack_rca.dashboard.conversation import Answer
from openstack_rca.dashboard.environment import current_settings
from openstack_rca.dashboard.words import prose, sentence
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.choices import CATEGORIES
from openstack_rca.service.history import as_category, component_names, confirm
from openstack_rca.service.reports import render
from openstack_rca.service.showing import Report

FORMS = (("HTML", "html", "html", "text/html"), ("Markdown", "markdown", "md", "text/markdown"),
         ("JSON", "json", "json", "application/json"))  # fmt: skip


def draw_actions(answer: Answer) -> None:
    """Downloads, and the form that confirms the cause."""
    report = answer.report
    st.subheader("Export", anchor=False)
    with st.container(horizontal=True):
        for label, form, suffix, kind in FORMS:
            st.download_button(  # ours
                label,
                data=_rendered(report, form),
                file_name=f"rca-{report.id}.{suffix}",
                mime=kind,
                icon=":material/download:",
                on_click="ignore",
                key=f"download-{form}-{report.id}",
            )
    _draw_confirmation(report)
    if answer.recording is not None and answer.recording.done():
        for text in answer.recording.result().notices:
            st.info(prose(text))


def _rendered(report: Report, form: str) -> str:
    # Rendering is milliseconds, but there are three forms and a rerun for every click.
    kept: dict[str, str] = st.session_state.setdefault("rendered", {})
    key = f"{report.id}-{form}"
    if key not in kept:
        kept[key] = render(report, form)
        for old in list(kept)[: -3 * 10]:
            del kept[old]
    return kept[key]


def _draw_confirmation(report: Report) -> None:
    said = st.session_state.get(f"confirmed-{report.id}")
    with st.expander("This was the cause", icon=":material/how_to_reg:", key=f"confirm-{report.id}"):
        st.caption("The actual cause is kept in the history, and similar incidents will refer to it.")
        named = list(dict.fromkeys(cause.component for cause in report.causes))
        options = [*named, *(name for name in component_names() if name not in named)]
        with st.form(f"confirmation-{report.id}", border=False):
            component = st.selectbox("Component", options, key=f"was-{report.id}")
            answered = report.causes[0].category.value if report.causes else None
            category = st.selectbox(
                "Kind of fault",
                CATEGORIES,
                index=CATEGORIES.index(answered) if answered in CATEGORIES else None,
                key=f"kind-{report.id}",
            )
            note = st.text_input("Note", placeholder="What the next one on call should know", key=f"note-{report.id}")
            if st.form_submit_button("Confirm", type="primary"):
                try:
                    past = confirm(report.id, str(component), current_settings(), as_category(category), note)
                except OpenStackRcaError as error:
                    st.error(sentence(error))
                else:
                    said = past.component
                    st.session_state[f"confirmed-{report.id}"] = said
        if said:
            st.success(f"Kept: it was {prose(said)}.")
