"""What lies beside a model file so that other tools can open it: MLflow's ``MLmodel`` and the packages that it needs.

The file stays the only copy of the model: ``mlflow.keras`` reads it where it is, and MLflow's generic ``pyfunc`` opens it
with the loader that is named here.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from openstack_rca.lifecycle.records import ModelKind, Place

LOADER = {ModelKind.ENGINE: "openstack_rca.service.pyfunc", ModelKind.OTHER: "mlflow.keras"}


def companions(place: Place, number: int, kind: ModelKind, run_id: str | None, sha256: str) -> dict[str, bytes]:
    """The files by name, always the same for the same version."""
    import yaml  # Listing versions needs none of it.

    stem = place.key(number).rsplit("/", 1)[1].removesuffix(".keras")
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
        "model_uuid": sha256[:32],
        **({"run_id": run_id} if run_id else {}),
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
