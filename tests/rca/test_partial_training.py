"""A model that was trained on some services only: what it never saw is unknown, not new."""

import polars as pl
import pytest
from cloud import Answer, Cloud
from sites import SMALL
from troubles import broker_errors

from openstack_rca.model.baseline import Baseline
from openstack_rca.rca.engine import AnalysisRequest, build_report, investigate
from openstack_rca.rca.evidence.expected_steps import ExpectedSteps
from openstack_rca.rca.evidence.normal_rates import NormalRates
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Verdict

HEALTHY_SECONDS = 420.0


def noise(cloud: Cloud) -> Cloud:
    """Errors that belong to this cloud's ordinary work."""
    for host in cloud.site.computes:
        for at in cloud.every(12, 0.0, cloud.seconds):
            port = cloud.uuid()
            message = f"Device {port} vanished while it was being unplugged: KeyError"
            cloud.say(at, cloud.site.l2_agent, "ERROR", "neutron.agent.linux.utils", message, host=host)
            cloud.say(at, cloud.site.l2_agent, "ERROR", "neutron.agent.rpc", f"Port {port} has gone", host=host)
    return cloud


def rates_of(*services: str) -> NormalRates:
    events = noise(Cloud(SMALL, HEALTHY_SECONDS, seed=101)).events()
    seen = events.filter(pl.col("service").is_in(services)) if services else events
    return NormalRates.from_baseline(Baseline.learn(seen), load_topology().canonical)


def answer(cloud: Cloud, rates: NormalRates, *, foreign: bool = False) -> Answer:
    events, request = cloud.events(), AnalysisRequest("Is anything wrong?", ["logs"])
    steps = ExpectedSteps(foreign=foreign)
    found = investigate(request, events, None, rates, load_catalogue(), load_topology(), expected=steps)
    return Answer(found, build_report(found))


@pytest.mark.parametrize("service", ["keystone", "nova-api", "cinder-volume", "rabbitmq"])
def test_services_that_training_never_saw_do_not_alarm(service: str) -> None:
    found = answer(noise(Cloud(SMALL, seed=3)), rates_of(service))
    assert found.report.verdict is Verdict.NO_FAILURE_FOUND, found.told()


def test_what_training_never_saw_is_not_counted_against_nothing() -> None:
    cloud = noise(Cloud(SMALL, seed=3))
    broker_errors(cloud, "[Errno 111] ECONNREFUSED")
    found = answer(cloud, rates_of("nova-api", "neutron-server"))
    assert found.first == "rabbitmq", found.told()
    evidence = [item for cause in found.report.causes for item in cause.evidence]
    assert {bool(item.baseline) for item in evidence if "nova-api" in item.file} == {True}, evidence
    assert {bool(item.baseline) for item in evidence if "nova-compute" in item.file} <= {False}, evidence


def test_the_report_names_what_training_never_saw() -> None:
    told = answer(Cloud(SMALL, seed=3), rates_of("nova-api", "keystone", "keystone-uwsgi")).report.missing
    assert any("nova-compute" in note and "normal logs" in note for note in told), told
    assert not any("nova-api" in note for note in told), told


def test_the_report_says_that_the_model_is_another_clouds() -> None:
    """By its hosts; which of that cloud's services are missing here is then no news."""
    own, other = (
        answer(Cloud(SMALL, seed=3), rates_of("nova-api", "barbican-api"), foreign=way) for way in (False, True)
    )
    assert any("learned from other hosts" in note for note in other.report.missing), other.report.missing
    assert not any("learned from other hosts" in note for note in own.report.missing), own.report.missing
