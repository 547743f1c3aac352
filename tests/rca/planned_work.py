"""Windows of planned work with the warnings and errors that it leaves, and failures that begin like it.

Written from the formats and sources of the programs; names, ids and times are made up. ``at`` is seconds after two o'clock.
"""

from collections.abc import Callable

from planned_lines import Logs
from planned_machines import containers, host_reboot, pods, rotation
from planned_servers import backup, broker_node, cache, galera_node, osd_out, switch, switch_over, volume_host
from planned_services import agents, certificate, network_server, rolling_restart, upgrade, web_server

WORK: dict[str, tuple[Callable[[bool], Logs], str]] = {
    "rolling restart": (rolling_restart, "nova-conductor"),
    "reboot of a drained host": (host_reboot, "nova-compute"),
    "a member of the database cluster": (galera_node, "mariadb"),
    "a member of the broker's cluster": (broker_node, "rabbitmq"),
    "a renewed certificate": (certificate, "haproxy"),
    "an upgrade with its migration": (upgrade, "mariadb"),
    "an OSD out on purpose": (osd_out, "ceph-osd"),
    "a virtual address moved by hand": (switch_over, "keepalived"),
    "agents after a package update": (agents, "neutron-openvswitch-agent"),
    "a container made anew": (containers, "nova-api"),
    "pods rolled out": (pods, "glance-api"),
    "rotated logs": (rotation, "cinder-volume"),
    "a backup": (backup, "mariadb"),
    "a restarted cache": (cache, "memcached"),
    "a restarted network server": (network_server, "neutron-server"),
    "a restarted switch": (switch, "openvswitch"),
    "a restarted volume service": (volume_host, "libvirt"),
    "a restarted web server": (web_server, "apache"),
}
