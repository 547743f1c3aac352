"""What the manual's ``MLFLOW_CONFIG`` says, as settings of this process."""

from collections.abc import Mapping

from openstack_rca.errors import ConfigurationError
from openstack_rca.settings import load_settings, set_defaults

_KEYS = {
    "experiment_name": "experiment_name",
    "artifact_root": "mlflow_artifact_root",
    "model_name": "model_name",
    "s3_multipart_threshold": "s3_multipart_threshold",
    "s3_multipart_chunksize": "s3_multipart_chunksize",
    "enable_compression": "enable_compression",
}
ALWAYS_ON = ("enable_auto_versioning", "meaningful_folder_names", "cleanup_temp_files")


def configured(given: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    """Let the values of the manual's ``MLFLOW_CONFIG`` take effect in this process, behind the environment.

    An empty ``artifact_root`` is the default folder; with ``enable_s3_upload`` False, one in a bucket is ignored. Returns
    ``given`` with the values in effect. Raises ConfigurationError: a value cannot work, or one of ``ALWAYS_ON`` is False.
    """
    for key in ALWAYS_ON:
        if not given.get(key, True):
            raise ConfigurationError(f"{key} of MLFLOW_CONFIG cannot be switched off.", "Leave it True.")
    values = {field: given[key] for key, field in _KEYS.items() if given.get(key) not in (None, "")}
    if not given.get("enable_s3_upload", True) and str(values.get("mlflow_artifact_root", "")).startswith("s3"):
        del values["mlflow_artifact_root"]
    set_defaults(values)
    settings = load_settings()
    return {
        **given,
        "experiment_name": settings.experiment_name,
        "artifact_root": settings.artifact_root,
        "model_name": settings.model_name,
        "enable_s3_upload": settings.artifact_root.startswith("s3"),
        "s3_multipart_threshold": settings.s3_multipart_threshold,
        "s3_multipart_chunksize": settings.s3_multipart_chunksize,
        "enable_compression": settings.enable_compression,
    }
