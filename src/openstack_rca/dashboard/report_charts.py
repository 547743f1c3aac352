"""The plots of a report: what each component logged over time, and the causal chain."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import altair as alt
import polars as pl

from openstack_rca.dashboard.words import here, plain, time_axis
from openstack_rca.service.showing import Hop, Report, Verdict

ROW_HEIGHT = 26
SURPRISE = {
    "no score": "#d3dae0",
    "anomaly score below .99": "#a9c4d0",
    ".99 and more (1 normal event in 100)": "#f0c987",
    ".999 and more (1 in 1000)": "#e08e45",
}
CALM = "#8fa9b5"
"""Of all bars where nothing failed or nothing was scored: no colour raises an alarm, nor glares on a dark page."""
FAULT, QUIET, WELL = "#d64545", "#6b7a86", "#2e8b57"


TURNS = {"silence": ("cross", QUIET), "gap": ("diamond", "#7c5cbf"), "recovery": ("triangle-up", WELL)}
"""Kinds of the report's timeline that the chart marks: shape and colour."""


def timeline_chart(report: Report) -> alt.LayerChart | None:
    """Events per component over time, coloured by highest anomaly score, with errors and onsets; None without events."""
    rows = _activity_cells(report)
    if not rows:
        return None
    frame = pl.DataFrame(rows, schema_overrides={"score": pl.Float64})
    healthy = report.verdict is Verdict.NO_FAILURE_FOUND
    present = [name for name in SURPRISE if name in set(frame["surprise"])]
    calm = healthy or not is_scored(report)
    colours = dict.fromkeys(SURPRISE, CALM) if calm else SURPRISE
    order = [plain(row.component, 60) for row in report.activity]
    base = alt.Chart(frame).encode(
        y=alt.Y("component:N", sort=order, title=None, axis=alt.Axis(labelLimit=140, labelOverlap=False)),
        tooltip=[
            alt.Tooltip("component:N"),
            alt.Tooltip("at:N", title="from (UTC)"),
            alt.Tooltip("events:Q"),
            alt.Tooltip("errors:Q"),
            alt.Tooltip("score:Q", title="highest score", format=".3f"),
        ],
    )
    cells = base.mark_bar().encode(
        # The square root, so that single events stay visible beside a storm.
        size=alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[3, ROW_HEIGHT - 4]), legend=None),
        x=time_axis("time"),
        x2="until:T",
        color=alt.Color(
            "surprise:N",
            title=None,
            scale=alt.Scale(domain=present, range=[colours[name] for name in present]),
            legend=None if calm else alt.Legend(orient="bottom", columns=1, labelLimit=260),
        ),
    )
    errors = (
        base.transform_filter("datum.errors > 0")
        .transform_calculate(middle="(toNumber(datum.time) + toNumber(datum.until)) / 2")
        .mark_circle(color=QUIET if healthy else FAULT, opacity=1)
        .encode(
            x=alt.X("middle:T", scale=alt.Scale(type="utc")),
            size=alt.Size("errors:Q", scale=alt.Scale(type="sqrt", range=[18, 160]), legend=None),
        )
    )
    chart: alt.LayerChart = (
        alt.layer(cells, errors, *_turning_points(report, order), *_onset_marks(report))
        .resolve_scale(size="independent")
        .properties(height=ROW_HEIGHT * len(order) + 140)
        .add_params(alt.selection_interval(bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]"))
    )
    return chart


def is_scored(report: Report) -> bool:
    """Whether any event in the timeline chart has an anomaly score."""
    return any(score is not None for row in report.activity for score in row.scores)


def timeline_marks(report: Report) -> str:
    """A legend of the marks that the timeline chart of this report holds."""
    kinds = {entry.kind for entry in report.timeline}
    told = [
        "A bar: events were logged, the higher the more"
        + ("; its colour: the highest anomaly score." if is_scored(report) else "."),
        "A red dot: errors.",
        "A numbered line: onset of a cause.",
    ]
    meanings = {"silence": "A cross: silence begins.", "gap": "A diamond: a request stands still."}
    meanings["recovery"] = "A green triangle: it works again."
    told += [meaning for kind, meaning in meanings.items() if kind in kinds]
    return " ".join([*told, "Drag to move, Shift and wheel to zoom."])


def _turning_points(report: Report, order: Sequence[str]) -> list[alt.Chart]:
    """A cross where a component falls silent, a diamond where a request stands still, a triangle where it works again."""
    rows = [
        {
            "time": entry.time,
            "component": plain(entry.component, 60),
            "kind": entry.kind,
            "what": plain(entry.text, 120),
            "at": f"{entry.time:%H:%M:%S}{here(entry.time)}",
        }
        for entry in report.timeline
        if entry.kind in TURNS and plain(entry.component, 60) in order
    ]
    if not rows:
        return []
    present = [kind for kind in TURNS if any(row["kind"] == kind for row in rows)]
    return [
        alt.Chart(pl.DataFrame(rows))
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=alt.X("time:T", scale=alt.Scale(type="utc")),
            y=alt.Y("component:N", sort=list(order)),
            shape=alt.Shape(
                "kind:N", legend=None, scale=alt.Scale(domain=present, range=[TURNS[k][0] for k in present])
            ),
            fill=alt.Fill("kind:N", legend=None, scale=alt.Scale(domain=present, range=[TURNS[k][1] for k in present])),
            tooltip=["kind:N", "component:N", "what:N", alt.Tooltip("at:N", title="UTC")],
        )
    ]


