"""The report as JSON, and its published schema."""

import json
import re
from pathlib import Path

import hostile_report
import pytest
import report_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_rca.rca.render.json_report import render_json, report_schema
from openstack_rca.rca.report.report import REPORT_SCHEMA_VERSION, Report

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA_FILE = DOCS / "report.schema.json"


@pytest.mark.parametrize("make", [report_samples.confirmed, report_samples.healthy, report_samples.inconclusive])
def test_json_is_the_whole_report(make: object) -> None:
    """Reading the JSON back gives the same report."""
    report: Report = make()  # type: ignore[operator]
    assert Report.model_validate_json(render_json(report)) == report


def test_scripts_find_what_they_depend_on() -> None:
    """Verdict, ranked causes and the cited lines are where the command line contract says."""
    data = json.loads(render_json(report_samples.confirmed()))
    assert data["schema_version"] == REPORT_SCHEMA_VERSION
    assert data["verdict"] == "CONFIRMED"
    assert [cause["component"] for cause in data["causes"]] == ["mariadb", "rabbitmq"]
    assert {"component", "host", "category", "confidence", "evidence"} <= set(data["causes"][0])
    first = data["causes"][0]["evidence"][0]
    assert (first["file"], first["line"]) == ("controller/mariadb.log", 88)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1))
def test_any_text_survives_and_does_nothing_to_a_terminal(text: str) -> None:
    """JSON changes no character of a log line, and writes none that acts on a terminal."""
    report = hostile_report.hostile(text)
    rendered = render_json(report)
    assert rendered.replace("\n", "").isprintable()
    assert Report.model_validate_json(rendered) == report


def test_the_published_schema_is_the_code() -> None:
    """docs/report.schema.json is what the code says (docs/report.md tells how to write it again)."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json.dumps(report_schema(), indent=2, sort_keys=True) + "\n"


def test_the_schema_describes_what_is_written() -> None:
    """Every field of a written report is in the schema, and required ones are written."""
    schema = report_schema()
    data = json.loads(render_json(report_samples.confirmed()))
    assert set(data) == set(schema["properties"])
    assert set(schema["required"]) <= set(data)
    cause = schema["$defs"]["Cause"]
    assert set(data["causes"][0]) == set(cause["properties"])


def test_every_field_is_documented() -> None:
    """docs/report.md has a line for each part of the report that names all of its fields, and no others' parts."""
    lines = (DOCS / "report.md").read_text(encoding="utf-8").splitlines()
    documented = {line.split("|")[1].strip(): line for line in lines if re.match(r"\| [A-Z]\w+ \| `", line)}
    schema = report_schema()
    parts = {name: part for name, part in schema["$defs"].items() if "properties" in part} | {"Report": schema}
    assert set(documented) == set(parts)
    for name, part in parts.items():
        told = set(re.findall(r"`(\w+)`", documented[name]))
        assert told == set(part["properties"])


def test_numbers_over_time_stand_on_one_line() -> None:
    """The bins of the activity do not make the JSON thousands of lines long, and what looks like them in a text stays."""
    text = "[\n  1,\n  2\n]"
    report = report_samples.confirmed().model_copy(update={"issue": text})
    rendered = render_json(report)
    assert f'"counts": {json.dumps(report.activity[0].counts)}' in rendered
    assert Report.model_validate_json(rendered) == report
