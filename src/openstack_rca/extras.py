"""Optional parts of the installation: what each brings, whether it is there, and the line that installs it."""

from importlib.util import find_spec

from openstack_rca.errors import ExtraMissing

MODULES: dict[str, tuple[str, ...]] = {
    "train": ("keras", "jax", "matplotlib"),
    "mlflow": ("mlflow", "sqlalchemy"),
    "dashboard": ("streamlit", "altair"),
    "mcp": ("mcp",),
    "serve": ("starlette", "uvicorn"),
    "llm": ("httpx",),
    "sevenzip": ("py7zr",),
    "dask": ("distributed", "cryptography"),
}
"""Extra -> the modules whose presence shows that it is installed."""


def is_installed(extra: str) -> bool:
    """Whether all that an extra brings can be imported; nothing is imported to find out."""
    return all(find_spec(module) is not None for module in MODULES[extra])


def require_extra(extra: str, purpose: str) -> None:
    """Make sure that an extra is installed.

    Args:
        extra: one of ``MODULES``.
        purpose: what needs it, as the subject of a sentence.

    Raises ExtraMissing: it is not; the message holds the line that installs it.
    """
    if not is_installed(extra):
        raise ExtraMissing(
            f"{purpose} needs the extra {extra}, which is not installed.",
            f"Install it with: pip install 'openstack-rca[{extra}]'",
        )
