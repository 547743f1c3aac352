"""What lies under the services: ways that are cut, stores that fail, limits that are reached, helpers that die."""

import pytest
from api_troubles import http_failure, keystone_lost, neutron_lost, placement_lost
from cloud import CLEARED, FAULT, Cloud, Scenario, first_compute, first_controller
from sites import KOLLA, Site
from troubles import PYTHON, broker_errors, compute_down, conductor_timeouts, database_errors, repeat, volume_down


def second_compute(site: Site) -> set[str]:
    return {site.computes[1]}


def database_cut_for_one_service(cloud: Cloud) -> None:
    """A packet filter drops what nova-conductor sends to the database; every other client is served."""
    text = "(2013, 'Lost connection to MySQL server during query (timed out)')"
    database_errors(cloud, text, services=("nova-conductor",), since=FAULT + 10, until=FAULT + 30)
    refused = "(2003, \"Can't connect to MySQL server on 'api.cloud.example.net' (timed out)\")"
    database_errors(cloud, refused, services=("nova-conductor",), since=FAULT + 15)
    conductor_timeouts(cloud)


def keystone_cut_for_one_service(cloud: Cloud) -> None:
    keystone_lost(cloud, "dropped", services=("cinder-api",), since=FAULT + 5)


def neutron_cut_for_one_host(cloud: Cloud) -> None:
    """One compute host cannot reach neutron-server's port; the others can, and neutron answers them."""
    host, failure = cloud.site.computes[1], http_failure(cloud, "neutron-server", "/v2.0/ports", "dropped")
    message = f"[instance: {{uuid}}] Instance failed network setup after 1 attempt(s): keystoneauth1.exceptions.connection.ConnectTimeout: {failure}"
    repeat(cloud, 8, "nova-compute", "ERROR", "nova.compute.manager", message, host=host)
    error = f"[instance: {{uuid}}] An error occurred while refreshing the network cache.: keystoneauth1.exceptions.connection.ConnectTimeout: {failure}"
    repeat(cloud, 10, "nova-compute", "ERROR", "nova.compute.manager", error, host=host)


def placement_cut_for_one_host(cloud: Cloud) -> None:
    host, failure = cloud.site.computes[1], http_failure(cloud, "placement-api", "/resource_providers", "dropped")
    message = (
        f"Error updating resources for node {host}.: keystoneauth1.exceptions.connection.ConnectTimeout: {failure}"
    )
    repeat(cloud, 6, "nova-compute", "ERROR", "nova.compute.manager", message, host=host)


def broker_cut_for_one_service(cloud: Cloud) -> None:
    """Packets of cinder-volume to the broker are dropped; its neighbours on the same host are served."""
    broker_errors(cloud, "timed out", services=("cinder-volume",), since=FAULT + 10)
    cloud.stop("cinder-volume")
    volume_down(cloud, f"{cloud.controller}@nfs-1")


def broker_slow(cloud: Cloud) -> None:
    """Latency on the broker's link: heartbeats are missed and calls time out, here and there."""
    for service in ("nova-api", "nova-conductor", "neutron-server", "cinder-volume", "nova-compute"):
        for host in cloud.hosts_of(service):
            lost = "A recoverable connection/channel error occurred, trying to reconnect: Too many heartbeats missed"
            repeat(cloud, 12, service, "ERROR", "oslo.messaging._drivers.impl_rabbit", lost, host=host, context=False)
    for at in cloud.every(3):
        cloud.rabbitmq(
            at,
            "error",
            "closing AMQP connection <0.99.0> (10.77.0.12:40112 -> 10.77.0.12:5672 - nova-conductor:2455:68e1):",
            "missed heartbeats from client, timeout: 60s",
        )
    conductor_timeouts(cloud)


def share_read_only(cloud: Cloud) -> None:
    """The NFS share of the volumes was exported read-only."""
    path = "/var/lib/cinder/mnt/9f1c/volume-{uuid}"
    why = f"truncate: cannot open '{path}' for writing: Read-only file system"
    error = "oslo_concurrency.processutils.ProcessExecutionError: Unexpected error while running command.\\nExit code: 1\\nStderr: "
    failed = f'Volume {{uuid}}: create failed: {error}"{why}\\n"'
    repeat(cloud, 6, "cinder-volume", "ERROR", "cinder.volume.flows.manager.create_volume", failed)
    repeat(
        cloud,
        6,
        "cinder-volume",
        "ERROR",
        "oslo_messaging.rpc.server",
        f'Exception during message handling: {error}"{why}\\n"',
    )


