"""An error that no rule knows and that tells a reason counts where its speaker is missed."""

from dataclasses import replace

import pytest
from finding_samples import finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import believe_own_reasons, tell_reasons_of_ends, weigh
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


def end(at: float = 0.0) -> Finding:
    """What a manager of services tells of the end of cinder-volume."""
    return finding("cinder-volume", "host", at=at, weight=0.95, directness=Directness.CAUSE)


def test_what_the_ended_found_wrong_with_another_is_told_as_the_reason_of_its_end() -> None:
    """Whoever cannot log in to a store exits; that it exited is not what an operator has to know."""
    refused = finding("redis", "cinder-volume", category=Category.AUTH, at=-2.0, row=1)
    candidates = {one.component: one for one in weigh(tell_reasons_of_ends([end(), refused]))}
    assert candidates["cinder-volume"].leading.title == refused.title
    assert candidates["cinder-volume"].category is Category.AUTH


@pytest.mark.parametrize(
    "complaint",
    [
        finding("redis", "cinder-volume", category=Category.PROCESS_DOWN, row=1),
        finding("redis", "cinder-volume", category=Category.AUTH, at=-300.0, row=1),
        finding("redis", "cinder-backup", category=Category.AUTH, row=1),
    ],
    ids=["it tells an outcome", "it was told long before", "another tells it"],
)
def test_an_end_has_no_reason_from_other_complaints(complaint: Finding) -> None:
    """An outcome, an old complaint, and what others say explain nobody's end."""
    assert tell_reasons_of_ends([end(), complaint]) == [end(), complaint]


def test_an_end_that_gives_no_reason_has_that_of_a_refusal_told_as_often() -> None:
    """One refusal by policy is anybody's mishap; before each critical error of the same service it is why."""
    refused = finding("keystone", "watcher", category=Category.AUTH, weight=0.1, at=-1.0, row=1)
    ended = finding("watcher", "watcher", category=Category.CONFIG, weight=0.6, directness=Directness.CAUSE)
    ended = replace(ended, sort=EvidenceSort.NEW_TEMPLATE, unexplained=True, vague=True)
    candidates = {one.component: one for one in weigh(tell_reasons_of_ends([ended, refused]))}
    assert candidates["watcher"].category is Category.AUTH
    once = replace(refused, count=1)
    assert tell_reasons_of_ends([ended, once]) == [ended, once]
