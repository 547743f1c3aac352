"""Checks name the component they are for, and are told once."""

import re
import subprocess
from pathlib import Path

import pytest

from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.checks import concrete_checks
from openstack_rca.rca.knowledge.named_objects import Told, with_names
from openstack_rca.rca.knowledge.topology import load_topology

TOPOLOGY = load_topology()


def checks(*suggested: str, component: str = "nova-compute", **more: str) -> list[str]:
    return concrete_checks(suggested, component, TOPOLOGY, **more)


def test_the_unit_of_the_component_is_named() -> None:
    assert checks("journalctl -u <unit> -n 50") == ["journalctl -u nova-compute -n 50"]
    assert checks("systemctl status <unit>", component="rabbitmq") == ["systemctl status rabbitmq-server"]


def test_what_is_no_service_has_no_unit() -> None:
    for component in ("host", "storage"):
        found = checks("systemctl status <unit>", "journalctl -u <unit> -n 50", component=component)
        assert found == ["systemctl --failed", "journalctl -p err -n 100"]


ID = "a7f22efc-73d6-4bb9-bc2d-acfc7a78e49a"


@pytest.mark.parametrize(
    ("check", "line", "told"),
    [
        ("openstack baremetal node show <node>", f"Deploy step failed on node {ID}: it is gone", ID),
        ("openstack resource provider show <provider>", f"Over capacity on resource provider {ID}.", ID),
        ("openstack port show <port>", f"Failed to bind port {ID} on host compute1", ID),
        ("openstack network show <network>", f"segments [{{'network_id': '{ID}'}}]", ID),
        ("openstack loadbalancer show <loadbalancer>", f"Load balancer {ID} stays in PENDING_UPDATE", ID),
        ("smartctl -a <disk>", "sd 0:0:7:0: [sdh] tag#812 Sense Key : Medium Error [current]", "/dev/sdh"),
        ("smartctl -a <disk>", "blk_update_request: I/O error, dev nvme0n1, sector 8", "/dev/nvme0n1"),
        ("ping <bmc>", "ipmitool -I lanplus -H 192.0.2.9 -p 623 -U admin power on", "192.0.2.9"),
        (
            "curl -si <url>",
            "Failed to get 'https://discovery.example/new?size=3'.",
            "'https://discovery.example/new?size=3'",
        ),
        (
            "openssl s_client -connect <endpoint>",
            "HTTPSConnectionPool(host='api.example.org', port=5000): x",
            "api.example.org:5000",
        ),
        (
            "openssl s_client -connect <endpoint>",
            "failed on: https://sso.example.org/realms/cloud (SSL)",
            "sso.example.org:443",
        ),
        ("ping <other-node>", "rabbit on node rabbit@mq3 down", "mq3"),
        ("showmount -e <nfs-server>", "nfs: server 192.0.2.40 not responding, still trying", "192.0.2.40"),
        ("nc -zv <portal> 3260", "Failed to login on portal 192.0.2.11:3260 (exit code 24).", "192.0.2.11"),
        ("virsh domblkerror <domain>", "qemu: instance-0000a1b2: I/O error", "instance-0000a1b2"),
        (
            "kubectl describe pod <pod>",
            'failed container=dns pod="kube-system/coredns-7c4b9d6f5-h8t2v"',
            "coredns-7c4b9d6f5-h8t2v",
        ),
        ("sha512sum <image-file>", f"Image /var/lib/glance/images/{ID} not found", f"/var/lib/glance/images/{ID}"),
    ],
)
def test_a_check_asks_for_the_object_that_the_lines_of_the_cause_name(check: str, line: str, told: str) -> None:
    assert with_names(check, Told(own=["a line without a name", line])) == re.sub(r"<[a-z-]+>", told, check)


@pytest.mark.parametrize(
    ("check", "line"),
    [
        ("openstack network show <network>", "Network is unreachable"),
        ("openstack port show <port>", "rabbit:5672 port 5672 refused"),
        ("openstack user show <user>", "ipmitool -U admin power on"),
        ("fuser -v <disk>", "[sdh] Medium Error"),
        ("curl -si <url>", "see https://x.example/$(reboot)"),
        ("ipmitool -H <bmc> power status", "ipmitool -H $(reboot) -U admin"),
        ("ipmitool -H <bmc> power status", "ipmitool -H -rf -U admin"),
        ("ping <other-node>", "rabbit on node rabbit@mq1 down"),
    ],
)
def test_a_check_names_nothing_that_the_lines_do_not_call_so(check: str, line: str) -> None:
    """Nor the host itself as the other end, nor what a shell would read as more than a word."""
    found = with_names(check, Told(own=[line], hosts=["mq1"]))
    assert found in (check, check.replace("<url>", "https://x.example/"))


