"""The words that every rendering shares."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
import report_samples
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.render_common import (
    ACTION_WHEN_HEALTHY,
    ACTION_WHEN_UNSURE,
    chain_rows,
    counts,
    essence,
    headline,
    moment,
    percent,
)
from openstack_rca.rca.report import Hop

HOPS = st.lists(
    st.builds(Hop, source=st.sampled_from("abcdef"), target=st.sampled_from("abcdef"), supported=st.booleans()),
    max_size=20,
)


def test_a_sure_report_says_what_is_wrong_and_what_to_do() -> None:
    """The headline of a confirmed report is its first cause: statement, first evidence, remedy."""
    report = report_samples.confirmed()
    point = headline(report)
    assert point.sure
    assert point.subject == "mariadb on controller"
    assert point.why == report.causes[0].statement
    assert point.proof == report.causes[0].evidence[0]
    assert point.action == report.causes[0].remedy
    assert point.others == 1


def test_an_unsure_report_asks_for_a_check_instead_of_a_remedy() -> None:
    """An inconclusive report gives its summary, and the first check rather than a repair on a guess."""
    report = report_samples.inconclusive()
    point = headline(report)
    assert not point.sure
    assert point.why == report.summary
    assert point.action == "Check: openstack volume service list"


def test_a_report_without_causes_still_says_what_to_do() -> None:
    """Healthy and empty-handed reports have an action of their own."""
    assert headline(report_samples.healthy()).action == ACTION_WHEN_HEALTHY
    empty = report_samples.inconclusive().model_copy(update={"causes": []})
    assert headline(empty).action == ACTION_WHEN_UNSURE


def test_times_are_shown_in_utc() -> None:
    """A time of another zone is converted; one without a zone is UTC already."""
    assert moment(datetime(2026, 3, 9, 12, tzinfo=timezone(timedelta(hours=2)))) == "2026-03-09 10:00:00 UTC"
    assert moment(datetime(2026, 3, 9, 12)) == moment(datetime(2026, 3, 9, 12, tzinfo=UTC))


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (0.554, "55 %"), (0.999, "99 %"), (1, "100 %")])
def test_only_certainty_is_a_hundred_per_cent(share: float, text: str) -> None:
    """A confidence is rounded, but never up to certainty."""
    assert percent(share) == text


def test_counts_stand_against_the_baseline() -> None:
    """With a baseline it is before and now; without one only how often."""
    assert counts(report_samples.evidence(baseline="0", count=412)) == "0 -> 412"
    assert counts(report_samples.evidence(baseline="35/min", count=0)) == "35/min -> 0"
    assert counts(report_samples.evidence(baseline="", count=1)) == "once"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-03-09 14:02:11.375 27186 ERROR nova.api [None req-1 - - - -] [instance: 12-ab] it broke", "it broke"),
        ("2026-03-09 14:02:11.375 27186 ERROR nova.api [-] it broke", "it broke"),
        ("2026-03-09 14:02:09 0 [Note] shutdown", "shutdown"),
        ("no prefix [at all]", "no prefix [at all]"),
    ],
)
def test_the_message_is_found_behind_the_prefix(line: str, message: str) -> None:
    """Where room is short, the parts of a log line that say nothing about the trouble are left out."""
    assert essence(line) == message


def test_a_chain_is_a_tree_from_its_root() -> None:
    """Steps stand below what troubles them; a second way to a component does not repeat its followers."""
    rows = chain_rows(report_samples.confirmed().chain)
    assert [(row.depth, row.component) for row in rows] == [
        (0, "mariadb"),
        (1, "nova-conductor"),
        (2, "nova-api"),
        (2, "nova-compute"),
        (1, "keystone"),
        (2, "nova-api"),
        (0, "rabbitmq"),
        (1, "nova-compute"),
    ]


@given(HOPS)
def test_every_hop_is_shown_once(hops: list[Hop]) -> None:
    """Cycles, loops, doubles and several roots: each hop is one row, below a row of its source."""
    rows = chain_rows(hops)
    assert Counter(row.hop for row in rows if row.hop) == Counter(hops)
    above: dict[int, str] = {}
    for row in rows:
        assert row.hop is None or above[row.depth - 1] == row.hop.source
        above[row.depth] = row.component
