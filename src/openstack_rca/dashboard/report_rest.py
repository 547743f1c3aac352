"""What stands behind the answer of a report: failed requests, what was not seen, what was ruled out, files."""

import streamlit as st

from openstack_rca.dashboard.words import block, draw_zones, here, plain, row_time, rows_apart
from openstack_rca.service.showing import (
    Report,
    RequestPath,
    certainty,
    moment,
    percent,
    place,
    spot,
    story_lines,
    story_title,
)


def draw_rest(report: Report) -> None:
    """Draw the rest of a report, folded: failed requests, what was not seen, what was ruled out, files."""
    _draw_stories(report)
    _draw_requests(report)
    _draw_rest(report)


def _draw_requests(report: Report) -> None:
    if not report.requests:
        return
    with st.expander(f"Failed requests, followed through the services ({len(report.requests):d})"):
        draw_zones()
        for path in report.requests:
            _draw_request(path)


def _draw_request(path: RequestPath) -> None:
    st.text(plain(path.request_id + (f", instance {path.instance_id}" if path.instance_id else "")))
    rows = [
        f"{row_time(step.time)}  {place(step.component, step.host)}  {step.level}  {spot(step)}  {step.text}"
        for step in path.steps
    ]
    st.code(rows_apart(rows), language=None, wrap_lines=True)


def _draw_stories(report: Report) -> None:
    if not report.stories:
        return
    with st.expander(f"Requests that did not go on ({len(report.stories):d})"):
        for story in report.stories:
            st.text(plain(f"{story_title(story)} UTC{here(story.begun)}"))
            last = ["the last line before the gap:", story.last.replace("\n", " ")] if story.last else []
            st.code(block("\n".join([*story_lines(story), *last]), 400), language=None, wrap_lines=False)


def _draw_rest(report: Report) -> None:
    if report.missing:
        with st.expander(f"What the analysis could not see ({len(report.missing):d})"):
            st.text("\n".join(plain(text) for text in report.missing))
    if report.ruled_out:
        with st.expander(f"Ruled out ({len(report.ruled_out):d})"):
            st.text("\n".join(plain(f"{item.component}: {item.reason}") for item in report.ruled_out))
    if report.episodes:
        with st.expander(f"Other stretches of trouble in these logs ({len(report.episodes):d})"):
            for episode in report.episodes:
                told = f"{moment(episode.start)}{here(episode.start)}, {episode.verdict.value}"
                sure = certainty(episode.verdict, episode.confidence)
                st.text(plain(f"{told}, {sure}: {episode.statement}"))
    if report.similar:
        with st.expander(f"Similar past incidents ({len(report.similar):d})"):
            for past in report.similar:
                was = "was" if past.confirmed else "answered"
                told = f"{moment(past.time)}{here(past.time)}, {percent(past.similarity)} alike, {was} {past.component}"
                st.text(plain(f"{told}: {past.issue}" + (f" ({past.note})" if past.note else "")))
    with st.expander(f"Files read ({len(report.files):d}) and the command that makes this report"):
        if report.command:
            st.code(plain(report.command), language=None, wrap_lines=True)
        st.dataframe(
            [
                {
                    "file": plain(file.file, 200),
                    "format": plain(file.format, 60),
                    "lines": file.lines,
                    "events": file.events,
                    "not understood": file.unknown_lines,
                }
                for file in report.files
            ],
            hide_index=True,
        )
