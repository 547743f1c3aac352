"""``MLflowManager``: the manual's face over ``Tracking`` and ``ModelLifecycle``."""

import atexit
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import require_extra
from openstack_rca.lifecycle.mlflow import TAG_NOTE, RunLogger, Tracking, prepare_environment, without_password
from openstack_rca.lifecycle.objects import work_folder
from openstack_rca.lifecycle.records import ModelKind, ModelVersion
from openstack_rca.lifecycle.versions import ModelLifecycle, introduction
from openstack_rca.settings import DEFAULT_MODEL_NAME, Settings, load_settings

INFERENCE = "rca_inference"


def load_plain_keras(path: Path) -> Any:
    """A Keras model from a verified file; code inside the file is never run."""
    require_extra("train", "Opening a model with Keras")
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    return keras.saving.load_model(path, compile=False, safe_mode=True)


def unknown_kind(_path: Path) -> ModelKind:
    """The kind of a file that was not examined: always ``OTHER``."""
    return ModelKind.OTHER


class MLflowManager:
    """Runs and versioned models in a few calls.

    ``enable_mlflow`` false keeps no runs and numbers versions by the store alone; ``loader`` opens a verified ``.keras`` file,
    for models with custom objects.
    """

    loader: Callable[[Path], Any] = staticmethod(load_plain_keras)
    judge: Callable[[Path], ModelKind] = staticmethod(unknown_kind)

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment_name: str | None = None,
        enable_mlflow: bool = True,
        *,
        loader: Callable[[Path], Any] | None = None,
    ) -> None:
        self._load_file = loader or type(self).loader
        self._judge = type(self).judge
        self._settings = load_settings(
            mlflow_tracking_uri=tracking_uri,
            experiment_name=experiment_name,
            mlflow_enabled=None if enable_mlflow else False,
        )
        if self._settings.mlflow_enabled:
            _point_mlflow_at(self._settings)
        self._run: ExitStack | None = None
        self._logger: RunLogger | None = None
        self._parameters: dict[str, Any] = {}
        self._metrics: dict[str, float] = {}
        self._about = ""

    @property
    def tracking_uri(self) -> str:
        """MLflow's address; a password in it is not shown."""
        return without_password(self._settings.tracking_uri)

    @property
    def experiment_name(self) -> str:
        """The environment whose runs and versions these are."""
        return self._settings.experiment_name

    @property
    def notices(self) -> list[str]:
        """What could not be recorded in the present run, in words."""
        return list(self._logger.notices) if self._logger else []

    def start_run(self, run_name: str | None = None, experiment_name: str | None = None) -> str | None:
        """Start a run, ending the one before; returns its id, or ``None`` where nothing is recorded.

        A name that begins with ``rca_inference`` makes a run of an analysis, any other one of a training.
        """
        self.end_run()
        if experiment_name is not None:
            self._settings = _changed(self._settings, experiment_name=experiment_name)
        self._parameters, self._metrics = {}, {}
        self._run = ExitStack()
        tracking = Tracking(self._settings)
        kind = "analysis" if (run_name or "").startswith(INFERENCE) else "training"
        article = "an" if kind == "analysis" else "a"
        self._about = f"A run of {article} {kind}, recorded by a program with `MLflowManager`."
        self._logger = self._run.enter_context(tracking.run(kind, run_name, tags={TAG_NOTE: self._about}))
        atexit.register(self.end_run)
        return self._logger.run_id

    def end_run(self) -> None:
        """End the run, if one is open; where it made no version, its page tells its key figures."""
        atexit.unregister(self.end_run)
        figures = introduction({}, self._metrics, {}, {}, None, None)
        if self._logger and self._about and figures:
            self._logger.describe(f"{self._about}\n\n{figures}")
        run, self._run, self._logger = self._run, None, None
        if run is not None:
            run.close()

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters; opens a run where none is open."""
        self._parameters.update(params)
        self._open_logger().log_params(params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record metrics, of an epoch where ``step`` is given; opens a run where none is open."""
        self._metrics.update({name: float(value) for name, value in metrics.items()})
        self._open_logger().log_metrics(metrics, step)

    def log_model(
        self,
        model: Any,
        artifact_path: str = "models",
        model_name: str = DEFAULT_MODEL_NAME,
        metadata: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """Save a Keras model and publish it as the next version.

        The version carries the metrics and parameters of the present run, and ``metadata`` as tags. A model that the
        analysis cannot use is a version like any other, which ``latest`` never leads to while there is one that it can.

        Raises:
            ConfigurationError: an ``artifact_path`` other than ``models``, which the readable path is made of.
            PublishFailed: registry or store failed; the file is kept in the spool.
        """
        if artifact_path != "models":
            raise ConfigurationError(
                f"Models cannot be stored under {artifact_path!r}.", 'Leave artifact_path at "models".'
            )
        # What is logged after it belongs to the same run.
        logger = self._open_logger()
        with work_folder(self._settings.work_folder) as folder:
            path = folder / f"{model_name}.keras"
            model.save(path)
            version = self._lifecycle(model_name).publish(
                path,
                run_id=logger.run_id,
                metrics=self._metrics,
                parameters=self._parameters,
                card={},
                tags={str(name): str(value) for name, value in (metadata or {}).items()},
                kind=self._judge(path),
                before="latest",
            )
        logger.log_version(version.version, version.uri)
        logger.describe(version.description)
        self._about = ""
        logger.set_tags(metadata or {})
        return version

    def load_model_with_versioning(self, model_name: str = DEFAULT_MODEL_NAME, version: str | int = "latest") -> Any:
        """A verified Keras model of a version: ``"latest"``, ``15``, ``"15"``, ``"v15"`` or ``"@alias"``.

        Raises VersionNotFound, DigestMismatch, RegistryUnavailable, StoreError: as ``ModelLifecycle.load``.
        """
        loaded = self._lifecycle(model_name).load(version, any_kind=True)
        return self._load_file(loaded.path)

    def find_latest_model(self, model_name: str = DEFAULT_MODEL_NAME) -> str:
        """URI of the folder of the latest version. Raises VersionNotFound: there is none yet."""
        return self._lifecycle(model_name).resolve("latest", any_kind=True).uri.rsplit("/", 2)[0]

    def compare_models(
        self, first: str | int, second: str | int, model_name: str = DEFAULT_MODEL_NAME
    ) -> dict[str, Any]:
        """The figures of two versions side by side, as their trainings measured them.

        Returns:
            ``metrics``: by version number, the figures of each. ``differences``: for each figure that both have, the
            second's less the first's. ``performance_delta``: what the newer one has gained in accuracy on the test part
            (else of training) since the older one, whichever is named first. ``accuracy_drift``: how far the two are apart
            in it. Both are ``None`` where one has no accuracy.
        """
        lifecycle = self._lifecycle(model_name)
        one, other = (lifecycle.resolve(reference, any_kind=True) for reference in (first, second))
        shared = sorted(one.metrics.keys() & other.metrics.keys())
        differences = {name: other.metrics[name] - one.metrics[name] for name in shared}
        delta = differences.get("test_accuracy", differences.get("accuracy"))
        if delta is not None and one.version > other.version:
            delta = -delta
        return {
            "metrics": {str(one.version): one.metrics, str(other.version): other.metrics},
            "differences": differences,
            "accuracy_drift": None if delta is None else abs(delta),
            "performance_delta": delta,
        }

    def _open_logger(self) -> RunLogger:
        if self._logger is None:
            parameters, metrics = self._parameters, self._metrics
            self.start_run()
            self._parameters, self._metrics = parameters, metrics
        assert self._logger is not None
        return self._logger

    def _lifecycle(self, model_name: str) -> ModelLifecycle:
        return ModelLifecycle(_changed(self._settings, model_name=model_name))


def _point_mlflow_at(settings: Settings) -> None:
    """The manual mixes this face with calls of ``mlflow`` itself: both work on the same server."""
    require_extra("mlflow", "MLflowManager")
    prepare_environment(settings)
    import mlflow

    mlflow.set_tracking_uri(settings.tracking_uri)


def _changed(settings: Settings, **changes: str) -> Settings:
    """The same settings with other names, checked like any setting."""
    return load_settings(**{**settings.model_dump(exclude_unset=True), **changes})
