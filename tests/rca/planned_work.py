"""Windows of planned work with the warnings and errors that it leaves, and failures that begin like it.

Written from the formats and sources of the programs; names, ids and times are made up. ``at`` is seconds after two o'clock.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
LENGTH = 900
Line = tuple[float, str]
Logs = dict[str, str]


def _when(at: float) -> datetime:
    return START + timedelta(seconds=at)


def oslo(at: float, level: str, logger: str, text: str, pid: int = 7) -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" {pid} {level} {logger} [-] {text}"


def syslog(at: float, host: str, program: str, text: str) -> Line:
    return at, f"{_when(at):%b %d %H:%M:%S} {host} {program}: {text}"


def rabbit(at: float, level: str, text: str) -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S.%f}+00:00 [{level}] <0.{int(at) + 300}.0> {text}"


def galera(at: float, text: str, level: str = "Note") -> Line:
    return at, f"{_when(at):%Y-%m-%d %H:%M:%S} 0 [{level}] {text}"


def ceph(at: float, text: str, level: str = "INF") -> Line:
    return at, f"{_when(at):%Y-%m-%dT%H:%M:%S.%f}+0000 mon.sto1 (mon.0) {int(at) + 100} : cluster [{level}] {text}"


def ovs(at: float, level: str, module: str, text: str) -> Line:
    return at, f"{_when(at):%Y-%m-%dT%H:%M:%S.%f}Z|{int(at) + 100:05d}|{module}|{level}|{text}"


def every(
    seconds: float, line: Callable[[float], Line], *but: tuple[float, float], until: float = LENGTH
) -> list[Line]:
    """A line every so many seconds, but for some stretches."""
    times = [number * seconds + 1.25 for number in range(int((until - 1) / seconds))]
    return [line(at) for at in times if not any(first <= at < last for first, last in but)]


def logs(files: dict[str, Iterable[Line]]) -> Logs:
    return {name: "".join(f"{text}\n" for _, text in sorted(lines)) for name, lines in files.items()}


def api(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """nova-api answers."""
    request = '10.0.0.9 "GET /v2.1/servers/detail HTTP/1.1" status: 200 len: 1893 microversion: 2.1 time: 0.12'
    return every(9, lambda at: oslo(at, "INFO", "nova.api.openstack.requestlog", request), *but, until=until)


def servers(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """neutron-server answers."""
    request = '10.0.0.9 "GET /v2.0/ports HTTP/1.1" status: 200  len: 2801 time: 0.08'
    return every(11, lambda at: oslo(at, "INFO", "neutron.wsgi", request), *but, until=until)


def compute(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """nova-compute audits."""
    view = "Final resource view: name=cmp1 phys_ram=257682MB used_ram=66048MB total_vcpus=64 used_vcpus=30 pci_stats=[]"
    return every(30, lambda at: oslo(at, "INFO", "nova.compute.resource_tracker", view), *but, until=until)


def agent(*but: tuple[float, float], until: float = LENGTH) -> list[Line]:
    """The Open vSwitch agent works."""
    logger = "neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent"
    text = "Configuration for devices up ['4cb0b67a-3b8a-4f6b-9d0c-1b3f6c7e8a90'] and devices down [] completed."
    return every(25, lambda at: oslo(at, "INFO", logger, text), *but, until=until)


def signalled(at: float, service: str, back: float, version: str = "31.0.1") -> list[Line]:
    """A service is told to stop and starts again."""
    return [
        oslo(at, "INFO", "oslo_service.service", "Caught SIGTERM, stopping children"),
        oslo(at + 1, "INFO", "oslo_service.service", "Child 26 exited with status 0"),
        oslo(back, "INFO", f"{service}.service", f"Starting {service} node (version {version})"),
        oslo(back + 1, "INFO", "oslo_service.service", "Starting 4 workers"),
    ]


def units(host: str, at: float, back: float, *names: str) -> list[Line]:
    """systemd stops units by request and starts them again."""
    told = []
    for name in names:
        told += [
            syslog(at, host, "systemd[1]", f"Stopping {name}.service - OpenStack {name}..."),
            syslog(at + 2, host, "systemd[1]", f"{name}.service: Deactivated successfully."),
            syslog(at + 2, host, "systemd[1]", f"Stopped {name}.service - OpenStack {name}."),
            syslog(back, host, "systemd[1]", f"Started {name}.service - OpenStack {name}."),
        ]
    return told


def backend(at: float, host: str, up: float | None, left: int, name: str = "nova_api") -> list[Line]:
    """A proxy loses a server and finds it again."""
    down = (
        f'Server {name}_back/{host} is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. '
        f"{left} active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
    )
    back = (
        f"Server {name}_back/{host} is UP, reason: Layer7 check passed, code: 200, check duration: 4ms. "
        f"{left + 1} active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
    )
    told = [syslog(at, "lb1", "haproxy[812]", down)]
    return told if up is None else [*told, syslog(up, "lb1", "haproxy[812]", back)]


def proxied(until: float = LENGTH) -> list[Line]:
    """The proxy passes requests on."""
    text = '10.0.0.50:41234 [10/Mar/2026:02:00:01.000] nova_api nova_api_back/ctl2 0/0/1/85/86 200 1893 - - ---- 3/1/0/0/0 0/0 "GET /v2.1/servers HTTP/1.1"'
    return every(20, lambda at: syslog(at, "lb1", "haproxy[812]", text), until=until)


def reconnects(at: float, host: str = "ctl2", wait: int = 1) -> list[Line]:
    """A client of the broker loses it and finds it again."""
    logger = "oslo.messaging._drivers.impl_rabbit"
    return [
        oslo(at, "ERROR", logger, f"[8f0d] AMQP server on {host}:5672 is unreachable: [Errno 104] Connection reset by peer. "
             f"Trying again in {wait} seconds.: ConnectionResetError: [Errno 104] Connection reset by peer"),
        oslo(at + 1, "ERROR", logger, f"[8f0d] AMQP server on {host}:5672 is unreachable: [Errno 111] ECONNREFUSED. "
             "Trying again in 1 seconds.: ConnectionRefusedError: [Errno 111] ECONNREFUSED"),
        oslo(at + 2.3, "INFO", logger, "[8f0d] Reconnected to AMQP server on ctl1:5672 via [amqp] client with port 51762."),
    ]  # fmt: skip


def lost_query(at: float) -> Line:
    return oslo(at, "ERROR", "oslo_db.sqlalchemy.exc_filters", "DB exception wrapped.: pymysql.err.OperationalError: "
                "(2013, 'Lost connection to MySQL server during query')")  # fmt: skip


def refused_query(at: float) -> Line:
    return oslo(at, "ERROR", "oslo_db.sqlalchemy.engines", "Database connection was found disconnected; reconnecting: "
                "oslo_db.exception.DBConnectionError: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on "
                "'10.0.0.5' ([Errno 111] Connection refused)\")")  # fmt: skip


def timeout(at: float, logger: str = "neutron.common.rpc", method: str = "report_state") -> Line:
    return oslo(at, "ERROR", logger, f"Timeout in RPC method {method}. Waiting for 12 seconds before next attempt. If the server "
                "is not down, consider increasing the rpc_response_timeout option as message queue may be busy.: "
                "oslo_messaging.exceptions.MessagingTimeout: Timed out waiting for a reply to message ID 5b6f")  # fmt: skip


def rolling_restart(back: bool = True) -> Logs:
    """nova-api and nova-conductor are restarted one controller after the other; the conductors may stay away."""
    files: dict[str, list[Line]] = {"lb1/haproxy.log": proxied(), "cmp1/nova-compute.log": compute()}
    for number, at in ((1, 120.0), (2, 240.0), (3, 360.0)):
        host = f"ctl{number}"
        files[f"{host}/nova-api.log"] = [*api((at, at + 12)), *signalled(at, "nova-api", at + 11)]
        conductor = every(
            40,
            lambda when: oslo(when, "INFO", "nova.conductor.manager", "Loaded 2 cells"),
            (at, at + 12 if back else LENGTH),
        )
        files[f"{host}/nova-conductor.log"] = [
            *conductor,
            *signalled(at, "nova-conductor", at + 11)[: 4 if back else 2],
        ]
        files[f"{host}/syslog"] = [
            *units(host, at, at + 10, "nova-api"),
            *units(host, at, at + 10, "nova-conductor")[: 4 if back else 3],
        ]
        files["lb1/haproxy.log"] += backend(at + 2, host, at + 14, 2)
    if not back:
        files["cmp1/nova-compute.log"] += [
            timeout(at, "nova.compute.manager", "update_available_resource") for at in range(430, 890, 60)
        ]
        files["ctl1/nova-api.log"] += [
            oslo(at, "ERROR", "nova.api.openstack.wsgi", "Unexpected exception in API method: oslo_messaging.exceptions.MessagingTimeout: "
                 "Timed out waiting for a reply to message ID 77d1") for at in range(440, 890, 45)]  # fmt: skip
    return logs(files)


def host_reboot(back: bool = True) -> Logs:
    """A compute host is drained by live migration and rebooted; its service may not start any more."""
    moved = [
        oslo(60 + 30 * number, "INFO", "nova.compute.manager", f"[instance: 4cb0b67a-3b8a-4f6b-9d0c-1b3f6c7e8a9{number}] {text}")
        for number in range(3) for text in ("Migrating instance to cmp2 finished successfully.", "VM Migration completed")
    ]  # fmt: skip
    away = (200.0, 420.0 if back else LENGTH)
    journal = [
        syslog(200, "cmp1", "systemd-logind[901]", "The system will reboot now!"),
        syslog(200, "cmp1", "systemd[1]", "Stopping nova-compute.service - OpenStack Nova Compute..."),
        syslog(203, "cmp1", "systemd[1]", "Stopped nova-compute.service - OpenStack Nova Compute."),
        syslog(205, "cmp1", "systemd[1]", "Reached target reboot.target - System Reboot."),
        syslog(395, "cmp1", "kernel", "Linux version 6.8.0-55-generic (buildd@lcy02) #57-Ubuntu SMP"),
        syslog(
            399,
            "cmp1",
            "kernel",
            "ACPI: \\_SB_.PCI0: _OSC: OS supports [ExtendedConfig ASPM ClockPM Segments MSI HPX-Type3]",
        ),
        syslog(405, "cmp1", "systemd[1]", "Started libvirtd.service - libvirt legacy monolithic daemon."),
    ]
    told = signalled(201, "nova-compute", 420)
    if back:
        journal.append(syslog(419, "cmp1", "systemd[1]", "Started nova-compute.service - OpenStack Nova Compute."))
    else:
        journal += [
            line for at in (419, 430, 441)
            for line in (
                syslog(at, "cmp1", "systemd[1]", "Started nova-compute.service - OpenStack Nova Compute."),
                syslog(at + 4, "cmp1", "systemd[1]", "nova-compute.service: Main process exited, code=exited, status=1/FAILURE"),
                syslog(at + 4, "cmp1", "systemd[1]", "nova-compute.service: Failed with result 'exit-code'."),
            )
        ]  # fmt: skip
        journal.append(
            syslog(446, "cmp1", "systemd[1]", "Failed to start nova-compute.service - OpenStack Nova Compute.")
        )
        told = told[:2]
    down = [
        oslo(
            at,
            "INFO",
            "nova.servicegroup.drivers.db",
            "Service nova-compute on cmp1 is down: last heartbeat was at 02:03:15",
        )
        for at in range(500, 890, 60)
    ]
    return logs({
        "cmp1/nova-compute.log": [*compute(away), *moved, *told],
        "cmp1/syslog": journal,
        "ctl1/nova-api.log": [*api(), oslo(40, "INFO", "nova.api.openstack.requestlog", '10.0.0.9 "PUT /v2.1/os-services/8d2c HTTP/1.1" status: 200 len: 390 time: 0.1')],
        "ctl1/nova-scheduler.log": [*every(60, lambda at: oslo(at, "INFO", "nova.scheduler.host_manager", "Host filter ignoring hosts: cmp1")), *([] if back else down)],
    })  # fmt: skip


def galera_node(back: bool = True) -> Logs:
    """One of three database nodes is stopped and joins again; or cannot, and the rest loses its quorum."""
    own = [
        *every(60, lambda at: galera(at, "InnoDB: Buffer pool(s) dump completed"), (180, LENGTH)),
        galera(181, "/usr/sbin/mariadbd (initiated by: unknown): Normal shutdown"),
        galera(182, "WSREP: Shutdown replication"), galera(183, "WSREP: Closing send monitor..."),
        galera(184, "InnoDB: Starting shutdown..."), galera(187, "/usr/sbin/mariadbd: Shutdown complete"),
        galera(300, "Starting MariaDB 10.11.11-MariaDB source revision as process 1"),
    ]  # fmt: skip
    joined = [
        galera(305, "WSREP: Receiving IST: 312 writesets, seqnos 81200-81512"), galera(308, "WSREP: IST received: 6f0c:81512"),
        galera(309, "WSREP: Server status change joined -> synced"), galera(309, "WSREP: Synchronized with group, ready for connections"),
        galera(310, "/usr/sbin/mariadbd: ready for connections."),
        *[galera(at, "InnoDB: Buffer pool(s) dump completed") for at in (420, 480, 540, 600)],
    ]  # fmt: skip
    other = [galera(10, "WSREP: Synchronized with group, ready for connections"),
             galera(188, "WSREP: forgetting 8d2c (tcp://10.0.0.12:4567)"), galera(188, "WSREP: New COMPONENT: primary = yes, bootstrap = no, my_idx = 0, memb_num = 2")]  # fmt: skip
    clients = [lost_query(182.4)]
    if back:
        other += [
            galera(306, "WSREP: New COMPONENT: primary = yes, bootstrap = no, my_idx = 0, memb_num = 3"),
            galera(309, "WSREP: Member 1.0 (db2) synced with group."),
        ]
    else:
        joined = [
            galera(306, "WSREP: SST request failed: Broken pipe", "ERROR"),
            galera(307, "WSREP: Failed to prepare for 'rsync' SST. Unrecoverable.", "ERROR"),
            galera(308, "Aborting", "ERROR"),
        ]
        other += [galera(310, "WSREP: New COMPONENT: primary = no, bootstrap = no, my_idx = 0, memb_num = 1"), galera(311, "WSREP: Received NON-PRIMARY.", "Warning"),
                  galera(312, "WSREP: Server status change synced -> connected")]  # fmt: skip
        clients += [
            oslo(at, "ERROR", "oslo_db.sqlalchemy.exc_filters", "DBAPIError exception wrapped.: pymysql.err.OperationalError: (1047, 'WSREP has not yet prepared node for application use')")
            for at in range(313, 890, 20)
        ]  # fmt: skip
    return logs({
        "db2/mariadb.log": [*own, *joined], "db1/mariadb.log": other,
        "ctl1/nova-api.log": [*api(*([] if back else [(312, LENGTH)])), *clients],
        "lb1/haproxy.log": [*proxied(), *backend(183, "db2", 312 if back else None, 2, "mariadb")],
    })  # fmt: skip


def broker_node(back: bool = True) -> Logs:
    """One of three brokers is drained and restarted; or all of them stay away."""
    own = [
        *every(50, lambda at: rabbit(at, "info", "connection <0.812.0> (10.0.0.21:51762 -> 10.0.0.12:5672): user 'openstack' authenticated and granted access to vhost '/'"), (120, 210 if back else LENGTH)),
        rabbit(120, "warning", "This node is being put into maintenance (drain) mode"),
        rabbit(120.3, "warning", "Suspended all listeners and will no longer accept client connections"),
        rabbit(120.6, "warning", "Closed 41 local client connections"),
        rabbit(121, "warning", "Node rabbit@ctl2 is now ready for maintenance"),
        rabbit(140, "info", "RabbitMQ is asked to stop..."), rabbit(142, "info", "Successfully stopped RabbitMQ and its dependencies"),
        rabbit(200, "info", "Starting RabbitMQ 3.13.7 on Erlang 26.2.5"),
    ]  # fmt: skip
    if back:
        own += [
            rabbit(205, "info", "started TCP listener on 10.0.0.12:5672"),
            rabbit(207, "info", "Server startup complete; 5 plugins started."),
        ]
    else:
        own += [rabbit(205, "error", "BOOT FAILED"), rabbit(205.2, "error", "Error during startup: {error,{schema_integrity_check_failed,[{table_missing,rabbit_listener}]}}"),
                rabbit(205.4, "error", "Halting Erlang VM with the following application: rabbit")]  # fmt: skip
    peer = [
        rabbit(143, "info", "rabbit on node rabbit@ctl2 down"),
        rabbit(143.2, "info", "node rabbit@ctl2 down: connection_closed"),
    ]
    peer += [rabbit(206, "info", "node rabbit@ctl2 up")] if back else []
    lost = [
        oslo(at, "ERROR", "oslo.messaging._drivers.impl_rabbit", "[8f0d] AMQP server on ctl2:5672 is unreachable: [Errno 111] ECONNREFUSED. Trying again in 30 seconds.: ConnectionRefusedError: [Errno 111] ECONNREFUSED")
        for at in range(150, 890, 30)
    ]  # fmt: skip
    return logs({
        "ctl2/rabbitmq.log": own, "ctl1/rabbitmq.log": peer,
        "cmp1/nova-compute.log": [*compute(*([] if back else [(150, LENGTH)])), *reconnects(120.7), *([] if back else lost)],
        "net1/neutron-openvswitch-agent.log": [*agent(), *reconnects(120.9), *([] if back else [timeout(at) for at in range(200, 890, 60)])],
        "ctl1/neutron-server.log": [*servers(), *reconnects(121.1), *([] if back else lost)],
    })  # fmt: skip


def certificate(back: bool = True) -> Logs:
    """A certificate is renewed and the proxy reloaded; or the new one cannot be read."""
    renewed = [
        syslog(60, "lb1", "certbot[5120]", "Renewing an existing certificate for cloud.example.org"),
        syslog(66, "lb1", "certbot[5120]", "Successfully received certificate."),
        syslog(67, "lb1", "systemd[1]", "Reloading haproxy.service - HAProxy Load Balancer..."),
    ]
    if back:
        renewed += [
            syslog(68, "lb1", "haproxy[700]", "[NOTICE]   (700) : Reloading HAProxy"),
            syslog(68, "lb1", "haproxy[700]", "[NOTICE]   (700) : New worker (5190) forked"),
            syslog(68, "lb1", "haproxy[700]", "[NOTICE]   (700) : Loading success."),
            syslog(
                68,
                "lb1",
                "haproxy[812]",
                "[WARNING]  (812) : Proxy nova_api stopped (cumulated conns: FE: 81203, BE: 0).",
            ),
            syslog(68, "lb1", "systemd[1]", "Reloaded haproxy.service - HAProxy Load Balancer."),
            syslog(98, "lb1", "haproxy[700]", "[WARNING]  (700) : Former worker (812) exited with code 0 (Exit)"),
        ]
    else:
        renewed += [
            syslog(
                68,
                "lb1",
                "haproxy[5190]",
                "[ALERT]    (5190) : config : parsing [/etc/haproxy/haproxy.cfg:41] : 'bind *:8774' in section 'frontend' : unable to load SSL private key from file '/etc/haproxy/ssl/cloud.pem'.",
            ),
            syslog(68, "lb1", "haproxy[5190]", "[ALERT]    (5190) : config : Fatal errors found in configuration."),
            syslog(69, "lb1", "systemd[1]", "haproxy.service: Main process exited, code=exited, status=1/FAILURE"),
            syslog(69, "lb1", "systemd[1]", "haproxy.service: Failed with result 'exit-code'."),
            syslog(69, "lb1", "systemd[1]", "Failed to start haproxy.service - HAProxy Load Balancer."),
        ]
    refused = [
        oslo(at, "WARNING", "keystonemiddleware.auth_token", "Identity response: Unable to establish connection to https://cloud.example.org:5000/v3/auth/tokens: HTTPSConnectionPool(host='cloud.example.org', port=5000): Max retries exceeded: [Errno 111] Connection refused")
        for at in range(75, 890, 15)
    ]  # fmt: skip
    ends = LENGTH if back else 66
    return logs({
        "lb1/syslog": [*proxied(ends), *renewed],
        "ctl1/horizon-apache.log": [
            (69, f"[{_when(69):%a %b %d %H:%M:%S.%f %Y}] [mpm_event:notice] [pid 812:tid 140] AH00493: SIGUSR1 received.  Doing graceful restart"),
            (69.5, f"[{_when(69.5):%a %b %d %H:%M:%S.%f %Y}] [mpm_event:notice] [pid 812:tid 140] AH00489: Apache/2.4.58 (Ubuntu) OpenSSL/3.0.13 mod_wsgi/5.0.0 configured -- resuming normal operations"),
        ],
        "ctl1/nova-api.log": [*api(*([] if back else [(70, LENGTH)])), *([] if back else refused)],
    })  # fmt: skip


def upgrade(back: bool = True) -> Logs:
    """Packages are upgraded, the schema is migrated, services restart; or the migration fails and is missed."""
    dpkg = [
        (at, f"{_when(at):%Y-%m-%d %H:%M:%S} {text}") for at, text in (
            (60, "startup archives unpack"), (61, "upgrade nova-common:all 3:30.0.0-0ubuntu1 3:31.0.0-0ubuntu1"),
            (64, "status half-configured nova-common:all 3:30.0.0-0ubuntu1"), (70, "status installed nova-common:all 3:31.0.0-0ubuntu1"),
            (75, "status installed nova-api:all 3:31.0.0-0ubuntu1"),
        )
    ]  # fmt: skip
    manage = [
        oslo(at, "INFO", "alembic.runtime.migration", text)
        for at, text in (
            (80, "Context impl MySQLImpl."),
            (80.2, "Will assume non-transactional DDL."),
            (81, "Running upgrade 2903cd72dc14 -> d60bddf7a903, add_constraint_instance_share_avoid_duplicates"),
        )
    ]
    if not back:
        manage.append(
            oslo(
                82,
                "CRITICAL",
                "nova",
                "Unhandled error: oslo_db.exception.DBError: (pymysql.err.OperationalError) (1142, \"ALTER command denied to user 'nova'@'10.0.0.21' for table 'share_mapping'\")",
            )
        )
    unknown = "(pymysql.err.OperationalError) (1054, \"Unknown column 'instances.compute_id' in 'SELECT'\")"
    failing = [
        oslo(
            at,
            "ERROR",
            "nova.api.openstack.wsgi",
            f"Unexpected exception in API method: oslo_db.exception.DBError: {unknown}",
        )
        for at in range(110, 890, 12)
    ]
    new = [oslo(104, "WARNING", "oslo_config.cfg", 'Deprecated: Option "api_servers" from group "glance" is deprecated for removal (use endpoint_override).'),
           oslo(105, "WARNING", "nova.db.main.api", "Service nova-compute on cmp1 runs version 66, this node runs 68")]  # fmt: skip
    return logs({
        "ctl1/dpkg.log": dpkg, "ctl1/nova-manage.log": manage, "ctl1/syslog": units("ctl1", 90, 100, "nova-api", "nova-scheduler"),
        "ctl1/nova-api.log": [*api((90, 108), *([] if back else [(108, LENGTH)])), *signalled(91, "nova-api", 101), *new, *([] if back else failing)],
        "ctl1/nova-scheduler.log": [*every(40, lambda at: oslo(at, "INFO", "nova.scheduler.host_manager", "Received a sync request from an unknown host 'cmp1'. Re-created its InstanceList."), (90, 102)), *signalled(91, "nova-scheduler", 101)],
        "cmp1/nova-compute.log": [*compute(), timeout(96, "nova.servicegroup.drivers.db", "service_update")],
    })  # fmt: skip


def osd_out(back: bool = True) -> Logs:
    """An OSD is stopped with noout set, its disk is exchanged and it comes back; or several crash."""
    told = [
        ceph(20, "pgmap v81: 129 pgs: 129 active+clean; 1.2 TiB data, 3.6 TiB used, 20 TiB / 24 TiB avail"),
        ceph(60, "noout flag(s) set", "WRN"), ceph(60.1, "Health check failed: noout flag(s) set (OSDMAP_FLAGS)", "WRN"),
    ]  # fmt: skip
    if back:
        told += [
            ceph(90, "osd.4 marked itself down and dead"), ceph(90.5, "Health check failed: 1 osds down (OSD_DOWN)", "WRN"),
            ceph(92, "Health check failed: Degraded data redundancy: 1204/36120 objects degraded (3.333%), 16 pgs degraded (PG_DEGRADED)", "WRN"),
            ceph(400, "Health check cleared: OSD_DOWN (was: 1 osds down)"), ceph(400.2, "osd.4 [v2:10.0.1.14:6800/81] boot"),
            ceph(430, "Health check cleared: PG_DEGRADED (was: Degraded data redundancy: 1204/36120 objects degraded (3.333%), 16 pgs degraded)"),
            ceph(440, "Health check cleared: OSDMAP_FLAGS (was: noout flag(s) set)"), ceph(440.1, "Cluster is now healthy"),
            *every(60, lambda at: ceph(at, "pgmap v99: 129 pgs: 113 active+clean, 16 active+undersized+degraded; 1.2 TiB data"), (0, 100)),
        ]  # fmt: skip
        osd = units("sto4", 89, 398, "ceph-osd@4")
        volume: list[Line] = []
    else:
        told += [
            ceph(90, "osd.4 failed (root=default,host=sto4) (2 reporters from different host after 21.000 >= grace 20.000)"),
            ceph(91, "osd.5 failed (root=default,host=sto5) (2 reporters from different host after 21.000 >= grace 20.000)"),
            ceph(92, "Health check failed: 2 osds down (OSD_DOWN)", "WRN"),
            ceph(94, "Health check failed: Reduced data availability: 31 pgs inactive (PG_AVAILABILITY)", "WRN"),
            *[ceph(at, "Health check update: 48 slow ops, oldest one blocked for 120 sec, daemons [osd.1,osd.2] have slow ops. (SLOW_OPS)", "WRN") for at in range(120, 890, 30)],
        ]  # fmt: skip
        osd = [
            syslog(88, "sto4", "ceph-osd[4012]", "*** Caught signal (Aborted) ** in thread 7f2a thread_name:tp_osd_tp"),
            syslog(89, "sto4", "systemd[1]", "ceph-osd@4.service: Main process exited, code=killed, status=6/ABRT"),
            syslog(89, "sto4", "systemd[1]", "ceph-osd@4.service: Failed with result 'signal'."),
        ]
        volume = [
            oslo(
                at,
                "ERROR",
                "cinder.volume.drivers.rbd",
                "Error connecting to ceph cluster.: rados.TimedOut: [errno 110] RADOS timed out (error connecting to the cluster)",
            )
            for at in range(130, 890, 40)
        ]
    return logs({
        "sto1/ceph.log": told, "sto4/syslog": osd,
        "sto1/cinder-volume.log": [*every(60, lambda at: oslo(at, "INFO", "cinder.volume.manager", "Updating volume status"), *([] if back else [(100, LENGTH)])), *volume],
    })  # fmt: skip


def switch_over(back: bool = True) -> Logs:
    """The virtual address is moved by hand and back; or nobody takes it."""
    first = [
        syslog(60, "lb1", "systemd[1]", "Stopping keepalived.service - Keepalive Daemon (LVS and VRRP)..."),
        syslog(60, "lb1", "Keepalived[900]", "Stopping"), syslog(60, "lb1", "Keepalived_vrrp[902]", "(VI_1) sent 0 priority"),
        syslog(61, "lb1", "Keepalived_vrrp[902]", "Stopped"), syslog(61, "lb1", "systemd[1]", "Stopped keepalived.service - Keepalive Daemon (LVS and VRRP)."),
    ]  # fmt: skip
    second: list[Line] = []
    clients = [lost_query(62), *reconnects(62)]
    if back:
        second += [
            syslog(61, "lb2", "Keepalived_vrrp[881]", "(VI_1) Entering MASTER STATE"),
            syslog(
                302,
                "lb2",
                "Keepalived_vrrp[881]",
                "(VI_1) Master received advert from 10.0.0.2 with higher priority 150, ours 100",
            ),
            syslog(302, "lb2", "Keepalived_vrrp[881]", "(VI_1) Entering BACKUP STATE"),
        ]
        first += [syslog(300, "lb1", "systemd[1]", "Started keepalived.service - Keepalive Daemon (LVS and VRRP)."), syslog(300, "lb1", "Keepalived[1200]", "Starting Keepalived v2.2.8 (04/04,2023)"),
                  syslog(302, "lb1", "Keepalived_vrrp[1202]", "(VI_1) Entering MASTER STATE")]  # fmt: skip
        clients += [refused_query(302.5)]
    else:
        second += [
            syslog(61, "lb2", "Keepalived_vrrp[881]", "Script `chk_haproxy` now returning 1"),
            syslog(62, "lb2", "Keepalived_vrrp[881]", "VRRP_Script(chk_haproxy) failed (exited with status 1)"),
            syslog(62, "lb2", "Keepalived_vrrp[881]", "(VI_1) Entering FAULT STATE"),
        ]
        clients += [
            oslo(
                at,
                "ERROR",
                "oslo_db.sqlalchemy.engines",
                "Database connection was found disconnected; reconnecting: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on '10.0.0.5' ([Errno 113] No route to host)\")",
            )
            for at in range(70, 890, 20)
        ]
    return logs(
        {
            "lb1/syslog": first,
            "lb2/syslog": second,
            "ctl1/nova-api.log": [*api(*([] if back else [(65, LENGTH)])), *clients],
        }
    )


def agents(back: bool = True) -> Logs:
    """Agents restart after a package update; or one cannot be loaded any more."""
    away = (65.0, 82.0 if back else LENGTH)
    told = signalled(66, "neutron-openvswitch-agent", 80)
    journal = [
        syslog(
            50,
            "net1",
            "apt.systemd.daily[4100]",
            "unattended-upgrades: Packages that will be upgraded: neutron-common neutron-openvswitch-agent python3-neutron",
        )
    ]
    trace = [
        oslo(
            at,
            "CRITICAL",
            "neutron",
            "Unhandled error: ImportError: cannot import name 'ovs_lib_ng' from 'neutron.agent.common'",
        )
        for at in (81, 92, 103)
    ]
    if back:
        journal += units("net1", 65, 79, "neutron-openvswitch-agent", "neutron-l3-agent", "neutron-dhcp-agent")
        told += [
            oslo(
                84,
                "INFO",
                "neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent",
                "Agent initialized successfully, now running...",
            ),
            timeout(83),
        ]
    else:
        journal += units("net1", 65, 79, "neutron-openvswitch-agent")
        journal += [
            line
            for at in (82, 93, 104)
            for line in (
                syslog(
                    at,
                    "net1",
                    "systemd[1]",
                    "neutron-openvswitch-agent.service: Main process exited, code=exited, status=1/FAILURE",
                ),
                syslog(at, "net1", "systemd[1]", "neutron-openvswitch-agent.service: Failed with result 'exit-code'."),
            )
        ]
        journal.append(
            syslog(
                105,
                "net1",
                "systemd[1]",
                "Failed to start neutron-openvswitch-agent.service - Neutron Open vSwitch Agent.",
            )
        )
        told = [*told[:2], *trace]
    server = [
        oslo(
            at,
            "WARNING",
            "neutron.db.agents_db",
            "Agent healthcheck: found 1 dead agents out of 9:\n                Type       Last heartbeat host\nOpen vSwitch agent 2026-03-10 02:01:01 net1",
        )
        for at in range(150, 890, 60)
    ]
    l3 = every(
        45,
        lambda at: oslo(
            at,
            "INFO",
            "neutron.agent.l3.agent",
            "Finished a router update for 1b3f6c7e-3b8a-4f6b-9d0c-4cb0b67a8a90, update_id 8d2c.",
        ),
        *([(65, 82)] if back else []),
    )
    return logs({
        "net1/syslog": journal, "net1/neutron-openvswitch-agent.log": [*agent(away), *told],
        "net1/neutron-l3-agent.log": [*l3, *(signalled(66, "neutron-l3-agent", 80) if back else [])],
        "ctl1/neutron-server.log": [*servers(), *([] if back else server)],
    })  # fmt: skip


def containers(back: bool = True) -> Logs:
    """kolla makes a container anew; or it ends again and again for its configuration."""
    dockerd = [
        syslog(60, "ctl1", "dockerd[700]", 'time="2026-03-10T02:01:00Z" level=info msg="Container failed to exit within 10s of signal 15 - using the force" container=8d2c4cb0'),
        syslog(61, "ctl1", "dockerd[700]", 'time="2026-03-10T02:01:01Z" level=info msg="ignoring event" container=8d2c4cb0 module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"'),
        syslog(61, "ctl1", "systemd[1]", "kolla-nova_api-container.service: Deactivated successfully."),
        syslog(61, "ctl1", "systemd[1]", "Stopped kolla-nova_api-container.service - docker nova_api."),
        syslog(70, "ctl1", "systemd[1]", "Started kolla-nova_api-container.service - docker nova_api."),
    ]  # fmt: skip
    told = [
        oslo(50, "INFO", "oslo_service.service", "Caught SIGTERM, stopping children"),
        oslo(51, "INFO", "oslo_service.service", "Child 26 exited with status 0"),
    ]
    start = [
        oslo(75, "INFO", "nova.osapi_compute.wsgi.server", "(7) wsgi starting up on http://10.0.0.21:8774"),
        oslo(
            76,
            "WARNING",
            "oslo_policy.policy",
            "JSON formatted policy_file support is deprecated since Victoria release.",
        ),
    ]
    if not back:
        dockerd += [
            syslog(at, "ctl1", "systemd[1]", text)
            for at in (78, 90, 102)
            for text in (
                "kolla-nova_api-container.service: Main process exited, code=exited, status=1/FAILURE",
                "kolla-nova_api-container.service: Failed with result 'exit-code'.",
            )
        ]
        start = [
            oslo(
                at,
                "CRITICAL",
                "nova",
                "Unhandled error: oslo_config.cfg.ConfigFileValueError: Value for option workers from LocationInfo(location=<Locations.user: (4, True)>, detail='/etc/nova/nova.conf') is not valid: invalid literal for int() with base 10: 'four'",
            )
            for at in (77, 89, 101)
        ]
    return logs({
        "ctl1/syslog": dockerd, "ctl1/nova-api.log": [*api((50, 78 if back else LENGTH)), *told, *start],
        "lb1/haproxy.log": [*proxied(), *backend(52, "ctl1", 80 if back else None, 2 if back else 0)],
        "cmp1/nova-compute.log": compute(),
    })  # fmt: skip


def pods(back: bool = True) -> Logs:
    """helm rolls out a deployment; or the new pods crash again and again."""
    head = "LAST SEEN   TYPE      REASON              OBJECT                              MESSAGE"
    rows = [
        "5m          Normal    ScalingReplicaSet   deployment/glance-api               Scaled up replica set glance-api-7d9f to 1",
        "5m          Normal    Created             pod/glance-api-7d9f-x2k4q           Created container glance-api",
        "5m          Normal    Started             pod/glance-api-7d9f-x2k4q           Started container glance-api",
        '4m50s       Warning   Unhealthy           pod/glance-api-7d9f-x2k4q           Readiness probe failed: Get "http://10.244.1.17:9292/healthcheck": dial tcp 10.244.1.17:9292: connect: connection refused',
    ]  # fmt: skip
    if back:
        rows += ["4m          Normal    Killing             pod/glance-api-5c8b-9m2tt           Stopping container glance-api",
                 "4m          Normal    ScalingReplicaSet   deployment/glance-api               Scaled down replica set glance-api-5c8b to 0"]  # fmt: skip
    else:
        rows += [
            "1m          Warning   BackOff             pod/glance-api-7d9f-x2k4q           Back-off restarting failed container glance-api in pod glance-api-7d9f-x2k4q_openstack(8d2c)"
        ] * 3
    request = '10.0.0.9 - - "GET /v2/images HTTP/1.1" 200 5120 0.04'
    told = [
        *every(12, lambda at: oslo(at, "INFO", "eventlet.wsgi.server", request), *([] if back else [(120, LENGTH)]))
    ]
    told += (
        [oslo(125, "INFO", "glance.common.wsgi", "Caught SIGTERM, stopping children")]
        if back
        else [
            oslo(
                at,
                "CRITICAL",
                "glance",
                "Unhandled error: glance_store.exceptions.BadStoreConfiguration: Store rbd could not be configured correctly. Reason: Could not find /etc/ceph/ceph.conf",
            )
            for at in range(125, 880, 60)
        ]
    )
    fails = [
        oslo(
            at,
            "ERROR",
            "nova.image.glance",
            "Error contacting glance server 'http://glance-api:9292' for 'get', done trying.: glanceclient.exc.CommunicationError: Error finding address for http://glance-api:9292/v2/images: [Errno 111] Connection refused",
        )
        for at in range(140, 890, 50)
    ]
    return {"events.txt": "\n".join([head, *rows]) + "\n"} | logs(
        {"k8s/glance-api.log": told, "k8s/nova-compute.log": [*compute(), *([] if back else fails)]}
    )


def rotation(back: bool = True) -> Logs:
    """Logs are rotated and writers told; or the signal ends one of them."""
    journal = [
        syslog(60, "ctl1", "systemd[1]", "Starting logrotate.service - Rotate log files..."),
        syslog(
            61,
            "ctl1",
            "rsyslogd[640]",
            '[origin software="rsyslogd" swVersion="8.2312.0" x-pid="640"] rsyslogd was HUPed',
        ),
        syslog(63, "ctl1", "systemd[1]", "logrotate.service: Deactivated successfully."),
        syslog(63, "ctl1", "systemd[1]", "Finished logrotate.service - Rotate log files."),
    ]
    volume = [
        oslo(
            62,
            "INFO",
            "oslo_service.service",
            "Caught SIGHUP, reloading configuration" if back else "Caught SIGHUP, exiting. Use SIGTERM to stop.",
        )
    ]
    lost: list[Line] = []
    if not back:
        journal += [
            syslog(62, "ctl1", "systemd[1]", "cinder-volume.service: Main process exited, code=killed, status=1/HUP"),
            syslog(62, "ctl1", "systemd[1]", "cinder-volume.service: Failed with result 'signal'."),
        ]
        lost = [
            oslo(at, "WARNING", "cinder.scheduler.host_manager", "volume service is down. (host: ctl1@lvm)")
            for at in range(150, 890, 30)
        ]
        lost += [
            oslo(
                at,
                "ERROR",
                "cinder.scheduler.flows.create_volume",
                "Failed to run task cinder.scheduler.flows.create_volume.ScheduleCreateVolumeTask;volume:create: No valid backend was found. No weighed backends available",
            )
            for at in range(160, 890, 70)
        ]
    else:
        volume += [
            oslo(63, "INFO", "cinder.volume.manager", "Starting volume driver LVMVolumeDriver (3.0.0)"),
            oslo(64, "INFO", "cinder.volume.manager", "Driver initialization completed successfully."),
        ]
    return logs({
        "ctl1/syslog": journal,
        "ctl1/cinder-volume.log": [*every(60, lambda at: oslo(at, "INFO", "cinder.volume.manager", "Updating volume status"), *([] if back else [(62, LENGTH)])), *volume],
        "ctl1/cinder-scheduler.log": [*every(60, lambda at: oslo(at, "INFO", "cinder.scheduler.host_manager", "Received volume service update from ctl1@lvm")), *lost],
        "ctl1/apache-error.log": [(62, f"[{_when(62):%a %b %d %H:%M:%S.%f %Y}] [mpm_event:notice] [pid 812:tid 140] AH00493: SIGUSR1 received.  Doing graceful restart")],
    })  # fmt: skip


def backup(back: bool = True) -> Logs:
    """The database is copied by a desynchronised member; or the copy fills its disk."""
    job = [
        syslog(
            60, "db2", "CRON[8120]", "(root) CMD (/usr/local/sbin/mariabackup --backup --target-dir=/var/backups/mysql)"
        )
    ]
    own = [
        galera(62, "WSREP: Server status change synced -> donor"), galera(62.1, "WSREP: Member 1.0 (db2) desyncs itself from group"),
        galera(62.2, "WSREP: Shifting SYNCED -> DONOR/DESYNCED (TO: 81512)"),
    ]  # fmt: skip
    clients: list[Line] = []
    if back:
        job.append(syslog(420, "db2", "mariabackup[8121]", "[00] 2026-03-10 02:07:00 completed OK!"))
        own += [galera(419, "WSREP: Member 1.0 (db2) resyncs itself to group."), galera(419.1, "WSREP: Shifting DONOR/DESYNCED -> JOINED (TO: 82010)"), galera(420, "WSREP: Member 1.0 (db2) synced with group."), galera(420.1, "WSREP: Shifting JOINED -> SYNCED (TO: 82012)"),
                galera(200, "Aborted connection 812 to db: 'nova' user: 'nova' host: '10.0.0.21' (Got timeout reading communication packets)", "Warning")]  # fmt: skip
    else:
        own += [galera(200, "mariadbd: Disk full (/var/lib/mysql/binlog.000812); waiting for someone to free some space... (errno: 28 \"No space left on device\")", "ERROR"),
                galera(201, "InnoDB: Write error: errno 28, No space left on device", "ERROR")]  # fmt: skip
        clients = [
            oslo(
                at,
                "ERROR",
                "oslo_db.sqlalchemy.exc_filters",
                "DBAPIError exception wrapped.: pymysql.err.InternalError: (1021, 'Disk full (/tmp/#sql-temptable); waiting for someone to free some space... (errno: 28 \"No space left on device\")')",
            )
            for at in range(205, 890, 20)
        ]
    return logs(
        {
            "db2/syslog": job,
            "db2/mariadb.log": own,
            "ctl1/nova-api.log": [*api(*([] if back else [(204, LENGTH)])), *clients],
        }
    )


def cache(back: bool = True) -> Logs:
    """memcached is restarted; or stays away."""
    journal = units("ctl1", 60, 63, "memcached")[: 4 if back else 3]
    dead = [
        oslo(
            at,
            "ERROR",
            "oslo_cache._memcache_pool",
            "Memcached: MemcacheConnectionError: 10.0.0.21:11211: Connection refused. Marking server 10.0.0.21:11211 dead",
        )
        for at in ([61] if back else range(61, 890, 15))
    ]
    request = '10.0.0.9 - - "GET /v3/auth/tokens HTTP/1.1" 200 1473'
    return logs({
        "ctl1/syslog": journal,
        "ctl1/keystone.log": [*every(8, lambda at: oslo(at, "INFO", "keystone.server.flask.request_processing.req_logging", request)), *dead],
        "ctl1/nova-api.log": [*api(), *[oslo(at + 0.5, "WARNING", "keystonemiddleware.auth_token._cache", "Unable to connect to memcached 10.0.0.21:11211: [Errno 111] Connection refused") for at, _ in dead]],
    })  # fmt: skip


def network_server(back: bool = True) -> Logs:
    """neutron-server is restarted and its agents wait; or it crashes again and again."""
    told = signalled(60, "neutron-server", 75)
    journal = units("ctl1", 60, 74, "neutron-server")
    waits = [timeout(70), timeout(72.5, method="get_devices_details_list_and_failed_devices")]
    if not back:
        told = []
        journal = [
            syslog(at, "ctl1", "systemd[1]", text)
            for at in (60, 75, 90)
            for text in (
                "neutron-server.service: Main process exited, code=killed, status=11/SEGV",
                "neutron-server.service: Failed with result 'signal'.",
            )
        ]
        journal.append(syslog(91, "ctl1", "systemd[1]", "neutron-server.service: Start request repeated too quickly."))
        waits = [timeout(at) for at in range(70, 890, 30)]
        waits += [
            oslo(
                at,
                "ERROR",
                "nova.network.neutron",
                "Unable to establish connection to http://ctl1:9696/v2.0/ports: HTTPConnectionPool(host='ctl1', port=9696): Max retries exceeded: [Errno 111] Connection refused",
            )
            for at in range(95, 890, 60)
        ]
    return logs({
        "ctl1/syslog": journal, "ctl1/neutron-server.log": [*servers((60, 77 if back else LENGTH)), *told],
        "net1/neutron-openvswitch-agent.log": [*agent(), *waits], "cmp2/neutron-openvswitch-agent.log": [*agent(), timeout(71)],
    })  # fmt: skip


def switch(back: bool = True) -> Logs:
    """Open vSwitch is restarted and the agent sets its bridges again; or it stays away."""
    journal = [
        syslog(60, "net1", "systemd[1]", "Stopping ovs-vswitchd.service - Open vSwitch Forwarding Unit..."),
        syslog(60, "net1", "ovs-ctl[4100]", " * Exiting ovs-vswitchd (881)"), syslog(61, "net1", "systemd[1]", "Stopped ovs-vswitchd.service - Open vSwitch Forwarding Unit."),
    ]  # fmt: skip
    logger = "neutron.plugins.ml2.drivers.openvswitch.agent.openflow.native.ofswitch"
    refused = "Failed to communicate with the switch: RuntimeError: ofctl request version=0x4,msg_type=0x12,msg_len=0x38 timed out"
    told = [oslo(at, "ERROR", logger, refused) for at in ([62] if back else range(62, 890, 25))]
    if back:
        journal += [
            syslog(64, "net1", "ovs-ctl[4120]", " * Starting ovs-vswitchd"),
            syslog(64, "net1", "systemd[1]", "Started ovs-vswitchd.service - Open vSwitch Forwarding Unit."),
        ]
        told += [
            oslo(
                66,
                "WARNING",
                "neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent",
                "OVS is restarted. OVSNeutronAgent will reset bridges and recover ports.",
            )
        ]
    else:
        journal += [
            syslog(
                64,
                "net1",
                "ovs-vswitchd[4120]",
                "ovs|00012|dpif|EMER|failed to open datapath: could not open vport family: module openvswitch is not loaded",
            ),
            syslog(
                64, "net1", "systemd[1]", "ovs-vswitchd.service: Main process exited, code=exited, status=1/FAILURE"
            ),
            syslog(64, "net1", "systemd[1]", "Failed to start ovs-vswitchd.service - Open vSwitch Forwarding Unit."),
        ]
        told += [
            oslo(
                at,
                "ERROR",
                "neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent",
                "OVS is dead. OVSNeutronAgent will keep running and checking OVS status periodically.",
            )
            for at in range(70, 890, 60)
        ]
    return logs(
        {
            "net1/syslog": journal,
            "net1/neutron-openvswitch-agent.log": [*agent((61, 67 if back else LENGTH)), *told],
            "ctl1/neutron-server.log": servers(),
        }
    )


def volume_host(back: bool = True) -> Logs:
    """cinder-volume is restarted; or libvirt crashes where it should have been restarted."""
    if back:
        own = [*every(60, lambda at: oslo(at, "INFO", "cinder.volume.manager", "Updating volume status"), (60, 75)), *signalled(61, "cinder-volume", 70),
               oslo(71, "INFO", "cinder.volume.manager", "Starting volume driver RBDDriver (1.3.0)"), oslo(73, "INFO", "cinder.volume.manager", "Driver initialization completed successfully.")]  # fmt: skip
        warned = [oslo(66, "WARNING", "cinder.scheduler.host_manager", "volume service is down. (host: sto1@rbd)")]
        return logs({"sto1/syslog": units("sto1", 60, 69, "cinder-volume"), "sto1/cinder-volume.log": own,
                     "ctl1/cinder-scheduler.log": [*every(30, lambda at: oslo(at, "INFO", "cinder.scheduler.host_manager", "Received volume service update from sto1@rbd")), *warned],
                     "ctl1/cinder-api.log": [*every(20, lambda at: oslo(at, "INFO", "cinder.api.openstack.wsgi", "http://ctl1:8776/v3/volumes/detail returned with HTTP 200")), timeout(65, "cinder.volume.rpcapi", "get_capabilities")]})  # fmt: skip
    journal = [
        syslog(
            60,
            "cmp1",
            "kernel",
            "libvirtd[3120]: segfault at 10 ip 00007f2a8c0d sp 00007ffd error 4 in libvirt.so.0.10000.0[7f2a8c000000+2e0000]",
        ),
        syslog(61, "cmp1", "systemd[1]", "libvirtd.service: Main process exited, code=dumped, status=11/SEGV"),
        syslog(61, "cmp1", "systemd[1]", "libvirtd.service: Failed with result 'core-dump'."),
    ]
    lost = [
        oslo(
            at,
            "ERROR",
            "nova.virt.libvirt.host",
            "Connection to libvirt failed: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused: libvirt.libvirtError: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused",
        )
        for at in range(62, 890, 30)
    ]
    return logs(
        {"cmp1/syslog": journal, "cmp1/nova-compute.log": [*compute((61, LENGTH)), *lost], "ctl1/nova-api.log": api()}
    )


def web_server(back: bool = True) -> Logs:
    """Apache is restarted; or its children crash again and again, and its parent makes new ones."""

    def apache(at: float, text: str) -> Line:
        return at, f"[{_when(at):%a %b %d %H:%M:%S.%f %Y}] {text}"

    resumed = "[mpm_event:notice] [pid 9120:tid 140] AH00489: Apache/2.4.58 (Ubuntu) mod_wsgi/5.0.0 configured -- resuming normal operations"
    request = '10.0.0.9 - - "GET /v3/auth/tokens HTTP/1.1" 200 1473'
    refused = (
        "Identity response: Unable to establish connection to http://10.0.0.5:5000/v3/auth/tokens: "
        "HTTPConnectionPool(host='10.0.0.5', port=5000): Max retries exceeded: [Errno 111] Connection refused"
    )
    told = [
        apache(150, "[mpm_event:notice] [pid 812:tid 140] AH00491: caught SIGTERM, shutting down"),
        apache(155, resumed),
    ]
    if not back:
        told = [
            apache(at, "[core:notice] [pid 812:tid 140] AH00052: child pid 2455 exit signal Segmentation fault (11)")
            for at in range(150, 890, 40)
        ]
        told.append(apache(151, resumed))
    missed = [152] if back else range(152, 890, 40)
    answers = every(
        6,
        lambda at: oslo(at, "INFO", "keystone.server.flask.request_processing.req_logging", request),
        (150, 156 if back else LENGTH),
    )
    return logs(
        {
            "ctl1/keystone-apache-error.log": told,
            "ctl1/keystone.log": answers,
            "ctl1/nova-api.log": [
                *api(),
                *[oslo(at, "WARNING", "keystonemiddleware.auth_token", refused) for at in missed],
            ],
        }
    )


WORK: dict[str, tuple[Callable[[bool], Logs], str]] = {
    "rolling restart": (rolling_restart, "nova-conductor"),
    "reboot of a drained host": (host_reboot, "nova-compute"),
    "a member of the database cluster": (galera_node, "mariadb"),
    "a member of the broker's cluster": (broker_node, "rabbitmq"),
    "a renewed certificate": (certificate, "haproxy"),
    "an upgrade with its migration": (upgrade, "mariadb"),
    "an OSD out on purpose": (osd_out, "ceph-osd"),
    "a virtual address moved by hand": (switch_over, "keepalived"),
    "agents after a package update": (agents, "neutron-openvswitch-agent"),
    "a container made anew": (containers, "nova-api"),
    "pods rolled out": (pods, "glance-api"),
    "rotated logs": (rotation, "cinder-volume"),
    "a backup": (backup, "mariadb"),
    "a restarted cache": (cache, "memcached"),
    "a restarted network server": (network_server, "neutron-server"),
    "a restarted switch": (switch, "openvswitch"),
    "a restarted volume service": (volume_host, "libvirt"),
    "a restarted web server": (web_server, "apache"),
}
"""Every kind of work, and whose failure it is where it goes wrong."""
