"""What stands around a line: when, where and by whom it was passed on, in one shape for every kind of envelope."""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from openstack_rca.logs.name_words import words
from openstack_rca.logs.names import Origin, origin_of
from openstack_rca.logs.pods import is_made_up, service_of_pod
from openstack_rca.logs.programs import LONGEST_NAME, LONGEST_PATH, component_of_program, is_program
from openstack_rca.logs.stamps import UTC_TIME

ENVELOPE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.UInt64(),
    "text": pl.String(),
    "wrapper": pl.String(),
    "part": pl.Int8(),
    "outer_time": UTC_TIME,
    "outer_zoned": pl.Boolean(),
    "outer_host": pl.String(),
    "outer_hostname": pl.String(),
    "outer_service": pl.String(),
    "outer_process": pl.Int32(),
    "outer_pipe": pl.String(),
    "outer_level": pl.String(),
    "outer_logger": pl.String(),
    "outer_global_request_id": pl.String(),
    "outer_request_id": pl.String(),
    "outer_project_id": pl.String(),
    "outer_user_id": pl.String(),
    "outer_instance_id": pl.String(),
}
"""``text`` is what is inside; ``outer_zoned`` says whether the stamp told its zone; ``outer_pipe`` is stdout or stderr;
``part`` is one of ``WHOLE``, ``PIECE``, ``CONTINUED``."""

NO_ENVELOPES = pl.DataFrame(schema=ENVELOPE_SCHEMA)
"""None at all; there once, since most lines have none and an empty table takes longer to make than to look for them."""

WHOLE = 0
"""A line of its own."""
PIECE = 1
"""A piece of a line whose rest comes in the next envelope of the same writer."""
CONTINUED = 2
"""A further line of the text that the envelope before it began."""
WHOLE_EVENT = 3
"""An event of its own, whatever its text looks like: the envelope says itself what other formats put into the line."""

NO_NAME = (
    r"(?i)^(?:emerg|panic|alert|crit|err|error|warning|warn|notice|info|debug|trace|audit|critical|fatal|severe|"
    r"(?:\w+[_-])?(?:time|timestamp|date|datetime|at|on)|last\w*|first\w*|"
    r"start(?:ed)?|begin|began|begun|end(?:ed)?|stop(?:ped)?|finish(?:ed)?|completed?|created?|updated?|modified|changed|expire[sd]?|"
    r"generated|since|until|till|from|to|now|today|when|before|after|next|previous|utc|gmt|local|"
    r"id|name|status|state|field|value|property|type|result|code|reason|fault|flavor|image|addresses|metadata|properties) *[:\t|]"
)
"""A word at the beginning of a line that is no name: a level, or what a time is the time of."""

# Programs that pass on what others say; their own name tells nothing of the writer.
_MESSENGERS = words(
    "docker dockerd podman conmon containerd containerd-shim runc crun journal journald stdout stderr python python2 "
    "python3 sh bash sudo su logger init unknown unknown_service container cri-o crio supervisord pebble log logs "
    "fluentd fluent-bit vector syslog varlogs default"
)
# Containers and units of cephadm (`ceph-FSID-mon-HOST`, `ceph-FSID@osd.3.service`) and of ceph-ansible (`ceph-mon-HOST`).
_CEPH_DAEMON = re.compile(
    r"^ceph-(?P<fsid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}[-@])?(?P<daemon>node-exporter|[a-z]+)[.@-]."
)
_CONTAINER_ID = re.compile(r"(?:^|/)[0-9a-f]{12}(?:[0-9a-f]{52})?$")
_OF_KUBELET = re.compile(
    r"^k8s_(?P<container>[a-z0-9.-]{1,63})_(?P<pod>[a-z0-9.-]{1,253})_[a-z0-9-]{1,63}_[0-9a-f-]{32,36}_\d+$"
)
_TAG_ENDS = re.compile(r"(?<!^init)\.(?:service|scope|socket|sh|slice)$")
_LOKI_HOSTS = ("host", "hostname", "node", "node_name", "nodename", "_hostname", "instance", "machine", "fqdn")
_LOKI_PATHS = ("filename", "file", "path", "__path__", "log_file", "source_file")
_LOKI_SERVICES = (
    "container", "container_name", "service", "program", "programname", "process", "app", "syslog_identifier", "unit",
    "systemd_unit", "service_name", "component", "job", "application",
)  # fmt: skip


