"""A version as MLflow's generic model: ``mlflow.pyfunc.load_model("models:/lstm_model/15").predict("/var/log/kolla")``."""

from pathlib import Path
from typing import Any

import polars as pl

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs.events import read_logs
from openstack_rca.model.model_file import ModelFile, open_model_file

__all__ = ["LogScorer"]

TOLD = ("time", "host", "service", "level", "message", "file", "line")


class LogScorer:
    """Scores logs; what MLflow calls the model."""

    def __init__(self, file: ModelFile) -> None:
        self._file = file

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Score the events of logs: a path or several (files, folders, globs), or a frame as ``logs events`` has them.

        Returns a pandas frame: time, host, service, level, message, file and line of each event where it is made from
        paths, and ``surprise``, ``score``, ``unseen`` (see ``ModelFile.score``). Raises ConfigurationError, LogInputError.
        """
        events, told = _events(model_input)
        scores = self._file.score(events).select("surprise", "score", "unseen")
        return pl.concat([events.select(told), scores], how="horizontal").to_pandas()


def _events(given: Any) -> tuple[pl.DataFrame, list[str]]:
    if isinstance(given, str | Path):
        given = [given]
    if isinstance(given, list | tuple) and given and all(isinstance(path, str | Path) for path in given):
        return read_logs([Path(path) for path in given]).events, list(TOLD)
    if isinstance(given, pl.DataFrame):
        return given, []
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        return pl.DataFrame(given.to_dict(orient="list")), []
    raise ConfigurationError(
        "The model scores paths of logs or a frame of events.", 'For example predict("/var/log/kolla").'
    )


def _load_pyfunc(path: str) -> LogScorer:
    """Called by MLflow with the path of the model file."""
    return LogScorer(open_model_file(Path(path)))
