"""The component topology: names, dependencies, and what an address, topic or logger belongs to."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_rca.errors import ConfigurationError
from openstack_rca.logs.programs import component_of_logger
from openstack_rca.rca.knowledge.topology import Topology, load_topology

TOPOLOGY = load_topology()

CANONICAL = [
    "mariadb",
    "rabbitmq",
    "memcached",
    "keystone",
    "placement-api",
    "glance-api",
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "nova-compute",
    "nova-novncproxy",
    "neutron-server",
    "neutron-dhcp-agent",
    "neutron-l3-agent",
    "neutron-metadata-agent",
    "neutron-openvswitch-agent",
    "neutron-linuxbridge-agent",
    "neutron-macvtap-agent",
    "neutron-ovn-metadata-agent",
    "cinder-api",
    "cinder-scheduler",
    "cinder-volume",
    "cinder-backup",
    "heat-api",
    "heat-engine",
    "octavia-api",
    "octavia-worker",
    "octavia-health-manager",
    "octavia-housekeeping",
    "swift-proxy",
    "ironic-api",
    "ironic-conductor",
    "barbican-api",
    "horizon",
    "haproxy",
    "keepalived",
    "apache",
    "libvirt",
    "ovn-northd",
    "ovn-controller",
    "ovn-nb-db",
    "ovn-sb-db",
    "ovs",
    "ceph-mon",
    "ceph-osd",
    "ceph-mgr",
    "etcd",
    "host",
    "network",
    "storage",
]


@pytest.mark.parametrize("name", CANONICAL)
def test_canonical_names_are_known_and_stay_themselves(name: str) -> None:
    assert TOPOLOGY.canonical(name) == name


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("mysqld", "mariadb"),
        ("mysql.err", "mariadb"),
        ("galera", "mariadb"),
        ("/var/log/kolla/mariadb/mariadb.log", "mariadb"),
        ("httpd", "apache"),
        ("keystone-uwsgi", "keystone"),
        ("keystone_wsgi_admin", "keystone"),
        ("keystone-apache-public-error.log", "keystone"),
        ("placement-uwsgi", "placement-api"),
        ("nova-api-wsgi", "nova-api"),
        ("nova-osapi_compute", "nova-api"),
        ("q-svc", "neutron-server"),
        ("devstack@n-cpu.service", "nova-compute"),
        ("openstack-nova-compute.service", "nova-compute"),
        ("nova_compute", "nova-compute"),
        ("nova-compute.log.1", "nova-compute"),
        ("nova-compute.log-20240101.gz", "nova-compute"),
        ("nova-api-5d8f9c7b6d-x2x9k", "nova-api"),
        ("c-vol", "cinder-volume"),
        ("cinder-volume@nfs", "cinder-volume"),
        ("g-api", "glance-api"),
        ("rabbit@ctl01", "rabbitmq"),
        ("rabbit@ctl01.example.org.log", "rabbitmq"),
        ("rabbit@ctl01_upgrade.log", "rabbitmq"),
        ("Open vSwitch agent", "neutron-openvswitch-agent"),
        ("OVN Controller Gateway agent", "ovn-controller"),
        ("ceph-osd.12.log", "ceph-osd"),
        ("kernel", "host"),
        ("IPaddr2(vip-internal)", "pacemaker"),
        ("gnocchi_metricd", "gnocchi-metricd"),
    ],
)
def test_services_files_units_and_containers_are_recognised(name: str, component: str) -> None:
    assert TOPOLOGY.canonical(name) == component


@pytest.mark.parametrize("name", ["", None, "syslog", "messages", "error.log", "access.log", "my-own-thing"])
def test_an_unknown_name_is_not_guessed(name: str | None) -> None:
    assert TOPOLOGY.canonical(name) is None


@given(st.text())
def test_any_text_has_a_canonical_name_or_none(name: str) -> None:
    found = TOPOLOGY.canonical(name)
    assert found is None or found in TOPOLOGY


def test_words_of_log_lines_are_not_remembered_without_bound() -> None:
    """A watch looks up new ones as long as it runs."""
    topology = load_topology()
    tracemalloc.start()
    try:
        sizes = []
        for batch in range(3):
            for number in range(12_000):
                topology.canonical(f"word-{batch}-{number}")
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[2] - sizes[1] < sizes[0] / 4


def test_dependencies_point_from_the_dependent_to_what_it_needs() -> None:
    assert TOPOLOGY.depends_on("nova-api", "mariadb")
    assert not TOPOLOGY.depends_on("mariadb", "nova-api")


def test_dependencies_are_followed_through_others() -> None:
    assert "mariadb" not in TOPOLOGY.dependencies("nova-compute")
    assert TOPOLOGY.depends_on("nova-compute", "mariadb")


def test_a_weak_dependency_counts_only_when_asked_for() -> None:
    assert "memcached" not in TOPOLOGY.dependencies("keystone", include_weak=False)
    assert not TOPOLOGY.depends_on("keystone", "memcached")
    assert "memcached" in TOPOLOGY.dependencies("keystone")


def test_everything_depends_on_host_and_network_and_they_on_nothing_of_openstack() -> None:
    for name in TOPOLOGY.components:
        if name not in {"host", "network"}:
            assert TOPOLOGY.depends_on(name, "host")
            assert TOPOLOGY.depends_on(name, "network")
    assert TOPOLOGY.dependencies("host") == ()
    assert TOPOLOGY.dependencies("network") == ("host",)


def test_nothing_depends_on_itself_even_in_a_cycle() -> None:
    cycle = Topology({"host": {}, "network": {}, "a": {"depends": ["b"]}, "b": {"depends": ["a"]}})
    assert cycle.depends_on("a", "b")
    assert cycle.depends_on("b", "a")
    assert not cycle.depends_on("a", "a")


def test_an_absent_component_depends_on_network_and_host_only() -> None:
    assert TOPOLOGY.dependencies("my-own-thing") == ("network", "host")


@pytest.mark.parametrize(
    ("port", "component"),
    [
        (5000, "keystone"),
        (3306, "mariadb"),
        (5672, "rabbitmq"),
        (9696, "neutron-server"),
        (6642, "ovn-sb-db"),
        (8778, "placement-api"),
        (11211, "memcached"),
        (6900, "ceph-osd"),
        (16509, "libvirt"),
        (8775, "nova-api"),
    ],
)
def test_standard_ports_name_their_component(port: int, component: str) -> None:
    assert TOPOLOGY.component_of_port(port) == component
    assert TOPOLOGY.ports[port] == component


@pytest.mark.parametrize(
    ("url", "component"),
    [
        ("http://api.example.org:8774/v2.1/servers", "nova-api"),
        ("http://[fd00::1]:9696/v2.0/ports", "neutron-server"),
        ("192.0.2.10:5672", "rabbitmq"),
        ("amqp://user:secret@broker:1234/", "rabbitmq"),
        ("mysql+pymysql://nova:secret@db/nova", "mariadb"),
        ("https://cloud.example.org/identity/v3/auth/tokens", "keystone"),
        ("https://cloud.example.org/placement/resource_providers", "placement-api"),
        ("/v3/45cd636b79684524855a956aa5b637d1/volumes/detail", "cinder-api"),
        ("/v2/images/3c5f", "glance-api"),
        ("/allocation_candidates?limit=1", "placement-api"),
        ("/v1/aggregates?details=true", "gnocchi-api"),
        ("/v2/alarms", "aodh-api"),
        ("/v1/clustertemplates", "magnum-api"),
        ("/v1/segments", "masakari-api"),
        ("/v1/leases", "blazar"),
        ("/v2/dataframes", "cloudkitty"),
        ("/v1/audits", "watcher"),
        ("/v2/workflows", "mistral"),
        ("/vnflcm/v1/vnf_instances", "tacker"),
        ("/v2/device_profiles", "cyborg"),
        ("/v1.0/45cd636b79684524855a956aa5b637d1/instances", "trove"),
    ],
)
def test_an_address_names_its_component_by_scheme_port_or_path(url: str, component: str) -> None:
    assert TOPOLOGY.component_of_url(url) == component


@pytest.mark.parametrize(
    "url",
    ["", None, "192.0.2.53", "https://cloud.example.org/", "https://x:notaport/", "/redfish/v1/Systems", "/v1/kv/x"],
)
def test_an_address_that_says_nothing_names_nobody(url: str | None) -> None:
    assert TOPOLOGY.component_of_url(url) is None


@given(st.text())
def test_any_text_may_be_asked_as_an_address_or_topic(text: str) -> None:
    assert TOPOLOGY.component_of_url(text) is None or TOPOLOGY.component_of_url(text) in TOPOLOGY
    assert TOPOLOGY.component_of_topic(text) is None or TOPOLOGY.component_of_topic(text) in TOPOLOGY


@pytest.mark.parametrize(
    ("topic", "component"),
    [
        ("conductor", "nova-conductor"),
        ("compute.node7", "nova-compute"),
        ("scheduler_fanout", "nova-scheduler"),
        ("q-plugin", "neutron-server"),
        ("cinder-volume.node7@nfs#pool", "cinder-volume"),
        ("dhcp_agent.node7.example.org", "neutron-dhcp-agent"),
        ("reply_3f8e", None),
        (None, None),
    ],
)
def test_an_rpc_topic_names_its_consumer(topic: str | None, component: str | None) -> None:
    assert TOPOLOGY.component_of_topic(topic) == component


@pytest.mark.parametrize(
    ("logger", "component"),
    [
        ("neutron.plugins.ml2.plugin", "neutron-server"),
        ("neutron.plugins.ml2.drivers.openvswitch.agent.ovs_neutron_agent", "neutron-openvswitch-agent"),
        ("cinder.volume.drivers.nfs", "cinder-volume"),
        ("cinder.volume.api", "cinder-api"),
        ("nova.scheduler.client.report", None),
        ("oslo_messaging._drivers.impl_rabbit", None),
    ],
)
def test_a_logger_names_a_component_only_where_no_other_uses_it(logger: str, component: str | None) -> None:
    assert component_of_logger(logger) == component


def test_compute_side_components_run_on_many_hosts_and_infrastructure_is_leaf() -> None:
    assert TOPOLOGY.is_per_host("nova-compute")
    assert not TOPOLOGY.is_per_host("keystone")
    assert TOPOLOGY.is_leaf("mariadb")
    assert not TOPOLOGY.is_leaf("nova-api")


@pytest.mark.parametrize(
    ("description", "named"),
    [
        ({"a": {"depends": ["missing"]}}, "missing"),
        ({"a": {"depends": ["a"]}}, "'a'"),
        ({"a": {"colour": "red"}}, "colour"),
        ({"a": {"aliases": ["x"]}, "b": {"aliases": ["x"]}}, "'x'"),
        ({"a": {"ports": ["10-12"]}, "b": {"ports": [11]}}, "11"),
    ],
)
def test_a_faulty_description_is_refused_and_named(description: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=r"components\.yaml") as caught:
        Topology(description)
    assert named in str(caught.value)
