"""From events to findings: what counts, for how much, against whom."""

from pathlib import Path

import polars as pl
import pytest
from api_troubles import placement_lost
from cloud import Cloud, healthy_rates
from sites import SMALL

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.events import read_logs
from openstack_rca.rca.engine import AnalysisRequest, investigate
from openstack_rca.rca.evidence import generic_accusations, match_signatures, new_errors, silences, unexplained
from openstack_rca.rca.evidence.finding import Finding
from openstack_rca.rca.evidence.matching import cited_rows, observe
from openstack_rca.rca.evidence.normal_rates import NormalRates, add_novelty, novelty
from openstack_rca.rca.evidence.words_needed import with_words
from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, EvidenceSort

TOPOLOGY = load_topology()


def findings_of(cloud: Cloud, rates: NormalRates | None = None, *, picked: bool = False) -> list[Finding]:
    rates = healthy_rates(SMALL) if rates is None else rates
    minutes = cloud.seconds / 60
    table = EventTable.of(cloud.events())
    events = add_novelty(with_words(observe(table, TOPOLOGY), table), rates, minutes)
    matched = match_signatures(events, load_catalogue(), TOPOLOGY, minutes)
    accused = generic_accusations(unexplained(events, matched.explained_rows), TOPOLOGY, minutes)
    noted = matched.rows.append(cited_rows(accused))
    errors = new_errors(unexplained(events, noted), minutes, picked)
    return [*matched.findings, *accused, *errors, *silences(events, rates, TOPOLOGY)]


def named(findings: list[Finding], signature: str) -> Finding:
    return next(item for item in findings if item.signature == signature)


def test_a_finding_counts_its_events_against_the_normal_number() -> None:
    cloud = Cloud(SMALL)
    placement_lost(cloud)
    found = named(findings_of(cloud), "placement-not-responding")
    assert found.count >= 5
    assert found.baseline == "0"
    assert len(found.rows) <= found.count
    assert found.first < found.last


def test_the_checks_of_a_finding_name_the_other_host_that_its_line_names() -> None:
    cloud = Cloud(SMALL)
    text = (
        "operation failed: Failed to connect to remote libvirt URI qemu+ssh://hv9/system: Host key verification failed."
    )
    cloud.say(60, "nova-compute", "ERROR", "nova.virt.libvirt.driver", text)
    assert "ssh-keyscan hv9" in named(findings_of(cloud), "nova-migration-host-key-unknown").checks


def quota(cloud: Cloud, times: int, apart: float = 2.0) -> None:
    for number in range(times):
        text = "HTTP exception thrown: Quota exceeded for cores: Requested 1, but already used 20 of 20 cores"
        cloud.say(10 + apart * number, "nova-api", "INFO", "nova.api.openstack.wsgi", text)


def test_a_routine_line_weighs_by_its_number() -> None:
    strengths = []
    for times in (1, 4, 20):
        cloud = Cloud(SMALL)
        quota(cloud, times)
        strengths.append(named(findings_of(cloud), "nova-quota-exceeded").strength)
    assert strengths[0] < 0.1
    assert strengths[0] < strengths[1] < strengths[2]
    assert strengths[2] >= 0.5


def test_a_routine_line_spread_over_an_hour_stays_routine() -> None:
    cloud = Cloud(SMALL, seconds=3600, load=0.02)
    quota(cloud, 12, apart=290)
    assert named(findings_of(cloud), "nova-quota-exceeded").strength < 0.3


def test_who_does_not_answer_in_time_hangs_and_who_refuses_is_down() -> None:
    kinds = {}
    for how in ("refused", "timeout"):
        cloud = Cloud(SMALL)
        for number in range(6):
            text = {
                "refused": "[Errno 111] ECONNREFUSED",
                "timeout": "timed out",
            }[how]
            message = f"Error contacting glance server 'http://10.1.1.1:9292' for 'get', done trying.: {text}"
            cloud.say(20.0 + number, "nova-api", "ERROR", "nova.image.glance", message)
        kinds[how] = named(findings_of(cloud), "nova-glance-failed").category
    assert kinds == {"refused": Category.PROCESS_DOWN, "timeout": Category.HANG}


def test_a_new_error_without_any_signature_is_a_symptom_of_who_logged_it() -> None:
    cloud = Cloud(SMALL)
    for number in range(6):
        cloud.say(30.0 + number, "cinder-volume", "ERROR", "cinder.volume.manager", "The flux capacitor ran dry")
    (found,) = [item for item in findings_of(cloud) if item.title == "cinder-volume: The flux capacitor ran dry"]
    assert found.directness is Directness.SYMPTOM
    assert found.sort is EvidenceSort.NEW_TEMPLATE
    assert (found.accused, found.accused_host) == ("cinder-volume", "ctl-a")


