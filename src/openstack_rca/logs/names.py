"""What a log file's path says: the service that wrote it and the host that it ran on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_COMPRESSION = re.compile(r"\.(?:gz|bz2|xz|zst|zstd)$", re.IGNORECASE)
# A number, a date or a date with time behind the name, as logrotate, savelog and people write them.
_ROTATION = re.compile(r"(?:[._-](?:\d{1,4}|\d{8}(?:[-_T]?\d{2,6})?|\d{4}-\d\d-\d\d(?:[-_T]?[\d:.-]+)?|old|bak))+$")
_EXTENSION = re.compile(r"[._-](?:log|err|out|txt)$", re.IGNORECASE)
_ROLE = re.compile(r"[._-](?:access|error|request|requests|other[._-]vhosts)$", re.IGNORECASE)
_NODE_NAME = re.compile(r"^rabbit@([\w.-]+?)(?:[_-](?:sasl|upgrade))?$")

# Names of files that say what is in them, not who wrote them: the folder does.
_ROLE_STEMS = words(
    "access access_log current error error_log errors general log other_vhosts_access output requests server slow "
    "slow-query stderr stdout console"
)
_SERVICES = words(
    "adjutant aodh apache apache2 barbican blazar ceilometer ceph chrony cinder cloudkitty collectd corosync cyborg "
    "designate dnsmasq etcd fluentd freezer frr galera glance gnocchi grafana haproxy heat horizon httpd influxdb "
    "ironic ironic-inspector iscsid keepalived keystone kuryr letsencrypt libvirt magnum manila mariadb masakari "
    "memcached mistral multipathd murano mysql mysqld neutron nginx nova nova_libvirt nova-libvirt octavia "
    "opensearch openstack openvswitch ovn ovs pacemaker placement prometheus proxysql qemu rabbitmq rabbit redis "
    "sahara senlin skyline solum sushy swift tacker trove vitrage watcher zaqar zookeeper zun postgresql valkey"
)
_PLACES = words(
    "all archive archives audit backup backups cluster collected container containers data docker etc files home "
    "host hosts incident incidents journal kolla latest lib lib64 local log logdir logs mnt node nodes normal old opt "
    "private proc root run samples screen service services share source srv stack sys tmp usr var volumes "
    "sos_commands sos_logs pods system test tests training train user users"
)
_HOST_LIKE = re.compile(
    r"^(?:\w+-)*(?:compute|controller|control|ctl|ctrl|cmp|cpt|network|net|storage|stor|node|host|hv|hypervisor|"
    r"server|srv|infra|gateway|gw|ceph|overcloud)s?[-_.]?\w*\d+[\w.-]*$|^(?:controller|compute|network|storage)$",
    re.IGNORECASE,
)
_DATED = re.compile(r"^[\d_.:TZ-]+$")


@dataclass(frozen=True)
class Origin:
    """Who wrote a file; ``None`` where the path does not say."""

    service: str | None
    host: str | None


def plain_stem(name: str) -> str:
    """The file's name without compression, rotation and log suffixes: ``nova-api.log.2.gz`` -> ``nova-api``."""
    stem = _COMPRESSION.sub("", name)
    previous = ""
    while stem != previous:
        previous = stem
        stem = _EXTENSION.sub("", _ROTATION.sub("", stem)) or previous
    return stem


def origin_of(inside: Sequence[str], outside: Sequence[str] = ()) -> Origin:
    """Read service and host from a path.

    Args:
        inside: parts of the path below what the user gave, file name last: ``("compute1", "nova-compute.log")``.
        outside: parts above it; a folder there is a host only where it stands right below ``logs``, ``log`` or
            ``hosts`` or looks like a host's name, since any folder may hold a collection of logs.
    """
    name = inside[-1]
    folders = [part for part in (*outside, *inside[:-1]) if part not in ("/", "", ".", "..")]
    stem = plain_stem(name)
    node = _NODE_NAME.match(stem)
    if node is not None:
        return Origin("rabbitmq", node.group(1))
    if stem.lower() not in _ROLE_STEMS:
        stem = _ROLE.sub("", stem)
    parent = folders[-1].lower() if folders else ""
    if parent == "qemu" or (stem.lower() in _ROLE_STEMS and parent in _SERVICES):
        stem = folders[-1]
    return Origin(stem or None, _host(list(inside[:-1]), [part for part in outside if part != "/"]))


def _host(inside: list[str], outside: list[str]) -> str | None:
    for part in reversed(inside):
        if _may_be_host(part):
            return part
    for position in range(len(outside) - 1, -1, -1):
        part = outside[position]
        if not _may_be_host(part):
            continue
        above = outside[position - 1].lower() if position else ""
        return part if above in ("logs", "log", "hosts", "nodes") or _HOST_LIKE.match(part) else None
    return None


def _may_be_host(part: str) -> bool:
    lower = part.lower()
    return lower not in _PLACES and lower not in _SERVICES and not _DATED.match(part) and not part.startswith(".")
