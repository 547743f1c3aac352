"""What stands beside OpenStack's own logs: events of Kubernetes, what a machine's first start prints, Contrail."""

import pytest
from tests.logs.reading import REQUEST, rows

from openstack_rca.logs.names import Origin
from openstack_rca.logs.sources import collect_sources

LATE = [
    f"ERROR nova.compute.manager 2026-11-23 04:00:00.100 2001 [{REQUEST} u p] No start",
    f"ERROR nova [2026-11-23 04:00:00,100] 2001 [{REQUEST} u p] No start",
]


@pytest.mark.parametrize("line", LATE)
def test_a_stamp_behind_level_and_logger_is_the_time(line: str) -> None:
    (event,) = rows(f"{line}\n")
    told = (event["time"].isoformat(), event["process"], event["level"], event["request_id"], event["message"])
    assert told == ("2026-11-23T04:00:00.100000+00:00", 2001, "ERROR", REQUEST, "No start")


KUBECTL = {
    "get events": (
        "LAST SEEN   TYPE      REASON        OBJECT                             MESSAGE\n"
        "2m14s       Warning   FailedMount   pod/nova-api-5d8f7c6b9-x7x2k       secret  not found\n"
    ),
    "get events -A, cells longer than the first ones": (
        "NAMESPACE   LAST SEEN   TYPE      REASON        OBJECT         MESSAGE\n"
        "openstack-control-plane   2m14s   Warning   FailedMount   pod/nova-api-5d8f7c6b9-x7x2k   secret  not found\n"
    ),
    "get events -o wide": (
        "LAST SEEN   TYPE      REASON        OBJECT                         SUBOBJECT   SOURCE          MESSAGE            FIRST SEEN   COUNT   NAME\n"
        "2m14s       Warning   FailedMount   pod/nova-api-5d8f7c6b9-x7x2k               kubelet, ctl1   secret  not found  2m15s        3       x.16f\n"
    ),
}


@pytest.mark.parametrize("command", KUBECTL)
def test_events_of_kubectl_are_read_as_printed(command: str) -> None:
    """Type, pod and node are told, when it was is not."""
    (event,) = rows(KUBECTL[command], "events.txt")
    assert (event["time"], event["level"], event["service"]) == (None, "WARNING", "nova-api")
    assert event["message"] == "secret  not found: FailedMount"
    assert event["host"] == ("ctl1" if "wide" in command else None)


def test_what_a_first_start_prints_lies_between_the_stages_of_cloud_init() -> None:
    text = (
        "Cloud-init v. 23.1.2 running 'init' at Mon, 23 Nov 2026 05:00:03 +0100. Up 9.50 seconds.\n"
        "E: Unable to locate package nova\n"
        "ERROR: no network\n"
        "Cloud-init v. 23.1.2 finished at Mon, 23 Nov 2026 05:00:23 +0100. Datasource None.  Up 29.50 seconds\n"
    )
    found = [(f"{row['time']:%H:%M:%S}", row["level"], row["service"]) for row in rows(text, "cloud-init-output.log")]
    assert found == [
        ("04:00:03", "INFO", "cloud-init"),
        ("04:00:03", "UNKNOWN", "cloud-init"),
        ("04:00:03", "ERROR", "cloud-init"),
        ("04:00:23", "INFO", "cloud-init"),
    ]


CONTRAIL = {
    "2026-11-23 Mon 04:00:00:123.456 UTC  compute1 [Thread 140, Pid 77]: XMPP down": ("compute1", "contrail-agent", 77, "UNKNOWN", 123456),
    "11/23/2026 04:00:00.123 7f1e2d3c4b5a [contrail-api] [ERROR]: down": (None, "contrail-api", None, "ERROR", 123000),
    "11/23/2026 04:00:00 AM [contrail-schema]: __default__ [SYS_ERR]: down": (None, "contrail-schema", None, "ERROR", 0),
}  # fmt: skip


@pytest.mark.parametrize("line", CONTRAIL)
def test_contrail_writes_fractions_and_severities_of_its_own(line: str) -> None:
    (event,) = rows(f"{line}\n", "contrail-agent.log")
    assert event["time"].isoformat()[:19] == "2026-11-23T04:00:00"
    fields = ("host", "service", "process", "level")
    assert (*(event[field] for field in fields), event["time"].microsecond) == CONTRAIL[line]


def test_standard_input_names_no_service() -> None:
    """What was piped in has no file name that could tell one."""
    (source,) = collect_sources(["-"]).sources
    assert source.origin((), None) == Origin(None, None)


