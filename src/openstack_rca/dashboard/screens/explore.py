"""Explore: the logs themselves, as a table, over time, as templates, along one request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import altair as alt
import polars as pl
import streamlit as st

from openstack_rca.dashboard.evidence_view import draw_neighbours
from openstack_rca.dashboard.frame import draw_page
from openstack_rca.dashboard.held_model import held_model
from openstack_rca.dashboard.log_chooser import choose_logs, link_logs, take_linked_logs
from openstack_rca.dashboard.prepared_logs import prepared_logs
from openstack_rca.dashboard.words import (
    block,
    draw_zones,
    here,
    plain,
    prose,
    row_time,
    sentence,
    time_axis,
    time_columns,
    time_formats,
)
from openstack_rca.errors import StoryNotFound
from openstack_rca.service.analysis import Prepared
from openstack_rca.service.explore import (
    TABLE_COLUMNS,
    Choices,
    EventFilter,
    bucket_seconds,
    choices,
    counts,
    failed_request_ids,
    filter_events,
    request_events,
    scored_events,
    templates,
)
from openstack_rca.service.showing import counted
from openstack_rca.service.story_view import stories_of, story_text
from openstack_rca.settings import Settings

MOST_ROWS = 1000
CLOCK = "HH:mm:ss.SSS"
SINCE, UNTIL = "f_since", "f_until"
CONTEXT = 15
"""Events before and after a linked line."""
TABS = ("Table", "Over time", "Templates", "Path of a request", "Story")
LEVEL_COLOURS = {
    "CRITICAL": "#8e1b1b", "ERROR": "#d64545", "WARNING": "#e0a458", "AUDIT": "#7a9e7e", "INFO": "#7fa8ba",
    "DEBUG": "#b8c4cc", "TRACE": "#d5dbdf", "UNKNOWN": "#b09ac0",
}  # fmt: skip


def draw(settings: Settings) -> None:
    """Draw the page Explore."""
    st.title("Explore the logs", anchor=False)
    held = held_model(settings)
    with st.container(border=True):
        take_linked_logs(settings)
        logs = choose_logs(settings)
        link_logs(logs)
    if logs is None:
        st.caption("Choose logs above; they are shown here.")
        return
    again = st.button("Read the logs again", icon=":material/refresh:", key="read_again", help="With what came since.")
    with st.spinner("Reading the logs"):
        prepared = prepared_logs(logs, held, settings, as_read_before=not again)
    _draw_linked_line(prepared)
    wanted = _draw_filters(choices(prepared))
    events = filter_events(scored_events(prepared), wanted)
    st.caption(f"{events.height:,d} of {prepared.read.events.height:,d} events")
    # Only what is looked at is worked out: each of these costs a pass over all events.
    tabs = st.tabs(TABS, on_change="rerun", key="explored")
    drawn: tuple[Callable[[], None], ...] = (
        lambda: _draw_table(events, prepared),
        lambda: _draw_counts(events),
        lambda: _draw_templates(events, prepared),
        lambda: _draw_request(prepared),
        lambda: _draw_story(prepared),
    )
    for tab, draw_tab in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab:
                draw_tab()


def _draw_linked_line(prepared: Prepared) -> None:
    """The line that a link leads to, in its context."""
    file, line = st.query_params.get("f_file", ""), st.query_params.get("f_line", "")
    if not file or not line.isdecimal() or len(line) > 9:
        return
    st.subheader("The line and its context", anchor=False)
    with st.container(key="meta-line", gap=None):
        st.text(plain(f"{file}:{line}"))
    draw_neighbours(prepared, file, int(line), CONTEXT)


def _draw_filters(there: Choices) -> EventFilter:
    since = until = None
    text = st.text_input(
        "Search", key="f_text", bind="query-params", placeholder="Words of a line, or any id",
        help="In messages, exceptions, tracebacks, loggers and ids, whatever the case.",
    )  # fmt: skip
    with st.expander("Filters", expanded=True, key="filters"):
        if there.first and there.last and there.last > there.first:
            first, last = _whole(there.first), _whole(there.last) + timedelta(seconds=1)
            _take_linked_time(first, last)
            chosen = st.slider(
                "Time (UTC)", first, last, (first, last), step=timedelta(seconds=1), format="HH:mm:ss", key="f_time"
            )
            since, until = (
                _utc(chosen[0]) if chosen[0] > first else None,
                _utc(chosen[1]) if chosen[1] < last else None,
            )
            _link_time(since, until)
            begun, ended = here(_utc(chosen[0]), named=False), here(_utc(chosen[1]))
            if begun:
                with st.container(key="meta-time", gap=None):
                    st.text(plain(f"Here{begun} to{ended}"))
        left, middle, right = st.columns(3)
        hosts = left.multiselect("Host", there.hosts, key="f_host", placeholder="all", bind="query-params")
        services = middle.multiselect(
            "Service", there.services, key="f_service", placeholder="all", bind="query-params"
        )
        levels = right.multiselect("Level", there.levels, key="f_level", placeholder="all", bind="query-params")
        left, middle, right = st.columns(3)
        request = left.text_input("Request id", key="f_request", placeholder="req-...", bind="query-params")
        template = middle.text_input("Template holds", key="f_template", bind="query-params")
        score = 0.0
        if there.scored:
            score = right.slider("Anomaly score at least", 0.0, 1.0, 0.0, 0.01, key="f_score", bind="query-params")
    return EventFilter(since, until, hosts, services, levels, request, template, score, text)


def _take_linked_time(first: datetime, last: datetime) -> None:
    """Begin with the stretch of time that the link names, as far as the logs cover it."""
    if "f_time" in st.session_state:
        return
    try:
        start = datetime.fromisoformat(st.query_params.get(SINCE, first.isoformat())).replace(tzinfo=None)
        end = datetime.fromisoformat(st.query_params.get(UNTIL, last.isoformat())).replace(tzinfo=None)
    except ValueError:
        return
    if first <= start < end <= last and (start, end) != (first, last):
        st.session_state["f_time"] = (start, end)


def _link_time(since: datetime | None, until: datetime | None) -> None:
    for name, value in ((SINCE, since), (UNTIL, until)):
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = f"{value:%Y-%m-%dT%H:%M:%S}"


def _whole(moment: datetime) -> datetime:
    """To the second and without a zone: Streamlit would turn it into the browser's."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


