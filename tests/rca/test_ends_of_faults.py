"""That a fault is over: which line tells it, of what, and whose word counts."""

import polars as pl
import pytest
from test_kinds_of_fault import CATALOGUE, TOPOLOGY, observed, one_a_minute

from openstack_rca.rca.evidence import match_signatures
from openstack_rca.rca.evidence.own_words import own_words


def test_a_fault_is_over_though_the_line_that_says_so_names_it_again() -> None:
    """The end quotes the fault, so those words are nobody's statement, and yet they end it."""
    said = ("Health check failed: 1 osds down (OSD_DOWN)", "Health check cleared: OSD_DOWN (was: 1 osds down)")
    window = one_a_minute([observed(text, "ceph-mon", "WARNING") for text in said])
    window = window.with_columns(text=own_words(window["text"], window["component"]))
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.recovered for one in found if one.accused == "ceph-osd"} == {window["time"][1]}


@pytest.mark.parametrize(
    ("teller", "place", "end", "over"),
    [
        ("ceph-mon", "sto9", "Health check cleared: SLOW_OPS (was: 4 slow ops, osd.7 has slow ops)", True),
        ("ceph-osd", "sto9", "Health check cleared: SLOW_OPS (was: 4 slow ops, osd.7 has slow ops)", False),
        ("ceph-mon", "sto9", "Health check cleared: PG_DEGRADED (was: 9 pgs undersized)", False),
    ],
    ids=["a monitor elsewhere", "somebody else", "another check"],
)
def test_others_may_tell_that_a_fault_is_over(teller: str, place: str, end: str, over: bool) -> None:
    """An OSD never says that it is quick again; the monitors say it, on their hosts."""
    slow = observed("osd.7 911 get_health_metrics reporting 4 slow ops, oldest is osd_op(client.8)", "ceph-osd")
    window = one_a_minute([slow, observed(end, teller, "INFO").with_columns(host=pl.lit(place))])
    window = window.with_columns(text=own_words(window["text"], window["component"]))
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.recovered is not None for one in found if one.signature == "ceph-slow-ops"} == {over}


@pytest.mark.parametrize(
    ("pod", "over"), [("openstack/horizon-5f6b-hr7nd", True), ("openstack/horizon-5f6b-x2k9q", False)]
)
def test_a_container_that_is_ready_ends_its_restarts_and_not_those_of_another_pod(pod: str, over: bool) -> None:
    fails = '"Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"horizon\\" with CrashLoopBackOff: \\"back-off 10s\\"" pod="openstack/horizon-5f6b-hr7nd"'
    ready = f'"SyncLoop (probe)" probe="readiness" status="ready" pod="{pod}"'
    window = one_a_minute([observed(fails, "kubelet"), observed(ready, "kubelet", "INFO")])
    (found,) = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert (found.signature, found.recovered is not None) == ("container-crash-loop", over)


def test_a_container_that_ended_many_times_is_not_over_as_it_is_ready_once_more() -> None:
    """Its restarts wait so long only after it ended again and again."""
    fails = '"Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"horizon\\" with CrashLoopBackOff: \\"back-off 5m0s\\"" pod="openstack/horizon-5f6b-hr7nd"'
    ready = '"SyncLoop (probe)" probe="readiness" status="ready" pod="openstack/horizon-5f6b-hr7nd"'
    window = one_a_minute([observed(fails, "kubelet"), observed(ready, "kubelet", "INFO")])
    (found,) = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    assert (found.signature, found.recovered) == ("container-crash-loop-long", None)


@pytest.mark.parametrize("assigned", ["openstack/nova-api-7d4f", "openstack/nova-api-x2k9"])
def test_a_pod_that_is_assigned_ends_no_other_pods_wait_for_a_node(assigned: str) -> None:
    """An event of a pod without a node does not name the pod: whose wait is over cannot be known."""
    waits = "0/3 nodes are available: 3 Insufficient memory."
    said = [observed(waits, "kube-scheduler", "WARNING")]
    said += [observed(f"Successfully assigned {assigned} to n1", "kube-scheduler", "INFO")]
    (found,) = match_signatures(one_a_minute(said), CATALOGUE, TOPOLOGY, 10.0).findings
    assert (found.signature, found.recovered) == ("kubernetes-pod-unschedulable", None)