def share_forbidden(cloud: Cloud) -> None:
    """The owner of the share was changed, so that cinder may not write to it."""
    why = "truncate: cannot open '/var/lib/cinder/mnt/9f1c/volume-{uuid}' for writing: Permission denied"
    error = "oslo_concurrency.processutils.ProcessExecutionError: Unexpected error while running command. Exit code: 1 Stderr: "
    failed = f"Volume {{uuid}}: create failed: {error}'{why}'"
    repeat(cloud, 6, "cinder-volume", "ERROR", "cinder.volume.flows.manager.create_volume", failed)


def volume_group_gone(cloud: Cloud) -> None:
    why = "Volume Group cinder-volumes does not exist"
    error = f"cinder.exception.VolumeBackendAPIException: Bad or unexpected response from the storage volume backend API: {why}"
    trace = [
        "Traceback (most recent call last):",
        f'  File "{PYTHON}/cinder/volume/drivers/lvm.py", line 310, in check_for_setup_error',
        error,
    ]
    repeat(
        cloud,
        10,
        "cinder-volume",
        "ERROR",
        "cinder.volume.manager",
        f"Failed to initialize driver.: {error}",
        trace=trace,
    )
    warn = "Update driver status failed: (config name lvm-1) is uninitialized."
    repeat(cloud, 10, "cinder-volume", "WARNING", "cinder.volume.manager", warn)
    withheld = 'Manager for service cinder-volume {host}@lvm-1 is reporting problems, not sending heartbeat. Service will appear "down".'
    repeat(cloud, 10, "cinder-volume", "ERROR", "cinder.service", withheld.replace("{host}", cloud.controller))
    volume_down(cloud, f"{cloud.controller}@lvm-1")


def backend_full(cloud: Cloud) -> None:
    full = "Insufficient free space for volume creation on host {host}@nfs-1#nfs-1 (requested / avail): 10/1.2"
    repeat(
        cloud,
        5,
        "cinder-scheduler",
        "WARNING",
        "cinder.scheduler.filters.capacity_filter",
        full.replace("{host}", cloud.controller),
    )
    repeat(
        cloud, 5, "cinder-scheduler", "INFO", "cinder.scheduler.base_filter", "Filter CapacityFilter returned 0 host(s)"
    )
    none = "No valid backend was found. No weighed backends available"
    failed = f"Failed to run task cinder.scheduler.flows.create_volume.ScheduleCreateVolumeTask;volume:create: {none}: cinder.exception.NoValidBackend: {none}"
    repeat(cloud, 5, "cinder-scheduler", "ERROR", "cinder.scheduler.flows.create_volume", failed)


def image_store_forbidden(cloud: Cloud) -> None:
    denied = "Permission to write image storage media denied."
    error = f"glance_store.exceptions.StorageWriteDenied: {denied}"
    message = f"Failed to upload image data due to HTTP error: webob.exc.HTTPServiceUnavailable: Insufficient permissions on image storage media: {denied}: {error}"
    repeat(cloud, 5, "glance-api", "ERROR", "glance.api.v2.image_data", message)


def open_files_used_up(cloud: Cloud) -> None:
    """neutron-server has no file descriptor left: it can neither accept nor open connections."""
    error = "OSError: [Errno 24] Too many open files"
    trace = [
        "Traceback (most recent call last):",
        f'  File "{PYTHON}/eventlet/greenio/base.py", line 230, in accept',
        error,
    ]
    repeat(
        cloud,
        2,
        "neutron-server",
        "ERROR",
        "neutron.wsgi",
        f"Unhandled exception in accept: {error}",
        trace=trace,
        context=False,
    )
    neutron_lost(cloud, "timeout", since=FAULT + 20)


def controller_disk_full(cloud: Cloud) -> None:
    """The root disk of the controller is full: services cannot even write what is wrong."""
    error = "OSError: [Errno 28] No space left on device"
    for service in ("glance-api", "nova-api", "cinder-volume"):
        repeat(
            cloud,
            8,
            service,
            "ERROR",
            "oslo_messaging.rpc.server",
            f"Exception during message handling: {error}: '/var/lib/{service}/tmp'",
        )
    cloud.rabbitmq(FAULT + 3, "warning", "disk resource limit alarm set on node rabbit@ctl-a.")
    cloud.mariadb(
        FAULT + 5,
        "ERROR",
        "mariadbd: Disk is full writing './ib_logfile0' (Errcode: 28 \"No space left on device\"). Waiting for someone to free space...",
    )


