"""The report as JSON, and the schema of that JSON.

``docs/report.schema.json`` is ``report_schema``, written to a file; a test holds the two equal.
"""

import json
import re
from typing import Any

from openstack_rca.rca.report import REPORT_SCHEMA_VERSION, Report

# A line break cannot stand inside a JSON string, so this meets arrays of numbers only.
_NUMBERS = re.compile(r"\[\n\s+((?:(?:-?[\d.eE+-]+|null),\n\s+)*(?:-?[\d.eE+-]+|null))\n\s+\]")
_ODD = re.compile(r"[^\n -~]+")


def render_json(report: Report) -> str:
    """Return the report as indented JSON, ended by a line break.

    Nothing is left out or changed: reading the text back gives the same report. Characters that act on a
    terminal are written as JSON escapes. Arrays of numbers stand on one line.
    """
    text = _NUMBERS.sub(_on_one_line, report.model_dump_json(indent=2))
    return _ODD.sub(lambda found: "".join(map(_escaped, found[0])), text) + "\n"


def report_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of what :func:`render_json` writes."""
    schema = Report.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Report schema version {REPORT_SCHEMA_VERSION}. Within one major version fields are only added.",
        **schema,
    }


def _on_one_line(found: re.Match[str]) -> str:
    return f"[{' '.join(found[1].split())}]"


def _escaped(character: str) -> str:
    # Outside strings JSON is plain ASCII and line breaks, so whatever cannot be printed stands inside a string.
    return character if character == "\n" or character.isprintable() else json.dumps(character)[1:-1]
