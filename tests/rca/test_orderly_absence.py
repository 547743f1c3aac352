"""A host that was told to reboot and is back, and a member whose place others took, are no failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from finding_samples import events, finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import discount_orderly_absence
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.rca.vocabulary import Directness

CATALOGUE = load_catalogue()
CMP, DB = (("host", "cmp1"), ("nova-compute", "cmp1")), (("mariadb", "db3"), ("haproxy", "lb1"))
LEFT = "Server galera/db3 is DOWN, reason: Layer4 connection problem. 2 active and 0 backup servers left."
ALONE = "Server galera/db3 is DOWN, reason: Layer4 connection problem. 0 active and 0 backup servers left."


def stop(component: str, host: str, signature: str) -> Finding:
    """What a component, or a host, tells of its own stop."""
    return finding(
        component, component, host, lasts=0.0, weight=0.9, directness=Directness.CAUSE, signature=signature, row=1
    )


REBOOT = [stop("host", "cmp1", "host-shut-down"), stop("nova-compute", "cmp1", "service-stopped-by-signal")]
SHUTDOWN = stop("mariadb", "db3", "database-shutdown")
DOWN = replace(finding("mariadb", "haproxy", "lb1", weight=0.85, count=1), accused_host="db3")


def left(findings: list[Finding], window: pl.DataFrame) -> float:
    """The strongest of what is left."""
    return max(one.strength for one in discount_orderly_absence(findings, CATALOGUE, window))


def test_a_host_that_was_told_to_reboot_and_is_back_is_no_failure() -> None:
    """Where the host and what stopped on it write again, and nobody missed them, nothing speaks against anybody."""
    assert left(REBOOT, events(*CMP)) == 0.0


@pytest.mark.parametrize(
    ("findings", "window"),
    [
        (REBOOT, events(*CMP, until={"nova-compute": 0})),
        ([*REBOOT, finding("nova-compute", "nova-scheduler", "ctl")], events(*CMP)),
        (REBOOT[1:], events(*CMP)),
    ],
    ids=["a service is not back", "a service is missed", "the host says nothing of it"],
)
def test_a_reboot_that_leaves_something_behind_counts(findings: list[Finding], window: pl.DataFrame) -> None:
    """A service that stays away, or that somebody missed, or that was stopped alone, was a failure."""
    assert left(findings, window) > 0.5


def test_a_member_whose_place_others_took_is_no_failure() -> None:
    """A database that shut down in good order and is back, while its proxy had others left, was maintained."""
    assert left([SHUTDOWN, DOWN], events(*DB, texts={0: LEFT})) == 0.0


@pytest.mark.parametrize(
    ("further", "text"),
    [([], ALONE), ([finding("mariadb", "nova-api", "ctl", weight=0.8)], LEFT)],
    ids=["nobody was left", "a client misses it"],
)
def test_a_member_that_is_missed_counts(further: list[Finding], text: str) -> None:
    """Where nobody was left, or a client complains too, the stop is a failure."""
    assert left([SHUTDOWN, DOWN, *further], events(*DB, texts={0: text})) > 0.5


@pytest.mark.parametrize(
    "other",
    [
        replace(DOWN, accused_host="db1"),
        replace(DOWN, first=DOWN.first - timedelta(hours=1)),
        replace(DOWN, rows=(9999,)),
    ],
    ids=["of another member", "from long before", "without its line"],
)
def test_a_complaint_that_is_not_shown_to_be_of_this_absence_counts(other: Finding) -> None:
    """An orderly stop excuses no complaint of another member, of another time, or of which nothing tells who was left."""
    assert left([SHUTDOWN, DOWN, other], events(*DB, texts={0: LEFT})) > 0.5


def test_a_complaint_of_another_host_does_not_show_that_this_one_is_missed() -> None:
    """A host that rebooted and is back was not missed because a service elsewhere is."""
    elsewhere = replace(finding("nova-compute", "nova-scheduler", "ctl", weight=0.8), accused_host="cmp9")
    kept = discount_orderly_absence([*REBOOT, elsewhere], CATALOGUE, events(*CMP))
    assert [one.accused_host for one in kept if one.strength > 0] == ["cmp9"]


def without(window: pl.DataFrame, component: str, seconds: float) -> pl.DataFrame:
    """The window in which a component writes nothing for some seconds from its stop on."""
    since = SHUTDOWN.first
    away = pl.col("time").is_between(since, since + timedelta(seconds=seconds))
    return window.filter((pl.col("component") != component) | ~away)


@pytest.mark.parametrize(("lasts", "strength"), [(1.0, 0.0), (60.0, 0.9)], ids=["once", "until it was back"])
def test_clients_that_went_on_at_once_found_others_in_its_place(lasts: float, strength: float) -> None:
    """A broker of several stops in good order: its clients lose it once and work on, or miss it until it is back."""
    broker = stop("rabbitmq", "mq2", "rabbitmq-shutdown")
    lost = finding("rabbitmq", "nova-compute", "cmp1", weight=0.1, lasts=lasts)
    window = without(events(("rabbitmq", "mq2"), ("nova-compute", "cmp1")), "rabbitmq", 80.0)
    assert left([broker, lost], window) == strength
