"""The drift of new logs from a model's training, as one picture."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from openstack_rca.model.drift import SCORE_BINS, Drift
from openstack_rca.model.plots import DPI, figure_of

_BEFORE, _NOW, _ALARM = "#6b6b6b", "#1f5fa8", "#b3261e"
_SERVICES = 12
_TEMPLATES = 8


def draw_drift(drift: Drift, path: Path) -> None:
    """Draw measures against thresholds, scores, and the shares that changed most, as PNG. Raises OSError."""
    figure, axes = figure_of(2, 12.0, 8.5, rows=2)
    _measures(axes[0], drift)
    _scores(axes[1], drift)
    services = drift.services.sort((drift.services["now"] - drift.services["before"]).abs(), descending=True)
    _mix(axes[2], services.head(_SERVICES).to_dicts(), "service", "Share of events by service")
    _mix(axes[3], drift.templates.head(_TEMPLATES).to_dicts(), "template", "Templates whose share changed most")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, format="png")


def _measures(axis: Any, drift: Drift) -> None:
    places = np.arange(len(drift.measures))[::-1]
    shares = [measure.value / measure.threshold if measure.threshold else 0.0 for measure in drift.measures]
    colours = [_ALARM if measure.drifted else _NOW for measure in drift.measures]
    axis.barh(places, shares, color=colours, height=0.6)
    axis.axvline(1.0, color=_BEFORE, linestyle="--")
    for place, share, measure in zip(places, shares, drift.measures, strict=True):
        axis.text(share, place, f" {measure.value:.3f} of {measure.threshold:g}", va="center", fontsize=8)
    axis.set_yticks(places, [measure.name.replace("_", " ") for measure in drift.measures], fontsize=8)
    axis.set_xlim(0, max(1.4, 1.35 * max(shares)))
    axis.set_xlabel("Value as a share of its threshold")
    axis.set_title("Drifted" if drift.drifted else "Not drifted")


def _scores(axis: Any, drift: Drift) -> None:
    widths = np.diff(SCORE_BINS)
    axis.stairs(drift.score_shares / widths, SCORE_BINS, color=_NOW, fill=True, alpha=0.5, label="new logs")
    axis.axhline(1.0, color=_BEFORE, linestyle="--", label="as calibrated")
    axis.set_xlabel("Anomaly score")
    axis.set_ylabel("Density of events")
    axis.set_title("Scores of the new logs")
    axis.legend(frameon=False, fontsize=8)


def _mix(axis: Any, rows: list[dict[str, Any]], name: str, title: str) -> None:
    places = np.arange(len(rows))[::-1]
    axis.barh(places + 0.2, [row["before"] for row in rows], height=0.36, color=_BEFORE, label="training")
    axis.barh(places - 0.2, [row["now"] for row in rows], height=0.36, color=_NOW, label="new logs")
    labels = [
        textwrap.shorten(str(row[name]) or "no service", 46, placeholder=" ...").replace("$", r"\$") for row in rows
    ]
    axis.set_yticks(places, labels, fontsize=7)
    axis.set_xlabel("Share of events")
    axis.set_title(title)
    axis.legend(frameon=False, fontsize=8)