@pytest.mark.parametrize("place", ["cmp1", "cmp2"])
def test_who_runs_on_many_hosts_tells_of_an_end_on_its_own_only(place: str) -> None:
    """Each host counts its iSCSI connections anew."""
    lines = [
        observed("connection2:0: detected conn error (1020)", "host").with_columns(host=pl.lit("cmp1")),
        observed("connection2:0 is operational after recovery (2 attempts)", "storage", "WARNING").with_columns(
            host=pl.lit(place)
        ),
    ]
    found = match_signatures(one_a_minute(lines), CATALOGUE, TOPOLOGY, 10.0).findings
    told = [one for one in found if one.signature == "iscsi-connection-lost"]
    assert [one.recovered is not None for one in told] == [place == "cmp1"]


@pytest.mark.parametrize(
    ("teller", "fault", "end"),
    [
        ("ceph-mon", "osd.12 marked itself down and dead", "osd.1 [v2:192.0.2.31:6800/7] boot"),
        ("haproxy", "backend nova_api_metadata has no server available!", "Server nova_api/ctl1 is UP, reason: L7OK"),
        (
            "host",
            "multipathd[8]: mpathab: remaining active paths: 0",
            "multipathd[8]: mpatha: remaining active paths: 4",
        ),
        (
            "host",
            "clocksource: Marking clocksource tsc as unstable: the skew is too large",
            "cluster [INF] overall HEALTH_OK",
        ),
    ],
    ids=["an OSD", "a backend", "a device", "a clock that no monitor reads"],
)
def test_the_end_of_something_else_ends_no_fault(teller: str, fault: str, end: str) -> None:
    ends = [observed(end, one, "INFO") for one in (teller, "ceph-mon")]
    found = match_signatures(one_a_minute([observed(fault, teller), *ends]), CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.recovered for one in found} == {None}


def test_a_node_that_lost_its_quorum_is_not_well_because_others_have_theirs() -> None:
    lost = observed("This node is within the non-primary component and will NOT provide any service.", "pacemaker")
    others = observed("This node is within the primary component and will provide service.", "pacemaker", "INFO")
    lines = [part.with_columns(host=pl.lit(place)) for part, place in ((lost, "ctl3"), (others, "ctl1"))]
    found = match_signatures(one_a_minute(lines), CATALOGUE, TOPOLOGY, 10.0).findings
    assert {one.recovered for one in found} == {None}


@pytest.mark.parametrize(
    ("links", "over"),
    [
        ([("eno1", "Down"), ("eno2", "Down"), ("eno2", "Up")], None),
        ([("eno1", "Down"), ("eno2", "Down"), ("eno2", "Up"), ("eno1", "Up")], 3),
        ([("eno1", "Down"), ("eno1", "Up"), ("eno2", "Down"), ("eno2", "Up")], 3),
        ([("eno1", "Down"), ("eno1", "Up"), ("eno1", "Down")], None),
    ],
    ids=["one of two is back", "both are back", "one after the other was lost", "lost again"],
)
def test_a_fault_is_over_when_all_that_it_named_is_well(links: list[tuple[str, str]], over: int | None) -> None:
    lines = [observed(f"igb 0000:02:00.0 {name}: NIC Link is {state}", "host", "INFO") for name, state in links]
    window = one_a_minute(lines)
    found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
    moment = None if over is None else window["time"][over]
    assert {one.recovered for one in found if one.accused == "network"} == {moment}


@pytest.mark.parametrize(
    ("lost", "back", "other"),
    [
        (
            "qla2xxx [0000:81:00.0]-500b:3: LOOP DOWN detected (2 7 0 0).",
            "qla2xxx [0000:81:00.0]-500a:3: LOOP UP detected (16 Gbps).",
            "qla2xxx [0000:82:00.0]-500a:4: LOOP UP detected (16 Gbps).",
        ),
        (
            "lpfc 0000:05:00.0: 0:1305 Link Down Event x2 received Data: x2 x20 x800110",
            "lpfc 0000:05:00.0: 0:1303 Link Up Event x3 received Data: x3 x0 x10 x0",
            "lpfc 0000:05:00.1: 1:1303 Link Up Event x3 received Data: x3 x0 x10 x0",
        ),
        (
            "libceph: mon0 (1)192.0.2.31:6789 session lost, hunting for new mon",
            "libceph: mon1 (1)192.0.2.32:6789 session established",
            "libceph: mon1 (1)192.0.2.32:6789 connect error",
        ),
    ],
    ids=["qla2xxx", "lpfc", "libceph"],
)
def test_a_host_that_reaches_its_storage_again_says_so(lost: str, back: str, other: str) -> None:
    for then, over in ((back, True), (other, False)):
        window = one_a_minute([observed(text, "host", "INFO") for text in (lost, then)])
        found = match_signatures(window, CATALOGUE, TOPOLOGY, 10.0).findings
        told = [one for one in found if one.accused in ("storage", "ceph-mon")]
        assert told
        assert {one.recovered is not None for one in told} == {over}
