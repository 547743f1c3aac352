"""Check signature files."""

from __future__ import annotations

from pathlib import Path

from openstack_rca.rca.catalogue import lint_catalogue, load_catalogue


def lint(folder: Path | None) -> tuple[list[str], int]:
    """Problems of the signatures in ``folder`` (None: the built-in ones), and how many signatures were checked.

    Raises:
        SignatureCatalogueError: the path leads nowhere.
    """
    problems = [str(problem) for problem in lint_catalogue([folder] if folder else [])]
    if problems:
        return problems, 0
    return [], len(load_catalogue(folder).signatures) - (len(load_catalogue().signatures) if folder else 0)
