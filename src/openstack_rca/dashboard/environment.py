"""The settings of this server: the environment, with the arguments that its script was started with on top."""

import argparse
import os
import sys
from collections.abc import Sequence

from openstack_rca.settings import Settings, load_settings


def current_settings(arguments: Sequence[str] | None = None) -> Settings:
    """The environment's settings, with ``arguments`` (default: this script's) on top. Raises ConfigurationError."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--root", action="append")
    parser.add_argument("--mlflow-uri")
    parser.add_argument("--mlflow-experiment")
    parser.add_argument("--disable-mlflow", action="store_true")
    given, _ = parser.parse_known_args(sys.argv[1:] if arguments is None else arguments)
    return load_settings(
        log_roots=os.pathsep.join(given.root) if given.root else None,
        mlflow_tracking_uri=given.mlflow_uri,
        experiment_name=given.mlflow_experiment,
        mlflow_enabled=False if given.disable_mlflow else None,
    )


def identity(settings: Settings) -> str:
    """A key that is the same only for the same environment: where its versions and runs are, and their names."""
    places = (str(settings.home), settings.tracking_uri, settings.artifact_root)
    return "\n".join((*places, settings.experiment_name, settings.model_name))
