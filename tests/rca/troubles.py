"""What the clients of a failing component write: the wording of OpenStack's services and of the libraries under them."""

from collections.abc import Sequence

from cloud import CLEARED, FAULT, Cloud

PYTHON = "/usr/lib/python3/dist-packages"

# Logger, level and message in which each service tells of a database error {error} (class and text) or {text} (text only).
DATABASE_CLIENTS = {
    "keystone": ("keystone", "CRITICAL", "Unhandled error: {error}", 2.0),
    "nova-api": ("nova.api.openstack.wsgi", "ERROR", "Unexpected exception in API method: {error}", 5.0),
    "nova-conductor": ("oslo_messaging.rpc.server", "ERROR", "Exception during message handling: {error}", 4.0),
    "nova-scheduler": (
        "nova.servicegroup.drivers.db",
        "ERROR",
        "Unexpected error while reporting service status: {error}",
        10.0,
    ),
    "neutron-server": ("neutron.api.v2.resource", "ERROR", "index failed: No details.: {error}", 5.0),
    "placement-api": ("placement.fault_wrap", "ERROR", "Placement API unexpected error: {text}", 6.0),
    "glance-api": ("glance.common.wsgi", "ERROR", "Caught error: {text}", 10.0),
    "cinder-api": ("cinder.api.middleware.fault", "ERROR", "Caught error: <class 'oslo_db'> {text}", 10.0),
    "cinder-scheduler": ("cinder.service", "ERROR", "model server went away: {error}", 20.0),
    "cinder-volume": ("cinder.service", "ERROR", "model server went away: {error}", 20.0),
}
BROKER_CLIENTS = (
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "nova-compute",
    "neutron-server",
    "neutron-openvswitch-agent",
    "neutron-linuxbridge-agent",
    "cinder-api",
    "cinder-scheduler",
    "cinder-volume",
)

REFUSED = "[Errno 111] ECONNREFUSED"
RESET = "[Errno 104] Connection reset by peer"
TIMED_OUT = "timed out"
UNREACHABLE = "[Errno 113] EHOSTUNREACH"


def present(cloud: Cloud, services: Sequence[str]) -> list[str]:
    """Those of the services that this cloud has."""
    agents = ("neutron-openvswitch-agent", "neutron-linuxbridge-agent")
    return [service for service in services if service not in agents or service == cloud.site.l2_agent]


def repeat(
    cloud: Cloud,
    apart: float,
    service: str,
    level: str,
    logger: str,
    message: str,
    *,
    host: str | None = None,
    since: float = FAULT,
    until: float = CLEARED,
    trace: Sequence[str] = (),
    context: bool = True,
) -> None:
    """The same complaint again and again; every ``{uuid}`` in it is another one."""
    for at in cloud.every(apart, since, until):
        said = message
        while "{uuid}" in said:
            said = said.replace("{uuid}", cloud.uuid(), 1)
        cloud.say(at, service, level, logger, said, host=host, trace=trace, context=context)


def database_errors(
    cloud: Cloud,
    text: str,
    *,
    kind: str = "DBConnectionError",
    driver: str = "pymysql.err.OperationalError",
    services: Sequence[str] = tuple(DATABASE_CLIENTS),
    since: float = FAULT,
    until: float = CLEARED,
    slower: float = 1.0,
    host: str | None = None,
) -> None:
    """Every service complains of the database, each in its own words, with a traceback through oslo.db."""
    error = f"oslo_db.exception.{kind}: ({driver}) {text}"
    for service in services:
        logger, level, message, apart = DATABASE_CLIENTS[service]
        for at in cloud.every(apart * slower, since, until):
            trace = [
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/sqlalchemy/engine/base.py", line 1819, in _execute_context',
                "    self.dialect.do_execute(",
                f'  File "{PYTHON}/pymysql/connections.py", line 558, in query',
                f"{driver}: {text}",
                "",
                f"{error}",
                "(Background on this error at: https://sqlalche.me/e/14/e3q8)",
            ]
            said = message.format(error=error, text=f"({driver}) {text}")
            cloud.say(at, service, level, logger, said, trace=trace, host=host)