def _draw_table(events: pl.DataFrame, prepared: Prepared) -> None:
    if events.is_empty():
        st.info("No event passes these filters. Widen the time, or clear a filter.")
        return
    pages = (events.height - 1) // MOST_ROWS + 1
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page, of {pages:d} with a thousand events each", 1, pages, 1, key="f_page"))
    shown = events.slice((page - 1) * MOST_ROWS, MOST_ROWS).select(TABLE_COLUMNS)
    texts = ("host", "service", "message", "request_id", "file")
    harmless = shown.with_columns(
        pl.col("level").cast(pl.String),
        *time_columns("time"),
        *(pl.col(name).map_elements(lambda text: plain(text, 500), return_dtype=pl.String) for name in texts),
    ).drop("time")
    chosen = st.dataframe(
        harmless,
        hide_index=True,
        height=420,
        on_select="rerun",
        selection_mode="single-row",
        key=f"events-{page}",
        column_order=(
            *time_formats("time", CLOCK),
            *(["score"] if shown["score"].count() else []),
            "level",
            "service",
            "host",
            "message",
            "request_id",
            "file",
            "line",
        ),
        column_config={
            **time_formats("time", CLOCK),
            "host": st.column_config.TextColumn(width=90),
            "service": st.column_config.TextColumn(width=130),
            "level": st.column_config.TextColumn(width=80),
            "message": st.column_config.TextColumn(width=460),
            "score": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f", width=90),
        },
    )
    rows = list(chosen["selection"]["rows"]) if chosen else []
    if rows and rows[0] < shown.height:
        picked = shown.row(rows[0], named=True)
        st.markdown("**The lines around it**")
        draw_neighbours(prepared, picked["file"], picked["line"])
    else:
        st.caption("Choose a row to see the lines around it.")


