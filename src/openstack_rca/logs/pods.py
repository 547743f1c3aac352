"""What pods of Kubernetes are called, and the services in them: by the paths of their logs, by labels, by names alone."""

import re

from openstack_rca.logs.programs import LONGEST_NAME, component_of_program, is_program, normal_name

# `NAMESPACE_POD_UID` of the kubelet, and `POD_NAMESPACE_CONTAINER-ID` of its links.
_FOLDER = re.compile(r"^[a-z0-9-]+_(?P<pod>[a-z0-9.-]+)_(?:[0-9a-f-]{32,36})$")
_LINK = re.compile(r"^(?P<pod>[a-z0-9.-]+)_[a-z0-9-]+_(?P<container>[a-z0-9-]+)-[0-9a-f]{64}$")
# What a controller puts behind a name: letters and digits that spell no word, a number.
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_REPLICA = re.compile(rf"-[0-9a-f]{{6,10}}-{_RANDOM}{{5}}$")
# Charts call a set of equal pods so, and no machine.
_SET = "default|cluster|server|single|primary|secondary|replicas?|(?:external|internal|edge)-api"
# Sets of an operator's that keep their names; a machine may be called by what it does most: compute, osd, mon.
_KEPT = (
    "^(?:swift-storage|openstack-galera|ovsdbserver-[ns]b|ovn-northd|(?:cinder-volume|manila-share)-[a-z0-9-]+|"
    r"[a-z0-9-]+-(?:scheduler|conductor|novncproxy|metadata|backup|inspector|producer|mdns|decision-engine|applier))-\d{1,2}$"
)
_MACHINE = r"(?:ctr?l|cmpt?|cpt|hv|srv|gw|lb|db|mq|np)\d+$"
_OF_SET = re.compile(
    rf"-(?:(?!{_MACHINE})(?=[a-z]*\d){_RANDOM}{{5}}|(?:{_SET}|cell\d+-[a-z-]+)-(?:\d{{1,3}}|{_RANDOM}{{5}}))$"
)
_NUMBERED = re.compile(r"-\d{1,3}$")
_TAIL = re.compile(rf"-(?:\d{{1,4}}|[0-9a-f]{{8,10}}|{_RANDOM}{{5,10}}|{_SET})$")
_CELL = re.compile(r"-cell\d+")
_AIDE = re.compile(r"operator|exporter")
# A chart's release that is called as the chart is.
_TWICE = re.compile(r"^([a-z]+)-\1(?=-|$)")


def is_pod(name: str, above: str = "", below: str = "") -> bool:
    """Whether only a pod is called so: its name ends as a controller ends it, behind a program's where that could be chance.

    ``above`` is the folder that holds it; below a namespace's a number is enough. ``below`` is the folder in it: a machine
    that is called by its use holds one of the project's, `ironic-conductor-1/ironic`.
    """
    if _FOLDER.match(name) or _REPLICA.search(name):
        return True
    kept = re.search(_KEPT, name) and below != name.partition("-")[0]
    ends = _OF_SET.search(name) or kept or (above == "openstack" and _NUMBERED.search(name))
    return bool(ends) and component_of_program(service_of_pod(name) or "") is not None


def is_made_up(name: str) -> bool:
    """Whether a controller of Kubernetes made a name up, so that no machine is called so."""
    made = _REPLICA.search(name) or _OF_SET.search(name)
    return bool(made) and component_of_program(service_of_pod(name) or "") is not None


def service_of_pod(pod: str, container: str | None = None) -> str | None:
    """The service of a container in a pod: by the container's name, else by the pod's without what a controller added.

    ``nova-compute-default-x7x2k`` is nova-compute; the container ``charm`` says nothing.
    """
    if container and container.endswith("-ssh"):
        return "sshd"
    kinds = []
    for name in (name for name in (container, pod) if name and len(name) <= LONGEST_NAME):
        text = _TWICE.sub(r"\1", normal_name(name)).removeprefix("rook-")
        shorter = ""
        while shorter != text:
            text = shorter or text
            for candidate in (text, _CELL.sub("", text)):
                if is_program(candidate):
                    return candidate
            shorter = _TAIL.sub("", text) or text
        kinds.append(_CELL.sub("", text))
    # A kind of a program's pods is called by words of its own: `ovn-controller-gw`.
    for kind in kinds:
        words = [] if _AIDE.search(kind) else kind.split("-")
        for count in range(len(words) - 1, 0, -1):
            if is_program("-".join(words[:count])):
                return "-".join(words[:count])
    return next(filter(None, map(component_of_program, kinds)), None) or container or next(iter(kinds), None)


def service_in_pods(name: str, stem: str, folders: list[str]) -> str | None:
    """The service where a path is that of a pod's log, as the kubelet, its links, must-gather and Helm's jobs lay them out.

    Args:
        name: the file's name.
        stem: the same without extensions and rotation.
        folders: those above it, the nearest last.
    """
    link = _LINK.match(name)
    if link is not None:
        return service_of_pod(link["pod"], link["container"])
    for position in range(len(folders) - 1, -1, -1):
        folder = _FOLDER.match(folders[position])
        below = folders[position + 1] if position + 1 < len(folders) else None
        if folder is not None:
            return service_of_pod(folder["pod"], below)
        of_pods = folders[position] == "pods" and "namespaces" in folders[:position]
        if below is not None and (of_pods or folders[position - 1 : position] == ["pod-logs"]):
            return service_of_pod(below, folders[position + 2] if position + 2 < len(folders) else stem)
        if is_pod(folders[position], below=below or ""):
            # `kubectl cluster-info dump` calls every file `logs.txt`.
            return service_of_pod(folders[position], below or stem)
    return None
