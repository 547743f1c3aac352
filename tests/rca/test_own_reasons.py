"""An error that no rule knows and that tells a reason counts where its speaker is missed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from finding_samples import finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import believe_own_reasons
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

TOPOLOGY = load_topology()


def reason(component: str, category: Category = Category.CAPACITY, host: str = "ctl", at: float = 0.0) -> Finding:
    """An error of a component's own, that no rule knows, in words that tell a kind of fault."""
    error = finding(
        component, component, host, at=at, weight=0.07, category=category, directness=Directness.SYMPTOM, row=1
    )
    return replace(error, sort=EvidenceSort.NEW_TEMPLATE, unexplained=True)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        (reason("rabbitmq"), finding("rabbitmq", "nova-compute")),
        (reason("ovn-nb-db"), finding("neutron-server", "neutron-server")),
        (reason("host", host="cmp1"), finding("storage", "nova-compute", "cmp1")),
        (reason("rabbitmq"), reason("cinder-api", Category.HANG)),
    ],
    ids=["who is complained of", "who is needed by who complains", "the host of who complains", "who is waited for"],
)
def test_the_reason_of_who_is_missed_is_a_cause(told: Finding, complaint: Finding) -> None:
    """Where others miss who gives a reason, or need it and complain, the reason is its own word on a cause."""
    believed = believe_own_reasons([complaint, told], TOPOLOGY)[1]
    assert (believed.directness, believed.strength >= 0.4) == (Directness.CAUSE, True)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        (reason("rabbitmq"), finding("glance-api", "horizon")),
        (reason("rabbitmq", Category.HANG), finding("rabbitmq", "nova-compute")),
        (replace(reason("rabbitmq"), vague=True), finding("rabbitmq", "nova-compute")),
        (replace(reason("rabbitmq"), novelty=0.3), finding("rabbitmq", "nova-compute")),
        (reason("rabbitmq", at=600), finding("rabbitmq", "nova-compute")),
        (reason("host", host="cmp2"), finding("storage", "nova-compute", "cmp1")),
    ],
    ids=["nobody misses it", "no reason", "vague", "daily", "after the trouble", "another host"],
)
def test_any_other_error_stays_a_symptom(told: Finding, complaint: Finding) -> None:
    """An error that nobody misses its speaker for, that tells no reason or that came too late proves nothing."""
    assert believe_own_reasons([complaint, told], TOPOLOGY)[1] == told


def test_who_says_itself_what_is_wrong_is_missed_for_that() -> None:
    """The scheduler misses a compute that says why it does not start: no reason to believe the broker that both use."""
    complaint = finding("nova-compute", "nova-scheduler")
    own = replace(finding("nova-compute", "nova-compute"), directness=Directness.CAUSE)
    told = reason("rabbitmq")
    assert believe_own_reasons([complaint, told], TOPOLOGY)[1] != told
    assert believe_own_reasons([complaint, told, own], TOPOLOGY)[1] == told


def test_a_request_that_stopped_misses_nobody_by_name() -> None:
    """Every request passes the broker, whatever stopped it."""
    stopped = replace(finding("nova-scheduler", "nova-api"), sort=EvidenceSort.MISSING_STEP)
    assert believe_own_reasons([stopped, reason("rabbitmq")], TOPOLOGY)[1] == reason("rabbitmq")