def test_of_other_lines_against_the_cause_a_check_takes_only_what_all_call_alike() -> None:
    one, other = "NFS: server filer1 error: fileid changed", "nfs: server filer2 not responding"
    assert with_names("showmount -e <nfs-server>", Told(beside=[one, one])) == "showmount -e filer1"
    assert with_names("showmount -e <nfs-server>", Told(beside=[one, other])) == "showmount -e <nfs-server>"
    assert with_names("showmount -e <nfs-server>", Told(own=[other], beside=[one])) == "showmount -e filer2"
    assert with_names("kubectl describe pod <pod>", Told(beside=["pod=redis-0 failed"])) == "kubectl describe pod <pod>"


def test_host_and_server_are_filled_in_where_they_are_known() -> None:
    assert checks("ping <host>", host="hv01,hv02") == ["ping hv01"]
    told = Told(known={"<server>": "10f0"})
    assert with_names("openstack server show <server>", told) == "openstack server show 10f0"
    assert with_names("dig @<server> openstack.org", told) == "dig @<server> openstack.org"
    assert with_names("openstack port show <port>", told) == "openstack port show <port>"


@pytest.mark.parametrize(
    ("cited", "options"),
    [
        ("-I lanplus -H 192.0.2.9 -p 6231 -U admin -R 1 -N 1", "-I lanplus -H 192.0.2.9 -p 6231 -U admin -C 3"),
        (
            "-I lanplus -H 192.0.2.9 -L OPERATOR -U admin -v -f /tmp/x",
            "-I lanplus -H 192.0.2.9 -L OPERATOR -U admin -C 3",
        ),
        ("-I lan -H 192.0.2.9 -U admin -P secret -b 0 -t 0x72", "-I lan -H 192.0.2.9 -U admin -b 0 -t 0x72 -C 3"),
        ("-I lanplus -H 192.0.2.9 -C 17 -U admin", "-I lanplus -H 192.0.2.9 -C 17 -U admin"),
    ],
)
def test_ipmitool_asks_the_controller_that_the_cited_call_asked_in_the_same_way(cited: str, options: str) -> None:
    """Behind one address several listen, told by port or bridge; passwords and numbers of tries are left out."""
    check = "ipmitool -I lanplus -C 3 -H <bmc> -U <user> power status"
    told = with_names(check, Told(own=[f"Command: ipmitool {cited} power on"]))
    assert told == f"ipmitool {options} power status"


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("openstack server show <server>", "openstack server list --all-projects"),
        ("openstack console log show <server>", "openstack server list --all-projects"),
        ("openstack network show <network>", "openstack network list"),
        ("openstack resource provider inventory list <provider>", "openstack resource provider list"),
        ("openstack baremetal node validate <node>", "openstack baremetal node list"),
        ("openstack network agent list --host <host>", "openstack network agent list"),
        ("openstack port list --network <network> --long", "openstack port list --long"),
        ("openstack port list --fixed-ip ip-address=<address>", "openstack port list"),
    ],
)
def test_where_nobody_knows_the_object_all_of_its_kind_are_listed(check: str, told: str) -> None:
    assert checks(check) == [told]


def test_a_check_that_cannot_be_typed_as_it_is_stays_out() -> None:
    assert checks("grep -rn <request-id> /var/log", "ip route", "ping <host>") == ["ip route"]


@pytest.mark.parametrize("signature", load_catalogue().signatures, ids=lambda signature: signature.id)
def test_no_check_of_the_catalogue_is_a_redirection_when_pasted(signature) -> None:  # type: ignore[no-untyped-def]
    for check in checks(*signature.checks, *(check for one in signature.remedies for check in one.checks)):
        assert not re.search(r"<[a-z]", check), check


