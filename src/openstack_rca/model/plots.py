"""Pictures of a training, as PNG: learning curves, calibration, and what surprises."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from openstack_rca.model.training import TrainingResult

# That its cache of fonts cannot be kept, as in a full home, costs a second and is no news to whoever trains.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

_LEARN, _HOLD, _RIVAL, _GRID = "#1f5fa8", "#d9740b", "#6b6b6b", "#d9d9d9"
_LABEL_WIDTH = 90
"""Characters of a label on an axis."""
DPI = 120


def training_plots(result: TrainingResult, folder: Path) -> list[Path]:
    """Draw a training.

    Args:
        result: what ``training.train`` returned.
        folder: made if it is not there.

    Returns the files written: ``learning_curves.png``, ``calibration.png``, ``surprising_templates.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {
        "learning_curves.png": _learning_curves(result),
        "calibration.png": _calibration(result),
        "surprising_templates.png": _surprising(result),
    }
    paths = []
    for name, figure in drawings.items():
        figure.savefig(folder / name, dpi=DPI)
        paths.append(folder / name)
    return paths


def figure_of(columns: int, width: float, height: float, rows: int = 1) -> tuple[Any, list[Any]]:
    """A figure of this size in inches and its axes, row by row; made without pyplot, which would choose a window system."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, 1 + number) for number in range(rows * columns)]
    for axis in axes:
        axis.grid(color=_GRID, linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _learning_curves(result: TrainingResult) -> Any:
    from matplotlib.ticker import MaxNLocator

    figure, (left, right) = figure_of(2, 10.0, 4.0)
    epochs = np.arange(1, len(result.history) + 1)
    metrics = result.metrics
    curves = (
        (left, "loss", "Loss per event (nats)", "rival_bigram_test_loss", "test_loss"),
        (right, "accuracy", "Accuracy of the next template", "rival_bigram_test_accuracy", "test_accuracy"),
    )
    for axis, name, title, rival, tested in curves:
        learned = [epoch[name] for epoch in result.history]
        held_out = [epoch[f"val_{name}"] for epoch in result.history]
        marker = "o" if len(epochs) < 3 else None
        axis.plot(epochs, learned, color=_LEARN, marker=marker, label="training part (with dropout)")
        axis.plot(epochs, held_out, color=_HOLD, marker=marker, label="validation part (later)")
        axis.axhline(metrics[tested], color=_HOLD, linestyle=":", label=f"test part (latest): {metrics[tested]:.3f}")
        axis.axhline(
            metrics[rival], color=_RIVAL, linestyle="--", label=f"bigram rival, test part: {metrics[rival]:.3f}"
        )
        axis.set_title(title)
        axis.set_xlabel("Epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False, fontsize=8)
    return figure


def _calibration(result: TrainingResult) -> Any:
    """Share of later normal events that score at least s, against the 1 - s that the score promises."""
    figure, (axis,) = figure_of(1, 6.0, 4.6)
    scores = np.sort(result.test_scores)
    promised = np.logspace(0.0, -4.0, 200)
    observed = 1.0 - np.searchsorted(scores, 1.0 - promised, side="left") / len(scores)
    there = observed > 0
    axis.plot(promised, promised, color=_RIVAL, linestyle="--", label="as promised")
    axis.plot(promised[there], observed[there], color=_LEARN, label=f"test part, {len(scores):,} events")
    axis.axvline(
        0.01, color=_HOLD, linestyle=":", label=f"score 0.99: {result.metrics['test_alarm_share']:.2%} of events"
    )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.invert_xaxis()
    axis.set_xlabel("Promised share (1 - score)")
    axis.set_ylabel("Share of later normal events that score as high")
    axis.set_title("Calibration of the anomaly score")
    axis.legend(frameon=False, fontsize=8)
    return figure


def distinct_labels(texts: list[str]) -> list[str]:
    """Texts short enough for an axis, no two the same: a long one loses its middle, and like ones are numbered."""
    half = (_LABEL_WIDTH - 5) // 2
    short = [text if len(text) <= _LABEL_WIDTH else f"{text[:half]} ... {text[-half:]}" for text in texts]
    return [
        f"{label} ({short[: number + 1].count(label)})" if short.count(label) > 1 else label
        for number, label in enumerate(short)
    ]


def _surprising(result: TrainingResult) -> Any:
    rows = result.surprising.head(12).reverse()
    figure, (axis,) = figure_of(1, 10.0, 1.2 + 0.42 * max(rows.height, 1))
    places = np.arange(rows.height)
    values = rows["surprise"].to_numpy()
    axis.barh(places, values, color=_LEARN, height=0.62)
    for place, value, count in zip(places, values, rows["count"].to_list(), strict=True):
        axis.text(value, place, f" {count:,}x", va="center", fontsize=8, color="#333333")
    told = [
        f"{service or 'no service'}: {' '.join(template.split())}"
        for template, service in zip(rows["template"].to_list(), rows["service"].to_list(), strict=True)
    ]
    labels = [label.replace("$", r"\$") for label in distinct_labels(told)]
    axis.set_yticks(places, labels, fontsize=8)
    axis.grid(visible=False, axis="y")
    axis.margins(x=0.08)
    axis.set_xlabel("Mean surprise in the test part, nats (and how often)")
    axis.set_title("Most surprising templates of the latest normal events")
    return figure
