"""Line formats of the services around OpenStack, one module a family; ``oslo`` is beside this package.

Each module has a tuple ``FORMATS``. The order counts: a format takes its lines out of what the ones before it left.
"""

from openstack_rca.logs.formats import (
    cluster,
    databases,
    directories,
    general,
    golang,
    hardware,
    journal,
    kernel,
    messaging,
    monitoring,
    networking,
    storage,
    virtualisation,
    web,
)
from openstack_rca.logs.formats.general import WEAK
from openstack_rca.logs.formats.line_format import LineFormat

FORMATS: tuple[LineFormat, ...] = (
    *messaging.FORMATS,
    *databases.FORMATS,
    *web.FORMATS,
    *virtualisation.FORMATS,
    *networking.FORMATS,
    *storage.FORMATS,
    *directories.FORMATS,
    *monitoring.FORMATS,
    *cluster.FORMATS,
    *kernel.FORMATS,
    *hardware.FORMATS,
    *golang.FORMATS,
    *general.FORMATS,
)
"""Shapes that are sure; tried behind a prefix too."""

INNER_FORMATS: tuple[LineFormat, ...] = (
    *virtualisation.INNER_FORMATS,
    *networking.INNER_FORMATS,
    *general.INNER_FORMATS,
)
"""Shapes without a time of their own, tried behind a prefix only."""

INNER_FALLBACKS: tuple[LineFormat, ...] = (*kernel.FALLBACKS, *general.FALLBACKS)
"""What remains behind a prefix and begins with a time stamp."""

FALLBACKS: tuple[LineFormat, ...] = (*web.FALLBACKS, *INNER_FALLBACKS)
"""The same without a prefix."""

TIMELESS: tuple[LineFormat, ...] = general.TIMELESS
"""What tells a level but no date, tried at the very last."""

UNPREFIXED: tuple[LineFormat, ...] = journal.UNPREFIXED
"""The same of what stands behind a prefix everywhere else, tried where there is none."""

UNDATED: tuple[LineFormat, ...] = general.UNDATED
"""The same where it may be the text of another line: tried where no line of the file is dated, but by a Go library."""

SERVICES: dict[str, str] = {
    "rabbitmq": "rabbitmq",
    "mariadb": "mariadb",
    "postgresql": "postgresql",
    "redis": "redis",
    "memcached": "memcached",
    "mongodb": "mongodb",
    "audit": "auditd",
    "etcd": "etcd",
    "haproxy": "haproxy",
    "nginx": "nginx",
    "apache": "apache2",
    "libvirt": "libvirt",
    "qemu": "qemu",
    "ceph": "ceph",
    "multipath": "multipathd",
    "chrony": "chronyd",
    "sssd": "sssd",
    "389-ds": "389-ds",
    "openldap": "slapd",
    "samba": "samba",
    "squid": "squid",
    "nagios": "nagios",
    "zabbix": "zabbix",
    "strongswan": "strongswan",
    "keepalived": "keepalived",
    "pacemaker": "pacemaker",
    "corosync": "corosync",
    "kernel": "kernel",
    "ipmi": "ipmi",
    "cloud-init": "cloud-init",
    "switch": "switch",
    "heat events": "heat-engine",
}
"""Formats that one program alone writes, and that program."""
