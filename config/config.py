"""Door: ``MLFLOW_CONFIG`` as the manual names it. Edit the values here; what the environment says wins over them."""

from openstack_rca.service.manual_config import configured

MLFLOW_CONFIG: dict[str, str | int | bool] = configured(
    {
        "experiment_name": "openstack_rca_system_staging",
        "artifact_root": "",  # s3://BUCKET/FOLDER or a folder; empty: below OPENSTACK_RCA_HOME
        "enable_auto_versioning": True,
        "model_name": "lstm_model",
        "enable_s3_upload": True,
        "meaningful_folder_names": True,
        "cleanup_temp_files": True,
        "s3_multipart_threshold": 64 * 1024 * 1024,
        "s3_multipart_chunksize": 16 * 1024 * 1024,
        "enable_compression": False,
    }
)
"""The values in effect."""