def service_of_tag(tag: str | None) -> str | None:
    """The service behind a tag, unit or container name; ``None`` for what only passes lines on.

    ``devstack@n-api.service`` -> ``n-api``; ``/usr/bin/dockerd`` -> ``None``; ``openstack-hypervisor.nova-compute`` ->
    ``nova-compute``.
    """
    if not tag or len(tag) > LONGEST_PATH:
        return None
    in_pod = _OF_KUBELET.match(tag)
    if in_pod is not None:
        return service_of_pod(in_pod["pod"], in_pod["container"])
    # Docker's driver for syslog writes a container's id, behind its name perhaps.
    name = _TAG_ENDS.sub("", _CONTAINER_ID.sub("", tag.strip().strip("()")).rsplit("/", 1)[-1])[-LONGEST_NAME:]
    daemon = _CEPH_DAEMON.match(name)
    if daemon is not None and not is_program(name):
        called = daemon["daemon"]
        name = next(filter(is_program, (f"ceph-{called}", called)), called if daemon["fsid"] else name)
    if "@" in name:
        before, _, behind = name.partition("@")
        name = before if component_of_program(before) and not component_of_program(behind) else behind
    name = name.removeprefix("wsgi-")
    dashed = name.replace(".", "-")
    if "." in name and is_program(dashed):
        return dashed
    if "." in name and component_of_program(name.rsplit(".", 1)[-1]):
        name = name.rsplit(".", 1)[-1]
    return None if not name or name.lower() in _MESSENGERS else name


def origin_of_path(path: str | None) -> Origin:
    """The service and host that a log's path names; neither where the text is no path."""
    if not path or len(path) > LONGEST_PATH or ("/" not in path and "." not in path):
        return Origin(None, None)
    path = path.replace("\\", "/")
    parts = [part for part in PurePosixPath(path).parts if part != "/" and not part.endswith(":")]
    return origin_of(parts) if parts and max(map(len, parts)) <= LONGEST_NAME else Origin(None, None)


def origin_of_labels(labels: Mapping[str, Any]) -> Origin:
    """The service and host in the labels of a log stream (Loki, Promtail, Kubernetes)."""
    lower = {str(key).lower(): str(value) for key, value in labels.items() if isinstance(value, str | int)}
    host = next((re.sub(r"^([^:]+):\d{2,5}$", r"\1", lower[key]) for key in _LOKI_HOSTS if lower.get(key)), None)
    path = next((origin_of_path(lower[key]) for key in _LOKI_PATHS if lower.get(key)), Origin(None, None))
    pod = lower.get("pod") or lower.get("pod_name") or lower.get("kubernetes_pod_name")
    service = None
    if pod:
        service = service_of_pod(pod, lower.get("container") or lower.get("container_name"))
    named = [service_of_tag(lower.get(key)) for key in _LOKI_SERVICES]
    known = next((name for name in named if name and component_of_program(name)), None)
    first = next((name for name in named if name), None)
    return Origin(service or path.service or known or first, host or path.host)


def origin_of_label_text(text: str) -> Origin:
    """As ``origin_of_labels``, for labels as Loki writes them: ``{host="ctl1", job="nova"}``."""
    return origin_of_labels(dict(re.findall(r'(?<![\w.])([\w.]+)="((?:[^"\\]|\\.)*)"', text)))


def origin_of_pod(text: str) -> Origin:
    """The service of ``POD/CONTAINER``, ``POD CONTAINER`` or ``POD[CONTAINER]``."""
    pod, _, container = re.sub(r"[ \[]", "/", text.rstrip("]")).partition("/")
    return Origin(service_of_pod(pod, container or None), None)


def origin_of_name(text: str) -> Origin:
    """The name as a service if it is that of a known program or of its pod, else as a host."""
    if is_made_up(text):
        return Origin(service_of_pod(text), None)
    return Origin(text, None) if is_program(text) else Origin(None, text)


def origin_of_container(text: str) -> Origin:
    """The service in a container's name, without Compose's project and number: ``kolla-nova_compute-1`` -> ``nova_compute``."""
    whole = re.sub(r"[-_]\d+$|\.\d+(?:\.[a-z0-9]{20,30})?$", "", text.strip())
    name = whole
    while name and not is_program(name):
        name = re.sub(r"^[^-_]*[-_]?", "", name)
    return Origin(service_of_tag(name or whole), None)


def with_origins(parts: pl.DataFrame, column: str, origin: Callable[[str], Origin]) -> pl.DataFrame:
    """Add the columns ``found_service`` and ``found_host``: what ``origin`` makes of each text of a column, asked once a text."""
    distinct = parts[column].unique()
    origins = [origin(value) if value else Origin(None, None) for value in distinct.to_list()]
    table = pl.DataFrame(
        {
            column: distinct,
            "found_service": [found.service for found in origins],
            "found_host": [found.host for found in origins],
        },
        schema_overrides={column: pl.String, "found_service": pl.String, "found_host": pl.String},
    )
    return parts.join(table, on=column, how="left", nulls_equal=True, maintain_order="left")
