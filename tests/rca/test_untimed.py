"""Logs without times: a paste is analysed in the order of its lines, and the report tells no times."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, build_report, investigate
from openstack_rca.rca.evidence import NormalRates
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.report import Report
from openstack_rca.rca.vocabulary import Verdict

PASTE = (
    "ERROR cinder.volume.manager [-] The widget turned over\n"
    "ERROR cinder.volume.manager [-] Unhandled error: ValueError: empty name\n"
)


def answer(folder: Path, text: str) -> Report:
    log = folder / "ctl" / "cinder-volume.log"
    log.parent.mkdir()
    log.write_text(text, encoding="utf-8")
    events = read_logs([folder]).events
    request = AnalysisRequest("Volumes cannot be created", [str(folder)])
    case = investigate(request, events, None, NormalRates.empty(), load_catalogue(), load_topology())
    return build_report(case)


def test_lines_without_a_time_are_evidence(tmp_path: Path) -> None:
    """Somebody pastes the two lines that matter."""
    report = answer(tmp_path, PASTE)
    assert report.verdict is not Verdict.NO_FAILURE_FOUND
    assert report.causes[0].component == "cinder-volume"
    assert [item.line for item in report.causes[0].evidence][:1]


def test_no_time_is_told_that_no_line_has(tmp_path: Path) -> None:
    """The order of the lines stands in for their times, and is not shown as such."""
    report = answer(tmp_path, PASTE)
    assert report.causes[0].onset is None
    assert report.window.start is None
    assert report.timeline == []
    assert all(item.time is None for cause in report.causes for item in cause.evidence)


def test_the_order_of_lines_is_no_rhythm(tmp_path: Path) -> None:
    """A task that normally comes every ten seconds stopped nowhere that anybody could tell."""
    loop, work = (
        "INFO cinder.volume.manager [-] Stats are refreshed",
        "INFO cinder.volume.manager [-] The widget turned",
    )
    log = tmp_path / "ctl" / "cinder-volume.log"
    log.parent.mkdir()
    log.write_text("".join(f"{line}\n" for line in [*[loop, work] * 10, *[work] * 31_000]), encoding="utf-8")
    events = read_logs([tmp_path]).events
    first = events.select(pl.lit("cinder-volume").alias("component"), "template_id").head(1)
    rates = replace(NormalRates.empty(), periods=first.with_columns(period_seconds=10.0))
    request = AnalysisRequest("Volumes cannot be created", [str(tmp_path)])
    case = investigate(request, events, None, rates, load_catalogue(), load_topology())
    assert case.verdict is Verdict.NO_FAILURE_FOUND
    assert case.stopped == []


def test_proof_is_the_line_that_matched(tmp_path: Path) -> None:
    """What a traceback ends with is cited at its own line, and the event's first line is named beside it."""
    trace = (
        "2024-06-18 08:42:58.702 140 ERROR nova.virt [-] The widget turned over\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3/dist-packages/nova/virt/widget.py", line 15, in turn\n'
        "    raise ValueError(name)\n"
        "ValueError: empty widget name\n"
    )
    first = answer(tmp_path, trace).causes[0].evidence[0]
    assert (first.line, first.lines, first.event_line) == (5, 1, 1)
    assert first.text == "ValueError: empty widget name"


def test_the_line_that_matched_is_quoted_of_a_paste_that_begins_inside_a_traceback(tmp_path: Path) -> None:
    """oslo.log ends a traceback with a blank line, which is no part of the event's text."""
    lead = "2024-06-18 08:42:58.702 140 ERROR oslo_db.sqlalchemy.engines"
    said = "pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query')"
    first = (
        answer(tmp_path, f"{lead}     result.read()\n{lead}     raise err\n{lead} {said}\n{lead} \n")
        .causes[0]
        .evidence[0]
    )
    assert (first.line, first.event_line, first.text) == (3, 1, said)


def test_the_line_that_matched_is_quoted_of_a_record_that_holds_many_lines(tmp_path: Path) -> None:
    said = "pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query')"
    record = {
        "asctime": "2024-06-18 08:42:58.702",
        "levelname": "ERROR",
        "name": "cinder.volume.manager",
        "message": "The widget turned over",
        "traceback": ["Traceback (most recent call last):", "    raise err", said],
    }
    first = answer(tmp_path, f"{json.dumps(record)}\n").causes[0].evidence[0]
    assert (first.line, first.event_line, first.text) == (1, None, said)
