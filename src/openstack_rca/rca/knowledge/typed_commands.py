"""Commands as they are typed on a cloud: in its containers, pods and machines, with the names that they have there."""

import re
import shlex

from openstack_rca.rca.knowledge.deployments import Deployment, container_of, pod_labels, runs_in_pods, unit_of
from openstack_rca.rca.knowledge.topology import Topology

_PROGRAMS = {
    "mysql": "mariadb",
    "mysqladmin": "mariadb",
    "psql": "postgresql",
    "rabbitmqctl": "rabbitmq",
    "rabbitmq-diagnostics": "rabbitmq",
    "redis-cli": "redis",
    "etcdctl": "etcd",
    "virsh": "libvirt",
    "qemu-img": "libvirt",
    "ovs-vsctl": "ovs",
    "ovs-appctl": "ovs",
    "ovs-ofctl": "ovs",
    "ovsdb-client": "ovs",
    "ovn-nbctl": "ovn-nb-db",
    "ovn-sbctl": "ovn-sb-db",
    "nova-manage": "nova-conductor",
    "nova-status": "nova-conductor",
    "cinder-manage": "cinder-api",
    "keystone-manage": "keystone",
    "designate-manage": "designate-api",
    "neutron-ovn-db-sync-util": "neutron-server",
    "haproxy": "haproxy",
}
"""Programs that lie in the container of one component, and which that is."""

_OVN_DATABASES = (("ovnnb", "ovn-nb-db"), ("ovnsb", "ovn-sb-db"), ("northd", "ovn-northd"))
_OF_LIBVIRT = re.compile(r"^(?:qemu-system-|virt-host-validate|getent passwd |(?:ls|which) .*qemu|namei .*/instances/)")
"""What looks at the hypervisor's own programs, users and disks, which lie beside libvirt."""
_OWN_FILES = ("cat", "curl", "grep", "head", "ls", "tail", "pip", "oslopolicy-validator", "openssl", "id")
"""Programs that look at files, which lie in the container of whom the file belongs to."""

_STATE = re.compile(r"^systemctl status (?P<unit>[\w@.-]+)(?: [\w@. -]+)?$")
_JOURNAL = re.compile(r"^journalctl -u (?P<unit>[\w@.-]+)(?:.*? -n (?P<lines>\d+))?.*$")
_LOG = re.compile(r"^tail(?: -n \d+)? /var/log/(?P<folder>[a-z]+)/(?P<file>[\w.<>@-]+)$")
_PROJECT_FILE = re.compile(r"/(?:etc|var/lib)/(?P<project>[a-z]+)\b")
_ENGINE = re.compile(r"^(?:docker|podman) (?P<asked>ps|logs|images|info)\b(?P<rest>.*)$")
_IN_KUBERNETES = {
    "ps": "kubectl -n openstack get pods -o wide",
    "logs": "kubectl -n openstack get pods --sort-by=.status.startTime",
    "images": "crictl images",
    "info": "crictl info",
}
_KOLLA = (Deployment.KOLLA, Deployment.KOLLA_PODMAN)
_WRITTEN_BY_KOLLA = {
    "keystone": "keystone/keystone.log",
    "mariadb": "mariadb/mariadb.log",
    "rabbitmq": "rabbitmq/rabbit@*.log",
    "haproxy": "haproxy/haproxy.log",
    "horizon": "horizon/horizon.log",
}
"""Logs of components of one word; what their containers print ends with their start."""

_AS_ROOT = {
    **dict.fromkeys(_KOLLA, "-u root -p"),
    Deployment.HELM: "--defaults-file=/etc/mysql/admin_user.cnf",
}
"""How the clients of MariaDB log in where root of the container may not as such."""

_SHELL = re.compile(r"[|;&*]|\s>\s")


def fitted_check(check: str, component: str, topology: Topology, deployment: Deployment) -> str:
    """Return a check as the command that an operator types in this deployment; unchanged where it needs no other form."""
    if deployment is Deployment.PACKAGES:
        return check
    if engine := _ENGINE.match(check):
        if runs_in_pods(component, deployment):
            return _IN_KUBERNETES[engine["asked"]]
        containers = deployment in (Deployment.KOLLA, Deployment.KOLLA_PODMAN, Deployment.TRIPLEO, Deployment.RHOSO)
        return f"{_runtime(deployment)} {engine['asked']}{engine['rest']}" if containers else check
    asked = _STATE.match(check) or _JOURNAL.match(check)
    if asked:
        named = asked["unit"]
        whose = component if named == topology.unit(component) else topology.canonical(named)
        if whose is None:
            return check
        lines = None if check.startswith("systemctl") else (asked["lines"] or "100")
        return _state(whose, deployment, check) if lines is None else _lines(whose, lines, deployment, check)
    log = _LOG.match(check)
    if log and deployment is not Deployment.DEVSTACK:
        whose = topology.canonical(log["file"].removesuffix(".log"))
        return _lines(whose, "100", deployment, check) if whose else check
    whose = _inside(check, component, topology)
    return _run(check, whose, deployment) if whose else check


