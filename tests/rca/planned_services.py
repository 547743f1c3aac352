"""Planned work on OpenStack's own services and agents; see ``planned_work``."""

from planned_lines import (
    LENGTH,
    Line,
    Logs,
    _when,
    agent,
    api,
    backend,
    compute,
    every,
    logs,
    oslo,
    proxied,
    servers,
    signalled,
    syslog,
    timeout,
    units,
)


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
