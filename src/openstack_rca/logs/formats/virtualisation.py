"""libvirt, QEMU, ESXi; container runtimes."""

import polars as pl

from openstack_rca.logs.formats.line_format import DATE, LineFormat, dated, guessed, iso, timeless
from openstack_rca.logs.records import syslog_level
from openstack_rca.logs.stamps import ISO

_OF_RUNTIME = r"(?P<message>(?:%s) [a-z_]+(?:: .{1,200}?)? %s \(\w.*\))$"
_OF_ANYTHING = _OF_RUNTIME % (
    "container|network|volume|image|pod|service|node|daemon|plugin|secret|config|builder|system",
    r"\S{1,255}",
)
# Where the line may be anybody's: programs say of images and services what looks alike.
_OF_CONTAINER = _OF_RUNTIME % ("container|pod", "(?:-|[0-9a-f]{4,64})")


def _container_event(parts: pl.DataFrame, timezone: str) -> pl.DataFrame:
    named = pl.col("message").str.extract(r"[(,] ?name=([\w.-]+)")
    return (dated if "stamp" in parts.columns else timeless)(parts, timezone).with_columns(named.alias("service"))


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
    LineFormat(
        "esxi",
        rf"^(?P<stamp>{ISO}) (?:Db|In|No|Wa|Er|Cr|Al|Em)\((?P<priority>\d{{1,3}})\) "
        r"(?P<service>\w+)\[(?P<process>\d+)\]: (?P<message>.*)$",
        lambda parts, timezone: iso(parts, timezone).with_columns(syslog_level(pl.col("priority")).alias("level")),
        "the programs of ESXi 8",
    ),
    LineFormat(
        "container events",
        rf"^(?P<stamp>{ISO}(?: \+\d{{4}} [A-Z]{{3,4}})?)(?: m=[+-][\d.]+)? {_OF_ANYTHING}",
        guessed(_container_event),
        "`docker events`, `podman events`",
    ),
)

INNER_FORMATS = (LineFormat("container events", f"^{_OF_CONTAINER}", guessed(_container_event), "the same in JSON"),)
