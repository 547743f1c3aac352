"""The first visit: nothing was trained yet. It says so, and offers to train on the samples in place."""

import streamlit as st

from openstack_rca.dashboard.job_view import running_job, watch_job
from openstack_rca.service.demo import normal_logs
from openstack_rca.service.jobs import start_training
from openstack_rca.settings import Settings


def draw_first_visit(settings: Settings) -> None:
    """Offer a first model, or show the training that makes it."""
    with st.container(border=True, key="first-visit"):
        st.subheader("There is no model yet", anchor=False)
        job = running_job()
        if job is not None:
            st.write("The first model is being trained. It goes on if you close this tab.")
            watch_job(job)
            return
        st.write(
            "A model learns from logs of quiet days what normal looks like. To try it, train on the samples: twenty thousand"
            " lines that a healthy cloud logged. That takes about a minute. For your own cloud, use the page Train."
        )
        if st.button("Train on the samples", type="primary", icon=":material/model_training:", key="train_samples"):
            started = start_training(settings, [normal_logs()])
            st.session_state["trained_here"] = started.id
            st.rerun()
        st.caption("You can ask without a model too: signatures, silence and the dependency graph work, scores do not.")
