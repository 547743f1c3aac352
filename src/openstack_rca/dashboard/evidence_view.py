"""Evidence: the line as logged, where it is, how often it came against the baseline, and the lines around it."""

from __future__ import annotations

import streamlit as st

from openstack_rca.dashboard.words import block, plain
from openstack_rca.service.analysis import Prepared
from openstack_rca.service.explore import neighbours
from openstack_rca.service.showing import Cause, EvidenceItem, counts, place, spot

FIRST_SHOWN = 3


def draw_evidence(cause: Cause, prepared: Prepared, key: str) -> None:
    """The evidence for a cause, the strongest first."""
    items = cause.evidence
    st.markdown(f"**Evidence** ({len(items):d})")
    shown = items
    if len(items) > FIRST_SHOWN and not st.session_state.get(f"all-{key}"):
        shown = items[:FIRST_SHOWN]
    for number, item in enumerate(shown):
        _draw_item(item, prepared, f"{key}-{number}")
    if len(items) > FIRST_SHOWN:
        st.toggle(f"Show all {len(items):d}", key=f"all-{key}")


def _draw_item(item: EvidenceItem, prepared: Prepared, key: str) -> None:
    with st.container(border=True, gap="xsmall", key=f"item-{key}"):
        st.code(plain(item.text), language=None, wrap_lines=True)
        with st.container(key=f"meta-{key}", gap=None):
            score = "" if item.score is None else f"  ·  anomaly score {item.score:.2f}"
            st.text(plain(f"{spot(item)}  ·  {counts(item)}  ·  {item.sort.value}{score}"))
            st.text(plain(f"accuses {place(item.accuses, item.accused_host)}: {item.why}"))
        if st.toggle("Lines around it", key=f"around-{key}"):
            draw_neighbours(prepared, item.file, item.line)


def draw_neighbours(prepared: Prepared, file: str, line: int) -> None:
    """The events right before and after a cited one in its file; the cited one has a mark."""
    rows = neighbours(prepared, file, line)
    if rows.is_empty():
        st.caption("These lines are not there any more.")
        return
    width = len(str(rows["line"].max()))
    told = []
    for row in rows.iter_rows(named=True):
        mark = ">" if row["line"] <= line < row["line"] + max(row["lines"], 1) else " "
        time = f"{row['time']:%H:%M:%S.%f}"[:-3] if row["time"] else ""
        text = f"{row['message']}: {row['exception']}" if row["exception"] else row["message"]
        told.append(f"{mark} {row['line']:>{width}}  {time}  {row['level']:<8} {text}")
    st.code(block("\n".join(one.replace("\n", " ") for one in told), 600), language=None, wrap_lines=True)
