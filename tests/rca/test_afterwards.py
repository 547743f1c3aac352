"""What was said without harm is no failure where the logs show that it is over, and open where they do not."""

from pathlib import Path

import pytest
from planned_lines import Line, api, compute, every, logs, oslo, servers, syslog
from test_planned_work import judged

from openstack_rca.rca.vocabulary import Verdict

ROUTER, OTHER = "5fae83d8-707a-66d2-111f-9449cd636292", "0c88b75b-c2ba-4ed6-88b5-9cd90d9865d8"
AGENT, VOLUMES, BAREMETAL = "neutron.agent.l3.agent", "cinder.volume.manager", "ironic.conductor.manager"


def updates() -> list[Line]:
    return every(40, lambda at: oslo(at, "INFO", AGENT, f"Finished a router update for {OTHER}, update_id {at:.0f}"))


def volumes() -> list[Line]:
    return every(40, lambda at: oslo(at, "INFO", VOLUMES, "Updating volume status"))


def nodes() -> list[Line]:
    return every(40, lambda at: oslo(at, "INFO", BAREMETAL, "Successfully synced nodes"))


def migrations(*times: float) -> list[Line]:
    """nova-compute writes only when it has something to do."""
    event = f"[instance: {ROUTER}] VM Started (Lifecycle Event)"
    return [oslo(at + more, "INFO", "nova.compute.manager", event) for at in times for more in range(5)]


def host(until: float = 900) -> list[Line]:
    return every(30, lambda at: syslog(at, "cmp1", "systemd[1]", "Started Session 4 of user root."), until=until)


STOPS = syslog(301, "cmp1", "systemd[1]", "Stopping nova-compute.service - OpenStack Compute...")
STARTS = syslog(430, "cmp1", "systemd[1]", "Started nova-compute.service - OpenStack Compute.")
DEAD = oslo(
    360,
    "WARNING",
    "neutron.db.agents_db",
    "Agent healthcheck: found 1 dead agents out of 8:\n                Type       Last heartbeat host"
    "\n  Open vSwitch agent 2026-03-10 02:04:58 cmp1",
)
BOOT = syslog(420, "cmp1", "kernel", "[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)")
GOES_DOWN = syslog(300, "cmp1", "systemd-logind[812]", "The system will reboot now!")
COMES_UP = [syslog(421 + n, "cmp1", "systemd[1]", "Started Session 4 of user root.") for n in range(6)]
WRONG = syslog(425, "cmp1", "chronyd[812]", "System clock wrong by 3600.123456 seconds")

OVER: dict[str, tuple[dict[str, list[Line]], dict[str, list[Line]]]] = {
    "the same object goes on well": (
        {
            "ctl1/neutron/neutron-l3-agent.log": [
                *updates(),
                oslo(300, "ERROR", AGENT, f"Exit code: 2; arping on qg-aa11bb22-cc of qrouter-{ROUTER} timed out"),
                oslo(
                    310, "INFO", AGENT, f"Finished a router update for {ROUTER}, update_id {OTHER}. Time elapsed: 2.3"
                ),
            ]
        },
        {
            "ctl1/neutron/neutron-l3-agent.log": [
                *updates(),
                oslo(300, "ERROR", AGENT, f"Exit code: 2; arping on qg-aa11bb22-cc of qrouter-{ROUTER} timed out"),
            ]
        },
    ),
    "the rules turned an order down before anything was done": (
        {
            "sto1/cinder/cinder-volume.log": [
                *volumes(),
                oslo(
                    300,
                    "ERROR",
                    VOLUMES,
                    f"Delete snapshot failed: SnapshotIsBusy: snapshot {ROUTER} has dependent volumes",
                ),
            ]
        },
        {
            "sto1/cinder/cinder-volume.log": [
                *volumes(),
                oslo(300, "ERROR", VOLUMES, f"Delete snapshot failed: the image of snapshot {ROUTER} is damaged"),
            ]
        },
    ),
    "somebody only looked": (
        {
            "bm1/ironic/ironic-conductor.log": [
                *nodes(),
                oslo(300, "ERROR", BAREMETAL, f"Failed to get power state for node {ROUTER}: the controller is silent"),
            ]
        },
        {
            "bm1/ironic/ironic-conductor.log": [
                *nodes(),
                oslo(300, "ERROR", BAREMETAL, f"Failed to tear down node {ROUTER}: the controller is silent"),
            ]
        },
    ),
    "all that ran on a host runs again after its reboot": (
        {
            "cmp1/syslog": [*host(300), GOES_DOWN, BOOT, *(line for line in host() if line[0] > 420)],
            "cmp1/nova/nova-compute.log": compute((300, 440)),
        },
        {
            "cmp1/syslog": [*host(300), GOES_DOWN, BOOT, *(line for line in host() if line[0] > 420)],
            "cmp1/nova/nova-compute.log": compute(until=300),
        },
    ),
    "who was started writes again, though the teller of the start and a host with no more to do do not": (
        {
            "cmp1/syslog": [*host(300), GOES_DOWN, STOPS, BOOT, *COMES_UP, STARTS],
            "cmp1/nova/nova-compute.log": migrations(20, 150, 280, 441, 600, 800),
            "cmp3/nova/nova-compute.log": migrations(20, 100, 130, 200),
            "ctl1/neutron/neutron-server.log": [*servers(), DEAD],
        },
        {
            "cmp1/syslog": [*host(300), GOES_DOWN, STOPS, BOOT, *COMES_UP, STARTS],
            "cmp1/nova/nova-compute.log": migrations(20, 150, 280),
        },
    ),
    "a reason was told at a start only": (
        {
            "cmp1/syslog": [*host(300), GOES_DOWN, BOOT, WRONG, *(line for line in host() if line[0] > 425)],
            "cmp1/nova/nova-compute.log": compute((300, 440)),
        },
        {"cmp1/syslog": [*host(), WRONG], "cmp1/nova/nova-compute.log": compute()},
    ),
}


@pytest.mark.parametrize("kind", OVER)
def test_what_was_said_without_harm_is_no_failure_where_it_is_over(kind: str, tmp_path: Path) -> None:
    """The opposite, alike but for the end, leaves a doubt at least."""
    others = {
        "ctl1/nova/nova-api.log": api(),
        "ctl1/neutron/neutron-server.log": servers(),
        "cmp2/nova/nova-compute.log": compute(),
    }
    well, _ = judged(logs(others | OVER[kind][0]), tmp_path / "well")
    ill, _ = judged(logs(others | OVER[kind][1]), tmp_path / "ill")
    assert (well, ill is Verdict.NO_FAILURE_FOUND) == (Verdict.NO_FAILURE_FOUND, False)