def test_without_a_model_no_evidence_is_said_to_come_from_one() -> None:
    cloud = Cloud(SMALL)
    for number in range(6):
        cloud.say(30.0 + number, "cinder-volume", "WARNING", "cinder.volume.manager", "The flux capacitor failed")
    found = next(one for one in findings_of(cloud, NormalRates.empty(), picked=True) if "flux" in one.title)
    assert found.sort is EvidenceSort.NEW_TEMPLATE
    assert found.why.startswith("a warning")


def test_the_layer_2_agent_of_this_cloud_is_accused_not_the_usual_one() -> None:
    from sites import OLD

    cloud = Cloud(OLD)
    for number in range(6):
        text = "Timeout waiting for [('network-vif-plugged', '5d0f')] for instance with vm_state building"
        cloud.say(30.0 + number, "nova-compute", "WARNING", "nova.virt.libvirt.driver", text, host="node-21")
    found = named(findings_of(cloud, healthy_rates(OLD)), "nova-vif-plug-timeout")
    assert (found.accused, found.accused_host) == ("neutron-linuxbridge-agent", "node-21")


@pytest.mark.parametrize("agent", ["neutron-metadata-agent", "neutron-ovn-metadata-agent"])
def test_the_metadata_agent_of_this_cloud_is_accused_not_the_usual_one(agent: str) -> None:
    cloud = Cloud(SMALL)
    for number in range(6):
        cloud.say(29.0 + number, agent, "INFO", "eventlet.wsgi.server", "GET /latest/meta-data/ HTTP/1.1")
        text = "X-Instance-ID-Signature: 9fab does not match the expected value: 77cd for id: 8f1d."
        cloud.say(30.0 + number, "nova-api", "WARNING", "nova.api.metadata.handler", text)
    assert named(findings_of(cloud, NormalRates.empty()), "nova-metadata-secret-mismatch").accused == agent


@pytest.mark.parametrize(("went_on_as", "kind"), [(None, Category.HANG), (9999, Category.PROCESS_DOWN)])
def test_a_silence_that_another_process_ends_was_a_stop(went_on_as: int | None, kind: Category) -> None:
    cloud = Cloud(SMALL, seed=9)
    cloud.stop("neutron-server", 45, 140 if went_on_as else 105)
    if went_on_as:
        for second in range(105, 140):
            cloud.say(second, "neutron-server", "INFO", "neutron.wsgi", "GET", process=went_on_as)
    (gap,) = [item for item in findings_of(cloud) if item.sort is EvidenceSort.SILENCE]
    assert (gap.accused, gap.category) == ("neutron-server", kind)


def test_what_is_as_frequent_as_ever_is_not_novel() -> None:
    import numpy as np

    fresh = novelty(np.array([10.0, 10.0, 400.0]), np.array([0.0, 10.0, 10.0]))
    assert fresh[0] == 1.0
    assert fresh[1] == 0.0
    assert 0.9 < fresh[2] < 1.0


def test_several_logs_of_one_component_are_one_stream() -> None:
    """keystone's own log is nearly empty; its access log is not, and so keystone is never silent for long."""
    from openstack_rca.model.baseline import Baseline

    cloud = Cloud(SMALL, seconds=300)
    cloud.say(5, "keystone", "WARNING", "keystone.common", "x")
    cloud.say(290, "keystone", "WARNING", "keystone.common", "x")
    learnt = Baseline.learn(cloud.events())
    rates = NormalRates.from_baseline(learnt, TOPOLOGY.canonical)
    gaps = dict(learnt.services.select("service", "longest_gap_seconds").iter_rows())
    assert gaps["keystone"] > 200
    assert rates.longest_gap_seconds["keystone"] == gaps["keystone-uwsgi"] < 60
    assert rates.per_minute["keystone"] > 50


def passed_on(cloud: Cloud, begin: int, end: int, waits: str, queue: str) -> None:
    for second in range(begin, end):
        line = (
            f"10.0.0.4:56032 [04/Mar/2025:10:00:00.914] nova_api nova_back/ctl01 0/{waits}/0/87/1537 200 228 - - ----"
            f' 98/12/9/1/0 {queue}/0 "GET /v2.1/servers HTTP/1.1"'
        )
        cloud.say(second, "haproxy", "INFO", "haproxy", line)


