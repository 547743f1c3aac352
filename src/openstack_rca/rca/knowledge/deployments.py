"""How a cloud was installed, and what its services, containers and logs are called there.

Sources of the names: the deployment tools' own files (kolla-ansible's roles, TripleO's container definitions, openstack-helm's
charts, the openstack-k8s operators, the OpenStack charms, openstack-ansible's inventory, devstack's lib folder).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum


class Deployment(StrEnum):
    """Tools that install OpenStack, as ``--deployment`` names them."""

    PACKAGES = "packages"
    DEVSTACK = "devstack"
    KOLLA = "kolla"
    KOLLA_PODMAN = "kolla-podman"
    TRIPLEO = "tripleo"
    HELM = "helm"
    RHOSO = "rhoso"
    CHARMS = "charms"
    ANSIBLE = "ansible"


_MARKS: tuple[tuple[Deployment, str], ...] = (
    (
        Deployment.RHOSO,
        r"\bedpm_|ovsdbserver-[ns]b-\d|openstack-(?:cell\d+-)?galera-\d|nova-cell\d+-(?:conductor|novncproxy|metadata)-\d",
    ),
    (
        Deployment.HELM,
        r"_openstack_[a-z]|(?:^|/)openstack_[a-z]|/var/lib/openstack/(?:lib|bin)/|nova-api-(?:osapi|metadata)-"
        r"|(?:nova-compute|neutron-ovs-agent|neutron-dhcp-agent|neutron-l3-agent|libvirt-libvirt)-default-",
    ),
    (
        Deployment.TRIPLEO,
        r"(?:^|/)log/containers/[a-z]+/|\btripleo_|-bundle-(?:podman|docker)-\d|overcloud-(?:controller|novacompute)",
    ),
    (Deployment.KOLLA, r"(?:^|/)kolla(?:/|$)|/var/lib/kolla/|/etc/kolla/|\bkolla_(?:start|set_configs)\b"),
    (Deployment.CHARMS, r"\bjuju-[0-9a-f]{6}-|/var/lib/juju/|/var/log/juju/|\bunit-[a-z][a-z-]+-\d+\b"),
    (Deployment.ANSIBLE, r"/openstack/venvs/|[_-]container-[0-9a-f]{8}\b"),
    (Deployment.DEVSTACK, r"\bdevstack@|/opt/stack/"),
)
_PODMAN = re.compile(r"\bpodman\b|\blibpod-|\bconmon\b")


def recognised_deployment(texts: Iterable[str]) -> Deployment | None:
    """How the cloud was installed, told by paths, names of hosts and lines of tracebacks; None where nothing tells.

    Args:
        texts: paths of the logs, hosts, and lines that quote paths of programs.
    """
    everything = "\n".join(texts)
    found = next((kind for kind, mark in _MARKS if re.search(mark, everything, re.M)), None)
    return Deployment.KOLLA_PODMAN if found is Deployment.KOLLA and _PODMAN.search(everything) else found


_KOLLA = {
    "libvirt": "nova_libvirt",
    "ovs": "openvswitch_vswitchd",
    "barbican-api": "barbican_api",
    "trove": "trove_api",
    "masakari-engine": "masakari_engine",
    "watcher": "watcher_api",
    "ceilometer": "ceilometer_central",
    "swift-proxy": "swift_proxy_server",
    "swift-object": "swift_object_server",
    "swift-account": "swift_account_server",
    "swift-container": "swift_container_server",
    "octavia-health-manager": "octavia_health_manager",
    "neutron-ovn-metadata-agent": "neutron_ovn_metadata_agent",
}
_TRIPLEO = {
    "libvirt": "nova_virtqemud",
    "mariadb": "galera-bundle-podman-0",
    "rabbitmq": "rabbitmq-bundle-podman-0",
    "haproxy": "haproxy-bundle-podman-0",
    "redis": "redis-bundle-podman-0",
    "cinder-volume": "openstack-cinder-volume-podman-0",
    "cinder-backup": "openstack-cinder-backup-podman-0",
    "nova-novncproxy": "nova_vnc_proxy",
    "placement-api": "placement_api",
    "neutron-server": "neutron_api",
    "neutron-dhcp-agent": "neutron_dhcp",
    "neutron-openvswitch-agent": "neutron_ovs_agent",
    "neutron-ovn-metadata-agent": "ovn_metadata_agent",
    "barbican-api": "barbican_api",
    "ovn-nb-db": "ovn-dbs-bundle-podman-0",
    "ovn-sb-db": "ovn-dbs-bundle-podman-0",
    "ovn-northd": "ovn-dbs-bundle-podman-0",
}
_HELM = {
    "mariadb": ("mariadb", "server"),
    "rabbitmq": ("rabbitmq", "server"),
    "memcached": ("memcached", "server"),
    "libvirt": ("libvirt", "libvirt"),
    "keystone": ("keystone", "api"),
    "nova-api": ("nova", "os-api"),
    "nova-novncproxy": ("nova", "novnc-proxy"),
    "neutron-server": ("neutron", "server"),
    "neutron-openvswitch-agent": ("neutron", "neutron-ovs-agent"),
    "neutron-dhcp-agent": ("neutron", "dhcp-agent"),
    "neutron-l3-agent": ("neutron", "l3-agent"),
    "neutron-metadata-agent": ("neutron", "metadata-agent"),
    "ovs": ("openvswitch", "server"),
    "barbican-api": ("barbican", "api"),
    "horizon": ("horizon", "server"),
    "heat-engine": ("heat", "engine"),
}
_CHARMS = {
    "mariadb": "mysql-innodb-cluster",
    "rabbitmq": "rabbitmq-server",
    "placement-api": "placement",
    "glance-api": "glance",
    "nova-api": "nova-cloud-controller",
    "nova-conductor": "nova-cloud-controller",
    "nova-scheduler": "nova-cloud-controller",
    "nova-novncproxy": "nova-cloud-controller",
    "libvirt": "nova-compute",
    "ovs": "ovn-chassis",
    "neutron-server": "neutron-api",
    "neutron-dhcp-agent": "neutron-gateway",
    "neutron-l3-agent": "neutron-gateway",
    "neutron-metadata-agent": "neutron-gateway",
    "neutron-openvswitch-agent": "neutron-openvswitch",
    "ovn-controller": "ovn-chassis",
    "neutron-ovn-metadata-agent": "ovn-chassis",
    "ovn-nb-db": "ovn-central",
    "ovn-sb-db": "ovn-central",
    "ovn-northd": "ovn-central",
    "horizon": "openstack-dashboard",
    "swift-object": "swift-storage",
    "swift-account": "swift-storage",
    "swift-container": "swift-storage",
    "haproxy": "hacluster",
    "keepalived": "hacluster",
    "apache": "keystone",
}
_CHARM_OF_PROJECT = ("cinder", "heat", "octavia", "designate", "manila", "magnum", "ironic", "ceph")
_DEVSTACK = {
    "nova-api": "n-api",
    "nova-compute": "n-cpu",
    "nova-conductor": "n-cond-cell1",
    "nova-scheduler": "n-sch",
    "nova-novncproxy": "n-novnc-cell1",
    "neutron-server": "q-svc",
    "neutron-openvswitch-agent": "q-agt",
    "neutron-linuxbridge-agent": "q-agt",
    "neutron-dhcp-agent": "q-dhcp",
    "neutron-l3-agent": "q-l3",
    "neutron-metadata-agent": "q-meta",
    "neutron-ovn-metadata-agent": "q-ovn-metadata-agent",
    "glance-api": "g-api",
    "keystone": "keystone",
    "placement-api": "placement-api",
    "cinder-api": "c-api",
    "cinder-scheduler": "c-sch",
    "cinder-volume": "c-vol",
    "cinder-backup": "c-bak",
    "heat-engine": "h-eng",
    "heat-api": "h-api",
    "octavia-api": "o-api",
    "octavia-worker": "o-cw",
    "octavia-health-manager": "o-hm",
    "octavia-housekeeping": "o-hk",
    "etcd": "etcd",
}
_ON_THE_DATA_PLANE = ("nova-compute", "ovn-controller", "neutron-ovn-metadata-agent", "libvirt", "ovs")
"""Components that RHOSO runs outside of Kubernetes, on hosts that its operators install."""

_OUTSIDE_OF_CONTAINERS = {
    Deployment.TRIPLEO: ("ovs", "ceph-mon", "ceph-osd", "ceph-mgr"),
    Deployment.RHOSO: ("ovs", "libvirt", "ceph-mon", "ceph-osd", "ceph-mgr"),
    Deployment.ANSIBLE: (*_ON_THE_DATA_PLANE, "neutron-openvswitch-agent", "ceph-osd"),
}
_NO_CONTAINER = ("host", "network", "storage", "ldap")


def unit_of(component: str, deployment: Deployment) -> str | None:
    """The systemd unit of a component where a deployment gives it one of its own name; None: none, or the package's."""
    if deployment is Deployment.DEVSTACK and component in _DEVSTACK:
        return f"devstack@{_DEVSTACK[component]}"
    if deployment is Deployment.TRIPLEO and _runs_in_container(component, deployment):
        name = container_of(component, deployment)
        return None if name is None or "-bundle-" in name or name.startswith("openstack-") else f"tripleo_{name}"
    if deployment is Deployment.RHOSO and component in _ON_THE_DATA_PLANE and _runs_in_container(component, deployment):
        return f"edpm_{container_of(component, deployment)}"
    return None