FSID = "3f2a9c1e-88b4-11ec-9a2b-b8ca3a6c1d2e"


@pytest.mark.parametrize(
    ("tag", "service"),
    [
        (f"ceph-{FSID}-mon-stor-9", "ceph-mon"),
        (f"ceph-{FSID}@mgr.stor-9.abcdef.service", "ceph-mgr"),
        (f"ceph-{FSID}-haproxy-rgw-stor-9", "haproxy"),
        (f"ceph-{FSID}-node-exporter-stor-9", "node-exporter"),
        ("ceph-mon-ctl1", "ceph-mon"),
        ("ceph-volume", "ceph-volume"),
    ],
)
def test_containers_and_units_of_ceph_are_its_daemons(tag: str, service: str) -> None:
    """Neither the cluster's id nor the host behind the daemon is a part of the service's name."""
    (event,) = rows(f"Nov 23 04:00:02 stor-9 {tag}[7]: x\n", "syslog")
    assert event["service"] == service


def test_the_host_of_a_line_is_the_machine_below_its_container() -> None:
    """OpenStack-Ansible calls its containers by the machine, the service and a number."""
    (event,) = rows("Nov 23 04:00:02 r1-infra-1-nova-api-container-1a2b3c4d.example.com nova-api[7]: x\n", "syslog")
    assert (event["host"], event["service"]) == ("r1-infra-1", "nova-api")


DEVICES = {
    "F5": ("Nov 23 04:00:00 dev-1 err mcpd[6123]: 01070638:5: Pool /Common/api down", "mcpd", "ERROR", 6123),
    "F5, a blade": ("Nov 23 04:00:00 slot1/dev-1 notice tmm1[7]: 01010028:3: Clock", "tmm1", "INFO", 7),
    "F5, rsyslog": ("2026-11-23T04:00:00+00:00 dev-1 warning tmm[7]: 01010029:4: Clock", "tmm", "WARNING", 7),
    "Junos": ("Nov 23 04:00:00  dev-1 rpd[7]: %DAEMON-4-BGP_STATE: peer 10.0.0.4", "network", "WARNING", 7),
    "Junos with a year": ("Nov 23 04:00:00.000 2026  dev-1 mib2d[7]: LINK_DOWN: ifIndex 521", "mib2d", "INFO", 7),
    "Junos, a line card": ("Nov 23 04:00:00 dev-1 fpc0 CMLC: Going disconnected", "CMLC", "INFO", None),
    "Junos, brief": ('<28>1 2026-11-23T04:00:00Z dev-1 rpd 7 BGP_STATE [junos@2636.1 peer="4"]', "rpd", "WARNING", 7),
    "Arista": (
        "Nov 23 04:00:00 dev-1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol, state to down",
        "network",
        "INFO",
        None,
    ),
    "IOS-XR": ("Nov 23 04:00:00 dev-1 ifmgr[7]: %PKT_INFRA-LINK-3-UPDOWN : Interface down", "network", "ERROR", 7),
    "VRP, Comware": ("Nov 23 04:00:00 dev-1 %%01IFNET/4/IF_STATE(l)[0]:Interface down", "network", "WARNING", None),
    "RouterOS": ("Nov 23 04:00:00 dev-1 interface,error ether1 link down", "interface", "ERROR", None),
    "CEF": ("Nov 23 04:00:00 dev-1 CEF:0|Check Point|VPN-1|R80|drop|Drop|7|msg=dropped", "network", "INFO", None),
    "FortiOS": (
        'Nov 23 04:00:00 dev-1 date=2026-11-23 time=04:00:00 devname="dev-1" logid="01" level="alert" msg="HA member lost"',
        "network",
        "CRITICAL",
        None,
    ),
}


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_behind_a_relay_is_the_host_of_its_lines(device: str) -> None:
    """The folder that the relay keeps them in is not."""
    line, service, level, process = DEVICES[device]
    (event,) = rows(f"{line}\n", "network/devices.log", year=2026)
    assert (event["host"], event["level"]) == ("dev-1", level)
    assert (event["service"], event["process"], event["time"].hour) == (service, process, 4)


def test_the_header_that_a_relay_put_before_another_tells_only_of_the_relay() -> None:
    """Host, program and time are those of the header behind it."""
    (event,) = rows("Nov 18 15:00:05 relay1 Nov 18 15:00:02 ctl-2 nova-api[880]: up\n", "relay1/remote.log", year=2026)
    assert (event["host"], event["service"], event["time"].second) == ("ctl-2", "nova-api", 2)


