"""Planned work on what the cloud stands on: database, broker, storage, cache, switch; see ``planned_work``."""

from planned_lines import (
    LENGTH,
    Line,
    Logs,
    agent,
    api,
    backend,
    ceph,
    compute,
    every,
    galera,
    logs,
    lost_query,
    oslo,
    proxied,
    rabbit,
    reconnects,
    refused_query,
    servers,
    signalled,
    syslog,
    timeout,
    units,
)


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
