"""Questions about a report: understood by their words, answered by the report."""

import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rca"))
from report_samples import confirmed, healthy

from openstack_rca.rca.report import Report
from openstack_rca.rca.report.report import Window
from openstack_rca.service.asked import Asked, is_small_talk
from openstack_rca.service.earlier import Earlier
from openstack_rca.service.follow_up import follow_up, what_can_be_asked

REPORT = confirmed()


@pytest.mark.parametrize(
    ("question", "asked", "told"),
    [
        ("why mariadb?", Asked.WHY, "is the first cause"),
        ("Why?", Asked.WHY, "mariadb on controller is the first cause"),
        ("how do you know", Asked.WHY, "Speaks for it"),
        ("why not rabbit", Asked.WHY_NOT, "not the first"),
        ("could it be nova-api?", Asked.WHY_NOT, "ruled out: fails only because nova-conductor"),
        ("is it the network?", Asked.WHY_NOT, "speaks against network"),
        ("why not neutron server", Asked.WHY_NOT, "accounts for that"),
        ("show me the evidence of keystone", Asked.EVIDENCE, "about keystone"),
        ("what happened at 14:02:09?", Asked.AT, "14:02:"),
        ("what happened at 03:00", Asked.AT, "nothing within a minute of 03:00:00"),
        ("14:03", Asked.AT, "UTC"),
        ("since when?", Asked.SINCE, "since 2026-03-09 14:02:09 UTC"),
        ("When did the trouble start", Asked.SINCE, "since 2026-03-09"),
        ("which requests failed?", Asked.REQUESTS, "req-"),
        ("what should I check", Asked.CHECKS, "Start the database server"),
        ("how do I fix it?", Asked.CHECKS, "Start the database server"),
        ("only host compute2", Asked.HOST, "57 publishers blocked"),
        ("compare with yesterday's logs", Asked.COMPARE, "nothing to compare with"),
        ("what changed since last week?", Asked.COMPARE, "hold nothing of 2026-03-02"),
        ("what is the weather like", Asked.UNKNOWN, "you can ask"),
        ("only host compute99", Asked.HOST, "tells of no host compute99"),
        ("what to check on lb01?", Asked.CHECKS, "tells of no host lb01"),
        ("what to check on compute1?", Asked.CHECKS, "No cause lies on compute1"),
        ("hello", Asked.GREETING, "you can ask"),
    ],
)
def test_a_question_is_understood_and_answered_from_the_report(question: str, asked: Asked, told: str) -> None:
    """Each sort of question, in the words that people use, gets what the report holds of it."""
    reply = follow_up(question, REPORT)
    assert reply.asked is asked
    assert told in "\n".join(reply.lines)


def test_the_checks_on_a_host_are_those_of_the_cause_that_lies_there() -> None:
    """Another cause than the first, where that lies elsewhere."""
    first, second, *_ = REPORT.causes
    moved = second.model_copy(update={"host": "compute1,compute2", "next_checks": ["systemctl status x"]})
    report = REPORT.model_copy(update={"causes": [first, moved]})
    assert follow_up("what to check on compute2?", report).checks == ["systemctl status x"]


def test_no_host_is_made_up_for_an_example() -> None:
    """Logs without hosts name none that could be asked for."""
    bare = REPORT.causes[0].model_copy(update={"host": None, "evidence": []})
    assert "only host" not in what_can_be_asked(REPORT.model_copy(update={"causes": [bare], "timeline": []}))[0]


def test_the_checks_are_those_of_the_cause() -> None:
    """What to check comes as commands."""
    assert follow_up("what to check", REPORT).checks == REPORT.causes[0].next_checks


def test_evidence_is_of_the_component_that_was_named() -> None:
    """Each line accuses it, or is its own."""
    items = follow_up("evidence of keystone", REPORT).evidence
    assert items
    assert all("keystone" in (item.accuses, item.service) for item in items)


