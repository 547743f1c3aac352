"""Whom an error speaks against where no signature knows it."""

import pytest

from openstack_rca.rca.evidence.accusations import Accusation, accuse, tells_of_time_out
from openstack_rca.rca.knowledge.topology import load_topology
from openstack_rca.rca.vocabulary import Category

TOPOLOGY = load_topology()
SITE = "/opt/stack/venv/lib/python3.12/site-packages"


def said(text: str, accuser: str = "nova-api", logger: str | None = None) -> Accusation | None:
    return accuse(text, accuser, TOPOLOGY, logger)


def about(text: str, accuser: str = "nova-api", logger: str | None = None) -> tuple[str, Category]:
    accusation = said(text, accuser, logger)
    assert accusation is not None
    return accusation.component, accusation.category


@pytest.mark.parametrize(
    ("address", "component"),
    [
        ("http://10.3.0.7:9696/v2.0/ports", "neutron-server"),
        ("https://cloud.example.org:13292/v2/images", "glance-api"),
        ("http://cloud.example.org/placement/resource_providers", "placement-api"),
        ("http://[2001:db8::7]:8776/v3", "cinder-api"),
        ("db7.example.org:3306", "mariadb"),
        ("192.0.2.1:11211", "memcached"),
    ],
)
def test_a_refused_connection_accuses_who_listens_at_the_address(address: str, component: str) -> None:
    assert about(f"Could not talk to {address}: [Errno 111] Connection refused") == (component, Category.PROCESS_DOWN)


def test_an_unanswered_connection_is_a_hang() -> None:
    assert about("GET http://10.3.0.7:9696/v2.0/ports: Read timed out") == ("neutron-server", Category.HANG)


@pytest.mark.parametrize(
    ("frame", "accuser", "consumer"),
    [
        ("nova/conductor/rpcapi.py", "nova-compute", "nova-conductor"),
        ("nova/scheduler/rpcapi.py", "nova-conductor", "nova-scheduler"),
        ("nova/compute/rpcapi.py", "nova-api", "nova-compute"),
        ("cinder/volume/rpcapi.py", "cinder-api", "cinder-volume"),
        ("cinder/scheduler/rpcapi.py", "cinder-api", "cinder-scheduler"),
        ("neutron/agent/rpc.py", "neutron-l3-agent", "neutron-server"),
        ("neutron/agent/dhcp/agent.py", "neutron-dhcp-agent", "neutron-server"),
    ],
)
def test_an_rpc_time_out_accuses_the_service_whose_client_module_was_called(
    frame: str, accuser: str, consumer: str
) -> None:
    text = f'MessagingTimeout: Timed out\n  File "{SITE}/{frame}", line 242, in call\n{SITE}/oslo_messaging/client.py'
    assert about(text, accuser) == (consumer, Category.HANG)


def test_the_last_client_module_of_a_traceback_counts() -> None:
    text = f'MessagingTimeout\n "{SITE}/nova/conductor/rpcapi.py", line 1\n "{SITE}/nova/scheduler/rpcapi.py", line 2'
    assert about(text, "nova-compute")[0] == "nova-scheduler"


def test_nobody_accuses_himself() -> None:
    assert said("http://10.3.0.7:8774/v2.1 refused: Connection refused", "nova-api") is None
    assert said(f'MessagingTimeout "{SITE}/nova/conductor/rpcapi.py"', "nova-conductor") is None


@pytest.mark.parametrize(
    "text",
    [
        "GET http://10.3.0.7:9696/v2.0/ports returned 200",
        "Connection refused",
        "rabbitmq, mysql and keystone are configured",
        "Connection to 10.3.0.7:65001 refused: Connection refused",
        "",
    ],
)
def test_a_bare_name_address_or_refusal_accuses_nobody(text: str) -> None:
    assert said(text) is None


