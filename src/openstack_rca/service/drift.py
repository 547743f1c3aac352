"""Has the cloud moved away from what the model in use was trained on?

The measures are a page of NumPy (``model.drift``). Evidently (0.7.23) and NannyML (0.13.1) were looked at: both judge
columns of a reference table that has to be kept, where a model file has counts and a calibration instead; neither has the
share of unseen templates; and each would bring 38 packages more than are here now (a web framework and telemetry, or two
boosting libraries and three cloud clients) for the one formula that is left.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import require_extra
from openstack_rca.model.drift import Drift, Measure, Thresholds, measure_drift
from openstack_rca.model.quality import MEASURED_LEAST
from openstack_rca.service.cluster import Cluster
from openstack_rca.service.cluster_scoring import WITHOUT_WORDS, scores_of
from openstack_rca.service.listener import SILENT, Listener
from openstack_rca.service.log_reading import read_given
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.places import require_output
from openstack_rca.service.run_reports import record_measurement
from openstack_rca.settings import Settings

__all__ = ["Drift", "DriftOutcome", "Measure", "Thresholds", "model_drift", "record_drift"]


@dataclass(frozen=True)
class DriftOutcome:
    """What was found, with which model, and in one sentence what to do."""

    drift: Drift
    version: str | None
    sha256: str | None
    logs: tuple[str, ...]
    advice: str
    plot: Path | None
    notices: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The outcome as values that JSON can hold."""
        drift = self.drift
        return {
            "drifted": drift.drifted,
            "advice": self.advice,
            "model_version": self.version,
            "sha256": self.sha256,
            "logs": list(self.logs),
            "events": drift.events,
            "minutes": round(drift.minutes, 2),
            "measures": [asdict(measure) for measure in drift.measures],
            "templates": drift.templates.drop("template_id").to_dicts(),
            "services": drift.services.to_dicts(),
            "plot": str(self.plot) if self.plot else None,
            "notices": list(self.notices),
        }


def model_drift(
    logs: Sequence[str | Path],
    *,
    settings: Settings,
    model: str = "latest",
    thresholds: Thresholds | None = None,
    plot: Path | None = None,
    cluster: Cluster | None = None,
    listener: Listener = SILENT,
) -> DriftOutcome:
    """Compare new logs of a time without trouble with what a model was trained on; ``plot`` is drawn as PNG.

    Raises ConfigurationError: there is no model, the picture cannot be written, or the logs are too few to say anything.
    LogInputError, LifecycleError, ModelError, ClusterError: see ``openstack_rca.errors``.
    """
    if plot is not None:
        require_extra("train", "The plot of a drift")
        require_output(plot)
    opened = open_model(model, settings)
    if opened.file is None:
        raise ConfigurationError(
            f"{model!r} is no model that logs can be compared with.", "Train one with: openstack-rca train LOGS"
        )
    listener.step("read logs")
    table = read_given(logs, settings, listener, cluster).table
    if table.height < MEASURED_LEAST:
        raise ConfigurationError(
            f"{table.height} events are too few to measure drift.", f"Give at least {MEASURED_LEAST} with --logs."
        )
    listener.step("compare")
    scored = scores_of(opened.file, table, cluster)
    drift = measure_drift(opened.file, table.take(columns=WITHOUT_WORDS), thresholds or Thresholds(), scored=scored)
    if plot is not None:
        # matplotlib costs a second: only where a picture is asked for.
        from openstack_rca.model.drift_plot import draw_drift

        listener.step("draw")
        draw_drift(drift, plot)
    return DriftOutcome(
        drift,
        opened.version,
        opened.used.digest,
        tuple(str(path) for path in logs),
        _advice(drift),
        plot,
        tuple(opened.notices),
    )


def _advice(drift: Drift) -> str:
    above = [measure.name.replace("_", " ") for measure in drift.measures if measure.drifted]
    if not above:
        return "The logs are like those of the training; there is no need to train again."
    return (
        f"The logs have moved away from the training ({', '.join(above)}). If nothing is wrong with the cloud, train again "
        "on logs of now; if something may be, analyze them first."
    )


def record_drift(outcome: DriftOutcome, settings: Settings) -> str | None:
    """Log the measures as a run, with result and picture as artifacts; returns the run's id, None where tracking is off."""
    params = {"logs": ", ".join(outcome.logs)[:500], "model_version": outcome.version or "file"}
    metrics = {measure.name: measure.value for measure in outcome.drift.measures}
    tags = {"openstack_rca.drifted": str(outcome.drift.drifted).lower()}
    return record_measurement("drift", outcome.as_json(), settings, params, metrics, tags, outcome.plot)
