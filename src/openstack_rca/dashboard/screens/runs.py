"""Runs: trainings, analyses and evaluations, with how long they took and what they used."""

import streamlit as st

from openstack_rca.dashboard import listings
from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.words import duration, plain, time_cells, time_formats
from openstack_rca.service.models import RunSummary, run_outcome
from openstack_rca.service.run_reports import PROCESS_MEMORY, TAG_REPORT
from openstack_rca.settings import Settings

KINDS = ("all", "training", "analysis", "evaluation")
CPU = "system/cpu_utilization_percentage"


def draw(settings: Settings) -> None:
    """Draw the page Runs."""
    st.title("Runs", anchor=False)
    if not settings.mlflow_enabled:
        st.info("Runs are not recorded: MLflow is turned off for this server.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = str(st.segmented_control("Kind", KINDS, default="all", required=True, key="run_kind"))
        if st.button("Refresh", icon=":material/refresh:", key="runs_again"):
            listings.forget()
    runs = listings.runs(settings, None if kind == "all" else kind)
    if not runs:
        st.info("No run yet. Every training and every question makes one.")
        return
    chosen = st.dataframe(
        [_row(run) for run in runs],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"runs-{kind}",
        placeholder="",
        column_config={
            **time_formats("started", "YYYY-MM-DD HH:mm:ss"),
            "kind": st.column_config.TextColumn(width=80),
            "status": st.column_config.TextColumn(width=80),
            "seconds": st.column_config.NumberColumn(format="%.1f", width=70),
            "events": st.column_config.NumberColumn(format="localized", width=80),
            "CPU": st.column_config.NumberColumn(
                "CPU (%)", format="%.0f", help="Of the whole machine, at the end.", width=75
            ),
            "memory": st.column_config.NumberColumn(
                "memory (MB)", format="localized", help="Of the process, at most.", width=110
            ),
            "outcome": st.column_config.TextColumn(width=250),
        },
    )
    rows = list(chosen["selection"]["rows"]) if chosen else []
    if rows and rows[0] < len(runs):
        _draw_run(runs[rows[0]])
    else:
        st.caption("Choose a row to see everything that the run holds.")


def _row(run: RunSummary) -> dict[str, object]:
    issue = run.params.get("issue", "") if run.kind == "analysis" else ""
    return {
        "kind": plain(run.kind, 20),
        **time_cells("started", run.start),
        "outcome": plain(run_outcome(run) + (f" ({issue})" if issue else ""), 200),
        "status": run.status.lower(),
        "seconds": run.seconds,
        "events": run.metrics.get("events"),
        "CPU": run.metrics.get(CPU),
        "memory": round(run.metrics[PROCESS_MEMORY]) if PROCESS_MEMORY in run.metrics else None,
        "run": run.run_id[:8],
    }


def _draw_run(run: RunSummary) -> None:
    st.subheader("The run", anchor=False)
    st.text(plain(f"{run.name}, {run.run_id}, {duration(run.seconds)}"))
    report = run.tags.get(TAG_REPORT)
    if report:
        st.page_link(
            "screens/ask.py", label="Open its report", icon=":material/open_in_new:", query_params={"report": report}
        )
    left, right = st.columns(2)
    with left:
        st.markdown("**Figures**")
        st.dataframe(
            [{"figure": plain(name, 80), "value": value} for name, value in sorted(run.metrics.items())],
            hide_index=True,
        )
    with right:
        st.markdown("**Parameters**")
        st.dataframe(
            [{"parameter": plain(name, 80), "value": plain(value, 300)} for name, value in sorted(run.params.items())],
            hide_index=True,
        )


draw_page(draw)