def _draw_counts(events: pl.DataFrame) -> None:
    by = str(st.segmented_control("By", ["level", "service", "host"], default="level", required=True, key="f_by"))
    if events.is_empty():
        st.info("No event passes these filters.")
        return
    width = _bar_seconds(events)
    # Stacked here: Vega stacks no bars that have a beginning and an end in time.
    counted = counts(events, by, width).with_columns(
        pl.col(by).map_elements(lambda name: plain(name, 60), return_dtype=pl.String),
        until=pl.col("time") + timedelta(seconds=width),
        here=pl.col("time").map_elements(lambda time: f"{time:%H:%M}{here(time)}", return_dtype=pl.String),
        top=pl.col("events").cum_sum().over("time"),
    )
    frame = counted.with_columns(bottom=pl.col("top") - pl.col("events"))
    colour = alt.Color(f"{by}:N", legend=alt.Legend(orient="bottom", columns=4, title=None))
    if by == "level":
        present = [level for level in LEVEL_COLOURS if level in set(frame[by])]
        colour = alt.Color(
            f"{by}:N",
            scale=alt.Scale(domain=present, range=[LEVEL_COLOURS[level] for level in present]),
            legend=alt.Legend(orient="bottom", title=None),
        )
    title = (
        "events a minute"
        if width == 60
        else f"events in {width:d} s"
        if width < 60
        else f"events in {width // 60:d} min"
    )
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=time_axis("time"),
            x2="until:T",
            y=alt.Y("bottom:Q", title=title),
            y2="top:Q",
            color=colour,
            tooltip=[alt.Tooltip("here:N", title="UTC"), f"{by}:N", "events:Q"],
        )
        .properties(height=360)
        .interactive(bind_y=False)
    )
    st.altair_chart(chart, width="stretch", key=f"counts-{by}")


def _bar_seconds(events: pl.DataFrame) -> int:
    """A minute; less where the logs are a few minutes long, more where they are days."""
    first, last = events["time"].min(), events["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return 60
    least = 60 if last - first >= timedelta(minutes=20) else 1
    return max(least, bucket_seconds(first, last))


def _draw_templates(events: pl.DataFrame, prepared: Prepared) -> None:
    found = templates(prepared, events).drop("template_id").head(MOST_ROWS)
    harmless = found.with_columns(
        pl.col("template").map_elements(lambda text: plain(text, 500), return_dtype=pl.String),
        pl.col("service").map_elements(lambda text: plain(text, 100), return_dtype=pl.String),
        *time_columns("first"),
    ).drop("first")
    st.dataframe(
        harmless,
        hide_index=True,
        column_order=(
            "events",
            "per_minute",
            "baseline_per_minute",
            "template",
            "service",
            "level",
            "score",
            *time_formats("first", CLOCK),
        ),
        height=460,
        key="templates",
        column_config={
            "template": st.column_config.TextColumn(width=300),
            "service": st.column_config.TextColumn(width=120),
            "level": st.column_config.TextColumn(width=80),
            "events": st.column_config.NumberColumn(width=70),
            "per_minute": st.column_config.NumberColumn("a minute", format="%.2f", width=75),
            "baseline_per_minute": st.column_config.NumberColumn("normally a minute", format="%.2f", width=110),
            "score": st.column_config.ProgressColumn(
                "mean score", min_value=0.0, max_value=1.0, format="%.2f", width=90
            ),
            **time_formats("first", CLOCK),
        },
    )
    st.caption("Sorted by growth against the model's baseline. Normally 0: the training logs did not contain it.")


def _draw_request(prepared: Prepared) -> None:
    known = failed_request_ids(prepared.read.events)
    chosen = st.selectbox(
        "Request id", known, index=0 if known else None, accept_new_options=True, key="f_way",
        placeholder="req-...", help="Those that logged an error come first; any other can be typed.",
    )  # fmt: skip
    if not chosen:
        st.caption("No request in these logs logged an error. Type the id of any other.")
        return
    way = request_events(prepared, str(chosen))
    if way.is_empty():
        st.info("No event carries this id. Copy it from a log line, beginning with req-.")
        return
    services = way["service"].drop_nulls().unique(maintain_order=True).to_list()
    st.caption(prose(f"{counted(way.height, 'event')} in {counted(len(services), 'service')}"))
    st.text(plain(" -> ".join(services)))
    draw_zones()
    rows = [
        f"{row_time(row['time'])}  {row['service'] or '?'}@{row['host'] or '?'}  {row['level']}  "
        f"{row['file']}:{row['line']}  {row['message']}"
        for row in way.head(300).iter_rows(named=True)
        if row["time"]
    ]
    st.code(block("\n".join(row.replace("\n", " ") for row in rows), 400), language=None, wrap_lines=True, height=420)


def _draw_story(prepared: Prepared) -> None:
    name = st.text_input(
        "Id of a server, port, volume, image or request", key="f_story",
        help="As it stands in the logs; its first eight characters do.",
    )  # fmt: skip
    if not name:
        st.caption("Its lines over all hosts and services, and what normally follows each of them.")
        return
    try:
        stories = stories_of(prepared, name)
    except StoryNotFound as error:
        st.info(sentence(error))
        return
    draw_zones()
    if stories.remark:
        st.caption(prose(stories.remark))
    for story in stories.stories:
        st.code(block("\n".join(story_text(story, row_time)), 400), language=None, wrap_lines=True)


draw_page(draw)