def remote_database_errors(cloud: Cloud, text: str, kind: str = "DBConnectionError") -> None:
    """nova-compute has no database of its own: the error comes back through nova-conductor."""
    error = f"oslo_messaging.rpc.client.RemoteError: Remote error: {kind} (pymysql.err.OperationalError) {text}"
    for host in cloud.site.computes:
        for at in cloud.every(10):
            message = f"Unexpected error while reporting service status: {error}"
            cloud.say(at, "nova-compute", "ERROR", "nova.servicegroup.drivers.db", message, host=host, context=False)


def broker_errors(
    cloud: Cloud,
    reason: str,
    *,
    services: Sequence[str] = BROKER_CLIENTS,
    since: float = FAULT,
    until: float = CLEARED,
    apart: float = 4.0,
    hosts: Sequence[str] = (),
) -> None:
    """Every service tries to reach the message broker again and again."""
    name = "ConnectionRefusedError" if "111" in reason else "socket.timeout" if "timed" in reason else "OSError"
    address = f"{cloud.controller}:5672" if not cloud.site.kolla else "10.77.0.11:5672"
    for service in present(cloud, services):
        for host in cloud.hosts_of(service):
            if hosts and host not in hosts:
                continue
            for turn, at in enumerate(cloud.every(apart, since, until)):
                if cloud.site.early:
                    message = f"AMQP server on {address} is unreachable: {reason}. Trying again in 1 seconds. Client port: None: error: {reason}"
                elif turn % 3 == 2:
                    message = f"Connection failed: {reason} (retrying in 2.0 seconds): {name}: {reason}"
                else:
                    message = f"[{cloud.uuid()}] AMQP server on {address} is unreachable: {reason}. Trying again in 1 seconds.: {name}: {reason}"
                cloud.say(
                    at, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", message, host=host, context=False
                )


def rpc_timeouts(
    cloud: Cloud,
    client: str,
    logger: str,
    message: str,
    frame: str,
    *,
    apart: float = 10.0,
    since: float = FAULT + 20,
    until: float = CLEARED + 10,
    hosts: Sequence[str] = (),
) -> None:
    """A client waits in vain for the answer to a remote procedure call; ``frame`` is the client module it called."""
    for host in hosts or cloud.hosts_of(client):
        for at in cloud.every(apart, since, until):
            ident = cloud.uuid().replace("-", "")
            error = f"oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply to message ID {ident}"
            trace = [
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/oslo_messaging/_drivers/amqpdriver.py", line 441, in get',
                "    return self._queues[msg_id].get(block=True, timeout=timeout)",
                "During handling of the above exception, another exception occurred:",
                "Traceback (most recent call last):",
                f'  File "{PYTHON}/{frame}',
                f'  File "{PYTHON}/oslo_messaging/rpc/client.py", line 190, in call',
                error,
            ]
            cloud.say(at, client, "ERROR", logger, f"{message}: {error}", host=host, trace=trace)


def conductor_timeouts(cloud: Cloud) -> None:
    """nova-compute and the API wait for nova-conductor."""
    rpc_timeouts(
        cloud,
        "nova-compute",
        "oslo_service.periodic_task",
        "Error during ComputeManager._sync_power_states",
        'nova/conductor/rpcapi.py", line 242, in object_class_action_versions',
        apart=15,
    )


def no_valid_host(
    cloud: Cloud, *, since: float = FAULT, until: float = CLEARED, why: str = "There are not enough hosts available."
) -> None:
    """nova-conductor buries the instances that could not be scheduled."""
    for at in cloud.every(9, since, until):
        error = f"nova.exception_Remote.NoValidHost_Remote: No valid host was found. {why}"
        cloud.say(at, "nova-conductor", "ERROR", "nova.conductor.manager", f"Failed to schedule instances: {error}")
        instance = f"[instance: {cloud.uuid()}] "
        cloud.say(
            at + 0.2,
            "nova-conductor",
            "WARNING",
            "nova.scheduler.utils",
            f"Failed to compute_task_build_instances: No valid host was found. {why}",
        )
        cloud.say(
            at + 0.2,
            "nova-conductor",
            "WARNING",
            "nova.scheduler.utils",
            f"{instance}Setting instance to ERROR state.: {error}",
        )


