"""Compare a report with the past: with the same stretch of an earlier day in its logs, else with an earlier report."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.logs.levels import FAILURES
from openstack_rca.rca.render import as_utc, certainty, moment, place
from openstack_rca.rca.report import Report
from openstack_rca.rca.vocabulary import Verdict

MOST_ROWS = 4
COMPARED = ("time", "service", "level", "template_id", "template")
"""Columns of the events that a comparison needs."""
LONGEST_BACK = timedelta(days=366)
_AGO = re.compile(
    r"\b(\d{1,4}) (minute|hour|day|week)s? (?:ago|before|earlier|back)\b|\blast (hour|week)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Earlier:
    """Past of a report, read only when called: events of its logs (columns ``COMPARED``), and reports about the same logs."""

    events: Callable[[], pl.DataFrame | None] = lambda: None
    reports: Callable[[], Sequence[Report]] = tuple


def compare_with_earlier(question: str, report: Report, earlier: Earlier) -> list[str]:
    """What was compared with what, and what differs, in sentences.

    The question says how far back: "yesterday", "last week", "3 hours ago"; a day where it says nothing.
    """
    back = _how_far_back(question)
    begun, ended = report.window.start, report.window.end
    if begun and ended:
        told = _in_the_logs(earlier.events(), as_utc(begun), as_utc(ended), back)
        if told:
            return told
    wanted = as_utc(begun or report.created) - back
    before = [past for past in earlier.reports() if _when(past) < _when(report)]
    if before:
        return _beside(min(before, key=lambda past: abs(_when(past) - wanted)), report)
    return [
        f"There is nothing to compare with: these logs hold nothing of {moment(wanted)}, and no earlier report of them is kept.",
        "With the logs of a good day: openstack-rca analyze LOGS --baseline LOGS_OF_THAT_DAY",
    ]


def _how_far_back(question: str) -> timedelta:
    named = _AGO.search(question)
    if named is None:
        return timedelta(days=1)
    unit = (named[2] or named[3]).lower()
    return min(timedelta(**{f"{unit}s": int(named[1] or 1)}), LONGEST_BACK)


def _when(report: Report) -> datetime:
    return as_utc(report.window.start or report.created)


def _in_the_logs(events: pl.DataFrame | None, begun: datetime, ended: datetime, back: timedelta) -> list[str]:
    """The stretch beside the same one before; nothing where the logs do not reach back."""
    if events is None:
        return []
    now, then = (
        events.filter(pl.col("time").is_between(begun - shift, ended - shift)).with_columns(
            error=pl.col("level").cast(pl.String).is_in(FAILURES)
        )
        for shift in (timedelta(0), back)
    )
    if then.is_empty():
        return []
    told = [
        f"Compared: {moment(begun)} to {moment(ended)} with {moment(begun - back)} to {moment(ended - back)}, in these logs.",
        f"Events: {then.height:,} then, {now.height:,} now. Errors: {then['error'].sum():,} then, {now['error'].sum():,} now.",
    ]
    errors = (
        pl.concat([then.with_columns(is_now=False), now.with_columns(is_now=True)])
        .filter("error")
        .group_by("service")
        .agg(then=(~pl.col("is_now")).sum().cast(pl.Int64), now=pl.col("is_now").sum().cast(pl.Int64))
        .filter(pl.col("then") != pl.col("now"))
        .sort((pl.col("now") - pl.col("then")).abs(), "service", descending=[True, False])
    )
    told += [
        f"{name or '?'}: {was:,} errors then, {is_now:,} now." for name, was, is_now in errors.head(MOST_ROWS).rows()
    ]
    for name, here, there in (("Only now", now, then), ("Only then", then, now)):
        alone = here.filter(~pl.col("template_id").is_in(there["template_id"].unique().implode()))
        kinds = (
            alone.group_by("template_id")
            .agg(pl.col("error").any(), pl.len(), pl.col("service", "level", "template").first())
            .sort("error", "len", "template", descending=[True, True, False])
        )
        told += [
            f"{name}: {row['service'] or '?'} {row['level']}, {row['len']:,} times: {row['template']}"
            for row in kinds.head(MOST_ROWS).iter_rows(named=True)
        ]
    return told


def _beside(past: Report, report: Report) -> list[str]:
    """Two reports about the same logs."""
    told = [f"Compared: this report with report {past.id} about the same logs at {moment(_when(past))}."]
    for name, one in (("Then", past), ("Now", report)):
        first = one.causes[0] if one.causes and one.verdict is not Verdict.NO_FAILURE_FOUND else None
        sure = f" ({certainty(one.verdict, first.confidence)})" if first else ""
        cause = f", {place(first.component, first.host)}{sure}: {first.statement}" if first else ""
        told.append(f"{name}: {one.verdict.value}{cause}")
    was, now = ({row.component: sum(row.errors) for row in one.activity} for one in (past, report))
    changed = [name for name in {**now, **was} if now.get(name, 0) != was.get(name, 0)]
    changed.sort(key=lambda name: -abs(now.get(name, 0) - was.get(name, 0)))
    told += [f"{name}: {was.get(name, 0):,} errors then, {now.get(name, 0):,} now." for name in changed[:MOST_ROWS]]
    for name, here, there in (("Only now", report, past), ("Only then", past, report)):
        known = _reasons(there)
        told += [f"{name}: {who}: {why}" for who, why in _reasons(here) if (who, why) not in known][:MOST_ROWS]
    return told


def _reasons(report: Report) -> list[tuple[str, str]]:
    """Whom the evidence accuses and why, each once."""
    return list(dict.fromkeys((item.accuses, item.why) for cause in report.causes for item in cause.evidence))