@pytest.mark.parametrize(
    ("text", "accuser", "expected"),
    [
        ("neutronclient.common.exceptions.OverQuotaClient: Quota exceeded", "nova-compute", ("neutron-server", Category.CAPACITY)),
        ("keystoneauth1.exceptions.http.Unauthorized: Unauthorized", "nova-api", ("keystone", Category.AUTH)),
        ("libvirt.libvirtError: internal error: connection closed", "nova-compute", ("libvirt", Category.PROCESS_DOWN)),
        ("pymysql.err.OperationalError: (1040, 'Too many connections')", "cinder-api", ("mariadb", Category.CAPACITY)),
    ],
)  # fmt: skip
def test_an_error_out_of_a_client_library_accuses_what_it_is_the_client_of(
    text: str, accuser: str, expected: tuple[str, Category]
) -> None:
    assert about(text, accuser) == expected


def test_infrastructure_is_accused_whatever_the_words_but_only_vaguely() -> None:
    accusation = said("oslo_db.exception.DBError: (pymysql.err.OperationalError) (4711, 'never seen before')")
    assert accusation is not None
    assert (accusation.component, accusation.category, accusation.vague) == ("mariadb", Category.DATABASE, True)


def test_what_openstack_provokes_itself_accuses_nobody() -> None:
    text = (
        "oslo_db.exception.DBDuplicateEntry: (pymysql.err.IntegrityError) (1062, \"Duplicate entry '1' for key 'x'\")"
    )
    assert said(text) is None


def test_who_is_not_a_client_does_not_accuse() -> None:
    """A text about libvirt in the log of keystone is a quotation."""
    assert said("libvirt.libvirtError: connection closed", "keystone") is None


def test_what_is_not_found_weighs_little() -> None:
    missing = said(
        "neutronclient.common.exceptions.PortNotFound: Port 5d could not be found: not found", "nova-compute"
    )
    refused = said("neutronclient.common.exceptions.Unauthorized: Unauthorized", "nova-compute")
    assert missing is not None
    assert refused is not None
    assert missing.category is Category.DATA_MISSING
    assert missing.weight < refused.weight


def test_a_refusal_is_no_time_out() -> None:
    assert tells_of_time_out("Read timed out. (read timeout=600)")
    assert not tells_of_time_out("Connection refused; gave up when the retries timed out")
    assert not tells_of_time_out("could not be found")


def test_placement_only_tells_of_the_want_of_the_hosts_whose_accounts_it_keeps() -> None:
    text = "Failed to save allocation for 1f. Got HTTP 409: Unable to create allocation: the requested amount would exceed the capacity"
    logger = "nova.scheduler.client.report"
    assert about(text, "nova-scheduler", logger) == ("nova-compute", Category.CAPACITY)
    denied = "Failed to save allocation for 1f. Got HTTP 401: Unauthorized"
    assert about(denied, "nova-scheduler", logger) == ("placement-api", Category.AUTH)


@pytest.mark.parametrize(
    ("text", "accuser", "component"),
    [
        ("Service nova-scheduler on ctl-a is down", "nova-conductor", "nova-scheduler"),
        ("The cinder-volume process on stor01 has not reported for 61 seconds", "cinder-scheduler", "cinder-volume"),
        ("2 agents found dead:\n  DHCP agent  2025-03-04 10:00:30 net01", "neutron-server", "neutron-dhcp-agent"),
        ("Lost connection to memcached, giving up", "keystone", "memcached"),
    ],
)
def test_who_is_called_gone_by_its_name_is_accused(text: str, accuser: str, component: str) -> None:
    assert about(text, accuser) == (component, Category.PROCESS_DOWN)


@pytest.mark.parametrize(
    "text",
    [
        "Starting nova-scheduler node (version 26.2.1)",
        "The instance is down: its disk is missing",
        'The guest is not running\n  File "/opt/nova-compute/manager.py", line 3',
        "nova-api is not available yet",
    ],
)
def test_a_name_alone_or_a_loss_without_a_name_accuses_nobody(text: str) -> None:
    assert said(text, "nova-api") is None


def test_the_address_of_a_connection_pool_is_read() -> None:
    pool = "HTTPConnectionPool(host='10.3.0.7', port=8775): Max retries exceeded: [Errno 111] Connection refused"
    assert about(pool, "neutron-metadata-agent") == ("nova-api", Category.PROCESS_DOWN)
