"""Labelled incidents: what head 2 learns from, and what rivals are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.errors import NotEnoughTrainingData
from openstack_rca.model.sequences import Steps
from openstack_rca.model.vocabulary import FloatArray

MINIMUM_INCIDENTS = 3
"""Two to learn from, one to measure on."""


@dataclass(frozen=True)
class LabelledIncident:
    """Logs around one fault.

    Attributes:
        events: events table.
        start, end: when the fault began and when it was gone; an event in between counts as part of the incident.
    """

    events: pl.DataFrame
    start: datetime
    end: datetime

    def labels(self) -> npt.NDArray[np.bool_]:
        """(events,) True within the fault's time; an event without a time is outside."""
        inside = self.events["time"].is_between(self.start, self.end).fill_null(False)
        return inside.to_numpy()


def split_incidents(
    incidents: Sequence[LabelledIncident],
) -> tuple[list[LabelledIncident], list[LabelledIncident]]:
    """Earlier incidents to learn from and the latest third to measure on; never events of one incident in both.

    Raises:
        NotEnoughTrainingData: some incidents are given, but fewer than ``MINIMUM_INCIDENTS``.
    """
    if not incidents:
        return [], []
    if len(incidents) < MINIMUM_INCIDENTS:
        raise NotEnoughTrainingData(
            f"Learning from labelled incidents needs at least {MINIMUM_INCIDENTS} of them;"
            f" {len(incidents)} were given.",
            "Give more incidents, or train without any.",
        )
    ordered = sorted(incidents, key=lambda incident: incident.start)
    held_out = max(1, len(ordered) // 3)
    return ordered[:-held_out], ordered[-held_out:]


def with_incidents(events: pl.DataFrame, incidents: Sequence[LabelledIncident]) -> pl.DataFrame:
    """Normal events first, then each incident's, told apart by the column ``recording`` (0 is normal)."""
    frames = [events, *(incident.events for incident in incidents)]
    columns = ["time", "host", "service", "level", "template_id", "template"]
    return pl.concat(
        [frame.select(columns).with_columns(pl.lit(number).alias("recording")) for number, frame in enumerate(frames)]
    )


def incident_lessons(
    steps: Steps, normal: npt.NDArray[np.bool_], incidents: Sequence[LabelledIncident]
) -> tuple[FloatArray, FloatArray]:
    """Labels and weights of head 2.

    Args:
        steps: of ``with_incidents(events, incidents)``.
        normal: (normal events,) which of them take part.

    Returns:
        (steps,) label and (steps,) weight; events inside and outside of faults weigh the same in sum.
    """
    labels = np.concatenate([np.zeros(len(normal), dtype=np.bool_), *(incident.labels() for incident in incidents)])
    part = np.concatenate([normal, np.ones(len(labels) - len(normal), dtype=np.bool_)])
    inside, outside = int(labels.sum()), int((part & ~labels).sum())
    weights = np.where(labels, (inside + outside) / (2 * max(inside, 1)), (inside + outside) / (2 * max(outside, 1)))
    weights = np.where(part, weights, 0.0)
    there = steps.event >= 0
    label = np.where(there, labels[steps.event], False).astype(np.float32)
    weight = np.where(there, weights[steps.event], 0.0).astype(np.float32)
    return label, weight
