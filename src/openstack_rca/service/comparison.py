"""Two models against each other: their cards, the same logs, the same incidents."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from openstack_rca.errors import ConfigurationError
from openstack_rca.model.card import TrainingCard
from openstack_rca.model.model_file import ModelFile
from openstack_rca.model.quality import MEASURED_LEAST, accuracy_drift, changes, figures
from openstack_rca.rca.scoring import paired_difference
from openstack_rca.service import evaluation
from openstack_rca.service.cluster_scoring import WITHOUT_WORDS
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_reading import read_given
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.run_reports import record_measurement
from openstack_rca.settings import Settings

_BY_MINUTE = {
    "accuracy": pl.col("named").mean(),
    "loss": pl.col("surprise").cast(pl.Float64).mean(),
    "alarm_share": (pl.col("score") >= 0.99).mean(),
}
"""Events of one minute hang together, so a minute and not an event is what is drawn for the intervals."""


def compare_models(
    first: str,
    second: str,
    *,
    settings: Settings,
    logs: Sequence[str | Path] = (),
    incidents: Path | None = None,
    listener: Listener = SILENT,
) -> dict[str, Any]:
    """Compare two models: their cards, their scores of normal ``logs`` that neither has learned from, their answers.

    Args:
        first, second: versions, aliases or ``.keras`` files; differences are second less first.
        listener: told each step as it begins, how far reading is, and each incident.

    Returns ``first`` and ``second`` (reference, version, digest), ``card`` (metrics of both trainings), ``logs`` and
    ``incidents`` (None where not asked for; a win is one of the second), ``metrics`` (for a run), ``warnings``. Raises
    ConfigurationError: a reference leads to no model, or the logs are too few. Else as ``analyze``.
    """
    listener.step("open the models")
    sides = [_open(reference, settings) for reference in (first, second)]
    models = [model for model, _ in sides]
    result: dict[str, Any] = {
        "first": sides[0][1],
        "second": sides[1][1],
        "card": _card_rows(models[0].card, models[1].card),
        "logs": None,
        "incidents": None,
        "metrics": {},
        "warnings": [],
    }
    if sides[0][1]["sha256"] == sides[1][1]["sha256"]:
        result["warnings"].append(f"{first} and {second} are one and the same model: nothing differs.")
    if logs:
        listener.step("read logs")
        events = read_given(logs, settings, listener).table.take(columns=WITHOUT_WORDS)
        listener.step("score the logs with both models")
        _compare_on_logs(result, models, events, settings.model_margin)
    if incidents is not None:
        listener.step("answer the incidents with both")
        found = evaluation.compare(incidents, first, second, settings=settings, listener=listener)
        result["incidents"] = found
        for name, row in found["differences"].items():
            result["metrics"][f"{name}_difference"] = row["difference"]
    return result


def record_comparison(result: dict[str, Any], settings: Settings) -> str | None:
    """Log a comparison as a run, with the whole result as artifact; returns the run's id, None where tracking is off."""
    params = {side: result[side]["reference"] for side in ("first", "second")}
    tags = {"openstack_rca.warnings": "; ".join(result["warnings"]) or "none"}
    return record_measurement("comparison", result, settings, params, result["metrics"], tags)


def _open(reference: str, settings: Settings) -> tuple[ModelFile, dict[str, Any]]:
    opened = open_model(reference, settings)
    if opened.file is None:
        raise ConfigurationError(
            f"{reference!r} is no model that can be compared.", "Name versions (openstack-rca models list)."
        )
    facts = {"reference": reference, "version": opened.version, "sha256": opened.used.digest}
    return opened.file, {**facts, "notices": opened.notices}


def _card_rows(first: TrainingCard, second: TrainingCard) -> list[dict[str, Any]]:
    """Metrics that both trainings have; each on its own held-out logs, so they say less than the same logs do."""
    rows = []
    for name in sorted(first.metrics.keys() & second.metrics.keys()):
        before, after = first.metrics[name], second.metrics[name]
        if math.isfinite(before) and math.isfinite(after):
            rows.append({"name": name, "first": before, "second": after, "difference": after - before})
    return rows


def _compare_on_logs(result: dict[str, Any], models: Sequence[ModelFile], events: pl.DataFrame, margin: float) -> None:
    if events.height < MEASURED_LEAST:
        raise ConfigurationError(
            f"{events.height} events are too few to compare two models.", f"Give at least {MEASURED_LEAST} with --logs."
        )
    predicted = [model.predict(events) for model in models]
    before, after = (figures(rows) for rows in predicted)
    change = changes(before, after, margin)
    drifts = [accuracy_drift(model, found) for model, found in zip(models, (before, after), strict=True)]
    minutes = [_by_minute(rows, events) for rows in predicted]
    result["logs"] = {
        "events": events.height,
        "first": before.as_json(),
        "second": after.as_json(),
        "differences": {
            name: _paired(minutes[0][name].to_list(), minutes[1][name].to_list(), name != "accuracy")
            for name in _BY_MINUTE
        },
        "minutes": minutes[0].height,
    }
    metrics = {
        "performance_delta": change.accuracy,
        "loss_delta": change.loss,
        "accuracy_drift": drifts[1],
        "accuracy_drift_first": drifts[0],
    }
    result["metrics"] |= {name: value for name, value in metrics.items() if math.isfinite(value)}
    if change.objection:
        result["warnings"].append(f"The second is worse by more than {margin:.0%}: {change.objection}.")
    for side, model, drift in zip(("first", "second"), models, drifts, strict=True):
        if drift > margin:
            result["warnings"].append(
                f"The accuracy of the {side} is {drift:.2f} lower here than on its own training logs."
            )
        if _may_have_learned(model.card, events):
            result["warnings"].append(
                f"The {side} may have learned from a part of these logs: they overlap with its training in time."
            )


def _paired(first: list[float], second: list[float], less_is_better: bool) -> dict[str, float]:
    row = paired_difference(first, second)
    return row | {"wins": row["losses"], "losses": row["wins"]} if less_is_better else row


def _by_minute(predicted: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    minute = events["time"].dt.truncate("1m").alias("minute")
    return predicted.with_columns(minute).group_by("minute").agg(**_BY_MINUTE).sort("minute", nulls_last=False)


def _may_have_learned(card: TrainingCard, events: pl.DataFrame) -> bool:
    times = events["time"].drop_nulls()
    if card.first is None or card.last is None or not len(times):
        return False
    return bool(times.min() <= card.last and times.max() >= card.first)  # type: ignore[operator]
