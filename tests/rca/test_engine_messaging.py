"""Faults of the message broker and of the way to it."""

import pytest
from cloud import CLEARED, FAULT, Cloud, Scenario, first_compute, first_controller
from sites import KOLLA, OLD, OVN
from troubles import (
    BROKER_CLIENTS,
    REFUSED,
    RESET,
    TIMED_OUT,
    UNREACHABLE,
    broker_errors,
    compute_down,
    present,
    rpc_timeouts,
)

CLOSED = "Server unexpectedly closed connection"


def killed(cloud: Cloud) -> None:
    broker_errors(cloud, RESET, until=FAULT + 2, apart=1.0)
    broker_errors(cloud, REFUSED, since=FAULT + 1)
    cloud.stop("rabbitmq")
    cloud.rabbitmq(CLEARED, "info", "Starting RabbitMQ 3.12.1 on Erlang 25.3.2 [jit]")


def killed_for_good(cloud: Cloud) -> None:
    broker_errors(cloud, RESET, until=FAULT + 2, apart=1.0)
    broker_errors(cloud, REFUSED, since=FAULT + 1, until=140)
    cloud.stop("rabbitmq", until=140)


def stopped(cloud: Cloud) -> None:
    cloud.rabbitmq(FAULT, "notice", "SIGTERM received - shutting down", "")
    cloud.rabbitmq(FAULT + 0.2, "info", "stopped TCP listener on 10.77.0.12:5672")
    killed(cloud)


def frozen(cloud: Cloud) -> None:
    """Connections stay open, nothing comes through; heartbeats run out, then calls."""
    cloud.stop("rabbitmq")
    broker_errors(cloud, "Too many heartbeats missed", since=FAULT + 25, until=FAULT + 40, apart=9)
    broker_errors(cloud, TIMED_OUT, since=FAULT + 30, apart=7)
    for host in cloud.site.computes:
        cloud.stop("nova-compute", FAULT + 3, host=host)
    for service in ("nova-conductor", "cinder-volume"):
        cloud.stop(service, FAULT + 3)


def memory_alarm(cloud: Cloud) -> None:
    cloud.rabbitmq(FAULT, "info", "vm_memory_high_watermark set. Memory used:7801220608 allowed:4012341248")
    cloud.rabbitmq(
        FAULT,
        "warning",
        "memory resource limit alarm set on node rabbit@ctl-a.",
        "",
        "*** Publishers will be blocked until this alarm clears ***",
    )
    blocked(cloud)


def disk_alarm(cloud: Cloud) -> None:
    cloud.rabbitmq(FAULT, "warning", "Free disk space is insufficient. Free bytes: 41230336. Limit: 50000000")
    cloud.rabbitmq(FAULT + 0.1, "warning", "disk resource limit alarm set on node rabbit@node-12.")
    blocked(cloud)


def blocked(cloud: Cloud) -> None:
    for service in present(cloud, BROKER_CLIENTS):
        for host in cloud.hosts_of(service):
            for at in cloud.every(15):
                message = "The broker has blocked the connection: connection blocked, see broker logs"
                cloud.say(
                    at, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message, host=host, context=False
                )
    rpc_timeouts(
        cloud,
        "nova-api",
        "nova.api.openstack.wsgi",
        "Unexpected exception in API method",
        'nova/compute/rpcapi.py", line 933, in reboot_instance',
    )


def blocked_without_its_log(cloud: Cloud) -> None:
    blocked(cloud)


def wrong_password_everywhere(cloud: Cloud) -> None:
    refused(cloud, present(cloud, BROKER_CLIENTS))
    for at in cloud.every(3):
        cloud.rabbitmq(
            at,
            "error",
            "Error on AMQP connection <0.3.0> (10.77.0.31:3 -> 10.77.0.12:5672, state: starting):",
            "PLAIN login refused: user 'openstack' - invalid credentials",
        )


def wrong_transport_url_of_one_service(cloud: Cloud) -> None:
    refused(cloud, ["cinder-volume", "cinder-scheduler", "cinder-api"])
    for at in cloud.every(3):
        cloud.rabbitmq(
            at,
            "error",
            "Error on AMQP connection <0.3.0> (10.77.0.31:3 -> 10.77.0.12:5672, state: starting):",
            "AMQPLAIN login refused: user 'cinder' - invalid credentials",
        )


def refused(cloud: Cloud, services: list[str]) -> None:
    reason = "(0, 0): (403) ACCESS_REFUSED - Login was refused using authentication mechanism AMQPLAIN. For details see the broker logfile."
    for service in services:
        for host in cloud.hosts_of(service):
            for at in cloud.every(5):
                message = (
                    f"Connection failed: {reason} (retrying in 2.0 seconds): amqp.exceptions.AccessRefused: {reason}"
                )
                cloud.say(
                    at, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message, host=host, context=False
                )


