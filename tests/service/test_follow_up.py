"""Questions about a report: understood by their words, answered by the report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rca"))
from report_samples import confirmed, healthy

from openstack_rca.service.follow_up import Asked, follow_up, is_small_talk

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
        ("compare with yesterday's logs", Asked.COMPARE, "--baseline"),
        ("what is the weather like", Asked.UNKNOWN, "you can ask"),
        ("only host compute99", Asked.UNKNOWN, "you can ask"),
        ("hello", Asked.GREETING, "you can ask"),
    ],
)
def test_a_question_is_understood_and_answered_from_the_report(question: str, asked: Asked, told: str) -> None:
    """Each sort of question, in the words that people use, gets what the report holds of it."""
    reply = follow_up(question, REPORT)
    assert reply.asked is asked
    assert told in "\n".join(reply.lines)


def test_the_checks_are_those_of_the_cause() -> None:
    """What to check comes as commands."""
    assert follow_up("what to check", REPORT).checks == REPORT.causes[0].next_checks


def test_evidence_is_of_the_component_that_was_named() -> None:
    """Each line accuses it, or is its own."""
    items = follow_up("evidence of keystone", REPORT).evidence
    assert items
    assert all("keystone" in (item.accuses, item.service) for item in items)


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


def test_a_report_without_failure_answers_too() -> None:
    """Why and since when have an answer where nothing failed."""
    assert follow_up("why?", healthy()).lines == [healthy().summary]
    assert follow_up("since when", healthy()).lines == ["Nothing failed in these logs."]


@given(st.text(max_size=200))
def test_whatever_is_typed_gets_an_answer(question: str) -> None:
    """No text makes it stumble or say nothing."""
    assert follow_up(question, REPORT).lines
