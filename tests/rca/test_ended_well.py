"""What was tried again and came through is over; the same complaint without its good end is not."""

from pathlib import Path

import pytest
from planned_lines import Line, api, compute, logs, oslo, servers, syslog
from test_planned_work import judged

from openstack_rca.rca.vocabulary import Verdict

ONE, TWO, THREE = (f"{digit}b7c41d2-5f0e-4a7e-9c55-7d20c1a9e8f0" for digit in "123")
MANAGER, AMPHORA = "nova.compute.manager", "octavia.amphorae.drivers.haproxy.rest_api_driver"
VOLUMES = "cinder.volume.manager"
BROKER = "oslo.messaging._drivers.impl_rabbit"


def rescheduled(at: float, instance: str) -> list[Line]:
    reason = "Insufficient compute resources: Claim pci failed."
    return [
        oslo(at, "WARNING", MANAGER, f"[instance: {instance}] Build of instance {instance} was re-scheduled: {reason}")
    ]


def built(at: float, instance: str) -> list[Line]:
    return [oslo(at, "INFO", MANAGER, f"[instance: {instance}] Took 16.62 seconds to build instance.")]


def refused_builds(*instances: str) -> list[Line]:
    return [line for number, one in enumerate(instances) for line in rescheduled(200.0 + 90 * number, one)]


def next_builds(*instances: str) -> list[Line]:
    return [line for number, one in enumerate(instances) for line in built(230.0 + 90 * number, one)]


def not_yet_booted(at: float) -> Line:
    reason = "HTTPSConnectionPool(host='172.16.0.44', port=9443): Max retries exceeded (Caused by [Errno 111] Connection refused)"
    return oslo(
        at,
        "WARNING",
        AMPHORA,
        f"Could not connect to instance. Retrying.: requests.exceptions.ConnectionError: {reason}",
    )


def path(at: float, state: str) -> Line:
    return syslog(at, "cmp1", "multipathd[512]", f"3600a0980: sdc - tur checker reports path is {state}")


def unread(at: float) -> Line:
    return syslog(at, "cmp1", "kernel", f"blk_update_request: I/O error, dev sdb, sector {int(at) * 8} op 0x0:(READ)")


HOST_LOG = [
    syslog(10.0 * number, "cmp1", "systemd[1]", f"Started Session {number} of User root.") for number in range(60)
]
BOOTING = [not_yet_booted(300.0 + 5 * number) for number in range(3)]
FAILED_OVER = oslo(
    340.0, "INFO", "octavia.controller.worker.v2.controller_worker", f"Successfully completed the failover of {TWO}."
)
GAVE_UP = oslo(
    340.0, "ERROR", "octavia.controller.worker.v2.controller_worker", f"Failover of load balancer {TWO} failed."
)


@pytest.mark.parametrize(
    ("name", "told", "ended", "not_ended"),
    [
        ("cmp1/nova/nova-compute.log", refused_builds(ONE), next_builds(ONE), next_builds(TWO)),
        ("cmp1/nova/nova-compute.log", refused_builds(ONE, TWO), next_builds(ONE, TWO), next_builds(ONE)),
        ("ctl1/octavia/octavia-worker.log", BOOTING, [FAILED_OVER], [GAVE_UP]),
        ("cmp1/syslog", [*HOST_LOG, path(300, "down"), path(301, "down")], [path(305, "up")], [path(500, "down")]),
    ],
    ids=["a build on the next host", "two builds", "an agent that boots", "a path to a disk"],
)
def test_a_complaint_that_ended_well_is_over(
    name: str, told: list[Line], ended: list[Line], not_ended: list[Line], tmp_path: Path
) -> None:
    """The retry succeeds, or what was out of reach soon answers; else the complaint stands."""
    ordinary = {
        "ctl1/nova/nova-api.log": api(),
        "ctl1/neutron/neutron-server.log": servers(),
        "cmp2/nova/nova-compute.log": compute(),
    }
    well, _ = judged(logs({**ordinary, name: [*told, *ended]}), tmp_path / "well")
    ill, _ = judged(logs({**ordinary, name: [*told, *not_ended]}), tmp_path / "ill")
    assert (well, ill is Verdict.NO_FAILURE_FOUND) == (Verdict.NO_FAILURE_FOUND, False)


def test_builds_that_fail_again_and_again_at_first_are_a_fault_though_each_ends_well(tmp_path: Path) -> None:
    """A host that refuses every instance is ill, however often the next one takes it."""
    told = {
        "ctl1/nova/nova-api.log": api(),
        "cmp2/nova/nova-compute.log": compute(),
        "cmp1/nova/nova-compute.log": refused_builds(ONE, TWO, THREE) + next_builds(ONE, TWO, THREE),
    }
    verdict, named = judged(logs(told), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND
    assert named[0] == "nova-compute"


OTHERS_SUCCESS: dict[str, tuple[str, list[Line], Line]] = {
    "another volume of the instance": (
        "cmp1/nova/nova-compute.log",
        [
            oslo(
                300,
                "ERROR",
                "nova.virt.block_device",
                f"[instance: {ONE}] Driver failed to attach volume {TWO} at /dev/vdb: Timeout waiting for the device",
            )
        ],
        oslo(330, "INFO", MANAGER, f"[instance: {ONE}] Attach of volume {THREE} succeeded."),
    ),
    "another operation on the instance": (
        "cmp1/nova/nova-compute.log",
        [
            oslo(
                300,
                "ERROR",
                MANAGER,
                f"[instance: {ONE}] Error while trying to snapshot: HTTP 503 from the image service",
            )
        ],
        oslo(380, "INFO", MANAGER, f"[instance: {ONE}] Attach of volume {THREE} succeeded."),
    ),
    "a later operation on the volume": (
        "sto1/cinder/cinder-volume.log",
        [oslo(300, "ERROR", VOLUMES, f"Create snapshot of {ONE} failed: Error connecting to ceph cluster: errno 110")],
        oslo(700, "INFO", VOLUMES, f"Attach of {ONE} completed successfully."),
    ),
    "another node of the broker": (
        "ctl1/nova/nova-conductor.log",
        [
            oslo(
                300,
                "WARNING",
                BROKER,
                "AMQP server on 10.0.0.5:5672 is unreachable: [Errno 113] EHOSTUNREACH. Trying again.",
            )
        ],
        oslo(303, "INFO", BROKER, "Reconnected to AMQP server on 10.0.0.6:5672 via [amqp] client with port 40110."),
    ),
    "a good word of a drive that lost what it holds": (
        "cmp1/syslog",
        [*HOST_LOG, *(unread(300 + number) for number in range(3))],
        syslog(320, "cmp1", "smartd[99]", "Device: /dev/sdb [SAT], state written successfully"),
    ),
    "other work after the last attempt": (
        "ctl1/glance/glance-api.log",
        [
            oslo(
                300,
                "WARNING",
                "glance_store._drivers.swift",
                "Upload of chunk failed: Connection to 10.0.0.31:8080 refused (attempt 3 of 3), giving up",
            )
        ],
        oslo(310, "INFO", "glance.api", "Image import task succeeded"),
    ),
}


@pytest.mark.parametrize("whose", OTHERS_SUCCESS)
def test_the_success_of_another_ends_no_complaint(whose: str, tmp_path: Path) -> None:
    name, told, success = OTHERS_SUCCESS[whose]
    ordinary = {
        "ctl1/nova/nova-api.log": api(),
        "ctl1/neutron/neutron-server.log": servers(),
        "cmp2/nova/nova-compute.log": compute(),
    }
    verdict, named = judged(logs({**ordinary, name: [*told, success]}), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND
    assert named