def memory_used_up_no_kernel_log(cloud: Cloud) -> None:
    """A worker of placement is killed again and again for want of memory; uwsgi tells of it, no kernel log is there."""
    for at in cloud.every(4):
        pid = 4000 + int(at)
        cloud.uwsgi(at, "placement-api", f"DAMN ! worker 1 (pid: {pid}) died, killed by signal 9 :( trying respawn ...")
        cloud.uwsgi(at + 0.1, "placement-api", f"Respawned uWSGI worker 1 (new pid: {pid + 1})")
    placement_lost(cloud, "aborted")


def pool_exhausted_in_one_service(cloud: Cloud) -> None:
    """One service has too few database connections for its load; nobody else complains of the database."""
    text = "QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/14/3o7r)"
    error = f"sqlalchemy.exc.TimeoutError: {text}"
    repeat(cloud, 3, "neutron-server", "ERROR", "neutron.api.v2.resource", f"index failed: No details.: {error}")
    neutron_lost(cloud, "timeout", since=FAULT + 25)


def queries_slow(cloud: Cloud) -> None:
    """Every query takes seconds: clients give up waiting, the database itself says nothing."""
    text = "(1969, 'Query execution was interrupted (max_statement_time exceeded)')"
    database_errors(cloud, text, kind="DBError", services=("nova-conductor", "neutron-server", "cinder-api"))
    conductor_timeouts(cloud)


def dhcp_agents_dead(cloud: Cloud) -> None:
    rows = [
        "                Type       Last heartbeat host",
        f"          DHCP agent 2025-03-04 10:00:30 {cloud.controller}",
    ]
    for at in cloud.every(18, FAULT + 25):
        message = "Agent healthcheck: found 1 dead agents out of 9:\n" + "\n".join(rows)
        cloud.say(at, "neutron-server", "WARNING", "neutron.db.agents_db", message)
    none = "No DHCP agents available, skipping rescheduling"
    repeat(cloud, 20, "neutron-server", "WARNING", "neutron.db.agentschedulers_db", none, since=FAULT + 25)


def metadata_service_gone(cloud: Cloud) -> None:
    """nova's metadata service does not listen; neutron's metadata agents say so."""
    pool = f"HTTPConnectionPool(host='{cloud.site.vip}', port=8775)"
    why = f"{pool}: Max retries exceeded with url: /latest/meta-data/ (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f3c>: Failed to establish a new connection: [Errno 111] ECONNREFUSED'))"
    message = f"Unexpected error.: requests.exceptions.ConnectionError: {why}"
    repeat(cloud, 5, "neutron-metadata-agent", "ERROR", "neutron.agent.metadata.agent", message, host=cloud.controller)


