"""Open vSwitch, OVN, FRR."""

from __future__ import annotations

from openstack_rca.logs.formats.line_format import DATE, LineFormat, guessed, iso

FORMATS = (
    LineFormat(
        "openvswitch",
        rf"^(?P<stamp>{DATE}T[\d:.]+Z)\|\d+\|(?P<logger>[^|]+)\|(?P<level>[A-Z]+)\|(?P<message>.*)$",
        iso,
        "Open vSwitch and OVN daemons",
    ),
    LineFormat(
        "frr",
        r"^(?P<stamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<logger>[A-Z][A-Z0-9]+): (?P<message>.*)$",
        guessed(iso),
        "FRR (BGP, OSPF)",
    ),
)
