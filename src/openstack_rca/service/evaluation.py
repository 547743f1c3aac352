"""Score the system on labelled incidents."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openstack_rca.rca import incidents
from openstack_rca.service.analysis import analyze, open_model
from openstack_rca.settings import Settings


def evaluate(
    folder: Path,
    *,
    settings: Settings,
    model: str = "latest",
    fast: bool = False,
    signatures: Path | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Analyse every incident of a folder and compare with its label (DESIGN section 9).

    The label of an incident is read after its answer is made.

    Args:
        folder: holds incident folders, or is one.
        settings: see ``openstack_rca.settings``.
        model: reference for ``open_model``.
        fast: lexical retrieval only.
        signatures: folder of the user's own signatures.
        on_progress: told incidents done, incidents in all, and the next one's name.

    Raises:
        IncidentFormatError: no incident, or a broken one; nothing is scored in part.
    """
    folders = incidents.find_incidents(folder)
    questions = [incidents.read_question(path) for path in folders]
    opened = open_model(model, settings)
    scores = []
    for number, (path, question) in enumerate(zip(folders, questions, strict=True)):
        if on_progress:
            on_progress(number, len(folders), question.id)
        started = time.monotonic()
        outcome = analyze(
            [question.logs], question.issue, settings=settings, model=opened, fast=fast, signatures=signatures
        )
        seconds = time.monotonic() - started
        scores.append(incidents.score(question, incidents.read_truth(path), outcome.report, seconds))
    if on_progress:
        on_progress(len(folders), len(folders), "")
    return incidents.total(scores, opened.version)