def _activity_cells(report: Report) -> list[dict[str, object]]:
    """One row for each component and stretch of time in which it logged."""
    return [
        {
            "component": plain(row.component, 60),
            "time": (begun := row.start + timedelta(seconds=row.bin_seconds * number)),
            "at": f"{begun:%H:%M:%S}{here(begun)}",
            "share": (count / max(row.counts)) ** 0.5,
            "until": row.start + timedelta(seconds=row.bin_seconds * (number + 1)),
            "events": count,
            "errors": row.errors[number],
            "score": row.scores[number],
            "surprise": _surprise(row.scores[number]),
        }
        for row in report.activity
        for number, count in enumerate(row.counts)
        if count
    ]


def _onset_marks(report: Report) -> list[alt.Chart]:
    """A rule at the onset of each of the first causes; none where no onset is known."""
    onsets = sorted(
        (cause.onset, number, plain(cause.component, 60))
        for number, cause in enumerate(report.causes[:3], 1)
        if cause.onset is not None
    )
    if not onsets:
        return []
    rows = [{"time": onset, "label": f"onset {number}", "component": name} for onset, number, name in onsets]
    marked = alt.Chart(pl.DataFrame(rows)).encode(x=alt.X("time:T", scale=alt.Scale(type="utc")))
    numbers = alt.Chart(pl.DataFrame(_onset_numbers(onsets, report))).encode(
        x=alt.X("time:T", scale=alt.Scale(type="utc"))
    )
    return [
        marked.mark_rule(color=FAULT, strokeDash=[4, 3], strokeWidth=1.5).encode(
            tooltip=[alt.Tooltip("label:N"), alt.Tooltip("component:N")]
        ),
        # Twice: the first one is the light rim that keeps the number readable on a cell.
        *(
            numbers.mark_text(fontWeight="bold", fontSize=13, dx=4, dy=1, align="left", baseline="top", **look).encode(
                text="number:N", y=alt.value(0)
            )
            for look in ({"color": "white", "stroke": "white", "strokeWidth": 4}, {"color": FAULT})
        ),
    ]


def _onset_numbers(onsets: Sequence[tuple[datetime, int, str]], report: Report) -> list[dict[str, object]]:
    """One text, at the last of them, for onsets so close to each other that their numbers would lie on one another."""
    near = max(row.bin_seconds * len(row.counts) for row in report.activity) / 15
    texts: list[dict[str, object]] = []
    last = None
    for onset, number, _ in onsets:
        if last is not None and (onset - last).total_seconds() < near:
            texts[-1] = {"time": onset, "number": f"{texts[-1]['number']}, {number}"}
        else:
            texts.append({"time": onset, "number": str(number)})
        last = onset
    return texts


def _surprise(score: float | None) -> str:
    none, low, high, highest = SURPRISE
    return none if score is None else highest if score >= 0.999 else high if score >= 0.99 else low


def chain_dot(hops: Sequence[Hop], roots: Sequence[str], dark: bool) -> str:
    """The causal chain in Graphviz's DOT language: root causes filled, steps that no log line states dashed."""
    ink, paper, line = ("#e8ecef", "#2b333b", "#9aa7b1") if dark else ("#1f2a33", "#eef3f6", "#6b7a86")
    names = list(dict.fromkeys([name for hop in hops for name in (hop.source, hop.target)]))
    number = {name: f"n{place}" for place, name in enumerate(names)}
    nodes = [
        f"  {number[name]} [label={_quoted(name)}"
        + (f', fillcolor="{FAULT}", fontcolor="#ffffff", color="{FAULT}"' if name in roots else "")
        + "];"
        for name in names
    ]
    edges = [
        f"  {number[hop.source]} -> {number[hop.target]} [style={'solid' if hop.supported else 'dashed'}];"
        for hop in hops
    ]
    head = (
        f'digraph {{ rankdir=LR; bgcolor="transparent"; nodesep=0.15; ranksep=0.4; '
        f'node [shape=box, style="rounded,filled", fillcolor="{paper}", color="{line}", fontcolor="{ink}", '
        f'fontname="sans-serif", fontsize=12, height=0.3, margin="0.12,0.04"]; edge [color="{line}", arrowsize=0.7];'
    )
    return "\n".join([head, *nodes, *edges, "}"])


def _quoted(name: str) -> str:
    safe = plain(name, 60).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{safe}"'