def huge_pages_missing(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    why = "internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory"
    failed = f"[instance: {{uuid}}] Instance failed to spawn: libvirt.libvirtError: {why}"
    repeat(cloud, 6, "nova-compute", "ERROR", "nova.compute.manager", failed, host=host)


def processors_differ(cloud: Cloud) -> None:
    """A live migration is refused because the processor of the target lacks a feature."""
    host = cloud.site.computes[0]
    why = "operation failed: guest CPU doesn't match specification: missing features: pcid,avx512f"
    failed = f"[instance: {{uuid}}] Live Migration failure: {why}: libvirt.libvirtError: {why}"
    repeat(cloud, 6, "nova-compute", "ERROR", "nova.virt.libvirt.driver", failed, host=host)


def proxy_errors(cloud: Cloud) -> None:
    """No backend of glance answers the proxy; callers get 503."""
    cloud.haproxy(FAULT + 2, "ALERT", "backend 'glance_api' has no server available!")
    for host in cloud.site.controllers:
        why = "Layer4 timeout, check duration: 2002ms. 0 active and 0 backup servers left."
        cloud.haproxy(FAULT + 2, "WARNING", f"Server glance_api/{host} is DOWN, reason: {why}", host=host)
    error = "glanceclient.exc.HTTPServiceUnavailable: HTTP 503 Service Unavailable: No server is available to handle this request."
    repeat(
        cloud,
        8,
        "nova-api",
        "ERROR",
        "nova.image.glance",
        f"Error contacting glance server 'http://10.77.0.250:9292' for 'get', done trying.: {error}",
    )
    cloud.stop("glance-api")


def libvirt_hangs(cloud: Cloud) -> None:
    host = cloud.site.computes[0]
    why = "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainCreateWithFlags)"
    failed = f"[instance: {{uuid}}] Instance failed to spawn: libvirt.libvirtError: {why}"
    repeat(cloud, 9, "nova-compute", "ERROR", "nova.compute.manager", failed, host=host)
    late = "During sync_power_state the instance has a pending task (spawning). Skip."
    repeat(cloud, 9, "nova-compute", "INFO", "nova.compute.manager", f"[instance: {{uuid}}] {late}", host=host)


def worker_of_compute_killed_for_good(cloud: Cloud) -> None:
    """The OOM killer took nova-compute; nothing but its silence and the scheduler's doubt is left."""
    host = cloud.site.computes[1]
    cloud.stop("nova-compute", until=cloud.seconds, host=host)
    compute_down(cloud, [host])


def host_gone_seen_from_outside(cloud: Cloud) -> None:
    """A compute host dies: what ran there is missed by those who kept count of it."""
    host = cloud.site.computes[0]
    cloud.stop("*", until=cloud.seconds, host=host)
    compute_down(cloud, [host])
    rows = ["                Type       Last heartbeat host", f"  Open vSwitch agent 2025-03-04 10:00:30 {host}"]
    for at in cloud.every(18, FAULT + 25, CLEARED + 20):
        message = "Agent healthcheck: found 1 dead agents out of 9:\n" + "\n".join(rows)
        cloud.say(at, "neutron-server", "WARNING", "neutron.db.agents_db", message)


SCENARIOS = [
    Scenario(
        "one service cut off the database", database_cut_for_one_service, ("network",), ("network",), first_controller
    ),
    Scenario(
        "one service cut off keystone", keystone_cut_for_one_service, ("network", "keystone"), ("network", "hang")
    ),
    Scenario("one host cut off neutron", neutron_cut_for_one_host, ("network",), ("network",), second_compute),
    Scenario("one host cut off placement", placement_cut_for_one_host, ("network",), ("network",), second_compute),
    Scenario(
        "one service cut off the broker", broker_cut_for_one_service, ("network",), ("network",), first_controller
    ),
    Scenario("slow way to the broker", broker_slow, ("rabbitmq", "network")),
    Scenario(
        "share read-only",
        share_read_only,
        ("storage", "host", "cinder-volume"),
        ("storage",),
        issue="Volumes end in error",
    ),
    Scenario(
        "share forbidden",
        share_forbidden,
        ("storage", "cinder-volume"),
        ("storage", "config", "auth"),
        issue="Volumes end in error",
    ),
    Scenario(
        "volume group gone", volume_group_gone, ("storage", "cinder-volume"), ("storage",), issue="Volumes end in error"
    ),
    Scenario(
        "backend full",
        backend_full,
        ("storage", "cinder-volume"),
        ("capacity", "storage"),
        issue="Volumes end in error",
    ),
    Scenario("image store forbidden", image_store_forbidden, ("glance-api",), ("storage", "config", "auth")),
    Scenario("open files used up", open_files_used_up, ("neutron-server",), ("capacity",)),
    Scenario("disk of the controller full", controller_disk_full, ("host",), ("storage", "capacity"), first_controller),
    Scenario(
        "workers killed for want of memory",
        memory_used_up_no_kernel_log,
        ("placement-api",),
        ("process-down", "capacity"),
    ),
    Scenario(
        "pool of one service exhausted",
        pool_exhausted_in_one_service,
        ("neutron-server", "mariadb"),
        ("capacity", "database", "hang"),
    ),
    Scenario("slow queries", queries_slow, ("mariadb",), ("database", "hang")),
    Scenario("DHCP agent dead", dhcp_agents_dead, ("neutron-dhcp-agent",), ("process-down",), first_controller),
    Scenario("metadata service gone", metadata_service_gone, ("nova-api",), ("process-down",)),
    Scenario("huge pages missing", huge_pages_missing, ("host", "nova-compute"), ("capacity",), first_compute),
    Scenario("processors differ", processors_differ, ("libvirt", "nova-compute"), ("config",), first_compute),
    Scenario("no backend behind the proxy", proxy_errors, ("glance-api",), ("process-down", "hang"), site=KOLLA),
    Scenario("libvirt hangs", libvirt_hangs, ("libvirt",), ("hang",), first_compute),
    Scenario(
        "nova-compute killed for good",
        worker_of_compute_killed_for_good,
        ("nova-compute",),
        ("process-down",),
        second_compute,
    ),
    Scenario("host gone, seen from outside", host_gone_seen_from_outside, ("host",), ("process-down",), first_compute),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_lies_under_the_services_is_named(scenario: Scenario) -> None:
    scenario.check()
