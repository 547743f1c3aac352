"""Checks name the component they are for, and are told once."""

import re

import pytest

from openstack_rca.rca.knowledge.catalogue import load_catalogue
from openstack_rca.rca.knowledge.checks import concrete_checks
from openstack_rca.rca.knowledge.topology import load_topology

TOPOLOGY = load_topology()


def checks(*suggested: str, component: str = "nova-compute", **more: str) -> list[str]:
    return concrete_checks(suggested, component, TOPOLOGY, **more)


def test_the_unit_of_the_component_is_named() -> None:
    assert checks("journalctl -u <unit> -n 50") == ["journalctl -u nova-compute -n 50"]
    assert checks("systemctl status <unit>", component="rabbitmq") == ["systemctl status rabbitmq-server"]


def test_what_is_no_service_has_no_unit() -> None:
    for component in ("host", "network", "storage"):
        found = checks("systemctl status <unit>", "journalctl -u <unit> -n 50", component=component)
        assert found == ["systemctl --failed", "journalctl -p err -n 100"]


def test_host_and_server_are_filled_in_where_they_are_known() -> None:
    assert checks("ping <host>", host="hv01,hv02") == ["ping hv01"]
    assert checks("ping <host>") == ["ping <host>"]
    assert checks("openstack server show <server>", server="10f0") == ["openstack server show 10f0"]
    assert checks("openstack port show <port>", server="b1f0") == ["openstack port show <port>"]


def test_a_check_names_what_the_line_names() -> None:
    """The other host, the router or the disk that a line names stands in the command, not the host of who logged the line."""
    rule = load_catalogue().get
    assert rule("nova-migration-host-key-unknown").concrete({"host2": "192.0.2.9"}) == [
        "sudo -u nova ssh 192.0.2.9 true",
        "ssh-keyscan 192.0.2.9",
    ]
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


@pytest.mark.parametrize("signature", load_catalogue().signatures, ids=lambda signature: signature.id)
def test_no_check_of_the_catalogue_speaks_of_the_service_where_a_name_belongs(signature) -> None:  # type: ignore[no-untyped-def]
    for check in signature.checks:
        if not check.startswith(("read ", "look ", "compare ", "see ")):
            assert not re.search(r"\bthe [a-z]", check), check
        assert not re.fullmatch(r"[a-z]+", check) or check in COMMANDS_OF_ONE_WORD, check


COMMANDS_OF_ONE_WORD = {"last", "lsblk", "lsmod", "lsscsi", "mcelog", "mount", "pvs", "timedatectl", "uptime", "vgs"}