def test_the_examples_name_only_what_the_report_holds() -> None:
    """Where nothing but the first cause is accused, nobody is invited to ask about another."""
    alone = REPORT.model_copy(update={"causes": REPORT.causes[:1], "ruled_out": [], "evidence": [], "remarks": []})
    (said,) = what_can_be_asked(alone)
    assert "show the evidence of mariadb" in said
    assert not any(name in said for name in ("why not", "rabbitmq"))


@pytest.mark.parametrize("text", ["hello", " Hi there! ", "thanks", "good morning", "what can I ask?", "", "OK"])
def test_small_talk_asks_nothing_of_the_logs(text: str) -> None:
    """Greetings and thanks are no symptom."""
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text", ["hello world service is down", "Instances stay in BUILD", "help, nothing works", "ok but 500"]
)
def test_a_symptom_is_no_small_talk(text: str) -> None:
    """What says that something is wrong is a question, however it begins."""
    assert not is_small_talk(text)


@pytest.mark.parametrize("question", ["since when?", "what happened at 14:02:09?", "which requests failed?"])
def test_behind_a_time_in_utc_stands_that_of_the_reader(question: str) -> None:
    """Whoever shows the reply says how it is written there."""
    told = "\n".join(
        follow_up(question, REPORT, beside=lambda when: f" ({when + timedelta(hours=1):%H:%M} Europe/Paris)").lines
    )
    assert "UTC (15:02 Europe/Paris)" in told


def two_days(report: Report) -> pl.DataFrame:
    """Ten lines each of two days in the report's window: the first day all is well, on the second each is an error."""
    assert report.window.start is not None
    return pl.DataFrame(
        [
            {
                "time": report.window.start - timedelta(days=days) + timedelta(seconds=number),
                "service": "nova-conductor",
                "level": "INFO" if days else "ERROR",
                "template_id": days,
                "template": "Lost the database" if not days else "Took <n> tasks",
            }
            for days in (0, 1)
            for number in range(10)
        ]
    )


def test_yesterday_is_looked_for_in_the_same_logs_first() -> None:
    """The same stretch a day before: what was compared, how many events and errors, what there is only now or then."""
    told = follow_up("compare with yesterday's logs", REPORT, Earlier(events=lambda: two_days(REPORT))).lines
    assert told[0].startswith("Compared: 2026-03-09 ")
    assert " with 2026-03-08 " in told[0]
    assert told[1] == "Events: 10 then, 10 now. Errors: 0 then, 10 now."
    assert "nova-conductor: 0 errors then, 10 now." in told
    assert "Only now: nova-conductor ERROR, 10 times: Lost the database" in told
    assert "Only then: nova-conductor INFO, 10 times: Took <n> tasks" in told


def test_logs_that_do_not_reach_back_are_compared_by_the_kept_report_next_to_that_time() -> None:
    """Which one is said by its id, then both verdicts, and what speaks against whom only now."""
    start = REPORT.window.start
    assert start is not None
    days = [
        healthy().model_copy(
            update={
                "id": f"{ago:012d}",
                "created": REPORT.created - timedelta(days=ago),
                "window": Window(start=start - timedelta(days=ago), end=start - timedelta(days=ago)),
            }
        )
        for ago in (1, 7)
    ]
    past = Earlier(events=lambda: two_days(REPORT).head(10), reports=lambda: [REPORT, *days])
    told = follow_up("compare with yesterday", REPORT, past).lines
    assert told[0].startswith("Compared: this report with report 000000000001 about the same logs at 2026-03-08 ")
    assert told[1] == "Then: NO FAILURE FOUND"
    assert told[2].startswith("Now: CONFIRMED, mariadb on controller")
    assert any(line.startswith("Only now: mariadb: ") for line in told)
    assert "report 000000000007" in follow_up("is it different from last week?", REPORT, past).lines[0]


def test_a_report_without_failure_answers_too() -> None:
    """Why and since when have an answer where nothing failed."""
    assert follow_up("why?", healthy()).lines == [healthy().summary]
    assert follow_up("since when", healthy()).lines == ["Nothing failed in these logs."]


@given(st.text(max_size=200))
def test_whatever_is_typed_gets_an_answer(question: str) -> None:
    """No text makes it stumble or say nothing."""
    assert follow_up(question, REPORT).lines