def _inside(check: str, component: str, topology: Topology) -> str | None:
    """The component in whose container a command finds what it needs; None: it runs on the host, or from anywhere."""
    program = check.split(maxsplit=1)[0]
    if program in _PROGRAMS:
        return _PROGRAMS[program]
    if program.startswith("ovn-appctl"):
        return next((name for mark, name in _OVN_DATABASES if mark in check), "ovn-controller")
    if "haproxy.sock" in check:
        return "haproxy"
    if _OF_LIBVIRT.match(check):
        return "libvirt"
    if program == "pip":
        return component
    own = _PROJECT_FILE.search(check) if program in _OWN_FILES else None
    if own is None:
        return None
    project = own["project"]
    if project in (component.partition("-")[0], "ceph"):
        # Keyrings and ceph.conf are read where the client runs.
        return component
    found = topology.canonical(project)
    return found or next((name for name in topology.components if name.partition("-")[0] == project), None)


def _run(check: str, component: str, deployment: Deployment) -> str:
    container = container_of(component, deployment)
    if container is None:
        return check
    program, _, rest = check.partition(" ")
    asks = program in ("mysql", "mysqladmin") and deployment in _KOLLA
    if program in ("mysql", "mysqladmin") and deployment in _AS_ROOT:
        check = f"{program} {_AS_ROOT[deployment]} {rest}"
    command = f"sh -c {shlex.quote(check)}" if _SHELL.search(check) else check
    if runs_in_pods(component, deployment):
        return f"kubectl -n openstack exec {_pod(component, deployment)} -- {command}"
    if deployment is Deployment.CHARMS:
        return f"juju exec --application {container} -- {command}"
    if deployment is Deployment.ANSIBLE:
        return f"lxc-attach -n $(lxc-ls -1 --filter={container} | head -n 1) -- {command}"
    return f"{_runtime(deployment)} exec {'-it ' if asks else ''}{container} {command}"


def _state(component: str, deployment: Deployment, check: str) -> str:
    unit, container = unit_of(component, deployment), container_of(component, deployment)
    if unit:
        return f"systemctl status {unit}"
    if container is None:
        return check
    if deployment is Deployment.HELM:
        return f"kubectl -n openstack get pods -o wide -l {pod_labels(component)}"
    if runs_in_pods(component, deployment):
        return f"kubectl -n openstack get pods -o wide | grep {_pod_name(component)}"
    if deployment is Deployment.CHARMS:
        return f"juju status {container}"
    if deployment is Deployment.ANSIBLE:
        return _run(check, component, deployment)
    return f"{_runtime(deployment)} ps -a --filter name={container}"


def _lines(component: str, number: str, deployment: Deployment, check: str) -> str:
    unit, container = unit_of(component, deployment), container_of(component, deployment)
    if deployment is Deployment.DEVSTACK:
        return f"journalctl -u {unit} -n {number}" if unit else check
    if container is None:
        return check
    if deployment is Deployment.HELM:
        return f"kubectl -n openstack logs --tail={number} -l {pod_labels(component)}"
    if runs_in_pods(component, deployment):
        return f"kubectl -n openstack logs --tail={number} {_pod(component, deployment)}"
    if deployment in (Deployment.CHARMS, Deployment.ANSIBLE):
        return _run(check, component, deployment)
    if deployment in _KOLLA and component in _WRITTEN_BY_KOLLA:
        return f"tail -n {number} /var/log/kolla/{_WRITTEN_BY_KOLLA[component]}"
    if deployment is Deployment.TRIPLEO and component == "keystone":
        return f"tail -n {number} /var/log/containers/keystone/keystone.log"
    project, _, part = component.partition("-")
    folder = {Deployment.TRIPLEO: "containers"}.get(deployment, "kolla")
    if part and deployment is not Deployment.RHOSO:
        return f"tail -n {number} /var/log/{folder}/{project}/{component}.log"
    return f"{_runtime(deployment)} logs --tail {number} {container}"


def _pod(component: str, deployment: Deployment) -> str:
    """The first pod of a component, whose name ends as only the cluster knows."""
    asked = "kubectl -n openstack get pods -o name"
    if deployment is Deployment.HELM:
        return f"$({asked} -l {pod_labels(component)} | head -n 1)"
    return f"$({asked} | grep -m 1 {_pod_name(component)})"


def _pod_name(component: str) -> str:
    return {"mariadb": "galera", "rabbitmq": "rabbitmq-server", "neutron-server": "neutron"}.get(component, component)


def _runtime(deployment: Deployment) -> str:
    return "docker" if deployment is Deployment.KOLLA else "podman"
