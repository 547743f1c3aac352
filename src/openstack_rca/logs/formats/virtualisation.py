"""libvirt and QEMU."""

from __future__ import annotations

from openstack_rca.logs.formats.line_format import DATE, LineFormat, guessed, iso
from openstack_rca.logs.stamps import ISO

FORMATS = (
    LineFormat(
        "libvirt",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d\.\d{{3}}\+\d{{4}}): (?P<process>\d+): (?P<level>[a-z]+) : (?P<message>.*)$",
        iso,
        "libvirtd, virtqemud and the other daemons",
    ),
    LineFormat(
        "libvirt",
        rf"^(?P<stamp>{DATE} \d\d:\d\d:\d\d\.\d{{3}}\+\d{{4}}): (?P<message>.*)$",
        guessed(iso),
        "libvirt's lines in a guest's log",
    ),
    LineFormat(
        "qemu",
        rf"^(?P<stamp>{DATE}T\d\d:\d\d:\d\d\.\d{{6}}Z) (?P<message>qemu-(?:kvm|system-\w+): .*)$",
        guessed(iso),
        "QEMU, in a guest's log",
    ),
    LineFormat(
        "esxi",
        rf"^(?P<stamp>{ISO}) (?:\w+\(\d+\) vmkernel: )?(?P<logger>cpu\d+:\d+(?: opID=\w+)?)\)(?P<message>.*)$",
        guessed(iso),
        "the kernel of ESXi",
    ),
)
