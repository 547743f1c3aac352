"""Faults of hosts, of the network between two places, and of what is no daemon at all."""

import pytest
from api_troubles import http_failure, keystone_lost
from cloud import CLEARED, FAULT, Cloud, Scenario, all_computes, first_compute, first_controller
from sites import KOLLA, OLD, SMALL, Site
from troubles import BROKER_CLIENTS, agents_dead, broker_errors, compute_down, database_errors

AGENTS = ("nova-compute", "neutron-openvswitch-agent", "neutron-linuxbridge-agent")


def name_service_down_on_one_host(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    unresolved = "[Errno -3] Temporary failure in name resolution"
    broker_errors(cloud, unresolved, services=AGENTS, hosts=[host], since=FAULT + 10)
    for at in cloud.every(9):
        failure = http_failure(cloud, "placement-api", "/resource_providers", "unresolved")
        error = f"keystoneauth1.exceptions.connection.ConnectFailure: {failure}"
        message = f"Error updating resources for node {host}.: {error}"
        cloud.say(at, "nova-compute", "ERROR", "nova.compute.manager", message, host=host)
    compute_down(cloud, [host])


def name_service_down_everywhere(cloud: Cloud) -> None:
    for service in ("nova-api", "neutron-server", "cinder-api", "glance-api"):
        for at in cloud.every(6):
            failure = http_failure(cloud, "keystone", "/v3/auth/tokens", "unresolved")
            message = (
                f"Unable to validate token: {failure}: keystoneauth1.exceptions.connection.ConnectFailure: {failure}"
            )
            cloud.say(at, service, "CRITICAL", "keystonemiddleware.auth_token", message, context=False)
    broker_errors(cloud, "[Errno -2] Name or service not known", apart=6)


def host_dies(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    cloud.stop("*", host=host, until=cloud.seconds)
    compute_down(cloud, [host])
    agents_dead_for_others(cloud, host)


def agents_dead_for_others(cloud: Cloud, host: str) -> None:
    for at in cloud.every(18, FAULT + 25, CLEARED + 10):
        heading = "                  Type       Last heartbeat host"
        row = f"    Open vSwitch agent 2025-03-04 10:00:31 {host}"
        cloud.say(
            at,
            "neutron-server",
            "WARNING",
            "neutron.db.agents_db",
            f"Agent healthcheck: found 1 dead agents out of 9:\n{heading}\n{row}",
        )


def host_freezes_silently(cloud: Cloud) -> None:
    """Only the silence of everything on it tells."""
    cloud.stop("*", host=cloud.site.computes[0])


def one_host_without_database(cloud: Cloud) -> None:
    """One of three controllers cannot reach the database any more."""
    host = cloud.site.controllers[1]
    lost = "(2003, \"Can't connect to MySQL server on '10.77.0.250' (timed out)\")"
    services = ("nova-api", "neutron-server", "nova-conductor", "cinder-api", "keystone")
    database_errors(cloud, lost, services=services, host=host)


def second_controller(site: Site) -> set[str]:
    return {site.controllers[1]}


def one_host_without_keystone(cloud: Cloud) -> None:
    host = cloud.site.controllers[2]
    failure = http_failure(cloud, "keystone", "/v3/auth/tokens", "dropped")
    for service in ("nova-api", "neutron-server", "cinder-api", "glance-api"):
        for at in cloud.every(6):
            message = (
                f"Unable to validate token: {failure}: keystoneauth1.exceptions.connection.ConnectFailure: {failure}"
            )
            cloud.say(at, service, "CRITICAL", "keystonemiddleware.auth_token", message, host=host, context=False)


def third_controller(site: Site) -> set[str]:
    return {site.controllers[2]}


def interface_down(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    cloud.syslog(FAULT, host, "kernel: bnx2x 0000:3b:00.0 ens1f0: NIC Link is Down")
    broker_errors(cloud, "[Errno 101] ENETUNREACH", services=AGENTS, hosts=[host])
    compute_down(cloud, [host])


def out_of_memory_on_compute(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    cloud.syslog(
        FAULT, host, "kernel: qemu-system-x86 invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE), order=0"
    )
    cloud.syslog(
        FAULT + 0.2,
        host,
        "kernel: Out of memory: Killed process 30122 (nova-compute) total-vm:2423456kB, anon-rss:190123kB",
    )
    cloud.stop("nova-compute", host=host)
    compute_down(cloud, [host])


def disk_full_on_compute(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    for at in cloud.every(7):
        full = "OSError: [Errno 28] No space left on device: '/var/lib/nova/instances/_base/4f1c.part'"
        message = f"[instance: {cloud.uuid()}] Instance failed to spawn: {full}"
        cloud.say(at, "nova-compute", "ERROR", "nova.compute.manager", message, host=host)


def disk_full_on_volume_host(cloud: Cloud) -> None:
    for at in cloud.every(8):
        volume = cloud.uuid()
        full = "oslo_concurrency.processutils.ProcessExecutionError: Unexpected error while running command.\nCommand: fallocate -l 1G /var/lib/cinder/mnt/x\nExit code: 1\nStderr: 'fallocate: fallocate failed: No space left on device'"
        message = f"Volume {volume}: create failed: {full}"
        cloud.say(at, "cinder-volume", "ERROR", "cinder.volume.manager", message)


def clock_jumps(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    cloud.syslog(FAULT, host, "chronyd[704]: Forward time jump detected!")
    cloud.syslog(FAULT + 1, host, "chronyd[704]: System clock wrong by 300.271154 seconds")
    kind = "Open vSwitch agent"
    for at in cloud.every(20):
        message = f"Message received from the host: {host} during the registration of {kind} has a timestamp: 2025-03-04T10:05:46Z. This differs from the current server timestamp: 2025-03-04T10:00:46Z by 300 seconds, which is more than the threshold agent down time: 75."
        cloud.say(at, "neutron-server", "ERROR", "neutron.db.agents_db", message)


def full_hosts(cloud: Cloud) -> None:
    for host in cloud.site.computes:
        for at in cloud.every(12):
            why = "nova.exception.ComputeResourcesUnavailable: Insufficient compute resources: Free memory 412.00 MB < requested 4096 MB."
            cloud.say(
                at, "nova-compute", "ERROR", "nova.compute.manager", f"[instance: {cloud.uuid()}] {why}", host=host
            )


def read_only_disk(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    cloud.syslog(FAULT, host, "kernel: EXT4-fs (sdb1): Remounting filesystem read-only")
    for at in cloud.every(7):
        message = f"[instance: {cloud.uuid()}] Instance failed to spawn: OSError: [Errno 30] Read-only file system: '/var/lib/nova/instances/{cloud.uuid()}'"
        cloud.say(at, "nova-compute", "ERROR", "nova.compute.manager", message, host=host)


SCENARIOS = [
    Scenario("name service down on one host", name_service_down_on_one_host, ("network",), ("network",), first_compute),
    Scenario(
        "name service down on one host, an old release",
        name_service_down_on_one_host,
        ("network",),
        ("network",),
        first_compute,
        site=OLD,
    ),
    Scenario("name service down everywhere", name_service_down_everywhere, ("network",), ("network",)),
    Scenario("a host dies", host_dies, ("host", "nova-compute"), ("process-down",), first_compute),
    Scenario("a host freezes silently", host_freezes_silently, ("host",), (), first_compute),
    Scenario("a host freezes silently, under kolla", host_freezes_silently, ("host",), (), first_compute, site=KOLLA),
    Scenario(
        "one host without its database",
        one_host_without_database,
        ("network",),
        ("network",),
        second_controller,
        site=KOLLA,
    ),
    Scenario(
        "one host without keystone", one_host_without_keystone, ("network",), ("network",), third_controller, site=KOLLA
    ),
    Scenario("an interface goes down", interface_down, ("network",), ("network",), first_compute),
    Scenario(
        "out of memory on a compute host",
        out_of_memory_on_compute,
        ("host", "nova-compute"),
        ("capacity", "process-down"),
        first_compute,
    ),
    Scenario("disk full on a compute host", disk_full_on_compute, ("host",), ("storage", "capacity"), first_compute),
    Scenario(
        "disk full on the volume host",
        disk_full_on_volume_host,
        ("host", "storage"),
        ("storage", "capacity"),
        first_controller,
    ),
    Scenario("a clock jumps", clock_jumps, ("host",), ("config",), first_compute),
    Scenario("hosts are full", full_hosts, ("host", "nova-compute"), ("capacity",), all_computes),
    Scenario("a disk turns read-only", read_only_disk, ("host",), ("storage",), first_compute),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_host_or_the_network_is_named(scenario: Scenario) -> None:
    scenario.check()


@pytest.mark.parametrize("ahead", [30.0, -30.0])
def test_a_compute_whose_clock_is_off_is_still_named(ahead: float) -> None:
    """Its own last words come 30 s too late or too early by its clock."""

    def build(cloud: Cloud) -> None:
        host = cloud.site.computes[0]
        cloud.skew(host, ahead)
        cloud.stop("nova-compute", host=host, until=cloud.seconds)
        compute_down(cloud, [host])

    Scenario("clock off", build, ("nova-compute",), ("process-down",), first_compute).check()


@pytest.mark.parametrize("site", [SMALL, KOLLA], ids=["one controller", "three controllers"])
def test_a_dead_broker_is_named_though_the_clocks_of_computes_are_ahead(site: Site) -> None:
    def build(cloud: Cloud) -> None:
        for host in cloud.site.computes:
            cloud.skew(host, 30.0)
        cloud.rabbitmq(FAULT, "notice", "SIGTERM received - shutting down")
        broker_errors(cloud, "[Errno 111] ECONNREFUSED", services=BROKER_CLIENTS)
        cloud.stop("rabbitmq")

    Scenario("clocks ahead", build, ("rabbitmq",), ("process-down",), site=site).check()


def test_keystone_is_not_blamed_for_the_one_host_that_cannot_reach_it_when_all_cannot() -> None:
    def build(cloud: Cloud) -> None:
        keystone_lost(cloud, "dropped")
        cloud.stop("keystone")

    Scenario("all hosts", build, ("keystone",), site=KOLLA).check()


def test_dead_agents_of_several_hosts_are_all_named() -> None:
    def build(cloud: Cloud) -> None:
        for host in cloud.site.computes:
            cloud.stop(cloud.site.l2_agent, host=host)
        agents_dead(cloud, cloud.site.computes)

    Scenario("all agents", build, ("neutron-openvswitch-agent",), ("process-down",), all_computes).check()
