"""A machine's own affairs and a stranger's log-ins are no fault of a cloud that is at work; the same of its parts, or missed, is."""

from pathlib import Path

import pytest
from planned_lines import Line, api, ceph, compute, every, logs, oslo, ovs, rabbit, servers, syslog
from test_planned_work import judged

from openstack_rca.rca.vocabulary import Verdict

REFUSED = (
    "Authorization failed. The request you have made requires authentication. from 192.0.2.77: "
    "keystone.exception.Unauthorized: The request you have made requires authentication."
)


def killed(program: str) -> list[Line]:
    told = f"Memory cgroup out of memory: Killed process 881 ({program}) total-vm:1239012kB, anon-rss:61212kB"
    return [syslog(300, "cmp1", "kernel", f"[ 991.1] {told}")]


def not_mounted(place: str, unit: str) -> list[Line]:
    return [
        syslog(300, "ctl1", "systemd[1]", f"Failed to mount {place}."),
        syslog(301, "ctl1", "systemd[1]", f"Dependency failed for {unit}."),
    ]


def ended(unit: str) -> list[Line]:
    return [syslog(300, "ctl1", "systemd[1]", f"{unit}.service: Main process exited, code=killed, status=9/KILL")]


def turned_away(at: float) -> Line:
    return oslo(at, "WARNING", "keystone.server.flask.application", REFUSED)


MISSED = [
    oslo(
        at,
        "ERROR",
        "nova.scheduler.client.report",
        "keystoneauth1.exceptions.http.Unauthorized: The request you have made requires authentication. (HTTP 401)",
    )
    for at in range(300, 420, 10)
]
SCRIPT = every(12, turned_away)
TRAFFIC = {
    "ctl1/nova/nova-api.log": api(),
    "ctl1/neutron/neutron-server.log": servers(),
    "cmp2/nova/nova-compute.log": compute(),
}


@pytest.mark.parametrize(
    ("name", "own", "clouds"),
    [
        ("cmp1/kern.log", killed("node_exporter"), killed("nova-compute")),
        (
            "ctl1/syslog",
            not_mounted("/mnt/backup", "Nightly backup of /etc"),
            not_mounted("/var/lib/glance", "OpenStack Glance"),
        ),
        (
            "ctl1/syslog",
            not_mounted("/mnt/backup", "/mnt/backup"),
            not_mounted("/mnt/backup", "OpenStack Nova Compute Server"),
        ),
        (
            "ctl1/syslog",
            not_mounted("/mnt/backup", "Nightly backup of /etc"),
            not_mounted("/mnt/cephfs", "Nightly backup of /etc"),
        ),
        ("ctl1/syslog", ended("fwupd"), ended("tgt")),
        ("ctl1/syslog", ended("fwupd"), ended("dbus")),
    ],
    ids=[
        "a limit of its own",
        "a mount for backups",
        "what stands on a mount",
        "a mount of the cloud's storage",
        "a target of volumes",
        "the bus that services call each other over",
    ],
)
def test_what_none_of_the_cloud_stands_on_is_no_fault_of_it(
    name: str, own: list[Line], clouds: list[Line], tmp_path: Path
) -> None:
    """The same line about a part of the cloud is one."""
    of_nobody, _ = judged(logs({**TRAFFIC, name: own}), tmp_path / "own")
    of_cloud, _ = judged(logs({**TRAFFIC, name: clouds}), tmp_path / "clouds")
    assert (of_nobody, of_cloud is Verdict.NO_FAILURE_FOUND) == (Verdict.NO_FAILURE_FOUND, False)


def test_log_ins_of_a_script_are_refused_while_all_services_are_served(tmp_path: Path) -> None:
    """One client with a wrong password harms nobody but itself; where services are refused too, it is a fault."""
    keystone = {"ctl1/keystone/keystone.log": SCRIPT}
    script, _ = judged(logs({**TRAFFIC, **keystone}), tmp_path / "script")
    missed = {"ctl1/nova/nova-compute.log": MISSED}
    services, _ = judged(logs({**TRAFFIC, **keystone, **missed}), tmp_path / "services")
    assert script is Verdict.NO_FAILURE_FOUND
    assert services is not Verdict.NO_FAILURE_FOUND


def account(at: float, told: str) -> Line:
    return oslo(at, "WARNING", "keystone.server.flask.application", f"Authorization failed. {told} from 192.0.2.70")


EXPIRED = "The password is expired and needs to be changed for user: {}."
NO_LONGER_GOOD = (EXPIRED, "The account is locked for user: {}.", "The account is disabled for user: {}.")


