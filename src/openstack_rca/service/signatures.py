"""Check signature files."""

from __future__ import annotations

from pathlib import Path

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.rca.knowledge import lint_catalogue, load_catalogue


def lint(folder: Path | None) -> tuple[list[str], int]:
    """Problems of the signatures in ``folder`` (None: the built-in ones), and how many signatures were checked.

    Raises:
        SignatureCatalogueError: the path leads nowhere, or to no signature.
    """
    problems = [str(problem) for problem in lint_catalogue([folder] if folder else [])]
    if folder is None:
        return problems, len(load_catalogue().signatures) if not problems else 0
    # One of the user's may replace a shipped one, so the catalogue does not simply grow by their number.
    shipped = {id(signature) for signature in load_catalogue().signatures}
    own = 0 if problems else sum(id(signature) not in shipped for signature in load_catalogue(folder).signatures)
    if not problems and not own:
        raise SignatureCatalogueError(
            f"{folder} holds no signature.", "Give a folder of *.yaml files with signatures, or one such file."
        )
    return problems, own
