"""Evidence: the line as logged, where it is, how often it came against the baseline, and the lines around it."""

from collections.abc import Sequence

import streamlit as st

from openstack_rca.dashboard.conversation import Answer, logs_of
from openstack_rca.dashboard.words import block, draw_zones, here, plain, sentence
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.analysis import Prepared
from openstack_rca.service.explore import neighbours
from openstack_rca.service.log_choice import reference_of
from openstack_rca.service.showing import (
    EvidenceGroup,
    EvidenceItem,
    counts,
    grouped,
    kind_text,
    like_text,
    place,
    spot,
)
from openstack_rca.settings import Settings

FIRST_SHOWN = 3
EXPLORE = "screens/explore.py"


def draw_evidence(items: Sequence[EvidenceItem], answer: Answer, key: str, settings: Settings) -> None:
    """Draw evidence, the strongest first, alike pieces as one; ``key`` makes the widgets' keys unique on the page."""
    groups = grouped(items)
    shown = groups
    if len(groups) > FIRST_SHOWN and not st.session_state.get(f"all-{key}"):
        shown = groups[:FIRST_SHOWN]
    for number, group in enumerate(shown):
        _draw_group(group, answer, f"{key}-{number}", settings)
    if len(groups) > FIRST_SHOWN:
        st.toggle(f"Show all {len(groups):d}", key=f"all-{key}")


def _draw_group(group: EvidenceGroup, answer: Answer, key: str, settings: Settings) -> None:
    item = group.item
    with st.container(border=True, gap="xsmall", key=f"item-{key}"):
        st.code(plain(item.text, 500), language=None, wrap_lines=True)
        with st.container(key=f"meta-{key}", gap=None):
            st.text(plain(f"{spot(item)}  ·  {counts(item)}  ·  {kind_text(item)}"))
            st.text(plain(f"accuses {place(item.accuses, item.accused_host)}: {item.why}"))
            if group.like:
                st.text(plain(like_text(group)))
        with st.container(horizontal=True, gap="medium"):
            around = st.toggle("Lines around it", key=f"around-{key}")
            draw_link_to_line(item, answer)
        if around:
            _draw_around(item, answer, settings)


def draw_link_to_line(item: EvidenceItem, answer: Answer) -> None:
    """Draw a link to the line in Explore, if the answer's logs can be read here and are no upload."""
    if answer.logs is not None and answer.logs.kind != "upload":
        where = {"logs": reference_of(answer.logs.paths), "f_file": item.file, "f_line": str(item.line)}
        st.page_link(EXPLORE, label="Open in Explore", icon=":material/open_in_new:", query_params=where)


def _draw_around(item: EvidenceItem, answer: Answer, settings: Settings) -> None:
    try:
        prepared = logs_of(answer, settings)
    except OpenStackRcaError as error:
        st.caption(sentence(error))
        return
    if prepared is None:
        st.caption("The logs of this report are not below a folder that this dashboard may read.")
    else:
        draw_neighbours(prepared, item.file, item.line)


def draw_neighbours(prepared: Prepared, file: str, line: int, around: int = 5) -> None:
    """Draw a cited event, with a mark, and up to ``around`` events before and after it in its file."""
    rows = neighbours(prepared, file, line, around)
    if rows.is_empty():
        st.caption("These lines are not there any more.")
        return
    width = len(str(rows["line"].max()))
    told = []
    for row in rows.iter_rows(named=True):
        mark = ">" if row["line"] <= line < row["line"] + max(row["lines"], 1) else " "
        time = f"{row['time']:%H:%M:%S.%f}"[:-3] + here(row["time"], named=False) if row["time"] else ""
        text = f"{row['message']}: {row['exception']}" if row["exception"] else row["message"]
        told.append(f"{mark} {row['line']:>{width}}  {time}  {row['level']:<8} {text}")
    draw_zones()
    st.code(block("\n".join(one.replace("\n", " ") for one in told), 600), language=None, wrap_lines=True)
