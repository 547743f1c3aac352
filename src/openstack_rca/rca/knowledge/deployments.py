"""How a cloud was installed, and what its services, containers and logs are called there (data: ``deployments.yaml``)."""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from openstack_rca.shipped import shipped_yaml


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


_NO_CONTAINER = ("host", "network", "storage", "ldap")
_PODMAN = re.compile(r"\bpodman\b|\blibpod-|\bconmon\b")


def recognised_deployment(texts: Iterable[str], given: Iterable[str] = ()) -> Deployment | None:
    """How the cloud was installed; None where nothing tells.

    ``texts`` are paths of logs below what was given, hosts and lines that quote paths; ``given`` are the paths that were given,
    whose names are those of whoever collected the logs.
    """
    everything, above = "\n".join(texts), "\n".join(given)
    names = _names()
    marked = ((names["marks"], everything), (names["marks_of_given"], above))
    found = next(
        (
            Deployment(kind)
            for marks, text in marked
            for kind, signs in marks.items()
            if re.search("|".join(signs), text, re.M)
        ),
        None,
    )
    return Deployment.KOLLA_PODMAN if found is Deployment.KOLLA and _PODMAN.search(everything) else found


@cache
def _names() -> dict[str, Any]:
    names: dict[str, Any] = shipped_yaml("openstack_rca.rca.knowledge", "deployments.yaml")
    return names


def unit_of(component: str, deployment: Deployment) -> str | None:
    """Name of a component's systemd unit where the deployment names it itself; None: no unit, or the package's name."""
    if deployment is Deployment.DEVSTACK and component in _names()["devstack"]:
        return f"devstack@{_names()['devstack'][component]}"
    if deployment is Deployment.TRIPLEO and _runs_in_container(component, deployment):
        name = container_of(component, deployment)
        return None if name is None or "-bundle-" in name or name.startswith("openstack-") else f"tripleo_{name}"
    if _is_on_the_data_plane(component, deployment) and _runs_in_container(component, deployment):
        return f"edpm_{container_of(component, deployment)}"
    return None


def container_of(component: str, deployment: Deployment) -> str | None:
    """Container of a component (charms: application; pods: the component; ansible: a part of its name); None: it has none."""
    if not _runs_in_container(component, deployment):
        return None
    if deployment in (Deployment.KOLLA, Deployment.KOLLA_PODMAN):
        return str(_names()["containers"]["kolla"].get(component, component.replace("-", "_")))
    if deployment is Deployment.TRIPLEO or _is_on_the_data_plane(component, deployment):
        return str(_names()["containers"]["tripleo"].get(component, component.replace("-", "_")))
    if deployment is Deployment.CHARMS:
        project = component.partition("-")[0]
        return str(_names()["charms"].get(component, project if project in _names()["charm_of_project"] else component))
    if deployment is Deployment.ANSIBLE:
        return str(_names()["containers"]["ansible"].get(component, component.partition("-")[0]))
    return component


def pod_labels(component: str) -> str:
    """The labels by which openstack-helm's charts mark the pods of a component."""
    project, _, part = component.partition("-")
    application, role = _names()["pod_labels"].get(component, (project, part or project))
    return f"application={application},component={role}"


def runs_in_pods(component: str, deployment: Deployment) -> bool:
    """Whether Kubernetes runs the component."""
    if deployment is Deployment.RHOSO:
        return not _is_on_the_data_plane(component, deployment)
    return deployment is Deployment.HELM


def _is_on_the_data_plane(component: str, deployment: Deployment) -> bool:
    return deployment is Deployment.RHOSO and component in _names()["on_the_data_plane"]


def _runs_in_container(component: str, deployment: Deployment) -> bool:
    if deployment in (Deployment.PACKAGES, Deployment.DEVSTACK) or component in _NO_CONTAINER:
        return False
    return component not in _names()["outside_of_containers"].get(deployment, ())
