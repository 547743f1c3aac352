"""Invented sites: hosts, ports, layout and release."""

from dataclasses import dataclass

CONTROL = (
    "keystone",
    "placement-api",
    "glance-api",
    "nova-api",
    "nova-conductor",
    "nova-scheduler",
    "neutron-server",
    "cinder-api",
    "cinder-scheduler",
    "cinder-volume",
    "rabbitmq",
)
PORTS = {
    "keystone": 5000,
    "placement-api": 8778,
    "glance-api": 9292,
    "nova-api": 8774,
    "neutron-server": 9696,
    "cinder-api": 8776,
}


@dataclass(frozen=True)
class Site:
    """What one cloud looks like.

    Attributes:
        vip: name or address that the services call each other by.
        l2_agent: the layer-2 agent on every compute host, by the name of its log.
        kolla: log folders as kolla lays them out; else one folder a host.
        early: a release before request contexts had two ids, with its older wording.
    """

    controllers: tuple[str, ...] = ("ctl-a",)
    computes: tuple[str, ...] = ("hv01", "hv02", "hv03")
    vip: str = "api.cloud.example.net"
    l2_agent: str = "neutron-openvswitch-agent"
    kolla: bool = False
    early: bool = False


SMALL = Site()
KOLLA = Site(
    controllers=("os-ctl1", "os-ctl2", "os-ctl3"),
    computes=("os-cmp1", "os-cmp2", "os-cmp3", "os-cmp4"),
    vip="10.77.0.250",
    kolla=True,
)
OLD = Site(
    controllers=("node-12",),
    computes=("node-21", "node-22"),
    vip="192.0.2.40",
    l2_agent="neutron-linuxbridge-agent",
    early=True,
)
OVN = Site(controllers=("infra1",), computes=("kvm-a", "kvm-b", "kvm-c"), vip="172.29.236.9", l2_agent="ovn-controller")
