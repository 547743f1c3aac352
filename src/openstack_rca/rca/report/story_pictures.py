"""A request that did not go on, step by step, beside what is normal."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from openstack_rca.rca.evidence import ExpectedSteps
from openstack_rca.rca.judgement import Candidate
from openstack_rca.rca.report.report import StoryPicture, StoryStep
from openstack_rca.rca.vocabulary import EvidenceSort

MAX_PICTURES = 2


def story_pictures(named: Sequence[Candidate], expected: ExpectedSteps, observed: pl.DataFrame) -> list[StoryPicture]:
    """One picture for each finding of the first cause that rests on steps which stayed away or came late.

    Args:
        named: causes, best first.
        observed: events of the window (``row``, ``component``, ``text``).

    Returns at most ``MAX_PICTURES``, each of the first request that stopped.
    """
    findings = [
        finding
        for candidate in named[:1]
        for finding in candidate.findings
        if finding.sort in (EvidenceSort.MISSING_STEP, EvidenceSort.LATE_STEP) and finding.rows
    ]
    pictures = []
    for finding in findings[:MAX_PICTURES]:
        wrong = "late" if finding.sort is EvidenceSort.LATE_STEP else "missing"
        stopped = expected.steps.filter((pl.col("last_row") == finding.rows[0]) & (pl.col("state") == wrong))
        if not stopped.is_empty():
            own = expected.steps.filter(pl.col("story") == stopped["story"][0]).sort("time", "median_seconds")
            pictures.append(_picture(own, finding.count, observed))
    return pictures


def _picture(steps: pl.DataFrame, like_it: int, observed: pl.DataFrame) -> StoryPicture:
    begun: datetime = steps["time"][0]
    first = steps.row(0, named=True)
    shown = [StoryStep(component=first["service"], text=first["template"], normal_seconds=0.0, seconds=0.0)]
    for step in steps.iter_rows(named=True):
        since = (step["time"] - begun) / timedelta(seconds=1)
        came = step["wait_seconds"] is not None
        shown.append(
            StoryStep(
                component=step["follower"],
                text=step["follower_template"] or "",
                normal_seconds=max(since + step["median_seconds"], 0.0),
                within_seconds=max(since + step["within_seconds"], 0.0),
                seconds=max(since + step["wait_seconds"], 0.0) if came else None,
            )
        )
    last = observed.filter(pl.col("row") == steps["last_row"].max())
    return StoryPicture(
        name=str(first["name"]),
        begun=begun,
        like_it=like_it,
        steps=sorted(shown, key=lambda step: step.normal_seconds),
        last=last["text"].str.split("\n").list.first()[0] if last.height else "",
    )
