"""Hosts from an Ansible inventory, INI or YAML: their names, addresses, users, ports and groups. Nothing in it is run."""

import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from openstack_rca.errors import ConfigurationError

_RANGE = re.compile(r"\[(\d+):(\d+)\]")
MOST_HOSTS = 2000
LARGEST_FILE = 4 * 1024 * 1024


@dataclass(frozen=True)
class Host:
    """How a host is reached; where nothing is said, the user's own ssh configuration says it."""

    name: str
    address: str = ""
    user: str = ""
    port: int | None = None

    @property
    def target(self) -> str:
        """The destination for ssh: ``user@address``, or the address alone."""
        where = self.address or self.name
        return f"{self.user}@{where}" if self.user else where


@dataclass
class Inventory:
    """Hosts by name, and the names in each group."""

    hosts: dict[str, Host] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)

    def named(self, names: list[str]) -> list[Host]:
        """The hosts of these names; a group stands for its hosts, no name for all, an unknown name for itself."""
        wanted = [host for name in names for host in self.groups.get(name, [name])] or list(self.hosts)
        return [self.hosts.get(name) or as_host(name) for name in dict.fromkeys(wanted)]


def as_host(text: str) -> Host:
    """The host that ``user@host:port`` means; user and port may be missing."""
    user, _, rest = text.rpartition("@")
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:]+)(?::(\d{1,5}))?", rest)
    if found is None:
        return Host(rest, user=user)
    address = found[1].strip("[]")
    return Host(address, address, user, int(found[2]) if found[2] else None)


def read_inventory(path: Path) -> Inventory:
    """Read an inventory file. Raises ConfigurationError: unreadable, neither INI nor YAML, or without a host."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigurationError(f"{path} is too large to be an inventory.", "Give the file with the hosts.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The inventory {path} cannot be read: {error}.", "Check --hosts.") from None
    found = Inventory()
    try:
        if path.suffix.lower() in (".yml", ".yaml", ".json"):
            data = yaml.safe_load(text)
            for name, group in (data or {}).items():
                _yaml_group(str(name), group, found, 0)
        else:
            _ini(text, found)
    except (yaml.YAMLError, AttributeError, ValueError, RecursionError):
        raise ConfigurationError(f"{path} is not an inventory in INI or YAML.", "See docs/remote.md.") from None
    # The machine that Ansible itself runs on is not a host to fetch from.
    found.hosts = {name: host for name, host in found.hosts.items() if name != "localhost"}
    found.groups = {name: [host for host in hosts if host in found.hosts] for name, hosts in found.groups.items()}
    if not found.hosts:
        raise ConfigurationError(f"The inventory {path} names no host.", "See docs/remote.md.")
    return found


def _ini(text: str, found: Inventory) -> None:
    section, kind = "ungrouped", "hosts"
    children: dict[str, list[str]] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped.startswith("[") and "]" in stripped and " " not in stripped.partition("]")[0]:
            section, _, kind = stripped[1 : stripped.index("]")].partition(":")
            kind = kind or "hosts"
        elif kind == "children":
            children.setdefault(section, []).append(stripped.split()[0])
        elif kind == "hosts":
            name, *variables = shlex.split(stripped, comments=True)
            given = dict(part.split("=", 1) for part in variables if "=" in part)
            _add(name, given, section, found)
    for _ in range(len(children)):
        for parent, groups in children.items():
            hosts = [host for group in groups for host in found.groups.get(group, [])]
            found.groups[parent] = list(dict.fromkeys([*found.groups.get(parent, []), *hosts]))


def _yaml_group(name: str, group: Any, found: Inventory, depth: int) -> list[str]:
    if depth > 20 or not isinstance(group, dict):
        return []
    members: list[str] = []
    for host, variables in (group.get("hosts") or {}).items():
        members += _add(str(host), variables if isinstance(variables, dict) else {}, name, found)
    for child, content in (group.get("children") or {}).items():
        members += _yaml_group(str(child), content, found, depth + 1) or found.groups.get(str(child), [])
    found.groups[name] = list(dict.fromkeys([*found.groups.get(name, []), *members]))
    return members


def _add(name: str, variables: dict[str, Any], group: str, found: Inventory) -> list[str]:
    added = []
    for one in _expanded(name):
        if len(found.hosts) >= MOST_HOSTS:
            raise ConfigurationError("The inventory holds too many hosts.", f"At most {MOST_HOSTS} are read.")
        before = found.hosts.get(one) or replace(as_host(one), name=one)
        port = str(variables.get("ansible_port") or variables.get("ansible_ssh_port") or "")
        found.hosts[one] = Host(
            one,
            str(variables.get("ansible_host") or variables.get("ansible_ssh_host") or before.address),
            str(variables.get("ansible_user") or variables.get("ansible_ssh_user") or before.user),
            int(port) if port.isdecimal() else before.port,
        )
        found.groups.setdefault(group, []).append(one)
        added.append(one)
    return added


def _expanded(name: str) -> list[str]:
    """``compute[01:03]`` -> compute01, compute02, compute03."""
    found = _RANGE.search(name)
    if not found:
        return [name]
    first, last, width = int(found[1]), int(found[2]), len(found[1])
    if last - first > MOST_HOSTS:
        raise ValueError(name)
    head, tail = name[: found.start()], name[found.end() :]
    return [one for number in range(first, last + 1) for one in _expanded(f"{head}{number:0{width}d}{tail}")]
