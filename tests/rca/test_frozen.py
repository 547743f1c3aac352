"""Killed or frozen: what tells the two apart where a log ends silent."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from finding_samples import START, events, finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import (
    blame_client_that_stood_still,
    blame_server_of_stuck_agents,
    tell_frozen_from_killed,
)
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category, EvidenceSort

SILENCE = finding("cinder-volume", "cinder-volume", sort=EvidenceSort.SILENCE)
STREAMS = (("cinder-volume", "ctl"), ("rabbitmq", "ctl"), ("nova-api", "ctl"))
ENDS = {"cinder-volume": 0.0}


def logged(*streams: tuple[str, str], ends: dict[str, float], level: str = "INFO") -> pl.DataFrame:
    return events(*streams, until=ends).with_columns(level=pl.lit(level))


def called(window: pl.DataFrame, *others: Finding, silence: Finding = SILENCE) -> Category:
    return tell_frozen_from_killed([silence, *others], window, load_topology())[0].category


def test_a_process_whose_end_nobody_tells_though_its_broker_would_is_still_there() -> None:
    assert called(logged(*STREAMS, ends=ENDS)) is Category.HANG


@pytest.mark.parametrize(
    "others",
    [
        (finding("cinder-volume", "rabbitmq"),),
        (finding("cinder-volume", "nova-api"),),
    ],
    ids=["its broker lost it", "its callers are refused"],
)
def test_who_is_told_to_be_gone_was_killed(others: tuple[Finding, ...]) -> None:
    assert called(logged(*STREAMS, ends=ENDS), *others) is Category.PROCESS_DOWN


@pytest.mark.parametrize(
    "window",
    [
        logged(*STREAMS, ends={}),
        logged(*STREAMS, ends={"cinder-volume": 0.0, "rabbitmq": 0.0, "nova-api": 0.0}),
        logged(STREAMS[0], STREAMS[2], ends=ENDS),
        logged(*STREAMS, ends=ENDS, level="WARNING"),
    ],
    ids=["it was started anew", "its host is away", "no broker's log", "the broker tells of warnings alone"],
)
def test_where_an_end_might_go_untold_the_silence_is_one(window: pl.DataFrame) -> None:
    assert called(window) is Category.PROCESS_DOWN


def test_an_api_that_leaves_requests_open_and_refuses_none_is_still_there() -> None:
    silence = finding("placement-api", "placement-api", sort=EvidenceSort.SILENCE)
    window = logged(("placement-api", "ctl"), ("nova-api", "ctl"), ends={"placement-api": 0.0})
    assert called(window, silence=silence) is Category.PROCESS_DOWN
    stops = finding("placement-api", "nova-api", sort=EvidenceSort.MISSING_STEP)
    assert called(window, stops, silence=silence) is Category.HANG


def test_a_proxy_has_no_broker_that_would_miss_it() -> None:
    silence = finding("haproxy", "haproxy", sort=EvidenceSort.SILENCE)
    window = logged(("haproxy", "ctl"), *STREAMS[1:], ends={"haproxy": 0.0})
    assert called(window, silence=silence) is Category.PROCESS_DOWN


AGENT, HOSTS = "neutron-macvtap-agent", ("cmp1", "cmp2")


def stuck(agent: str, *begins: float) -> list[str]:
    """Who is accused where a task of an agent stops on the first host, the second, at these seconds."""
    window = events(*((agent, host) for host in HOSTS), until={})
    tasks = [
        finding(agent, agent, host, sort=EvidenceSort.MISSING_STEP, at=begin)
        for begin, host in zip(begins, HOSTS, strict=False)
    ]
    return [one.accused for one in blame_server_of_stuck_agents(tasks, window, load_topology())]


def test_agents_that_stand_still_on_all_hosts_at_once_wait_for_their_server() -> None:
    assert stuck(AGENT, 0.0, 2.0) == ["neutron-server"] * 2


@pytest.mark.parametrize(
    ("agent", "begins"),
    [(AGENT, (0.0,)), (AGENT, (0.0, 60.0)), ("cinder-volume", (0.0, 2.0))],
    ids=["one goes on", "one after the other", "they call no server"],
)
def test_agents_that_do_not_wait_together_are_stuck_themselves(agent: str, begins: tuple[float, ...]) -> None:
    assert set(stuck(agent, *begins)) == {agent}


GIVEN_UP = {0: "A recoverable connection/channel error occurred, trying to reconnect: Too many heartbeats missed"}
NEIGHBOURS = (("nova-conductor", "ctl"), ("nova-scheduler", "ctl"), ("cinder-scheduler", "ctl"))
LOST = finding("rabbitmq", "nova-conductor", category=Category.MESSAGING, weight=0.4)
STUCK = finding("nova-compute", "nova-compute", "cmp1", sort=EvidenceSort.SILENCE)


def lost_the_broker(
    *findings: Finding, streams: tuple[tuple[str, str], ...] = NEIGHBOURS, texts: dict[int, str] = GIVEN_UP
) -> str:
    """Who is accused by the first of them."""
    return blame_client_that_stood_still(findings, events(*streams, texts=texts), load_topology())[0].accused


def test_the_only_client_that_the_broker_gave_up_stood_still_itself() -> None:
    """Others of its host kept their connections, and a component that needs it is in trouble."""
    moved = blame_client_that_stood_still([LOST, STUCK], events(*NEIGHBOURS, texts=GIVEN_UP), load_topology())[0]
    assert (moved.accused, moved.accused_host, moved.category) == ("nova-conductor", "ctl", Category.HANG)
    # Since its last line before: what it made others wait for began no earlier.
    assert moved.first == START - timedelta(seconds=5)


def test_where_blame_moves_to_a_client_what_to_do_is_about_that_client() -> None:
    """Not about the broker, of which the rule speaks that knows the line."""
    lost = replace(LOST, remedy="See why the broker stopped.", checks=("rabbitmq-diagnostics status",))
    moved = blame_client_that_stood_still([lost, STUCK], events(*NEIGHBOURS, texts=GIVEN_UP), load_topology())[0]
    assert "nova-conductor" in moved.remedy and "broker" not in moved.remedy
    assert moved.checks[0] == "systemctl status <unit>" and "rabbitmq-diagnostics status" not in moved.checks


def test_a_broker_that_several_clients_lose_is_blamed_itself() -> None:
    assert lost_the_broker(LOST, finding("rabbitmq", "cinder-scheduler"), STUCK) == "rabbitmq"


def test_a_lost_connection_of_which_nobody_suffers_proves_no_standstill() -> None:
    """Web servers let their heartbeats sleep between two requests, and connect anew."""
    assert lost_the_broker(LOST) == "rabbitmq"


def test_a_client_whose_neighbours_show_nothing_may_be_cut_off_with_its_host() -> None:
    assert lost_the_broker(LOST, STUCK, streams=NEIGHBOURS[:1]) == "rabbitmq"


def test_a_connection_that_is_refused_says_nothing_of_a_standstill() -> None:
    assert lost_the_broker(LOST, STUCK, texts={0: "Connection refused"}) == "rabbitmq"