def compute_down(cloud: Cloud, hosts: Sequence[str], *, since: float = FAULT + 25, until: float = CLEARED + 20) -> None:
    """The scheduler finds hosts that have not been heard from."""
    for host in hosts:
        for at in cloud.every(12, since, until):
            message = f"({host}, {host}.example.net) ram: 3258MB disk: 32768MB io_ops: 0 instances: 0 has not been heard from in a while"
            cloud.say(at, "nova-scheduler", "WARNING", "nova.scheduler.filters.compute_filter", message)


AGENT_TYPES = {
    "neutron-openvswitch-agent": "Open vSwitch agent",
    "neutron-linuxbridge-agent": "Linux bridge agent",
    "ovn-controller": "OVN Controller agent",
}


def agents_dead(cloud: Cloud, hosts: Sequence[str], *, since: float = FAULT + 25, until: float = CLEARED + 10) -> None:
    """neutron-server misses the heartbeats of layer-2 agents and refuses to bind ports to them."""
    kind = AGENT_TYPES[cloud.site.l2_agent]
    rows = [f"{kind:>22} 2025-03-04 10:00:3{number % 10} {host}" for number, host in enumerate(hosts)]
    heading = ["                  Type       Last heartbeat host", *rows]
    for at in cloud.every(18, since, until):
        message = f"Agent healthcheck: found {len(hosts)} dead agents out of 9:\n" + "\n".join(heading)
        cloud.say(at, "neutron-server", "WARNING", "neutron.db.agents_db", message)
    for host in hosts:
        for at in cloud.every(10, since, until):
            agent = f"{{'agent_type': '{kind}', 'host': '{host}', 'alive': False}}"
            port = cloud.uuid()
            cloud.say(
                at,
                "neutron-server",
                "WARNING",
                "neutron.plugins.ml2.drivers.mech_agent",
                f"Refusing to bind port {port} to dead agent: {agent}",
            )
            failed = f"Failed to bind port {port} on host {host} for vnic_type normal using segments [{{'network_type': 'vxlan'}}]"
            cloud.say(at + 0.1, "neutron-server", "ERROR", "neutron.plugins.ml2.managers", failed)
            nova = f"[instance: {cloud.uuid()}] Instance failed to spawn: nova.exception.PortBindingFailed: Binding failed for port {port}, please check neutron logs for more information."
            cloud.say(at + 0.4, "nova-compute", "ERROR", "nova.compute.manager", nova, host=host)


def volume_down(cloud: Cloud, backend: str, *, since: float = FAULT + 25, until: float = CLEARED + 20) -> None:
    """cinder-scheduler sees a backend that stopped reporting."""
    for at in cloud.every(15, since, until):
        cloud.say(
            at,
            "cinder-scheduler",
            "WARNING",
            "cinder.scheduler.host_manager",
            f"volume service is down. (host: {backend})",
        )
        task = "cinder.scheduler.flows.create_volume.ScheduleCreateVolumeTask;volume:create"
        error = "cinder.exception.NoValidBackend: No valid backend was found. No weighed backends available"
        cloud.say(
            at + 0.1,
            "cinder-scheduler",
            "ERROR",
            "cinder.scheduler.flows.create_volume",
            f"Failed to run task {task}: No valid backend was found. No weighed backends available: {error}",
        )


def terminated(
    cloud: Cloud, service: str, *, host: str | None = None, at: float = FAULT, back: float | None = CLEARED
) -> None:
    """oslo.service's words when a service is told to stop, and when it starts again."""
    for where in [host] if host else cloud.hosts_of(service):
        logger = "oslo_service.service"
        children = service in (
            "nova-api",
            "nova-conductor",
            "neutron-server",
            "cinder-api",
            "glance-api",
            "nova-scheduler",
        )
        cloud.say(
            at,
            service,
            "INFO",
            logger,
            "Caught SIGTERM, stopping children" if children else "Caught SIGTERM, exiting",
            host=where,
            context=False,
        )
        cloud.stop(service, at, back or cloud.seconds, host=where)
        if back is not None:
            started(cloud, service, where, back)


def started(cloud: Cloud, service: str, host: str, at: float) -> None:
    """A service's first words."""
    project = service.split("-")[0]
    pid = cloud.process(service, host) + 5000
    message = f"Starting {service} node (version 26.2.1)" if project in ("nova", "cinder") else "Starting 4 workers"
    logger = f"{project}.service" if project in ("nova", "cinder") else "oslo_service.service"
    cloud.say(at, service, "INFO", logger, message, host=host, context=False, process=pid)
