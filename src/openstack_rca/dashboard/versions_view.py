"""The versions of the model: which there are, how they did, one in full, two side by side."""

from collections.abc import Sequence

import altair as alt
import polars as pl
import streamlit as st

from openstack_rca.dashboard import listings
from openstack_rca.dashboard.frame import guard
from openstack_rca.dashboard.held_model import held_model
from openstack_rca.dashboard.versions_actions import (
    draw_done,
    draw_environment_actions,
    draw_history,
    draw_version_actions,
)
from openstack_rca.dashboard.versions_quality import draw_comparison, draw_drift
from openstack_rca.dashboard.words import ago, plain, prose, sentence, time_cells, time_formats, without_marks
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.models import ModelVersion
from openstack_rca.service.run_pages import run_page, serving_command
from openstack_rca.settings import Settings

PLOTTED = {
    "test_accuracy": "accuracy on held-back logs",
    "test_loss": "loss on held-back logs",
    "test_alarm_share": "share of alarms on held-back logs",
    "inference_time": "CPU-ms for 1000 events",
}
STATE_COLOURS = {"pinned": "#7c5cbf", "yanked": "#d97706", "ready": "#3b82a0", "refused": "#d64545"}


def draw_versions(settings: Settings) -> None:
    """Draw the page Models."""
    st.title("Models", anchor=False)
    versions = listings.versions(settings)
    if not versions:
        st.info("There is no version yet. Train one on the page Train, or with the command openstack-rca train.")
        return
    held = held_model(settings)
    number = held.model.stored.version if held.model.stored else None
    draw_done()
    chosen = _draw_list(versions, number)
    draw_environment_actions(settings, versions)
    _draw_one(chosen, settings)
    if len(versions) > 1:
        _draw_plots(versions)
        guard(draw_comparison, settings, versions)
    guard(draw_drift, settings, chosen)
    guard(draw_history, settings)


def state_of(version: ModelVersion) -> str:
    """A version's state in one word."""
    return "pinned" if version.pinned else "yanked" if version.yanked else version.status


def _draw_list(versions: Sequence[ModelVersion], held: int | None) -> ModelVersion:
    rows = [
        {
            "version": version.version,
            "state": state_of(version),
            "used here": version.version == held,
            "accuracy": version.metrics.get("test_accuracy"),
            **time_cells("created", version.created),
            "size": version.size_bytes / 1e6,
            "sha256": plain(version.sha256[:12]),
            "stage": version.stage,
            "aliases": plain(", ".join(version.aliases), 200),
            "description": plain(without_marks(version.description), 200),
        }
        for version in versions
    ]
    empty = [name for name in ("stage", "aliases", "description") if not any(row[name] for row in rows)]
    shown = st.dataframe(
        rows,
        column_order=[name for name in rows[0] if name not in empty],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="versions",
        placeholder="",
        height="auto" if len(versions) <= 10 else 390,
        column_config={
            **time_formats("created", "YYYY-MM-DD HH:mm"),
            "accuracy": st.column_config.NumberColumn("accuracy on held-back logs", format="%.3f"),
            "size": st.column_config.NumberColumn("size (MB)", format="%.1f"),
        },
    )
    chosen = list(shown["selection"]["rows"]) if shown else []
    picked = chosen[0] if chosen and chosen[0] < len(versions) else None
    if picked is None:
        st.caption("Choose a row to see that version; shown now is the one that is used here, else the newest.")
        return next((version for version in versions if version.version == held), versions[0])
    return versions[picked]


def _draw_one(version: ModelVersion, settings: Settings) -> None:
    st.subheader(f"Version {version.version:d}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        state = state_of(version)
        colours = {"pinned": "violet", "yanked": "orange", "ready": "green", "refused": "red"}
        st.badge(prose(state) if state in colours else "unfinished", color=colours.get(state, "gray"))  # type: ignore[arg-type]
        st.caption(f"Created {prose(ago(version.created))}")
    if version.yanked:
        st.text(plain(f"Yanked: {version.yank_reason or 'no reason given'}"))
    if version.status_reason:
        st.text(plain(f"{version.status.capitalize()}: {version.status_reason}"))
    if version.description:
        st.text(without_marks(version.description))
    draw_version_actions(settings, version)
    with st.expander("Where it is, its digest and figures", key="version-facts"):
        st.code(plain(version.uri), language=None, wrap_lines=True)
        st.code(plain(version.sha256), language=None, wrap_lines=True)
        _draw_run_link(version, settings)
        figures = [{"figure": plain(name, 80), "value": value} for name, value in sorted(version.metrics.items())]
        st.dataframe(figures, hide_index=True, height=260)


def _draw_run_link(version: ModelVersion, settings: Settings) -> None:
    if version.run_id is None:
        st.caption("The run that trained it is not known.")
        return
    try:
        page = run_page(settings, version.run_id)
    except OpenStackRcaError as error:
        st.warning(sentence(error))
        return
    if page:
        st.link_button("The run in MLflow", page, icon=":material/open_in_new:")
    else:
        st.caption("The run is in a database of this machine. This command shows it in MLflow's own pages:")
        st.code(plain(serving_command(settings)), language=None, wrap_lines=True)


def _draw_plots(versions: Sequence[ModelVersion]) -> None:
    st.subheader("Figures by version", anchor=False)
    rows = [
        {"version": version.version, "state": state_of(version), "figure": label, "value": version.metrics[name]}
        for version in versions
        for name, label in PLOTTED.items()
        if name in version.metrics
    ]
    if len({row["version"] for row in rows}) < 2:
        st.caption("Fewer than two of these versions have figures.")
        return
    frame = pl.DataFrame(rows)
    columns = st.columns(2)
    for place, label in enumerate(label for label in PLOTTED.values() if label in set(frame["figure"])):
        base = alt.Chart(frame.filter(pl.col("figure") == label)).encode(
            x=alt.X(
                "version:Q",
                axis=alt.Axis(tickMinStep=1, format="d"),
                scale=alt.Scale(zero=False, nice=False, padding=12),
            ),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".3~r")),
        )
        points = base.mark_point(filled=True, size=70, opacity=1).encode(
            color=alt.Color(
                "state:N", scale=alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values())), legend=None
            ),
            tooltip=["version:Q", "state:N", alt.Tooltip("value:Q", format=".4f")],
        )
        chart = (base.mark_line(color="#9aa7b1") + points).properties(height=190, title=label)
        columns[place % 2].altair_chart(chart, width="stretch", key=f"plot-{place}")
