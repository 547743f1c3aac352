"""What a healthy cloud under load writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud import Cloud


def ordinary_traffic(cloud: Cloud) -> None:
    """What every service of a healthy cloud under load writes."""

    def at_rate(per_minute: float) -> list[float]:
        count = per_minute * cloud.load * cloud.seconds / 60.0
        return sorted(cloud.random.uniform(0.0, cloud.seconds) for _ in range(math.ceil(count)))

    def api(service: str, logger: str, per_minute: float, requests: Sequence[tuple[str, int]]) -> None:
        for moment in at_rate(per_minute):
            request, status = cloud.random.choice(requests)
            request = request.replace("UUID", cloud.uuid())
            elapsed = cloud.random.uniform(0.01, 0.6)
            line = f'10.77.0.31 "{request} HTTP/1.1" status: {status}  len: {cloud.random.randint(200, 900)} time: {elapsed:.7f}'
            cloud.say(moment, service, "INFO", logger, line)

    api(
        "nova-api", "nova.osapi_compute.wsgi.server", 60, [("GET /v2.1/servers/UUID", 200), ("POST /v2.1/servers", 202)]
    )
    api("neutron-server", "neutron.wsgi", 80, [("GET /v2.0/ports?device_id=UUID", 200), ("PUT /v2.0/ports/UUID", 200)])
    api("cinder-api", "eventlet.wsgi.server", 30, [("GET /v3/volumes/UUID", 200), ("POST /v3/volumes", 202)])
    for moment in at_rate(12):
        cloud.say(
            moment,
            "glance-api",
            "INFO",
            "eventlet.wsgi.server",
            f'10.77.0.31 - - "GET /v2/images/{cloud.uuid()} HTTP/1.1" 200 978 0.02',
        )
    for moment in at_rate(50):
        request = cloud.random.choice(["GET /allocation_candidates?limit=1000", f"PUT /allocations/{cloud.uuid()}"])
        cloud.say(
            moment,
            "placement-api",
            "INFO",
            "placement.requestlog",
            f'10.77.0.31 "{request}" status: 200 len: 451 microversion: 1.36',
        )
    for moment in at_rate(60):
        request = cloud.random.choice(["GET /v3/auth/tokens", "POST /v3/auth/tokens"])
        cloud.access(moment, request, 201 if request.startswith("POST") else 200)
    for moment in at_rate(20 if not cloud.site.early else 3):
        cloud.say(
            moment,
            "nova-conductor",
            "WARNING",
            "oslo_messaging.rpc.client",
            "Using RPCClient manually to instantiate client. Please use get_rpc_client to obtain an RPC client instance.",
        )
    for moment in at_rate(3):
        cloud.say(moment, "nova-scheduler", "INFO", "nova.scheduler.host_manager", "Host filter ignoring hosts: none")
    for moment in at_rate(1):
        cloud.say(moment, "cinder-scheduler", "INFO", "cinder.scheduler.host_manager", "Received update from a backend")
    for moment in at_rate(8):
        volume = cloud.uuid()
        flow = "cinder.volume.flows.manager.create_volume"
        cloud.say(moment, "cinder-volume", "INFO", flow, f"Volume {volume}: being created as raw")
        cloud.say(
            moment + 0.4, "cinder-volume", "INFO", flow, f"Volume volume-{volume} ({volume}): created successfully"
        )
    for host in cloud.site.computes:
        for moment in at_rate(8):
            instance = f"[instance: {cloud.uuid()}] "
            cloud.say(
                moment,
                "nova-compute",
                "INFO",
                "nova.compute.claims",
                f"{instance}Claim successful on node {host}",
                host=host,
            )
            took = f"{instance}Took {cloud.random.uniform(1, 6):.2f} seconds to build instance."
            cloud.say(moment + 3.0, "nova-compute", "INFO", "nova.compute.manager", took, host=host)
        for moment in at_rate(20):
            if cloud.site.l2_agent == "ovn-controller":
                message = f"Claiming lport {cloud.uuid()} for this chassis."
                cloud.openvswitch(moment, "ovn-controller", host, "binding", "INFO", message)
            else:
                logger, message = (
                    "neutron.agent.securitygroups_rpc",
                    f"Security group member updated ['{cloud.uuid()}']",
                )
                cloud.say(moment, cloud.site.l2_agent, "INFO", logger, message, host=host)
    for moment in at_rate(2):
        client = f"10.77.0.{cloud.random.randint(11, 30)}:{cloud.random.randint(30000, 60000)} -> 10.77.0.12:5672"
        cloud.rabbitmq(moment, "info", f"accepting AMQP connection <0.900.0> ({client})")
        cloud.rabbitmq(
            moment + 0.1,
            "info",
            f"connection <0.900.0> ({client} - nova-compute:77:{cloud.uuid()}): user 'openstack' authenticated and "
            "granted access to vhost '/'",
        )
