"""Two versions against each other, and a version against the logs of now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from openstack_rca.dashboard.words import plain, prose
from openstack_rca.service.comparison import compare_models
from openstack_rca.service.drift import DriftOutcome, model_drift
from openstack_rca.service.log_choice import SAMPLES, entries_of_roots, normal_or_allowed
from openstack_rca.service.models import ModelVersion
from openstack_rca.settings import Settings

NONE = "none: only the figures of their trainings"
WORDS = {"accuracy": "accuracy", "loss": "loss per event (nats)", "alarm_share": "share of alarms"}


def draw_comparison(settings: Settings, versions: Sequence[ModelVersion]) -> None:
    """Compare two versions by the figures of their trainings, and on the same logs where some are chosen."""
    st.subheader("Compare two versions", anchor=False)
    numbers = [version.version for version in versions if version.status == "ready"]
    if len(numbers) < 2:
        st.caption("There is only one version so far.")
        return
    left, right = st.columns(2)
    second = left.selectbox("This version", numbers, index=0, key="compare_second")
    first = right.selectbox("against", numbers, index=1, key="compare_first")
    if first == second:
        st.caption("Choose two different versions.")
        return
    logs = _choose("on the same normal logs", [NONE, SAMPLES], settings, "compare_logs")
    wanted = (first, second, *logs)
    if st.button("Compare", key="compare", icon=":material/compare_arrows:"):
        with st.spinner("Comparing"):
            st.session_state["compared"] = (
                wanted,
                compare_models(str(first), str(second), settings=settings, logs=logs),
            )
    # Kept: to choose a row of another table must neither lose it nor do it again.
    compared, result = st.session_state.get("compared", (None, None))
    if result is None or compared != wanted:
        return
    for text in result["warnings"]:
        st.warning(prose(text))
    if result["logs"]:
        _draw_same_logs(result["logs"], first, second)
    _draw_figures(result["card"], first, second)


def _draw_same_logs(found: dict[str, Any], first: int, second: int) -> None:
    st.markdown(f"**On the same {found['events']:,d} events**")
    rows = [
        {
            "figure": WORDS.get(name, plain(name)),
            f"version {first}": found["first"].get(name),
            f"version {second}": found["second"].get(name),
            "difference": row["difference"],
            "low": row["low"],
            "high": row["high"],
            "better in": row["wins"],
            "worse in": row["losses"],
        }
        for name, row in found["differences"].items()
    ]
    st.dataframe(rows, hide_index=True)
    st.caption(f"The difference lies between low and high in 95 of 100 draws of the {found['minutes']:d} minutes.")


def _draw_figures(card: Sequence[dict[str, Any]], first: int, second: int) -> None:
    st.markdown("**Figures of their trainings**")
    rows = [
        {
            "figure": plain(row["name"], 80),
            f"version {first}": row["first"],
            f"version {second}": row["second"],
            "difference": row["difference"],
        }
        for row in card
    ]
    st.dataframe(rows, hide_index=True, height=300)
    st.caption("Each was measured on the later part of its own training logs.")


def draw_drift(settings: Settings, version: ModelVersion) -> None:
    """Draw the choice of recent logs and how far they differ from those that this version was trained on."""
    st.subheader("Drift", anchor=False)
    st.caption(
        "Choose recent logs without trouble, to see whether they still resemble those that this version learned from."
    )
    logs = _choose("Logs", [SAMPLES], settings, "drift_logs")
    wanted = (version.version, *logs)
    if st.button("Measure", key="drift", icon=":material/straighten:"):
        with st.spinner("Measuring"):
            st.session_state["drifted"] = (wanted, model_drift(logs, settings=settings, model=str(version.version)))
    measured, outcome = st.session_state.get("drifted", (None, None))
    if outcome is not None and measured == wanted:
        _draw_outcome(outcome)


def _draw_outcome(outcome: DriftOutcome) -> None:
    say = st.warning if outcome.drift.drifted else st.success
    say(prose(outcome.advice))
    rows = [
        {
            "measure": plain(measure.name.replace("_", " ")),
            "value": measure.value,
            "threshold": measure.threshold,
            "by chance": measure.by_chance or None,
            "drifted": measure.drifted,
        }
        for measure in outcome.drift.measures
    ]
    st.dataframe(rows, hide_index=True, placeholder="")
    st.caption(f"{outcome.drift.events:,d} events over {outcome.drift.minutes:.1f} minutes")


def _choose(label: str, first: list[str], settings: Settings, key: str) -> list[Path]:
    entries = [*first, *(str(path) for path in entries_of_roots(settings))]
    chosen = st.selectbox(label, entries, accept_new_options=True, key=key)  # ours
    return [] if chosen is None or chosen == NONE else normal_or_allowed(str(chosen), settings)
