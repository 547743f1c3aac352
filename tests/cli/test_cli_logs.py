"""``logs events``: the table of events for other programs."""

import csv
import io
import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cli_helpers import INCIDENT, LOGS, Program, refused

from openstack_rca.logs.event_table import EVENT_SCHEMA
from trained_environment import environment, program

OSLO = """\
2026-11-23 04:00:00.100 7 INFO nova.compute.manager [None req-6c1d34a0-5f7a-4c3c-9a51-0f5d7a7f7a01 u p] Starting
2026-11-23 04:00:02.000 7 ERROR nova.compute.manager [-] It failed: ValueError: no \x1b]0;title\x07way
2026-11-23 04:00:02.000 7 ERROR nova.compute.manager Traceback (most recent call last):
2026-11-23 04:00:02.000 7 ERROR nova.compute.manager ValueError: no way
2026-11-23 04:00:03.000 7 WARNING nova.compute.manager [-] Slow
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "compute1" / "nova-compute.log"
    path.parent.mkdir()
    path.write_text(OSLO)
    return path


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_event_is_one_json_object_on_a_line(log: Path, rca: Program) -> None:
    """All columns of the events table, times in UTC with microseconds, null for what the line does not say."""
    first, failed, slow = rows_of(rca("logs", "events", log).out)
    assert list(first) == list(EVENT_SCHEMA)
    assert first["time"] == "2026-11-23T04:00:00.100000Z"
    assert (first["host"], first["service"], first["level"], first["process"]) == (
        "compute1",
        "nova-compute",
        "INFO",
        7,
    )
    assert (first["request_id"], first["exception"]) == ("req-6c1d34a0-5f7a-4c3c-9a51-0f5d7a7f7a01", None)
    assert (failed["lines"], failed["exception"]) == (3, "ValueError: no way")
    assert slow["line"] == 5


def test_services_are_told_by_their_canonical_names(tmp_path: Path, rca: Program) -> None:
    """A file called mysql.log is mariadb's, as in every report."""
    path = tmp_path / "db1" / "mysqld.log"
    path.parent.mkdir()
    path.write_text("2026-11-23  4:00:00 7 [Warning] Aborted connection 8\n")
    assert [row["service"] for row in rows_of(rca("logs", "events", tmp_path).out)] == ["mariadb"]
    assert len(rows_of(rca("logs", "events", tmp_path, "--service", "mysql").out)) == 1


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        (["--level", "error"], ["ERROR"]),
        (["--level", "INFO", "--level", "WARNING"], ["INFO", "WARNING"]),
        (["--since", "2026-11-23T04:00:02Z"], ["ERROR", "WARNING"]),
        (["--until", "2026-11-23T04:00:02"], ["INFO", "ERROR"]),
        (["--service", "nova-api"], []),
        (["--host", "Compute1"], ["INFO", "ERROR", "WARNING"]),
        (["--grep", "^Slo?w"], ["WARNING"]),
        (["--grep", "most recent"], ["ERROR"]),
    ],
)
def test_the_table_can_be_narrowed(log: Path, rca: Program, options: list[str], levels: list[str]) -> None:
    """By time, host, service, level and text, where a traceback is part of the text."""
    given = log.parent.parent
    assert [row["level"] for row in rows_of(rca("logs", "events", given, *options).out)] == levels


def test_a_host_and_a_service_that_no_event_is_of_are_named_with_those_that_are_there(log: Path, rca: Program) -> None:
    """An empty table that says nothing looks like a quiet host."""
    result = rca("logs", "events", log.parent.parent, "--host", "compute2", "--service", "nova-api")
    assert (result.status, result.out) == (0, "")
    assert "no event of host compute2; they are of compute1." in result.err
    assert "no event of service nova-api; they are of nova-compute." in result.err


def test_a_faulty_regular_expression_is_refused_before_reading(log: Path, rca: Program) -> None:
    """One line names it."""
    refused(rca("logs", "events", log, "--grep", "("), "'('", "regular expression")


def test_csv_holds_the_same_rows_and_no_terminal_escapes(log: Path, rca: Program) -> None:
    """A header, then a row an event; what a terminal would obey is replaced."""
    text = rca("logs", "events", log, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["level"] for row in rows] == ["INFO", "ERROR", "WARNING"]
    assert "\x1b" not in text and "\x07" not in text


def test_parquet_keeps_the_types(log: Path) -> None:
    """What comes out is the events table itself."""
    done = subprocess.run(
        [*program(), "logs", "events", str(log), "--format", "parquet"],
        env=environment(),
        capture_output=True,
        check=True,
    )
    table = pl.read_parquet(io.BytesIO(done.stdout))
    assert (dict(table.schema), table.height) == (EVENT_SCHEMA, 3)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """``| head -1`` ends the command in silence, exit status 0."""
    with subprocess.Popen(
        [*program(), "logs", "events", LOGS], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b'{"time":')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_nothing_is_lost_over_many_slices(rca: Program) -> None:
    """A large incident gives as many rows as CSV lines, each host and service of it among them."""
    rows = rows_of(rca("logs", "events", LOGS).out)
    folders = {path.parent.name for path in (INCIDENT / "logs").rglob("*.xz")}
    assert set(Counter(row["host"] for row in rows)) == folders


def test_inspect_tells_every_file_in_text_and_in_json(log: Path, rca: Program) -> None:
    """Hosts and services behind the files, and what would help; nothing that a terminal would obey."""
    given = log.parent.parent
    (given / "odd.log").write_text(
        "2026-11-23 04:00:00 thing \x1b]0;title\x07 and some more words of an ordinary line, which go on\n"
    )
    text = rca("logs", "inspect", given).out
    assert "compute1/nova-compute.log: oslo, 100% of 5 lines understood, 3 events" in text
    assert "Services: nova-compute (3), odd (1)" in text and "--log-format" in text and "\x1b" not in text
    facts = rca("logs", "inspect", given, "--format", "json").json()
    assert [file["file"] for file in facts["files"]] == ["compute1/nova-compute.log", "odd.log"]
    assert facts["files"][1]["levels"] == "unknown"
    assert facts["hosts"] == {"compute1": 3}


def test_a_host_a_year_and_a_format_can_be_said(tmp_path: Path, rca: Program) -> None:
    """Where the lines do not; a format that does not exist is refused."""
    (tmp_path / "nova-api.log").write_text("Nov 23 04:00:00 up and ready\n" + OSLO)
    facts = rca("logs", "inspect", tmp_path, "--host", "ctl7", "--format", "json").json()
    assert facts["files"][0]["hosts"] == ["ctl7"]
    refused(rca("logs", "inspect", tmp_path, "--log-format", "banana"), "banana", "oslo")