def test_what_a_device_says_only_in_its_fields_is_the_message() -> None:
    (event,) = rows(DEVICES["Junos, brief"][0] + "\n", "network/devices.log")
    assert event["message"] == 'BGP_STATE [junos@2636.1 peer="4"]'


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23T05:00:00.100000417+01:00 container health_status: unhealthy {id} (image=kolla/x:1, name=nova_compute)",
        "2026-11-23T04:00:00.100000417Z container exec_create: /bin/sh -c true {id} (image=kolla/x:1, name=nova_compute)",
        "2026-11-23 04:00:00.100000417 +0000 UTC container died {id} (image=kolla/x:1, name=nova_compute, config_id=x)",
    ],
)
def test_an_event_of_a_container_is_of_what_runs_in_it_and_no_word_of_it_is_a_host(line: str) -> None:
    (event,) = rows(line.format(id="925cc8d2" * 8) + "\n", "cmp1/events.log")
    told = (f"{event['time']:%H:%M:%S.%f}", event["host"], event["service"], event["message"][:9])
    assert told == ("04:00:00.100000", "cmp1", "nova_compute", "container")


SHOWN = {
    "ausearch -i": (
        "type=AVC msg=audit(11/23/2026 04:00:00.100:77) : avc:  denied  { read } for pid=7",
        "auditd",
        "WARNING",
    ),
    "dmesg --time-format iso": ("2026-11-23T05:00:00,100000+01:00 Kernel panic - not syncing: x", "kernel", "CRITICAL"),
    "ceph log last -f json": (
        '{"stamp":"2026-11-23T04:00:00.100+0000","name":"mon.a","message":"1 osds down","priority":"[ERR]"}',
        "x",
        "ERROR",
    ),
    "structlog on a console": ("2026-11-23 04:00:00.100 [error    ] no start      code=500", "x", "ERROR"),
}


@pytest.mark.parametrize("command", SHOWN)
def test_what_a_command_shows_of_a_log_is_read(command: str) -> None:
    line, service, level = SHOWN[command]
    (event,) = rows(f"{line}\n", "x.log")
    assert (f"{event['time']:%H:%M:%S.%f}", event["service"], event["level"]) == ("04:00:00.100000", service, level)
    assert event["message"][0] not in "]:"


def test_389_directory_server_states_levels_and_a_request_has_none() -> None:
    stamp = "[23/Nov/2026:04:00:00.123456789 +0000]"
    text = (
        f"{stamp} - ERR - NSMMReplicationPlugin - No\n{stamp} conn=1 op=0 BIND dn=x\n{stamp} conn=Internal(0) op=0 x\n"
    )
    found = rows(text, "idm1/dirsrv/slapd-X/errors")
    assert [(row["level"], row["level_guessed"], row["service"], row["host"]) for row in found] == [
        ("ERROR", False, "slapd", "idm1"),
        ("INFO", False, "slapd", "idm1"),
        ("INFO", False, "slapd", "idm1"),
    ]


SPOKEN = [
    ("lb1 haproxy[7]: backend nova-api has no server available!", "CRITICAL"),
    ("lb1 haproxy[7]: Server nova-api/ctl1 is UP, reason: Layer4 check passed.", "INFO"),
    ("lb1 uwsgi[7]: DAMN ! worker 3 (pid: 42) died, killed by signal 9 :( trying respawn ...", "ERROR"),
    ("lb1 uwsgi[7]: *** HARAKIRI ON WORKER 1 (pid: 12, try: 1) ***", "ERROR"),
    ("lb1 uwsgi[7]: Respawned uWSGI worker 3 (new pid: 44)", "INFO"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "level"), SPOKEN)
def test_proxies_and_servers_whose_severity_was_not_kept_tell_it_by_their_words(line: str, level: str) -> None:
    """A level that only the words tell is marked."""
    (event,) = rows(f"Nov 23 04:00:00 {line}\n", "syslog")
    assert (event["level"], event["level_guessed"]) == (level, level != "INFO")


def test_conntrackd_stamps_as_the_kernel_does_but_tells_process_and_severity() -> None:
    text = "[Mon Nov 23 04:00:01 2026] (pid=2310) [ERROR] no channel\n[Mon Nov 23 04:00:02 2026] tg3: link is down\n"
    found = [(event["process"], event["level"], event["message"]) for event in rows(text, "net1/conntrackd.log")]
    assert found == [(2310, "ERROR", "no channel"), (None, "INFO", "tg3: link is down")]
