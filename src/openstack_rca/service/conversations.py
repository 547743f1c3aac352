"""What was asked about a kept report, so that a conversation stays with the report's link."""

from __future__ import annotations

import json
from pathlib import Path

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import write_whole
from openstack_rca.rca.report import mask_secrets
from openstack_rca.settings import Settings

MOST_QUESTIONS = 50
LONGEST_QUESTION = 500


def questions_about(report_id: str, settings: Settings) -> list[str]:
    """The questions that were asked about a report, oldest first; none where nothing readable is kept."""
    try:
        found = json.loads(questions_file(report_id, settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def keep_question(report_id: str, question: str, settings: Settings) -> None:
    """Add a question; its answer is made from the report each time. Raises ConfigurationError: it cannot be written."""
    asked = [*questions_about(report_id, settings), mask_secrets(question.strip())[:LONGEST_QUESTION]]
    path = questions_file(report_id, settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asked[-MOST_QUESTIONS:]).encode())
    except OSError as error:
        raise ConfigurationError(
            f"The question is not kept: {path.parent} cannot be written ({error.strerror}).",
            "Set OPENSTACK_RCA_HOME to a folder that you may write.",
        ) from None


def questions_file(report_id: str, settings: Settings) -> Path:
    """Where the questions about a report are kept."""
    return settings.reports_folder / f"{report_id}.questions"