@pytest.mark.parametrize(
    ("shows", "settings", "seen"),
    [
        (
            'grep -n "^connection" FILE',
            "connection = mysql+pymysql://nova:hunter2@db/nova",
            "nova:***@db/nova",
        ),
        ('grep -n "^transport_url" FILE', "transport_url = rabbit://a:hunter2@m1:5672,a:hunter2@m2:5672/", "m1:5672"),
        ('grep -n -A8 "^.nova" FILE', "[nova]\nauth_url = https://k:5000\npassword = hunter2", "https://k:5000"),
        ("grep -n s3_store FILE", "s3_store_secret_key = hunter2\ns3_store_host = h1", "s3_store_host = h1"),
        ('grep -n -A3 "^.cert" FILE', "[cert]\nca_private_key = /etc/k.pem\npassphrase=hunter2", "/etc/k.pem"),
    ],
)
def test_a_check_shows_settings_but_no_password_among_them(
    shows: str, settings: str, seen: str, tmp_path: Path
) -> None:
    file = tmp_path / "nova.conf"
    file.write_text(settings)
    check = checks(shows.replace("FILE", str(file)))[0]
    shown = subprocess.run(["bash", "-c", check], capture_output=True, text=True, check=True).stdout
    assert seen in shown
    assert "hunter2" not in shown


def test_of_a_network_no_unit_is_asked_for() -> None:
    """A switch has none."""
    found = checks("systemctl status <unit>", "journalctl -u <unit> -n 50", component="network", host="tor-b07")
    assert found == ["ping tor-b07"]


def test_a_check_names_what_the_line_names() -> None:
    """The other host, the router or the disk that a line names stands in the command, not the host of who logged the line."""
    rule = load_catalogue().get
    assert rule("nova-migration-host-key-unknown").concrete({"host2": "192.0.2.9"}) == [
        "sudo -u nova ssh -o BatchMode=yes 192.0.2.9 true",
        "ssh-keyscan 192.0.2.9",
    ]
    assert rule("identity-catalogue-changed").concrete({"endpointid": "8f1c"})[0] == "openstack endpoint show 8f1c"
    assert rule("identity-user-changed").concrete({"userid2": "de60"})[0] == "openstack user show de60"
    assert rule("kernel-disk-errors-named").concrete({"device": "sdf"})[0] == "smartctl -a /dev/sdf"
    assert rule("host-connection-timed-out").concrete({"peer": "192.0.2.9"})[0] == "ping 192.0.2.9"


@pytest.mark.parametrize(
    "value", [None, "", "-rf", "$(reboot)", "a;b", "a b", "a'b", 'a"b', "a|b", "a\nb", "`id`", "a&b", ">a"]
)
def test_a_value_that_is_no_plain_word_stays_out_of_a_check(value: str | None) -> None:
    """A log line cannot bring a command of its own into a check that somebody copies."""
    assert (
        load_catalogue().get("nova-migration-host-key-unknown").concrete({"host": value})[1]
        == "ssh-keyscan <other-host>"
    )


def test_a_check_that_names_its_object_stands_for_the_one_that_does_not() -> None:
    assert checks("ping <other-host>", "ip route", "ping 192.0.2.9") == ["ping 192.0.2.9", "ip route"]
    assert checks("ping 192.0.2.9", "ping <other-host>", "ping 192.0.2.8") == ["ping 192.0.2.9", "ping 192.0.2.8"]


def test_the_same_check_is_told_once_in_its_fullest_form() -> None:
    assert checks("systemctl status nova-compute", "systemctl status <unit>") == ["systemctl status nova-compute"]
    assert checks("journalctl -u <unit> -n 50", "free -m", "journalctl -u <unit> -n 200") == [
        "journalctl -u nova-compute -n 200",
        "free -m",
    ]
    assert checks("openstack agent list", "openstack agent list --long") == ["openstack agent list --long"]
    assert checks("openstack agent list --long", "openstack agent list") == ["openstack agent list --long"]
    assert checks("df -h", "df -i") == ["df -h", "df -i"]
    assert checks("ls -l /srv", "ls -ln /srv", "ls -l /etc") == ["ls -ln /srv", "ls -l /etc"]


@pytest.mark.parametrize("signature", load_catalogue().signatures, ids=lambda signature: signature.id)
def test_no_check_of_the_catalogue_speaks_of_the_service_where_a_name_belongs(signature) -> None:  # type: ignore[no-untyped-def]
    for check in signature.checks:
        if not check.startswith(("read ", "look ", "compare ", "see ")):
            assert not re.search(r"\bthe [a-z]", check), check
        assert not re.fullmatch(r"[a-z]+", check) or check in COMMANDS_OF_ONE_WORD, check


COMMANDS_OF_ONE_WORD = {"last", "lsblk", "lsmod", "lsscsi", "mcelog", "mount", "pvs", "timedatectl", "uptime", "vgs"}
