"""Door: ``MLFLOW_CONFIG`` as the manual names it, with the values of this process's settings."""

from __future__ import annotations

from openstack_rca.settings import load_settings

_settings = load_settings()

MLFLOW_CONFIG: dict[str, str | int | bool] = {
    "experiment_name": _settings.experiment_name,
    "artifact_root": _settings.artifact_root,
    "enable_auto_versioning": True,
    "model_name": _settings.model_name,
    "enable_s3_upload": _settings.artifact_root.startswith("s3"),
    "meaningful_folder_names": True,
    "cleanup_temp_files": True,
    "s3_multipart_threshold": _settings.s3_multipart_threshold,
    "s3_multipart_chunksize": _settings.s3_multipart_chunksize,
    "enable_compression": _settings.enable_compression,
}
