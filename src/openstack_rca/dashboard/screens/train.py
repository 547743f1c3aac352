"""Train: learn from logs of quiet days, watch it, stop it."""

import streamlit as st

from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.job_view import watch_job
from openstack_rca.dashboard.words import plain, prose
from openstack_rca.errors import ConfigurationError
from openstack_rca.service.jobs import current_job, start_training
from openstack_rca.service.log_choice import SAMPLES, entries_of_roots, normal_or_allowed
from openstack_rca.service.training import TrainingConfig
from openstack_rca.settings import Settings

DEFAULTS = TrainingConfig()


def draw(settings: Settings) -> None:
    """Draw the page Train."""
    st.title("Train a version", anchor=False)
    job = current_job(settings)
    if job is not None and job.running:
        st.caption("It runs on the server, goes on if you close this tab, and one runs at a time.")
        watch_job(job)
        return
    _draw_form(settings)
    if job is not None:
        st.subheader("The last training", anchor=False)
        with st.container(key="meta-job", gap=None):
            st.text(plain(f"{job.started:%Y-%m-%d %H:%M} UTC, {', '.join(job.logs)}"))
        watch_job(job)


def _draw_form(settings: Settings) -> None:
    entries = [SAMPLES, *(str(path) for path in entries_of_roots(settings))]
    with st.form("training"):
        source = st.selectbox(
            "Logs of a stretch without trouble",
            entries,
            accept_new_options=True,
            key="train_logs",
            help="Some thousand lines over some minutes at least, better a day, from all hosts and services.",
        )
        st.caption(f"Open to this dashboard: {prose(settings.log_roots)}")
        with st.expander("Settings of the training", key="train_settings"):
            config = _draw_config()
        if st.form_submit_button("Start the training", type="primary", icon=":material/model_training:"):
            if not source:
                raise ConfigurationError("No logs were chosen.", "Choose the samples, or give a path.")
            started = start_training(settings, normal_or_allowed(str(source), settings), config)
            st.session_state["trained_here"] = started.id
            st.rerun()


def _draw_config() -> TrainingConfig:
    left, middle, right = st.columns(3)
    return TrainingConfig(
        epochs=int(left.number_input("Epochs, at most", 1, 10_000, DEFAULTS.epochs)),
        batch_size=int(middle.number_input("Chunks in a gradient step", 1, 65_536, DEFAULTS.batch_size)),
        lstm_units=int(right.number_input("Width of the LSTM", 1, 4096, DEFAULTS.lstm_units)),
        dropout_rate=float(left.number_input("Dropout", 0.0, 0.95, DEFAULTS.dropout_rate, 0.05)),
        learning_rate=float(
            middle.number_input("Learning rate", 0.0001, 1.0, DEFAULTS.learning_rate, 0.001, format="%.4f")
        ),
        seed=int(right.number_input("Seed", 0, 2**31 - 1, DEFAULTS.seed)),
    )


draw_page(draw)