def container_of(component: str, deployment: Deployment) -> str | None:
    """The container (in charms, the application; in pods, what stands for its name) of a component; None: it has none."""
    if not _runs_in_container(component, deployment):
        return None
    if deployment in (Deployment.KOLLA, Deployment.KOLLA_PODMAN):
        return _KOLLA.get(component, component.replace("-", "_"))
    if deployment is Deployment.TRIPLEO:
        return _TRIPLEO.get(component, component.replace("-", "_"))
    if deployment is Deployment.RHOSO and component in _ON_THE_DATA_PLANE:
        return _TRIPLEO.get(component, component.replace("-", "_"))
    if deployment is Deployment.CHARMS:
        project = component.partition("-")[0]
        return _CHARMS.get(component, component if project not in _CHARM_OF_PROJECT else _charm(component, project))
    return f"<{component}-{'container' if deployment is Deployment.ANSIBLE else 'pod'}>"


def pod_labels(component: str) -> str:
    """The labels by which openstack-helm's charts mark the pods of a component."""
    project, _, part = component.partition("-")
    application, role = _HELM.get(component, (project, part or project))
    return f"application={application},component={role}"


def runs_in_pods(component: str, deployment: Deployment) -> bool:
    """Whether Kubernetes runs the component."""
    return deployment is Deployment.HELM or (deployment is Deployment.RHOSO and component not in _ON_THE_DATA_PLANE)


def _charm(component: str, project: str) -> str:
    return component if project == "ceph" else project


def _runs_in_container(component: str, deployment: Deployment) -> bool:
    if deployment in (Deployment.PACKAGES, Deployment.DEVSTACK) or component in _NO_CONTAINER:
        return False
    return component not in _OUTSIDE_OF_CONTAINERS.get(deployment, ())
