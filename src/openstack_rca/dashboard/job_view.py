"""A training on the page: its nine steps, how far it is, its loss, and what came of it. It redraws itself."""

import altair as alt
import polars as pl
import streamlit as st

from openstack_rca.dashboard.environment import current_settings
from openstack_rca.dashboard.frame import guard
from openstack_rca.dashboard.held_model import held_model, refresh
from openstack_rca.dashboard.words import block, duration, plain, prose
from openstack_rca.service.jobs import STEPS, Job, current_job, read_job, stop_training

EVERY_SECONDS = 1.0
DONE, NOW, LATER = ":material/check_circle:", ":material/progress_activity:", ":material/circle:"


def watch_job(job: Job) -> None:
    """Draw a training; while it runs the drawing renews itself, and the page is drawn anew once it is over."""
    if job.running:
        _live(job.id)
    else:
        draw_job(job)


@st.fragment(run_every=EVERY_SECONDS)
def _live(name: str) -> None:
    guard(_draw_live, name)


def _draw_live(name: str) -> None:
    settings = current_settings()
    job = read_job(settings, name)
    if job is None or not job.running:
        if job is not None and job.state == "finished":
            before = held_model(settings)
            # Who trains here wants the new version; who holds another on purpose is left alone.
            if before.nothing_trained or st.session_state.get("trained_here") == name:
                refresh(settings)
        st.rerun(scope="app")
    else:
        draw_job(job)


def draw_job(job: Job) -> None:
    """A training as it is now."""
    left, right = st.columns([0.45, 0.55])
    with left:
        _draw_steps(job)
    with right:
        _draw_progress(job)
    _draw_outcome(job)
    with st.expander("Log", key=f"job-log-{job.id}"):
        st.code(block(job.log, 400) or "Nothing yet.", language=None, wrap_lines=True, height=240)


def _draw_steps(job: Job) -> None:
    lines = []
    for number, name in enumerate(STEPS, 1):
        over = number < job.step or job.state == "finished"
        icon = DONE if over else NOW if number == job.step and job.running else LATER
        took = ""
        if number < len(job.step_times):
            took = f" :gray[{(job.step_times[number] - job.step_times[number - 1]).total_seconds():.1f} s]"
        lines.append(f"{icon} {number}. {name}{took}")
    # Every part of these lines is ours: icons, names of steps, numbers.
    st.markdown("  \n".join(lines))  # ours


def _draw_progress(job: Job) -> None:
    if job.running:
        st.progress(job.share or 0.0, text=prose(job.note) or "working")
        if st.button("Stop the training", icon=":material/stop_circle:", key=f"stop-{job.id}"):
            stop_training(current_settings())
            st.toast("Asked it to stop.")
    chart = loss_chart(job)
    if chart is not None:
        st.altair_chart(chart, width="stretch", key=f"loss-{job.id}")
    else:
        st.caption("The loss curve begins with the first epoch.")


def loss_chart(job: Job) -> alt.Chart | None:
    """Loss over epochs: the running mean while it trains, training and validation loss once it is over."""
    history = job.outcome.get("history") or []
    if history:
        rows = [
            {"epoch": number, "loss": epoch[name], "part": label}
            for number, epoch in enumerate(history, 1)
            for name, label in (("loss", "training"), ("val_loss", "validation"))
            if name in epoch
        ]
    else:
        rows = [{"epoch": epoch, "loss": loss, "part": "training"} for epoch, loss in job.losses]
    if not rows:
        return None
    chart: alt.Chart = (
        alt.Chart(pl.DataFrame(rows))
        .mark_line(point=bool(history))
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("loss:Q", title="loss per event (nats)", scale=alt.Scale(zero=False)),
            color=alt.Color("part:N", title=None, legend=alt.Legend(orient="top")),
            tooltip=["part:N", alt.Tooltip("epoch:Q", format=".1f"), alt.Tooltip("loss:Q", format=".3f")],
        )
        .properties(height=230)
    )
    return chart


def _draw_outcome(job: Job) -> None:
    outcome = job.outcome
    if job.state == "finished":
        seconds = sum(outcome.get("seconds", {}).values())
        if outcome.get("version") and outcome.get("status") == "refused":
            st.warning(f"Version {outcome['version']:d} is stored but refused: {prose(outcome['status_reason'])}")
        elif outcome.get("version"):
            st.success(f"Version {outcome['version']:d} is published, after {prose(duration(seconds))}.")
            st.code(plain(outcome.get("uri") or ""), language=None, wrap_lines=True)
        else:
            st.warning("The model is trained but not published.")
        for text in outcome.get("notices", []):
            st.info(prose(text))
    elif job.state in ("stopped", "failed"):
        show = st.info if job.state == "stopped" else st.error
        show(prose(f"{outcome.get('error', '')} {outcome.get('hint', '')}"))


def running_job() -> Job | None:
    """The training that runs now, if one does."""
    job = current_job(current_settings())
    return job if job is not None and job.running else None
