"""A host that was told to reboot and is back is no failure."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from finding_samples import events, finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import discount_orderly_absence, discount_passing
from openstack_rca.rca.knowledge import load_catalogue, load_topology
from openstack_rca.rca.vocabulary import Category, Directness

CATALOGUE = load_catalogue()
CMP = ("host", "cmp1"), ("nova-compute", "cmp1")


def stop(component: str, host: str, signature: str) -> Finding:
    """What a component, or a host, tells of its own stop."""
    return finding(
        component, component, host, lasts=0.0, weight=0.9, directness=Directness.CAUSE, signature=signature, row=1
    )


REBOOT = [stop("host", "cmp1", "host-shut-down"), stop("nova-compute", "cmp1", "service-stopped-by-signal")]


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


def test_what_the_host_stops_as_it_shuts_down_is_part_of_the_reboot() -> None:
    """systemd tells of units, some of which write no log that is here; what it tells of them after the boot counts."""
    told = finding("libvirt", "host", "cmp1", lasts=0.0, weight=0.9, directness=Directness.CAUSE)
    assert left([*REBOOT, replace(told, accused_host="cmp1")], events(*CMP)) == 0.0
    later = finding("libvirt", "host", "cmp1", at=120, weight=0.9, directness=Directness.CAUSE)
    assert left([*REBOOT, replace(later, accused_host="cmp1")], events(*CMP)) == later.strength


def test_an_operator_who_disables_the_service_before_does_not_miss_it() -> None:
    """Taking a host out of service comes before its reboot, and putting it back after it."""
    order = finding("nova-compute", "nova-api", "ctl", lasts=240, signature="nova-compute-service-changed")
    assert left([*REBOOT, order], events(*CMP)) == 0.0


def test_a_complaint_of_another_host_does_not_show_that_this_one_is_missed() -> None:
    """A host that rebooted and is back was not missed because a service elsewhere is."""
    elsewhere = replace(finding("nova-compute", "nova-scheduler", "ctl", weight=0.8), accused_host="cmp9")
    kept = discount_orderly_absence([*REBOOT, elsewhere], CATALOGUE, events(*CMP))
    assert [one.accused_host for one in kept if one.strength > 0] == ["cmp9"]


def test_what_ends_badly_after_the_reboot_counts_though_nothing_told_that_it_stopped() -> None:
    """systemd tells that a service does not come up again; the host that is back excuses nothing of that."""
    failed = finding("nova-compute", "host", "cmp1", weight=0.9, directness=Directness.CAUSE)
    failed = replace(failed, accused_host="cmp1", category=Category.PROCESS_DOWN)
    assert left([REBOOT[0], failed], events(*CMP)) == failed.strength


def test_agents_that_are_heard_again_do_not_miss_their_host() -> None:
    """neutron-server counts the agents of a host that reboots as dead, and hears them again once it is back."""
    dead = finding("neutron-openvswitch-agent", "neutron-server", "ctl1", weight=0.8, signature="neutron-agents-dead")
    dead = replace(dead, accused_host="cmp1")
    window = events(*CMP)
    assert left([*REBOOT, dead], window) > 0.5
    assert left([*REBOOT, replace(dead, recovered=dead.last + timedelta(minutes=11))], window) == 0.0


@pytest.mark.parametrize(
    ("seconds", "further", "failing", "strength"),
    [
        (5.0, [], "cinder-volume", 0.0),
        (300.0, [], "cinder-volume", 0.8),
        (300.0, [], "node_exporter", 0.0),
        (5.0, [finding("ceph-osd", "cinder-volume", weight=0.8)], "cinder-volume", 0.8),
    ],
    ids=["within seconds", "after minutes", "after minutes in which nothing of the cloud failed", "another complains"],
)
def test_a_fault_that_is_over_counts_where_something_failed_meanwhile_or_another_complains(
    seconds: float, further: list[Finding], failing: str, strength: float
) -> None:
    """Ceph says that placement groups serve nothing, and that they do again."""
    told = finding("ceph-osd", "ceph-mon", weight=0.8, lasts=0.0, directness=Directness.CAUSE)
    told = replace(told, recovered=told.first + timedelta(seconds=seconds))
    window = pl.DataFrame({"failed": [True], "component": [failing]})
    assert max(one.strength for one in discount_passing([told, *further], window, load_topology())) == strength


@pytest.mark.parametrize(
    ("seconds", "category", "refused", "counts"),
    [
        pytest.param(60.0, Category.MESSAGING, 70.0, False, id="another member, back after a minute"),
        pytest.param(60.0, Category.MESSAGING, 300.0, True, id="clients complain long afterwards"),
        pytest.param(300.0, Category.MESSAGING, 70.0, True, id="away for minutes"),
        pytest.param(60.0, Category.PROCESS_DOWN, 70.0, True, id="it was away itself"),
    ],
)
def test_what_a_member_tells_of_another_is_over_with_its_return_for_its_clients_too(
    seconds: float, category: Category, refused: float, counts: bool
) -> None:
    told = finding("rabbitmq", "rabbitmq", weight=0.9, lasts=0.0, category=category, directness=Directness.CAUSE)
    told = replace(told, recovered=told.first + timedelta(seconds=seconds))
    client = finding("rabbitmq", "neutron-server", at=2.0, lasts=refused - 2.0, weight=0.5)
    window = pl.DataFrame({"failed": [True], "component": ["neutron-server"]})
    weights = [one.weight for one in discount_passing([told, client], window, load_topology())]
    assert any(weights) is counts
