"""What log lines call the objects that a check asks for: a disk, a node of ironic, an address of a management controller."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PLACEHOLDER = re.compile(r"<[a-z][a-z0-9-]*>")

_ID = r"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
_HOST = r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_DISK = r"((?:sd|vd)[a-z]{1,3}|nvme\d{1,3}n\d{1,3})"
_OBJECTS = {
    "provider": r"resource[ _]provider",
    "server": "(?:instance|server)",
    "loadbalancer": "load ?balancer",
} | {
    name: name.replace("-", "[ -]")
    for name in (
        *("node", "network", "port", "image", "volume", "flavor", "router", "stack", "snapshot", "subnet", "amphora"),
        *("secret", "segment", "share", "cluster", "zone"),
    )
}
_PATTERNS = {
    f"<{name}>": rf"\b(?i:{word})(?:s|[ _]?uuid|[ _-]?id)?['\"]?[ :=(/]{{1,3}}['\"]?{_ID}"
    for name, word in _OBJECTS.items()
} | {
    "<disk>": rf"\[{_DISK}\]|\b(?:dev|device|disk):? (?:/dev/)?{_DISK}\b|/dev/{_DISK}\b|\((?:/dev/)?{_DISK}\)",
    "<bmc>": rf" -H {_HOST}|https?://{_HOST}(?::\d+)?/redfish|\baddress https?://{_HOST}",
    "<user>": r" -U ([\w.@-]+)",
    "<url>": r"((?:https?|ldaps?)://[^\s'\"<>,;()\[\]{}|\\^`$]*[\w/=])",
    "<endpoint>": rf"host='{_HOST}', port=(\d+)|https://{_HOST}(?::(\d+))?(?=[/?'\"\s]|$)",
    "<other-node>": rf"\brabbit@{_HOST}",
    "<nfs-server>": rf"\b[Nn][Ff][Ss]: server {_HOST}",
    "<portal>": rf"\bportal:? {_HOST}[,:]3260|(?<![\w.-]){_HOST}[:,]3260\b",
    "<domain>": r"\b(instance-[0-9a-f]{8})\b",
    "<pod>": r"\bpod[ =:\"']{1,3}(?:[\w-]+/)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?![a-z0-9.-])(?!/)",
    "<image-file>": rf"(?<![\w./-])(/[\w./-]*/images/{_ID[1:-1]})",
    "<certificate>": r"(?<![\w./-])(/[\w./-]+\.(?:pem|crt|cert|cer))\b",
    "<idp>": r"\bidentity_providers/([\w.-]+)",
}
_ONLY_FOR = {
    "<disk>": ("smartctl",),
    "<user>": ("ipmitool",),
    "<server>": ("openstack", "nova-manage"),
    **{
        f"<{name}>": ("openstack",)
        for name in _OBJECTS
        if name not in ("server", "port", "network", "router", "volume")
    },
}
"""The programs that mean by a placeholder what its pattern finds; left out: any."""

_OWN_LINES_ONLY = ("<pod>", "<url>", "<user>", "<certificate>")
"""What other lines against the same component may name for reasons of their own."""

_AROUND = {"<disk>": ("/dev/", "", "/"), "<endpoint>": ("", ":443", ":")}
"""What a value lacks before and behind it, unless it holds the third text."""

_FOUND = {placeholder: re.compile(pattern) for placeholder, pattern in _PATTERNS.items()}
_IPMITOOL = re.compile(r"^ipmitool((?: -[IHUC] \S+)+)(?= )")
_IPMI_OPTION = re.compile(r" -([A-Za-z])(?: ([\w./:@%+,=][\w./:@%+,=~-]*))?+")
_IPMI_LOGIN = "IHpUCLBTbtmo"
"""Options of ipmitool that tell whom it asks and as whom; passwords and numbers of tries are none of them."""
_PLAIN = re.compile(r"[\w./:@%+,=~][\w./:@%+,=~-]*")


@dataclass(frozen=True)
class Told:
    """What the logs tell around a check.

    Attributes:
        own: the lines that led to the check and those of the same requests, the most telling first.
        beside: other lines against the same component; a value counts where they name only one.
        known: values by placeholder that are known otherwise.
        hosts: where the component is in trouble: none of them is the other end.
    """

    own: Sequence[str] = ()
    beside: Sequence[str] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    hosts: Sequence[str] = ()


def with_names(check: str, told: Told) -> str:
    """A check with the values that lines give for its placeholders; what no line tells stays one."""

    check = _as_ipmitool_was_called(check, told)

    def named(placeholder: re.Match[str]) -> str:
        name = placeholder[0]
        if not check.startswith(_ONLY_FOR.get(name, "")):
            return name
        value = told.known.get(name) or _value(name, told)
        if value and name in _AROUND:
            before, behind, unless = _AROUND[name]
            value = value if unless in value else f"{before}{value}{behind}"
        if _PLAIN.fullmatch(value):
            return value
        # A word of its own can be quoted.
        alone = check[: placeholder.start()].endswith(" ") and check[placeholder.end() :][:1] in ("", " ")
        return shlex.quote(value) if value and name == "<url>" and alone else name

    return PLACEHOLDER.sub(named, check)


def _as_ipmitool_was_called(check: str, told: Told) -> str:
    """A check by ipmitool with the port, bridge and other options of the call that a line cites; without, it asks another."""
    asked = _IPMITOOL.match(check)
    called = re.compile(rf"\bipmitool((?:{_IPMI_OPTION.pattern})+)(?= [a-z])")
    cited = next((found for line in told.own if (found := called.search(line)) and " -H " in found[1]), None)
    if asked is None or cited is None:
        return check
    own = dict(_IPMI_OPTION.findall(asked[1]))
    options = {name: value for name, value in _IPMI_OPTION.findall(cited[1]) if value and name in _IPMI_LOGIN}
    options |= {name: value for name, value in own.items() if name not in options}
    return f"ipmitool{''.join(f' -{name} {value}' for name, value in options.items())}{check[asked.end() :]}"


def _value(name: str, told: Told) -> str:
    """What the lines call the object that a placeholder stands for; empty: they do not name it."""
    pattern = _FOUND.get(name)
    if pattern is None:
        return ""
    for line in told.own:
        if values := _values(pattern, line, told.hosts):
            return values[0]
    beside = () if name in _OWN_LINES_ONLY else told.beside
    others = {value for line in beside for value in _values(pattern, line, told.hosts)}
    return others.pop() if len(others) == 1 else ""


def _values(pattern: re.Pattern[str], line: str, hosts: Sequence[str]) -> list[str]:
    found = (part for match in pattern.finditer(line) if (part := ":".join(filter(None, match.groups()))))
    return [value for value in found if value not in hosts]