def test_accounts_that_only_their_users_miss_are_the_users_matter(tmp_path: Path) -> None:
    """An account of a service is a fault: that service is refused, or the account is called like it."""
    told = [
        account(300 + 90 * n, text.format(f"{n}9da272a255a070d1dc75df516a32baf"))
        for n, text in enumerate(NO_LONGER_GOOD)
    ]
    keystone = {"ctl1/keystone/keystone.log": told}
    of_users, _ = judged(logs({**TRAFFIC, **keystone}), tmp_path / "users")
    missed = {"ctl1/nova/nova-compute.log": MISSED}
    refused, named = judged(logs({**TRAFFIC, **keystone, **missed}), tmp_path / "refused")
    service = {"ctl1/keystone/keystone.log": [account(at, EXPIRED.format("cinder")) for at in (300, 390, 480)]}
    of_service, named_alone = judged(logs({**TRAFFIC, **service}), tmp_path / "service")
    assert of_users is Verdict.NO_FAILURE_FOUND
    assert Verdict.NO_FAILURE_FOUND not in (refused, of_service)
    assert (named[0], named_alone[0]) == ("keystone", "keystone")


def test_a_node_of_keystone_that_cannot_read_the_others_tokens_is_a_fault_and_told_where(tmp_path: Path) -> None:
    """It is keystone's own statement, and no matter of who calls."""
    unread = every(
        9,
        lambda at: oslo(at, "WARNING", "keystone.server.flask.application", "Could not recognize Fernet token"),
        (0, 300),
    )
    verdict, named = judged(logs({**TRAFFIC, "ctl3/keystone/keystone.log": unread}), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND
    assert named[:1] == ["keystone"]


def from_address(address: str) -> dict[str, list[Line]]:
    """What a proxy, a broker, a database and sshd tell of a client whom they turn away again and again."""
    at = range(120, 700, 20)
    shook = [
        syslog(n, "lb1", "haproxy[12]", f"{address}:{40000 + n} [x] nova_front/1: SSL handshake failure") for n in at
    ]
    spoke = "{bad_header,<<71,69,84,32>>}"
    broker = [rabbit(n, "error", f"closing AMQP connection ({address}:{n} -> 10.0.0.11:5672):\n{spoke}") for n in at]
    shell = [
        syslog(n, "ctl1", "sshd[9]", f"Unable to negotiate with {address} port {n}: no match [preauth]") for n in at
    ]
    return {"lb1/haproxy.log": shook, "ctl1/rabbitmq/rabbit@ctl1.log": broker, "ctl1/auth.log": shell}


def test_a_scan_that_nobody_answers_is_no_fault_and_a_client_that_was_served_before_is_one(tmp_path: Path) -> None:
    front = '192.0.2.66:399 [x] nova_front nova/ctl1 0/0/1/9/10 200 512 - - ---- "{} HTTP/1.1"'
    asked = [
        syslog(n, "lb1", "haproxy[12]", front.format(what))
        for n, what in ((130, "OPTIONS /"), (150, "GET /"), (170, "GET /v2.1/"), (190, "GET /dashboard/auth/login/"))
    ]
    nameless = [
        ovs(300, "WARN", "stream_ssl", "SSL_accept: error:0A00010B:SSL routines::wrong version number"),
        ovs(300.1, "WARN", "jsonrpc", "ssl:192.0.2.66:51820: receive error: Protocol error"),
    ]
    scanned = from_address("192.0.2.66")
    scanned["lb1/haproxy.log"] += asked
    scan, _ = judged(logs({**TRAFFIC, **scanned, "ctl1/ovn/ovsdb-server-sb.log": nameless}), tmp_path / "scan")
    answer = '192.0.2.66:400 [x] nova_front nova/ctl1 0/0/1/9/10 200 512 - - ---- "GET /v2.1/servers HTTP/1.1"'
    told = from_address("192.0.2.66")
    told["lb1/haproxy.log"] = [syslog(n, "lb1", "haproxy[12]", answer) for n in range(5, 110, 10)] + told[
        "lb1/haproxy.log"
    ]
    lost, _ = judged(logs({**TRAFFIC, **told}), tmp_path / "lost")
    assert scan is Verdict.NO_FAILURE_FOUND
    assert lost is not Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(
    "told",
    [
        "HTTPSConnectionPool(host='10.0.0.10', port=5000): Max retries exceeded with url: /v3/auth/tokens "
        "(Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)')))",
        "AMQP server on 10.0.0.10:5671 is unreachable: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1006)",
    ],
)
def test_a_server_with_which_three_services_cannot_speak_tls_is_no_stranger(told: str, tmp_path: Path) -> None:
    """Callers tell of it in the words in which servers tell of a scan."""
    failed = {
        "cmp2/nova/nova-compute.log": "nova.compute.manager",
        "ctl1/cinder/cinder-volume.log": "cinder.volume.manager",
        "ctl1/heat/heat-engine.log": "heat.engine.service",
    }
    lines = {
        name: [
            *TRAFFIC.get(name, []),
            *every(25, lambda at, logger=logger: oslo(at, "ERROR", logger, told), (0, 300)),
        ]
        for name, logger in failed.items()
    }
    verdict, _ = judged(logs({**TRAFFIC, **lines}), tmp_path)
    assert verdict is not Verdict.NO_FAILURE_FOUND


def test_a_member_that_hands_over_the_lead_leaves_no_doubt_and_elections_without_end_do(tmp_path: Path) -> None:
    """Peers of a database reconnect to the new leader; where no lead lasts, its members are the fault."""
    calm = [
        ovs(300, "INFO", "raft", "Transferring leadership to write a snapshot."),
        ovs(300.5, "INFO", "raft", "server 5c1d is leader for term 318"),
        ovs(301, "INFO", "reconnect", "ssl:10.7.0.11:6642: connection closed by client"),
        ovs(400, "WARN", "reconnect", "ssl:10.7.0.71:41922: connection dropped (Connection reset by peer)"),
    ]
    storm = [
        ovs(300 + 5 * n, "INFO", "raft", f"term {n + 300}: 1874 ms timeout expired, starting election")
        for n in range(12)
    ]
    name = "ctl1/ovn/ovsdb-server-sb.log"
    once, _ = judged(logs({**TRAFFIC, name: calm}), tmp_path / "once")
    again, named = judged(logs({**TRAFFIC, name: [*calm, *storm]}), tmp_path / "again")
    assert once is Verdict.NO_FAILURE_FOUND
    assert again is not Verdict.NO_FAILURE_FOUND
    assert named[0] == "ovn-sb-db"


@pytest.mark.parametrize(
    ("back", "healthy"),
    [([ceph(345, "Health check cleared: OSD_DOWN (was: 1 osds down)")], True), ([], False)],
    ids=["is back", "stays away"],
)
def test_what_was_over_before_a_stranger_failed_is_not_why(back: list[Line], healthy: bool, tmp_path: Path) -> None:
    """A daemon of storage is away for a minute of work; later a program of monitoring fails, which makes trouble for nobody."""
    broken = 'level=error msg="error encoding and sending metric family: write tcp 10.7.0.11:9100: write: broken pipe"'
    told = {
        "ctl1/nova/nova-api.log": api(until=3000),
        "cmp2/nova/nova-compute.log": compute(until=3000),
        "sto1/ceph/ceph.log": [ceph(300, "Health check failed: 1 osds down (OSD_DOWN)", "WRN"), *back],
        "sto1/syslog": [syslog(700 + n, "sto1", "node_exporter[14]", broken) for n in range(3)],
    }
    assert (judged(logs(told), tmp_path)[0] is Verdict.NO_FAILURE_FOUND) is healthy


@pytest.mark.parametrize(("back", "healthy"), [(True, True), (False, False)], ids=["is back", "stays away"])
def test_a_link_that_was_changed_and_is_back_is_no_fault_beside_a_strangers_errors(
    back: bool, healthy: bool, tmp_path: Path
) -> None:
    """A switch tells at the level of an error that its port is up; a program of monitoring stands on nothing of the cloud."""
    broken = 'level=error msg="error encoding and sending metric family: write tcp 10.7.0.11:9100: write: broken pipe"'
    down = [
        syslog(300, "cmp2", "kernel", "[ 771.0] ixgbe 0000:18:00.0 eno1: NIC Link is Down"),
        syslog(300, "cmp2", "kernel", "[ 771.1] bond0: (slave eno1): link status definitely down, disabling slave"),
        syslog(300, "cmp2", "kernel", "[ 771.2] bond0: (slave eno2): making interface the new active one"),
    ]
    up = [
        syslog(540, "cmp2", "kernel", "[ 991.0] ixgbe 0000:18:00.0 eno1: NIC Link is Up 10 Gbps, Flow Control: None"),
        syslog(
            540, "cmp2", "kernel", "[ 991.2] bond0: (slave eno1): link status definitely up, 10000 Mbps full duplex"
        ),
    ]
    interface = "Interface TenGigabitEthernet1/1/7, changed state to"
    switch = [syslog(300, "leaf1", "2013", f"%LINEPROTO-5-UPDOWN: Line protocol on {interface} down")]
    switch += [syslog(540, "leaf1", "2042", f"%LINK-3-UPDOWN: {interface} up")] if back else []
    told = {
        **TRAFFIC,
        "cmp2/kern.log": down + (up if back else []),
        "cmp2/syslog": [syslog(at, "cmp2", "node_exporter[14]", broken) for at in (200, 250, 301, 420, 580)],
        "sw/leaf1.log": switch,
    }
    verdict, named = judged(logs(told), tmp_path)
    assert verdict in (Verdict.NO_FAILURE_FOUND, Verdict.INCONCLUSIVE)
    assert (named[:1] == ["network"]) is not healthy
