"""The public face of the package: four functions with the settings of the environment."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from openstack_rca.errors import VersionNotFound
from openstack_rca.model.card import TrainingConfig
from openstack_rca.model.model_file import ModelFile
from openstack_rca.rca.report import Report
from openstack_rca.service import analysis, training
from openstack_rca.service.log_reading import read_given
from openstack_rca.service.model_choice import open_model
from openstack_rca.service.training import TrainOutcome
from openstack_rca.settings import load_settings

Paths = str | Path | Sequence[str | Path]


def read_events(logs: Paths, *, timezone: str | None = None) -> pl.DataFrame:
    """Read logs into a table, one row an event, in time order.

    Args:
        logs: a file, folder, glob or archive, or several.
        timezone: IANA zone of times without an offset; default OPENSTACK_RCA_LOG_TIMEZONE.

    Returns:
        The events: ``time`` (UTC), ``host``, ``service``, ``level``, ``message``, ids, ``template``, ``file``, ``line``.

    Raises:
        LogInputError: nothing could be read.
    """
    return read_given(_listed(logs), load_settings(log_timezone=timezone)).events


def analyze(
    logs: Paths, issue: str = "", *, model: str = "latest", since: datetime | None = None, until: datetime | None = None
) -> Report:
    """Find the root cause of trouble in logs. Nothing is recorded and nothing is kept.

    Args:
        logs: a file, folder, glob or archive, or several.
        issue: what is wrong, in the operator's words; may be empty.
        model: ``latest``, a number, ``@alias``, the path of a ``.keras`` file, or ``none``.
        since, until: look only at this stretch of time; with a zone.

    Raises:
        LogInputError, LifecycleError, ModelError, AnalysisError: see ``openstack_rca.errors``.
    """
    outcome = analysis.analyze(_listed(logs), issue, settings=load_settings(), model=model, since=since, until=until)
    return outcome.report


def train(logs: Paths, *, config: TrainingConfig | None = None, output: str | Path | None = None) -> TrainOutcome:
    """Learn what normal looks like and store the model as the next version.

    Args:
        logs: recordings of a healthy cloud: a file, folder, glob or archive, or several.
        config: how to train.
        output: also write the model file here.

    Raises:
        ExtraMissing: the extra ``train`` is not installed.
        LogInputError, ModelError, LifecycleError, ConfigurationError: see ``openstack_rca.errors``.
    """
    return training.train(
        _listed(logs), settings=load_settings(), config=config, output=Path(output) if output else None
    )


def load_model(reference: str = "latest") -> ModelFile:
    """Open a model, verified against its digest; its ``score`` takes the table of ``read_events``.

    Args:
        reference: ``latest``, a number, ``@alias``, or the path of a ``.keras`` file.

    Raises:
        VersionNotFound: there is no such version.
        ModelFileError: the file is damaged, unsafe or of another format.
    """
    opened = open_model(reference, load_settings())
    if opened.file is None:
        raise VersionNotFound(f"There is no model {reference!r}.", "Train one with: openstack-rca train LOGS")
    return opened.file


def _listed(logs: Paths) -> list[str | Path]:
    return [logs] if isinstance(logs, str | Path) else list(logs)
