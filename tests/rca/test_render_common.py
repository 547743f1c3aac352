"""The words that every rendering shares."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest
import report_samples
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.rca.render.wording import (
    ACTION_WHEN_HEALTHY,
    ACTION_WHEN_UNSURE,
    alone,
    chain_lines,
    chain_rows,
    confidence_sides,
    confidence_text,
    counts,
    headline,
    lacks,
    moment,
    names,
    percent,
    place,
    reason,
    simultaneous,
    span,
)
from openstack_rca.rca.report.report import Hop

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
    ("host", "text"),
    [
        (None, "nova-compute"),
        ("compute1", "nova-compute on compute1"),
        ("compute1,compute2,compute3", "nova-compute on compute1, compute2, compute3"),
        ("c1,c2,c3,c4,c5,c6", "nova-compute on c1, c2, c3 and 3 more hosts"),
    ],
)
def test_hosts_are_words_that_a_line_can_break_between(host: str | None, text: str) -> None:
    """Several hosts are separated by blanks, many are counted."""
    assert place("nova-compute", host) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abcd"), "a, b, c and d"),
        (list("abcde"), "a, b, c and 2 more"),
    ],
)
def test_long_lists_are_counted(values: list[str], text: str) -> None:
    """A sentence holds three names and how many more there are; it never counts a single one."""
    assert names(values) == text


def test_the_headline_says_what_else_went_wrong() -> None:
    """Simultaneous causes and further stretches of trouble are told with the point; a single fault adds nothing."""
    report = report_samples.confirmed()
    point = headline(report)
    assert point.reach == "It accounts for the trouble of nova-conductor, nova-api, keystone and 2 more."
    assert "rabbitmq on controller failed on its own account (58 %)." in point.also
    assert "Trouble again from 14:42:11 to 14:45:16 UTC: glance-api on controller (LIKELY)." in point.also
    assert headline(report_samples.inconclusive()).also == ""


def test_own_account_needs_another_fault() -> None:
    """One fault alone is never called simultaneous."""
    report = report_samples.confirmed()
    assert [cause.component for cause in simultaneous(report)] == ["mariadb", "rabbitmq"]
    assert simultaneous(report.model_copy(update={"causes": report.causes[:1]})) == []


def test_what_is_missing_is_counted() -> None:
    """The first gap is named, with how many more there are."""
    assert lacks(report_samples.inconclusive()) == "no log of any cinder service (and 1 more, below)"
    assert lacks(report_samples.healthy()) == ""


def test_a_confidence_is_told_in_words_without_its_zeros() -> None:
    """What adds nothing is left out, the rest is strong, fair or weak, for or against."""
    sides = confidence_sides(report_samples.database_cause())
    told = {side: [confidence_text(part) for part in parts] for side, parts in sides}
    assert told == {
        "Speaks for it": [
            "direct evidence (fair; mariadbd logged its own shutdown)",
            "independent accusers (weak; 6 services)",
            "onset first (weak)",
        ],
        "Speaks against it": ["unsupported hops (weak; 1 of 5)"],
    }


def test_a_reason_is_given_once() -> None:
    """Evidence against the cause itself says only why; what was said before is not said again."""
    cause = report_samples.database_cause()
    told: set[str] = set()
    assert reason(report_samples.evidence(), cause, told) == report_samples.evidence().why
    assert reason(report_samples.evidence(3), cause, told) == ""
    other = report_samples.evidence(accuses="keystone", accused_host=None)
    assert reason(other, cause, told).startswith("accuses keystone: ")


def test_an_episode_can_be_looked_at_alone() -> None:
    """The options hold the whole stretch, in full seconds around it."""
    episode = report_samples.later_episode()
    assert alone(episode) == "--since 2026-03-09T14:42:11Z --until 2026-03-09T14:45:17Z"
    assert span(episode) == "2026-03-09 14:42:11 to 14:45:16 UTC"


def test_steps_that_say_the_same_stand_together() -> None:
    """Components that one troubles in the same words, and that trouble nobody, share a line."""
    hops = [
        Hop(source="rabbitmq", target="cinder-api", supported=True, note="blocked"),
        Hop(source="rabbitmq", target="nova-api", supported=True, note="blocked"),
        Hop(source="nova-api", target="heat-api", supported=False),
        Hop(source="rabbitmq", target="glance-api", supported=True, note="blocked"),
        Hop(source="rabbitmq", target="keystone", supported=False),
    ]
    lines = chain_lines(chain_rows(hops))
    assert [(line.depth, line.components) for line in lines] == [
        (0, ("rabbitmq",)),
        (1, ("cinder-api", "glance-api")),
        (1, ("nova-api",)),
        (2, ("heat-api",)),
        (1, ("keystone",)),
    ]


@given(HOPS)
def test_every_hop_is_on_one_line(hops: list[Hop]) -> None:
    """Joining rows loses and repeats nothing."""
    lines = chain_lines(chain_rows(hops))
    told = [
        Hop(source=line.hop.source, target=component, supported=line.hop.supported)
        for line in lines
        if line.hop
        for component in line.components
    ]
    assert Counter(told) == Counter(hops)


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
