"""``story``: what happened to one request, in words and as facts."""

import json
from pathlib import Path

import pytest
from cli_helpers import Program, refused

REQUEST = "req-6c1d34a0-5f7a-4c3c-9a51-0f5d7a7f7a01"
LINE = f"2026-11-23 04:00:00.100 7 INFO nova.compute.manager [None {REQUEST} u p] Starting\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "compute1" / "nova-compute.log"
    path.parent.mkdir()
    path.write_text(LINE)
    return path


def test_the_lines_of_a_request_are_shown(log: Path, rca: Program) -> None:
    """Kind, id and each line with its place."""
    shown = rca("story", REQUEST, "--logs", log, "--model", "none").out
    assert f"request {REQUEST}: 1 line from 2026-11-23 (UTC), cut off by the end of the logs\n" in shown
    assert "nova-compute@compute1  INFO  Starting" in shown


def test_the_story_as_facts(log: Path, rca: Program) -> None:
    """One object with the stories, each with its steps."""
    (story,) = json.loads(rca("story", REQUEST, "--logs", log, "--model", "none", "--format", "json").out)["stories"]
    assert (story["kind"], story["steps"][0]["line"], story["steps"][0]["expected"]) == ("request", 1, [])


def test_an_unknown_id_is_one_clear_line(log: Path, rca: Program) -> None:
    """Exit status 1, and what to give instead."""
    assert "hold no story of 00000000-1111" in refused(rca("story", "00000000-1111", "--logs", log, "--model", "none"))
