"""Planned work on hosts and on what runs containers and writes logs there; see ``planned_work``."""

from planned_lines import (
    LENGTH,
    Line,
    Logs,
    _when,
    api,
    backend,
    compute,
    every,
    logs,
    oslo,
    proxied,
    signalled,
    syslog,
)


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