def test_a_fault_that_a_value_of_a_familiar_line_states_is_new_whatever_is_normal_for_its_kind() -> None:
    """haproxy tells of a queue in the line that it writes of each request anyway."""
    healthy, queueing = Cloud(SMALL), Cloud(SMALL)
    passed_on(healthy, 0, 120, "0", "0")
    passed_on(queueing, 0, 60, "0", "0")
    passed_on(queueing, 60, 120, "1450", "8")
    table = EventTable.of(healthy.events())
    rates = NormalRates.of_counts(
        observe(table, TOPOLOGY).group_by("component", "template_id").len(), healthy.seconds / 60
    )
    assert named(findings_of(queueing, rates), "haproxy-server-queue").complains
    assert "haproxy-server-queue" not in [finding.signature for finding in findings_of(healthy, rates)]


def failing(begin: int) -> float:
    """Novelty of an error that comes every five seconds from one moment on, where nobody knows what is normal."""
    cloud = Cloud(SMALL)
    for second in range(begin, int(cloud.seconds), 5):
        cloud.say(second, "cinder-api", "ERROR", "cinder.api", "Caught error: the policy cannot be read")
    table = EventTable.of(cloud.events())
    seen = add_novelty(with_words(observe(table, TOPOLOGY), table), NormalRates.empty(), cloud.seconds / 60)
    return float(seen.filter(pl.col("message").str.starts_with("Caught error"))["novelty"][0])


def test_an_error_that_begins_within_the_logs_and_goes_on_is_no_noise_of_the_cloud() -> None:
    assert failing(begin=0) < 0.9
    assert failing(begin=60) == 1.0


def test_of_alike_lines_the_one_that_names_more_is_told_and_cited_first() -> None:
    """The kernel tells of one silent server in several lines, of which only the second names it."""
    cloud = Cloud(SMALL)
    place = cloud.hosts_of("nova-compute")[0]
    cloud.say(10, "host", "INFO", "kernel", "nfs4: connection timed out", host=place)
    cloud.say(11, "host", "INFO", "kernel", "nfs: server nas3 not responding, still trying", host=place)
    found = named(findings_of(cloud), "storage-nfs-server-silent")
    assert "nas3" in found.title
    assert "nas3" in found.proofs[0]
    assert found.rows[0] > found.rows[1]


def test_what_a_command_wrote_stands_for_the_words_that_it_failed() -> None:
    """oslo.concurrency's first line is the same for every command; the reason is on its standard error."""
    cloud = Cloud(SMALL)
    below = ["Command: sudo vgs", "Exit code: 5", "Stdout: ''", "Stderr: '  Giving up waiting for lock.\\n'"]
    failed = "oslo_concurrency.processutils.ProcessExecutionError: Unexpected error while running command."
    cloud.say(
        10, "cinder-volume", "ERROR", "cinder.volume.manager", f"Failed to initialize driver.: {failed}", trace=below
    )
    title = named(findings_of(cloud), "cinder-driver-uninitialised").title
    assert "Giving up waiting for lock" in title
    assert "Unexpected error" not in title


def test_a_container_that_a_line_names_is_accused_on_its_host() -> None:
    """A proxy of OpenStack-Ansible calls its servers by their containers."""
    cloud = Cloud(SMALL)
    down = "Server galera-back/infra1_galera_container-17203d98 is DOWN, reason: Layer7 wrong status, code: 503"
    cloud.say(20.0, "haproxy", "ERROR", "haproxy", down)
    assert named(findings_of(cloud), "haproxy-server-down-reason").accused_host == "infra1"


def test_what_one_request_tells_twice_counts_once_towards_what_a_rule_asks_for(tmp_path: Path) -> None:
    """Of the storage quota a rule wants eight refusals, as one user's mistakes are no fault of the cloud."""
    log = tmp_path / "cinder-api.log"
    lines = []
    for number in range(4):
        request = f"req-5a0d0f8e-7b43-4f7c-b5e1-2d1f0e7c6b{number:02}"
        context = f"[None {request} ba15 e500 - - default default]"
        refusal = "Quota exceeded for e500, tried to create 2000G volume"
        answer = "HTTP exception thrown: VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota"
        lines.append(f"2025-04-02 20:1{number}:10.100 7 WARNING cinder.quota_utils {context} {refusal}")
        lines.append(f"2025-04-02 20:1{number}:10.180 7 INFO cinder.api.openstack.wsgi {context} {answer}")
    log.write_text("\n".join(lines) + "\n")
    found = investigate(
        AnalysisRequest("Volumes fail", [str(log)]),
        read_logs([log]).events,
        None,
        NormalRates.empty(),
        load_catalogue(),
        load_topology(),
    )
    (refused,) = (one for one in found.findings if one.signature == "cinder-quota-exceeded")
    rule = load_catalogue().get("cinder-quota-exceeded")
    assert refused.count == 8
    assert refused.weight == rule.weight * 4 / rule.at_least
