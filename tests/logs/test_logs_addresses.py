"""A host that is known by an address only is called by the name that its own nova-compute has for it."""

import polars as pl
import pytest

from openstack_rca.logs.addresses import with_names_of_hosts
from openstack_rca.logs.event_table import EventTable


def hosts(*lines: tuple[str, str, str]) -> list[str]:
    events = pl.DataFrame(lines, schema=["host", "service", "message"], orient="row")
    return with_names_of_hosts(EventTable.of(events)).take()["host"].to_list()


@pytest.mark.parametrize(
    "message",
    [
        "Claim successful on node cmp-1.example.org",
        "Final resource view: name=cmp-1.example.org phys_ram=3915MB used_ram=512MB",
        "Updating port 7 with attributes {'binding:host_id': 'cmp-1.example.org', 'x': 1}",
    ],
)
def test_its_own_nova_compute_tells_the_name(message: str) -> None:
    found = hosts(
        ("10.0.0.11", "nova-compute", message), ("10.0.0.11", "neutron-ovs-agent", "up"), ("ctl", "nova-api", "x")
    )
    assert found == ["cmp-1.example.org", "cmp-1.example.org", "ctl"]


def test_what_others_say_tells_nothing() -> None:
    assert hosts(("10.0.0.1", "nova-api", "Claim successful on node cmp1")) == ["10.0.0.1"]


def test_several_names_and_names_of_others_leave_the_address() -> None:
    two = [("10.0.0.1", "nova-compute", f"Claim successful on node cmp{number}") for number in (1, 2)]
    assert hosts(*two) == ["10.0.0.1", "10.0.0.1"]
    assert hosts(two[0], ("cmp1", "nova-compute", "up")) == ["10.0.0.1", "cmp1"]
    assert hosts(two[0], ("10.0.0.2", *two[0][1:])) == ["10.0.0.1", "10.0.0.2"]


def test_hosts_with_names_keep_them() -> None:
    assert hosts(("rack1", "nova-compute", "Claim successful on node cmp1")) == ["rack1"]