def partition(cloud: Cloud) -> None:
    cloud.rabbitmq(FAULT, "info", "rabbit on node rabbit@os-ctl2 down", host="os-ctl1")
    cloud.rabbitmq(FAULT + 0.1, "info", "node rabbit@os-ctl2 down: net_tick_timeout", host="os-ctl1")
    cloud.rabbitmq(
        FAULT + 5,
        "error",
        "Mnesia('rabbit@os-ctl1'): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, 'rabbit@os-ctl2'}",
        host="os-ctl1",
    )
    broker_errors(cloud, CLOSED, until=FAULT + 8, apart=2)
    rpc_timeouts(
        cloud,
        "nova-compute",
        "oslo_service.periodic_task",
        "Error during ComputeManager._sync_power_states",
        'nova/conductor/rpcapi.py", line 242, in object_class_action_versions',
        apart=30,
    )


def cut_off_host_dropped(cloud: Cloud) -> None:
    """Packets from one compute host to the broker vanish; the broker misses that host's heartbeats."""
    host = cloud.site.computes[0]
    hosts_services = ("nova-compute", "neutron-openvswitch-agent", "neutron-linuxbridge-agent")
    broker_errors(cloud, TIMED_OUT, services=hosts_services, hosts=[host], since=FAULT + 5, apart=6)
    for service in present(cloud, hosts_services):
        cloud.stop(service, FAULT + 2, host=host)
    cloud.rabbitmq(
        FAULT + 40,
        "error",
        "closing AMQP connection <0.88.0> (10.77.0.31:40112 -> 10.77.0.12:5672 - nova-compute:7:1f):",
        "missed heartbeats from client, timeout: 60s",
    )
    compute_down(cloud, [host])


def cut_off_host_unreachable(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    services = ("nova-compute", "neutron-openvswitch-agent", "neutron-linuxbridge-agent")
    broker_errors(cloud, UNREACHABLE, services=services, hosts=[host])
    compute_down(cloud, [host])


def missing_queue(cloud: Cloud) -> None:
    for host in cloud.site.computes:
        for at in cloud.every(6):
            error = f"Basic.consume: (404) NOT_FOUND - no queue 'compute.{host}' in vhost '/'"
            message = f"Failed to consume message from queue: {error}: amqp.exceptions.NotFound: {error}"
            cloud.say(
                at, "nova-compute", "ERROR", "oslo.messaging._drivers.impl_rabbit", message, host=host, context=False
            )


SCENARIOS = [
    Scenario("killed", killed, ("rabbitmq",), ("process-down",)),
    Scenario(
        "killed for good, its log missing", killed_for_good, ("rabbitmq",), ("process-down",), without=("rabbitmq",)
    ),
    Scenario("killed, under kolla", killed, ("rabbitmq",), ("process-down",), site=KOLLA),
    Scenario("killed, an old release", killed, ("rabbitmq",), ("process-down",), site=OLD),
    Scenario("killed, with OVN", killed, ("rabbitmq",), ("process-down",), site=OVN),
    Scenario(
        "killed, only the logs of nova-compute",
        killed_for_good,
        ("rabbitmq",),
        ("process-down",),
        only=("nova-compute",),
    ),
    Scenario("killed, nothing known of normal", killed, ("rabbitmq",), baseline=False),
    Scenario("stopped", stopped, ("rabbitmq",), ("process-down",), first_controller),
    Scenario("frozen", frozen, ("rabbitmq",), ("hang",)),
    Scenario("frozen, an old release", frozen, ("rabbitmq",), ("hang",), site=OLD),
    Scenario("memory alarm", memory_alarm, ("rabbitmq",), ("capacity",), first_controller),
    Scenario("disk alarm", disk_alarm, ("rabbitmq",), ("capacity",), first_controller, site=OLD),
    Scenario(
        "blocked publishers, its log missing",
        blocked_without_its_log,
        ("rabbitmq",),
        ("capacity",),
        without=("rabbitmq",),
    ),
    Scenario("password changed for all", wrong_password_everywhere, ("rabbitmq",), ("auth",)),
    Scenario(
        "transport_url of one service", wrong_transport_url_of_one_service, ("rabbitmq", "cinder-volume"), ("auth",)
    ),
    Scenario("cluster split", partition, ("rabbitmq",), ("messaging",), site=KOLLA),
    Scenario("queue missing", missing_queue, ("rabbitmq",), ("messaging",)),
    Scenario("one host's packets dropped", cut_off_host_dropped, ("network",), ("network",), first_compute),
    Scenario(
        "one host's packets dropped, under kolla",
        cut_off_host_dropped,
        ("network",),
        ("network",),
        first_compute,
        site=KOLLA,
    ),
    Scenario("one host without a route", cut_off_host_unreachable, ("network",), ("network",), first_compute),
    Scenario(
        "one host without a route, an old release",
        cut_off_host_unreachable,
        ("network",),
        ("network",),
        first_compute,
        site=OLD,
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_broker_or_the_way_to_it_is_named(scenario: Scenario) -> None:
    scenario.check()
