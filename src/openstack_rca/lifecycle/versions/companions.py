"""What other tools need beside a model file to open it: MLflow's ``MLmodel`` and the packages that it needs.

The file stays the only copy of the model: ``mlflow.keras`` reads it where it is, and MLflow's generic ``pyfunc`` opens it
with the loader that is named here. Versions of other names share a folder, and MLflow reads one ``MLmodel`` in a folder:
theirs are made when somebody reads (``service.mlflow_artifacts``).
"""

from importlib.metadata import PackageNotFoundError, version

from openstack_rca.lifecycle.records import TAG_MODEL_KIND, Manifest, ModelKind

LOADER = {ModelKind.ENGINE: "openstack_rca.service.pyfunc", ModelKind.OTHER: "mlflow.keras"}


def companions(manifest: Manifest) -> dict[str, bytes]:
    """The content of each file by its name."""
    import yaml  # Listing versions needs none of it.

    kind = ModelKind(manifest.tags.get(TAG_MODEL_KIND, ModelKind.ENGINE.value))
    stem = f"{manifest.model_name}_v{manifest.version}"
    keras = _installed("keras")
    python_function: dict[str, str] = {"loader_module": LOADER[kind]}
    if kind is ModelKind.ENGINE:
        python_function["data"] = f"{stem}.keras"
    facts = {
        "flavors": {
            "keras": {
                "data": stem,
                "keras_backend": "jax",
                "keras_module": "keras",
                "keras_version": keras or "3",
                "save_format": "keras",
            },
            "python_function": python_function,
        },
        "model_uuid": manifest.sha256[:32],
        **({"run_id": manifest.run_id} if manifest.run_id else {}),
    }
    ours = ["openstack-rca[train]"] if kind is ModelKind.ENGINE else []
    needed = [*ours, f"keras=={keras}" if keras else "keras>=3", "jax", "mlflow>=3"]
    return {
        "MLmodel": yaml.safe_dump(facts, sort_keys=True).encode(),
        "requirements.txt": "".join(f"{line}\n" for line in needed).encode(),
    }


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
